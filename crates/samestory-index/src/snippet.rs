//! The part of a text that shows best why it was found.

use std::ops::Range;

use samestory_article::{Article, Token, Tokenizer};
use serde::Serialize;

use crate::words::AskedStems;

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

/// A place in the text where a stem stands that was asked for: its position, its bytes, and the number of the stem.
type Place = (usize, Range<usize>, u32);

/// The stretch of the body with the most of the asked stems; its start where none is in it.
pub fn snippet(article: &Article, stems: &mut AskedStems) -> Snippet {
    let tokens = Tokenizer.body(article);
    let list = tokens.as_slice();
    let Some(last) = list.len().checked_sub(1) else {
        return Snippet { text: String::new(), highlights: Vec::new() };
    };
    let mut asked: Vec<Place> = Vec::new();
    stems.each_place(&tokens, article.language, |position, span, stem| asked.push((position, span, stem)));
    let start = best_start(&asked);
    let end = (start + WORDS - 1).min(last);
    shown(article, &list[start..=end], &asked)
}

/// The position from which a window holds the most different stems, then the most words asked for.
fn best_start(asked: &[Place]) -> usize {
    // A query of more than 64 stems is told apart by the first of them.
    let bit = |at: usize| 1u64 << asked[at].2.min(u64::BITS - 1);
    let window = |first: usize| {
        let end = asked[first].0 + WORDS - 8;
        (first..asked.len()).take_while(move |at| asked[*at].0 < end)
    };
    (0..asked.len())
        .max_by_key(|&first| {
            let different = window(first).fold(0, |seen, at| seen | bit(at)).count_ones();
            (different, window(first).count().min(WORDS), std::cmp::Reverse(first))
        })
        .map_or(0, |first| asked[first].0.saturating_sub(6))
}

fn shown(article: &Article, words: &[Token], asked: &[Place]) -> Snippet {
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
        let mut stems = AskedStems::new(["ceasefir".to_owned()]);
        let snippet = snippet(&article, &mut stems);
        let marked: Vec<&str> = snippet.highlights.iter().map(|range| &snippet.text[range.clone()]).collect();
        assert_eq!(marked, ["cease-fires"]);
    }

    #[test]
    fn a_word_behind_an_elision_is_marked() {
        let mut article = Article::new("a".into());
        article.language = Language::parse("fr");
        article.text = "Le préfet a vu l'éboulement et l'arrêté.".into();
        let mut stems = AskedStems::new(["éboul".to_owned(), "arrêt".to_owned()]);
        let snippet = snippet(&article, &mut stems);
        let marked: Vec<&str> = snippet.highlights.iter().map(|range| &snippet.text[range.clone()]).collect();
        assert_eq!(marked, ["l'éboulement", "l'arrêté"]);
    }
}
