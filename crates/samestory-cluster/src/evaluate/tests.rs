//! Tests of the scores: literal values of other implementations, edge cases and laws.

use proptest::prelude::*;

use super::*;

fn scores(gold: &[u32], predicted: &[u32]) -> Scores {
    evaluate(gold, predicted).expect("the slices are of one length")
}

#[track_caller]
fn assert_close(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-12, "{found} is not {expected}");
}

/// BCubed, pairs and ARI of the three cases below come from the plain Python scorer `score.py`; AMI, homogeneity,
/// completeness and V-measure with scikit-learn 1.9.1 (`adjusted_mutual_info_score` and
/// `homogeneity_completeness_v_measure`, default arguments).
#[test]
fn six_articles_have_the_values_of_other_implementations() {
    let found = scores(&[0, 0, 0, 1, 1, 2], &[0, 0, 1, 1, 2, 2]);
    assert_eq!((found.articles, found.gold, found.predicted), (6, 3, 3));
    assert_eq!((found.gold_singletons, found.predicted_singletons), (1, 0));
    assert_close(found.gold_singleton_rate, 1.0 / 6.0);
    assert_close(found.predicted_singleton_rate, 0.0);
    assert_close(found.bcubed_p, 2.0 / 3.0);
    assert_close(found.bcubed_r, 0.611111111111111);
    assert_close(found.bcubed_f1, 0.6376811594202898);
    assert_close(found.others_p, 1.0 / 3.0);
    assert_close(found.others_r, 0.2);
    assert_close(found.others_f1, 0.25);
    assert_close(found.pair_p, 1.0 / 3.0);
    assert_close(found.pair_r, 0.25);
    assert_close(found.pair_f1, 0.28571428571428575);
    assert_close(found.ari, 0.07407407407407406);
    assert_close(found.ami, 0.08372678378671243);
    assert_close(found.homogeneity, 0.5431123473589423);
    assert_close(found.completeness, 0.5);
    assert_close(found.v_measure, 0.5206652463984817);
}

#[test]
fn forty_articles_have_the_values_of_other_implementations() {
    let gold: Vec<u32> = (0..40).map(|i| i / 4).collect();
    let predicted: Vec<u32> = (0..40).map(|i| if i % 3 == 0 { i % 7 } else { i / 5 + 10 }).collect();
    let found = scores(&gold, &predicted);
    assert_close(found.bcubed_f1, 0.49467213114754094);
    assert_close(found.others_f1, 0.26868686868686864);
    assert_close(found.pair_f1, 0.288659793814433);
    assert_close(found.ari, 0.2443133951137321);
    assert_close(found.ami, 0.3124917976431473);
    assert_close(found.homogeneity, 0.7515031251017078);
    assert_close(found.completeness, 0.6469646770119902);
    assert_close(found.v_measure, 0.6953266651832418);
}

#[test]
fn worse_than_chance_is_below_zero() {
    let found = scores(&[1, 1, 2, 2, 3, 3, 4, 4], &[1, 2, 1, 2, 1, 2, 1, 2]);
    assert_close(found.ari, -0.2727272727272727);
    assert_close(found.ami, -0.4);
    assert_close(found.v_measure, 0.0);
    assert_close(found.pair_f1, 0.0);
}

#[test]
fn no_article_and_one_article_have_the_documented_values() {
    let none = scores(&[], &[]);
    for score in [none.bcubed_f1, none.others_f1, none.gold_singleton_rate, none.predicted_singleton_rate] {
        assert_eq!(score, 0.0);
    }
    for score in [none.pair_f1, none.ari, none.ami, none.v_measure] {
        assert_eq!(score, 1.0);
    }
    let one = scores(&[5], &[u32::MAX]);
    for score in [one.bcubed_f1, one.pair_f1, one.ari, one.ami, one.v_measure, one.gold_singleton_rate] {
        assert_eq!(score, 1.0);
    }
    assert_eq!(one.others_f1, 0.0);
}

#[test]
fn one_cluster_against_singletons_agrees_by_chance_only() {
    for (gold, predicted) in [([0; 5], [0, 1, 2, 3, 4]), ([0, 1, 2, 3, 4], [0; 5])] {
        let found = scores(&gold, &predicted);
        assert_eq!((found.ari, found.ami, found.v_measure), (0.0, 0.0, 0.0));
    }
    // Every pairing of singletons with these sizes shares the same information, so nothing is above chance.
    assert_eq!(scores(&[0, 1, 2, 3, 4], &[0, 0, 1, 2, 3]).ami, 0.0);
}

#[test]
fn slices_of_unequal_length_are_refused() {
    assert_eq!(evaluate(&[1, 2], &[1]), Err(LengthMismatch { gold: 2, predicted: 1 }));
}

#[test]
fn labels_are_numbered_in_order_of_appearance() {
    assert_eq!(label_ids(["storm", "ferry", "storm", ""]), [0, 1, 0, 2]);
    assert_eq!(label_ids(Vec::<String>::new()), Vec::<u32>::new());
}

#[test]
fn thousands_of_clusters_take_little_time() {
    let clock = std::time::Instant::now();
    let gold: Vec<u32> = (0_u32..100_000).map(|i| i.isqrt()).collect();
    let predicted: Vec<u32> = (0_u32..100_000).map(|i| i * 7 % 30_011).collect();
    assert!(scores(&gold, &predicted).ami.is_finite());
    // Under a second even without optimisation; cluster by cluster it would be ten million sums.
    assert!(clock.elapsed() < std::time::Duration::from_secs(20));
}

/// Mutual information averaged over all 720 orders of six labels: what the formula says to expect.
#[test]
fn expected_mutual_information_is_the_mean_over_all_orders() {
    fn visit(labels: &mut [u32; 6], fixed: usize, gold: &[u32; 6], sum: &mut f64) {
        if fixed == labels.len() {
            let table = Contingency::of(gold, labels);
            let found = information::Information::of(&table);
            *sum += found.homogeneity() * ENTROPY;
        }
        for other in fixed..labels.len() {
            labels.swap(fixed, other);
            visit(labels, fixed + 1, gold, sum);
            labels.swap(fixed, other);
        }
    }
    // Of the sizes 3, 2, 1 of six.
    const ENTROPY: f64 = 1.0114042647073518;
    let (gold, mut predicted) = ([0, 0, 0, 1, 1, 2], [0, 0, 1, 1, 2, 2]);
    let found = scores(&gold, &predicted);
    let mutual = found.homogeneity * ENTROPY;
    let mut sum = 0.0;
    visit(&mut predicted, 0, &gold, &mut sum);
    let expected = sum / 720.0;
    let mean_entropy = (ENTROPY + 3_f64.ln()) / 2.0;
    assert_close(found.ami, (mutual - expected) / (mean_entropy - expected));
}

/// Gold and predicted labels of the same articles.
fn partitions() -> impl Strategy<Value = (Vec<u32>, Vec<u32>)> {
    (1_u32..30, 1_u32..30).prop_flat_map(|(n_gold, n_predicted)| {
        prop::collection::vec((0..n_gold, 0..n_predicted), 0..60).prop_map(|pairs| pairs.into_iter().unzip())
    })
}

proptest! {
    #[test]
    fn gold_against_itself_is_perfect((gold, _) in partitions()) {
        let found = scores(&gold, &gold);
        for score in [found.pair_f1, found.ari, found.ami, found.v_measure, found.homogeneity, found.completeness] {
            prop_assert!((score - 1.0).abs() < 1e-9);
        }
        let has_company = found.gold_singletons < found.articles;
        prop_assert!((found.bcubed_f1 - f64::from(u8::from(!gold.is_empty()))).abs() < 1e-9);
        prop_assert!((found.others_f1 - f64::from(u8::from(has_company))).abs() < 1e-9);
    }

    #[test]
    fn names_of_labels_do_not_matter((gold, predicted) in partitions(), factor in 0_u32..1000, offset in any::<u32>()) {
        // An odd factor maps different labels to different labels.
        let rename = |label: &u32| label.wrapping_mul(2 * factor + 1).wrapping_add(offset);
        let renamed = |labels: &[u32]| labels.iter().map(rename).collect::<Vec<_>>();
        prop_assert_eq!(scores(&renamed(&gold), &renamed(&predicted)), scores(&gold, &predicted));
    }

    #[test]
    fn the_other_way_round_swaps_precision_and_recall((gold, predicted) in partitions()) {
        let (one, other) = (scores(&gold, &predicted), scores(&predicted, &gold));
        for (a, b) in [
            (one.bcubed_p, other.bcubed_r),
            (one.others_p, other.others_r),
            (one.pair_p, other.pair_r),
            (one.homogeneity, other.completeness),
            (one.ari, other.ari),
            (one.ami, other.ami),
            (one.v_measure, other.v_measure),
        ] {
            prop_assert!((a - b).abs() < 1e-9);
        }
    }

    #[test]
    fn scores_are_within_their_bounds((gold, predicted) in partitions()) {
        let found = scores(&gold, &predicted);
        for score in [
            found.bcubed_p, found.bcubed_r, found.bcubed_f1, found.others_p, found.others_r, found.others_f1,
            found.pair_p, found.pair_r, found.pair_f1, found.homogeneity, found.completeness, found.v_measure,
            found.gold_singleton_rate, found.predicted_singleton_rate,
        ] {
            prop_assert!((0.0..=1.0 + 1e-12).contains(&score));
        }
        prop_assert!((-0.5 - 1e-9..=1.0 + 1e-9).contains(&found.ari));
        prop_assert!(found.ami.is_finite() && found.ami <= 1.0 + 1e-9);
    }
}
