//! JSON-LD objects, and which of them describe the page.
//!
//! The report is the article that names the page's own address, else the one with the page's headline,
//! else the first; an article that names another address and another headline is a teaser and is passed over.

use serde_json::{Map, Value};
use url::Url;

use super::address::same_page;
use super::found::Found;
use super::text::{clean, letters};
use super::{MOST_CANDIDATES, MOST_ENTRIES};

/// Nesting that is followed.
const DEEPEST_JSON: usize = 64;

type Object = Map<String, Value>;

/// What an object describes, the most telling first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// A report.
    Work,
    /// Something written that is an article only where nothing else is.
    OtherWork,
    Page,
    Site,
    Other,
}

/// The kind with this name, also that of a microdata item.
pub(super) fn kind_of(type_name: &str) -> Kind {
    let name = type_name.rsplit(['/', ':', '#']).next().unwrap_or_default();
    match name {
        "Report" | "LiveBlogPosting" | "BlogPosting" | "SocialMediaPosting" => Kind::Work,
        "CreativeWork" | "Recipe" | "HowTo" | "Review" | "CriticReview" | "DiscussionForumPosting" => Kind::OtherWork,
        "WebSite" => Kind::Site,
        _ if name.ends_with("Article") => Kind::Work,
        _ if name.ends_with("Page") => Kind::Page,
        _ => Kind::Other,
    }
}

/// The kind of an object with one type or several.
fn kind(object: &Object) -> Kind {
    match object.get("@type").or_else(|| object.get("type")) {
        Some(Value::String(name)) => kind_of(name),
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).map(kind_of).min().unwrap_or(Kind::Other),
        _ => Kind::Other,
    }
}

/// The objects that describe this page.
#[derive(Debug, Default)]
pub(super) struct LinkedData<'v> {
    all: Vec<&'v Object>,
    /// The report, and other objects for the same report.
    works: Vec<&'v Object>,
    pages: Vec<&'v Object>,
    pub(super) sites: Vec<&'v Object>,
}

impl<'v> LinkedData<'v> {
    pub(super) fn choose(parsed: &'v [Value], found: &Found, url: Option<&Url>) -> Self {
        let mut all = Vec::new();
        parsed.iter().for_each(|value| collect(value, 0, &mut all));
        let of_kind = |wanted: Kind| all.iter().copied().filter(move |object| kind(object) == wanted);
        let mut works: Vec<&Object> = of_kind(Kind::Work).collect();
        if works.is_empty() {
            works = of_kind(Kind::OtherWork).collect();
        }
        let names_page = |object: &Object| url.is_some_and(|url| absolute(object, found).any(|a| same_page(&a, url)));
        let names_other = |object: &Object| {
            let has_path = url.is_some_and(|url| url.path().len() > 1);
            has_path && !names_page(object) && absolute(object, found).next().is_some()
        };
        let is_report = |object: &Object| names_page(object) || has_headline(object, found);
        let chosen = (works.iter().find(|object| names_page(object)))
            .or_else(|| works.iter().find(|object| has_headline(object, found)))
            .or_else(|| works.iter().find(|object| !names_other(object)))
            .copied();
        let same = works.iter().copied().filter(|object| !chosen.is_some_and(|chosen| std::ptr::eq(*object, chosen)));
        Self {
            works: chosen.into_iter().chain(same.filter(|object| is_report(object))).collect(),
            pages: of_kind(Kind::Page).filter(|object| !names_other(object)).collect(),
            sites: of_kind(Kind::Site).collect(),
            all,
        }
    }

    /// The objects for the report, then those for the page.
    pub(super) fn of_page(&self) -> impl Iterator<Item = &'v Object> {
        self.works.iter().chain(&self.pages).copied()
    }

    /// The first text under one of the keys, in the objects for the report.
    pub(super) fn text(&self, keys: &[&str]) -> Option<String> {
        self.works.iter().find_map(|object| keys.iter().find_map(|key| object.get(*key).and_then(value_text)))
    }

    /// All texts under a key.
    pub(super) fn texts(&self, key: &str) -> impl Iterator<Item = String> {
        self.of_page().filter_map(move |object| object.get(key).and_then(value_text))
    }

    pub(super) fn address(&self, found: &Found) -> Option<Url> {
        self.of_page().flat_map(|object| absolute(object, found)).next()
    }

    /// The names in a value: text, an object, a reference to one, a list of such.
    pub(super) fn names(&self, value: &Value) -> Vec<String> {
        let items = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        items.iter().take(MOST_CANDIDATES).filter_map(|item| self.name(item)).collect()
    }

    fn name(&self, value: &Value) -> Option<String> {
        let Value::Object(object) = value else { return value_text(value) };
        let text = |object: &Object, key: &str| object.get(key).and_then(value_text);
        let parts = || Some(format!("{} {}", text(object, "givenName")?, text(object, "familyName")?));
        let referred = || {
            let id = object.get("@id")?.as_str()?;
            let same = |other: &&&Object| other.get("@id").and_then(Value::as_str) == Some(id);
            self.all.iter().filter(same).find_map(|other| text(other, "name"))
        };
        text(object, "name").or_else(parts).or_else(referred)
    }
}

/// Adds an object and those it holds that may describe the page. Lists of other reports, comments and
/// the like are not followed.
fn collect<'v>(value: &'v Value, depth: usize, all: &mut Vec<&'v Object>) {
    if depth > DEEPEST_JSON || all.len() >= MOST_ENTRIES {
        return;
    }
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, depth + 1, all)),
        Value::Object(object) => {
            all.push(object);
            let inner = ["@graph", "mainEntity", "mainEntityOfPage"].into_iter().filter_map(|key| object.get(key));
            inner.for_each(|inner| collect(inner, depth + 1, all));
        }
        _ => {}
    }
}

/// The web addresses under which an object is known.
fn absolute(object: &Object, found: &Found) -> impl Iterator<Item = Url> {
    let written = ["url", "mainEntityOfPage", "@id"].into_iter().filter_map(|key| match object.get(key)? {
        Value::Object(inner) => inner.get("@id").or_else(|| inner.get("url"))?.as_str(),
        other => other.as_str(),
    });
    written.filter_map(|address| found.absolute(address))
}

/// Whether an object has the headline of the page.
fn has_headline(object: &Object, found: &Found) -> bool {
    let headline = object.get("headline").or_else(|| object.get("name")).and_then(value_text);
    let Some(headline) = headline.map(|headline| letters(&headline)).filter(|headline| headline.len() >= 8) else {
        return false;
    };
    let heading = found.heading().map(|heading| heading.text.clone());
    let mut titles = heading.into_iter().chain(found.title.clone()).chain(found.meta("og:title"));
    titles.any(|title| letters(&title).contains(&headline))
}

/// A value as text: strings and numbers, the first of a list, the value or name of an object.
pub(super) fn value_text(value: &Value) -> Option<String> {
    fn at_depth(value: &Value, depth: usize) -> Option<String> {
        match value {
            Value::String(text) => clean(text),
            Value::Number(number) => Some(number.to_string()),
            Value::Array(items) if depth < 4 => items.iter().find_map(|item| at_depth(item, depth + 1)),
            Value::Object(object) if depth < 4 => {
                ["@value", "name"].iter().find_map(|key| at_depth(object.get(*key)?, depth + 1))
            }
            _ => None,
        }
    }
    at_depth(value, 0)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{headline_of, linked, page};

    #[test]
    fn the_object_that_describes_the_page() {
        let json = r#"[[{"@type": "ItemList", "itemListElement": [{"@type": "NewsArticle", "headline": "In a list"}]}],
            {"@type": "NewsArticle", "headline": "Another one", "url": "https://c.example/other"},
            {"@graph": [{"@id": "x:paper", "@type": "Organization", "name": "Courier"},
              {"@id": "x:ada", "@type": "Person", "name": "Ada Reed"},
              {"@type": ["Thing", "http://schema.org/ReportageNewsArticle"], "headline": "This one",
               "mainEntityOfPage": {"@id": "http://www.c.example/this/"}, "publisher": {"@id": "x:paper"},
               "author": {"@id": "x:ada"}, "comment": {"@type": "Comment", "datePublished": "2020-02-02"}}]}]"#;
        let head = format!(
            "<link rel=canonical href=https://c.example/this><script type=' Application/LD+JSON; x'>{json}</script>"
        );
        let read = page(&head, "");
        assert_eq!(headline_of(&read), "This one");
        assert_eq!((read.outlet.as_deref(), read.byline.as_deref()), (Some("Courier"), Some("Ada Reed")));
        assert_eq!(read.published, Vec::<String>::new());
        let nested = r#"{"@type": "WebPage", "mainEntity": {"@type": "Article", "headline": "Nested"}}"#;
        assert_eq!(headline_of(&linked(nested)), "Nested");
        let teaser = r#"<link rel=canonical href=https://c.example/this><title>The page itself</title>
            <script type=application/ld+json>{"@type": "Article", "headline": "A teaser", "datePublished": "2020-01-01",
            "url": "https://c.example/other"}</script>"#;
        let read = page(teaser, "");
        assert_eq!((headline_of(&read), read.published.len()), ("The page itself", 0));
    }
}
