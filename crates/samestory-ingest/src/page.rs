//! A web page and what it says of itself.

mod main_text;
mod metadata;

use samestory_article::Origin;

use self::main_text::main_text;
use self::metadata::page_metadata;
use crate::address::{canonical_url, host_of};
use crate::date::{implausible, parse_time};
use crate::encoding::decode_page;
use crate::fields::Field;
use crate::item::{Flaw, Page, RawItem};
use crate::markup::parse_html;
use crate::settings::ReadSettings;

/// Fills the fields of an item from its page. What the item has already, such as the address it was
/// fetched from, gives way to what the page says of itself.
///
/// # Errors
///
/// If the page cannot be read, or has no text that could be an article's.
pub(crate) fn read_page(item: &mut RawItem, page: &Page, settings: &ReadSettings) -> Result<(), Flaw> {
    let flaw = |reason: String| Flaw::new(item.line, reason);
    let html = decode_page(&page.bytes, page.charset.as_deref()).map_err(flaw)?;
    let parsed = parse_html(&html, &settings.limits).map_err(flaw)?;
    let fetched_from = item.record.clone().take(Field::Url);
    let metadata = page_metadata(&parsed, fetched_from.as_deref());
    let Some(text) = main_text(&html, &parsed) else {
        return Err(Flaw::not_an_article(item.line, "is a page without an article's text"));
    };
    // The first date that can be; if there is none, the first, so that a note can name it.
    let can_be = |written: &&String| parse_time(written).is_some_and(|time| implausible(&time, settings.now).is_none());
    let published = metadata.published.iter().find(can_be);
    let published = published.or(metadata.published.first()).cloned();
    item.clock = published.is_some().then_some(Origin::Page);
    // Some pages name the front page of their site as their own address.
    let own_address = metadata.url.filter(|address| canonical_url(address).is_some());
    // A host that the table knows is surer than what the page calls its site.
    let address = own_address.as_ref().or(fetched_from.as_ref());
    let host = address.and_then(|address| host_of(address));
    let known = host.and_then(|host| settings.outlets.by_host(&host)).map(|outlet| outlet.name.clone());
    let fields = [
        (Field::Title, metadata.headline),
        (Field::Standfirst, metadata.standfirst),
        (Field::Text, Some(text)),
        (Field::Published, published),
        (Field::Source, known.or(metadata.outlet)),
        (Field::Url, own_address),
        (Field::Language, metadata.language),
        (Field::Section, metadata.section),
        (Field::Byline, metadata.byline),
    ];
    for (field, value) in fields {
        value.into_iter().for_each(|value| item.record.set(field, 0, value));
    }
    Ok(())
}
