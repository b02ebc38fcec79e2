//! Alignment of the words between and beyond anchors.
//!
//! An alignment is a list of [`Anchor`]s that follow each other in both articles: what is equal. What stands between
//! two of them has no counterpart.

use crate::anchor::Anchor;
use crate::chain::MOST_GAP;

/// One article as it is aligned.
#[derive(Clone, Copy)]
pub(crate) struct Aligned<'a> {
    /// Its words.
    pub(crate) words: &'a [u64],
    /// Which of them stand in a passage already, into which no other grows.
    pub(crate) covered: &'a [bool],
}

impl Aligned<'_> {
    fn open_word(&self, at: usize) -> Option<u64> {
        self.words.get(at).copied().filter(|_| !self.covered[at])
    }
}

/// The chain with the equal words of its gaps, and of its ends as far as most words stay equal.
pub(crate) fn aligned(chain: &[Anchor], a: Aligned<'_>, b: Aligned<'_>) -> Vec<Anchor> {
    let (first, last) = (chain[0], chain[chain.len() - 1]);
    let mut blocks = Vec::with_capacity(chain.len() + 4);
    extend_left(first, a, b, &mut blocks);
    for (at, anchor) in chain.iter().enumerate() {
        if let Some(before) = at.checked_sub(1).map(|at| chain[at]) {
            let (gap_a, gap_b) = (before.a_end()..anchor.a, before.b_end()..anchor.b);
            let offset = (gap_a.start, gap_b.start);
            equal_in_gap(&a.words[gap_a], &b.words[gap_b], offset, &mut blocks);
        }
        push(&mut blocks, *anchor);
    }
    extend_right(last, a, b, &mut blocks);
    blocks
}

/// Appends a block, as part of the last one where it goes on from there.
pub(crate) fn push(blocks: &mut Vec<Anchor>, block: Anchor) {
    match blocks.last_mut() {
        Some(last) if last.a_end() == block.a && last.b_end() == block.b => last.len += block.len,
        _ => blocks.push(block),
    }
}

/// The longest common subsequence of two gaps. Gaps are bounded, so that all of the matrix is in the band.
fn equal_in_gap(a: &[u64], b: &[u64], offset: (usize, usize), blocks: &mut Vec<Anchor>) {
    if a.is_empty() || b.is_empty() {
        return;
    }
    let width = b.len() + 1;
    let mut longest = vec![0u16; (a.len() + 1) * width];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            longest[i * width + j] = match a[i] == b[j] {
                true => longest[(i + 1) * width + j + 1] + 1,
                false => longest[(i + 1) * width + j].max(longest[i * width + j + 1]),
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    while i < a.len() && j < b.len() {
        if a[i] == b[j] {
            push(blocks, Anchor { a: offset.0 + i, b: offset.1 + j, len: 1 });
            (i, j) = (i + 1, j + 1);
        } else if longest[(i + 1) * width + j] >= longest[i * width + j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
}

/// Words beyond an end of a chain that are looked at.
const REACH: usize = 24;

/// How far from the diagonal.
const BAND: usize = 6;

/// Behind one changed word two must be equal, behind two changed words four, and so on.
const EQUAL: i32 = 2;
const UNEQUAL: i32 = -3;

/// Equal words beyond an end: the best alignment that begins there, as blocks of positions from the end on.
fn beyond(a: impl Fn(usize) -> Option<u64>, b: impl Fn(usize) -> Option<u64>) -> Vec<(usize, usize)> {
    let value = |side: &dyn Fn(usize) -> Option<u64>| -> Vec<u64> { (0..REACH).map_while(side).collect() };
    let (a, b) = (value(&a), value(&b));
    let width = b.len() + 1;
    let lowest = i32::MIN / 2;
    let mut scores = vec![lowest; (a.len() + 1) * width];
    let mut best = (0, 0, 0);
    for i in 0..=a.len() {
        for j in i.saturating_sub(BAND)..=(i + BAND).min(b.len()) {
            let at = i * width + j;
            scores[at] = if at == 0 { 0 } else { lowest };
            if i > 0 && j > 0 {
                let pair = if a[i - 1] == b[j - 1] { EQUAL } else { UNEQUAL };
                scores[at] = scores[at].max(scores[at - width - 1] + pair);
            }
            if i > 0 {
                scores[at] = scores[at].max(scores[at - width] + UNEQUAL);
            }
            if j > 0 {
                scores[at] = scores[at].max(scores[at - 1] + UNEQUAL);
            }
            if scores[at] > best.0 {
                best = (scores[at], i, j);
            }
        }
    }
    let (_, mut i, mut j) = best;
    let mut pairs = Vec::new();
    while i > 0 && j > 0 {
        let at = i * width + j;
        let equal = a[i - 1] == b[j - 1];
        if scores[at] == scores[at - width - 1] + if equal { EQUAL } else { UNEQUAL } {
            if equal {
                pairs.push((i - 1, j - 1));
            }
            (i, j) = (i - 1, j - 1);
        } else if scores[at] == scores[at - width] + UNEQUAL {
            i -= 1;
        } else {
            j -= 1;
        }
    }
    pairs.reverse();
    pairs
}

fn extend_right(last: Anchor, a: Aligned<'_>, b: Aligned<'_>, blocks: &mut Vec<Anchor>) {
    let (from_a, from_b) = (last.a_end(), last.b_end());
    for (i, j) in beyond(|at| a.open_word(from_a + at), |at| b.open_word(from_b + at)) {
        push(blocks, Anchor { a: from_a + i, b: from_b + j, len: 1 });
    }
}

fn extend_left(first: Anchor, a: Aligned<'_>, b: Aligned<'_>, blocks: &mut Vec<Anchor>) {
    let back = |side: Aligned<'_>, from: usize, at: usize| side.open_word(from.checked_sub(at + 1)?);
    let mut pairs = beyond(|at| back(a, first.a, at), |at| back(b, first.b, at));
    pairs.reverse();
    for (i, j) in pairs {
        push(blocks, Anchor { a: first.a - 1 - i, b: first.b - 1 - j, len: 1 });
    }
}

/// Least share of the words of a passage that align equal, of the longer side.
pub(crate) const LEAST_EQUAL: f64 = 0.65;

/// Divides an alignment where more than [`MOST_GAP`] words in a row have no counterpart, and further until most words
/// of each piece are equal.
pub(crate) fn pieces(blocks: &[Anchor], tell: &mut dyn FnMut(&[Anchor])) {
    let mut pending = vec![blocks];
    while let Some(piece) = pending.pop() {
        let (Some(first), Some(last)) = (piece.first(), piece.last()) else { continue };
        let equal: usize = piece.iter().map(|block| block.len).sum();
        let longer = (last.a_end() - first.a).max(last.b_end() - first.b);
        let gap = |at: usize| (piece[at].a - piece[at - 1].a_end()).max(piece[at].b - piece[at - 1].b_end());
        // Of several as wide the one in the middle, so that long pieces are halved and not peeled.
        let aside = |at: usize| (2 * at).abs_diff(piece.len());
        let widest = (1..piece.len()).max_by_key(|at| (gap(*at), std::cmp::Reverse((aside(*at), *at))));
        match widest {
            Some(at) if gap(at) > MOST_GAP || (equal as f64) < LEAST_EQUAL * longer as f64 => {
                pending.push(&piece[at..]);
                pending.push(&piece[..at]);
            }
            _ => tell(piece),
        }
    }
}
