//! The text of the article within a web page.
//!
//! Most of a page is not its article: menus, teasers of other reports, newsletter forms, comments. No
//! mark-up says reliably what is what, and every known method errs; but methods that work differently err on
//! different pages. Two are asked, and a plain rule breaks the tie:
//!
//! 1. The page is cut into blocks: text that no block element and no double `<br>` divides.
//! 2. A block has a vote from `trafilatura` (rules about names of tags and classes; Barbaresi, ACL 2021),
//!    one from `libreadability` (scores of subtrees; Mozilla's Readability.js), and one if it reads like a
//!    paragraph, long and with few links (after jusText; Pomikálek 2011), unless an element close around it
//!    is named like something beside the text.
//! 3. Two votes keep a block. Captions and blocks that are mostly links are never kept.
//! 4. Paragraphs between the headline and the text are kept as well: on many pages the standfirst is
//!    outside the body, where no method looks.
//! 5. Lines that only point to another report ("Read more: …") and repeated paragraphs go.
//!
//! Limits. What a script fetches later is not there. Several articles on one page come out as one; a page
//! of teasers comes out as teasers. The pointers of step 5 are known in a few languages only.
//!
//! The two crates are not proof against every page. A panic costs their vote and no more, but a stack
//! overflow would end the program, and time grows with the nodes and the bytes times the nesting: the
//! caller limits tags, nesting, unclosed formatting elements and attributes of a tag beforehand.

use ego_tree::iter::Edge;
use rustc_hash::FxHashSet;
use scraper::node::Element;
use scraper::{Html, Node};
use xxhash_rust::xxh3::xxh3_64;

use crate::guard::guarded;

/// Characters from which a block may be a paragraph; a shorter one may as well be a label or a link.
const PARAGRAPH: usize = 60;
/// Share of link text up to which a block may be a paragraph, in percent. jusText has the same.
const PARAGRAPH_LINKS: usize = 20;
/// Share of link text from which a block is no text of an article, in percent.
const MOSTLY_LINKS: usize = 50;
/// Characters from which a block that is met again is a repetition, and from which it shows where the
/// article lies. Shorter ones, such as the name of a section, occur anywhere.
const TELLING: usize = 40;
/// Blocks around the article in which a short block, such as a heading, can still be part of it.
const MARGIN: usize = 3;
/// Paragraphs of a standfirst.
const STANDFIRST: usize = 3;
/// Share of the text of a method that has to be found on the page, in percent.
const MOST_TEXT: usize = 50;
/// Share of the words of a block that a method has to have taken, in percent.
const MOST_WORDS: usize = 60;
/// Elements around a block that count as close.
const CLOSE: usize = 4;
/// Words that are compared at once to find a block in the text of a method.
const SHINGLE: usize = 3;

/// The text of the article on a page, which is given as it is and parsed: one paragraph, heading or list item a line. None if there is none.
pub(super) fn main_text(html: &str, page: &Html) -> Option<String> {
    let page = blocks(page);
    let by_rules = by_rules(html);
    if share_found(&by_rules, &page) < MOST_TEXT {
        // The text is not in the page but in the data for its scripts, where trafilatura looks too.
        return joined(by_rules.iter());
    }
    let (first, second) = (votes(&page, &by_rules), votes(&page, &by_scores(html)));
    let mut kept: Vec<bool> = page
        .iter()
        .zip(first.into_iter().zip(second))
        .map(|(block, (first, second))| {
            let votes = u8::from(first) + u8::from(second) + u8::from(block.is_paragraph() && !block.aside);
            votes >= 2 && !block.caption && !block.is_links()
        })
        .collect();
    keep_standfirst(&page, &mut kept);
    let mut seen = FxHashSet::default();
    for (block, kept) in page.iter().zip(&mut kept) {
        *kept = *kept && !block.points_elsewhere() && (block.chars < TELLING || seen.insert(block.text.as_str()));
    }
    joined(page.iter().zip(&kept).filter(|(_, kept)| **kept).map(|(block, _)| block))
        .or_else(|| joined(by_rules.iter().filter(|block| !block.is_links())))
}

/// Blocks as lines.
fn joined<'a>(blocks: impl Iterator<Item = &'a Block>) -> Option<String> {
    let lines: Vec<&str> = blocks.map(|block| block.text.as_str()).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// The article as trafilatura sees it. It leans to more text here: what is too much is voted down.
fn by_rules(html: &str) -> Vec<Block> {
    let options = trafilatura::Options::default()
        .with_exclude_comments(true)
        .with_fallback(true)
        .with_links(true)
        .with_focus(trafilatura::ExtractionFocus::FavorRecall);
    guarded(|| trafilatura::extract(html, &options).ok())
        .ok()
        .flatten()
        .map(|article| blocks(&Html::parse_document(&article.content_html)))
        .unwrap_or_default()
}

/// The article as Readability sees it.
fn by_scores(html: &str) -> Vec<Block> {
    guarded(|| libreadability::extract(html, None).ok())
        .ok()
        .flatten()
        .map(|article| blocks(&Html::parse_document(&article.content)))
        .unwrap_or_default()
}

/// A run of text of a page.
#[derive(Debug, Default)]
struct Block {
    /// The text on one line.
    text: String,
    /// Characters without white space.
    chars: usize,
    /// Those of them within links.
    links: usize,
    /// Whether it is of a main heading.
    headline: bool,
    /// Whether it is of any heading.
    heading: bool,
    /// Whether it is of the caption of a picture.
    caption: bool,
    /// Whether an element close around it is named like something beside the text.
    aside: bool,
}

impl Block {
    /// Whether it reads like a paragraph.
    fn is_paragraph(&self) -> bool {
        self.chars >= PARAGRAPH && self.links * 100 < self.chars * PARAGRAPH_LINKS && !self.caption
    }

    /// Whether it is links for the most part.
    fn is_links(&self) -> bool {
        self.links * 100 >= self.chars * MOSTLY_LINKS
    }

    /// Whether it does nothing but point to another report.
    fn points_elsewhere(&self) -> bool {
        let text = self.text.trim_start_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
        self.chars < 2 * PARAGRAPH
            && POINTERS
                .split('|')
                .any(|pointer| text.strip_prefix(pointer).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric)))
    }
}

/// How pointers to other reports begin, in languages of the pages this was measured on.
const POINTERS: &str = "read more|read also|read next|see also|also read|related:|related articles|\
    related stories|more on this|more from|recommended reading|you may also|you might also|don't miss|lesen sie auch|lesen sie hier|lesen sie mehr|lies auch|auch lesen|\
    auch interessant|mehr zum thema|mehr dazu|zum weiterlesen|siehe auch|das könnte sie auch|das könnte dich auch|\
    weitere themen|weitere artikel|weitere beiträge|weitere informationen|weitere nachrichten|schon gelesen|\
    lire aussi|à lire|lisez aussi|voir aussi|en savoir plus|lea también|lea además|vea también|le puede interesar|\
    te puede interesar|más sobre|también te|leia também|leia mais|veja também|saiba mais|czytaj też|czytaj także|\
    czytaj więcej|zobacz też|zobacz także|leggi anche|lees ook";

/// Parts of names, ids and classes of elements that lie beside the text. They decide nothing by
/// themselves, as no name is used by all sites alike.
const ASIDES: &str = "advert|aside|author|box|byline|caption|consent|cookie|copyright|disclaimer|disclosure|footer|\
    newsletter|popup|promo|recommend|related|share|sharing|sidebar|social|sponsor|subscri|widget";

/// Elements that are part of a line.
const INLINE: &[&str] = &[
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font", "i", "img",
    "ins", "kbd", "label", "mark", "nobr", "q", "rp", "rt", "ruby", "s", "samp", "small", "span", "strike", "strong",
    "sub", "sup", "time", "tt", "u", "var", "wbr",
];

/// Elements without text, or with none that is read as such.
const SILENT: &[&str] = &[
    "audio", "button", "canvas", "dialog", "head", "iframe", "input", "map", "math", "noscript", "object", "option",
    "script", "select", "style", "svg", "template", "textarea", "video",
];

/// An element that is open, with the text that is read in it.
#[derive(Debug, Default)]
struct Open {
    /// The text, and what is known of the element.
    block: Block,
    /// Levels on which an element around it counts as close, left.
    aside: usize,
}

/// The blocks of a page in their order.
fn blocks(page: &Html) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open = vec![Open::default()];
    let (mut silent, mut links, mut breaks) = (0usize, 0usize, 0usize);
    for edge in page.tree.root().traverse() {
        match edge {
            Edge::Open(node) => match node.value() {
                Node::Text(text) if silent == 0 => {
                    breaks = if text.trim().is_empty() { breaks } else { 0 };
                    add(&mut open, &text.text, links > 0);
                }
                Node::Element(element) => match element.name() {
                    name if SILENT.contains(&name) => silent += 1,
                    "br" => {
                        breaks += 1;
                        add(&mut open, " ", false);
                        if breaks > 1 {
                            finish(&mut open, &mut blocks);
                        }
                    }
                    name if INLINE.contains(&name) => links += usize::from(name == "a"),
                    _ => {
                        finish(&mut open, &mut blocks);
                        breaks = 0;
                        open.push(within(&open, element));
                    }
                },
                _ => (),
            },
            Edge::Close(node) => match node.value().as_element().map(|element| element.name()) {
                Some(name) if SILENT.contains(&name) => silent -= 1,
                Some("br") | None => (),
                Some(name) if INLINE.contains(&name) => links -= usize::from(name == "a"),
                Some(_) => {
                    finish(&mut open, &mut blocks);
                    open.pop();
                }
            },
        }
    }
    finish(&mut open, &mut blocks);
    blocks
}

/// What is known of an element from its names and the elements around it.
fn within(open: &[Open], element: &Element) -> Open {
    let name = element.name();
    let outer = open.last();
    let heading = matches!(name, "h1" | "h2" | "h3" | "h4" | "h5" | "h6");
    let named_aside = !matches!(name, "html" | "body" | "main" | "article")
        && [Some(name), element.attr("class"), element.attr("id")].into_iter().flatten().any(|names| {
            let names = names.to_ascii_lowercase();
            ASIDES.split('|').any(|aside| names.contains(aside))
        });
    // An element farther out may be the frame of the whole page.
    let aside = if named_aside { CLOSE } else { outer.map_or(0, |outer| outer.aside.saturating_sub(1)) };
    Open {
        aside,
        block: Block {
            headline: name == "h1" || !heading && outer.is_some_and(|outer| outer.block.headline),
            heading: heading || outer.is_some_and(|outer| outer.block.heading),
            caption: matches!(name, "figcaption" | "caption") || outer.is_some_and(|outer| outer.block.caption),
            aside: aside > 0,
            ..Block::default()
        },
    }
}

/// Adds text to the innermost element.
fn add(open: &mut [Open], text: &str, link: bool) {
    if let Some(Open { block, .. }) = open.last_mut() {
        let chars = text.chars().filter(|c| !c.is_whitespace()).count();
        block.chars += chars;
        block.links += if link { chars } else { 0 };
        block.text.push_str(text);
    }
}

/// Ends the block of the innermost element.
fn finish(open: &mut [Open], blocks: &mut Vec<Block>) {
    let Some(Open { block, .. }) = open.last_mut() else { return };
    let text = std::mem::take(&mut block.text);
    let (chars, links) = (std::mem::take(&mut block.chars), std::mem::take(&mut block.links));
    if text.contains(char::is_alphanumeric) {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        blocks.push(Block { text, chars, links, ..*block });
    }
}

/// The words of a text as numbers. In scripts without spaces each character is a word.
fn words(text: &str) -> Vec<u64> {
    let mut words = Vec::new();
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        if word.contains(is_ideograph) {
            words.extend(word.chars().map(u64::from));
        } else {
            words.push(xxh3_64(word.to_lowercase().as_bytes()));
        }
    }
    words
}

/// Whether a character is of a script without spaces between words.
fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{0E00}'..='\u{0EFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17FF}' | '\u{2E80}'..='\u{9FFF}')
}

/// The share of the blocks that can be found in other blocks, in percent of their shingles.
fn share_found(blocks: &[Block], others: &[Block]) -> usize {
    let [text, others] =
        [blocks, others].map(|blocks| blocks.iter().flat_map(|block| words(&block.text)).collect::<Vec<_>>());
    let others: FxHashSet<&[u64]> = others.windows(SHINGLE).collect();
    let found = text.windows(SHINGLE).filter(|shingle| others.contains(shingle)).count();
    (found * 100).checked_div(text.windows(SHINGLE).len()).unwrap_or(100)
}

/// Which blocks of the page a method has taken: those it has as a block of their own, or with most of
/// their words in the same order. Methods cut a page differently and leave out pieces of a block, so that
/// equality would be too much to ask.
///
/// A short block counts only in and around the stretch of the long ones, as the same few words are likely
/// to be in a menu as well.
fn votes(page: &[Block], method: &[Block]) -> Vec<bool> {
    let lines: Vec<Vec<u64>> = method.iter().map(|block| words(&block.text)).collect();
    let text = lines.concat();
    let shingles: FxHashSet<&[u64]> = text.windows(SHINGLE).collect();
    let lines: FxHashSet<Vec<u64>> = lines.into_iter().collect();
    let taken = |block: &Block| {
        let words = words(&block.text);
        let known = words.windows(SHINGLE).filter(|shingle| shingles.contains(shingle)).count();
        let of = words.windows(SHINGLE).len();
        of >= SHINGLE && known * 100 >= of * MOST_WORDS || lines.contains(&words)
    };
    let taken: Vec<bool> = page.iter().map(taken).collect();
    let tells = |&at: &usize| taken[at] && page[at].chars >= TELLING;
    let (first, last) = ((0..page.len()).find(tells), (0..page.len()).rfind(tells));
    let (Some(first), Some(last)) = (first, last) else { return taken };
    let near = first.saturating_sub(MARGIN)..=last + MARGIN;
    taken.iter().enumerate().map(|(at, &taken)| taken && (page[at].chars >= TELLING || near.contains(&at))).collect()
}

/// Keeps the paragraphs that stand between the headline and the text.
fn keep_standfirst(page: &[Block], kept: &mut [bool]) {
    let Some(body) = page.iter().zip(&*kept).position(|(block, kept)| *kept && !block.heading) else { return };
    let Some(headline) = page[..body].iter().rposition(|block| block.headline) else { return };
    let lead = (headline..body).rev().filter(|at| page[*at].is_paragraph() && !page[*at].heading);
    lead.take(STANDFIRST).for_each(|at| kept[at] = true);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(html: &str) -> Option<String> {
        main_text(html, &Html::parse_document(html))
    }

    const FIRST: &str = "The council of the town decided on Tuesday, after a long debate, to build a new bridge \
                         over the river, which has been planned for more than twenty years.";
    const SECOND: &str = "The work is to begin in spring, said the mayor, and it will cost about four million \
                          euros, of which the state pays a half and the town the rest.";
    const THIRD: &str = "Opponents of the plan, among them owners of houses on the bank, have announced that \
                         they will go to court, as they fear noise and floods.";
    const LEAD: &str = "After twenty years of planning the town gets its bridge, but not everybody is happy about it.";

    /// A page with a body and the usual things around it.
    fn page(body: &str) -> String {
        format!(
            "<!DOCTYPE html><html><head><title>The bridge</title><style>p {{ }}</style></head><body>\
             <nav class=menu><ul><li><a href=/a>Politics</a><li><a href=/b>Sports</a></ul></nav>\
             <header><h1>Town builds a bridge</h1></header><div class=intro><p>{LEAD}</p></div>\
             <article class=story>{body}</article>\
             <aside><h3>Most read</h3><ul><li><a href=/c>The cat that came back</a></ul></aside>\
             <div id=comments><p>First comment: a bridge, well, we shall see what comes of it in the end.</p></div>\
             <footer><p>Copyright 2020, all rights reserved</p></footer><script>var x = 'code';</script></body></html>"
        )
    }

    fn lines(html: &str) -> Vec<String> {
        text_of(html).unwrap_or_default().lines().map(str::to_owned).collect()
    }

    #[test]
    fn article_without_what_is_around_it() {
        let body = format!(
            "<p>{FIRST}</p><h2>Work begins in spring</h2><p>{SECOND}</p>\
             <figure><img src=x><figcaption>The bank of the river as it looks today, with all of its trees.</figcaption></figure>\
             <p>Read more: <a href=/d>How bridges are built</a> and what they cost</p><ul><li>Length: 120 metres\
             <li>Width: 12 metres</ul><p>{THIRD}</p>"
        );
        let wanted = [LEAD, FIRST, "Work begins in spring", SECOND, "Length: 120 metres", "Width: 12 metres", THIRD];
        let found = lines(&page(&body));
        assert_eq!(found.iter().filter(|line| *line != "Town builds a bridge").collect::<Vec<_>>(), wanted);
    }

    #[test]
    fn double_breaks_divide_paragraphs() {
        let found = lines(&page(&format!("<div>{FIRST}<br><br>{SECOND}<br> <br/>\n {THIRD}</div>")));
        for paragraph in [FIRST, SECOND, THIRD] {
            assert!(found.iter().any(|line| line == paragraph), "{found:?}");
        }
    }

    #[test]
    fn white_space_is_folded() {
        let found =
            lines(&page(&format!("<p>\n  {}\t</p><p>{SECOND}</p><p>{THIRD}</p>", FIRST.replace(' ', " \n&nbsp;"))));
        assert!(found.iter().any(|line| line == FIRST), "{found:?}");
    }

    #[test]
    fn text_in_data_for_scripts() {
        let html = format!(
            "<html><head><script type='application/ld+json'>{{\"@type\": \"NewsArticle\", \"articleBody\": \
             \"{FIRST} {SECOND} {THIRD}\"}}</script></head><body><div id=app></div></body></html>"
        );
        assert_eq!(lines(&html).join(" "), format!("{FIRST} {SECOND} {THIRD}"));
    }

    #[test]
    fn pages_without_an_article() {
        let links = "<div><a href=/x>Some report of today</a></div>".repeat(50);
        for html in ["", " ", "<", "<html></html>", "\u{0}\u{FFFD}<p", &format!("<body>{links}")] {
            assert_eq!(text_of(html), None, "{html:.40}");
        }
    }

    #[test]
    fn words_of_scripts_without_spaces() {
        assert_eq!(words("A-b").len(), 2);
        assert_eq!(words("大きな橋").len(), 4);
        assert_eq!(words("Straße"), words("straße"));
    }

    /// The threads of the pool have stacks of 2 MiB.
    #[test]
    fn deep_pages_need_little_stack() {
        for tag in ["div", "ul><li", "table><tr><td", "b", "blockquote"] {
            let deep = tag.split('>').count();
            let html = page(&format!("{}<p>{FIRST}</p><p>{SECOND}</p>", format!("<{tag}>").repeat(512 / deep)));
            let text = std::thread::Builder::new().stack_size(2 << 20).spawn(move || text_of(&html));
            assert!(text.unwrap().join().unwrap().is_some(), "{tag}");
        }
    }

    #[test]
    fn cut_off_pages() {
        let html = page(&format!(
            "<p>{FIRST}</p><!-- x --><table><tr><td>{SECOND}</td></tr></table><p>ä&auml;&#x1F600;{THIRD}</p>"
        ));
        for end in (0..html.len()).step_by(7).filter(|end| html.is_char_boundary(*end)) {
            let text = text_of(&html[..end]).unwrap_or_default();
            assert!(text.lines().all(|line| !line.is_empty() && line.trim() == line));
        }
    }
}
