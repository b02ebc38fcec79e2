//! What two articles share by themselves.
//!
//! *Design.* One article is held against many others: [`Against`] indexes where its terms stand, once, and
//! each other article runs its terms past that. Most terms of the other are not among them, and one bit
//! says so ([`Places`]); so a comparison costs about a nanosecond a term and no branch is guessed wrong
//! but at shared terms.

use std::sync::LazyLock;

use crate::features::Neighbourhood;
use crate::vectors::{ArticleVectors, RareVector, SparseVector, WordVector};

/// Days that stand in for a missing time: neither near nor far.
const DAYS_UNKNOWN: f64 = 5.0;

/// Different numbers beyond which an article is full of them.
const MANY_NUMBERS: u32 = 20;

/// Fewer different numbers in one of the articles are no figures of a report.
const FIGURES: u32 = 4;

/// Square root of the cosine of word pairs that independent reports of one event seldom pass: beyond
/// it, articles share their sentences.
const SHARED_WORDING: f64 = 0.4;

/// Rarity, in nats above the common, that two articles must share beside their rarest shared word.
/// One name, be it counted in every bag, is no event.
const SECOND_WORD_RARITY: f64 = 0.5;

/// Texts of a higher cosine tell the same whatever they share, such as two equal headlines of one rare
/// word.
const NEARLY_EQUAL: f64 = 0.8;

/// One rare word says something between texts of a higher cosine, such as headlines that have little else to
/// share, where candidates enough tell how common such a likeness is.
const MUCH_IN_COMMON: f64 = 0.1;

/// Fewer candidates tell nothing of that.
const FEW_CANDIDATES: usize = 3;

/// Features that two articles have by themselves.
pub(crate) const N_OWN: usize = 35;

/// What the two articles of a pair share by themselves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairOverlap {
    /// The features that two articles have by themselves, in the order of
    /// [`FEATURES`](crate::features::FEATURES): all before those of the lists.
    pub(crate) own: [f32; N_OWN],
    /// One wording with other figures: the next issue of a report, not another report of the event.
    /// From 0 to 0.6.
    pub template: f32,
    /// The two share no more than one rare word.
    pub lone_word: bool,
    /// What they share is no evidence of one event, whatever else is alike.
    pub thin: bool,
    /// Mixture of cosines that candidates are ranked by, from 0 to 1.
    pub closeness: f32,
}

fn flag(condition: bool) -> f64 {
    f64::from(u8::from(condition))
}

/// Where the terms of one vector stand, so that those of many others are looked up fast.
struct Places {
    /// A bit for each hash of a term that is there.
    filter: Box<[u64; FILTER_WORDS]>,
    /// Open addressing: positions from 1, and 0 for an empty slot.
    slots: Vec<u32>,
    shift: u32,
    /// Positions in the other vector and in this one that are met.
    met: Vec<(u32, u32)>,
}

const FILTER_BITS: u32 = 14;
const FILTER_WORDS: usize = 1 << (FILTER_BITS - 6);

/// Fibonacci hashing: the upper bits of the product are the hash.
fn spread(term: u32) -> u32 {
    term.wrapping_mul(0x9e37_79b1)
}

impl Places {
    fn new() -> Places {
        Places { filter: Box::new([0; FILTER_WORDS]), slots: vec![0; 2], shift: 31, met: Vec::new() }
    }

    /// Indexes other terms than before.
    fn fill(&mut self, terms: &[u32]) {
        self.filter.fill(0);
        let bits = (2 * terms.len()).next_power_of_two().ilog2().max(1);
        self.shift = 32 - bits;
        self.slots.clear();
        self.slots.resize(1 << bits, 0);
        for (at, term) in (1..).zip(terms) {
            let hash = spread(*term);
            let bit = hash >> (32 - FILTER_BITS);
            self.filter[(bit >> 6) as usize] |= 1 << (bit & 63);
            let mut slot = (hash >> self.shift) as usize;
            while self.slots[slot] != 0 {
                slot = (slot + 1) & (self.slots.len() - 1);
            }
            self.slots[slot] = at;
        }
    }

    /// The terms that both have, in order, as positions in `others` and in `own`, the terms that were indexed.
    fn meet(&mut self, own: &[u32], others: &[u32]) -> &[(u32, u32)] {
        if self.met.len() <= others.len() {
            self.met.resize(others.len() + 1, (0, 0));
        }
        let mut n = 0;
        for (at, term) in (0u32..).zip(others) {
            let bit = spread(*term) >> (32 - FILTER_BITS);
            self.met[n].0 = at;
            n += (self.filter[(bit >> 6) as usize] >> (bit & 63) & 1) as usize;
        }
        let mut sure = 0;
        for may in 0..n {
            let at = self.met[may].0;
            if let Some(place) = self.place(own, others[at as usize]) {
                self.met[sure] = (at, place);
                sure += 1;
            }
        }
        &self.met[..sure]
    }

    fn place(&self, own: &[u32], term: u32) -> Option<u32> {
        let mut slot = (spread(term) >> self.shift) as usize;
        loop {
            match self.slots[slot] {
                0 => return None,
                at if own[at as usize - 1] == term => return Some(at - 1),
                _ => slot = (slot + 1) & (self.slots.len() - 1),
            }
        }
    }
}

/// One article, held against others.
pub struct Against<'a> {
    article: &'a ArticleVectors,
    places: [Places; 4],
}

impl<'a> Against<'a> {
    /// Nothing is held yet.
    pub fn nothing() -> Against<'a> {
        static NOTHING: LazyLock<ArticleVectors> = LazyLock::new(ArticleVectors::default);
        Against { article: &NOTHING, places: std::array::from_fn(|_| Places::new()) }
    }

    /// Holds another article against others, in the same memory.
    pub fn turn_to(&mut self, article: &'a ArticleVectors) {
        self.article = article;
        let terms: [&[u32]; 4] =
            [article.words.terms(), article.pairs.vector().terms(), article.names.terms(), article.sounds.terms()];
        self.places.iter_mut().zip(terms).for_each(|(places, terms)| places.fill(terms));
    }

    /// The article that is held against others.
    pub fn article(&self) -> &'a ArticleVectors {
        self.article
    }

    /// What the article shares with another.
    pub fn overlap(&mut self, other: &ArticleVectors) -> PairOverlap {
        let (a, b) = (self.article, other);
        let [in_words, in_pairs, in_names, in_sounds] = &mut self.places;
        let words = SharedWords::of(&a.words, &b.words, in_words);
        let wording = SharedWording::of(&a.pairs, &b.pairs, in_pairs);
        let names = cosine(&a.names, &b.names, in_names);
        let (agree, differ) = shared_quantities(a, b);
        let days = a.time.zip(b.time).map(|(a, b)| a.abs_diff(b) as f64 / 86_400.0);
        let (rarity_a, rarity_b) = (a.words.total_rarity(), b.words.total_rarity());
        let length = |words: u32| f64::from(words).ln_1p();
        let own = [
            words.cosine,
            words.of_first.min(words.of_second),
            words.of_first.max(words.of_second),
            words.rarity.sum,
            words.rarity.part_of(rarity_a.min(rarity_b)),
            words.rarity.rarest[0],
            words.rarity.rarest[1],
            words.rarity.rarest[2],
            rarity_a.min(rarity_b),
            rarity_a.max(rarity_b),
            words.lead,
            words.headline,
            words.headline_in_lead[0].min(words.headline_in_lead[1]),
            words.headline_in_lead[0].max(words.headline_in_lead[1]),
            words.headline_in_text[0].max(words.headline_in_text[1]),
            words.lead_in_text[0].max(words.lead_in_text[1]),
            wording.cosine,
            wording.rarity.sum,
            wording.rarity.part_of(a.pairs.total_rarity().min(b.pairs.total_rarity())),
            wording.rarity.rarest[0],
            wording.rarity.rarest[2],
            names,
            a.lead_names.cosine(&b.lead_names),
            cosine(&a.sounds, &b.sounds, in_sounds),
            words.numbers,
            f64::from(agree).ln_1p(),
            f64::from(differ).ln_1p(),
            a.days.cosine(&b.days),
            f64::from(a.n_numbers.min(b.n_numbers).min(MANY_NUMBERS)),
            f64::from(a.n_numbers.max(b.n_numbers).min(MANY_NUMBERS)),
            days.unwrap_or(DAYS_UNKNOWN),
            flag(days.is_none()),
            length(a.body_words.min(b.body_words)),
            length(a.body_words.max(b.body_words)),
            flag(a.outlet.is_some() && a.outlet == b.outlet),
        ];
        let figures = a.n_numbers.min(b.n_numbers) >= FIGURES;
        let of_template = (wording.cosine.sqrt() - SHARED_WORDING).max(0.0) * (1.0 - words.numbers);
        let beside_rarest = words.rarity.sum - words.rarity.rarest[0];
        let closeness =
            0.4 * words.cosine.sqrt() + 0.3 * words.lead.sqrt() + 0.15 * wording.cosine.sqrt() + 0.15 * names.sqrt();
        PairOverlap {
            own: own.map(|value| value as f32),
            template: if figures { of_template as f32 } else { 0.0 },
            lone_word: words.cosine < NEARLY_EQUAL && beside_rarest < SECOND_WORD_RARITY,
            thin: words.cosine < MUCH_IN_COMMON && beside_rarest < SECOND_WORD_RARITY,
            closeness: closeness as f32,
        }
    }
}

/// How rare the shared terms are, in nats above the common.
#[derive(Default)]
struct SharedRarity {
    sum: f64,
    /// Of the three rarest, rarest first.
    rarest: [f64; 3],
}

impl SharedRarity {
    fn add(&mut self, mut rarity: f64) {
        self.sum += rarity;
        for place in &mut self.rarest {
            if rarity > *place {
                std::mem::swap(&mut rarity, place);
            }
        }
    }

    /// Containment by rarity: part of that of the poorer article, 0 to 1.
    fn part_of(&self, poorer: f64) -> f64 {
        if poorer > 0.0 { (self.sum / poorer).min(1.0) } else { 0.0 }
    }
}

/// What two articles share in words: cosines and parts from 0 to 1.
#[derive(Default)]
struct SharedWords {
    cosine: f64,
    of_first: f64,
    of_second: f64,
    rarity: SharedRarity,
    headline: f64,
    lead: f64,
    numbers: f64,
    /// Part of the first's headline in the second's lead, and the other way round; so the next two.
    headline_in_lead: [f64; 2],
    headline_in_text: [f64; 2],
    lead_in_text: [f64; 2],
}

impl SharedWords {
    fn of(a: &WordVector, b: &WordVector, in_a: &mut Places) -> SharedWords {
        let mut shared = SharedWords::default();
        for &(of_b, of_a) in in_a.meet(a.terms(), b.terms()) {
            let (a, b) = (a.weights(of_a as usize), b.weights(of_b as usize));
            let product = |x: f32, y: f32| f64::from(x) * f64::from(y);
            let square_if = |x: f32, there: bool| if there { product(x, x) } else { 0.0 };
            shared.cosine += product(a.all, b.all);
            shared.of_first += product(a.all, a.all);
            shared.of_second += product(b.all, b.all);
            shared.rarity.add(f64::from(a.rarity.min(b.rarity)));
            if a.lead + b.lead > 0.0 {
                shared.headline += product(a.headline, b.headline);
                shared.lead += product(a.lead, b.lead);
                shared.headline_in_lead[0] += square_if(a.headline, b.lead > 0.0);
                shared.headline_in_lead[1] += square_if(b.headline, a.lead > 0.0);
                shared.headline_in_text[0] += product(a.headline, a.headline);
                shared.headline_in_text[1] += product(b.headline, b.headline);
                shared.lead_in_text[0] += product(a.lead, a.lead);
                shared.lead_in_text[1] += product(b.lead, b.lead);
            }
            shared.numbers += product(a.number, b.number);
        }
        // Rounding may take sums past 1.
        for sum in [
            &mut shared.cosine,
            &mut shared.of_first,
            &mut shared.of_second,
            &mut shared.headline,
            &mut shared.lead,
            &mut shared.numbers,
        ]
        .into_iter()
        .chain(&mut shared.headline_in_lead)
        .chain(&mut shared.headline_in_text)
        .chain(&mut shared.lead_in_text)
        {
            *sum = sum.min(1.0);
        }
        shared
    }
}

/// What two articles share in pairs of words.
#[derive(Default)]
struct SharedWording {
    cosine: f64,
    rarity: SharedRarity,
}

impl SharedWording {
    fn of(a: &RareVector, b: &RareVector, in_a: &mut Places) -> SharedWording {
        let mut shared = SharedWording::default();
        for &(of_b, of_a) in in_a.meet(a.vector().terms(), b.vector().terms()) {
            let (of_a, of_b) = (of_a as usize, of_b as usize);
            shared.cosine += a.vector().weight(of_a) * b.vector().weight(of_b);
            shared.rarity.add(a.rarity(of_a).min(b.rarity(of_b)));
        }
        shared.cosine = shared.cosine.min(1.0);
        shared
    }
}

fn cosine(a: &SparseVector, b: &SparseVector, in_a: &mut Places) -> f64 {
    let met = in_a.meet(a.terms(), b.terms()).iter();
    met.map(|&(of_b, of_a)| a.weight(of_a as usize) * b.weight(of_b as usize)).sum::<f64>().min(1.0)
}

impl PairOverlap {
    /// Compares two articles.
    pub fn of(a: &ArticleVectors, b: &ArticleVectors) -> PairOverlap {
        let mut against = Against::nothing();
        against.turn_to(a);
        against.overlap(b)
    }

    /// The same overlap in the light of both candidate lists.
    pub fn among(&self, a: &Neighbourhood, b: &Neighbourhood) -> PairOverlap {
        let few = a.candidates().len().max(b.candidates().len()) < FEW_CANDIDATES;
        PairOverlap { thin: self.thin || self.lone_word && few, ..*self }
    }
}

/// Of the things that both count, how many they count alike, and how many only otherwise.
fn shared_quantities(a: &ArticleVectors, b: &ArticleVectors) -> (u32, u32) {
    let (mut agree, mut differ) = (0, 0);
    let mut rest = &b.quantities[..];
    for counted in a.quantities.chunk_by(|one, other| one.0 == other.0) {
        let unit = counted[0].0;
        rest = &rest[rest.partition_point(|quantity| quantity.0 < unit)..];
        let same_unit = &rest[..rest.partition_point(|quantity| quantity.0 == unit)];
        if same_unit.is_empty() {
            continue;
        }
        match counted.iter().any(|quantity| same_unit.binary_search(quantity).is_ok()) {
            true => agree += 1,
            false => differ += 1,
        }
    }
    (agree, differ)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn all_shared_terms_are_met(
            own in prop::collection::btree_set(0u32..2_000, 0..300),
            others in prop::collection::btree_set(0u32..2_000, 0..300),
        ) {
            let (own, others): (Vec<u32>, Vec<u32>) = (own.into_iter().collect(), others.into_iter().collect());
            let mut places = Places::new();
            places.fill(&own);
            let met: Vec<u32> = places.meet(&own, &others).iter().map(|(at, _)| others[*at as usize]).collect();
            let shared: Vec<u32> = others.iter().copied().filter(|term| own.contains(term)).collect();
            prop_assert_eq!(met, shared);
            for &(at, place) in places.meet(&own, &others).to_vec().iter() {
                prop_assert_eq!(others[at as usize], own[place as usize]);
            }
        }
    }
}
