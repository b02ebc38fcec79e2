//! The allocator, and what it does with memory that is free.

use std::env;

use libmimalloc_sys::{mi_option_eager_commit_delay, mi_option_set, mi_option_t};

/// Articles are taken apart in millions of small pieces on all threads; the allocator of the C library gives
/// their memory back and asks for it again, which took a third of the time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Milliseconds until free memory is given back to the system, as `mimalloc.h` numbers it; the crate names the one before it
/// and the one behind.
const PURGE_DELAY: mi_option_t = mi_option_eager_commit_delay + 1;

/// The environment variable of the same.
const VARIABLE: &str = "MIMALLOC_PURGE_DELAY";

/// From now on free memory goes back to the system at once, where the environment does not say otherwise. A program that
/// goes on for days then takes a third less, and does not take ever more for each burst of work; a run of its own
/// would be a tenth slower. To be called before any thread is started.
pub(crate) fn give_back_at_once() {
    if env::var_os(VARIABLE).is_none() {
        set(PURGE_DELAY, 0);
    }
}

#[expect(unsafe_code, reason = "the allocator has no safe call for its options")]
fn set(option: mi_option_t, value: std::ffi::c_long) {
    // SAFETY: the call stores a number in the allocator's table of options, and none where the option is out of range. It is
    // made before any thread but the first is there, since it must not be made by two at once.
    unsafe { mi_option_set(option, value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers of options follow the version of the allocator.
    #[test]
    #[expect(unsafe_code, reason = "as above")]
    fn the_option_is_the_one_that_is_meant() {
        // SAFETY: the call reads a number of the allocator's table of options, which nobody writes meanwhile.
        let delay = unsafe { libmimalloc_sys::mi_option_get(PURGE_DELAY) };
        assert!(env::var_os(VARIABLE).is_some() || delay == 10, "{delay} is not what the allocator begins with");
    }
}
