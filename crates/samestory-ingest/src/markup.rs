//! Markup to plain text, for fields that hold a piece of HTML which is all the article's own.

use scraper::node::Node;
use scraper::{Html, node};

use crate::nesting::{PageSize, page_size};
use crate::settings::Limits;

/// Elements that start a paragraph of their own.
const BLOCKS: &[&str] = &[
    "address",
    "article",
    "aside",
    "blockquote",
    "br",
    "caption",
    "dd",
    "div",
    "dl",
    "dt",
    "figcaption",
    "figure",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "li",
    "main",
    "nav",
    "ol",
    "p",
    "pre",
    "section",
    "table",
    "td",
    "th",
    "tr",
    "ul",
];

/// Elements whose text is not for readers.
const UNREAD: &[&str] = &["head", "iframe", "noscript", "object", "script", "style", "svg", "template"];

/// The text of a piece of HTML, a paragraph a line. Text without markup stays as it is.
///
/// # Errors
///
/// A sentence for the user, if the markup is over a limit.
pub(crate) fn plain_text(markup: &str, limits: &Limits) -> Result<String, String> {
    if !markup.contains(['<', '&']) {
        return Ok(markup.trim().to_owned());
    }
    check_page_size(markup, limits)?;
    let fragment = Html::parse_fragment(markup);
    let mut paragraphs = vec![String::new()];
    let mut unread: Option<ego_tree::NodeId> = None;
    for edge in fragment.tree.root().traverse() {
        let (node, opens) = match edge {
            ego_tree::iter::Edge::Open(node) => (node, true),
            ego_tree::iter::Edge::Close(node) => (node, false),
        };
        match node.value() {
            Node::Element(element) if UNREAD.contains(&element.name()) => match unread {
                None if opens => unread = Some(node.id()),
                Some(id) if !opens && id == node.id() => unread = None,
                _ => (),
            },
            Node::Element(element) if BLOCKS.contains(&element.name()) => paragraphs.push(String::new()),
            Node::Text(text) if opens && unread.is_none() => {
                if let Some(last) = paragraphs.last_mut() {
                    add(last, text);
                }
            }
            _ => (),
        }
    }
    let lines: Vec<&str> = paragraphs.iter().map(|text| text.trim()).filter(|text| !text.is_empty()).collect();
    Ok(lines.join("\n"))
}

/// Adds text to a paragraph, every run of white space as one space.
fn add(paragraph: &mut String, text: &node::Text) {
    for c in text.chars() {
        if !c.is_whitespace() {
            paragraph.push(c);
        } else if !paragraph.ends_with(' ') {
            paragraph.push(' ');
        }
    }
}

/// Formatting elements that may be open at once. Pages made by hand have a dozen.
const MOST_FORMATTING: usize = 64;

/// Attributes of one tag: the time to parse them grows with their square. Words of a quoted value count
/// as such, so this is far above what any page has.
const MOST_ATTRIBUTES: usize = 5_000;

/// Tags times nesting, and bytes times nesting: what takes the parsers a second or two.
const MOST_NESTED_NODES: usize = 5_000_000;
const MOST_NESTED_BYTES: usize = 512 << 20;

/// Checks that a parser can cope with the tags of a page.
///
/// # Errors
///
/// A sentence for the user, if not.
pub(crate) fn check_page_size(html: &str, limits: &Limits) -> Result<(), String> {
    let size = page_size(html);
    if size.nodes > limits.html_nodes {
        return Err(format!("has more than {} HTML tags (see --max-html-nodes)", limits.html_nodes));
    }
    if size.nesting > limits.html_nesting {
        return Err(format!("nests HTML elements deeper than {} (see --max-html-nesting)", limits.html_nesting));
    }
    if size.formatting > MOST_FORMATTING {
        return Err(format!("leaves more than {MOST_FORMATTING} HTML formatting elements open"));
    }
    if size.attributes > MOST_ATTRIBUTES {
        return Err(format!("has an HTML tag of more than {MOST_ATTRIBUTES} words"));
    }
    if size.nodes * size.nesting > MOST_NESTED_NODES || html.len() * size.nesting > MOST_NESTED_BYTES {
        let PageSize { nodes, nesting, .. } = size;
        return Err(format!("is too large to be read: {nodes} HTML tags, nested {nesting} deep"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(markup: &str) -> String {
        plain_text(markup, &Limits::default()).expect("within the limits")
    }

    #[test]
    fn blocks_become_lines() {
        assert_eq!(
            text("<p>One &amp; <b>two</b>.</p>\n<ul><li>three<li>four</ul><script>five</script>six"),
            "One & two.\nthree\nfour\nsix"
        );
        assert_eq!(text("a<br>b"), "a\nb");
        assert_eq!(text("no markup\n\nat all"), "no markup\n\nat all");
        assert_eq!(text("Smith &amp; Sons"), "Smith & Sons");
    }

    #[test]
    fn too_much_markup_is_refused() {
        let limits = Limits { html_nesting: 10, html_nodes: 50, ..Limits::default() };
        assert!(plain_text(&"<div>".repeat(10), &limits).is_ok());
        assert!(plain_text(&"<div>".repeat(11), &limits).is_err());
        assert!(plain_text(&"<br>".repeat(50), &limits).is_ok());
        assert!(plain_text(&"<br>".repeat(51), &limits).is_err());
    }

    proptest! {
        #[test]
        fn no_markup_panics(markup in "(<p>|</p>|<table>|<b|>|&amp;|&#|;|<!--|\\PC){0,40}") {
            text(&markup);
        }
    }
}
