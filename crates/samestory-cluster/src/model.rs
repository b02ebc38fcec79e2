//! The learned judgement of a pair: a sum of small trees.
//!
//! *Design.* Boosted trees (Friedman 2001) over [`FEATURES`], learned offline by `training/train.py` and
//! shipped as `data/pairs.model`, a text file with a head that says what it was learned from. Similarity
//! may only speak for a pair, and days apart only against it: the trees are monotone where a feature has a
//! sign. One part is set by hand: labelled sets hold too few reports that follow a template, so that
//! wording with other figures costs [`TEMPLATE_WEIGHT`] a unit.
//!
//! *Consequences.* Every judgement is a sum of named contributions: each split on the way to a leaf moves
//! the expected log odds, and the move belongs to the split's feature (Saabas 2014).
//!
//! # The file
//!
//! Lines that begin with `#` say what the model was learned from. Then, in this order:
//!
//! ```text
//! samestory-pairs 1
//! features <name>|<name>|...
//! prior <share of pairs that report one event, in training>
//! calibration <log odds>:<calibrated log odds> ...
//! bias <log odds before any tree>
//! tree <node> <node> ...
//! ```
//!
//! A node is `feature:threshold:left:right:value` or, where it is a leaf, `value`; the first is the root,
//! `left` (taken at a value up to the threshold) and `right` are positions in the line, behind their own.
//! A tree has at most 16 leaves.

use std::sync::OnceLock;

use crate::features::{FEATURES, N_FEATURES, PairFeatures};
use crate::forest::{Forest, LANES, MOST_LEAVES, Node, Scratch};

/// How far the estimated prior of a collection is believed. The estimate takes the pairs for independent, but
/// those of one article stand or fall together; taken whole, it splits the stories of a thin stream.
const PRIOR_TRUST: f64 = 0.6;

/// Log odds that a unit of template costs.
pub const TEMPLATE_WEIGHT: f64 = -10.0;

const SHIPPED: &str = include_str!("../data/pairs.model");

/// How a pair is judged.
#[derive(Debug, Clone, PartialEq)]
pub struct PairModel {
    bias: f64,
    prior: f64,
    /// Log odds and what they come true as, both rising.
    calibration: Vec<(f64, f64)>,
    trees: Vec<Vec<Node>>,
    /// The same trees, for many pairs at once.
    forest: Forest,
}

/// Why a model cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("model, line {line}: {reason}")]
pub struct ModelError {
    /// Line of the file, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: String,
}

/// What a judgement is made of, in log odds.
#[derive(Debug, Clone, PartialEq)]
pub struct Contributions {
    /// Before anything is known of the pair.
    pub bias: f64,
    /// Of each feature, in the order of [`FEATURES`].
    pub features: [f64; N_FEATURES],
    /// Of one wording with other figures, at most 0.
    pub template: f64,
}

impl Contributions {
    /// The log odds that they add up to.
    pub fn sum(&self) -> f64 {
        self.bias + self.features.iter().sum::<f64>() + self.template
    }
}

impl PairModel {
    /// The model that is shipped in the crate.
    ///
    /// # Panics
    ///
    /// Never: a test reads the shipped file.
    pub fn shipped() -> &'static PairModel {
        static MODEL: OnceLock<PairModel> = OnceLock::new();
        MODEL.get_or_init(|| PairModel::parse(SHIPPED).expect("the shipped model is read by a test"))
    }

    /// Reads a model.
    ///
    /// # Errors
    ///
    /// If a line is not as the [module](self) says, or the features are not [`FEATURES`].
    pub fn parse(text: &str) -> Result<PairModel, ModelError> {
        let mut lines = (1..).zip(text.lines()).filter(|(_, line)| !line.starts_with('#') && !line.is_empty());
        let mut next = |name: &str| match lines.next() {
            Some((line, text)) => match text.split_once(' ') {
                Some((found, rest)) if found == name => Ok((line, rest)),
                _ => Err(ModelError { line, reason: format!("`{name}` is expected") }),
            },
            None => Err(ModelError { line: 0, reason: format!("`{name}` is missing") }),
        };
        let (line, version) = next("samestory-pairs")?;
        if version != "1" {
            return Err(ModelError { line, reason: format!("version {version} is not known") });
        }
        let (line, names) = next("features")?;
        if !names.split('|').eq(FEATURES.iter().map(|feature| feature.name)) {
            return Err(ModelError { line, reason: "the features are not those of this version".into() });
        }
        let (line, prior) = next("prior")?;
        let prior = number(line, prior)?;
        if !(1e-6..=0.5).contains(&prior) {
            return Err(ModelError { line, reason: format!("prior {prior} is not between 0 and 0.5") });
        }
        let (line, calibration) = next("calibration")?;
        let knot = |knot: &str| {
            let (from, to) = knot.split_once(':').unwrap_or((knot, ""));
            Ok((number(line, from)?, number(line, to)?))
        };
        let calibration: Vec<(f64, f64)> = calibration.split(' ').map(knot).collect::<Result<_, ModelError>>()?;
        if !calibration.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1) {
            return Err(ModelError { line, reason: "the calibration does not rise".into() });
        }
        let (line, bias) = next("bias")?;
        let bias = number(line, bias)?;
        let trees: Result<Vec<Vec<Node>>, ModelError> = lines
            .map(|(line, text)| match text.split_once(' ') {
                Some(("tree", nodes)) => tree(line, nodes),
                _ => Err(ModelError { line, reason: "`tree` is expected".into() }),
            })
            .collect();
        let trees = trees?;
        let forest = Forest::of(&trees).ok_or_else(|| ModelError {
            line,
            reason: format!("a tree behind it has more than {MOST_LEAVES} leaves, or there are too many trees"),
        })?;
        Ok(PairModel { bias, prior, calibration, trees, forest })
    }

    pub(crate) fn of_parts(bias: f64, prior: f64, splits: Vec<(usize, f32, f32, f32)>) -> PairModel {
        let tree = |(feature, threshold, below, above): (usize, f32, f32, f32)| {
            let leaf = |value: f32| Node { value, threshold: 0.0, left: 0, right: 0, feature: 0 };
            let root = Node { value: 0.0, threshold, left: 1, right: 2, feature: feature as u16 };
            vec![root, leaf(below), leaf(above)]
        };
        let trees: Vec<Vec<Node>> = splits.into_iter().map(tree).collect();
        let forest = Forest::of(&trees).expect("two leaves a tree");
        PairModel { bias, prior, calibration: vec![(-20.0, -20.0), (20.0, 20.0)], trees, forest }
    }

    /// Share of candidate pairs that report one event, in training.
    pub fn prior(&self) -> f64 {
        self.prior
    }

    /// Log odds that both report the same event, at the [prior](Self::prior) of training.
    pub fn log_odds(&self, features: &PairFeatures, template: f32) -> f64 {
        self.bias + TEMPLATE_WEIGHT * f64::from(template) + self.forest.sums([features], &mut Scratch::new())[0]
    }

    /// The log odds of many pairs with their templates, in order; as [`log_odds`](Self::log_odds) of each.
    pub fn log_odds_of(&self, pairs: &[(PairFeatures, f32)]) -> Vec<f64> {
        let mut scratch = Scratch::new();
        let mut found = Vec::with_capacity(pairs.len());
        let block = |block: &[(PairFeatures, f32)]| {
            let sums = self.forest.sums(block.iter().map(|(features, _)| features), &mut scratch);
            let of = |(sum, (_, template)): (f64, &(PairFeatures, f32))| {
                self.bias + TEMPLATE_WEIGHT * f64::from(*template) + sum
            };
            found.extend(sums.into_iter().zip(block).map(of));
        };
        pairs.chunks(LANES).for_each(block);
        found
    }

    /// What the log odds are made of; they add up to [`log_odds`](Self::log_odds) but for rounding.
    pub fn contributions(&self, features: &PairFeatures, template: f32) -> Contributions {
        let mut parts = Contributions {
            bias: self.bias,
            features: [0.0; N_FEATURES],
            template: TEMPLATE_WEIGHT * f64::from(template),
        };
        for tree in &self.trees {
            let mut node = &tree[0];
            parts.bias += f64::from(node.value);
            while !node.is_leaf() {
                let below = &tree[usize::from(node.below(features))];
                parts.features[usize::from(node.feature)] += f64::from(below.value) - f64::from(node.value);
                node = below;
            }
        }
        parts
    }

    /// What linkage averages, from log odds and the share of candidate pairs of this collection that report
    /// one event ([`crate::prior`]), 0 to 1.
    pub fn similarity(&self, log_odds: f64, prior: f64) -> f64 {
        logistic(log_odds + self.prior_shift(prior))
    }

    /// The probability that both report the same event, 0 to 1: the similarity as it comes true on sets that
    /// training has not seen, by isotonic regression (Zadrozny and Elkan 2002), straight between its steps.
    pub fn probability(&self, log_odds: f64, prior: f64) -> f64 {
        let log_odds = log_odds + self.prior_shift(prior);
        let above = self.calibration.partition_point(|(from, _)| *from < log_odds);
        let calibrated = match (above.checked_sub(1).map(|below| self.calibration[below]), self.calibration.get(above))
        {
            (Some((x, y)), Some((further, higher))) => y + (higher - y) * (log_odds - x) / (further - x),
            (Some((_, y)), None) | (None, Some(&(_, y))) => y,
            (None, None) => log_odds,
        };
        logistic(calibrated)
    }

    /// Log odds that a collection adds to each of its pairs.
    pub fn prior_shift(&self, prior: f64) -> f64 {
        PRIOR_TRUST * (odds(prior) - odds(self.prior))
    }
}

/// Natural logarithm of the odds of a probability.
pub(crate) fn odds(probability: f64) -> f64 {
    (probability / (1.0 - probability)).ln()
}

pub(crate) fn logistic(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}

fn number(line: usize, text: &str) -> Result<f64, ModelError> {
    let value: Option<f64> = text.parse().ok().filter(|value: &f64| value.is_finite());
    value.ok_or_else(|| ModelError { line, reason: format!("`{text}` is no number") })
}

fn tree(line: usize, nodes: &str) -> Result<Vec<Node>, ModelError> {
    let nodes: Vec<&str> = nodes.split(' ').collect();
    let wrong = |reason: String| ModelError { line, reason };
    if nodes.len() > usize::from(u16::MAX) {
        return Err(wrong("the tree has too many nodes".into()));
    }
    nodes
        .iter()
        .enumerate()
        .map(|(at, text)| {
            let parts: Vec<&str> = text.split(':').collect();
            let [feature, threshold, left, right, value] = parts[..] else {
                let value = number(line, text)? as f32;
                return Ok(Node { value, threshold: 0.0, left: 0, right: 0, feature: 0 });
            };
            let position = |text: &str| {
                let position = text.parse::<u16>().ok().filter(|to| (at + 1..nodes.len()).contains(&usize::from(*to)));
                position.ok_or_else(|| wrong(format!("node {at} leads to `{text}`, which is not behind it")))
            };
            let feature = feature.parse::<u16>().ok().filter(|feature| usize::from(*feature) < N_FEATURES);
            Ok(Node {
                feature: feature.ok_or_else(|| wrong(format!("node {at} has an unknown feature")))?,
                threshold: number(line, threshold)? as f32,
                left: position(left)?,
                right: position(right)?,
                value: number(line, value)? as f32,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn head() -> String {
        let names: Vec<&str> = FEATURES.iter().map(|feature| feature.name).collect();
        format!(
            "# a test\nsamestory-pairs 1\nfeatures {}\nprior 0.05\ncalibration -9:-9 9:9\nbias -2\n",
            names.join("|")
        )
    }

    #[test]
    fn the_shipped_model_is_read() {
        let model = PairModel::parse(SHIPPED).expect("the shipped model");
        assert!(model.trees.len() > 50);
    }

    #[test]
    fn a_split_moves_the_log_odds() {
        let model = PairModel::parse(&(head() + "tree 0:0.5:1:2:0.1 -1 2\n")).expect("a model");
        let mut features = PairFeatures([0.0; N_FEATURES]);
        assert_eq!(model.log_odds(&features, 0.0), -3.0);
        features.0[0] = 0.6;
        assert_eq!(model.log_odds(&features, 0.0), 0.0);
        assert!((model.contributions(&features, 0.0).features[0] - 1.9).abs() < 1e-6);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        let reason = |tail: &str| PairModel::parse(&(head() + tail)).expect_err("not a model").to_string();
        assert_eq!(reason("tree 0:0.5:1:9:0 1 2"), "model, line 7: node 0 leads to `9`, which is not behind it");
        assert_eq!(reason("tree 0:0.5:0:1:0 1"), "model, line 7: node 0 leads to `0`, which is not behind it");
        assert_eq!(reason("tree 99:0.5:1:2:0 1 2"), "model, line 7: node 0 has an unknown feature");
        assert_eq!(reason("leaf 1"), "model, line 7: `tree` is expected");
        assert_eq!(PairModel::parse("").expect_err("empty").to_string(), "model, line 0: `samestory-pairs` is missing");
    }

    #[test]
    fn a_tree_has_no_more_than_sixteen_leaves() {
        // Each split has a leaf on its left and the next split on its right.
        let chain = |leaves: usize| {
            let splits = (0..leaves - 1).map(|at| format!("0:{at}:{}:{}:0 1", 2 * at + 1, 2 * at + 2));
            format!("{}tree {} 2\n", head(), splits.collect::<Vec<_>>().join(" "))
        };
        assert!(PairModel::parse(&chain(16)).is_ok());
        let reason = PairModel::parse(&chain(17)).expect_err("a leaf too many").to_string();
        assert!(reason.contains("16 leaves"), "{reason}");
    }

    #[test]
    fn many_pairs_are_judged_as_each_alone() {
        let model = PairModel::shipped();
        let pair = |number: usize| {
            let value = |at: usize| ((number * 31 + at * 17) % 101) as f32 / 25.0;
            (PairFeatures(std::array::from_fn(value)), number as f32 / 100.0)
        };
        let pairs: Vec<(PairFeatures, f32)> = (0..37).map(pair).collect();
        let alone: Vec<f64> = pairs.iter().map(|(features, template)| model.log_odds(features, *template)).collect();
        assert_eq!(model.log_odds_of(&pairs), alone);
    }

    proptest! {
        #[test]
        fn contributions_add_up(values in prop::array::uniform32(-3.0f32..40.0), template in 0.0f32..0.6) {
            let mut features = PairFeatures([0.0; N_FEATURES]);
            features.0[..32].copy_from_slice(&values);
            let model = PairModel::shipped();
            let sum = model.contributions(&features, template).sum();
            prop_assert!((sum - model.log_odds(&features, template)).abs() < 1e-3);
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
            let _ = PairModel::parse(&text);
            let _ = PairModel::parse(&(head() + "tree " + &text));
        }
    }
}
