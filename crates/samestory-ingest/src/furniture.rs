//! What one outlet repeats across its articles: pleas, author boxes, legal lines, labels, tickers.
//!
//! *Motivation.* No list of such lines can be complete. But an outlet prints its furniture again and
//! again, and a report once.
//!
//! *Design.* A paragraph is counted under its text, in lower case and with the article's own headline
//! left open (`The post … appeared first on …`). It is furniture where [`FEWEST_ARTICLES`] or more of
//! the outlet's articles have it behind as many different paragraphs: the paragraphs of a reprint always
//! follow the same ones. Two kinds of repetition are reporting and stay:
//!
//! - *Background.* An outlet that follows an affair repeats what it is about. The words of such a
//!   paragraph stand in the rest of its articles too, and seldom in the outlet's others; those of a plea
//!   do not.
//! - *Templates.* Weekly reports share sentences that only their numbers tell apart. So numbers are left
//!   open in labels alone, lines that are no sentence, and labels are furniture only at the edges of a
//!   text and only where a tenth of the outlet's articles have them.
//!
//! - *Reprints.* Where several such paragraphs make up two fifths of an article, all of them stay: that is
//!   a report printed again with a line of its own.
//!
//! *Consequences.* Furniture of an outlet with less than four articles is not found, nor is that of a
//! brief which is shorter than its furniture. No cut takes the whole body of an article.

use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::convert::Infallible;
use std::ops::Range;

use memchr::memmem::Finder;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use samestory_article::{Article, CutKind, Tokenizer};
use xxhash_rust::xxh3::xxh3_64;

use crate::normalise::mark_closing_furniture;

/// Articles of the outlet, and different surroundings, that make a repeated paragraph furniture.
const FEWEST_ARTICLES: usize = 4;

/// Shorter paragraphs are labels: `Reuters` or `He said.` repeat by chance.
const FEWEST_WORDS: usize = 8;

/// Bytes of a headline that is left open in the paragraphs of its article: a shorter one is met by chance.
const SHORTEST_HEADLINE: usize = 12;

/// A label is furniture where at least one in so many of the outlet's articles has it.
const LABEL_SHARE: usize = 10;

/// Articles that are looked at to tell background from furniture, with the paragraph and without.
const MOST_LOOKED_AT: usize = 64;

/// A paragraph of an article.
pub(crate) struct Block {
    key: u64,
    start: u32,
    end: u32,
    /// A sentence or more, not a label.
    whole: bool,
}

impl Block {
    fn range(&self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// Marks repeated paragraphs in all articles whose outlet is known. What was marked as such before, beside fewer or
/// other articles, is looked at anew.
pub fn mark_repeated_blocks(articles: &mut [Article]) {
    articles.par_iter_mut().for_each(unmark);
    let blocks: Vec<Box<[Block]>> = articles.par_iter().map(blocks_of).collect();
    mark_blocks(articles, &blocks);
}

/// Takes back what was marked in an article as repeated.
pub(crate) fn unmark(article: &mut Article) {
    article.cuts.retain(|cut| cut.kind != CutKind::Furniture);
    mark_closing_furniture(article);
}

/// As [`mark_repeated_blocks`], given the paragraphs of each article.
pub(crate) fn mark_blocks(articles: &mut [Article], blocks: &[Box<[Block]>]) {
    let there = |at: usize| Ok::<_, Infallible>(Cow::Borrowed(articles[at].text.as_str()));
    let marked = match repeated_blocks(articles, blocks, &there) {
        Ok(marked) => marked,
        Err(never) => match never {},
    };
    for (at, range) in marked {
        articles[at].cut(range, CutKind::Furniture);
    }
}

/// The repeated paragraphs of all articles whose outlet is known, as positions of articles and byte ranges of their
/// texts, in order. `text_of` gives the text of an article; it is asked for few of them.
pub(crate) fn repeated_blocks<'t, E: Send>(
    articles: &[Article],
    blocks: &[Box<[Block]>],
    text_of: &(impl Fn(usize) -> Result<Cow<'t, str>, E> + Sync),
) -> Result<Vec<(usize, Range<usize>)>, E> {
    let mut by_outlet: FxHashMap<&str, Vec<usize>> = FxHashMap::default();
    for (at, article) in articles.iter().enumerate() {
        if let Some(outlet) = &article.outlet {
            by_outlet.entry(outlet).or_default().push(at);
        }
    }
    let of_outlets: Vec<Vec<(usize, Range<usize>)>> = by_outlet
        .into_par_iter()
        .filter(|(_, members)| members.len() >= FEWEST_ARTICLES)
        .map(|(_, members)| of_outlet(&members, articles, blocks, text_of))
        .collect::<Result<_, _>>()?;
    let mut marked = of_outlets.concat();
    marked.sort_by_key(|(at, range)| (*at, range.start));
    Ok(marked)
}

/// Marks repeated paragraphs in articles that come to others of their outlets, which count but stay as they are.
pub fn mark_repeated_blocks_beside(articles: &mut [Article], others: Vec<Article>) {
    let mut all: Vec<Article> = others;
    let first = all.len();
    all.extend(articles.iter_mut().map(|article| std::mem::replace(article, Article::new("".into()))));
    mark_repeated_blocks(&mut all);
    articles.iter_mut().zip(all.drain(first..)).for_each(|(article, marked)| *article = marked);
}

/// The paragraphs of an article.
pub(crate) fn blocks_of(article: &Article) -> Box<[Block]> {
    let headline = article.headline.to_lowercase();
    let own_headline = (headline.len() >= SHORTEST_HEADLINE).then(|| Finder::new(&headline));
    let mut key = String::new();
    article
        .paragraphs()
        .filter_map(|range| {
            let paragraph = &article.text[range.clone()];
            let n_words = paragraph.split_whitespace().take(FEWEST_WORDS).count();
            // One word says nothing, and cut from a short report it could change what it is a copy of.
            if n_words < 2 {
                return None;
            }
            let whole = n_words == FEWEST_WORDS && is_sentence(paragraph);
            key.clear();
            push_lower_case(&mut key, paragraph);
            if own_headline.as_ref().is_some_and(|finder| finder.find(key.as_bytes()).is_some()) {
                key = key.replace(&headline, "\u{1}");
            }
            if !whole {
                key = key.replace(|c: char| c.is_numeric(), "0");
            }
            Some(Block { key: xxh3_64(key.as_bytes()), start: range.start as u32, end: range.end as u32, whole })
        })
        .collect()
}

/// Bytes that are looked at together.
const STRIDE: usize = 64;

/// Appends a text in lower case.
fn push_lower_case(lower: &mut String, text: &str) {
    let start = lower.len();
    lower.push_str(text);
    lower[start..].make_ascii_lowercase();
    // Beside ASCII, punctuation from U+2000 to U+203F is most of what English has, and has no case.
    let is_known = |at: usize| match text.as_bytes()[at] {
        0xc0.. => text.as_bytes()[at..].starts_with(&[0xe2, 0x80]),
        _ => true,
    };
    let mut strides =
        text.as_bytes().chunks(STRIDE).zip((0..).step_by(STRIDE)).filter(|(stride, _)| !stride.is_ascii());
    if !strides.all(|(stride, from)| (from..from + stride.len()).all(is_known)) {
        lower.truncate(start);
        lower.push_str(&text.to_lowercase());
    }
}

/// Whether a paragraph begins and ends as sentences do. A line of a text that is wrapped at a fixed width is neither its
/// outlet's furniture nor a paragraph.
fn is_sentence(paragraph: &str) -> bool {
    !paragraph.starts_with(char::is_lowercase) && paragraph.ends_with(['.', '!', '?', '”', '"', '»', ')', ']'])
}

/// The furniture in the articles of one outlet.
fn of_outlet<'t, E>(
    members: &[usize],
    articles: &[Article],
    blocks: &[Box<[Block]>],
    text_of: &impl Fn(usize) -> Result<Cow<'t, str>, E>,
) -> Result<Vec<(usize, Range<usize>)>, E> {
    let repeated = repeated(members, blocks);
    if repeated.is_empty() {
        return Ok(Vec::new());
    }
    let fewest_with_label = FEWEST_ARTICLES.max(members.len() / LABEL_SHARE);
    let mut told = WordsOfArticles::default();
    let mut furniture: FxHashSet<u64> = FxHashSet::default();
    for (key, repeated) in &repeated {
        let is_furniture = match repeated.whole {
            true => !is_background(repeated, members, articles, text_of, &mut told)?,
            false => repeated.articles.len() >= fewest_with_label,
        };
        if is_furniture {
            furniture.insert(*key);
        }
    }
    let mut found = Vec::new();
    for &at in members {
        let is_furniture: Vec<bool> = blocks[at].iter().map(|block| furniture.contains(&block.key)).collect();
        let leading = is_furniture.iter().take_while(|is| **is).count();
        let trailing = is_furniture.len() - is_furniture.iter().rev().take_while(|is| **is).count();
        let length = |blocks: &mut dyn Iterator<Item = &Block>| blocks.map(|block| block.range().len()).sum::<usize>();
        let whole: Vec<&Block> = blocks[at]
            .iter()
            .zip(&is_furniture)
            .filter(|(block, is)| **is && block.whole)
            .map(|(block, _)| block)
            .collect();
        // A report that is printed again and again with a line of its own looks like furniture, too.
        let reprint = whole.len() > 1 && length(&mut whole.iter().copied()) * 5 > length(&mut blocks[at].iter()) * 2;
        if leading == is_furniture.len() || reprint {
            continue;
        }
        let cut = blocks[at].iter().enumerate().filter(|(number, block)| {
            is_furniture[*number] && (block.whole || *number < leading || *number >= trailing)
        });
        found.extend(cut.map(|(_, block)| (at, block.range())));
    }
    Ok(found)
}

/// A paragraph that stands in several articles of an outlet.
struct Repeated {
    whole: bool,
    /// The articles, each once, and where it stands in them.
    articles: Vec<(usize, Range<usize>)>,
}

/// The paragraphs that enough articles have, behind enough different paragraphs.
fn repeated(members: &[usize], blocks: &[Box<[Block]>]) -> Vec<(u64, Repeated)> {
    let mut keys: Vec<(u64, usize)> =
        members.iter().flat_map(|at| blocks[*at].iter().map(move |block| (block.key, *at))).collect();
    keys.sort_unstable();
    keys.dedup();
    let repeated: FxHashSet<u64> = keys
        .chunk_by(|a, b| a.0 == b.0)
        .filter(|articles| articles.len() >= FEWEST_ARTICLES)
        .map(|articles| articles[0].0)
        .collect();
    if repeated.is_empty() {
        return Vec::new();
    }
    let mut surroundings: FxHashMap<u64, FxHashSet<u64>> = FxHashMap::default();
    let mut found: FxHashMap<u64, Repeated> = FxHashMap::default();
    for &at in members {
        // What opens a text follows its headline, which is its own.
        let mut before = xxh3_64(&at.to_le_bytes());
        for block in blocks[at].iter() {
            if !repeated.contains(&block.key) {
                before = block.key;
                continue;
            }
            surroundings.entry(block.key).or_default().insert(before);
            let articles =
                found.entry(block.key).or_insert_with(|| Repeated { whole: block.whole, articles: Vec::new() });
            if articles.articles.last().is_none_or(|(last, _)| *last != at) {
                articles.articles.push((at, block.range()));
            }
        }
    }
    let mut found: Vec<(u64, Repeated)> =
        found.into_iter().filter(|(key, _)| surroundings[key].len() >= FEWEST_ARTICLES).collect();
    found.sort_by_key(|(key, _)| *key);
    found
}

/// Characters from which a word may say what a paragraph is about.
const TELLING_WORD: usize = 5;

/// Whether a repeated paragraph belongs to what its articles report: whether a third of its telling words
/// stand in the rest of most of them, and in at most half as large a share of the outlet's other articles.
///
/// `told` keeps the words of the articles that were looked at.
fn is_background<'t, E>(
    repeated: &Repeated,
    members: &[usize],
    articles: &[Article],
    text_of: &impl Fn(usize) -> Result<Cow<'t, str>, E>,
    told: &mut WordsOfArticles,
) -> Result<bool, E> {
    let (first, range) = &repeated.articles[0];
    let paragraph = text_of(*first)?[range.clone()].to_lowercase();
    let first = &articles[*first];
    let without_headline = paragraph.replace(&first.headline.to_lowercase(), "");
    let outlet = first.outlet.as_deref().unwrap_or_default().to_lowercase();
    let words: Vec<&str> = telling_words(&without_headline).into_iter().filter(|word| !outlet.contains(word)).collect();
    if words.len() < 3 {
        return Ok(false);
    }
    let words: Vec<u64> = words.into_iter().map(|word| xxh3_64(word.as_bytes())).collect();
    let mut shares = |sample: &[(usize, Range<usize>)]| -> Result<Vec<f64>, E> {
        let mut counts = vec![0usize; words.len()];
        for (at, range) in sample {
            if told.len() >= MOST_TOLD {
                told.clear();
            }
            let there = match told.entry(*at) {
                Entry::Occupied(there) => there.into_mut(),
                Entry::Vacant(empty) => empty.insert(word_counts(&[&articles[*at].headline, &text_of(*at)?])),
            };
            // Most of the others are asked for without a paragraph.
            let own = if range.is_empty() { Vec::new() } else { word_counts(&[&text_of(*at)?[range.clone()]]) };
            let count_in = |counts: &[(u64, u32)], word: &u64| {
                counts.binary_search_by_key(word, |(word, _)| *word).map_or(0, |at| counts[at].1)
            };
            let is_there = words.iter().map(|word| count_in(there, word) > count_in(&own, word));
            counts.iter_mut().zip(is_there).for_each(|(count, is_there)| *count += usize::from(is_there));
        }
        Ok(counts.into_iter().map(|count| count as f64 / sample.len().max(1) as f64).collect())
    };
    let has = |at: &usize| repeated.articles.binary_search_by_key(at, |(with, _)| *with).is_ok();
    let others: Vec<_> = members.iter().filter(|at| !has(at)).map(|at| (*at, 0..0)).collect();
    if others.is_empty() {
        return Ok(false);
    }
    let with = shares(&spread(&repeated.articles))?;
    // Whatever the others hold, so few words are not enough.
    if with.iter().filter(|with| **with >= 0.5).count() * 3 < words.len() {
        return Ok(false);
    }
    let without = shares(&spread(&others))?;
    let telling = with.iter().zip(&without).filter(|(with, without)| **with >= 0.5 && **without * 2.0 <= **with);
    Ok(telling.count() * 3 >= words.len())
}

/// Articles of an outlet whose words are kept.
const MOST_TOLD: usize = 2_048;

/// Telling words, as hashes, and how often they occur, by article.
type WordsOfArticles = FxHashMap<usize, Vec<(u64, u32)>>;

fn word_counts(texts: &[&str]) -> Vec<(u64, u32)> {
    let mut words: Vec<u64> = Vec::new();
    let mut lower = String::new();
    for text in texts {
        lower.clear();
        push_lower_case(&mut lower, text);
        Tokenizer.each_word(&lower, &mut |word| {
            if is_telling(word) {
                words.push(xxh3_64(word.as_bytes()));
            }
        });
    }
    words.sort_unstable();
    words.chunk_by(|a, b| a == b).map(|run| (run[0], run.len() as u32)).collect()
}

fn is_telling(word: &str) -> bool {
    word.len() >= TELLING_WORD && word.chars().nth(TELLING_WORD - 1).is_some()
}

fn telling_words(text: &str) -> FxHashSet<&str> {
    let mut words = FxHashSet::default();
    Tokenizer.each_word(text, &mut |word| {
        if is_telling(word) {
            words.insert(word);
        }
    });
    words
}

/// At most [`MOST_LOOKED_AT`] of the articles, from first to last.
fn spread(articles: &[(usize, Range<usize>)]) -> Vec<(usize, Range<usize>)> {
    let step = articles.len().div_ceil(MOST_LOOKED_AT).max(1);
    articles.iter().step_by(step).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn article(number: usize, text: String) -> Article {
        let mut article = Article::new(format!("a{number}").into());
        article.outlet = Some("Herald".into());
        article.headline = format!("Headline of report {number}");
        article.text = text;
        article
    }

    const SUBJECTS: [&str; 6] = ["harbour", "election", "orchard", "hospital", "railway", "library"];

    fn report(number: usize) -> String {
        let subject = SUBJECTS[number % SUBJECTS.len()];
        format!("Report {number} is of the {subject}, and none of its words are said elsewhere.")
    }

    fn marked(mut articles: Vec<Article>) -> Vec<String> {
        mark_repeated_blocks(&mut articles);
        articles.iter().map(|article| article.body_text().trim().to_owned()).collect()
    }

    #[test]
    fn a_plea_is_cut_and_a_reprint_stays() {
        let plea = "Please support our small newsroom by giving what you can today.";
        let reprint = "The ferry ran aground on the sand bank early on Tuesday morning.\nAll of the people on board were safe by noon, the company said.";
        let articles = (0..4)
            .map(|n| article(n, format!("{}\n{plea}", report(n))))
            .chain((4..9).map(|n| article(n, reprint.to_owned())))
            .collect();
        let bodies = marked(articles);
        assert!(bodies[..4].iter().all(|body| !body.contains("newsroom")));
        assert!(bodies[4..].iter().all(|body| body == reprint));
    }

    #[test]
    fn labels_and_tickers_go_at_the_edges_only() {
        let text = |n: usize| {
            format!(
                "{n} min read\n{}\nRead more\nSecond paragraph {n} of the report, long enough.\nHarbour Index {n}12.5 +0.{n}\nFollow the Herald",
                report(n)
            )
        };
        let bodies = marked((0..6).map(|n| article(n, text(n))).collect());
        for (n, body) in bodies.iter().enumerate() {
            let second = format!("Second paragraph {n} of the report, long enough.");
            assert_eq!(*body, format!("{}\nRead more\n{second}", report(n)));
        }
    }

    #[test]
    fn a_line_with_the_articles_own_headline_is_cut() {
        let text = |n: usize| {
            format!("{}\nThe post Headline of report {n} appeared first on the website of the Herald.", report(n))
        };
        assert_eq!(marked((0..4).map(|n| article(n, text(n))).collect()), (0..4).map(report).collect::<Vec<_>>());
    }

    #[test]
    fn the_background_of_an_affair_stays() {
        let background =
            "The Gannet sank off Saint Orla in March with eleven sailors aboard, and the inquiry continues.";
        let affair = |n: usize| {
            format!(
                "{} Sailors of the Gannet spoke of Saint Orla; the inquiry continues on day {n}.\n{background}",
                report(n)
            )
        };
        let articles =
            (0..5).map(|n| article(n, affair(n))).chain((5..11).map(|n| article(n, report(n)))).collect::<Vec<_>>();
        assert!(marked(articles)[..5].iter().all(|body| body.ends_with(background)));
    }

    #[test]
    fn a_reprint_with_a_line_of_its_own_stays() {
        let shared = "The ferry ran aground on the sand bank early on Tuesday morning.\nAll of the people on board were safe by noon, the company said.\nThe harbour office will hear the captain on Friday in Saint Orla.";
        let text = |n: usize| format!("{}\n{shared}", report(n));
        let bodies = marked((0..6).map(|n| article(n, text(n))).collect());
        assert!(bodies.iter().enumerate().all(|(n, body)| *body == text(n)), "{bodies:?}");
    }

    #[test]
    fn lower_case_is_that_of_the_standard() {
        for text in ["The “Aurelia” — IT’S aground…", "ÉCOLE", "ΟΔΥΣΣΕΥΣ ἐστί", "\u{2126}", "İstanbul", "漢字 AB"]
        {
            let mut lower = String::from("before ");
            push_lower_case(&mut lower, text);
            assert_eq!(lower, format!("before {}", text.to_lowercase()));
        }
    }

    #[test]
    fn templates_stay() {
        let text = |n: usize| {
            format!(
                "Wheat closed at {n}12 a tonne in Port Aubrac on Friday, the board said.\nBarley rose by {n} in the week to Friday, the board said."
            )
        };
        let bodies = marked((0..6).map(|n| article(n, text(n))).collect());
        assert!(bodies.iter().enumerate().all(|(n, body)| *body == text(n)));
    }

    #[test]
    fn no_article_loses_its_whole_body() {
        let notice = "This report was withdrawn by the Herald and will not be replaced by another.";
        let mut articles: Vec<Article> = (0..5).map(|n| article(n, format!("{}\n{notice}", report(n)))).collect();
        articles.push(article(5, notice.to_owned()));
        let bodies = marked(articles);
        assert_eq!(bodies[0], report(0));
        assert_eq!(bodies[5], notice);
    }
}
