//! The part of a text that shows best why it was found.

use std::ops::Range;

use rustc_hash::FxHashSet;
use samestory_article::{Article, Token, Tokenizer};
use serde::Serialize;

use crate::words::{Side, each_term};

/// A stretch of an article's text with the words that were asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Snippet {
    /// The stretch, on one line.
    pub text: String,
    /// The words that were asked for, as UTF-8 byte ranges of `text`.
    pub highlights: Vec<Range<usize>>,
}

/// Length of a snippet in words.
const WORDS: usize = 32;

/// The stretch of the body with the most of the asked stems; its start where none is in it.
pub fn snippet(article: &Article, stems: &FxHashSet<String>) -> Snippet {
    let tokens = Tokenizer.body(article);
    let list = tokens.as_slice();
    let Some(last) = list.len().checked_sub(1) else {
        return Snippet { text: String::new(), highlights: Vec::new() };
    };
    let mut asked: Vec<(usize, Range<usize>, String)> = Vec::new();
    each_term(&tokens, article.language, Side::Document, |term| {
        if stems.contains(term.text) {
            asked.push((term.position, term.span(), term.text.to_owned()));
        }
    });
    let start = best_start(&asked);
    let end = (start + WORDS - 1).min(last);
    shown(article, &list[start..=end], &asked)
}

/// The position from which a window holds the most different stems, then the most words asked for.
fn best_start(asked: &[(usize, Range<usize>, String)]) -> usize {
    let window = |first: usize| asked.iter().skip(first).take_while(move |(at, ..)| *at < asked[first].0 + WORDS - 8);
    (0..asked.len())
        .max_by_key(|&first| {
            let different: FxHashSet<&str> = window(first).map(|(_, _, stem)| stem.as_str()).collect();
            (different.len(), window(first).count().min(WORDS), std::cmp::Reverse(first))
        })
        .map_or(0, |first| asked[first].0.saturating_sub(6))
}

fn shown(article: &Article, words: &[Token], asked: &[(usize, Range<usize>, String)]) -> Snippet {
    let mut text = String::new();
    let mut highlights: Vec<Range<usize>> = Vec::new();
    let mut before: Option<usize> = None;
    for (step, token) in words.iter().enumerate() {
        let span = token.span();
        // Cut text between two words is not shown.
        if let Some(before) = before {
            let gap = &article.text[before..span.start];
            let bridged = gap.len() > 12 || gap.contains('\n');
            text.push_str(if bridged { " " } else { gap });
        }
        let shown_start = text.len();
        // The last word keeps what closes it, such as a full stop.
        text.push_str(&article.text[span.clone()]);
        if asked.iter().any(|(_, range, _)| range.start <= span.start && span.end <= range.end) {
            match highlights.last_mut() {
                Some(last)
                    if step > 0
                        && text[last.end..shown_start].trim_matches('-').is_empty()
                        && last.end < shown_start =>
                {
                    last.end = text.len();
                }
                _ => highlights.push(shown_start..text.len()),
            }
        }
        before = Some(span.end);
    }
    Snippet { text, highlights }
}

#[cfg(test)]
mod tests {
    use samestory_article::Language;

    use super::*;

    #[test]
    fn the_best_part_is_shown() {
        let mut article = Article::new("a".into());
        article.language = Some(Language::ENGLISH);
        article.text = format!(
            "{}The cease-fires held on Sunday.{}",
            "Before it rained. ".repeat(30),
            " After it snowed.".repeat(30)
        );
        let stems = FxHashSet::from_iter(["ceasefir".to_owned()]);
        let snippet = snippet(&article, &stems);
        let marked: Vec<&str> = snippet.highlights.iter().map(|range| &snippet.text[range.clone()]).collect();
        assert_eq!(marked, ["cease-fires"]);
    }
}
