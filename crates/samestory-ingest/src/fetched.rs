//! Feeds and pages as they were fetched: entries that may wait for their pages before they become articles.

use std::ops::ControlFlow;

use samestory_article::Origin;
use xxhash_rust::xxh3::Xxh3;

use crate::fields::Field;
use crate::format::read_entries;
use crate::guard::guarded;
use crate::item::{Page, RawItem};
use crate::open::{Raw, stream_reason};
use crate::page::read_page;
use crate::reader::{Reading, bug, read_items};
use crate::reject::Rejected;
use crate::settings::ReadSettings;

/// What an answer holds, and the encoding that its header names.
#[derive(Debug, Clone, Copy)]
pub struct Fetched<'a> {
    /// The address that answered, after all redirects.
    pub address: &'a str,
    /// The bytes.
    pub bytes: &'a [u8],
    /// The encoding named by the header.
    pub charset: Option<&'a str>,
}

/// The entries of a feed.
#[derive(Debug, Clone, Default)]
pub struct FetchedFeed {
    /// Those that are sound, in the order of the feed.
    pub entries: Vec<FeedEntry>,
    /// Those that are not.
    pub rejected: Vec<Rejected>,
}

/// An entry of a feed before it becomes an article.
#[derive(Debug, Clone)]
pub struct FeedEntry {
    item: RawItem,
}

/// Reads a feed, compressed or not.
///
/// # Errors
///
/// Why it is no feed. A broken entry costs itself.
pub fn read_feed(feed: Fetched<'_>, settings: &ReadSettings) -> Result<FetchedFeed, String> {
    let mut input =
        Raw::stream(Box::new(feed.bytes)).decompress(&settings.limits).map_err(|error| stream_reason(&error))?;
    let bytes = input.read_all(settings.limits.file_bytes)?;
    let mut found = FetchedFeed::default();
    let mut failed = None;
    let read = guarded(|| {
        read_entries(&bytes, feed.charset, settings, &mut |entry| {
            match entry {
                Ok(item) => found.entries.push(FeedEntry { item }),
                Err(flaw) if flaw.line.is_none() => failed = Some(flaw.reason),
                Err(flaw) => found.rejected.push(Rejected {
                    path: feed.address.to_owned(),
                    line: flaw.line,
                    reason: flaw.reason,
                }),
            }
            match (found.entries.len() + found.rejected.len()) as u64 >= settings.limits.items {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        })
    });
    if let Err(panic) = read {
        failed = Some(bug(None, &panic).reason);
    }
    found.entries.iter_mut().for_each(|entry| entry.name(feed.address));
    match failed {
        Some(reason) => Err(reason),
        None => Ok(found),
    }
}

impl FeedEntry {
    /// Gives an entry that has neither an id nor an address a name by what it says.
    fn name(&mut self, feed: &str) {
        if self.item.record.get(Field::Id).is_none() {
            let host = crate::address::host_of(feed).unwrap_or_else(|| "feed".to_owned());
            let name = format!("{host}/{:016x}", self.digest());
            self.rename(name);
        }
    }

    /// Its id: what the feed states, else its address, else a name made of what it says.
    pub fn id(&self) -> &str {
        self.item.record.get(Field::Id).unwrap_or_default().trim()
    }

    /// Gives it another id.
    pub fn rename(&mut self, id: String) {
        self.item.record.take(Field::Id);
        self.item.record.set(Field::Id, 0, id);
        self.item.shared_id = true;
    }

    /// The address of its page.
    pub fn address(&self) -> Option<&str> {
        self.item.record.get(Field::Url)
    }

    /// Characters of its text.
    pub fn length(&self) -> usize {
        self.item.record.get(Field::Text).map_or(0, |text| text.chars().count())
    }

    /// A number that stands for what it says: headline, standfirst and text. Fixed by XXH3.
    pub fn digest(&self) -> u64 {
        let mut hash = Xxh3::new();
        for field in [Field::Title, Field::Standfirst, Field::Text] {
            let text = self.item.record.get(field).unwrap_or_default();
            hash.update(&(text.len() as u64).to_le_bytes());
            hash.update(text.as_bytes());
        }
        hash.digest()
    }

    /// Takes the text of its page for that of the entry, which becomes the standfirst where the page has none. What the feed says
    /// of headline and time stays; the address is the one that the page gives itself, else that which answered.
    ///
    /// # Errors
    ///
    /// If the page has no text that could be an article's; the entry stays as it was.
    pub fn take_page(&mut self, page: Fetched<'_>, settings: &ReadSettings) -> Result<(), String> {
        let mut item = self.item.clone();
        let own_date = item.record.get(Field::Published).is_some();
        item.record.take(Field::Url);
        item.record.set(Field::Url, 1, page.address.to_owned());
        let summary = item.record.take(Field::Text);
        let standfirst = item.record.take(Field::Standfirst).or(summary);
        standfirst.into_iter().for_each(|text| item.record.set(Field::Standfirst, 1, text));
        let sent = Page { bytes: page.bytes.to_vec(), charset: page.charset.map(str::to_owned) };
        guarded(|| read_page(&mut item, &sent, settings).map_err(|flaw| flaw.reason))
            .unwrap_or_else(|panic| Err(bug(None, &panic).reason))?;
        if own_date {
            item.clock = Some(Origin::Feed);
        }
        self.item = item;
        Ok(())
    }
}

/// Makes articles of the entries of one feed, as [`read`](crate::read) does of those of a file.
pub fn assemble_entries(feed: &str, entries: Vec<FeedEntry>, settings: &ReadSettings) -> Reading {
    read_items(feed, entries.into_iter().map(|entry| entry.item), settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FEED: &str = r#"<rss version="2.0"><channel><title>Valley Observer</title>
<item><title>Bridge closed</title><guid>vo-118</guid><link>https://valley-observer.example/bridge</link>
<pubDate>Tue, 04 May 2021 06:30:00 GMT</pubDate><description>A crack was found.</description></item>
<item><title>Ferry late</title><description>It was foggy.</description></item></channel></rss>"#;

    fn fetched(bytes: &[u8]) -> Fetched<'_> {
        Fetched { address: "https://feeds.valley-observer.example/all", bytes, charset: None }
    }

    #[test]
    fn entries_become_articles() {
        let settings = ReadSettings::default();
        let feed = read_feed(fetched(FEED.as_bytes()), &settings).expect("a feed");
        let ids: Vec<&str> = feed.entries.iter().map(FeedEntry::id).collect();
        assert_eq!(ids[0], "vo-118");
        assert!(ids[1].starts_with("feeds.valley-observer.example/"), "{}", ids[1]);
        let again = read_feed(fetched(FEED.as_bytes()), &settings).expect("a feed");
        assert_eq!(ids[1], again.entries[1].id(), "it is known again");
        let reading = assemble_entries("https://feeds.valley-observer.example/all", feed.entries, &settings);
        assert_eq!(reading.articles.len(), 2);
        assert!(read_feed(fetched(b"<!DOCTYPE html><p>Not found"), &settings).is_err());
    }

    #[test]
    fn a_page_gives_its_text() {
        let settings = ReadSettings::default();
        let mut feed = read_feed(fetched(FEED.as_bytes()), &settings).expect("a feed");
        let sentence = "Engineers shut the Norwell bridge before dawn after an inspection found a crack in its deck.";
        let text = format!("<p>{sentence}</p><p>{sentence} No one was hurt, and it will stay shut until June.</p>");
        let page = format!("<html><head><title>Bridge</title></head><body><article>{text}</article></body></html>");
        let page = Fetched { address: "https://valley-observer.example/2021/bridge", ..fetched(page.as_bytes()) };
        feed.entries[0].take_page(page, &settings).expect("a page with a text");
        let none = Fetched { bytes: b"<html><body></body></html>", ..page };
        assert!(feed.entries[1].take_page(none, &settings).is_err());
        let reading = assemble_entries("feed", feed.entries, &settings);
        let article = reading.articles.iter().find(|article| article.id.as_str() == "vo-118").expect("an article");
        assert!(article.text.contains("until June"), "{}", article.text);
        assert_eq!(article.headline, "Bridge closed");
        assert_eq!(article.standfirst.as_deref(), Some("A crack was found."));
        assert_eq!(article.url.as_deref(), Some("https://valley-observer.example/2021/bridge"));
        assert_eq!(article.time.map(|time| time.origin), Some(Origin::Feed));
    }
}
