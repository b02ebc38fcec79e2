//! What a person or a pipe gets to see.

use std::borrow::Cow;
use std::fmt::Display;
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use samestory::index::{IndexError, Snippet};
use samestory::{CollectionError, ConfigError, TimingError};

use crate::input::spill_failed;

/// Why a command did not do what it was asked to, and whose mistake it was.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    error: anyhow::Error,
}

const USAGE: u8 = 2;
const FAILED: u8 = 3;

impl Failure {
    /// The command was called wrongly.
    pub(crate) fn usage(message: impl Display) -> Failure {
        Failure { code: USAGE, error: anyhow::anyhow!("{message}") }
    }

    /// The command was called rightly and could not be done.
    pub(crate) fn failed(error: impl Into<anyhow::Error>) -> Failure {
        Failure { code: FAILED, error: error.into() }
    }

    /// We made a mistake.
    pub(crate) fn bug(panic: &(dyn std::any::Any + Send)) -> Failure {
        let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        let said = text.unwrap_or("no message");
        Failure::failed(anyhow::anyhow!("this is a bug in samestory, not a mistake of yours: {said}"))
    }

    /// Like [`Failure::failed`], saying which file it was.
    pub(crate) fn file(path: &Path, error: io::Error) -> Failure {
        Failure { code: FAILED, error: anyhow::Error::new(error).context(format!("`{}`", path.display())) }
    }

    #[expect(clippy::print_stderr, reason = "the one place where a failure is told")]
    pub(crate) fn report(&self) -> ExitCode {
        // The reader of a pipe went away: nothing is left to tell anyone.
        if self.error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe) {
            return ExitCode::SUCCESS;
        }
        eprintln!("{}", visible(&format!("error: {:#}", self.error)));
        ExitCode::from(self.code)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::failed(error)
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Failure::failed(io::Error::from(error))
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Failure { code: USAGE, error: error.into() }
    }
}

impl From<TimingError> for Failure {
    fn from(error: TimingError) -> Self {
        match error {
            TimingError::Settings(error) => error.into(),
            TimingError::Spill(error) => spill_failed(error),
        }
    }
}

impl From<CollectionError> for Failure {
    fn from(error: CollectionError) -> Self {
        let code = match &error {
            CollectionError::Index(IndexError::Query { .. }) => USAGE,
            _ => FAILED,
        };
        Failure { code, error: error.into() }
    }
}

/// A message on standard error.
#[expect(clippy::print_stderr, reason = "messages go to stderr, through here")]
pub(crate) fn tell(message: impl Display) {
    eprintln!("{}", visible(&message.to_string()));
}

/// A text without the control characters that could command a terminal; line ends and tabs stay.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    let commands = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    match text.contains(commands) {
        true => Cow::Owned(text.replace(commands, "\u{fffd}")),
        false => Cow::Borrowed(text),
    }
}

/// Prints a value as indented JSON.
pub(crate) fn print_json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, value)?;
    Ok(writeln!(out)?)
}

/// A file that is written beside its name and takes the name once it is whole, so that a run that
/// fails leaves what stood there; or standard output for `-`.
pub(crate) struct Output {
    out: Box<dyn Write + Send>,
    place: Option<(PathBuf, PathBuf)>,
}

impl Output {
    /// Begins a file. A file that is read from may not be written to.
    pub(crate) fn begin(path: &Path, inputs: &[PathBuf]) -> Result<Output, Failure> {
        if path.as_os_str() == "-" {
            return Ok(Output { out: Box::new(BufWriter::new(io::stdout())), place: None });
        }
        let full = path.canonicalize().ok();
        if full.is_some() && inputs.iter().any(|input| input.canonicalize().ok() == full) {
            return Err(Failure::usage(format!("`{}` is read from; name another file to write", path.display())));
        }
        // What is no plain file, such as /dev/stdout, is written directly.
        if full.as_ref().is_some_and(|full| !full.is_file()) {
            let file = File::create(path).map_err(|error| Failure::file(path, error))?;
            return Ok(Output { out: Box::new(BufWriter::new(file)), place: None });
        }
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.part", std::process::id()));
        let part = path.with_file_name(name);
        let file = File::create(&part).map_err(|error| Failure::file(path, error))?;
        Ok(Output { out: Box::new(BufWriter::new(file)), place: Some((part, path.to_owned())) })
    }

    /// Writes a value as a JSON line.
    pub(crate) fn line(&mut self, line: &impl serde::Serialize) -> Result<(), Failure> {
        serde_json::to_writer(&mut *self, line)?;
        Ok(self.write_all(b"\n")?)
    }

    /// Gives the file its name.
    pub(crate) fn finish(mut self) -> Result<(), Failure> {
        self.out.flush()?;
        match self.place.take() {
            Some((part, path)) => std::fs::rename(&part, &path).map_err(|error| Failure::file(&path, error)),
            None => Ok(()),
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if let Some((part, _)) = &self.place {
            // The run failed; the unfinished file is of no use to anyone.
            drop(std::fs::remove_file(part));
        }
    }
}

/// Writes values as JSON lines.
pub(crate) fn write_lines<T: serde::Serialize>(
    mut out: Output,
    lines: impl IntoIterator<Item = T>,
) -> Result<(), Failure> {
    lines.into_iter().try_for_each(|line| out.line(&line))?;
    out.finish()
}

/// Colours, where standard output is a terminal and `NO_COLOR` is not set.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style(bool);

impl Style {
    pub(crate) fn of_stdout() -> Style {
        Style(io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()))
    }

    pub(crate) fn bold(self, text: impl Display) -> String {
        self.paint("1", text)
    }

    pub(crate) fn faint(self, text: impl Display) -> String {
        self.paint("2", text)
    }

    pub(crate) fn removed(self, text: impl Display) -> String {
        if self.0 { self.paint("31", text) } else { format!("[-{text}-]") }
    }

    pub(crate) fn added(self, text: impl Display) -> String {
        if self.0 { self.paint("32", text) } else { format!("{{+{text}+}}") }
    }

    /// Whether marks stand for colours.
    pub(crate) fn is_plain(self) -> bool {
        !self.0
    }

    fn paint(self, code: &str, text: impl Display) -> String {
        if self.0 { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_string() }
    }

    /// A snippet with the words that were asked for marked.
    pub(crate) fn snippet(self, snippet: &Snippet) -> String {
        let mut shown = String::new();
        let mut at = 0;
        for range in &snippet.highlights {
            shown.push_str(&visible(&snippet.text[at..range.start]));
            let word = visible(&snippet.text[range.clone()]);
            shown.push_str(&if self.0 { self.paint("1;33", word) } else { format!("[{word}]") });
            at = range.end;
        }
        shown.push_str(&visible(&snippet.text[at..]));
        shown
    }
}

/// First and last time of a story as a person reads them: the days, or the one day.
pub(crate) fn days(first: Option<&str>, last: Option<&str>) -> String {
    let day = |time: &str| time.split('T').next().unwrap_or_default().to_owned();
    match (first.map(day), last.map(day)) {
        (Some(first), Some(last)) if first != last => format!("{first} to {last}"),
        (Some(day), _) => day,
        _ => "undated".into(),
    }
}

/// At most this many characters of a text, with a mark where it was shortened.
pub(crate) fn shorten(text: &str, limit: usize) -> String {
    let text = visible(text);
    match text.char_indices().nth(limit) {
        Some(_) => format!("{}...", text.chars().take(limit - 3).collect::<String>().trim_end()),
        None => text.into_owned(),
    }
}

/// A table without lines, as wide as its content.
pub(crate) fn table(header: &[&str], numbers: &[usize]) -> comfy_table::Table {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING).set_header(header);
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    for &at in numbers {
        if let Some(column) = table.column_mut(at) {
            column.set_cell_alignment(comfy_table::CellAlignment::Right);
        }
    }
    table
}
