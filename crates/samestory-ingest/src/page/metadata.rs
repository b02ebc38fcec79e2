//! What a web page says of itself: headline, date, outlet, address, language.
//!
//! A page says it up to four times, and the answers differ. Each field is taken from the first
//! source, in the order of this table, that holds something usable.
//!
//! | field      | 1              | 2                        | 3                     | 4                       |
//! |------------|----------------|--------------------------|-----------------------|-------------------------|
//! | headline   | JSON-LD        | `og:title`               | other meta            | `<h1>`, `<title>`       |
//! | standfirst | JSON-LD        | `og:description`         | other meta            |                         |
//! | outlet     | JSON-LD        | `og:site_name`           | other meta            | JSON-LD `WebSite`       |
//! | published  | JSON-LD        | `article:published_time` | other meta, microdata | `<time>`, visible date  |
//! | url        | canonical link | `og:url`                 | other meta            | JSON-LD                 |
//! | language   | JSON-LD        | `og:locale`              | other meta            | `<html lang>`           |
//! | section    | JSON-LD        | `article:section`        | other meta            | microdata               |
//! | byline     | JSON-LD        | `article:author`         | other meta            | microdata, `rel=author` |
//!
//! The `<title>` comes before an `<h1>` that it does not repeat: such an `<h1>` names the site or a section.
//!
//! The address departs from the order of the others: the canonical link is the one address that a page
//! declares for nothing else, and it tells which JSON-LD object describes the page.
//!
//! Dates: publication, then creation; modification only where neither is found. Dates of comments and
//! related reports do not count.
//!
//! Nothing here can fail or panic: what cannot be read is passed over. The caller checks the size of the
//! page and its nesting before.

mod address;
mod byline;
mod dates;
mod day;
mod element;
mod found;
mod heading;
mod json;
mod linked_data;
mod meta;
mod regions;
mod site_name;
mod text;

#[cfg(test)]
mod tests;

use scraper::Html;
use serde_json::Value;
use url::Url;

use self::address::{is_address, page_address};
use self::byline::joined_names;
use self::dates::{TimeKind, dates};
use self::found::Found;
use self::json::read_json;
use self::linked_data::{LinkedData, value_text};
use self::site_name::{is_site, less_slogan, site_names, without_site};
use self::text::{letters, says_something};

/// Characters of a value; the rest is cut off.
const LONGEST_VALUE: usize = 2_000;
/// JSON-LD scripts that are read, and values of one; the rest of a page with more is passed over.
const MOST_SCRIPTS: usize = 64;
/// Headings, times, microdata values and visible dates that are kept, of each.
const MOST_CANDIDATES: usize = 256;
/// Meta elements that are kept, and JSON-LD objects.
const MOST_ENTRIES: usize = 1_000;

/// What a page says of itself. Values are decoded, on one line and at most 2,000 characters long.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct PageMetadata {
    /// Headline, without the name of the site.
    pub(super) headline: Option<String>,
    /// The line below the headline, or what the page gives as its description.
    pub(super) standfirst: Option<String>,
    /// Name of the outlet as the page writes it.
    pub(super) outlet: Option<String>,
    /// Publication times as written, best first. Where a date has its month in words, the day follows
    /// as `YYYY-MM-DD`. The reader takes the first it understands.
    pub(super) published: Vec<String>,
    /// Absolute canonical address.
    pub(super) url: Option<String>,
    /// Language tag.
    pub(super) language: Option<String>,
    /// Section of the outlet.
    pub(super) section: Option<String>,
    /// Names of the authors, joined by `, `.
    pub(super) byline: Option<String>,
}

/// Reads the metadata of a page. The address it was fetched from, if known, tells the name of the site
/// where the page declares no address; it is not given back.
pub(super) fn page_metadata(page: &Html, known_url: Option<&str>) -> PageMetadata {
    let found = Found::gather(page);
    let parsed: Vec<Value> = found.scripts.iter().flat_map(|script| read_json(script)).collect();
    let declared = page_address(&found);
    let data = LinkedData::choose(&parsed, &found, declared.as_ref());
    let url = declared.or_else(|| data.address(&found));
    let own = url.clone().or_else(|| Url::parse(known_url?).ok());
    let headline = headline(&found, &data, &site_names(&found, &data, own.as_ref()));
    let standfirst = standfirst(&found, &data).find(|text| Some(text) != headline.as_ref());
    PageMetadata {
        outlet: outlets(&found, &data).next(),
        section: section(&found, &data).filter(|section| Some(section) != standfirst.as_ref()),
        headline,
        standfirst,
        published: published(&found, &data),
        url: url.map(String::from),
        language: language(&found, &data),
        byline: byline(&found, &data),
    }
}

fn headline(found: &Found, data: &LinkedData, sites: &[String]) -> Option<String> {
    const MOST_OTHERS: usize = 8;
    let heading = || found.heading().map(|heading| heading.text.clone());
    let others = found.headings.iter().filter(|heading| heading.value.top).take(MOST_OTHERS);
    let ordered: Vec<String> = data
        .text(&["headline", "name"])
        .into_iter()
        .chain(found.meta_each(meta::HEADLINE))
        .chain(heading().filter(|_| found.heading_is_titled || found.title.is_none()))
        .chain(found.title.clone())
        .chain(heading())
        .chain(others.map(|heading| heading.value.text.clone()))
        .filter(|text| says_something(text))
        .collect();
    let keys: Vec<String> = ordered.iter().map(|text| letters(text)).collect();
    let bare: Vec<String> = ordered.iter().map(|text| without_site(text, sites, &keys)).collect();
    // Where one source gives the name of the site for a headline, another has the headline.
    let chosen = bare.iter().find(|text| !is_site(text, sites)).or(bare.first())?;
    Some(completed(chosen, &bare))
}

/// Some systems cut the headline they give to machines. The whole one, if the page has it.
fn completed(headline: &str, others: &[String]) -> String {
    let cut = headline.strip_suffix('…').or(headline.strip_suffix("...")).map(str::trim_end);
    let whole = cut.filter(|cut| cut.chars().count() >= 20).and_then(|cut| {
        others.iter().find(|other| other.starts_with(cut) && other.len() > headline.len() && !other.ends_with('…'))
    });
    whole.map_or(headline, String::as_str).to_owned()
}

fn standfirst(found: &Found, data: &LinkedData) -> impl Iterator<Item = String> {
    let declared = data.text(&["description"]).into_iter().chain(found.meta_each(meta::STANDFIRST));
    declared.filter(|text| says_something(text))
}

fn outlets(found: &Found, data: &LinkedData) -> impl Iterator<Item = String> {
    let publishers = data.of_page().filter_map(|object| data.names(object.get("publisher")?).into_iter().next());
    let sites = data.sites.iter().filter_map(|object| object.get("name").and_then(value_text));
    let names = publishers.chain(found.meta_each(meta::OUTLET)).chain(sites);
    names.filter(|name| !is_headline(name, found)).map(|name| less_slogan(&name))
}

/// Some pages put their headline into every field they have. A short one is the name of a front page.
fn is_headline(name: &str, found: &Found) -> bool {
    const LONGEST_NAME: usize = 4;
    name.split(' ').count() > LONGEST_NAME
        && (found.title.as_ref().is_some_and(|title| title.starts_with(name))
            || found.meta("og:title").is_some_and(|title| title == name))
}

fn published(found: &Found, data: &LinkedData) -> Vec<String> {
    let published = data
        .texts("datePublished")
        .chain(found.meta_each(meta::PUBLISHED))
        .chain(found.property("datePublished"))
        .chain(found.time(TimeKind::Published))
        .chain(found.time(TimeKind::Unsaid))
        .chain(data.texts("dateCreated"))
        .chain(found.meta_each(meta::CREATED))
        .chain(found.property("dateCreated"));
    let visible = || found.visible_date().into_iter();
    let modified = || {
        data.texts("dateModified")
            .chain(found.meta_each(meta::MODIFIED))
            .chain(found.property("dateModified"))
            .chain(found.time(TimeKind::Modified))
    };
    dates(published).or_else(|| dates(visible())).or_else(|| dates(modified())).unwrap_or_default()
}

fn language(found: &Found, data: &LinkedData) -> Option<String> {
    let linked = data.of_page().filter_map(|object| {
        let language = object.get("inLanguage")?;
        value_text(language.get("alternateName").unwrap_or(language))
    });
    let html = found.html_language.map(str::to_owned);
    linked.chain(found.meta_each(meta::LANGUAGE)).chain(html).find_map(|written| language_tag(&written))
}

/// The first tag of `de-DE, en`, with hyphens; `None` for what has not the form of one.
fn language_tag(written: &str) -> Option<String> {
    let tag = written.split([',', ';', ' ']).next()?.replace('_', "-");
    let mut parts = tag.split('-');
    let primary = parts.next()?;
    let well_formed = (2..=3).contains(&primary.len())
        && primary.bytes().all(|b| b.is_ascii_alphabetic())
        && parts.all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()));
    well_formed.then_some(tag)
}

fn section(found: &Found, data: &LinkedData) -> Option<String> {
    /// What is longer is a sentence.
    const LONGEST_SECTION: usize = 100;
    data.text(&["articleSection"])
        .into_iter()
        .chain(found.meta_each(meta::SECTION))
        .chain(found.property("articleSection"))
        .find(|section| !is_address(section) && section.chars().count() <= LONGEST_SECTION)
}

fn byline(found: &Found, data: &LinkedData) -> Option<String> {
    let linked = data.of_page().flat_map(|object| [object.get("author"), object.get("creator")]).flatten();
    let meta = meta::BYLINE.split(' ').map(|name| found.meta_all(name));
    let markup = || found.property("author").or_else(|| found.rel_author.clone());
    linked.map(|author| data.names(author)).chain(meta).find_map(joined_names).or_else(|| joined_names(markup()))
}
