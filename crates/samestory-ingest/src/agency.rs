//! News agencies: how a credit names them, and the dateline that opens their reports.
//!
//! *Motivation.* The same report stands in a hundred papers, each with the agency's name somewhere else
//! and in other words. What credits an agency is not the paper's own text, and says whose text the rest is.
//!
//! *Design.* Names and the words around them are data ([`Agencies::new`]); the code knows only how a credit is
//! built: words before, names with separators between them, words after, and nothing else. A line that holds
//! anything else is a sentence about an agency and no credit. A dateline is found by its shape, and where the
//! shape alone could be an ordinary opening, only with an agency that is known.
//!
//! *Consequences.* An agency that is not in the table is credited only behind a place in capitals. A language
//! that is not in the table costs its wordings; names and datelines are still found.

mod dateline;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};

use unicode_normalization::UnicodeNormalization;

pub(crate) use self::dateline::Opening;

/// The words that stand around the names of agencies in the credits of one language.
///
/// Letter case, and colons and spaces at the ends, do not matter. A word that ends in an apostrophe
/// (`l'`) joins the name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Wording {
    /// What may stand before a name: `with files from`, `source`, `the`.
    pub(crate) before: Vec<String>,
    /// What may stand after the last name: `contributed to this report`.
    pub(crate) after: Vec<String>,
    /// What may join two names, other than punctuation: `and`.
    pub(crate) between: Vec<String>,
}

/// News agencies by the ways they are written.
#[derive(Debug, Clone, Default)]
pub(crate) struct Agencies {
    names: Vec<String>,
    /// By folded spelling, the index of the name.
    by_fold: HashMap<String, usize>,
    /// Folded spellings by their first character, longest first.
    by_start: HashMap<char, Vec<String>>,
    /// Spellings as given, to tell a short credit from a word.
    exact: HashSet<String>,
    /// Spellings as given that are written without spaces around them, longest first, with their names.
    unspaced: Vec<(String, usize)>,
    before: Vec<String>,
    after: Vec<String>,
    between: Vec<String>,
}

/// Longest line that is read as a credit, in bytes: the longest notice of rights in use is shorter.
const LONGEST_CREDIT: usize = 300;

/// An acronym up to this length that stands alone on its line is a credit only in its own letter case.
const LONGEST_ACRONYM: usize = 5;

/// The sign of a German editor behind an agency (`dpa/lbg`) has no more letters than this.
const LONGEST_SIGN: usize = 4;

impl Agencies {
    /// Agencies by their canonical names, each with the spellings it is credited under, and the wordings of
    /// credits. The canonical name is always a spelling too. Where two agencies claim a spelling, the first has it.
    pub(crate) fn new(
        names: impl IntoIterator<Item = (String, Vec<String>)>,
        wordings: impl IntoIterator<Item = Wording>,
    ) -> Self {
        let mut agencies = Agencies::default();
        for (name, spellings) in names {
            let index = agencies.names.len();
            for spelling in std::iter::once(&name).chain(&spellings) {
                agencies.add_spelling(spelling, index);
            }
            agencies.names.push(name);
        }
        for wording in wordings {
            agencies.before.extend(wording.before.iter().map(|words| wording_key(words)));
            agencies.after.extend(wording.after.iter().map(|words| wording_key(words)));
            agencies.between.extend(wording.between.iter().map(|words| wording_key(words)));
        }
        for spellings in agencies.by_start.values_mut() {
            longest_first(spellings);
        }
        for words in [&mut agencies.before, &mut agencies.after, &mut agencies.between] {
            longest_first(words);
        }
        agencies.unspaced.sort_by(|a, b| b.0.len().cmp(&a.0.len()).then_with(|| a.cmp(b)));
        agencies
    }

    fn add_spelling(&mut self, spelling: &str, index: usize) {
        let clean = clean(spelling);
        let folded = fold(spelling);
        let Some(first) = folded.chars().next() else { return };
        if self.by_fold.contains_key(&folded) {
            // Another letter case of a spelling that is there.
            self.exact.insert(clean);
            return;
        }
        if clean.chars().any(is_unspaced) {
            self.unspaced.push((clean.clone(), index));
        }
        self.exact.insert(clean);
        self.by_start.entry(first).or_default().push(folded.clone());
        self.by_fold.insert(folded, index);
    }

    /// The canonical name of the agency that is written exactly so, whatever the letter case and the brackets
    /// and punctuation around it.
    pub(crate) fn named(&self, credit: &str) -> Option<&str> {
        self.index(&fold(credit)).map(|index| self.names[index].as_str())
    }

    fn index(&self, folded: &str) -> Option<usize> {
        let bare = folded.trim_matches(|c: char| !c.is_alphanumeric());
        // `A.P.` ends in a full stop that is part of it.
        self.by_fold.get(folded).or_else(|| self.by_fold.get(bare)).copied()
    }

    /// The canonical names of the agencies that a whole line, or the content of a bracket, credits. Empty where
    /// the line says anything else.
    pub(crate) fn credited(&self, line: &str) -> Vec<&str> {
        let line = line.trim();
        if line.len() > LONGEST_CREDIT || line.contains('\n') {
            return Vec::new();
        }
        let Some(credit) = self.read_credit(&fold(line), line) else { return Vec::new() };
        let mut names: Vec<&str> = Vec::new();
        for index in credit {
            if !names.contains(&self.names[index].as_str()) {
                names.push(&self.names[index]);
            }
        }
        names
    }

    /// The agencies of a folded line that is a credit and nothing else.
    fn read_credit(&self, folded: &str, written: &str) -> Option<Vec<usize>> {
        let mut found = Vec::new();
        let mut framed = false;
        let mut ended = false;
        // Whether a name may follow: at the start, behind punctuation and behind a joining word.
        let mut name_may_follow = true;
        let mut rest = folded;
        let mut shortest = usize::MAX;
        loop {
            let (next, skipped) = skip_punctuation(rest);
            rest = next;
            name_may_follow |= !skipped.trim().is_empty();
            if rest.is_empty() {
                break;
            }
            if name_may_follow
                && !ended
                && let Some((spelling, index)) = self.spelling_at(rest)
            {
                found.push(index);
                shortest = shortest.min(spelling.chars().count());
                rest = &rest[spelling.len()..];
                name_may_follow = false;
            } else if !found.is_empty()
                && !ended
                && let Some(next) = strip_words(&self.between, rest)
            {
                rest = next;
                (framed, name_may_follow) = (true, true);
            } else if name_may_follow
                && !ended
                && let Some(next) = strip_words(&self.before, rest)
                && (found.is_empty() || !next.trim().is_empty())
            {
                rest = next;
                framed = true;
            } else if !found.is_empty()
                && let Some(next) = strip_words(&self.after, rest)
            {
                rest = next;
                (framed, ended) = (true, true);
            } else if !found.is_empty()
                && skipped.contains('/')
                && let Some(sign) = editor_sign(rest, written)
            {
                rest = &rest[sign.len()..];
                framed = true;
            } else {
                return None;
            }
        }
        let bracketed = written.starts_with(|c: char| !c.is_alphanumeric());
        if found.len() == 1 && !framed && !bracketed && shortest <= LONGEST_ACRONYM {
            let bare = clean(written);
            let bare = bare.trim_matches(|c: char| !c.is_alphanumeric());
            if bare.chars().any(char::is_lowercase) && !self.exact.contains(bare) {
                return None;
            }
        }
        Some(found).filter(|found| !found.is_empty())
    }

    /// The longest spelling that a folded text begins with.
    fn spelling_at(&self, folded: &str) -> Option<(&str, usize)> {
        let spellings = self.by_start.get(&folded.chars().next()?)?;
        let spelling = spellings.iter().find(|spelling| begins_with_words(folded, spelling))?;
        Some((spelling, *self.by_fold.get(spelling)?))
    }
}

/// One form for every way a keyboard writes the same signs, with letter case kept.
fn clean(text: &str) -> String {
    if text.is_ascii() {
        return text.replace('`', "'").split_whitespace().collect::<Vec<_>>().join(" ");
    }
    let signs: String = text
        .nfkc()
        .map(|c| match c {
            '‘' | '’' | 'ʼ' | '`' | '´' => '\'',
            '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' => '-',
            '«' | '»' | '“' | '”' | '„' => '"',
            c => c,
        })
        .collect();
    signs.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// [`clean`] in lower case. The dot of the Turkish capital İ goes, so that `İHA`, `IHA` and `iha` are one.
fn fold(text: &str) -> String {
    let lower: String = clean(text).to_lowercase().chars().filter(|&c| c != '\u{307}').collect();
    lower.replace("(c)", "©")
}

/// A wording in the form it is compared in.
fn wording_key(words: &str) -> String {
    fold(words).trim_matches(|c: char| !c.is_alphanumeric() && c != '\'').to_owned()
}

fn longest_first(words: &mut Vec<String>) {
    words.retain(|words| !words.is_empty());
    words.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    words.dedup();
}

/// The text behind the longest of the words that it begins with.
fn strip_words<'t>(words: &[String], text: &'t str) -> Option<&'t str> {
    words.iter().find(|words| begins_with_words(text, words)).map(|words| &text[words.len()..])
}

/// Whether a text begins with whole words.
fn begins_with_words(text: &str, words: &str) -> bool {
    let Some(rest) = text.strip_prefix(words) else { return false };
    match (words.chars().next_back(), rest.chars().next()) {
        (Some(last), Some(next)) => {
            !(last.is_alphanumeric() && next.is_alphanumeric()) || is_unspaced(last) || is_unspaced(next)
        }
        _ => true,
    }
}

/// Whether the script of a character writes words without spaces between them, or hangs particles on them.
fn is_unspaced(c: char) -> bool {
    matches!(c,
        '\u{E00}'..='\u{EFF}' // Thai and Lao
        | '\u{1000}'..='\u{109F}' // Burmese
        | '\u{1780}'..='\u{17FF}' // Khmer
        | '\u{3040}'..='\u{30FF}' // kana
        | '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}' // Han
        | '\u{AC00}'..='\u{D7AF}' // Hangul
    )
}

/// The text behind punctuation and years (`Copyright 2020`), and what was passed over.
fn skip_punctuation(text: &str) -> (&str, &str) {
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(|c: char| !c.is_alphanumeric());
        let year = rest.get(..4).filter(|year| {
            (year.starts_with("19") || year.starts_with("20")) && year.bytes().all(|b| b.is_ascii_digit())
        });
        match year {
            Some(_) if !rest[4..].starts_with(char::is_alphanumeric) => rest = &rest[4..],
            _ => break,
        }
    }
    (rest, &text[..text.len() - rest.len()])
}

/// The sign of an editor at the start of a folded text, if it is in lower case as written.
fn editor_sign<'t>(folded: &'t str, written: &str) -> Option<&'t str> {
    let sign = &folded[..folded.bytes().take_while(u8::is_ascii_lowercase).count()];
    let behind = &folded[sign.len()..];
    let fits = (1..=LONGEST_SIGN).contains(&sign.len()) && !behind.starts_with(char::is_alphanumeric);
    (fits && written.contains(&format!("/{sign}"))).then_some(sign)
}
