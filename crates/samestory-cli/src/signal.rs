//! When the process is told to stop.

use std::io;
use std::thread;

use tokio::sync::watch;

/// Becomes true when the process is told to stop: by SIGINT or SIGTERM, elsewhere by Ctrl-C.
///
/// # Errors
///
/// If the system gives no thread or no signals.
pub(crate) fn stop() -> io::Result<watch::Receiver<bool>> {
    let (stop, stopped) = watch::channel(false);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let signal = {
        let _within = runtime.enter();
        signal()?
    };
    let wait = move || {
        runtime.block_on(signal);
        stop.send_replace(true);
    };
    thread::Builder::new().name("signals".into()).spawn(wait)?;
    Ok(stopped)
}

#[cfg(unix)]
fn signal() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => (),
            _ = terminate.recv() => (),
        }
    })
}

#[cfg(not(unix))]
fn signal() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
