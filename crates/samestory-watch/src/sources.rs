//! What is watched: feeds by address, lists of feeds, and folders.

use std::fs;
use std::path::{Path, PathBuf};

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use samestory::ingest::Rejected;
use url::Url;

use crate::error::WatchError;

/// Largest list of feeds.
const LIST_BYTES: u64 = 16 << 20;

/// What is watched.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources {
    /// Addresses of feeds, each once, in the order in which they were first named.
    pub feeds: Vec<Url>,
    /// Folders whose files are read as they come.
    pub folders: Vec<PathBuf>,
    /// Lines of lists that name no feed; the others are taken.
    pub rejected: Vec<Rejected>,
}

impl Sources {
    /// Understands what a user names: the address of a feed, a file that lists feeds, or a folder.
    ///
    /// A list has one address a line, with `#` before what is only a remark, or is OPML, of which every `outline` with an
    /// `xmlUrl` is a feed.
    ///
    /// # Errors
    ///
    /// If something is none of these, or a list cannot be read or has no feed.
    pub fn named(names: &[String]) -> Result<Sources, WatchError> {
        let mut sources = Sources::default();
        for name in names {
            let path = Path::new(name);
            if looks_like_an_address(name) {
                let feed =
                    feed_address(name).map_err(|reason| WatchError::Source { name: without_password(name), reason })?;
                sources.add(feed);
            } else if path.is_dir() {
                sources.folders.push(path.to_owned());
            } else {
                sources.add_list(path)?;
            }
        }
        Ok(sources)
    }

    fn add(&mut self, feed: Url) {
        if !self.feeds.contains(&feed) {
            self.feeds.push(feed);
        }
    }

    fn add_list(&mut self, path: &Path) -> Result<(), WatchError> {
        let wrong = |reason: String| WatchError::Source { name: path.display().to_string(), reason };
        let length =
            fs::metadata(path).map_err(|error| wrong(format!("is no feed, folder or list of feeds: {error}")))?;
        if length.len() > LIST_BYTES {
            return Err(wrong(format!("is larger than {LIST_BYTES} bytes, too large for a list of feeds")));
        }
        let bytes = fs::read(path).map_err(|error| wrong(error.to_string()))?;
        let text = String::from_utf8_lossy(&bytes);
        let text = text.trim_start_matches('\u{feff}');
        let named = match text.trim_start().starts_with('<') {
            true => outlines(text).map_err(|reason| wrong(format!("is no OPML: {reason}")))?,
            false => lines(text),
        };
        let mut found = 0;
        for (line, name) in named {
            match feed_address(&name) {
                Ok(feed) => {
                    found += 1;
                    self.add(feed);
                }
                Err(reason) => {
                    let name = without_password(&name);
                    let reason = format!("`{}` {reason}", name.chars().take(100).collect::<String>());
                    self.rejected.push(Rejected { path: path.display().to_string(), line: Some(line), reason });
                }
            }
        }
        match found {
            0 => Err(wrong("lists no feed".into())),
            _ => Ok(()),
        }
    }
}

fn looks_like_an_address(name: &str) -> bool {
    let start = name.trim_start().to_ascii_lowercase();
    start.starts_with("http://") || start.starts_with("https://")
}

/// The address of a feed; `feed:` before it is left out, as browsers once wrote it.
fn feed_address(name: &str) -> Result<Url, String> {
    let name = name.trim();
    let name = name.strip_prefix("feed:").filter(|rest| rest.contains("://")).unwrap_or(name);
    let mut address = Url::parse(name).map_err(|error| format!("is no address: {error}"))?;
    if !matches!(address.scheme(), "http" | "https") || address.host_str().is_none() {
        return Err("is no address of HTTP or HTTPS".into());
    }
    address.set_fragment(None);
    Ok(address)
}

/// What was named, without what stands before the last `@` of its host.
fn without_password(name: &str) -> String {
    let Some((scheme, rest)) = name.split_once("://") else { return name.to_owned() };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    match host.rfind('@') {
        Some(at) => format!("{scheme}://{}", &rest[at + 1..]),
        None => name.to_owned(),
    }
}

/// The lines that hold something, with their numbers from 1.
fn lines(text: &str) -> Vec<(u64, String)> {
    let content = |line: &str| line.split(" #").next().unwrap_or_default().trim().to_owned();
    let lines = (1u64..).zip(text.lines()).map(|(number, line)| (number, content(line)));
    lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')).collect()
}

/// The feeds of an OPML document, with the lines that they stand in.
fn outlines(text: &str) -> Result<Vec<(u64, String)>, String> {
    let mut reader = quick_xml::Reader::from_str(text);
    // Lists are written by hand too: an end that does not fit costs nothing.
    reader.config_mut().check_end_names = false;
    let mut found = Vec::new();
    let (mut line, mut counted) = (1u64, 0usize);
    loop {
        let event = reader.read_event().map_err(|error| error.to_string())?;
        let at = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX).min(text.len());
        line += text.as_bytes()[counted..at].iter().filter(|byte| **byte == b'\n').count() as u64;
        counted = at;
        match event {
            Event::Start(element) | Event::Empty(element) => {
                if let Some(feed) = feed_of_outline(&element)? {
                    found.push((line, feed));
                }
            }
            Event::Eof => return Ok(found),
            _ => (),
        }
    }
}

fn feed_of_outline(element: &BytesStart<'_>) -> Result<Option<String>, String> {
    if !element.local_name().as_ref().eq_ignore_ascii_case("outline") {
        return Ok(None);
    }
    for attribute in element.attributes() {
        let attribute = attribute.map_err(|error| error.to_string())?;
        if attribute.key.as_ref().eq_ignore_ascii_case("xmlUrl") {
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|error| error.to_string())?;
            return Ok(Some(value.into_owned()).filter(|value| !value.trim().is_empty()));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_list(text: &str) -> Result<Sources, WatchError> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("feeds");
        fs::write(&path, text).expect("a file");
        Sources::named(&[path.display().to_string()])
    }

    #[test]
    fn a_list_by_lines() {
        let text = "# county\nhttps://valley.example/rss#top   # twice an hour\n\nnot an address\nhttps://valley.example/rss\nfeed:https://quay.example/atom\n";
        let sources = of_list(text).expect("a list");
        let feeds: Vec<&str> = sources.feeds.iter().map(Url::as_str).collect();
        assert_eq!(feeds, ["https://valley.example/rss", "https://quay.example/atom"]);
        assert_eq!(sources.rejected.len(), 1);
        assert_eq!(sources.rejected[0].line, Some(4));
    }

    #[test]
    fn a_list_in_opml() {
        let text = "<?xml version=\"1.0\"?>\n<opml version=\"2.0\"><body>\n<outline text=\"County\">\n<outline type=\"rss\" text=\"Valley\" xmlUrl=\"https://valley.example/rss?a=1&amp;b=2\"/>\n<OUTLINE xmlurl='ftp://quay.example/'/></outline></body></opml>";
        let sources = of_list(text).expect("a list");
        assert_eq!(sources.feeds[0].as_str(), "https://valley.example/rss?a=1&b=2");
        assert_eq!((sources.feeds.len(), sources.rejected[0].line), (1, Some(5)));
    }

    #[test]
    fn what_lists_nothing_is_told() {
        for text in ["", "# nothing", "<opml><body/></opml>", "<opml><", "/etc/passwd"] {
            assert!(of_list(text).is_err(), "{text}");
        }
        assert!(Sources::named(&["no such file".into()]).is_err());
        assert!(Sources::named(&["https://".into()]).is_err());
        let told = Sources::named(&["https://reader:secret@valley.example:99999/rss".into()]).expect_err("no port");
        assert!(!told.to_string().contains("secret"), "{told}");
        assert_eq!(without_password("ftp://reader:secret@valley.example/"), "ftp://valley.example/");
    }

    proptest::proptest! {
        #[test]
        fn any_list_is_read(text in ".{0,200}", xml in "<outline (xmlUrl=\"[^\"]{0,10}\"|[<>&;= \"'a]{0,10})*/?>") {
            let _ = outlines(&text);
            let _ = outlines(&xml);
            lines(&text).into_iter().for_each(|(_, line)| drop(feed_address(&line)));
        }
    }
}
