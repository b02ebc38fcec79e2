//! The log of commands that run for long.

use tracing_subscriber::filter::LevelFilter;

use crate::args::LogLevel;

/// Lines on standard error, in which nothing that comes from elsewhere can end a line or command a terminal.
pub(crate) fn start_log(level: LogLevel) {
    let level = match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
    };
    tracing_subscriber::fmt().with_max_level(level).with_writer(std::io::stderr).with_ansi(false).init();
}
