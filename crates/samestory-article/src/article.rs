//! The article: one news item of one outlet.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::{ArticleTime, Language};

/// The name of an article, unique in a collection.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ArticleId(String);

impl ArticleId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for ArticleId {
    fn from(id: &str) -> Self {
        ArticleId(id.to_owned())
    }
}

impl From<String> for ArticleId {
    fn from(id: String) -> Self {
        ArticleId(id)
    }
}

impl fmt::Display for ArticleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a field of an article was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// Stated by the file: a named field or a front matter line.
    Field,
    /// Read from the address, such as `/2020/01/08/`.
    Url,
    /// Stated by a web page of itself.
    Page,
    /// Stated by the feed that announces the article.
    Feed,
    /// Worked out from the text itself.
    Text,
}

/// What a [`Cut`] takes out of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CutKind {
    /// Named lines before the text, and the fixed frame of a version-history page.
    FrontMatter,
    /// The headline where it stands in the same text.
    Headline,
    /// The place and date that open a report: `ISTANBUL, Jan 8 -`.
    Dateline,
    /// The line that names the writer.
    Byline,
    /// An agency's name as a credit: `(Reuters)`.
    Credit,
    /// Links to other pieces, share lines and blocks that an outlet repeats.
    Furniture,
    /// The words of an older version that the latest one no longer has.
    OlderVersion,
}

impl CutKind {
    /// The kind in words, as documents and answers name it.
    pub fn name(self) -> &'static str {
        match self {
            CutKind::FrontMatter => "front matter",
            CutKind::Headline => "headline",
            CutKind::Dateline => "dateline",
            CutKind::Byline => "byline",
            CutKind::Credit => "credit",
            CutKind::Furniture => "furniture",
            CutKind::OlderVersion => "older version",
        }
    }
}

/// A stretch of an article's text that is not compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cut {
    /// UTF-8 byte offset of its first byte in [`Article::text`].
    pub start: u32,
    /// UTF-8 byte offset behind its last byte.
    pub end: u32,
    /// Why it is cut.
    pub kind: CutKind,
}

/// One state of an article whose file holds several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// Its number as the page gives it.
    pub number: u32,
    /// Its headline.
    pub headline: String,
    /// Its paragraphs as byte ranges of [`Article::text`], in reading order.
    pub paragraphs: Vec<Range<u32>>,
    /// Paragraphs of the next version of which the file does not tell whether this one had them.
    pub unplaced: Vec<Range<u32>>,
}

/// One news item of one outlet. A missing date, outlet, language, headline or text is normal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Article {
    /// Unique name in the collection.
    pub id: ArticleId,
    /// Name of the outlet, one spelling for each host.
    pub outlet: Option<String>,
    /// The address as given.
    pub url: Option<String>,
    /// The address without scheme, `www.`, tracking parameters and fragment.
    pub canonical_url: Option<String>,
    /// When it was published.
    pub time: Option<ArticleTime>,
    /// Language of the text.
    pub language: Option<Language>,
    /// Whether the language was declared or detected.
    pub language_origin: Option<Origin>,
    /// Headline, `""` where there is none.
    pub headline: String,
    /// The line below the headline. Where it stands in the text it is part of the body too.
    pub standfirst: Option<String>,
    /// The text exactly as it was read: of a plain file the whole file.
    pub text: String,
    /// What is not compared: sorted by start, apart from each other.
    pub cuts: Vec<Cut>,
    /// Place that opens the report.
    pub dateline: Option<String>,
    /// Who wrote it.
    pub byline: Option<String>,
    /// News agency that is credited.
    pub agency: Option<String>,
    /// Part of the paper, such as `World`.
    pub section: Option<String>,
    /// The states found in the same file, oldest first, where there are several. `text` less its cuts
    /// is the last of them.
    pub versions: Vec<Version>,
    /// The file it was read from, relative to the given root.
    pub path: String,
    /// Line or item of that file, from 1, where the file holds many.
    pub line: Option<u64>,
}

impl Article {
    /// An article that has nothing but a name.
    pub fn new(id: ArticleId) -> Self {
        Article {
            id,
            outlet: None,
            url: None,
            canonical_url: None,
            time: None,
            language: None,
            language_origin: None,
            headline: String::new(),
            standfirst: None,
            text: String::new(),
            cuts: Vec::new(),
            dateline: None,
            byline: None,
            agency: None,
            section: None,
            versions: Vec::new(),
            path: String::new(),
            line: None,
        }
    }

    /// Adds a cut, keeping the cuts sorted and apart. What another cut covers already is left to it.
    pub fn cut(&mut self, range: Range<usize>, kind: CutKind) {
        self.cut_apart(range, kind, self.text.len());
    }

    /// As [`cut`](Self::cut), where the text is not in the article but kept apart; so long is it, in bytes.
    pub fn cut_apart(&mut self, range: Range<usize>, kind: CutKind, length: usize) {
        let start = range.start.min(length) as u32;
        let end = range.end.min(length) as u32;
        // The cuts that it meets. Most texts are marked from front to back, so that there are none behind.
        let first = self.cuts.partition_point(|cut| cut.end <= start);
        let behind = first + self.cuts[first..].partition_point(|cut| cut.start < end);
        let mut merged = Vec::with_capacity(2 * (behind - first) + 1);
        let mut from = start;
        for cut in &self.cuts[first..behind] {
            if from < cut.start {
                merged.push(Cut { start: from, end: cut.start, kind });
            }
            merged.push(cut.clone());
            from = from.max(cut.end);
        }
        if from < end {
            merged.push(Cut { start: from, end, kind });
        }
        self.cuts.splice(first..behind, merged);
    }

    /// The kept stretches of the text, as byte ranges in reading order.
    pub fn body_spans(&self) -> Vec<Range<usize>> {
        self.spans_between(self.cuts.iter())
    }

    /// The stretches of the text between some of its cuts, in reading order.
    fn spans_between<'a>(&self, cuts: impl Iterator<Item = &'a Cut>) -> Vec<Range<usize>> {
        let mut spans = Vec::with_capacity(self.cuts.len() + 1);
        let mut from = 0;
        for cut in cuts {
            if from < cut.start as usize {
                spans.push(from..cut.start as usize);
            }
            from = from.max(cut.end as usize);
        }
        if from < self.text.len() {
            spans.push(from..self.text.len());
        }
        spans
    }

    /// The body: the text without its cuts.
    pub fn body_text(&self) -> String {
        self.body_spans().into_iter().map(|span| &self.text[span]).collect()
    }

    /// The text as its outlet printed it: without the layout of the file, such as front matter, headline
    /// and older versions, but with dateline, byline, credit and furniture.
    pub fn printed_text(&self) -> String {
        let layout = |kind| matches!(kind, CutKind::FrontMatter | CutKind::Headline | CutKind::OlderVersion);
        let mut printed = self.clone();
        printed.cuts.retain(|cut| layout(cut.kind));
        printed.body_text()
    }

    /// The paragraphs of the body: lines that are not blank, as trimmed byte ranges of the text.
    pub fn paragraphs(&self) -> Paragraphs<'_> {
        Paragraphs { text: &self.text, spans: self.body_spans(), next: 0 }
    }

    /// The paragraphs as the outlet printed them: those of the body with dateline, byline and credit, without furniture.
    pub fn printed_paragraphs(&self) -> Paragraphs<'_> {
        let left_out = |cut: &&Cut| !matches!(cut.kind, CutKind::Dateline | CutKind::Byline | CutKind::Credit);
        Paragraphs { text: &self.text, spans: self.spans_between(self.cuts.iter().filter(left_out)), next: 0 }
    }

    /// What versions of one article have in common: the canonical address, or else, where a file of its own is named
    /// as a version (`truce-v2.txt`, `truce.version-3.html`), its outlet and its path without that, behind `file:`. Two
    /// articles with one key are versions of each other.
    pub fn version_key(&self) -> Option<Cow<'_, str>> {
        match &self.canonical_url {
            Some(address) => Some(Cow::Borrowed(address)),
            None => {
                let outlet = self.outlet.as_deref().unwrap_or_default();
                Some(Cow::Owned(format!("file:{outlet}:{}", self.named_version()?.0)))
            }
        }
    }

    /// The order of articles with one [key](Self::version_key), oldest first: the number in their file names, then time
    /// (those without one first), then id.
    pub fn version_order(&self) -> (u32, Option<i64>, &ArticleId) {
        let number = match &self.canonical_url {
            Some(_) => None,
            None => self.named_version(),
        };
        (number.map_or(0, |(_, number)| number), self.time.map(|time| time.seconds), &self.id)
    }

    /// The path of a file of its own up to the mark of a version, and the number of that.
    fn named_version(&self) -> Option<(&str, u32)> {
        const MARKS: [&str; 4] = ["version", "ver", "rev", "v"];
        let separator = ['-', '_', '.', ' '];
        if self.line.is_some() {
            return None;
        }
        let name_start = self.path.rfind(['/', '\\']).map_or(0, |at| at + 1);
        // `.txt.gz` is two extensions; a mark behind a dot is none.
        let mut stem = self.path.as_str();
        loop {
            let digits = stem.len() - stem.trim_end_matches(|c: char| c.is_ascii_digit()).len();
            if (1..=4).contains(&digits) {
                let (before, number) = stem.split_at(stem.len() - digits);
                let before = before.trim_end_matches(separator);
                let named = MARKS.iter().find_map(|mark| {
                    let at = before.len().checked_sub(mark.len())?;
                    let marked = before.get(at..)?.eq_ignore_ascii_case(mark);
                    marked.then(|| &before[..at]).filter(|name| name.ends_with(separator))
                });
                if let Some(name) =
                    named.map(|name| name.trim_end_matches(separator)).filter(|name| name.len() > name_start)
                {
                    return Some((name, number.parse().ok()?));
                }
            }
            stem = &stem[..stem.rfind('.').filter(|at| *at > name_start)?];
        }
    }

    /// The order in which articles are told: time (those without one last), then id.
    pub fn time_order(&self) -> (i64, &ArticleId) {
        (self.time.map_or(i64::MAX, |time| time.seconds), &self.id)
    }
}

/// Iterator over the paragraphs of an article's body. Made by [`Article::paragraphs`].
#[derive(Debug)]
pub struct Paragraphs<'a> {
    text: &'a str,
    spans: Vec<Range<usize>>,
    next: usize,
}

impl Iterator for Paragraphs<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        while let Some(span) = self.spans.get_mut(self.next) {
            let rest = &self.text[span.clone()];
            let line_end = span.start + rest.find('\n').map_or(rest.len(), |at| at + 1);
            let line = self.text[span.start..line_end].trim_start();
            let start = line_end - line.len();
            let trimmed = line.trim_end().len();
            span.start = line_end;
            if span.start >= span.end {
                self.next += 1;
            }
            if trimmed > 0 {
                return Some(start..start + trimmed);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_stay_sorted_and_apart() {
        let mut article = Article::new("a".into());
        article.text = "0123456789".into();
        article.cut(2..4, CutKind::Byline);
        article.cut(6..8, CutKind::Credit);
        article.cut(0..10, CutKind::Furniture);
        let ranges: Vec<_> = article.cuts.iter().map(|cut| (cut.start, cut.end)).collect();
        assert_eq!(ranges, [(0, 2), (2, 4), (4, 6), (6, 8), (8, 10)]);
        assert!(article.body_spans().is_empty());
    }

    #[test]
    fn files_named_as_versions_have_one_key() {
        let key = |path: &str| {
            let article = Article { path: path.into(), ..Article::new(path.into()) };
            (article.version_key().map(Cow::into_owned), article.version_order().0)
        };
        for (path, number) in [("a/truce-v2.txt", 2), ("a/truce.V10.html.gz", 10), ("a/truce_version-3.txt", 3)] {
            assert_eq!(key(path), (Some("file::a/truce".into()), number), "{path}");
        }
        for path in
            ["a/truce.txt", "a/covid-19.txt", "a/v2.txt", "v2/truce.txt", "a/rev-2.txt", "a/truce-v20200108.txt"]
        {
            assert_eq!(key(path), (None, 0), "{path}");
        }
    }

    #[test]
    fn paragraphs_skip_blank_lines_and_cuts() {
        let mut article = Article::new("a".into());
        article.text = "one\n\n  two \nthree".into();
        article.cut(0..3, CutKind::Headline);
        let found: Vec<_> = article.paragraphs().map(|range| &article.text[range]).collect();
        assert_eq!(found, ["two", "three"]);
    }
}
