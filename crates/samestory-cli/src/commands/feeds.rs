//! `samestory feeds`: how watched feeds are.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use samestory::wording::counted;
use samestory_watch::{FeedHealth, FeedRow, read_feeds};

use super::watch::shown_span;
use crate::args::FeedsArgs;
use crate::output::{Failure, Style, print_json, shorten, table, tell};

/// Characters of a reason in the table.
const SHOWN_REASON: usize = 60;

pub(crate) fn run(args: &FeedsArgs, folder: &Path) -> Result<ExitCode, Failure> {
    let feeds = read_feeds(folder)?;
    let known = feeds.len() as u64;
    let shown: Vec<&FeedHealth> = feeds.iter().filter(|feed| !args.failing || feed.failures > 0).collect();
    if args.json {
        print_json(&shown.iter().map(|feed| FeedRow::from(*feed)).collect::<Vec<_>>())?;
        return Ok(ExitCode::SUCCESS);
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let ago = |time: Option<i64>| match time {
        Some(time) => format!("{} ago", shown_span(now.saturating_sub(u64::try_from(time).unwrap_or(0)))),
        None => "never".to_owned(),
    };
    let mut lines = table(&["state", "answered", "next in", "articles", "last", "feed"], &[3]);
    for feed in &shown {
        let next = u64::try_from(feed.next).unwrap_or(0).saturating_sub(now);
        let about = match (&feed.reason, &feed.moved_to) {
            (Some(reason), _) => format!(": {}", shorten(reason, SHOWN_REASON)),
            (None, Some(to)) => format!(" (moved to {to})"),
            (None, None) => String::new(),
        };
        lines.add_row([
            feed.state().to_owned(),
            ago(feed.answered),
            if next == 0 { "now".to_owned() } else { shown_span(next) },
            feed.articles.to_string(),
            ago(feed.last_article),
            format!("{}{about}", shorten(&feed.feed, 200)),
        ]);
    }
    let style = Style::of_stdout();
    let mut out = std::io::stdout().lock();
    for (at, line) in lines.to_string().lines().enumerate().filter(|_| !shown.is_empty()) {
        writeln!(out, "{}", if at == 0 { style.bold(line.trim_end()) } else { line.trim_end().to_owned() })?;
    }
    let failing = feeds.iter().filter(|feed| feed.failures > 0).count() as u64;
    tell(format_args!("{}, {failing} of them failing", counted(known, "feed")));
    Ok(ExitCode::SUCCESS)
}
