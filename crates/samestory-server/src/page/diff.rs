//! What changed between versions, for pages.

use samestory::reuse::{ChangeKind, VersionChange, WordChange, WordSide};
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
            words: grouped(&sentence.words),
        };
        Step {
            summary: version_summary(change),
            headline: change.headline.as_ref().map(|headline| (headline.from.clone(), headline.to.clone())),
            sentences: change.sentences.iter().map(sentence).collect(),
        }
    }
}

/// Words by who has them, with no change of sides at a lone space: where several words in a row were replaced, the older
/// ones stand together before the newer.
fn grouped(changes: &[WordChange]) -> Vec<Words> {
    let mut groups = Vec::new();
    let (mut older, mut newer) = (String::new(), String::new());
    let flush = |older: &mut String, newer: &mut String, groups: &mut Vec<Words>| {
        // Between an old and a new form stands a space, which neither may end with.
        let both = !older.trim().is_empty() && !newer.trim().is_empty();
        for (side, text) in [("older", std::mem::take(older)), ("newer", std::mem::take(newer))] {
            let (text, space) = text.split_at(text.trim_end().len());
            if !text.is_empty() {
                groups.push(Words { side, text: text.to_owned() });
            }
            let is_between = side == "older" && both;
            if !space.is_empty() || is_between {
                groups.push(Words { side: "both", text: " ".to_owned() });
            }
        }
    };
    for change in changes {
        let changing = !older.is_empty() || !newer.is_empty();
        match change.side {
            WordSide::Older => older.push_str(&change.text),
            WordSide::Newer => newer.push_str(&change.text),
            WordSide::Both if changing && change.text.trim().is_empty() => {
                older.push_str(&change.text);
                newer.push_str(&change.text);
            }
            WordSide::Both => {
                flush(&mut older, &mut newer, &mut groups);
                groups.push(Words { side: "both", text: change.text.clone() });
            }
        }
    }
    flush(&mut older, &mut newer, &mut groups);
    groups
}

#[cfg(test)]
mod tests {
    use samestory::reuse::word_changes;

    use super::*;

    #[test]
    fn words_that_were_replaced_together_stand_together() {
        let shown = |older: &str, newer: &str| -> String {
            let sign = |words: &Words| match words.side {
                "older" => format!("[-{}-]", words.text),
                "newer" => format!("{{+{}+}}", words.text),
                _ => words.text.clone(),
            };
            grouped(&word_changes(older, newer)).iter().map(sign).collect()
        };
        assert_eq!(
            shown("There was no word from the general.", "A spokesman for the general."),
            "[-There was no word from-] {+A spokesman for+} the general."
        );
        assert_eq!(shown("It sails at noon.", "It sails."), "It [-sails at noon.-] {+sails.+}");
        assert_eq!(shown("It sails.", "It sails."), "It sails.");
        assert_eq!(shown("", "It sails."), "{+It sails.+}");
    }
}
