//! Finds what in a text is not the article's own reporting, and marks it as cut.
//!
//! *Motivation.* The same report carries another dateline, another credit and another list of links
//! in each paper that prints it. Compared, these make unlike what is alike and alike what is not.
//!
//! *Design.* Nothing is removed: every rule adds a [`Cut`](crate::Cut) to the article. The rules
//! look at the opening (dateline, byline, credit) and at the end (credit, link list, share lines);
//! the middle of a text is left alone. What an outlet repeats across its articles needs the whole
//! collection and is found by the ingest crate.
//!
//! *Consequences.* A rule that is wrong hides at most a few words, and a person can see which.

use std::sync::LazyLock;

use regex::Regex;

use crate::{Article, CutKind};

/// Names of news agencies as they stand in a credit, with the name they are kept under.
const AGENCIES: &[(&str, &str)] = &[
    ("reuters", "Reuters"),
    ("thomson reuters", "Reuters"),
    ("ap", "AP"),
    ("the associated press", "AP"),
    ("associated press", "AP"),
    ("afp", "AFP"),
    ("agence france-presse", "AFP"),
    ("xinhua", "Xinhua"),
    ("upi", "UPI"),
    ("dpa", "dpa"),
    ("tass", "TASS"),
    ("interfax", "Interfax"),
    ("ani", "ANI"),
    ("pti", "PTI"),
    ("ians", "IANS"),
    ("efe", "EFE"),
    ("ansa", "ANSA"),
    ("kyodo", "Kyodo"),
    ("kyodo news", "Kyodo"),
    ("yonhap", "Yonhap"),
    ("bloomberg", "Bloomberg"),
    ("cnn", "CNN"),
    ("cnn newsource", "CNN"),
    ("cbs news", "CBS News"),
    ("abc news", "ABC News"),
    ("fox news", "Fox News"),
    ("nbc news", "NBC News"),
    ("pa", "PA"),
    ("press association", "PA"),
    ("aap", "AAP"),
];

/// A line that opens a list of links to other pieces.
static LINK_LIST_HEAD: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)^(?:today[’']?s top (?:news|stories)|top (?:news|stories)|(?:read|see|learn) (?:more|also|next)|more (?:from|on|stories|news|in)\b.{0,40}|related(?: (?:articles?|stories|news|content|coverage|links|topics))?|most (?:read|popular|viewed)|latest news|also (?:read|in)\b.{0,40}|you (?:may|might) also like|recommended(?: for you| stories)?|trending(?: now)?|editors?[’']? picks?|in case you missed it|(?:à|a) lire aussi|lire aussi|lisez aussi|sur le même sujet|mehr zum thema|lesen sie auch|leer más|lea también|leggi anche|tin liên quan|xem thêm)\s*[:.]?\s*$",
    )
});

/// A line that is a link or a plea by itself.
static FURNITURE_LINE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)^(?:read more\s*[:|>»-].{0,200}|(?:read|see|watch) (?:also|next)\s*[:|>»-].{0,200}|related\s*[:|>»-].{0,200}|also read\s*[:|>»-].{0,200}|lire aussi\s*[:|>»-].{0,200}|xem thêm\s*[:|>»-].{0,200}|(?:please )?share (?:this|on|via|with)\b.{0,60}|follow (?:us|him|her|them|me) on\b.{0,80}|(?:like|join) us on\b.{0,80}|sign up (?:for|to)\b.{0,120}|subscribe (?:to|now|today)\b.{0,120}|click here\b.{0,120}|advertisement|story continues below(?: advertisement)?|loading\.{0,3}|print this (?:article|page)|e-?mail this (?:article|story|page)|copyright (?:©|\(c\)|\d{4}).{0,200}|©.{0,200}|all rights reserved\.?.{0,80}|partager (?:cet article|sur)\b.{0,60})$",
    )
});

/// `ISTANBUL, Jan. 8 (Reuters) -`: place, date and credit, each optional, closed by a dash.
static DATELINE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^\s*(?P<place>\p{Lu}[\p{Lu}\d.'’-]+(?:[ ,/]+\p{Lu}[\p{Lu}\d.'’-]*){0,3}(?:,\s*\p{Lu}[\p{L}.]+(?:\s\p{Lu}[\p{L}.]+){0,2})?)?(?:,?\s*(?:(?i:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]*\.?\s+\d{1,2}|\d{1,2}\s+(?i:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]*\.?)(?:,?\s*\d{4})?)?,?\s*(?:\((?P<agency>[^()\n]{2,30})\))?\s*(?:—|–|--?)\s+",
    )
});

/// `(Reuters)` at the start without a dash, or a last line that is only a credit.
static BARE_CREDIT: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\s*\((?P<agency>[^()\n]{2,30})\)\s*[?.:]?\s*"));

static BYLINE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^(?i:by)\s+(?P<who>\p{Lu}[\p{L}.'’-]*(?:(?:,?\s+(?i:and|of|for|the|in|with)?\s*|,\s*|/|\s*\|\s*)\p{Lu}[\p{L}.'’-]*){0,9})\s*$",
    )
});

fn pattern(text: &str) -> Regex {
    Regex::new(text).unwrap_or_else(|error| panic!("a pattern of this module is not valid: {error}"))
}

/// Marks dateline, byline, agency credit and site furniture of one article.
pub fn mark_cuts(article: &mut Article) {
    let paragraphs: Vec<_> = article.paragraphs().collect();
    mark_opening(article, &paragraphs);
    mark_ending(article, &paragraphs);
}

/// The agency that a credit names, under one spelling.
pub fn agency_name(credit: &str) -> Option<&'static str> {
    let credit = credit.trim().trim_start_matches(['©', '-', '–', '—']).trim().to_lowercase();
    let credit = credit.trim_end_matches('.');
    AGENCIES.iter().find(|(written, _)| *written == credit).map(|(_, name)| *name)
}

/// A capitalised label before a dash opens a report only where the report goes on in its line.
const FEWEST_WORDS_AFTER_DATELINE: usize = 3;

fn mark_opening(article: &mut Article, paragraphs: &[std::ops::Range<usize>]) {
    let mut paragraphs = paragraphs.iter().cloned();
    let Some(mut first) = paragraphs.next() else { return };
    if let Some(found) = BYLINE.captures(&article.text[first.clone()]) {
        article.byline.get_or_insert_with(|| found["who"].trim().to_owned());
        article.cut(first, CutKind::Byline);
        match paragraphs.next() {
            Some(next) => first = next,
            None => return,
        }
    }
    let opening = first_bytes(&article.text[first.clone()], 160);
    if let Some(found) = DATELINE.captures(opening) {
        let place = found.name("place").map(|m| m.as_str().trim().to_owned());
        let credit = found.name("agency").map(|m| m.as_str().trim());
        // Behind a place any capitalised name in brackets is a credit; alone it must be a known one.
        let agency = credit
            .and_then(agency_name)
            .or(credit.filter(|credit| place.is_some() && credit.chars().next().is_some_and(char::is_uppercase)));
        let report_follows =
            opening[found[0].len()..].split_whitespace().nth(FEWEST_WORDS_AFTER_DATELINE - 1).is_some();
        if (place.is_some() && report_follows) || agency.is_some() {
            let end = first.start + found[0].len();
            article.agency = article.agency.take().or(agency.map(str::to_owned));
            article.dateline = article.dateline.take().or(place);
            article.cut(first.start..end, CutKind::Dateline);
        }
    } else if let Some(found) = BARE_CREDIT.captures(opening)
        && let Some(agency) = agency_name(&found["agency"])
    {
        let end = first.start + found[0].len();
        article.agency.get_or_insert_with(|| agency.to_owned());
        article.cut(first.start..end, CutKind::Credit);
    }
}

/// Longest trailing list of links that is taken for furniture, in lines.
const LONGEST_LINK_LIST: usize = 40;

fn mark_ending(article: &mut Article, paragraphs: &[std::ops::Range<usize>]) {
    // The first paragraph is the report itself, whatever it looks like.
    let floor = usize::from(!paragraphs.is_empty());
    let mut keep = paragraphs.len();
    while keep > floor {
        let line = &article.text[paragraphs[keep - 1].clone()];
        let bare = line.trim_start_matches(['-', '–', '—', '(', '©']).trim_end_matches(')');
        if let Some(agency) = agency_name(bare) {
            article.agency.get_or_insert_with(|| agency.to_owned());
            article.cut(paragraphs[keep - 1].clone(), CutKind::Credit);
        } else if FURNITURE_LINE.is_match(line) || LINK_LIST_HEAD.is_match(line) {
            article.cut(paragraphs[keep - 1].clone(), CutKind::Furniture);
        } else if let Some(head) = link_list_before(article, paragraphs, floor, keep) {
            article.cut(paragraphs[head].start..paragraphs[keep - 1].end, CutKind::Furniture);
            keep = head;
            continue;
        } else {
            return;
        }
        keep -= 1;
    }
}

/// The head of a list of links that ends at paragraph `keep - 1`, if one does.
fn link_list_before(
    article: &Article,
    paragraphs: &[std::ops::Range<usize>],
    floor: usize,
    keep: usize,
) -> Option<usize> {
    (floor..keep)
        .rev()
        .take(LONGEST_LINK_LIST)
        .take_while(|&at| reads_like_a_link(&article.text[paragraphs[at].clone()]))
        .find(|&at| LINK_LIST_HEAD.is_match(&article.text[paragraphs[at].clone()]))
}

/// A link reads as a short line, often behind a bullet, that does not end as a sentence does.
fn reads_like_a_link(line: &str) -> bool {
    let bullet = line.starts_with(['-', '–', '•', '*', '·', '>', '»']);
    let sentence = line.ends_with(['.', '”', '"', '!']);
    line.split_whitespace().count() <= 25 && (bullet || !sentence)
}

/// The longest prefix of at most `limit` bytes that ends on a character.
fn first_bytes(text: &str, limit: usize) -> &str {
    let mut end = limit.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn marked(text: &str) -> Article {
        let mut article = Article::new("a".into());
        article.text = text.into();
        mark_cuts(&mut article);
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
    fn a_list_that_is_the_report_stays() {
        let text = "The winners are:\n- Ada\n- Grace";
        assert_eq!(marked(text).body_text(), text);
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
