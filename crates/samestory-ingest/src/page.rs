//! A web page and what it says of itself.

mod main_text;
mod metadata;

use samestory_article::Origin;
use scraper::Html;

use self::main_text::main_text;
use self::metadata::page_metadata;
use crate::address::host_of;
use crate::date::parse_time;
use crate::encoding::decode_page;
use crate::fields::Field;
use crate::format::{Flaw, RawItem};
use crate::markup::check_page_size;
use crate::settings::ReadSettings;

/// A web page as it was saved or sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The page.
    pub bytes: Vec<u8>,
    /// The encoding named by the header it was sent with.
    pub charset: Option<String>,
}

/// Fills the fields of an item from its page. What the item has already, such as the address it was
/// fetched from, gives way to what the page says of itself.
///
/// # Errors
///
/// If the page cannot be read, or has no text that could be an article's.
pub(crate) fn read_page(item: &mut RawItem, page: &Page, settings: &ReadSettings) -> Result<(), Flaw> {
    let flaw = |reason: String| Flaw::new(item.line, reason);
    let html = decode_page(&page.bytes, page.charset.as_deref()).map_err(flaw)?;
    check_page_size(&html, &settings.limits).map_err(flaw)?;
    let fetched_from = item.record.clone().take(Field::Url);
    let parsed = Html::parse_document(&html);
    let metadata = page_metadata(&parsed, fetched_from.as_deref());
    let Some(text) = main_text(&html, &parsed) else {
        return Err(Flaw::not_an_article(item.line, "is a page without an article's text"));
    };
    // The first date in a known form; if there is none, the first, so that a note can name it.
    let published = metadata.published.iter().find(|written| parse_time(written).is_some());
    let published = published.or(metadata.published.first()).cloned();
    item.clock = published.is_some().then_some(Origin::Page);
    // A host that the table knows is surer than what the page calls its site.
    let address = metadata.url.as_ref().or(fetched_from.as_ref());
    let host = address.and_then(|address| host_of(address));
    let known = host.and_then(|host| settings.outlets.by_host(&host)).map(|outlet| outlet.name.clone());
    let fields = [
        (Field::Title, metadata.headline),
        (Field::Standfirst, metadata.standfirst),
        (Field::Text, Some(text)),
        (Field::Published, published),
        (Field::Source, known.or(metadata.outlet)),
        (Field::Url, metadata.url),
        (Field::Language, metadata.language),
        (Field::Section, metadata.section),
        (Field::Byline, metadata.byline),
    ];
    for (field, value) in fields {
        value.into_iter().for_each(|value| item.record.set(field, 0, value));
    }
    Ok(())
}
