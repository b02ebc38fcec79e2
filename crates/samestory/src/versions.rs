//! What changed from one version of an article to the next.

use std::ops::Range;

use samestory_article::{Article, Version};
use serde::Serialize;
use similar::{Algorithm, ChangeTag, DiffTag, TextDiff, capture_diff_slices};

/// The step from one version to the next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VersionChange {
    /// Number of the older version: as its page gives it, or counted from 0 along an address.
    pub from: u32,
    /// Number of the newer version.
    pub to: u32,
    /// Both headlines, where they differ.
    pub headline: Option<(String, String)>,
    /// Paragraphs that differ, in reading order.
    pub paragraphs: Vec<ParagraphChange>,
}

/// A paragraph that differs between two versions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum ParagraphChange {
    /// Its words changed.
    Changed {
        /// The words of both versions, in order.
        words: Vec<WordChange>,
    },
    /// Only the newer version has it.
    Added {
        /// The paragraph.
        text: String,
    },
    /// Only the older version has it.
    Removed {
        /// The paragraph.
        text: String,
    },
    /// It stands in one of the versions; the page does not tell in which.
    AddedOrRemoved {
        /// The paragraph.
        text: String,
    },
}

/// A run of words that both versions have, or one of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WordChange {
    /// Which version has it.
    pub side: Side,
    /// The words, with the spaces behind them.
    pub text: String,
}

/// Which version has some words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// Both.
    Both,
    /// The older one.
    Older,
    /// The newer one.
    Newer,
}

/// The changes along the version chain of one article, oldest first.
pub fn version_changes(article: &Article) -> Vec<VersionChange> {
    article.versions.windows(2).map(|two| version_change(article, &two[0], &two[1])).collect()
}

fn version_change(article: &Article, older: &Version, newer: &Version) -> VersionChange {
    let text = |range: &Range<u32>| &article.text[range.start as usize..range.end as usize];
    let mut before = older.paragraphs.iter();
    let mut paragraphs = Vec::new();
    for range in &newer.paragraphs {
        if older.unplaced.contains(range) {
            paragraphs.push(ParagraphChange::AddedOrRemoved { text: text(range).to_owned() });
        } else if let Some(old) = before.next()
            && text(old) != text(range)
        {
            paragraphs.push(ParagraphChange::Changed { words: word_changes(text(old), text(range)) });
        }
    }
    VersionChange {
        from: older.number,
        to: newer.number,
        headline: (older.headline != newer.headline).then(|| (older.headline.clone(), newer.headline.clone())),
        paragraphs,
    }
}

/// The changes along articles that are versions of one address, oldest first.
pub fn address_changes(chain: &[Article]) -> Vec<VersionChange> {
    (0u32..)
        .zip(chain.windows(2))
        .map(|(number, two)| VersionChange {
            from: number,
            to: number + 1,
            headline: (two[0].headline != two[1].headline).then(|| (two[0].headline.clone(), two[1].headline.clone())),
            paragraphs: paragraph_changes(&two[0], &two[1]),
        })
        .collect()
}

fn paragraph_changes(older: &Article, newer: &Article) -> Vec<ParagraphChange> {
    let paragraphs = |article: &Article| -> Vec<String> {
        article.paragraphs().map(|range| article.text[range].to_owned()).collect()
    };
    let (old, new) = (paragraphs(older), paragraphs(newer));
    let mut changes = Vec::new();
    for step in capture_diff_slices(Algorithm::Myers, &old, &new) {
        if step.tag() == DiffTag::Equal {
            continue;
        }
        let (removed, added) = (&old[step.old_range()], &new[step.new_range()]);
        let both = removed.len().min(added.len());
        for (old, new) in removed.iter().zip(added) {
            changes.push(ParagraphChange::Changed { words: word_changes(old, new) });
        }
        changes.extend(removed[both..].iter().map(|text| ParagraphChange::Removed { text: text.clone() }));
        changes.extend(added[both..].iter().map(|text| ParagraphChange::Added { text: text.clone() }));
    }
    changes
}

fn word_changes(old: &str, new: &str) -> Vec<WordChange> {
    let diff = TextDiff::from_words(old, new);
    let mut changes: Vec<WordChange> = Vec::new();
    for change in diff.iter_all_changes() {
        let side = match change.tag() {
            ChangeTag::Equal => Side::Both,
            ChangeTag::Delete => Side::Older,
            ChangeTag::Insert => Side::Newer,
        };
        match changes.last_mut() {
            Some(last) if last.side == side => last.text.push_str(change.value()),
            _ => changes.push(WordChange { side, text: change.value().to_owned() }),
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_an_address_are_compared_by_paragraph() {
        let version = |text: &str| {
            let mut article = Article::new("a".into());
            article.text = text.into();
            article
        };
        let chain = [version("One.\nTwo is old.\nThree."), version("One.\nTwo is new.\nThree.\nFour.")];
        let changes = address_changes(&chain);
        assert_eq!(changes[0].paragraphs.len(), 2);
        assert!(matches!(&changes[0].paragraphs[0], ParagraphChange::Changed { .. }));
        assert_eq!(changes[0].paragraphs[1], ParagraphChange::Added { text: "Four.".into() });
    }
}
