//! The options of `samestory watch` and `samestory feeds`.

use std::time::Duration;

use clap::Args;
use ipnet::IpNet;
use samestory_watch::WatchSettings;

use super::{LogLevel, ReadingArgs};
use crate::span::span;

/// Follow feeds and folders, add what they bring, and tell which stories form.
///
/// Feeds (RSS, Atom, JSON Feed) are asked again and again, politely: nothing is sent twice that has not changed, no host is
/// asked twice at once, and what fails is asked less often. Files of folders are read as they come. What was seen is
/// remembered across restarts. Lines on standard output tell of stories of two outlets or more; --jsonl tells of all.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  samestory watch https://www.harbour-courier.example/rss feeds.opml\n  samestory watch feeds.txt --pages --keep 90d --jsonl >> news.jsonl\n  samestory watch feeds.txt incoming/ --notify 'curl -sf -d @- https://hooks.example/news' --notify-outlets 5\n  samestory watch feeds.txt --once    (from cron)"
)]
pub(crate) struct WatchArgs {
    /// Addresses of feeds, lists of feeds (an address a line, or OPML), and folders.
    #[arg(required = true, value_name = "FEED|LIST|FOLDER")]
    pub(crate) sources: Vec<String>,
    /// How often a feed is asked.
    #[arg(long, value_name = "SPAN", default_value = "15m", value_parser = at_least_a_second)]
    every: Duration,
    /// Fetch the page of an entry whose feed has only a summary, if the robots.txt of its host allows it.
    #[arg(long)]
    pages: bool,
    /// Ask every source once and end; feeds that rest after a failure are left alone.
    #[arg(long)]
    once: bool,
    /// Print every change of a story as a JSON line.
    #[arg(long)]
    pub(crate) jsonl: bool,
    /// Run this command with a story as JSON on its standard input when the story passes --notify-outlets.
    #[arg(long, value_name = "CMD")]
    notify: Option<String>,
    /// Outlets that a story must have to be notified of.
    #[arg(long, value_name = "N", default_value = "3", value_parser = clap::value_parser!(u32).range(1..))]
    notify_outlets: u32,
    /// Remove articles older than this, once a day, such as 90d.
    #[arg(long, value_name = "AGE", value_parser = at_least_a_second)]
    keep: Option<Duration>,
    /// How long nothing must come before all stories are decided together, up to 30,000 articles.
    #[arg(long, value_name = "SPAN", default_value = "1m", value_parser = at_least_a_second)]
    settle: Duration,
    /// How much to log on standard error.
    #[arg(long, value_enum, default_value = "warn")]
    pub(crate) log: LogLevel,
    /// An address or a page of yours, for the owners of the servers that are asked.
    #[arg(long, value_name = "MAIL|URL", value_parser = one_word, help_heading = MANNERS)]
    contact: Option<String>,
    /// Least time between two requests to one host.
    #[arg(long, value_name = "SPAN", default_value = "2s", value_parser = a_span, help_heading = MANNERS)]
    host_delay: Duration,
    /// Requests that run at once.
    #[arg(long, value_name = "N", default_value = "16", value_parser = clap::value_parser!(u32).range(1..=1024), help_heading = MANNERS)]
    connections: u32,
    /// Ask a network or address that is not of the public Internet too, such as 10.0.0.0/8.
    #[arg(long, value_name = "NET", value_parser = network, help_heading = MANNERS)]
    allow_private: Vec<IpNet>,
    /// How long an answer may take, from the request to its last byte.
    #[arg(long, value_name = "SPAN", default_value = "30s", value_parser = a_span, help_heading = MANNERS)]
    timeout: Duration,
    /// Largest feed, in bytes after decompression.
    #[arg(long, value_name = "N", default_value_t = 16 << 20, help_heading = super::LIMITS)]
    max_feed_bytes: usize,
    /// Largest page, in bytes after decompression.
    #[arg(long, value_name = "N", default_value_t = 4 << 20, help_heading = super::LIMITS)]
    max_page_bytes: usize,
    #[command(flatten)]
    pub(crate) reading: ReadingArgs,
}

/// Heading of what concerns servers.
const MANNERS: &str = "Manners";

impl WatchArgs {
    pub(crate) fn to_settings(&self) -> WatchSettings {
        WatchSettings {
            every: self.every,
            pages: self.pages,
            once: self.once,
            connections: self.connections as usize,
            host_delay: self.host_delay,
            timeout: self.timeout,
            feed_bytes: self.max_feed_bytes,
            page_bytes: self.max_page_bytes,
            allow_private: self.allow_private.clone(),
            contact: self.contact.clone(),
            settle: self.settle,
            keep: self.keep,
            notify: self.notify.clone(),
            notify_outlets: self.notify_outlets as usize,
            ..WatchSettings::default()
        }
    }
}

fn a_span(written: &str) -> Result<Duration, String> {
    span(written).ok_or_else(|| "a number with `ms`, `s`, `m`, `h`, `d` or `w` is expected, such as 15m".to_owned())
}

fn at_least_a_second(written: &str) -> Result<Duration, String> {
    match a_span(written)? {
        span if span < Duration::from_secs(1) => Err("one second is the least".to_owned()),
        span => Ok(span),
    }
}

fn network(written: &str) -> Result<IpNet, String> {
    let address = written.parse().map(|address: std::net::IpAddr| IpNet::from(address));
    address
        .or_else(|_| written.parse())
        .map_err(|_| "an address or a network such as 10.0.0.0/8 is expected".to_owned())
}

/// What goes into a header.
fn one_word(written: &str) -> Result<String, String> {
    let is_sound = !written.is_empty() && written.bytes().all(|byte| byte.is_ascii_graphic() && !b"()".contains(&byte));
    is_sound.then(|| written.to_owned()).ok_or_else(|| "one word of ASCII without brackets is expected".to_owned())
}

/// Show how watched feeds are: when they answered, what they brought, why they fail.
///
/// What a running `samestory watch` knows can be shown beside it.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  samestory feeds\n  samestory feeds --failing\n  samestory feeds --json | jq '.[] | select(.articles == 0).feed'"
)]
pub(crate) struct FeedsArgs {
    /// Only those that fail.
    #[arg(long)]
    pub(crate) failing: bool,
    /// Print as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}
