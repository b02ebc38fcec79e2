//! Implementations agree: banding and verification against all pairs, one thread against many.

mod random;

use std::collections::BTreeSet;

use random::Random;
use samestory_minhash::{
    Banding, CandidatePair, Lsh, MinHasher, NearDuplicate, NearDuplicateRule, ShingleSet, Shingler, Signature,
    copy_groups, verify,
};

const VOCABULARY: usize = 5000;

/// 40 originals of 30 to 400 tokens, each with 0 to 8 descendants, by edits, cuts and additions.
fn edited_texts(seed: u64) -> Vec<Vec<u64>> {
    let mut random = Random(seed);
    let mut texts = Vec::new();
    for _ in 0..40 {
        let n_tokens = 30 + random.below(371);
        let family = texts.len();
        texts.push(random.tokens(n_tokens, VOCABULARY));
        for _ in 0..random.below(9) {
            // Of any earlier member of the family, so that chains come up too.
            let parent = family + random.below(texts.len() - family);
            let copy = edited(&texts[parent], &mut random);
            texts.push(copy);
        }
    }
    texts
}

fn edited(text: &[u64], random: &mut Random) -> Vec<u64> {
    let mut copy = text.to_vec();
    for _ in 0..random.below(1 + copy.len() / 20) {
        let place = random.below(copy.len());
        match random.below(3) {
            0 => copy[place] = random.below(VOCABULARY) as u64,
            1 => copy.insert(place, random.below(VOCABULARY) as u64),
            _ if copy.len() > 10 => drop(copy.remove(place)),
            _ => {}
        }
    }
    if random.below(3) == 0 {
        copy.truncate(copy.len() * (40 + random.below(60)) / 100);
    }
    if random.below(4) == 0 {
        let n_added = random.below(1 + copy.len());
        copy.extend(random.tokens(n_added, VOCABULARY));
    }
    copy
}

fn shingle_sets(texts: &[Vec<u64>]) -> Vec<ShingleSet> {
    texts.iter().map(|text| Shingler::default().shingle_set(text)).collect()
}

fn signatures(sets: &[ShingleSet], seed: u64) -> Vec<Option<Signature>> {
    let hasher = MinHasher::new(128, seed);
    sets.iter().map(|set| hasher.signature(set)).collect()
}

/// The plain reference: every pair is a candidate.
fn all_pairs(n_items: usize) -> Vec<CandidatePair> {
    let n_items = n_items as u32;
    (0..n_items).flat_map(|a| (a + 1..n_items).map(move |b| CandidatePair { a, b })).collect()
}

fn numbers(pairs: &[NearDuplicate]) -> BTreeSet<(u32, u32)> {
    pairs.iter().map(|pair| (pair.a, pair.b)).collect()
}

#[test]
fn banding_and_all_pairs_find_the_same_near_duplicates() {
    let (mut n_true, mut n_found) = (0, 0);
    for seed in 0..5 {
        let sets = shingle_sets(&edited_texts(seed));
        let rank: Vec<u32> = (0..sets.len() as u32).collect();
        let rule = NearDuplicateRule::default();
        let expected = verify(&sets, &all_pairs(sets.len()), &rule);

        for min_estimate in [0.0, 0.15] {
            let lsh = Lsh { min_estimate, ..Lsh::new(Banding::default()) };
            let candidates = lsh.candidates(&signatures(&sets, seed), &rank);
            assert_eq!(candidates.capped_buckets, 0);
            let found = numbers(&verify(&sets, &candidates.pairs, &rule));

            assert!(found.is_subset(&numbers(&expected)), "seed {seed}: a false pair");
            for pair in expected.iter().filter(|pair| pair.overlap.jaccard() >= 0.5) {
                assert!(found.contains(&(pair.a, pair.b)), "seed {seed}: missed {pair:?}");
            }
            n_true += expected.len();
            n_found += found.len();
        }
    }
    // Down to Jaccard 0.3, where 0.9976 of the pairs are met.
    assert!(n_true > 1000, "only {n_true} near duplicates: the test shows nothing");
    assert!(n_found as f64 >= 0.998 * n_true as f64, "{n_found} of {n_true}");
}

#[test]
fn copies_above_the_cap_still_form_one_group() {
    let mut random = Random(3);
    let original = random.tokens(200, VOCABULARY);
    let mut texts = vec![original; 60];
    for (place, text) in texts.iter_mut().enumerate().skip(1).step_by(2) {
        text[place] = 0;
    }
    let sets = shingle_sets(&texts);
    let rank: Vec<u32> = (0..60).rev().collect();
    let lsh = Lsh { bucket_cap: 10, ..Lsh::new(Banding::default()) };
    let candidates = lsh.candidates(&signatures(&sets, 0), &rank);
    assert!(candidates.capped_buckets > 0);
    assert!(candidates.pairs.len() < 60 * 59 / 2);

    let pairs = verify(&sets, &candidates.pairs, &NearDuplicateRule::default());
    let groups = copy_groups(&rank, &pairs);
    assert_eq!(groups[59], None);
    assert!(groups[..59].iter().all(|&representative| representative == Some(59)));
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let sets = shingle_sets(&edited_texts(11));
    let signatures = signatures(&sets, 0);
    let rank: Vec<u32> = (0..sets.len() as u32).map(|item| item / 3).collect();
    let run = |n_threads: usize, bucket_cap: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
        pool.install(|| {
            let lsh = Lsh { bucket_cap, ..Lsh::new(Banding { bands: 61, rows: 2 }) };
            let candidates = lsh.candidates(&signatures, &rank);
            let pairs = verify(&sets, &candidates.pairs, &NearDuplicateRule::default());
            let groups = copy_groups(&rank, &pairs);
            (candidates, pairs, groups)
        })
    };
    for bucket_cap in [3, 200] {
        let one = run(1, bucket_cap);
        assert!(one == run(2, bucket_cap));
        assert!(one == run(5, bucket_cap));
    }
}
