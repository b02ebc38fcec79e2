//! Saved version-history pages: two versions of one article on one page, as newsdiffs and NewsSniffer lay them out.
//!
//! # Layout
//!
//! ```text
//! This article is from the source '<outlet>' and was first published or seen on <date, or nothing>. It last changed ...
//! You can find the current article at its original source at <URL>
//! The article has changed <n> times. ...
//! Version <a> Version <b>
//! <headline in a> <headline in b>
//! (<interval> later)
//! <one paragraph a line>
//! ```
//!
//! The page was a table with two columns, a version in each. Saved as text, the two cells of a row share one line:
//!
//! | line | paragraph | kept for the newer version |
//! |---|---|---|
//! | `XX` (white space between the two is tolerated) | [`Paragraph::Unchanged`] | the later `X` |
//! | `old new` | [`Paragraph::Changed`] | `new` |
//! | `X` | [`Paragraph::Once`]: added or removed | `X`, to be flagged by the caller |
//!
//! # Consequences
//!
//! The column of a lone cell is lost, so [`Paragraph::Once`] stands in both texts rather than in neither. Where an old
//! paragraph ends is lost too and is inferred from the words the two copies share (see `version_page/alignment.rs`).
//! A changed paragraph that shares too little with its old form is reported as `Once`: both copies are kept then, while
//! a wrong split would drop the first of them. A paragraph that by itself says one thing twice (`Hear, hear`) cannot be
//! told from an unchanged one if its halves are equal to the byte.
//!
//! The time to parse is linear in the length of the page: lines of more than [`alignment::MAX_WORDS`] words that are not doubled
//! are `Once` without a look, and a page may spend a fixed amount of work on alignments, after which its changed
//! paragraphs are `Once` as well.

mod alignment;

use std::ops::Range;

use alignment::Aligner;

/// Bytes at the start of a page in which its first line is looked for.
const SNIFF_BYTES: usize = 2048;

/// Longest line below the headline that is read as the interval between the versions, in bytes.
const MAX_INTERVAL_BYTES: usize = 64;

const SOURCE: &str = "This article is from the source '";
const FIRST_SEEN: &str = "' and was first published or seen on";
const LAST_CHANGED: &str = ". It last changed";
const URL: &str = "You can find the current article at its original source at";

/// A version-history page, taken apart. Ranges point into the page that was parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct VersionPage<'a> {
    page: &'a str,
    /// The outlet as the page names it, such as `nytimes`.
    pub(super) source: String,
    /// Address of the current article, if the page gives one.
    pub(super) url: Option<String>,
    /// When the article was first published or seen, as written; `None` if the page leaves it blank.
    pub(super) first_seen: Option<String>,
    /// Time between the two versions, as written between the parentheses, such as `about 1 hour later`.
    pub(super) interval: Option<String>,
    /// The version of the left column.
    pub(super) older: PageVersion,
    /// The version of the right column.
    pub(super) newer: PageVersion,
    /// The paragraphs in the order of the page, one for each line that is not blank.
    pub(super) paragraphs: Vec<Paragraph>,
}

/// Number and headline of one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PageVersion {
    /// The version's number on the page; 0 is the article as first seen.
    pub(super) number: u32,
    /// The headline. If old and new headline share too little to be told apart, both versions hold the whole line.
    pub(super) headline: String,
}

/// One line of the page's table. Ranges are in bytes of the page, on character boundaries, without white space around.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Paragraph {
    /// Stands in both versions.
    Unchanged {
        /// The later of the two copies.
        text: Range<usize>,
    },
    /// Reworded from one version to the other.
    Changed {
        /// The paragraph in the older version.
        older: Range<usize>,
        /// The paragraph in the newer version.
        newer: Range<usize>,
    },
    /// Stands in one version; the page does not say in which.
    Once {
        /// The paragraph.
        text: Range<usize>,
    },
}

/// Why a page cannot be read. Lines are counted from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(clippy::enum_variant_names, reason = "each variant says which line of the layout is missing")]
pub(super) enum VersionPageError {
    /// The page does not start as a version-history page does; [`looks_like`] is false for it.
    #[error("line {line}: no line `{SOURCE}...{FIRST_SEEN} ...` at the start of the page")]
    SourceMissing {
        /// Where the page's text starts.
        line: usize,
    },
    /// The line that names the two versions is missing, as on the page of an article that never changed.
    #[error("line {line}: the page ends without a line `Version <a> Version <b>`")]
    VersionsMissing {
        /// The last line with text.
        line: usize,
    },
    /// Nothing follows the line that names the two versions.
    #[error("line {line}: no headline follows `Version <a> Version <b>`")]
    HeadlineMissing {
        /// The line that names the versions.
        line: usize,
    },
}

impl VersionPageError {
    /// The line the error is about, from 1.
    pub(super) fn line(&self) -> usize {
        match *self {
            Self::SourceMissing { line } | Self::VersionsMissing { line } | Self::HeadlineMissing { line } => line,
        }
    }
}

/// Whether `text` starts like a version-history page. Looks at the first 2 kB only.
pub(super) fn looks_like(text: &str) -> bool {
    source_line(text).is_some()
}

/// Takes a version-history page apart.
///
/// # Errors
///
/// If one of the lines that make the layout is missing: the source, the version numbers or the headline.
pub(super) fn parse(text: &str) -> Result<VersionPage<'_>, VersionPageError> {
    let Some(start) = source_line(text) else {
        let line = lines(text).next().map_or(1, |line| line.number);
        return Err(VersionPageError::SourceMissing { line });
    };
    let mut lines = lines(text).skip_while(|line| line.range.start < start).peekable();
    let mut source = (String::new(), None);
    let mut url = None;
    let mut last_line = 1;
    let (older, newer) = loop {
        let Some(line) = lines.next() else {
            return Err(VersionPageError::VersionsMissing { line: last_line });
        };
        last_line = line.number;
        let content = &text[line.range.clone()];
        if line.range.start == start {
            source = source_and_date(content);
        } else if let Some(address) = content.strip_prefix(URL) {
            url = address.split_whitespace().next().map(str::to_owned);
        } else if let Some(numbers) = version_numbers(content) {
            break numbers;
        }
    };
    let Some(headline) = lines.next() else {
        return Err(VersionPageError::HeadlineMissing { line: last_line });
    };
    let mut aligner = Aligner::default();
    let (old_headline, new_headline) = headlines(&text[headline.range], &mut aligner);
    let interval = lines.peek().and_then(|line| interval(&text[line.range.clone()]));
    if interval.is_some() {
        lines.next();
    }
    let (source, first_seen) = source;
    Ok(VersionPage {
        page: text,
        source,
        url,
        first_seen,
        interval,
        older: PageVersion { number: older, headline: old_headline },
        newer: PageVersion { number: newer, headline: new_headline },
        paragraphs: lines.map(|line| paragraph(text, line.range, &mut aligner)).collect(),
    })
}

#[cfg(test)]
impl VersionPage<'_> {
    /// The body of the older version: its paragraphs joined by `\n`, those of unknown version included.
    pub(super) fn older_text(&self) -> String {
        self.joined(Paragraph::older)
    }

    /// The body of the newer version: its paragraphs joined by `\n`, those of unknown version included.
    pub(super) fn newer_text(&self) -> String {
        self.joined(Paragraph::newer)
    }

    fn joined(&self, side: fn(&Paragraph) -> Range<usize>) -> String {
        // The field is public, so a caller may have put a range there that the page does not have: it is left out.
        let texts: Vec<&str> = self.paragraphs.iter().filter_map(|paragraph| self.page.get(side(paragraph))).collect();
        texts.join("\n")
    }
}

impl Paragraph {
    /// The paragraph as the older version has it, in bytes of the page.
    pub(super) fn older(&self) -> Range<usize> {
        match self {
            Self::Unchanged { text } | Self::Once { text } => text.clone(),
            Self::Changed { older, .. } => older.clone(),
        }
    }

    /// The paragraph as the newer version has it, in bytes of the page.
    pub(super) fn newer(&self) -> Range<usize> {
        match self {
            Self::Unchanged { text } | Self::Once { text } => text.clone(),
            Self::Changed { newer, .. } => newer.clone(),
        }
    }
}

/// A line with text. The range is in bytes of the page and leaves out line end and white space around.
struct Line {
    number: usize,
    range: Range<usize>,
}

/// The lines of a page that are not blank, in order.
fn lines(page: &str) -> impl Iterator<Item = Line> {
    let mut offset = 0;
    page.split_inclusive('\n').enumerate().filter_map(move |(index, whole)| {
        // A byte order mark is not white space to `char`, yet it may start the page.
        let blank = |c: char| c.is_whitespace() || c == '\u{feff}';
        let start = offset + whole.len() - whole.trim_start_matches(blank).len();
        let length = whole.trim_matches(blank).len();
        offset += whole.len();
        (length > 0).then_some(Line { number: index + 1, range: start..start + length })
    })
}

/// Where the line starts that names the source, in bytes; `None` if the head of the page has no such line.
fn source_line(page: &str) -> Option<usize> {
    let head = &page[..page.floor_char_boundary(SNIFF_BYTES)];
    lines(head).map(|line| line.range).find_map(|range| {
        let line = &head[range.clone()];
        (line.starts_with(SOURCE) && line.contains(FIRST_SEEN)).then_some(range.start)
    })
}

/// Outlet and date of the line that names the source.
fn source_and_date(line: &str) -> (String, Option<String>) {
    let rest = line.strip_prefix(SOURCE).unwrap_or(line);
    let (source, rest) = rest.split_once(FIRST_SEEN).unwrap_or((rest, ""));
    let date = rest.split_once(LAST_CHANGED).map_or(rest.trim_end_matches('.'), |(date, _)| date).trim();
    (source.trim().to_owned(), (!date.is_empty()).then(|| date.to_owned()))
}

/// `a` and `b` of a line `Version a Version b`.
fn version_numbers(line: &str) -> Option<(u32, u32)> {
    let (older, newer) = line.strip_prefix("Version")?.split_once("Version")?;
    Some((older.trim().parse().ok()?, newer.trim().parse().ok()?))
}

/// The interval of a line `(about 1 hour later)`. The first paragraph may stand in parentheses too, but it is doubled or
/// longer.
fn interval(line: &str) -> Option<String> {
    let inside = line.strip_prefix('(')?.strip_suffix(')')?.trim();
    let plain = line.len() <= MAX_INTERVAL_BYTES && !inside.is_empty() && !inside.contains(['(', ')']);
    plain.then(|| inside.to_owned())
}

/// Old and new headline from the line that holds both.
fn headlines(line: &str, aligner: &mut Aligner) -> (String, String) {
    let (older, newer) = if let Some(later) = later_half(line) {
        (&line[later.clone()], &line[later])
    } else if let Some((older, newer)) = aligner.split_headlines(line) {
        (&line[older], &line[newer])
    } else {
        (line, line)
    };
    (older.to_owned(), newer.to_owned())
}

/// Reads the line at `range` of the page as a paragraph.
fn paragraph(page: &str, range: Range<usize>, aligner: &mut Aligner) -> Paragraph {
    let line = &page[range.clone()];
    let on_page = |part: Range<usize>| range.start + part.start..range.start + part.end;
    if let Some(later) = later_half(line) {
        Paragraph::Unchanged { text: on_page(later) }
    } else if let Some((older, newer)) = aligner.split_paragraphs(line) {
        Paragraph::Changed { older: on_page(older), newer: on_page(newer) }
    } else {
        Paragraph::Once { text: range }
    }
}

/// The later `X` of a line `XX`, in bytes of the line. White space between the two is passed over.
///
/// A trimmed line has text at both ends, so the white space between two equal halves lies around its middle.
fn later_half(line: &str) -> Option<Range<usize>> {
    let (left, right) = line.split_at(line.floor_char_boundary(line.len() / 2));
    let (left, right) = (left.trim_end(), right.trim_start());
    (!left.is_empty() && left == right).then(|| line.len() - right.len()..line.len())
}

#[cfg(test)]
mod tests;
