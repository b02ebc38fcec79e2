//! Fixed weights: a judgement of pairs that needs no file and can be read at a glance.

use crate::features::FEATURES;
use crate::model::PairModel;

/// Log odds of a pair with none of the evidence below, at [`PRIOR`].
const BIAS: f64 = -7.5;

/// Share of pairs that report one event where the weights hold.
const PRIOR: f64 = 0.05;

/// Feature, value that it must pass, and log odds that passing it adds. A feature may stand several times.
const WEIGHTS: [(&str, f32, f32); 20] = [
    ("words", 0.05, 0.7),
    ("words", 0.15, 0.8),
    ("words", 0.30, 0.8),
    ("shared rarity part", 0.10, 0.7),
    ("shared rarity part", 0.25, 0.7),
    ("lead", 0.08, 0.7),
    ("lead", 0.20, 0.7),
    ("headline in lead most", 0.10, 0.4),
    ("headline in lead most", 0.30, 0.4),
    ("shared wording part", 0.03, 0.5),
    ("names", 0.20, 0.3),
    ("days apart", 1.5, -1.0),
    ("days apart", 4.0, -0.8),
    ("days apart", 8.0, -1.2),
    ("same outlet", 0.5, -1.0),
    ("of best least", 0.50, 1.0),
    ("of best least", 0.75, 1.2),
    ("of best most", 0.90, 1.0),
    ("shared candidates", 0.20, 0.8),
    ("shared candidates", 0.40, 0.7),
];

impl PairModel {
    /// A model with fixed weights of nine features, which needs no file.
    pub fn fixed() -> PairModel {
        let position = |name: &str| FEATURES.iter().position(|feature| feature.name == name).unwrap_or_default();
        let splits =
            WEIGHTS.iter().map(|(name, threshold, weight)| (position(name), *threshold, 0.0, *weight)).collect();
        PairModel::of_parts(BIAS, PRIOR, splits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_weight_names_a_feature() {
        for (name, ..) in WEIGHTS {
            assert!(FEATURES.iter().any(|feature| feature.name == name), "{name}");
        }
    }
}
