//! `samestory changes`: what has become of articles and stories.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use samestory::ingest::parse_time;
use samestory::{Change, ChangeRow, Collection};

use crate::args::ChangesArgs;
use crate::output::{Failure, Style, print_json, tell, visible};
use crate::span::span;

pub(crate) fn run(args: &ChangesArgs, folder: &Path) -> Result<ExitCode, Failure> {
    let collection = Collection::open(folder)?;
    let changes = match &args.since {
        None => collection.changes(0)?,
        Some(since) => match since.parse::<u64>() {
            Ok(number) => collection.changes(number)?,
            Err(_) => {
                let from = seconds_of(since)?;
                let mut changes = collection.changes(0)?;
                changes.retain(|change| change.time >= from);
                changes
            }
        },
    };
    if args.json {
        print_json(&changes.iter().map(ChangeRow::from).collect::<Vec<_>>())?;
    } else {
        print_changes(&changes)?;
    }
    tell(format_args!("next change: {}", collection.next_change()));
    Ok(ExitCode::SUCCESS)
}

/// The time, in seconds since 1970, that a date stands for, or a time ago such as `2h` or `90d`.
pub(crate) fn seconds_of(written: &str) -> Result<i64, Failure> {
    if let Some(ago) = span(written) {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        return Ok(now.as_secs() as i64 - ago.as_secs() as i64);
    }
    parse_time(written).map(|time| time.seconds).ok_or_else(|| {
        Failure::usage(format!("`{written}` is no date, such as 2020-01-08, and no time ago, such as 2h or 90d"))
    })
}

/// Prints a line for each change.
pub(crate) fn print_changes(changes: &[Change]) -> Result<(), Failure> {
    let style = Style::of_stdout();
    let mut out = std::io::stdout().lock();
    for change in changes {
        let row = ChangeRow::from(change);
        let stories = match (row.story, row.from, row.into) {
            (Some(story), ..) => story.to_owned(),
            (_, Some(from), Some(into)) => format!("{from} -> {into}"),
            _ => row.older.map(|older| format!("(before: {older})")).unwrap_or_default(),
        };
        let articles = row.articles.join(", ");
        let line = format!("{}  {:<9}  {}  {}", row.time, row.what, stories, visible(&articles));
        writeln!(out, "{} {}", style.faint(format!("{:>6} ", row.change)), line.trim_end())?;
    }
    Ok(())
}
