//! Rows of what articles have from each other.

use samestory::reuse::{Reason, Side};
use samestory::{Collection, ReusePair, SharedPassage};
use serde::Serialize;

use super::visiting;
use crate::output::Failure;

/// Two articles of a story that share words.
#[derive(Serialize)]
pub(super) struct EdgeRow {
    story: String,
    a: String,
    b: String,
    copy: bool,
    a_share: f64,
    b_share: f64,
    passages: usize,
    evidence: usize,
    source: Option<Side>,
    confidence: f64,
    reasons: Vec<&'static str>,
}

impl EdgeRow {
    pub(super) fn of(pair: &ReusePair) -> Self {
        let reuse = &pair.reuse;
        EdgeRow {
            story: pair.story.to_string(),
            a: pair.a.clone(),
            b: pair.b.clone(),
            copy: pair.copy,
            a_share: reuse.a_share,
            b_share: reuse.b_share,
            passages: reuse.passages.len(),
            evidence: reuse.passages.iter().filter(|passage| passage.kind.is_evidence()).count(),
            source: reuse.direction.source,
            confidence: reuse.direction.confidence,
            reasons: reuse.direction.reasons.iter().map(Reason::name).collect(),
        }
    }
}

/// A passage that two articles share.
#[derive(Serialize)]
pub(super) struct PassageRow {
    story: String,
    a: String,
    b: String,
    kind: &'static str,
    exact: bool,
    similarity: f64,
    a_start: usize,
    a_end: usize,
    a_text: String,
    b_start: usize,
    b_end: usize,
    b_text: String,
    source: Option<Side>,
    confidence: f64,
}

impl PassageRow {
    pub(super) fn of(pair: &ReusePair, passage: &SharedPassage) -> Self {
        PassageRow {
            story: pair.story.to_string(),
            a: pair.a.clone(),
            b: pair.b.clone(),
            kind: passage.kind.name(),
            exact: passage.exact,
            similarity: passage.similarity,
            a_start: passage.a.start,
            a_end: passage.a.end,
            a_text: passage.a.text.clone(),
            b_start: passage.b.start,
            b_end: passage.b.end,
            b_text: passage.b.text.clone(),
            source: passage.direction.source,
            confidence: passage.direction.confidence,
        }
    }
}

/// Visits every two articles of a story that share passages.
pub(super) fn each_pair(
    collection: &Collection,
    visit: &mut dyn FnMut(ReusePair) -> Result<(), Failure>,
) -> Result<(), Failure> {
    visiting(|stop| collection.each_reuse_pair(&mut |pair| stop(visit(pair))))
}
