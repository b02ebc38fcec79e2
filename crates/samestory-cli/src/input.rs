//! Reading articles with progress, and telling what was not taken.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use samestory::Settings;
use samestory::ingest::{ArticlesApart, Reading, read, read_apart};
use samestory::spill::MOST_HELD;
use samestory::wording::counted;
use serde::Serialize;

use crate::output::{Failure, tell};

/// A line of progress on standard error, on a terminal only.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    pub(crate) fn start(message: &'static str) -> Progress {
        if !std::io::stderr().is_terminal() {
            return Progress(ProgressBar::hidden());
        }
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
            bar.set_style(style);
        }
        bar.set_message(message);
        bar.enable_steady_tick(Duration::from_millis(120));
        Progress(bar)
    }

    pub(crate) fn say(&self, message: String) {
        self.0.set_message(message);
    }

    /// Prints something that the line of progress makes room for.
    pub(crate) fn beside<T>(&self, print: impl FnOnce() -> T) -> T {
        self.0.suspend(print)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// Wall-clock time of one stage.
#[derive(Serialize)]
pub(crate) struct StageTime {
    stage: &'static str,
    seconds: f64,
}

/// The stages of a command and the time that each took.
pub(crate) struct Stages {
    pub(crate) times: Vec<StageTime>,
    began: Instant,
}

impl Stages {
    /// Reading goes on since a moment.
    pub(crate) fn reading_since(began: Instant) -> Stages {
        Stages { times: vec![StageTime { stage: "reading", seconds: 0.0 }], began }
    }

    /// Ends the stage before and tells the new one.
    pub(crate) fn begin(&mut self, progress: &Progress, stage: &'static str) {
        self.end();
        self.times.push(StageTime { stage, seconds: 0.0 });
        progress.say(stage.to_owned());
    }

    /// Ends the last stage.
    pub(crate) fn end(&mut self) {
        if let Some(last) = self.times.last_mut() {
            last.seconds = self.began.elapsed().as_secs_f64();
        }
        self.began = Instant::now();
    }

    /// Takes note of a stage that ends now.
    pub(crate) fn ended(&mut self, stage: &'static str) {
        self.times.push(StageTime { stage, seconds: 0.0 });
        self.end();
    }
}

/// Notes that are listed one by one; more of them are counted.
const LISTED_NOTES: usize = 20;

/// Reads the articles below the paths and lists what was not taken on standard error.
///
/// # Errors
///
/// If not a single article was found.
pub(crate) fn articles(paths: &[PathBuf], settings: &Settings) -> Result<Reading, Failure> {
    let read_settings = settings.to_read_settings()?;
    let reading = with_progress(|progress| read(paths, &read_settings, progress));
    tell_what_was_not_taken(&reading);
    match reading.articles.is_empty() {
        true => Err(nothing_found(paths, &reading)),
        false => Ok(reading),
    }
}

/// As [`articles`], with their texts kept apart.
///
/// # Errors
///
/// If not a single article was found, or texts that were kept cannot be read again.
pub(crate) fn articles_apart(paths: &[PathBuf], settings: &Settings) -> Result<(Reading, ArticlesApart), Failure> {
    let read_settings = settings.to_read_settings()?;
    let read = with_progress(|progress| read_apart(paths, &read_settings, MOST_HELD, progress));
    let (reading, articles) = read.map_err(spill_failed)?;
    tell_what_was_not_taken(&reading);
    match articles.heads().is_empty() {
        true => Err(nothing_found(paths, &reading)),
        false => Ok((reading, articles)),
    }
}

/// What is told where texts that were kept for later cannot be read.
pub(crate) fn spill_failed(source: std::io::Error) -> Failure {
    let folder = std::env::temp_dir();
    Failure::failed(anyhow::Error::new(source).context(format!("a file in `{}` cannot be read", folder.display())))
}

fn with_progress<T>(read: impl FnOnce(&mut dyn FnMut(u64)) -> T) -> T {
    let progress = Progress::start("reading");
    read(&mut |count| progress.say(format!("reading: {}", counted(count, "article"))))
}

fn tell_what_was_not_taken(reading: &Reading) {
    for rejected in &reading.rejected {
        tell(format_args!("rejected: {rejected}"));
    }
    for note in reading.notes.iter().take(LISTED_NOTES) {
        tell(format_args!("note: {note}"));
    }
    if let Some(more) = reading.notes.len().checked_sub(LISTED_NOTES).filter(|more| *more > 0) {
        tell(format_args!("note: {more} more of this kind"));
    }
}

fn nothing_found(paths: &[PathBuf], reading: &Reading) -> Failure {
    let shown: Vec<String> = paths.iter().map(|path| format!("`{}`", path.display())).collect();
    let skipped = match reading.skipped.total() {
        0 => String::new(),
        count => format!(" ({} skipped)", counted(count, "file")),
    };
    Failure::failed(anyhow::anyhow!("no article found in {}{skipped}", shown.join(", ")))
}
