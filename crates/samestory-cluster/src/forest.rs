//! Many pairs through many trees at once.
//!
//! *Design.* QuickScorer (Lucchese et al. 2015, section 3), sixteen pairs side by side (its section 4.1 and
//! Lucchese et al. 2016). A tree of up to [`MOST_LEAVES`] leaves is a word of bits, a leaf each, from left to
//! right. Every split that sends a pair to the right clears the leaves on its left; the lowest bit left over
//! is the leaf the pair ends in. Splits are met feature by feature in order of their thresholds, so no
//! branch depends on a single pair.

use crate::features::{N_FEATURES, PairFeatures};

/// Most leaves of a tree.
pub(crate) const MOST_LEAVES: usize = 16;

/// Pairs that are judged side by side.
pub(crate) const LANES: usize = 16;

/// A split of a tree, or a leaf.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Node {
    /// Log odds to be expected here, of this tree.
    pub(crate) value: f32,
    pub(crate) threshold: f32,
    /// Positions of the two nodes below; 0 in a leaf.
    pub(crate) left: u16,
    pub(crate) right: u16,
    pub(crate) feature: u16,
}

impl Node {
    pub(crate) fn is_leaf(&self) -> bool {
        self.left == 0
    }

    pub(crate) fn below(&self, features: &PairFeatures) -> u16 {
        if features.0[usize::from(self.feature)] <= self.threshold { self.left } else { self.right }
    }
}

/// Trees in the order of their splits.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Forest {
    /// For each feature its splits, by rising threshold.
    splits: Vec<Vec<Split>>,
    /// Values of the leaves of each tree.
    leaves: Vec<[f32; MOST_LEAVES]>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Split {
    threshold: f32,
    tree: u16,
    /// The leaves that a value above the threshold may still end in.
    right: u32,
}

impl Forest {
    /// The trees, each with its root first; `None` if one has more than [`MOST_LEAVES`] leaves.
    pub(crate) fn of(trees: &[Vec<Node>]) -> Option<Forest> {
        let mut forest = Forest { splits: vec![Vec::new(); N_FEATURES], leaves: Vec::new() };
        for tree in trees {
            let number = u16::try_from(forest.leaves.len()).ok()?;
            forest.leaves.push([0.0; MOST_LEAVES]);
            let mut n_leaves = 0;
            forest.add(tree, 0, number, &mut n_leaves)?;
        }
        for splits in &mut forest.splits {
            splits.sort_by(|a, b| a.threshold.total_cmp(&b.threshold).then(a.tree.cmp(&b.tree)));
        }
        Some(forest)
    }

    /// Adds what is below a node; its leaves are those from `n_leaves` on.
    fn add(&mut self, tree: &[Node], at: usize, number: u16, n_leaves: &mut usize) -> Option<()> {
        let node = tree[at];
        if node.is_leaf() {
            *self.leaves[usize::from(number)].get_mut(*n_leaves)? = node.value;
            *n_leaves += 1;
            return Some(());
        }
        let first = *n_leaves;
        self.add(tree, usize::from(node.left), number, n_leaves)?;
        let left = ((1u32 << first) - 1) ^ ((1u32 << *n_leaves) - 1);
        self.splits[usize::from(node.feature)].push(Split { threshold: node.threshold, tree: number, right: !left });
        self.add(tree, usize::from(node.right), number, n_leaves)
    }

    /// The sum over all trees for each of up to [`LANES`] pairs; the rest is of no meaning.
    pub(crate) fn sums<'a>(
        &self,
        pairs: impl IntoIterator<Item = &'a PairFeatures>,
        scratch: &mut Scratch,
    ) -> [f64; LANES] {
        for (lane, pair) in pairs.into_iter().enumerate().take(LANES) {
            for (values, value) in scratch.values.iter_mut().zip(&pair.0) {
                values[lane] = *value;
            }
        }
        scratch.open.clear();
        scratch.open.resize(self.leaves.len(), [u32::MAX; LANES]);
        for (splits, values) in self.splits.iter().zip(&scratch.values) {
            let most = values.iter().copied().fold(f32::MIN, f32::max);
            for split in splits.iter().take_while(|split| split.threshold < most) {
                let open = &mut scratch.open[usize::from(split.tree)];
                for (open, value) in open.iter_mut().zip(values) {
                    let stays_left = u32::from(*value <= split.threshold).wrapping_neg();
                    *open &= split.right | stays_left;
                }
            }
        }
        let mut sums = [0.0; LANES];
        for (open, leaves) in scratch.open.iter().zip(&self.leaves) {
            for (sum, open) in sums.iter_mut().zip(open) {
                *sum += f64::from(leaves[open.trailing_zeros() as usize % MOST_LEAVES]);
            }
        }
        sums
    }
}

/// Memory of [`Forest::sums`].
pub(crate) struct Scratch {
    values: [[f32; LANES]; N_FEATURES],
    /// For each tree the leaves in which each pair may still end.
    open: Vec<[u32; LANES]>,
}

impl Scratch {
    pub(crate) fn new() -> Scratch {
        Scratch { values: [[0.0; LANES]; N_FEATURES], open: Vec::new() }
    }
}
