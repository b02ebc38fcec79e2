//! `samestory watch`: feeds and folders in, stories out.

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use samestory::wording::{counted, grouped};
use samestory::{ChangeRow, Counts, Settings};
use samestory_watch::{FeedChange, FeedNews, News, Sources, StoryNews, StoryNewsRow, WatchError, Watcher};

use crate::args::WatchArgs;
use crate::input::Progress;
use crate::log::start_log;
use crate::output::{Failure, Style, shorten, tell};
use crate::signal::stop;

/// Outlets that a story must have to be told of in a line for people.
const TOLD_OUTLETS: usize = 2;

/// Characters of a headline in a line for people.
const SHOWN_HEADLINE: usize = 80;

impl From<WatchError> for Failure {
    fn from(error: WatchError) -> Self {
        match error {
            WatchError::Source { .. } => Failure::usage(error),
            WatchError::Collection(error) => error.into(),
            WatchError::Settings(error) => error.into(),
            WatchError::Told(error) => error.into(),
            error => Failure::failed(error),
        }
    }
}

pub(crate) fn run(args: &WatchArgs, folder: &Path, mut settings: Settings) -> Result<ExitCode, Failure> {
    start_log(args.log);
    args.reading.apply(&mut settings);
    let sources = Sources::named(&args.sources)?;
    for rejected in &sources.rejected {
        tell(format_args!("rejected: {rejected}"));
    }
    let (feeds, rejected) = (sources.feeds.len() as u64, sources.rejected.len() as u64);
    let (folders, watch) = (sources.folders.len() as u64, args.to_settings());
    let is_once = watch.once;
    let watcher = Watcher::open(folder, sources, watch, &settings)?;
    tell(format_args!("watching {} and {}", counted(feeds, "feed"), counted(folders, "folder")));
    let mut shown =
        Shown { jsonl: args.jsonl, style: Style::of_stdout(), progress: Progress::start("watching"), failing: 0 };
    let tally = watcher.run(stop()?, &mut |news| shown.show(&news))?;
    drop(shown);
    tell(format_args!(
        "{} added, {} of them other versions; {} fail",
        counted(tally.stored, "article"),
        tally.versions,
        counted(tally.failing, "feed")
    ));
    match is_once && rejected + tally.rejected + tally.failing > 0 {
        true => Ok(ExitCode::from(1)),
        false => Ok(ExitCode::SUCCESS),
    }
}

struct Shown {
    jsonl: bool,
    style: Style,
    progress: Progress,
    failing: u64,
}

impl Shown {
    fn show(&mut self, news: &News) -> std::io::Result<()> {
        match news {
            News::Story(news) if self.jsonl => {
                let mut line = serde_json::to_vec(&StoryNewsRow::from(news))?;
                line.push(b'\n');
                self.print(&line)
            }
            News::Story(news) => match self.line(news) {
                Some(line) => self.print(line.as_bytes()),
                None => Ok(()),
            },
            News::Added { counts, .. } | News::Settled(counts) => {
                self.say(counts);
                Ok(())
            }
            News::Feed(FeedNews { feed, what }) => {
                self.feed(feed, what);
                Ok(())
            }
            News::Rejected(rejected) => {
                self.tell(&format!("rejected: {rejected}"));
                Ok(())
            }
            News::Expired { removed, left } => {
                self.tell(&format!("{} removed for their age, {} left", counted(*removed, "article"), grouped(*left)));
                Ok(())
            }
            News::Trouble(reason) => {
                self.tell(reason);
                Ok(())
            }
        }
    }

    fn print(&self, line: &[u8]) -> std::io::Result<()> {
        self.progress.beside(|| {
            let mut out = std::io::stdout().lock();
            out.write_all(line)?;
            out.flush()
        })
    }

    fn tell(&self, message: &str) {
        self.progress.beside(|| tell(message));
    }

    fn say(&self, counts: &Counts) {
        let failing = match self.failing {
            0 => String::new(),
            failing => format!("; {} fail", counted(failing, "feed")),
        };
        let counts = format!("{} in {}", counted(counts.articles, "article"), counted(counts.stories, "story"));
        self.progress.say(format!("watching: {counts}{failing}"));
    }

    /// A line for people, of a story that more than one outlet reports.
    fn line(&self, news: &StoryNews) -> Option<String> {
        let story = news.story.as_ref().filter(|story| story.outlets.len() >= TOLD_OUTLETS)?;
        let change = ChangeRow::from(&news.change);
        let size =
            format!("{}, {}", counted(story.outlets.len() as u64, "outlet"), counted(story.articles as u64, "article"));
        let id = match std::io::stdout().is_terminal() {
            true => self.style.faint(&story.id),
            false => story.id.to_string(),
        };
        let headline = self.style.bold(shorten(&story.headline, SHOWN_HEADLINE));
        Some(format!("{}  {:<7}  {id}  {size:<24}  {headline}\n", self.style.faint(&change.time), change.what))
    }

    fn feed(&mut self, feed: &str, what: &FeedChange) {
        match what {
            FeedChange::Fails { reason, again_in } => {
                self.failing += 1;
                self.tell(&format!("{feed} {reason}; asked again in {}", shown_span(*again_in)));
            }
            FeedChange::Answers => {
                self.failing = self.failing.saturating_sub(1);
                self.tell(&format!("{feed} answers again"));
            }
            FeedChange::Moved { to } => self.tell(&format!("{feed} has moved to {to}")),
            FeedChange::Broken { entries, first } => {
                self.tell(&format!(
                    "{feed} has {} that cannot be read; the first: {first}",
                    counted(*entries, "entry")
                ));
            }
        }
    }
}

/// Seconds as a person says them.
pub(super) fn shown_span(seconds: u64) -> String {
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7_199 => format!("{} min", (seconds + 30) / 60),
        7_200..=172_799 => format!("{} h", (seconds + 1_800) / 3_600),
        _ => format!("{} days", (seconds + 43_200) / 86_400),
    }
}
