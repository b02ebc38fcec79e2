//! Which entries of a feed are to be taken: those that are not known, or say something else than before.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use samestory::ingest::{FeedEntry, ReadSettings, Rejected, read_feed};
use url::Url;
use xxhash_rust::xxh3::xxh3_64;

use crate::error::WatchError;
use crate::fetch::Document;
use crate::memory::{EntryRow, Memory, feed_number, now};

/// A text shorter than this, in characters, is taken for a summary.
const SUMMARY: usize = 1_000;

/// How often an entry that is still shown is noted as seen.
const SEEN_EVERY: i64 = 43_200;

/// Entries that were selected and are not remembered yet, so that two feeds which show one at the same time do not both
/// take it, nor two outlets one id.
#[derive(Debug, Clone, Default)]
pub(crate) struct Claims(Arc<Mutex<HashMap<String, EntryRow>>>);

/// A claim to entries; given back when dropped.
#[derive(Debug, Default)]
pub(crate) struct Claim {
    ids: Vec<String>,
    of: Claims,
}

impl Claim {
    fn of(claims: &Claims) -> Claim {
        Claim { ids: Vec::new(), of: claims.clone() }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut claims = self.of.0.lock().unwrap_or_else(PoisonError::into_inner);
        for id in &self.ids {
            claims.remove(id);
        }
    }
}

/// The entries of a document that are not known.
#[derive(Default)]
pub(crate) struct Selected {
    pub(crate) ready: Vec<FeedEntry>,
    pub(crate) rows: Vec<(String, EntryRow)>,
    pub(crate) claim: Claim,
    pub(crate) waiting: Vec<Waiting>,
    pub(crate) entries: u64,
    pub(crate) rejected: Vec<Rejected>,
}

/// An entry that waits for its page.
pub(crate) struct Waiting {
    pub(crate) entry: FeedEntry,
    pub(crate) row: EntryRow,
    pub(crate) page: Url,
    pub(crate) claim: Claim,
}

/// Selects the entries of a document that are to be taken.
pub(crate) fn select(
    feed: &str,
    document: &Document,
    pages: bool,
    memory: &Memory,
    claims: &Claims,
    read: &ReadSettings,
) -> Result<Selected, String> {
    let found = read_feed(document.as_fetched(feed), read)?;
    let mut selected = Selected {
        entries: found.entries.len() as u64,
        rejected: found.rejected,
        claim: Claim::of(claims),
        ..Selected::default()
    };
    let feed_host = document.address.host_str().unwrap_or_default().to_owned();
    let feed_number = feed_number(feed);
    let seen = now();
    let mut ids = HashSet::new();
    let mut claimed = claims.0.lock().unwrap_or_else(PoisonError::into_inner);
    for mut entry in found.entries {
        let digest = entry.digest();
        let address = entry.address().and_then(|address| Url::parse(address).ok());
        let host = address.as_ref().and_then(Url::host_str).unwrap_or(&feed_host).to_owned();
        let host_number = xxh3_64(host.as_bytes());
        if ids.contains(entry.id()) {
            // Two states of one entry, both of which are shown.
            let name = format!("{}#{digest:016x}", entry.id());
            entry.rename(name);
        }
        let mut known = look_up(memory, &claimed, &entry)?;
        if known.is_some_and(|known| known.host != host_number) && !names_the_world_over(entry.id()) {
            // An id such as `118` that another outlet uses too.
            let name = format!("{host}/{}", entry.id());
            entry.rename(name);
            known = look_up(memory, &claimed, &entry)?;
        }
        if !ids.insert(entry.id().to_owned()) {
            continue;
        }
        let length = entry.length() as u64;
        let row = EntryRow { digest, length, feed: feed_number, host: host_number, seen, tries: 0 };
        let tries = match known {
            Some(known) if known.tries > 0 && known.digest == digest => known.tries,
            // Of an entry that several feeds show, the longest text counts.
            Some(known) if known.digest == digest || (known.feed != feed_number && length <= known.length) => {
                if seen - known.seen > SEEN_EVERY {
                    selected.rows.push((entry.id().to_owned(), EntryRow { seen, ..known }));
                }
                continue;
            }
            _ => 0,
        };
        let id = entry.id().to_owned();
        let row = EntryRow { tries, ..row };
        claimed.insert(id.clone(), EntryRow { tries: 0, ..row });
        match page_of(pages, length, address) {
            Some(page) => {
                let claim = Claim { ids: vec![id], of: claims.clone() };
                selected.waiting.push(Waiting { entry, row, page, claim });
            }
            None => {
                selected.claim.ids.push(id.clone());
                selected.rows.push((id, EntryRow { tries: 0, ..row }));
                // Its summary was taken when its page was first asked for.
                if tries == 0 {
                    selected.ready.push(entry);
                }
            }
        }
    }
    Ok(selected)
}

fn look_up(
    memory: &Memory,
    claimed: &HashMap<String, EntryRow>,
    entry: &FeedEntry,
) -> Result<Option<EntryRow>, String> {
    if let Some(row) = claimed.get(entry.id()) {
        return Ok(Some(*row));
    }
    memory.entry(entry.id()).map_err(|error: WatchError| samestory::wording::one_line(&error))
}

/// The page to fetch for an entry, if its feed has no more than a summary.
fn page_of(pages: bool, length: u64, address: Option<Url>) -> Option<Url> {
    let is_web = |address: &Url| matches!(address.scheme(), "http" | "https");
    address.filter(is_web).filter(|_| pages && length < SUMMARY as u64)
}

/// Whether no two outlets can mean different things by an id: an address, or one of the forms made for it.
fn names_the_world_over(id: &str) -> bool {
    id.contains("://") || id.starts_with("tag:") || id.starts_with("urn:")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fetch::shown;
    use crate::memory::Learned;

    const FEED: &str = "https://valley.example/rss";

    fn document(entries: &[(&str, &str, &str)]) -> Document {
        let item = |(id, link, text): &(&str, &str, &str)| {
            format!(
                "<item><title>Bridge shut {id}</title><guid>{id}</guid><link>{link}</link><description>{text}</description></item>"
            )
        };
        let items: String = entries.iter().map(item).collect();
        Document {
            address: Url::parse(FEED).expect("an address"),
            moved_to: None,
            bytes: format!("<rss version=\"2.0\"><channel><title>Valley</title>{items}</channel></rss>").into_bytes(),
            kind: None,
            charset: None,
            etag: None,
            last_modified: None,
        }
    }

    fn ids(memory: &Memory, feed: &str, entries: &[(&str, &str, &str)]) -> Vec<String> {
        let claims = Claims::default();
        let selected =
            select(feed, &document(entries), false, memory, &claims, &ReadSettings::default()).expect("a feed");
        let learned = Learned { entries: selected.rows, ..Learned::default() };
        memory.learn(&learned).expect("learned");
        selected.ready.iter().map(|entry| entry.id().to_owned()).collect()
    }

    #[test]
    fn what_is_known_is_not_taken_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let memory = Memory::open(folder.path()).expect("a memory");
        let first = [("a", "https://valley.example/a", "One."), ("b", "https://valley.example/b", "Two.")];
        assert_eq!(ids(&memory, FEED, &first), ["a", "b"]);
        assert!(ids(&memory, FEED, &first).is_empty());
        assert_eq!(ids(&memory, FEED, &[("a", "https://valley.example/a", "One, corrected.")]), ["a"]);
        // The same entry in another feed of the outlet, cut shorter there.
        assert!(ids(&memory, "https://valley.example/county", &[("a", "https://valley.example/a", "One")]).is_empty());
        let longer = [("a", "https://valley.example/a", "One, corrected, and in full.")];
        assert_eq!(ids(&memory, "https://valley.example/county", &longer), ["a"]);
        assert!(ids(&memory, FEED, &[("a", "https://valley.example/a", "One, corrected.")]).is_empty());
    }

    #[test]
    fn ids_that_several_use_are_told_apart() {
        let folder = tempfile::tempdir().expect("a folder");
        let memory = Memory::open(folder.path()).expect("a memory");
        assert_eq!(ids(&memory, FEED, &[("118", "https://valley.example/a", "One.")]), ["118"]);
        let other = [("118", "https://quay.example/x", "Two.")];
        assert_eq!(ids(&memory, "https://quay.example/rss", &other), ["quay.example/118"]);
        assert!(ids(&memory, "https://quay.example/rss", &other).is_empty(), "it keeps its name");
        // Two states of one entry in one document, in any order.
        let twice = [("7", "https://valley.example/c", "Old."), ("7", "https://valley.example/c", "New.")];
        let names = ids(&memory, FEED, &twice);
        assert!(names[0] == "7" && names[1].starts_with("7#"), "{names:?}");
        assert!(ids(&memory, FEED, &twice).is_empty());
    }

    #[test]
    fn what_one_feed_takes_another_does_not_meanwhile() {
        let folder = tempfile::tempdir().expect("a folder");
        let memory = Memory::open(folder.path()).expect("a memory");
        let claims = Claims::default();
        let ids = |feed: &str, entry: (&str, &str, &str)| {
            let selected =
                select(feed, &document(&[entry]), false, &memory, &claims, &ReadSettings::default()).expect("a feed");
            let ids: Vec<String> = selected.ready.iter().map(|entry| entry.id().to_owned()).collect();
            (ids, selected)
        };
        let valley = ("118", "https://valley.example/a", "One.");
        let (first, held) = ids(FEED, valley);
        assert_eq!(first, ["118"]);
        assert!(ids("https://valley.example/county", valley).0.is_empty(), "it is being taken");
        assert_eq!(ids("https://quay.example/rss", ("118", "https://quay.example/x", "Two.")).0, ["quay.example/118"]);
        drop(held);
        assert_eq!(ids(FEED, valley).0, ["118"], "it could not be stored");
    }

    #[test]
    fn a_password_is_not_shown() {
        let address = Url::parse("https://reader:secret@valley.example/rss").expect("an address");
        assert_eq!(shown(&address), "https://valley.example/rss");
    }
}
