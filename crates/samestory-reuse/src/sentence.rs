//! Where sentences begin and end.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

/// The sentences of a text, as trimmed byte ranges in reading order: those of UAX #29, section 5, where a full stop
/// behind a title, a month or an initial ends none. A line end always ends one.
pub(crate) fn sentences(text: &str) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        sentences_of_line(line, at, &mut spans);
        at += line.len();
    }
    spans
}

fn sentences_of_line(line: &str, offset: usize, spans: &mut Vec<Range<usize>>) {
    let mut start: Option<usize> = None;
    for (at, piece) in line.split_sentence_bound_indices() {
        let from = *start.get_or_insert(at);
        let end = at + piece.len();
        if end < line.len() && ends_with_abbreviation(&line[from..end], &line[end..]) {
            continue;
        }
        push_trimmed(line, from..end, offset, spans);
        start = None;
    }
    if let Some(from) = start {
        push_trimmed(line, from..line.len(), offset, spans);
    }
}

fn push_trimmed(line: &str, span: Range<usize>, offset: usize, spans: &mut Vec<Range<usize>>) {
    let piece = &line[span.clone()];
    let start = span.start + piece.len() - piece.trim_start().len();
    let length = piece.trim().len();
    if length > 0 {
        spans.push(offset + start..offset + start + length);
    }
}

/// Words with a full stop behind which a name or a number follows and no sentence, in lower case.
const ABBREVIATIONS: &[&str] = &[
    "mr", "mrs", "ms", "mx", "dr", "prof", "rev", "hon", "st", "gen", "col", "lt", "sgt", "maj", "capt", "cmdr", "adm",
    "sen", "rep", "gov", "pres", "supt", "vs", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sept", "sep", "oct",
    "nov", "dec", "approx", "mme", "mlle", "sr", "sra", "srta", "dra", "hr", "ing",
];

/// The same where a number follows.
const BEFORE_NUMBERS: &[&str] = &["no", "nos", "nr", "fig"];

/// Whether a piece ends with an abbreviation or an initial that belongs to what follows.
fn ends_with_abbreviation(piece: &str, rest: &str) -> bool {
    let Some(word) = piece.trim_end().strip_suffix('.') else { return false };
    let word = word.rsplit(|c: char| c.is_whitespace() || matches!(c, '(' | '“' | '"' | '‘')).next().unwrap_or(word);
    let initials = word.split('.').all(|part| part.chars().count() == 1 && part.chars().all(char::is_uppercase));
    let word = word.to_lowercase();
    let number = rest.trim_start().starts_with(|c: char| c.is_ascii_digit());
    initials && !word.is_empty()
        || ABBREVIATIONS.contains(&word.as_str())
        || number && BEFORE_NUMBERS.contains(&word.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn abbreviations_end_no_sentence() {
        let text = "Mr. Putin met Gen. K. Hifter on Jan. 12. “They agreed,” he said. It rained!\nNo stop here";
        let found: Vec<&str> = sentences(text).into_iter().map(|span| &text[span]).collect();
        assert_eq!(
            found,
            ["Mr. Putin met Gen. K. Hifter on Jan. 12.", "“They agreed,” he said.", "It rained!", "No stop here"]
        );
    }

    proptest::proptest! {
        #[test]
        fn sentences_are_apart_and_hold_all_words(text in "(\\PC|[A-Za-z. \n]){0,80}") {
            let mut end = 0;
            let mut rest = String::new();
            for span in sentences(&text) {
                proptest::prop_assert!(span.start >= end && !span.is_empty());
                rest.push_str(&text[end..span.start]);
                end = span.end;
            }
            rest.push_str(&text[end..]);
            proptest::prop_assert!(rest.trim().is_empty());
        }
    }
}
