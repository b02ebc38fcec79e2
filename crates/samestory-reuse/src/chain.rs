//! Chains: anchors that follow each other in both articles, so that they are one passage with small changes.

use crate::anchor::Anchor;

/// Words without a counterpart between two anchors of one chain, at most, on either side.
pub(crate) const MOST_GAP: usize = 12;

/// What a word of a gap costs, where one that is shared counts 1. Some of them will turn out to be equal.
const GAP_COST: f32 = 0.5;

/// Anchors before one that it may follow; further ones are too far apart in any but repeating texts.
const LOOK_BACK: usize = 64;

/// Chains of anchors, the best first; every anchor is in one. What anchors of a chain overlap is left to the earlier.
///
/// Local chaining by dynamic programming, as sequence aligners do between seeds (Li 2018, minimap2, section 2.1).
pub(crate) fn chains(anchors: &[Anchor]) -> Vec<Vec<Anchor>> {
    let mut score: Vec<f32> = Vec::with_capacity(anchors.len());
    let mut before: Vec<Option<usize>> = Vec::with_capacity(anchors.len());
    for (at, anchor) in anchors.iter().enumerate() {
        let mut best = (anchor.len as f32, None);
        for earlier in (at.saturating_sub(LOOK_BACK)..at).rev() {
            let Some((len, gap)) = joined(&anchors[earlier], anchor) else { continue };
            let reached = score[earlier] + len as f32 - GAP_COST * gap as f32;
            if reached > best.0 {
                best = (reached, Some(earlier));
            }
        }
        score.push(best.0);
        before.push(best.1);
    }
    let mut order: Vec<usize> = (0..anchors.len()).collect();
    order.sort_by(|x, y| score[*y].total_cmp(&score[*x]).then(x.cmp(y)));
    let mut used = vec![false; anchors.len()];
    let mut chains = Vec::new();
    for last in order {
        if used[last] {
            continue;
        }
        let mut chain = Vec::new();
        let mut at = Some(last);
        while let Some(here) = at.filter(|here| !used[*here]) {
            used[here] = true;
            chain.push(anchors[here]);
            at = before[here];
        }
        chain.reverse();
        chains.push(trimmed(chain));
    }
    chains
}

/// Words that the second adds behind the first, and words between both; none where it cannot follow.
fn joined(first: &Anchor, second: &Anchor) -> Option<(usize, usize)> {
    if second.a <= first.a || second.b <= first.b {
        return None;
    }
    let overlap = first.a_end().saturating_sub(second.a).max(first.b_end().saturating_sub(second.b));
    let len = second.len.checked_sub(overlap).filter(|len| *len > 0)?;
    let gap = (second.a + overlap - first.a_end()).max(second.b + overlap - first.b_end());
    (gap <= MOST_GAP).then_some((len, gap))
}

fn trimmed(mut chain: Vec<Anchor>) -> Vec<Anchor> {
    for at in 1..chain.len() {
        let before = chain[at - 1];
        let anchor = &mut chain[at];
        let overlap = before.a_end().saturating_sub(anchor.a).max(before.b_end().saturating_sub(anchor.b));
        anchor.a += overlap;
        anchor.b += overlap;
        anchor.len -= overlap;
    }
    chain
}
