//! RSS, Atom and JSON Feed: one article an entry.
//!
//! *Design.* `feed-rs` parses all of them, but only as a whole. Where a feed is broken off, or one of
//! its entries is broken, each entry is parsed by itself within the frame of the feed, so that the
//! sound ones are kept.

use std::borrow::Cow;
use std::ops::{ControlFlow, Range};

use feed_rs::model::{Entry, Text};
use feed_rs::parser::{Builder, ParseFeedError, Parser};
use quick_xml::escape::{resolve_html5_entity, resolve_predefined_entity};
use rustc_hash::{FxHashMap, FxHashSet};
use samestory_article::Origin;
use serde_json::Value;
use url::Url;

use super::html::starts_like_html;
use super::{Flaw, Format, RawItem, Sink};
use crate::encoding::decode_page;
use crate::fields::{Field, Record};
use crate::guard::guarded;
use crate::markup::plain_text;
use crate::nesting::{json_is_deeper, xml_is_deeper};
use crate::open::Input;
use crate::settings::{Limits, ReadSettings};

pub(super) struct Feed;

impl Format for Feed {
    fn name(&self) -> &'static str {
        "feed"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["rss", "atom", "rdf", "json", "xml"]
    }

    fn looks_like(&self, head: &[u8], _: &ReadSettings) -> bool {
        let head = &head[..head.len().min(4096)];
        let holds = |text: &str| memchr::memmem::find(head, text.as_bytes()).is_some();
        let start = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
        match start.first() {
            Some(b'<') => !starts_like_html(head) && ROOTS.iter().any(|root| holds(root)),
            Some(b'{') => holds("jsonfeed.org/version"),
            _ => false,
        }
    }

    fn read(&self, input: &mut Input<'_>, settings: &ReadSettings, sink: &mut Sink<'_>) -> ControlFlow<()> {
        match input.read_all(settings.limits.file_bytes) {
            Ok(bytes) => read_entries(&bytes, None, settings, sink),
            Err(reason) => sink(Err(Flaw::new(None, reason))),
        }
    }
}

/// Reads the entries of a feed; `charset` is the encoding named by the header it was sent with.
pub(crate) fn read_entries(
    bytes: &[u8],
    charset: Option<&str>,
    settings: &ReadSettings,
    sink: &mut Sink<'_>,
) -> ControlFlow<()> {
    let limits = &settings.limits;
    if starts_like_html(bytes) {
        return sink(Err(Flaw::new(None, "is an HTML page, not a feed")));
    }
    let text = match decode_page(bytes, charset) {
        Ok(text) => text,
        Err(reason) => return sink(Err(Flaw::new(None, reason))),
    };
    if let Err(flaw) = check(&text, limits) {
        return sink(Err(flaw));
    }
    let text = mended(without_declaration(&text));
    match parse(&text) {
        Ok(feed) => {
            let shared = ids_of_several(&feed);
            (1u64..).zip(&feed.entries).try_for_each(|(number, entry)| {
                let item = item(&feed, entry, number, limits).map(|mut item| {
                    if shared.contains(entry.id.as_str()) {
                        name_by_address(&mut item);
                    }
                    item
                });
                sink(item.map_err(|reason| Flaw::new(number, reason)))
            })
        }
        Err(error) => each_by_itself(&text, &error, limits, sink),
    }
}

/// Ids that entries with different addresses have: those name no entry.
fn ids_of_several(feed: &feed_rs::model::Feed) -> FxHashSet<&str> {
    let mut address_of: FxHashMap<&str, Option<&str>> = FxHashMap::default();
    let mut several = FxHashSet::default();
    for entry in &feed.entries {
        let address = entry.links.first().map(|link| link.href.as_str());
        if *address_of.entry(&entry.id).or_insert(address) != address {
            several.insert(entry.id.as_str());
        }
    }
    several
}

/// Names an entry by its address, if it has one.
fn name_by_address(item: &mut RawItem) {
    if let Some(address) = item.record.get(Field::Url).map(str::to_owned) {
        item.record.take(Field::Id);
        item.record.set(Field::Id, 0, address);
        item.shared_id = true;
    }
}

/// The tags that feeds begin with.
const ROOTS: &[&str] = &["<rss", "<feed", "<atom:feed", "<rdf:RDF", "<RDF"];

/// Says early what is no feed at all.
fn check(text: &str, limits: &Limits) -> Result<(), Flaw> {
    let json = text.trim_start_matches('\u{feff}').trim_start().starts_with('{');
    if !json && !ROOTS.iter().any(|root| text.contains(root)) {
        return Err(Flaw::not_an_article(None, "is no RSS, Atom or JSON feed"));
    }
    let deeper =
        if json { json_is_deeper(text.as_bytes(), limits.nesting) } else { xml_is_deeper(text, limits.nesting) };
    match deeper {
        true => Err(Flaw::new(None, format!("nests deeper than {} (see --max-nesting)", limits.nesting))),
        false => Ok(()),
    }
}

/// The text behind its XML declaration: the encoding that one names is undone already.
fn without_declaration(text: &str) -> &str {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    match text.strip_prefix("<?xml").and_then(|rest| rest.split_once("?>")) {
        Some((_, rest)) => rest,
        None => text,
    }
}

/// A feed with its commonest mistakes mended: in XML an ampersand that stands for itself and names that
/// only HTML knows, in JSON ids that are numbers.
fn mended(text: &str) -> Cow<'_, str> {
    if text.starts_with('{') {
        return with_text_ids(text).map_or(Cow::Borrowed(text), Cow::Owned);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr2(b'&', b'<', rest.as_bytes()) {
        out.push_str(&rest[..at]);
        let from = &rest[at..];
        let (used, character) = match reference(from) {
            // What is in CDATA stands for itself already.
            _ if from.starts_with("<![CDATA[") => (from.find("]]>").unwrap_or(from.len()), None),
            _ if from.starts_with('<') => (1, None),
            None => (1, Some("&amp;")),
            Some(name) if name.starts_with('#') || resolve_predefined_entity(name).is_some() => (name.len() + 2, None),
            Some(name) => match resolve_html5_entity(name) {
                Some(character) => (name.len() + 2, Some(character)),
                None => (1, Some("&amp;")),
            },
        };
        out.push_str(character.unwrap_or(&from[..used]));
        rest = &from[used..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Bytes of the longest name that stands for a character.
const LONGEST_NAME: usize = 40;

/// The name between the sign that starts a text and a semicolon near by.
fn reference(text: &str) -> Option<&str> {
    let end = text.bytes().take(LONGEST_NAME).position(|byte| byte == b';')?;
    let name = &text[1..end];
    name.chars().all(|c| c.is_ascii_alphanumeric() || c == '#').then_some(name).filter(|name| !name.is_empty())
}

/// A JSON feed with all ids as text, if one is a number.
fn with_text_ids(text: &str) -> Option<String> {
    let mut feed: Value = serde_json::from_str(text).ok()?;
    let mut changed = false;
    for item in feed.get_mut("items")?.as_array_mut()? {
        if let Some(id) = item.get_mut("id").filter(|id| id.is_number()) {
            *id = Value::String(id.to_string());
            changed = true;
        }
    }
    changed.then(|| feed.to_string())
}

fn parse(text: &str) -> Result<feed_rs::model::Feed, String> {
    let parser: Parser = Builder::new()
        .sanitize_content(false)
        // An id that is not in the feed is made from the path, as for every other format.
        .id_generator(|_, _, _| String::new())
        .build();
    // The library panics on some mail addresses.
    match guarded(|| parser.parse(text.as_bytes())) {
        Ok(Ok(feed)) => Ok(feed),
        Ok(Err(ParseFeedError::ParseError(error))) => Err(format!("is no valid feed: {error}")),
        Ok(Err(error)) => Err(format!("is no valid feed: {}", error.to_string().lines().next().unwrap_or_default())),
        Err(_) => Err("is no valid feed: the parser gave up".into()),
    }
}

/// Bytes that are parsed to save the entries of a broken feed, besides four times its own: the frame is
/// parsed with every entry.
const MOST_WORK: usize = 8 << 20;

/// Parses each entry within the frame of its feed: what stands before the first and what closes it.
fn each_by_itself(text: &str, error: &str, limits: &Limits, sink: &mut Sink<'_>) -> ControlFlow<()> {
    let (name, closing) = match text {
        _ if text.contains("<feed") => ("entry", "</feed>"),
        _ if text.contains("<rss") => ("item", "</channel></rss>"),
        _ => ("item", "</rdf:RDF>"),
    };
    let entries = elements(text, name);
    let Some(first) = entries.first() else {
        return sink(Err(Flaw::new(None, error)));
    };
    let frame = &text[..first.start];
    let mut work = 0;
    for (number, range) in (1u64..).zip(&entries) {
        work += frame.len() + range.len();
        if work > MOST_WORK + 4 * text.len() {
            return sink(Err(Flaw::new(number, "the feed is broken and its head too long; the rest is not read")));
        }
        let alone = format!("{frame}{}{closing}", &text[range.clone()]);
        match parse(&alone) {
            Ok(feed) if !feed.entries.is_empty() => {
                sink(item(&feed, &feed.entries[0], number, limits).map_err(|reason| Flaw::new(number, reason)))?
            }
            Ok(_) => sink(Err(Flaw::new(number, "is no valid entry")))?,
            Err(reason) => sink(Err(Flaw::new(number, reason)))?,
        }
    }
    // What broke the feed stands between the entries or behind them.
    let behind = entries.last().map_or("", |last| &text[last.end..]);
    if behind.contains(&format!("<{name}")) || !behind.contains(closing.rsplit("</").next().unwrap_or(closing)) {
        let number = entries.len() as u64 + 1;
        return sink(Err(Flaw::new(number, "the feed breaks off here; the entries before are kept")));
    }
    ControlFlow::Continue(())
}

/// The elements of a name, from their first to their last tag. What is not closed before the next one
/// starts is none.
fn elements(text: &str, name: &str) -> Vec<Range<usize>> {
    let (opening, closing) = (format!("<{name}"), format!("</{name}>"));
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = text[from..].find(&opening).map(|at| from + at) {
        let inner = start + opening.len();
        from = inner;
        if !text[inner..].starts_with(|c: char| c.is_whitespace() || c == '>') {
            continue;
        }
        let Some(end) = text[inner..].find(&closing).map(|at| inner + at + closing.len()) else { break };
        found.push(start..end);
        from = end;
    }
    found
}

fn item(feed: &feed_rs::model::Feed, entry: &Entry, number: u64, limits: &Limits) -> Result<RawItem, String> {
    let mut record = Record::default();
    let plain = |text: &str| plain_text(text, limits);
    if let Some(title) = &entry.title {
        record.set(Field::Title, 0, plain(&title.content)?);
    }
    let summary = entry.summary.as_ref().map(|Text { content, .. }| plain(content)).transpose()?;
    let content = entry.content.as_ref().and_then(|content| content.body.as_deref()).map(plain).transpose()?;
    match (content.filter(|content| !content.trim().is_empty()), summary) {
        (Some(content), summary) => {
            record.set(Field::Text, 0, content);
            summary.into_iter().for_each(|summary| record.set(Field::Standfirst, 0, summary));
        }
        // Many feeds give the summary alone: it is all there is to compare.
        (None, Some(summary)) => record.set(Field::Text, 0, summary),
        (None, None) => (),
    }
    record.seen(Field::Title);
    record.set(Field::Id, 0, entry.id.clone());
    let page = |rel: Option<&str>| matches!(rel, None | Some("alternate"));
    let link = entry.links.iter().find(|link| page(link.rel.as_deref())).map(|link| link.href.clone());
    // A guid that is an address is the address of the page, unless there is a link.
    // Within its feed a page may be named by its path alone.
    let site = feed.links.iter().find_map(|link| Url::parse(&link.href).ok());
    let whole = |link: String| match (Url::parse(&link), &site) {
        (Err(_), Some(site)) => site.join(&link).map_or(link, String::from),
        _ => link,
    };
    let address = link.map(whole).or_else(|| Some(entry.id.clone()).filter(|id| id.starts_with("http")));
    let has_address = address.is_some();
    address.into_iter().for_each(|address| record.set(Field::Url, 0, address));
    if let Some(date) = entry.published.or(entry.updated) {
        record.set(Field::Published, 0, date.to_rfc3339());
    }
    // The title of a feed names its section as often as its outlet: the host of the address is surer.
    match (&entry.source, &feed.title) {
        (Some(source), _) => record.set(Field::Source, 0, source.clone()),
        (None, Some(title)) if !has_address => record.set(Field::Source, 1, plain(&title.content)?),
        _ => (),
    }
    let language = entry.language.as_ref().or(feed.language.as_ref());
    language.into_iter().for_each(|language| record.set(Field::Language, 0, language.clone()));
    entry.categories.first().into_iter().for_each(|section| record.set(Field::Section, 0, section.term.clone()));
    let names: Vec<&str> = entry.authors.iter().filter_map(|person| person.name.as_deref()).collect();
    record.set(Field::Byline, 0, names.join(", "));
    let mut item = RawItem { line: Some(number), record, clock: Some(Origin::Feed), ..RawItem::default() };
    match entry.id.is_empty() {
        true => name_by_address(&mut item),
        false => item.shared_id = true,
    }
    Ok(item)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RSS: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel><title>Valley Observer - County</title><link>https://valley-observer.example/</link><language>en-gb</language>
<item><title>Bridge closed &amp;amp; fenced</title><link>https://valley-observer.example/bridge?utm_source=rss</link><guid isPermaLink="false">vo-118</guid>
<pubDate>Tue, 04 May 2021 06:30:00 GMT</pubDate><dc:creator>Mara Voss</dc:creator><description>Crack found</description>
<content:encoded><![CDATA[<p>Engineers shut the bridge.</p><p>No one was hurt.</p>]]></content:encoded></item>
<item><title>Ferry late</title><link>https://valley-observer.example/ferry</link><description>&lt;p&gt;The ferry was &lt;b&gt;late&lt;/b&gt;.&lt;/p&gt;</description></item>
</channel></rss>"#;

    fn read(text: &str) -> Vec<Result<RawItem, Flaw>> {
        let mut found = Vec::new();
        let _ = Feed.read(&mut text.as_bytes().into(), &ReadSettings::default(), &mut |item| {
            found.push(item);
            ControlFlow::Continue(())
        });
        found
    }

    #[test]
    fn entries_with_content_or_a_summary() {
        assert!(Feed.looks_like(RSS.as_bytes(), &ReadSettings::default()));
        let found = read(RSS);
        assert_eq!(found.len(), 2);
        let mut first = found[0].clone().expect("an entry").record;
        let expected = [
            (Field::Id, "vo-118"),
            (Field::Title, "Bridge closed & fenced"),
            (Field::Standfirst, "Crack found"),
            (Field::Text, "Engineers shut the bridge.\nNo one was hurt."),
            (Field::Published, "2021-05-04T06:30:00+00:00"),
            (Field::Language, "en-gb"),
            (Field::Byline, "Mara Voss"),
        ];
        for (field, value) in expected {
            assert_eq!(first.take(field).as_deref(), Some(value), "{field:?}");
        }
        assert_eq!(
            found[1].clone().expect("an entry").record.take(Field::Text).as_deref(),
            Some("The ferry was late.")
        );
    }

    #[test]
    fn a_feed_that_breaks_off_keeps_its_whole_entries() {
        let cut = RSS.find("The ferry was").expect("it is there");
        let found = read(&RSS[..cut]);
        assert!(found[0].is_ok());
        assert!(matches!(&found[1], Err(flaw) if flaw.reason.contains("breaks off")), "{:?}", found[1]);
    }

    #[test]
    fn a_broken_entry_costs_itself() {
        let found =
            read(&RSS.replace("<description>Crack found</description>", "<description>Crack <found</description>"));
        assert!(found.iter().filter(|item| item.is_err()).count() == 1 && found.iter().any(Result::is_ok), "{found:?}");
    }

    #[test]
    fn common_mistakes_are_mended() {
        let rss = RSS
            .replace("Ferry late", "Ferry & bridge&nbsp;late, AT&T; &#38; all")
            .replace("https://valley-observer.example/ferry", "/ferry");
        let found = read(&rss);
        assert_eq!(found.len(), 2);
        let mut second = found[1].clone().expect("an entry").record;
        assert_eq!(second.take(Field::Title).as_deref(), Some("Ferry & bridge late, AT&T; & all"));
        assert_eq!(second.take(Field::Url).as_deref(), Some("https://valley-observer.example/ferry"));
        let content = "<p>Engineers shut the bridge.</p>";
        assert!(mended(RSS).contains(content), "what is in CDATA stays");
        let data = "<a><![CDATA[Q&A]]>b&c</a>&";
        assert_eq!(mended(data), "<a><![CDATA[Q&A]]>b&amp;c</a>&amp;");
        let json = r#"{"version":"https://jsonfeed.org/version/1.1","title":"a","items":[{"id":7,"title":"Ferry late","content_text":"a"}]}"#;
        assert_eq!(read(json)[0].clone().expect("an entry").record.take(Field::Id).as_deref(), Some("7"));
    }

    #[test]
    fn an_entry_without_an_id_of_its_own_is_named_by_its_address() {
        let ids = |rss: &str| {
            let id = |item: Result<RawItem, Flaw>| item.expect("an entry").record.take(Field::Id).unwrap_or_default();
            read(rss).into_iter().map(id).collect::<Vec<String>>()
        };
        assert_eq!(ids(RSS), ["vo-118", "https://valley-observer.example/ferry"]);
        let same = RSS.replace("<title>Ferry late</title>", "<title>Ferry late</title><guid>vo-118</guid>");
        let addresses =
            ["https://valley-observer.example/bridge?utm_source=rss", "https://valley-observer.example/ferry"];
        assert_eq!(ids(&same), addresses, "an id of two entries names none of them");
    }

    #[test]
    fn a_page_is_no_feed() {
        let found = read("<!DOCTYPE html><html><body>Not found</body></html>");
        assert!(matches!(&found[..], [Err(flaw)] if flaw.reason == "is an HTML page, not a feed"));
    }
}
