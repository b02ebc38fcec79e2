//! One raw item to one article: every field understood, every cut of a single article marked.

use std::ops::Range;

use jiff::tz::TimeZone;
use samestory_article::{Article, ArticleId, ArticleTime, Origin, Tokenizer};

use crate::address::{canonical_url, date_in_path, host_of};
use crate::date::{implausible, parse_time, parse_time_in};
use crate::fields::Field;
use crate::item::{Flaw, RawItem};
use crate::language::language_of;
use crate::normalise::mark_cuts;
use crate::outlet::outlet_name;
use crate::page::read_page;
use crate::settings::ReadSettings;

/// What an item became.
pub(crate) struct Assembled {
    pub(crate) article: Article,
    /// Whether the id was in the item; else it was made from the path.
    pub(crate) own_id: bool,
    /// Whether a second item with this id is no mistake (see [`RawItem::shared_id`]).
    pub(crate) shared_id: bool,
    /// Whether the item names its outlet; else it was made from the address or the path.
    pub(crate) named_outlet: bool,
    /// The host of its address.
    pub(crate) host: Option<String>,
    /// Something odd that was set right.
    pub(crate) note: Option<String>,
}

/// Makes an article of an item of the file `relative`, or says why it is none.
pub(crate) fn assemble(mut item: RawItem, relative: &str, settings: &ReadSettings) -> Result<Assembled, Flaw> {
    if let Some(page) = item.page.take() {
        read_page(&mut item, &page, settings)?;
    }
    let id = item.record.take(Field::Id).map(|id| id.trim().to_owned());
    let own_id = id.is_some();
    let id = id.unwrap_or_else(|| place_id(relative, item.line));
    let mut article = Article::new(ArticleId::from(id));
    article.path = relative.to_owned();
    article.line = item.line;
    article.headline = one_line(&item.record.take(Field::Title).unwrap_or_default());
    article.standfirst = item.record.take(Field::Standfirst).map(|standfirst| one_line(&standfirst));
    article.text = item.record.take(Field::Text).unwrap_or_default();
    if article.text.len() > u32::MAX as usize {
        return Err(Flaw::new(article.line, "text is longer than 4 GiB"));
    }
    article.url = item.record.take(Field::Url).map(|url| one_line(&url));
    article.canonical_url = article.url.as_deref().and_then(canonical_url);
    article.byline = item.record.take(Field::Byline).map(|byline| one_line(&byline));
    article.section = item.record.take(Field::Section).map(|section| one_line(&section));
    article.versions = item.versions;
    for (range, kind) in item.cuts {
        article.cut(range, kind);
    }
    mark_cuts(&mut article, settings.outlets.agencies());
    let spans = article.body_spans();
    let has_word = |span: &Range<usize>| Tokenizer.has_word(&article.text[span.clone()]);
    if !Tokenizer.has_word(&article.headline) && !spans.iter().any(has_word) {
        return Err(Flaw::new(article.line, "has no word in headline or text"));
    }

    let given = item.record.take(Field::Source).map(|source| one_line(&source));
    article.outlet = outlet_name(given.as_deref(), article.url.as_deref(), &settings.outlets);
    if article.outlet.is_none() && article.line.is_none() {
        let folder = outlet_folder(relative).map(|folder| one_line(&folder));
        article.outlet = outlet_name(folder.as_deref(), None, &settings.outlets);
    }
    let language = language_of(item.record.take(Field::Language).as_deref(), &article);
    article.language = language.map(|(language, _)| language);
    article.language_origin = language.map(|(_, origin)| origin);
    let note = set_time(&mut article, item.record.take(Field::Published), item.clock, settings);
    let host = article.url.as_deref().and_then(host_of);
    Ok(Assembled { article, own_id, shared_id: item.shared_id, named_outlet: given.is_some(), host, note })
}

/// The id of an article that has none of its own: its path, and its line where the file holds many.
pub(crate) fn place_id(relative: &str, line: Option<u64>) -> String {
    match line {
        Some(line) => format!("{relative}#{line}"),
        None => relative.to_owned(),
    }
}

/// Sets the time from the field, else from the address. Gives a note where the field is not believed.
fn set_time(
    article: &mut Article,
    written: Option<String>,
    clock: Option<Origin>,
    settings: &ReadSettings,
) -> Option<String> {
    let mut note = None;
    if let Some(written) = written {
        let zone = article.outlet.as_deref().and_then(|outlet| settings.outlets.zone(outlet));
        let doubt = match parse_time_in(&written, &zone.unwrap_or(TimeZone::UTC)) {
            Some(time) => match implausible(&time, settings.now) {
                None => {
                    article.time = Some(ArticleTime { origin: clock.unwrap_or(time.origin), ..time });
                    return None;
                }
                Some(doubt) => doubt,
            },
            None => "is not in a known form",
        };
        let shown: String = written.chars().take(40).collect();
        note = Some(format!("date `{shown}` {doubt}"));
    }
    article.time = article
        .url
        .as_deref()
        .and_then(date_in_path)
        .and_then(|day| parse_time(&day))
        .filter(|time| implausible(time, settings.now).is_none())
        .map(|mut time| {
            time.origin = Origin::Url;
            time
        });
    let instead = if article.time.is_some() { "the day in the address is taken" } else { "kept as undated" };
    note.map(|note| format!("{note}; {instead}"))
}

/// The outlet where the path is `<outlet>/<file>` below the given root.
fn outlet_folder(relative: &str) -> Option<String> {
    let mut parts = relative.split('/');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(outlet), Some(_), None) => Some(outlet.to_owned()),
        _ => None,
    }
}

/// A field on one line, without the control characters that could command a terminal.
fn one_line(text: &str) -> String {
    let bytes = text.as_bytes();
    let is_plain = |at: usize| match bytes[at] {
        b' ' => at > 0 && bytes[at - 1] != b' ' && at + 1 < bytes.len(),
        byte => byte.is_ascii_graphic(),
    };
    if (0..bytes.len()).all(is_plain) {
        return text.to_owned();
    }
    let visible = |word: &str| word.replace(char::is_control, "");
    text.split_whitespace().map(visible).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}
