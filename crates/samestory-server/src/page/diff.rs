//! What changed between versions, for pages.

use samestory::reuse::{ChangeKind, VersionChange, WordSide};
use samestory::wording::version_summary;

/// A step from one version to the next.
pub(crate) struct Step {
    pub(crate) summary: String,
    pub(crate) headline: Option<(String, String)>,
    pub(crate) sentences: Vec<Sentence>,
}

/// A sentence that differs.
pub(crate) struct Sentence {
    pub(crate) kind: &'static str,
    pub(crate) trivial: bool,
    pub(crate) words: Vec<Words>,
}

/// Words of both versions, or of one.
pub(crate) struct Words {
    /// `both`, `older` or `newer`.
    pub(crate) side: &'static str,
    pub(crate) text: String,
}

impl Step {
    pub(crate) fn of(change: &VersionChange) -> Step {
        let sentence = |sentence: &samestory::reuse::SentenceChange| Sentence {
            kind: match sentence.kind {
                ChangeKind::Added => "added",
                ChangeKind::Removed => "removed",
                ChangeKind::Changed => "changed",
                ChangeKind::Moved => "moved",
                ChangeKind::AddedOrRemoved => "in one version only",
            },
            trivial: sentence.trivial,
            words: sentence
                .words
                .iter()
                .map(|words| Words {
                    side: match words.side {
                        WordSide::Both => "both",
                        WordSide::Older => "older",
                        WordSide::Newer => "newer",
                    },
                    text: words.text.clone(),
                })
                .collect(),
        };
        Step {
            summary: version_summary(change),
            headline: change.headline.as_ref().map(|headline| (headline.from.clone(), headline.to.clone())),
            sentences: change.sentences.iter().map(sentence).collect(),
        }
    }
}
