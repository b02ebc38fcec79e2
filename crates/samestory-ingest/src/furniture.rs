//! Blocks that one outlet repeats across its articles: pleas, author boxes, legal lines.
//!
//! *Design.* A paragraph of [`FEWEST_WORDS`] words or more that stands in [`FEWEST_ARTICLES`] or
//! more articles of one outlet may be furniture, or a report that the outlet printed several times.
//! The two differ in their surroundings: furniture follows something else in each article, while
//! the paragraphs of a reprint always follow the same one. So the paragraph must be met behind that
//! many different paragraphs, each of which is not itself repeated.

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use samestory_article::{Article, CutKind};
use xxhash_rust::xxh3::xxh3_64;

/// Articles of the outlet, and different surroundings, that make a repeated block furniture.
const FEWEST_ARTICLES: usize = 4;

/// Shorter blocks are left to the other rules: `Reuters` or `He said.` repeat by chance.
const FEWEST_WORDS: usize = 8;

/// Marks repeated blocks in all articles whose outlet is known.
pub fn mark_repeated_blocks(articles: &mut [Article]) {
    let blocks: Vec<Vec<(u64, std::ops::Range<usize>)>> = articles.par_iter().map(blocks_of).collect();
    let mut by_outlet: FxHashMap<&str, Vec<usize>> = FxHashMap::default();
    for (at, article) in articles.iter().enumerate() {
        if let Some(outlet) = &article.outlet {
            by_outlet.entry(outlet).or_default().push(at);
        }
    }
    let mut marked: Vec<(usize, std::ops::Range<usize>)> = by_outlet
        .into_par_iter()
        .filter(|(_, members)| members.len() >= FEWEST_ARTICLES)
        .flat_map_iter(|(_, members)| {
            let furniture = repeated(&members, &blocks);
            members
                .into_iter()
                .flat_map(|at| blocks[at].iter().map(move |(hash, range)| (at, *hash, range.clone())))
                .filter(move |(_, hash, _)| furniture.contains(hash))
                .map(|(at, _, range)| (at, range))
                .collect::<Vec<_>>()
        })
        .collect();
    marked.sort_by_key(|(at, range)| (*at, range.start));
    for (at, range) in marked {
        articles[at].cut(range, CutKind::Furniture);
    }
}

fn blocks_of(article: &Article) -> Vec<(u64, std::ops::Range<usize>)> {
    article
        .paragraphs()
        .filter(|range| is_whole(&article.text[range.clone()]))
        .map(|range| (xxh3_64(article.text[range.clone()].to_lowercase().as_bytes()), range))
        .collect()
}

/// Whether a paragraph is of some length and a sentence or more. A line of a text that is wrapped at a
/// fixed width is neither its outlet's furniture nor a paragraph.
fn is_whole(paragraph: &str) -> bool {
    paragraph.split_whitespace().nth(FEWEST_WORDS - 1).is_some()
        && !paragraph.starts_with(char::is_lowercase)
        && paragraph.ends_with(['.', '!', '?', '”', '"', '»', ')', ']'])
}

fn repeated(members: &[usize], blocks: &[Vec<(u64, std::ops::Range<usize>)>]) -> FxHashSet<u64> {
    let mut count: FxHashMap<u64, usize> = FxHashMap::default();
    for &at in members {
        let distinct: FxHashSet<u64> = blocks[at].iter().map(|(hash, _)| *hash).collect();
        distinct.into_iter().for_each(|hash| *count.entry(hash).or_default() += 1);
    }
    let mut surroundings: FxHashMap<u64, FxHashSet<u64>> = FxHashMap::default();
    for &at in members {
        let mut before = None;
        for (hash, _) in &blocks[at] {
            if count[hash] >= FEWEST_ARTICLES {
                surroundings.entry(*hash).or_default().extend(before);
            } else {
                before = Some(*hash);
            }
        }
    }
    surroundings.into_iter().filter(|(_, before)| before.len() >= FEWEST_ARTICLES).map(|(hash, _)| hash).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn article(number: usize, text: String) -> Article {
        let mut article = Article::new(format!("a{number}").into());
        article.outlet = Some("Herald".into());
        article.text = text;
        article
    }

    #[test]
    fn a_plea_is_cut_and_a_reprint_stays() {
        let plea = "Please support our small newsroom by giving what you can today.";
        let report = "The ferry ran aground on the sand bank early on Tuesday morning.\nAll of the people on board were safe by noon, the company said.";
        let mut articles: Vec<Article> = (0..4)
            .map(|n| article(n, format!("Report number {n} has its own words, none of them said elsewhere.\n{plea}")))
            .chain((4..9).map(|n| article(n, report.to_owned())))
            .collect();
        mark_repeated_blocks(&mut articles);
        assert!(articles[..4].iter().all(|a| !a.body_text().contains("newsroom")));
        assert!(articles[4..].iter().all(|a| a.body_text() == report));
    }
}
