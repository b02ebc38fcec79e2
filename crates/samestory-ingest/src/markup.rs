//! Parses HTML within bounds, and makes plain text of a piece of it that is all the article's own.

use ego_tree::iter::Edge;
use html5ever::driver::{ParseOpts, parse_document};
use html5ever::tendril::TendrilSink;
use scraper::node::Node;
use scraper::{Html, HtmlTreeSink, node};

use crate::nesting::attribute_work;
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
    let fragment = parse_html(markup, limits)?;
    let mut paragraphs = vec![String::new()];
    let mut unread: Option<ego_tree::NodeId> = None;
    for edge in fragment.tree.root().traverse() {
        let (node, opens) = match edge {
            Edge::Open(node) => (node, true),
            Edge::Close(node) => (node, false),
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

/// Bytes of a page that are parsed before its size is looked at again.
const CHUNK: usize = 2048;

/// What it may take to parse the attributes of a page, as `attribute_work` counts it: two seconds.
const MOST_ATTRIBUTE_WORK: u64 = 500_000_000;

/// Nodes times nesting: what takes those who walk the page a second or two.
const MOST_NESTED_NODES: usize = 5_000_000;

/// Parses a page within the bounds. Its nesting and its nodes are counted as the parser makes them, since
/// what an element is nested in depends on all that went before.
///
/// # Errors
///
/// A sentence for the user, if the page is over a limit.
pub(crate) fn parse_html(html: &str, limits: &Limits) -> Result<Html, String> {
    if html.len() as u64 > limits.html_bytes {
        return Err(format!("is an HTML page of more than {} bytes (see --max-html-bytes)", limits.html_bytes));
    }
    if attribute_work(html) > MOST_ATTRIBUTE_WORK {
        return Err("has HTML tags with too many attributes".into());
    }
    let mut parser = parse_document(HtmlTreeSink::new(Html::new_document()), ParseOpts::default());
    let mut rest = html;
    while !rest.is_empty() {
        let end = rest.floor_char_boundary(CHUNK);
        parser.process(rest[..end].into());
        rest = &rest[end..];
        let page = parser.tokenizer.sink.sink.0.borrow();
        // The newest node lies in the innermost open element.
        let nesting = page
            .tree
            .nodes()
            .next_back()
            .map_or(0, |newest| newest.ancestors().filter(|node| node.value().is_element()).count());
        check_size(page.tree.values().len(), nesting, limits)?;
    }
    let page = parser.finish();
    let mut nesting = 0usize;
    let mut deepest = 0usize;
    for edge in page.tree.root().traverse() {
        match edge {
            Edge::Open(node) if node.value().is_element() => {
                nesting += 1;
                deepest = deepest.max(nesting);
            }
            Edge::Close(node) if node.value().is_element() => nesting -= 1,
            _ => (),
        }
    }
    check_size(page.tree.values().len(), deepest, limits)?;
    Ok(page)
}

fn check_size(nodes: usize, nesting: usize, limits: &Limits) -> Result<(), String> {
    if nodes > limits.html_nodes {
        return Err(format!("has more than {} HTML nodes (see --max-html-nodes)", limits.html_nodes));
    }
    if nesting > limits.html_nesting {
        return Err(format!("nests HTML elements deeper than {} (see --max-html-nesting)", limits.html_nesting));
    }
    if nodes * nesting > MOST_NESTED_NODES {
        return Err(format!("is too large to be read: {nodes} HTML nodes, nested {nesting} deep"));
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
        let limits = Limits { html_nesting: 12, html_nodes: 60, ..Limits::default() };
        // Within `html` and `body`.
        assert!(plain_text(&"<div>".repeat(10), &limits).is_ok());
        assert!(plain_text(&"<div>".repeat(11), &limits).is_err());
        // Beside the document, `html`, `head` and `body`.
        assert!(plain_text(&"<br>".repeat(56), &limits).is_ok());
        assert!(plain_text(&"<br>".repeat(57), &limits).is_err());
    }

    #[test]
    fn whatever_nests_is_refused() {
        let bombs = [
            "<div>",
            "<div/>",
            "<rt>",
            "<optgroup>",
            "<dd><li>",
            "<!--><div>",
            "<svg><p><div/>",
            "<span><div></span>",
            "<table><tr><td></div>",
            "<svg><desc><div/>",
            "<b><div></b>",
            "<b id=x><p>a",
        ];
        for bomb in bombs {
            assert!(plain_text(&bomb.repeat(100_000), &Limits::default()).is_err(), "{bomb}");
        }
        let attributes = (0..40_000).map(|number| format!(" a{number}")).collect::<String>();
        assert!(plain_text(&format!("<p{attributes}>a"), &Limits::default()).is_err());
    }

    proptest! {
        #[test]
        fn no_markup_panics(markup in "(<p>|</p>|<table>|<b|>|&amp;|&#|;|<!--|\\PC){0,40}") {
            text(&markup);
        }
    }
}
