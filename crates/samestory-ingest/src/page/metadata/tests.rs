//! Whole pages: the order of sources, and pages that nobody meant well.
//!
//! The tests of the other files write their pages with the functions here.

use proptest::prelude::*;

use super::day::day_in;
use super::json::read_json;
use super::*;

/// The metadata of a page as it is sent.
pub(super) fn metadata_of(html: &str, known_url: Option<&str>) -> PageMetadata {
    page_metadata(&Html::parse_document(html), known_url)
}

/// The metadata of a page with this head and body.
pub(super) fn page(head: &str, body: &str) -> PageMetadata {
    metadata_of(&format!("<!doctype html><html><head>{head}</head><body>{body}</body></html>"), None)
}

/// The metadata of a page with this JSON-LD and nothing else.
pub(super) fn linked(json: &str) -> PageMetadata {
    page(&format!("<script type=\"application/ld+json\">{json}</script>"), "")
}

pub(super) fn headline_of(metadata: &PageMetadata) -> &str {
    metadata.headline.as_deref().unwrap_or_default()
}

#[test]
fn json_ld_comes_first() {
    let read = page(
        r#"<title>Title element</title><meta property="og:title" content="Graph title">
        <meta property="article:published_time" content="2020-01-09"><meta property="og:site_name" content="Graph">
        <meta property="og:description" content="Graph line"><meta name="author" content="Meta Author">
        <script type="application/ld+json">{"@type": "NewsArticle", "headline": "Linked title",
        "description": "Linked line", "datePublished": "2020-01-08T07:00:00Z", "dateModified": "2021-01-01",
        "publisher": {"@type": "Organization", "name": "Harbour Courier"}, "inLanguage": "en-GB",
        "articleSection": ["Coast", "Ships"], "url": "https://courier.example/a",
        "author": [{"@type": "Person", "name": "Ada Reed"}, {"name": "Bo Finn"}, "Ada Reed"]}</script>"#,
        "<h1>Heading</h1>",
    );
    assert_eq!(headline_of(&read), "Linked title");
    assert_eq!(read.standfirst.as_deref(), Some("Linked line"));
    assert_eq!(read.outlet.as_deref(), Some("Harbour Courier"));
    assert_eq!(read.published, ["2020-01-08T07:00:00Z", "2020-01-09"]);
    assert_eq!(read.url.as_deref(), Some("https://courier.example/a"));
    assert_eq!(read.language.as_deref(), Some("en-GB"));
    assert_eq!(read.section.as_deref(), Some("Coast"));
    assert_eq!(read.byline.as_deref(), Some("Ada Reed, Bo Finn"));
}

#[test]
fn open_graph_then_other_meta_then_markup() {
    let graph = r#"<meta property="og:title" content="Graph"><meta property="og:url" content="https://c.example/g">
        <meta property="og:locale" content="de_DE"><meta property="article:section" content="Küste">
        <meta property="article:author" content="https://social.example/ada">"#;
    let other = r#"<meta name="twitter:title" content="Bird"><meta name="DC.date.issued" content="2020-01-08">
        <meta name="parsely-author" content="By Ada Reed"><meta http-equiv="Content-Language" content="fr, en">
        <meta name="application-name" content="Courier">"#;
    let markup = "<h1>Heading</h1><time datetime=\"2020-01-07\">yesterday</time>";
    let all = page(&format!("{other}{graph}<link rel=canonical href=/c>"), markup);
    assert_eq!(headline_of(&all), "Graph");
    assert_eq!(all.published, ["2020-01-08", "2020-01-07"]);
    assert_eq!(all.url.as_deref(), Some("https://c.example/c"));
    assert_eq!((all.language.as_deref(), all.section.as_deref()), (Some("de-DE"), Some("Küste")));
    assert_eq!(all.byline.as_deref(), Some("Ada Reed"), "an address is no name");
    let two = page(other, markup);
    assert_eq!((headline_of(&two), two.language.as_deref()), ("Bird", Some("fr")));
    assert_eq!(two.outlet.as_deref(), Some("Courier"));
    let three = metadata_of(&format!("<html lang=it>{markup}"), None);
    assert_eq!((headline_of(&three), three.language.as_deref()), ("Heading", Some("it")));
    assert_eq!(three.published, ["2020-01-07"]);
    assert_eq!(three.outlet, None);
}

#[test]
fn hostile_pages_are_read() {
    for html in ["", "<", "\0", "<html", "<h1", "<!--", "<title>", "<script type=application/ld+json>", "&#x110000;"] {
        metadata_of(html, None);
    }
    assert_eq!(metadata_of("", None), PageMetadata::default());
    for json in
        ["[[[[]]]]", "null", "[null, 1, \"x\", {}]", r#"{"@type": null, "headline": 3}"#, r#"{"@type": [1, {}]}"#]
    {
        linked(json);
    }
    let deep = format!("{}{{\"@type\": \"Article\", \"headline\": \"Deep\"}}{}", "[".repeat(90), "]".repeat(90));
    assert_eq!(linked(&deep).headline, None);
    linked(&"[".repeat(100_000));
    linked(&"{\"a\":".repeat(100_000));
    linked(&format!("[{}0]", r#"{"@type": "Article", "headline": "x"},"#.repeat(20_000)));
    page("", &"<div class=comment>".repeat(1_000));
    page("", &"<h1>a - b | c - d".repeat(2_000));
    page(&"<meta name=a content=b>".repeat(20_000), "");
    page("", &"<time datetime=2020-01-01><p itemprop=author>".repeat(500));
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,200}") {
        metadata_of(&text, Some(&text));
        linked(&text);
        day_in(&text);
        read_json(&text);
    }

    #[test]
    fn no_markup_panics(pieces in prop::collection::vec(piece(), 0..40)) {
        let text = pieces.concat();
        metadata_of(&text, None);
        linked(&text);
    }
}

fn piece() -> impl Strategy<Value = &'static str> {
    const PIECES: &str = "\
        <¦>¦<h1>¦</h1>¦<article>¦</article>¦<time datetime=2020>¦<meta name=date content='¦'>¦ä¦\"¦\\¦\\u¦\\ud83d¦\
        d83d¦{¦}¦[¦]¦,¦:¦\"@type\":\"Article\"¦\"headline\"¦ - ¦| ¦<title>¦</title>¦&amp;¦&#8¦8. Januar 2020¦\
        2020-01-08¦T15:¦<script type=application/ld+json>¦</script>¦<div class=comment>¦</div>¦\
        <link rel=canonical href=//¦🦀¦\u{ad}¦…¦<a rel=author>¦<p itemprop=author itemscope>¦/*¦//¦\n";
    prop::sample::select(PIECES.split('¦').collect::<Vec<_>>())
}
