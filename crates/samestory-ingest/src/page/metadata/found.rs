//! What the mark-up of a page holds, gathered in one walk over its tree.
//!
//! The walk does not recurse: a page may nest deeper than the stack.

use ego_tree::iter::Edge;
use scraper::{ElementRef, Html, Node};

use super::dates::{TimeKind, looks_dated};
use super::element::{Attributes, name_inside, text_of};
use super::meta::is_date_name;
use super::regions::Regions;
use super::text::{clean, says_something, starts_with_ignoring_case};
use super::{MOST_CANDIDATES, MOST_ENTRIES, MOST_SCRIPTS};

/// Bytes of one JSON-LD script; longer ones are passed over.
const LONGEST_SCRIPT: usize = 1 << 20;

/// A value and where it stands: its region, and the bytes of visible text before it.
#[derive(Debug)]
pub(super) struct Placed<T> {
    pub(super) value: T,
    pub(super) region: usize,
    pub(super) offset: usize,
}

#[derive(Debug)]
pub(super) struct Heading {
    pub(super) text: String,
    /// An `<h1>`. Others are headlines on pages that keep `<h1>` for their own name.
    pub(super) top: bool,
    /// Whether the mark-up says that this is the headline.
    pub(super) marked: bool,
}

/// All that the fields are chosen from.
#[derive(Debug, Default)]
pub(super) struct Found<'a> {
    pub(super) metas: Vec<(&'a str, &'a str)>,
    pub(super) scripts: Vec<String>,
    pub(super) canonical: Option<&'a str>,
    pub(super) base: Option<&'a str>,
    pub(super) html_language: Option<&'a str>,
    pub(super) title: Option<String>,
    pub(super) rel_author: Option<String>,
    pub(super) headings: Vec<Placed<Heading>>,
    pub(super) times: Vec<Placed<(TimeKind, String)>>,
    pub(super) dated_lines: Vec<Placed<&'a str>>,
    properties: Vec<Placed<(&'a str, String)>>,
    pub(super) regions: Regions,
    /// The heading that is the headline.
    pub(super) heading: Option<usize>,
    /// Whether the title of the page repeats it.
    pub(super) heading_is_titled: bool,
    /// Bytes of visible text so far.
    offset: usize,
}

impl<'a> Found<'a> {
    pub(super) fn gather(page: &'a Html) -> Self {
        let mut found = Self::default();
        let mut passed_over = None;
        for edge in page.tree.root().traverse() {
            match edge {
                Edge::Open(_) if passed_over.is_some() => {}
                Edge::Open(node) => match node.value() {
                    Node::Text(text) => found.see_text(&text.text),
                    _ if ElementRef::wrap(node).is_none_or(|element| found.enter(element)) => {}
                    _ => passed_over = Some(node.id()),
                },
                Edge::Close(node) => {
                    passed_over = passed_over.filter(|id| *id != node.id());
                    found.regions.leave(node.id(), found.offset);
                }
            }
        }
        found.find_heading();
        found
    }

    /// The first microdata value of the report itself.
    pub(super) fn property(&self, name: &str) -> Option<String> {
        let mut named = self.properties.iter().filter(|placed| placed.value.0 == name);
        named.find(|placed| self.regions.is_of_report(placed.region)).map(|placed| placed.value.1.clone())
    }

    fn placed<T>(&self, value: T) -> Placed<T> {
        Placed { value, region: self.regions.current(), offset: self.offset }
    }

    fn see_text(&mut self, text: &'a str) {
        const LONGEST_DATE_LINE: usize = 120;
        let text = text.trim();
        let dated = text.len() <= LONGEST_DATE_LINE && text.bytes().filter(u8::is_ascii_digit).count() >= 5;
        if dated && self.dated_lines.len() < MOST_CANDIDATES {
            self.dated_lines.push(self.placed(text));
        }
        self.offset += text.len();
    }

    /// Takes what an element holds. Whether to go on to its children.
    fn enter(&mut self, element: ElementRef<'a>) -> bool {
        let name = element.value().name();
        let attributes = Attributes::of(element);
        match name {
            "script" => {
                self.see_script(element, &attributes);
                return false;
            }
            "style" | "noscript" | "template" | "svg" | "iframe" | "textarea" | "select" => return false,
            "html" => self.html_language = attributes.lang,
            "base" => self.base = self.base.or(attributes.href),
            "link" if attributes.has_rel("canonical") => self.canonical = self.canonical.or(attributes.href),
            "title" if self.title.is_none() => self.title = text_of(element),
            "meta" => self.see_meta(&attributes),
            "a" if self.rel_author.is_none() && attributes.has_rel("author") => self.rel_author = text_of(element),
            _ => {}
        }
        // What an element is a property of lies outside the region that it opens.
        self.see_properties(element, &attributes);
        self.regions.enter(element.id(), name, &attributes, self.offset);
        let states_date = attributes.property.is_some_and(is_date_name) && name != "meta";
        if name == "time" || states_date || attributes.has_class(&["published", "dt-published"]) {
            self.see_time(element, &attributes);
        }
        if matches!(name, "h1" | "h2" | "h3") {
            self.see_heading(element, &attributes);
        }
        name != "title"
    }

    fn see_script(&mut self, element: ElementRef, attributes: &Attributes) {
        let is_linked_data = starts_with_ignoring_case(attributes.script_type.trim(), "application/ld+json");
        if is_linked_data
            && self.scripts.len() < MOST_SCRIPTS
            && element.text().map(str::len).sum::<usize>() <= LONGEST_SCRIPT
        {
            self.scripts.push(element.text().collect());
        }
    }

    fn see_meta(&mut self, attributes: &Attributes<'a>) {
        let Some(content) = attributes.content.filter(|content| !content.trim().is_empty()) else { return };
        let names = attributes.property.into_iter().flat_map(str::split_ascii_whitespace);
        let names = names.chain(attributes.name).chain(attributes.http_equiv);
        if self.metas.len() < MOST_ENTRIES {
            self.metas.extend(names.take(4).map(|name| (name, content)));
        }
    }

    fn see_properties(&mut self, element: ElementRef, attributes: &Attributes<'a>) {
        const WANTED: &[&str] = &["author", "articleSection", "dateCreated", "dateModified", "datePublished"];
        for property in attributes.properties().filter(|property| WANTED.contains(property)) {
            if self.properties.len() >= MOST_CANDIDATES {
                return;
            }
            let value = match attributes.content.or(attributes.datetime.filter(|_| property.starts_with("date"))) {
                Some(content) => clean(content),
                None if property == "author" => name_inside(element).or_else(|| text_of(element)),
                None => text_of(element),
            };
            self.properties.extend(value.map(|value| self.placed((property, value))));
        }
    }

    fn see_time(&mut self, element: ElementRef, attributes: &Attributes) {
        const PUBLISHED: &[&str] = &["published", "dt-published", "entry-date", "pubdate", "date-published"];
        const MODIFIED: &[&str] = &["updated", "modified", "dt-updated", "date-modified", "entry-updated"];
        if self.times.len() >= MOST_CANDIDATES {
            return;
        }
        let stated = attributes.datetime.or(attributes.content).or(attributes.title);
        let written = stated.and_then(clean).filter(|written| looks_dated(written));
        let shown = || text_of(element).filter(|text| looks_dated(text) && text.len() <= 64);
        let Some(written) = written.or_else(shown) else { return };
        let kind = if attributes.pubdate
            || attributes.property.is_some_and(is_date_name)
            || attributes.has_property("datePublished")
            || attributes.has_class(PUBLISHED)
        {
            TimeKind::Published
        } else if attributes.has_property("dateModified") || attributes.has_class(MODIFIED) {
            TimeKind::Modified
        } else {
            TimeKind::Unsaid
        };
        self.times.push(self.placed((kind, written)));
    }

    fn see_heading(&mut self, element: ElementRef, attributes: &Attributes) {
        const MARKS: &[&str] = &["entry-title", "p-name", "headline", "article-title", "post-title"];
        if self.headings.len() >= MOST_CANDIDATES {
            return;
        }
        if let Some(text) = text_of(element).filter(|text| says_something(text)) {
            let marked = attributes.has_property("headline") || attributes.has_class(MARKS);
            self.headings.push(self.placed(Heading { text, top: element.value().name() == "h1", marked }));
        }
    }
}
