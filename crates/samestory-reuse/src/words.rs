//! The words of an article as its outlet printed them.

use std::ops::Range;

use samestory_article::{Article, CutKind, Tokenizer, Tokens};
use samestory_minhash::Shingler;

use crate::quotation::quoted_spans;

/// What part of a printed article a word stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    /// Body, or the headline where it stands in the text.
    Own,
    /// Dateline, byline or credit.
    Credit,
    /// Links to other pieces and blocks that the outlet repeats.
    Furniture,
}

/// The words of an article as its outlet printed them: its text without front matter and older versions. Dateline,
/// credits and furniture are among them, since they are shared too; each word knows what it belongs to.
#[derive(Debug)]
pub struct PrintedWords<'a> {
    article: &'a Article,
    tokens: Tokens,
    hashes: Vec<u64>,
    shingles: Vec<u64>,
    parts: Vec<Part>,
    /// Words before which a stretch was left out, such as an older version.
    behind_gaps: Vec<usize>,
    quoted: Vec<Range<usize>>,
    report_of: Option<String>,
}

/// Words of a run that two articles must share to be held against each other: the width of the shingles that copies
/// are found by.
pub(crate) const SEED: usize = 5;

impl<'a> PrintedWords<'a> {
    /// The words of an article.
    pub fn of(article: &'a Article) -> PrintedWords<'a> {
        let spans = printed_spans(article);
        let tokens = Tokenizer.spans(&article.text, spans.iter().map(|(span, _)| span.clone()));
        let mut parts = Vec::with_capacity(tokens.len());
        let mut behind_gaps = Vec::new();
        let mut at = 0;
        for (word, token) in tokens.iter().enumerate() {
            let mut left_out = false;
            while at + 1 < spans.len() && spans[at].0.end <= token.span().start {
                left_out |= spans[at].0.end < spans[at + 1].0.start;
                at += 1;
            }
            if left_out {
                behind_gaps.push(word);
            }
            parts.push(spans[at].1);
        }
        let hashes = tokens.hashes();
        let mut shingles = Vec::new();
        if hashes.len() >= SEED {
            Shingler::new(SEED).shingles(&hashes, &mut shingles);
        }
        PrintedWords {
            article,
            tokens,
            hashes,
            shingles,
            parts,
            behind_gaps,
            quoted: quoted_spans(&article.text),
            report_of: None,
        }
    }

    /// The same, as the report of an agency: that which is its outlet, where a table of outlets knows so. By itself an
    /// article is known to be one where its outlet is the agency that it credits.
    #[must_use]
    pub fn report_of(self, agency: Option<&str>) -> Self {
        PrintedWords { report_of: agency.map(str::to_owned), ..self }
    }

    /// The agency whose report it is, where its outlet is one.
    pub(crate) fn own_agency(&self) -> Option<&str> {
        self.report_of.as_deref().or_else(|| {
            let outlet = self.article.outlet.as_deref()?;
            self.article.agency.as_deref().filter(|agency| is_same_name(agency, outlet))
        })
    }

    /// The agency that its words may be from: the one that it is, or that it credits.
    pub(crate) fn agency(&self) -> Option<&str> {
        self.own_agency().or(self.article.agency.as_deref())
    }

    /// The article.
    pub fn article(&self) -> &'a Article {
        self.article
    }

    /// Number of words.
    pub fn len(&self) -> usize {
        self.hashes.len()
    }

    /// Whether there is no word at all.
    pub fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }

    pub(crate) fn hashes(&self) -> &[u64] {
        &self.hashes
    }

    /// Runs of five words, by the position of the first; none where there are fewer words.
    pub fn shingles(&self) -> &[u64] {
        &self.shingles
    }

    pub(crate) fn part(&self, at: usize) -> Part {
        self.parts[at]
    }

    /// Whether a stretch that was not printed stands between two words.
    pub(crate) fn is_parted(&self, first: usize, second: usize) -> bool {
        let next = self.behind_gaps.partition_point(|word| *word <= first);
        self.behind_gaps.get(next).is_some_and(|word| *word <= second)
    }

    /// A word in its normal form.
    pub(crate) fn word(&self, at: usize) -> &str {
        self.tokens.word(&self.tokens.as_slice()[at])
    }

    /// Whether a word has a capital that does not only open a sentence.
    pub(crate) fn is_name(&self, at: usize) -> bool {
        let shape = self.tokens.as_slice()[at].shape();
        shape.capitalised && !shape.opens_sentence
    }

    /// Whether a word has a capital.
    pub(crate) fn is_capitalised(&self, at: usize) -> bool {
        self.tokens.as_slice()[at].shape().capitalised
    }

    /// The bytes of some words in the text.
    pub(crate) fn bytes(&self, words: &Range<usize>) -> Range<usize> {
        let tokens = self.tokens.as_slice();
        tokens[words.start].span().start..tokens[words.end - 1].span().end
    }

    /// The words that begin in a range of bytes of the text.
    pub fn within(&self, bytes: &Range<usize>) -> Range<usize> {
        let tokens = self.tokens.as_slice();
        let at = |byte: usize| tokens.partition_point(|token| token.span().start < byte);
        at(bytes.start)..at(bytes.end)
    }

    /// The text of some words, with what stands between them.
    pub fn text(&self, words: &Range<usize>) -> &'a str {
        &self.article.text[self.bytes(words)]
    }

    /// The first place of some words, by their hashes.
    pub fn find(&self, words: &[u64]) -> Option<Range<usize>> {
        let at = self.hashes.windows(words.len().max(1)).position(|window| window == words)?;
        Some(at..at + words.len())
    }

    /// What stands between a word and the next.
    pub(crate) fn gap(&self, at: usize) -> &'a str {
        let tokens = self.tokens.as_slice();
        // A stretch that is passed by may begin before a word that was cut through.
        self.article.text.get(tokens[at].span().end..tokens[at + 1].span().start).unwrap_or_default()
    }

    /// Whether a word stands in quotation marks.
    pub(crate) fn is_quoted(&self, at: usize) -> bool {
        let start = self.tokens.as_slice()[at].span().start;
        let span = self.quoted.partition_point(|span| span.end <= start);
        self.quoted.get(span).is_some_and(|span| span.start <= start)
    }

    /// What stands in quotation marks, as byte ranges of the text, in reading order.
    pub fn quotations(&self) -> &[Range<usize>] {
        &self.quoted
    }
}

/// Whether two names are one but for letter case.
pub(crate) fn is_same_name(first: &str, second: &str) -> bool {
    first == second || first.to_lowercase() == second.to_lowercase()
}

/// The stretches that were printed, in reading order, each with what it belongs to.
fn printed_spans(article: &Article) -> Vec<(Range<usize>, Part)> {
    let mut spans = Vec::with_capacity(2 * article.cuts.len() + 1);
    let mut from = 0;
    let mut push = |span: Range<usize>, part| {
        if !span.is_empty() {
            spans.push((span, part));
        }
    };
    for cut in &article.cuts {
        let (start, end) = (cut.start as usize, cut.end as usize);
        push(from..start, Part::Own);
        match cut.kind {
            CutKind::FrontMatter | CutKind::OlderVersion => (),
            CutKind::Headline => push(start..end, Part::Own),
            CutKind::Dateline | CutKind::Byline | CutKind::Credit => push(start..end, Part::Credit),
            CutKind::Furniture => push(start..end, Part::Furniture),
        }
        from = end;
    }
    push(from..article.text.len(), Part::Own);
    spans
}
