//! Dates: which of those that a page writes are handed on, in what order.
//!
//! A `<time>` or a visible date counts only where it belongs to the report and stands near the headline
//! or says what it is.

use std::ops::Range;

use super::day::day_in;
use super::found::Found;

/// Written dates that are handed on.
const MOST_DATES: usize = 8;

/// What a line with the date of publication starts with.
const SAYS_PUBLISHED: &str = "\
    published publié publicado pubblicato publicerad publiceret publisert gepubliceerd veröffentlicht erschienen \
    posted";
/// What a line with the date of a change has in it.
const SAYS_MODIFIED: &[&str] =
    &["updat", "modif", "aktualisier", "änder", "actualiz", "atualiz", "mis à jour", "zuletzt", "aggiorn"];

/// What a `<time>` says that it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TimeKind {
    Published,
    Modified,
    Unsaid,
}

/// The dates as written, each followed by its day where it is written in a way of its own, the best
/// first; `None` if there are none.
pub(super) fn dates(written: impl Iterator<Item = String>) -> Option<Vec<String>> {
    let mut dates: Vec<String> = Vec::new();
    for written in written {
        let day = if is_plain_time(&written) { None } else { day_in(&written) };
        for date in Some(written).filter(|written| looks_dated(written)).into_iter().chain(day) {
            if dates.len() < MOST_DATES && !dates.contains(&date) {
                dates.push(date);
            }
        }
    }
    // Where the best is a day alone, another that has the time of that day is better.
    let day = dates.first()?.clone();
    let is_exact = |date: &String| date.len() > day.len() && date.starts_with(&day) && is_plain_time(date);
    if let Some(exact) = dates.iter().position(is_exact).filter(|_| day.len() == 10) {
        dates[..=exact].rotate_right(1);
    }
    Some(dates)
}

/// Whether a time is in one of the forms of ISO 8601 that every reader knows.
fn is_plain_time(written: &str) -> bool {
    let shape: String = written.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    let Some(clock) = shape.strip_prefix("0000-00-00") else { return false };
    let Some(rest) = clock.strip_prefix("T00:00").or_else(|| clock.strip_prefix(" 00:00")) else {
        return clock.is_empty();
    };
    let rest = rest.strip_prefix(":00").unwrap_or(rest);
    let rest = rest.strip_prefix('.').map_or(rest, |fraction| fraction.trim_start_matches('0'));
    ["", "Z", "+00:00", "-00:00", "+0000", "-0000", "+00", "-00", " UTC"].contains(&rest)
}

/// Whether a text holds a year or seconds since 1970, and not what systems write for no date.
pub(super) fn looks_dated(written: &str) -> bool {
    const NO_DATE: &[&str] = &["0000", "0001", "-0", "1970-01-01", "1969-12-31"];
    let is_year = |digits: &str| ("1605".."2200").contains(&digits) && digits.len() == 4;
    let is_time = |digits: &str| match digits.len() {
        4 => is_year(digits),
        8 | 12 | 14 => is_year(&digits[..4]),
        10 | 13 => digits.starts_with('1') || digits.starts_with('2'),
        _ => false,
    };
    written.len() <= 100
        && !NO_DATE.iter().any(|none| written.starts_with(none))
        && written.split(|c: char| !c.is_ascii_digit()).any(is_time)
}

impl Found<'_> {
    /// The first `<time>` of a kind that belongs to the report. One that does not say what it is must
    /// stand near the headline.
    pub(super) fn time(&self, wanted: TimeKind) -> Option<String> {
        const BEFORE: usize = 400;
        const BEHIND: usize = 1_500;
        let headline = self.heading_offset().unwrap_or(0);
        let near = headline.saturating_sub(BEFORE)..=headline + BEHIND;
        let mut times = self.times.iter().filter(|placed| self.regions.is_of_report(placed.region));
        times
            .find(|placed| placed.value.0 == wanted && (wanted != TimeKind::Unsaid || near.contains(&placed.offset)))
            .map(|placed| placed.value.1.clone())
    }

    /// The one date in the lines around the headline, or one that is said to be that of publication;
    /// `None` if there are several.
    pub(super) fn visible_date(&self) -> Option<String> {
        const BEFORE: usize = 200;
        const BEHIND: usize = 700;
        let headline = self.heading_offset()?;
        self.one_day(0..usize::MAX, says_published)
            .or_else(|| self.one_day(headline..headline + BEHIND, |_| true))
            // What stands before the headline may be the date of today.
            .or_else(|| self.one_day(headline.saturating_sub(BEFORE)..headline, |_| true))
    }

    fn one_day(&self, lines: Range<usize>, wanted: impl Fn(&str) -> bool) -> Option<String> {
        let mut days: Vec<String> = self
            .dated_lines
            .iter()
            .filter(|placed| lines.contains(&placed.offset) && wanted(placed.value) && !says_modified(placed.value))
            .filter(|placed| self.regions.is_of_report(placed.region))
            .filter_map(|placed| day_in(placed.value))
            .collect();
        days.dedup();
        days.pop().filter(|_| days.is_empty())
    }
}

fn says_published(text: &str) -> bool {
    let lower = text.to_lowercase();
    SAYS_PUBLISHED.split(' ').any(|word| lower.starts_with(word))
}

fn says_modified(text: &str) -> bool {
    let lower = text.to_lowercase();
    SAYS_MODIFIED.iter().any(|word| lower.contains(word))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{linked, page};

    #[test]
    fn publication_comes_before_modification() {
        let both = page(
            "<meta property=article:modified_time content=2020-03-01><meta name=dcterms.created content=2020-01-08>",
            "",
        );
        assert_eq!(both.published, ["2020-01-08"]);
        let changed = page("<meta property=og:updated_time content=2020-03-01>", "");
        assert_eq!(changed.published, ["2020-03-01"]);
        let numbers =
            linked(r#"{"@type": "Article", "datePublished": 1578496807, "dateModified": null, "author": null}"#);
        assert_eq!(numbers.published, ["1578496807"]);
        for nothing in ["0000-00-00", "1970-01-01T00:00:00Z", "0001-01-01T00:00:00", "null", "", "today", "12:30"] {
            assert!(page(&format!("<meta name=date content='{nothing}'>"), "").published.is_empty(), "{nothing}");
        }
        let exact = "<meta name=datePublished content=2020-01-08><meta name=date content=2020-01-08T15:20:00Z>";
        assert_eq!(page(exact, "").published, ["2020-01-08T15:20:00Z", "2020-01-08"]);
        let odd = page("<meta name=date content='2020-01-08T15:20:07:250Z'>", "");
        assert_eq!(odd.published, ["2020-01-08T15:20:07:250Z", "2020-01-08"]);
    }
}
