//! Signatures keep what is promised of them: the estimate is unbiased, its spread stays within
//! that of classic MinHash, and bands meet pairs as often as the S-curve says.

mod random;

use random::{Random, set_pair};
use samestory_minhash::{Banding, MinHasher, Overlap};

const SIZES: [usize; 4] = [10, 40, 200, 2000];
const JACCARDS: [f64; 4] = [0.05, 0.3, 0.6, 0.9];

#[test]
fn estimates_are_unbiased_and_within_the_bound() {
    const TRIALS: usize = 500;
    let hasher = MinHasher::default();
    for size in SIZES {
        for jaccard in JACCARDS {
            let mut random = Random(size as u64);
            let mut exact = 0.0;
            let mut errors = Vec::with_capacity(TRIALS);
            for _ in 0..TRIALS {
                let (a, b, truth) = set_pair(&mut random, size, jaccard);
                let [a, b] = [a, b].map(|set| hasher.signature(&set).unwrap());
                errors.push(a.estimate(&b) - truth);
                exact = truth;
            }
            let n_trials = TRIALS as f64;
            let mean = errors.iter().sum::<f64>() / n_trials;
            let deviation = (errors.iter().map(|e| e * e).sum::<f64>() / n_trials).sqrt();
            assert!(
                mean.abs() <= 3.0 * deviation / n_trials.sqrt(),
                "size {size}, Jaccard {exact:.3}: mean error {mean:.5}"
            );
            // 500 trials give the deviation to sqrt(1 / 1000) = 3.2 %; 10 % are three times that.
            // Measured: 0.70 of the bound for 10 shingles, up to 1.00 for 2000.
            let bound = (exact * (1.0 - exact) / hasher.n_hashes() as f64).sqrt();
            assert!(
                deviation <= 1.10 * bound && deviation >= 0.5 * bound,
                "size {size}, Jaccard {exact:.3}: deviation {deviation:.4}, bound {bound:.4}"
            );
        }
    }
}

#[test]
fn sets_of_unequal_size_are_estimated_without_bias() {
    const TRIALS: usize = 500;
    // The smaller set needs several rounds where one is enough for the larger.
    for (small, large) in [(60, 200), (5, 2000), (1, 3)] {
        let hasher = MinHasher::new(128, 9);
        let mut random = Random(large as u64);
        let mut errors = Vec::with_capacity(TRIALS);
        for _ in 0..TRIALS {
            let hashes: Vec<u64> = (0..large).map(|_| random.next()).collect();
            let part = hashes[..small].iter().copied().collect();
            let whole = hashes.into_iter().collect();
            let truth = Overlap::of(&part, &whole).jaccard();
            let [part, whole] = [part, whole].map(|set| hasher.signature(&set).unwrap());
            errors.push(part.estimate(&whole) - truth);
        }
        let mean = errors.iter().sum::<f64>() / TRIALS as f64;
        let deviation = (errors.iter().map(|e| e * e).sum::<f64>() / TRIALS as f64).sqrt();
        assert!(mean.abs() <= 3.0 * deviation / (TRIALS as f64).sqrt(), "{small} of {large}: mean error {mean:.5}");
    }
}

#[test]
fn bands_meet_pairs_as_the_curve_says() {
    const TRIALS: usize = 400;
    let hasher = MinHasher::default();
    let banding = Banding::default();
    for size in SIZES {
        for jaccard in [0.05, 0.1, 0.2, 0.3] {
            let mut random = Random(size as u64 + 1);
            let mut met = 0;
            let mut exact = 0.0;
            for _ in 0..TRIALS {
                let (a, b, truth) = set_pair(&mut random, size, jaccard);
                let [a, b] = [a, b].map(|set| hasher.signature(&set).unwrap());
                let mut bands = a.as_slice().chunks(2).zip(b.as_slice().chunks(2));
                met += usize::from(bands.any(|(a, b)| a == b));
                exact = truth;
            }
            let share = met as f64 / TRIALS as f64;
            let expected = banding.probability(exact);
            // The curve takes rows as independent. Those of small sets are less often equal
            // together, by up to (5/14 * 4/13) / (5/14)^2 for 10 shingles at 0.3.
            let tolerance = 3.0 * (expected * (1.0 - expected) / TRIALS as f64).sqrt();
            let slack = 0.5 / size as f64;
            assert!(
                (share - expected).abs() <= tolerance + slack,
                "size {size}, Jaccard {exact:.3}: met {share}, curve {expected:.4}"
            );
        }
    }
}
