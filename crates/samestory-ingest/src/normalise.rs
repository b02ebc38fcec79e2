//! Finds what in a text is not the article's own reporting, and marks it as cut.
//!
//! *Motivation.* The same report carries another dateline, another credit and another list of links
//! in each paper that prints it. Compared, these make unlike what is alike and alike what is not.
//!
//! *Design.* Nothing is removed: every rule adds a [`Cut`] to the article. The rules
//! look at the opening (dateline, byline, credit) and at the end (credit, link list, share lines);
//! the middle of a text is left alone. What an outlet repeats across its articles needs the whole
//! collection and is found by the module `furniture`.
//!
//! *Consequences.* A rule that is wrong hides at most a few words, and a person can see which.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use samestory_article::{Article, Cut, CutKind};

use crate::agency::{Agencies, Opening};

/// A line that opens a list of links to other pieces.
static LINK_LIST_HEAD: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)^(?:today[’']?s top (?:news|stories)|top (?:news|stories)|(?:read|see|learn) (?:more|also|next)|more (?:from|on|stories|news|in)\b.{0,40}|related(?: (?:articles?|stories|news|content|coverage|links|topics))?|most (?:read|popular|viewed)|latest news|also (?:read|in)\b.{0,40}|you (?:may|might) also like|recommended(?: for you| stories)?|trending(?: now)?|editors?[’']? picks?|in case you missed it|(?:à|a) lire aussi|lire aussi|lisez aussi|sur le même sujet|mehr zum thema|lesen sie auch|leer más|lea también|leggi anche|tin liên quan|xem thêm)\s*[:.]?\s*$",
    )
});

/// A line that is a link or a plea by itself. What follows its first words is bounded by [`TAILS`]: a bound inside the
/// pattern is a hundred states of the machine for each letter, which took half of the time of a short run.
static FURNITURE_LINE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"(?i)^(?:",
        r"(?:read more\s*[:|>»-]|(?:read|see|watch) (?:also|next)\s*[:|>»-]|related\s*[:|>»-]|also read\s*[:|>»-]",
        r"|lire aussi\s*[:|>»-]|xem thêm\s*[:|>»-]|\(?(?:(?:additional )?reporting|writing|editing|compiled) by (?-i:\p{Lu})",
        r"|copyright (?:©|\(c\)|\d{4})|©)(?P<tail200>.*)",
        r"|(?:sign up (?:for|to)|subscribe (?:to|now|today)|click here)\b(?P<tail120>.*)",
        r"|(?:follow (?:us|him|her|them|me) on\b",
        r"|(?:like|join) us on (?:facebook|twitter|x|instagram|whatsapp|telegram|youtube|linkedin|tiktok)\b",
        r"|all rights reserved\.?)(?P<tail80>.*)",
        r"|(?:(?:please )?share (?:this|on|via|with)|partager (?:cet article|sur))\b(?P<tail60>.*)",
        r"|advertisement|story continues below(?: advertisement)?|loading\.{0,3}|print this (?:article|page)",
        r"|e-?mail this (?:article|story|page))$",
    ))
});

/// Most characters of what follows the first words of a [`FURNITURE_LINE`], by the group that holds it.
const TAILS: [(&str, usize); 4] = [("tail200", 200), ("tail120", 120), ("tail80", 80), ("tail60", 60)];

/// First letters of what the two patterns above match, in lower case; what begins with anything but a letter or digit
/// of ASCII is left to them.
const LINK_LIST_HEAD_STARTS: &[u8] = b"aeilmrstxy";
const FURNITURE_LINE_STARTS: &[u8] = b"acefjlprswx";

/// Bytes of the longest line that opens a list of links.
const LONGEST_HEAD: usize = 300;

static BYLINE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^(?i:by)\s+(?P<who>\p{Lu}[\p{L}.'’-]*(?:(?:,?\s+(?i:and|of|for|the|in|with)?\s*|,\s*|/|\s*\|\s*)\p{Lu}[\p{L}.'’-]*){0,9})\s*$",
    )
});

fn pattern(text: &str) -> Regex {
    Regex::new(text).unwrap_or_else(|error| panic!("a pattern of this module is not valid: {error}"))
}

/// Marks dateline, byline, agency credit and site furniture of one article.
pub(crate) fn mark_cuts(article: &mut Article, agencies: &Agencies) {
    let paragraphs: Vec<_> = article.paragraphs().collect();
    mark_opening(article, agencies, &paragraphs);
    mark_ending(article, agencies, &paragraphs);
}

fn mark_opening(article: &mut Article, agencies: &Agencies, paragraphs: &[Range<usize>]) {
    let mut paragraphs = paragraphs.iter().cloned();
    let Some(mut first) = paragraphs.next() else { return };
    let opening = &article.text[first.clone()];
    // Most reports open otherwise, and then the pattern is not even made.
    let may_be_byline = opening.as_bytes().get(..2).is_some_and(|start| start.eq_ignore_ascii_case(b"by"));
    if let Some(found) = may_be_byline.then(|| BYLINE.captures(opening)).flatten() {
        article.byline.get_or_insert_with(|| found["who"].trim().to_owned());
        article.cut(first, CutKind::Byline);
        match paragraphs.next() {
            Some(next) => first = next,
            None => return,
        }
    }
    let Some(Opening { end, place, agency }) = agencies.opening(&article.text[first.clone()]) else { return };
    let range = first.start..first.start + end;
    let place = place.map(|place| article.text[first.start + place.start..first.start + place.end].trim().to_owned());
    // `(CNN) A truce` has a credit before its text, `(CNN) - A truce` a dateline without a place.
    let dash = article.text[range.clone()].trim_end().ends_with(['-', '–', '—']);
    let kind = if place.is_some() || dash { CutKind::Dateline } else { CutKind::Credit };
    article.agency = article.agency.take().or(agency);
    article.dateline = article.dateline.take().or(place);
    article.cut(range, kind);
}

/// Longest trailing list of links that is taken for furniture, in lines.
const LONGEST_LINK_LIST: usize = 40;

fn mark_ending(article: &mut Article, agencies: &Agencies, paragraphs: &[Range<usize>]) {
    let mut agency = None;
    let found = ending(article, paragraphs, |line| {
        let credited = agencies.credited(&article.text[line.clone()]).first().map(|agency| (*agency).to_owned());
        agency = agency.take().or(credited.clone());
        credited.is_some()
    });
    article.agency = article.agency.take().or(agency);
    // From front to back, which adds each cut behind the others.
    found.into_iter().rev().for_each(|(range, kind)| article.cut(range, kind));
}

/// Marks the closing furniture of an article again, of which all furniture was unmarked; its credits are marked.
pub(crate) fn mark_closing_furniture(article: &mut Article) {
    let paragraphs: Vec<_> = article.printed_paragraphs().collect();
    let is_credit = |line: &Range<usize>| {
        let covers = |cut: &Cut| cut.start as usize <= line.start && line.end <= cut.end as usize;
        article.cuts.iter().any(|cut| cut.kind == CutKind::Credit && covers(cut))
    };
    let mut found = ending(article, &paragraphs, is_credit);
    found.retain(|(_, kind)| *kind == CutKind::Furniture);
    found.into_iter().rev().for_each(|(range, kind)| article.cut(range, kind));
}

/// What closes an article, from back to front: credits, lines of furniture and lists of links.
fn ending(
    article: &Article,
    paragraphs: &[Range<usize>],
    mut is_credit: impl FnMut(&Range<usize>) -> bool,
) -> Vec<(Range<usize>, CutKind)> {
    // The first paragraph is the report itself, whatever it looks like.
    let floor = usize::from(!paragraphs.is_empty());
    let mut keep = paragraphs.len();
    let mut found = Vec::new();
    while keep > floor {
        let line = &article.text[paragraphs[keep - 1].clone()];
        if is_credit(&paragraphs[keep - 1]) {
            found.push((paragraphs[keep - 1].clone(), CutKind::Credit));
        } else if is_furniture_line(line) || is_link_list_head(line) {
            found.push((paragraphs[keep - 1].clone(), CutKind::Furniture));
        } else if let Some(head) = link_list_before(article, paragraphs, floor, keep) {
            found.push((paragraphs[head].start..paragraphs[keep - 1].end, CutKind::Furniture));
            keep = head;
            continue;
        } else {
            break;
        }
        keep -= 1;
    }
    found
}

/// The head of a list of links that ends at paragraph `keep - 1`, if one does.
fn link_list_before(article: &Article, paragraphs: &[Range<usize>], floor: usize, keep: usize) -> Option<usize> {
    (floor..keep)
        .rev()
        .take(LONGEST_LINK_LIST)
        .take_while(|&at| reads_like_a_link(&article.text[paragraphs[at].clone()]))
        .find(|&at| is_link_list_head(&article.text[paragraphs[at].clone()]))
}

/// Words from which on a line that ends in a full stop is a sentence: `Also in doubt was the ferry.`
const SENTENCE: usize = 5;

fn may_start(line: &str, starts: &[u8]) -> bool {
    line.bytes().next().is_some_and(|byte| !byte.is_ascii_alphanumeric() || starts.contains(&byte.to_ascii_lowercase()))
}

fn is_furniture_line(line: &str) -> bool {
    may_start(line, FURNITURE_LINE_STARTS)
        && FURNITURE_LINE.captures(line).is_some_and(|found| {
            let fits = |(tail, most): &(&str, usize)| {
                found.name(tail).is_none_or(|tail| tail.as_str().chars().nth(*most).is_none())
            };
            TAILS.iter().all(fits)
        })
}

fn is_link_list_head(line: &str) -> bool {
    if line.len() > LONGEST_HEAD || !may_start(line, LINK_LIST_HEAD_STARTS) {
        return false;
    }
    let sentence = line.ends_with('.') && line.split_whitespace().nth(SENTENCE - 1).is_some();
    LINK_LIST_HEAD.is_match(line) && !sentence
}

/// A link reads as a short line, often behind a bullet, that does not end as a sentence does.
fn reads_like_a_link(line: &str) -> bool {
    let bullet = line.starts_with(['-', '–', '•', '*', '·', '>', '»']);
    let sentence = line.ends_with(['.', '”', '"', '!']);
    line.split_whitespace().count() <= 25 && (bullet || !sentence)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use regex_syntax::hir::literal::Extractor;

    use super::*;
    use crate::outlet_table::OutletTable;

    fn marked(text: &str) -> Article {
        let mut article = Article::new("a".into());
        article.text = text.into();
        mark_cuts(&mut article, OutletTable::built_in().agencies());
        article
    }

    #[test]
    fn datelines_are_kept_as_fields() {
        let cases = [
            ("ISTANBUL — Two ministers met.", Some("ISTANBUL"), None),
            ("TRIPOLI, Jan 8 (Reuters) - Two ministers met.", Some("TRIPOLI"), Some("Reuters")),
            ("WASHINGTON (AP) — Two ministers met.", Some("WASHINGTON"), Some("AP")),
            ("NEW YORK, N.Y. -- Two ministers met.", Some("NEW YORK, N.Y"), None),
            ("(CNN) Two ministers met.", None, Some("CNN")),
            ("PARIS, 8 janvier (AFP) – Two ministers met.", Some("PARIS"), Some("AFP")),
            ("Berlin (dpa/lbg) - Two ministers met.", Some("Berlin"), Some("dpa")),
            ("Madrid, 8 ene (EFE).- Two ministers met.", Some("Madrid"), Some("EFE")),
            ("(ANSA) - ROMA, 08 GEN - Two ministers met.", Some("ROMA"), Some("ANSA")),
            ("МОСКВА, 8 января. /ТАСС/. Two ministers met.", Some("МОСКВА"), Some("TASS")),
            ("BEIJING, Jan. 8 (Xinhua) -- Two ministers met.", Some("BEIJING"), Some("Xinhua")),
        ];
        for (text, place, agency) in cases {
            let article = marked(text);
            assert_eq!(article.body_text(), "Two ministers met.", "{text}");
            assert_eq!(article.dateline.as_deref().map(|d| d.trim_end_matches('.')), place, "{text}");
            assert_eq!(article.agency.as_deref(), agency, "{text}");
        }
    }

    #[test]
    fn a_plain_opening_is_left_alone() {
        for text in [
            "The U.S. - a rich country - voted.",
            "NATO said on Monday it will stay.",
            "A man - no, two.",
            "(Tuesday) It rained.",
        ] {
            assert_eq!(marked(text).body_text(), text);
        }
    }

    #[test]
    fn a_trailing_link_list_is_cut() {
        let article =
            marked("The truce holds.\nSo far it does.\nToday's Top News\n- One thing\n- Another thing?\n- A third");
        assert_eq!(article.body_text(), "The truce holds.\nSo far it does.\n");
        let article = marked("The truce holds.\nRead more: A truce in the making\nShare this article");
        assert_eq!(article.body_text().trim(), "The truce holds.");
    }

    #[test]
    fn a_sentence_that_begins_like_a_link_stays() {
        for line in [
            "Also in doubt was the ferry.",
            "More on the way, he said.",
            "Join us on the bridge, she said.",
            "Editing by hand is slow, she said.",
        ] {
            let text = format!("The truce holds.\n{line}");
            assert_eq!(marked(&text).body_text(), text);
        }
        let article = marked("The truce holds.\n(Reuters)\n(Reporting by Mara Voss; Editing by Ada Grace)");
        assert_eq!(article.body_text().trim(), "The truce holds.");
        assert_eq!(article.agency.as_deref(), Some("Reuters"));
    }

    #[test]
    fn a_list_that_is_the_report_stays() {
        let text = "The winners are:\n- Ada\n- Grace";
        assert_eq!(marked(text).body_text(), text);
    }

    /// The letters that a match begins with, in lower case.
    fn starts_of(pattern: &Regex) -> BTreeSet<u8> {
        let parsed = regex_syntax::Parser::new().parse(pattern.as_str()).expect("a pattern");
        let prefixes = Extractor::new().limit_literal_len(1).limit_total(1_000).extract(&parsed);
        let first = prefixes.literals().expect("finite prefixes").iter().filter_map(|prefix| prefix.as_bytes().first());
        first.map(u8::to_ascii_lowercase).filter(u8::is_ascii_lowercase).collect()
    }

    #[test]
    fn first_letters_are_those_of_the_patterns() {
        let sorted = |letters: &[u8]| letters.iter().copied().collect();
        assert_eq!(starts_of(&LINK_LIST_HEAD), sorted(LINK_LIST_HEAD_STARTS));
        assert_eq!(starts_of(&FURNITURE_LINE), sorted(FURNITURE_LINE_STARTS));
    }

    proptest! {
        #[test]
        fn any_text_keeps_sound_cuts(text in "(\\PC|\n){0,300}") {
            let article = marked(&text);
            let mut before = 0;
            for cut in &article.cuts {
                prop_assert!(cut.start >= before && cut.end > cut.start);
                prop_assert!(text.get(cut.start as usize..cut.end as usize).is_some());
                before = cut.end;
            }
        }
    }
}
