//! Panics of parsers, those of others and our own, as errors of the file that caused them.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs what may panic on odd input.
///
/// # Errors
///
/// The first line of what the panic says.
pub(crate) fn guarded<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        text.and_then(|text| text.lines().next()).unwrap_or("no reason is known").to_owned()
    })
}
