//! The name of the site in a headline, and how to tell it from the headline.
//!
//! A part of a headline is the name of the site if the page names the site so elsewhere, or if its
//! address does. What else stands beside a separator stays, unless the page has the headline without it.

use url::Url;

use super::found::Found;
use super::linked_data::{LinkedData, value_text};
use super::outlets;
use super::text::letters;

/// What stands between a headline and the name of its site.
const SEPARATORS: &[&str] =
    &[" | ", " - ", " – ", " — ", " · ", " • ", " :: ", " » ", " « ", " › ", " ‹ ", " / ", "| ", " |"];

/// The names by which the site may call itself.
pub(super) fn site_names(found: &Found, data: &LinkedData, url: Option<&Url>) -> Vec<String> {
    const MOST_NAMES: usize = 32;
    const LONGEST_NAME: usize = 200;
    let linked = data.sites.iter().flat_map(|site| [site.get("name"), site.get("alternateName")]).flatten();
    let mut names: Vec<String> = found
        .meta_each("og:site_name application-name apple-mobile-web-app-title")
        .chain(outlets(found, data))
        .chain(linked.filter_map(value_text))
        .collect();
    if let Some(host) = url.and_then(Url::host_str) {
        let host = host.strip_prefix("www.").unwrap_or(host);
        names.push(host.to_owned());
        names.extend(host.rsplit('.').skip(1).filter(|label| label.len() >= 3).map(str::to_owned));
    }
    names.truncate(MOST_NAMES);
    names.retain(|name| name.len() <= LONGEST_NAME && site_key(name).chars().count() >= 2);
    names
}

/// A headline without the name of the site and without short parts that the page's other headlines lack.
pub(super) fn without_site(text: &str, sites: &[String], others: &[String]) -> String {
    let mut text = text.trim();
    text = confirmed_part(text, sites, others).unwrap_or(text);
    loop {
        let last = splits(text).find(|(_, part)| is_site_or_longer(part, sites) || is_host(part)).map(|(rest, _)| rest);
        let first = || splits(text).find(|(part, _)| is_site(part, sites)).map(|(_, rest)| rest);
        let lead = || text.split_once(": ").filter(|(part, _)| is_site(part, sites)).map(|(_, rest)| rest.trim());
        match last.or_else(first).or_else(lead) {
            Some(rest) => text = rest,
            None => return text.trim_end_matches([' ', '|', '-', '–', '—', '·']).to_owned(),
        }
    }
}

/// The part that is all of another headline of the page, if what else there is is short.
fn confirmed_part<'t>(text: &'t str, sites: &[String], others: &[String]) -> Option<&'t str> {
    const LONGEST_NAME: usize = 50;
    let is_other = |part: &str| {
        let part = letters(part);
        part.len() >= 8 && others.contains(&part)
    };
    let mut parts = splits(text).flat_map(|(head, tail)| [(head, tail), (tail, head)]);
    let confirmed = parts.find(|(part, name)| {
        name.chars().count() <= LONGEST_NAME && part.len() > name.len() && is_other(part) && !is_site(part, sites)
    });
    confirmed.map(|(part, _)| part)
}

/// `The Courier - All the news of the coast` is a name and a slogan.
pub(super) fn less_slogan(name: &str) -> String {
    let short = SEPARATORS.iter().filter_map(|separator| name.split_once(separator)).map(|(name, _)| name.trim());
    let short = short.filter(|name| !name.is_empty()).min_by_key(|name| name.len());
    short.filter(|_| name.chars().count() > 40).unwrap_or(name).to_owned()
}

/// The ways to part a text in two at a separator.
pub(super) fn splits(text: &str) -> impl Iterator<Item = (&str, &str)> {
    SEPARATORS
        .iter()
        .flat_map(move |separator| text.match_indices(separator).take(8))
        .map(move |(at, separator)| (text[..at].trim(), text[at + separator.len()..].trim()))
        .filter(|(head, tail)| !head.is_empty() && !tail.is_empty())
}

/// Whether a part of a headline is a host, as in `Ferry aground | courier.example`.
fn is_host(part: &str) -> bool {
    let is_label = |label: &str| !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    part.split('.').all(is_label)
        && part
            .rsplit_once('.')
            .is_some_and(|(_, last)| (2..=7).contains(&last.len()) && last.bytes().all(|b| b.is_ascii_lowercase()))
}

/// Whether a part of a headline is a name of the site.
pub(super) fn is_site(part: &str, sites: &[String]) -> bool {
    let (key, all) = (site_key(part), letters(part));
    !all.is_empty() && sites.iter().any(|site| site_key(site) == key || letters(site) == all)
}

/// Whether a part is a name of the site, alone or with a word or two, as in `Courier Online`. At the start of
/// a headline that would take away its topic.
fn is_site_or_longer(part: &str, sites: &[String]) -> bool {
    const MOST_WORDS: usize = 4;
    let begins_or_ends = |part: &str, site: &str| {
        site.len() >= 4 && part.len() <= 2 * site.len() && (part.starts_with(site) || part.ends_with(site))
    };
    let (key, all) = (site_key(part), letters(part));
    let longer = |site: &String| begins_or_ends(&key, &site_key(site)) || begins_or_ends(&all, &letters(site));
    is_site(part, sites) || part.split_whitespace().count() <= MOST_WORDS && sites.iter().any(longer)
}

/// A name without case, punctuation, accents and article.
fn site_key(name: &str) -> String {
    const ARTICLES: &[&str] = &["the ", "der ", "die ", "das ", "el ", "la ", "le ", "www."];
    let lower = name.trim().to_lowercase();
    letters(ARTICLES.iter().find_map(|article| lower.strip_prefix(article)).unwrap_or(&lower))
}

#[cfg(test)]
mod tests {

    use super::super::tests::{headline_of, metadata_of, page};

    #[test]
    fn the_name_of_the_site_leaves_the_headline() {
        let named = "<meta property=og:site_name content='The Harbour Courier'>";
        for title in [
            "Ferry aground | Harbour Courier",
            "Ferry aground - The Harbour Courier",
            "Harbour Courier: Ferry aground",
            "Harbour Courier » Ferry aground",
            "Ferry aground | Harbour Courier Online",
            "Ferry aground - courier.example",
        ] {
            assert_eq!(headline_of(&page(&format!("{named}<title>{title}</title>"), "")), "Ferry aground", "{title}");
        }
        let host = "<link rel=canonical href=https://www.harbour-courier.example/a>\
            <title>Ferry aground – Harbour Courier</title>";
        assert_eq!(headline_of(&page(host, "")), "Ferry aground");
        let confirmed =
            page("<meta property=og:title content='Ferry aground off Orla | News'>", "<h1>Ferry aground off Orla</h1>");
        assert_eq!(headline_of(&confirmed), "Ferry aground off Orla");
        let topic = page(&format!("{named}<title>Harbour Courier sails – Ferry aground</title>"), "");
        assert_eq!(headline_of(&topic), "Harbour Courier sails – Ferry aground");
        let kept = page("<title>Ferry aground - what we know</title>", "");
        assert_eq!(headline_of(&kept), "Ferry aground - what we know");
        let graph_names_site = "<meta property=og:title content='The Harbour Courier'><title>Ferry aground</title>";
        assert_eq!(headline_of(&page(&format!("{named}{graph_names_site}"), "")), "Ferry aground");
        let cut = r#"<script type=application/ld+json>
            {"@type": "Article", "headline": "Ferry runs aground off Saint…"}</script>"#;
        assert_eq!(
            headline_of(&page(cut, "<h1>Ferry runs aground off Saint Orla</h1>")),
            "Ferry runs aground off Saint Orla"
        );
    }

    #[test]
    fn where_the_page_names_no_address_the_known_one_tells() {
        let read = |head: &str, url| metadata_of(&format!("<title>Ferry – Harbour Courier</title>{head}"), url);
        let known = Some("https://www.harbour-courier.example/a");
        assert_eq!(headline_of(&read("", known)), "Ferry");
        assert_eq!(read("", known).url, None);
        assert_eq!(
            headline_of(&read("<link rel=canonical href=https://c.example/a>", known)),
            "Ferry – Harbour Courier"
        );
        assert_eq!(headline_of(&read("", Some("not an address"))), "Ferry – Harbour Courier");
    }
}
