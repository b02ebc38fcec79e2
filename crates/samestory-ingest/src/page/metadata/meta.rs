//! Meta elements: the names that each field may stand under, best first, and the values they hold.
//!
//! Names are compared without case and punctuation, since `DC.date` is also written `dc:date`.

use super::MOST_CANDIDATES;
use super::found::Found;
use super::text::clean;

pub(super) const HEADLINE: &str = "\
    og:title twitter:title parsely-title sailthru.title citation_title dc.title dcterms.title headline title";
pub(super) const STANDFIRST: &str = "\
    og:description twitter:description description sailthru.description dc.description";
pub(super) const OUTLET: &str = "og:site_name application-name dc.publisher dcterms.publisher";
pub(super) const PUBLISHED: &str = "\
    article:published_time og:article:published_time og:published_time article:published parsely-pub-date \
    sailthru.date datePublished dcterms.issued dc.date.issued dc.date.published citation_publication_date \
    citation_online_date citation_date pubdate publish-date published-date publication-date published \
    publishtime published_at date dc.date dcterms.date article_date_original cXenseParse:recs:publishtime";
pub(super) const CREATED: &str = "dcterms.created dc.date.created dc.created date.created created";
pub(super) const MODIFIED: &str = "\
    article:modified_time og:updated_time dcterms.modified dc.date.modified dateModified last-modified lastmod \
    revised";
pub(super) const URL: &str = "parsely-link twitter:url dc.identifier";
pub(super) const LANGUAGE: &str = "og:locale content-language dc.language dcterms.language language";
pub(super) const SECTION: &str = "article:section parsely-section section";
pub(super) const BYLINE: &str = "\
    article:author author parsely-author sailthru.author dc.creator dcterms.creator citation_author byl";

/// Whether a property is a date of publication, be it with the prefix of its vocabulary.
pub(super) fn is_date_name(property: &str) -> bool {
    let bare = property.rsplit(':').next().unwrap_or_default();
    PUBLISHED.split(' ').chain(CREATED.split(' ')).any(|name| same_name(name, property) || same_name(name, bare))
}

fn same_name(a: &str, b: &str) -> bool {
    fn bare(name: &str) -> impl Iterator<Item = u8> {
        name.bytes().filter(u8::is_ascii_alphanumeric).map(|b| b.to_ascii_lowercase())
    }
    bare(a).eq(bare(b))
}

impl<'a> Found<'a> {
    /// The first value under a name.
    pub(super) fn meta(&self, name: &str) -> Option<String> {
        self.meta_raw(name).find_map(clean)
    }

    /// The first value under each of the names.
    pub(super) fn meta_each(&self, names: &str) -> impl Iterator<Item = String> {
        names.split(' ').filter_map(|name| self.meta(name))
    }

    /// All values under a name.
    pub(super) fn meta_all(&self, name: &str) -> Vec<String> {
        self.meta_raw(name).take(MOST_CANDIDATES).filter_map(clean).collect()
    }

    /// All values under a name, as they stand in the page.
    pub(super) fn meta_raw(&self, name: &str) -> impl Iterator<Item = &'a str> {
        self.metas.iter().filter(move |(given, _)| same_name(given, name)).map(|(_, content)| *content)
    }
}
