//! One element: the attributes that matter, and its text.
//!
//! No more of an element is looked at than a long value needs, however much it holds.

use scraper::{ElementRef, Node};

use super::LONGEST_VALUE;
use super::text::{clean, folded};

/// Nodes that are looked at for the text of one element.
const MOST_TEXT_NODES: usize = 500;

/// The attributes that matter, read in one go: looking each up by name costs more.
#[derive(Debug, Default)]
pub(super) struct Attributes<'a> {
    pub(super) name: Option<&'a str>,
    pub(super) property: Option<&'a str>,
    pub(super) http_equiv: Option<&'a str>,
    pub(super) itemprop: Option<&'a str>,
    pub(super) itemtype: Option<&'a str>,
    pub(super) content: Option<&'a str>,
    pub(super) datetime: Option<&'a str>,
    pub(super) pubdate: bool,
    pub(super) class: &'a str,
    pub(super) id: &'a str,
    pub(super) rel: &'a str,
    pub(super) href: Option<&'a str>,
    pub(super) lang: Option<&'a str>,
    pub(super) script_type: &'a str,
    pub(super) title: Option<&'a str>,
}

impl<'a> Attributes<'a> {
    pub(super) fn of(element: ElementRef<'a>) -> Self {
        let mut read = Self::default();
        for (name, value) in element.value().attrs() {
            match name {
                "name" => read.name = Some(value),
                "property" => read.property = Some(value),
                "http-equiv" => read.http_equiv = Some(value),
                "itemprop" => read.itemprop = Some(value),
                "itemtype" => read.itemtype = Some(value),
                "content" => read.content = Some(value),
                "datetime" => read.datetime = Some(value),
                "pubdate" => read.pubdate = true,
                "class" => read.class = value,
                "id" => read.id = value,
                "rel" => read.rel = value,
                "href" => read.href = Some(value),
                "lang" | "xml:lang" => read.lang = Some(value),
                "type" => read.script_type = value,
                "title" => read.title = Some(value),
                _ => {}
            }
        }
        read
    }

    pub(super) fn has_class(&self, names: &[&str]) -> bool {
        self.class.split_ascii_whitespace().any(|class| names.iter().any(|name| class.eq_ignore_ascii_case(name)))
    }

    pub(super) fn has_rel(&self, name: &str) -> bool {
        self.rel.split_ascii_whitespace().any(|rel| rel.eq_ignore_ascii_case(name))
    }

    pub(super) fn has_property(&self, name: &str) -> bool {
        self.properties().any(|property| property == name)
    }

    /// The microdata properties whose value the element is.
    pub(super) fn properties(&self) -> impl Iterator<Item = &'a str> {
        self.itemprop.into_iter().flat_map(str::split_ascii_whitespace)
    }
}

/// The name of a microdata person inside an element.
pub(super) fn name_inside(element: ElementRef) -> Option<String> {
    let inside = element.descendent_elements().skip(1).take(MOST_TEXT_NODES);
    let (inner, attributes) =
        inside.map(|inner| (inner, Attributes::of(inner))).find(|(_, a)| a.has_property("name"))?;
    attributes.content.and_then(clean).or_else(|| text_of(inner))
}

/// The text of an element on one line; `None` if it has none.
pub(super) fn text_of(element: ElementRef) -> Option<String> {
    let mut text = String::new();
    for node in element.descendants().take(MOST_TEXT_NODES) {
        match node.value() {
            Node::Text(piece) => {
                let parent = node.parent().and_then(ElementRef::wrap).map(|parent| parent.value().name());
                if !matches!(parent, Some("script" | "style" | "noscript" | "template")) {
                    text.push_str(piece);
                }
            }
            // Two elements side by side are two words, though the source has no space between them.
            Node::Element(inner)
                if inner.name() == "br" || node.prev_sibling().is_some_and(|n| n.value().is_element()) =>
            {
                text.push(' ');
            }
            _ => {}
        }
        if text.len() > 4 * LONGEST_VALUE {
            break;
        }
    }
    folded(&text)
}
