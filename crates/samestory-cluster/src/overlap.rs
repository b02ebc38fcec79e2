//! What two articles share by themselves.
//!
//! *Design.* One article is held against many others: [`Against`] indexes where its terms stand, once, and
//! each other article runs its terms past that. Most terms of the other are not among them, and one bit
//! says so (`Places`); so a comparison costs about a nanosecond a term and no branch is guessed wrong
//! but at shared terms.

use crate::vectors::{ArticleVectors, Bag};

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

const FILTER_BITS: u32 = 15;
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
        let (filter, met) = (&*self.filter, &mut self.met[..=others.len()]);
        let mut n = 0;
        for (at, term) in (0u32..).zip(others) {
            let bit = spread(*term) >> (32 - FILTER_BITS);
            met[n].0 = at;
            n += (filter[(bit >> 6) as usize] >> (bit & 63) & 1) as usize;
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
    article: ArticleVectors<'a>,
    places: Places,
    /// Weights of each term in the bags that are part of another.
    parts: Vec<Parts>,
}

/// Weights of a term in lead, headline, numbers and the names of the lead; 0 where it is not.
#[derive(Clone, Copy, Default)]
struct Parts {
    lead: f64,
    headline: f64,
    number: f64,
    lead_name: f64,
}

impl<'a> Against<'a> {
    /// Nothing is held yet.
    pub fn nothing() -> Against<'a> {
        Against { article: ArticleVectors::default(), places: Places::new(), parts: Vec::new() }
    }

    /// Holds another article against others, in the same memory.
    pub fn turn_to(&mut self, article: ArticleVectors<'a>) {
        self.article = article;
        let article = &self.article;
        let own = article.own_terms();
        self.places.fill(own);
        self.parts.clear();
        self.parts.resize(own.len(), Parts::default());
        for bag in [Bag::Lead, Bag::Numbers, Bag::LeadNames] {
            for (term, weight) in article.bag(bag) {
                let Some(place) = self.places.place(own, term) else { continue };
                let parts = &mut self.parts[place as usize];
                match bag {
                    Bag::Lead => (parts.lead, parts.headline) = (weight.weight(), weight.headline()),
                    Bag::Numbers => parts.number = weight.weight(),
                    _ => parts.lead_name = weight.weight(),
                }
            }
        }
    }

    /// What the article shares with another.
    pub fn overlap(&mut self, other: &ArticleVectors<'_>) -> PairOverlap {
        let (a, b) = (&self.article, other);
        let shared = Shared::of(a, &self.parts, b, self.places.meet(a.own_terms(), b.terms()));
        let (agree, differ) = shared_quantities(a, b);
        let days = a.time.zip(b.time).map(|(a, b)| a.abs_diff(b) as f64 / 86_400.0);
        let length = |words: u32| f64::from(words).ln_1p();
        let own = [
            shared.words,
            shared.of_first.min(shared.of_second),
            shared.of_first.max(shared.of_second),
            shared.rarity.sum,
            shared.rarity.part_of(a.word_rarity.min(b.word_rarity)),
            shared.rarity.rarest[0],
            shared.rarity.rarest[1],
            shared.rarity.rarest[2],
            a.word_rarity.min(b.word_rarity),
            a.word_rarity.max(b.word_rarity),
            shared.lead,
            shared.headline,
            shared.headline_in_lead[0].min(shared.headline_in_lead[1]),
            shared.headline_in_lead[0].max(shared.headline_in_lead[1]),
            shared.headline_in_text[0].max(shared.headline_in_text[1]),
            shared.lead_in_text[0].max(shared.lead_in_text[1]),
            shared.wording,
            shared.wording_rarity.sum,
            shared.wording_rarity.part_of(a.pair_rarity.min(b.pair_rarity)),
            shared.wording_rarity.rarest[0],
            shared.wording_rarity.rarest[2],
            shared.names,
            shared.lead_names,
            shared.sounds,
            shared.numbers,
            f64::from(agree).ln_1p(),
            f64::from(differ).ln_1p(),
            shared.days,
            f64::from(a.n_numbers.min(b.n_numbers).min(MANY_NUMBERS)),
            f64::from(a.n_numbers.max(b.n_numbers).min(MANY_NUMBERS)),
            days.unwrap_or(DAYS_UNKNOWN),
            flag(days.is_none()),
            length(a.body_words.min(b.body_words)),
            length(a.body_words.max(b.body_words)),
            flag(a.outlet.is_some() && a.outlet == b.outlet),
        ];
        let figures = a.n_numbers.min(b.n_numbers) >= FIGURES;
        let of_template = (shared.wording.sqrt() - SHARED_WORDING).max(0.0) * (1.0 - shared.numbers);
        let beside_rarest = shared.rarity.sum - shared.rarity.rarest[0];
        let closeness = 0.4 * shared.words.sqrt()
            + 0.3 * shared.lead.sqrt()
            + 0.15 * shared.wording.sqrt()
            + 0.15 * shared.names.sqrt();
        PairOverlap {
            own: own.map(|value| value as f32),
            template: if figures { of_template as f32 } else { 0.0 },
            lone_word: shared.words < NEARLY_EQUAL && beside_rarest < SECOND_WORD_RARITY,
            thin: shared.words < MUCH_IN_COMMON && beside_rarest < SECOND_WORD_RARITY,
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

/// What two articles share in terms: cosines and parts from 0 to 1.
#[derive(Default)]
struct Shared {
    words: f64,
    /// Part of the first's squared length that lies in words of the second, and the other way round.
    of_first: f64,
    of_second: f64,
    rarity: SharedRarity,
    wording: f64,
    wording_rarity: SharedRarity,
    names: f64,
    sounds: f64,
    days: f64,
    headline: f64,
    lead: f64,
    numbers: f64,
    lead_names: f64,
    /// Part of the first's headline in the second's lead, and the other way round; so the next two.
    headline_in_lead: [f64; 2],
    headline_in_text: [f64; 2],
    lead_in_text: [f64; 2],
}

impl Shared {
    /// What is met: positions in all terms of `b` and in the own terms of `a`, by the first.
    fn of(a: &ArticleVectors<'_>, parts: &[Parts], b: &ArticleVectors<'_>, met: &[(u32, u32)]) -> Shared {
        let (weights, weights_of_b) = (a.weights(), b.weights());
        let mut shared = Shared::default();
        let mut rest = met;
        let mut take = |bag: Bag| {
            let end = b.range(bag).end as u32;
            let (of_bag, behind) = rest.split_at(rest.iter().take_while(|(at, _)| *at < end).count());
            rest = behind;
            of_bag.iter().map(|&(of_b, of_a)| (of_a as usize, weights_of_b[of_b as usize]))
        };
        for (at, of_b) in take(Bag::Words) {
            let of_a = weights[at];
            let (x, y) = (of_a.weight(), of_b.weight());
            shared.words += x * y;
            shared.of_first += x * x;
            shared.of_second += y * y;
            shared.rarity.add(of_a.rarity().min(of_b.rarity()));
            shared.headline_in_text[0] += parts[at].headline * parts[at].headline;
            shared.lead_in_text[0] += parts[at].lead * parts[at].lead;
        }
        for (at, of_b) in take(Bag::Pairs) {
            let of_a = weights[at];
            shared.wording += of_a.weight() * of_b.weight();
            shared.wording_rarity.add(of_a.rarity().min(of_b.rarity()));
        }
        for (bag, sum) in
            [(Bag::Names, &mut shared.names), (Bag::Sounds, &mut shared.sounds), (Bag::Days, &mut shared.days)]
        {
            take(bag).for_each(|(at, of_b)| *sum += weights[at].weight() * of_b.weight());
        }
        for (at, of_b) in take(Bag::Lead) {
            let (lead, headline) = (of_b.weight(), of_b.headline());
            let of_a = parts[at];
            shared.lead += of_a.lead * lead;
            shared.headline += of_a.headline * headline;
            shared.headline_in_lead[0] += of_a.headline * of_a.headline;
            shared.headline_in_text[1] += headline * headline;
            shared.lead_in_text[1] += lead * lead;
            if of_a.lead > 0.0 {
                shared.headline_in_lead[1] += headline * headline;
            }
        }
        take(Bag::Numbers).for_each(|(at, of_b)| shared.numbers += parts[at].number * of_b.weight());
        take(Bag::LeadNames).for_each(|(at, of_b)| shared.lead_names += parts[at].lead_name * of_b.weight());
        if a.names_are_words && b.names_are_words {
            (shared.names, shared.sounds, shared.lead_names) = (shared.words, shared.words, shared.lead);
        }
        shared.at_most_one();
        shared
    }

    /// Rounding may take sums past 1.
    fn at_most_one(&mut self) {
        let cosines = [
            &mut self.words,
            &mut self.of_first,
            &mut self.of_second,
            &mut self.wording,
            &mut self.names,
            &mut self.sounds,
            &mut self.days,
            &mut self.headline,
            &mut self.lead,
            &mut self.numbers,
            &mut self.lead_names,
        ];
        let parts = [&mut self.headline_in_lead, &mut self.headline_in_text, &mut self.lead_in_text];
        cosines.into_iter().chain(parts.into_iter().flatten()).for_each(|sum| *sum = sum.min(1.0));
    }
}

/// Numbers of four bytes in an overlap.
const OVERLAP_NUMBERS: usize = N_OWN + 3;

impl PairOverlap {
    /// Bytes of an overlap.
    pub const BYTES: usize = 4 * OVERLAP_NUMBERS;

    /// The overlap as numbers: the bits of its features, template and closeness, and flags.
    pub fn to_numbers(self) -> [u32; OVERLAP_NUMBERS] {
        let mut numbers = [0; OVERLAP_NUMBERS];
        let flags = u32::from(self.lone_word) | u32::from(self.thin) << 1;
        numbers[..N_OWN].copy_from_slice(&self.own.map(f32::to_bits));
        numbers[N_OWN..].copy_from_slice(&[self.template.to_bits(), self.closeness.to_bits(), flags]);
        numbers
    }

    /// Reads what [`to_numbers`](Self::to_numbers) made, as bytes of this machine.
    pub fn from_bytes(bytes: &[u8; Self::BYTES]) -> PairOverlap {
        let numbers: [u32; OVERLAP_NUMBERS] = bytemuck::pod_read_unaligned(bytes);
        let flags = numbers[N_OWN + 2];
        PairOverlap {
            own: std::array::from_fn(|at| f32::from_bits(numbers[at])),
            template: f32::from_bits(numbers[N_OWN]),
            closeness: f32::from_bits(numbers[N_OWN + 1]),
            lone_word: flags & 1 != 0,
            thin: flags & 2 != 0,
        }
    }

    /// Compares two articles.
    pub fn of(a: &ArticleVectors<'_>, b: &ArticleVectors<'_>) -> PairOverlap {
        let mut against = Against::nothing();
        against.turn_to(a.borrowed());
        against.overlap(b)
    }
}

/// Of the things that both count, how many they count alike, and how many only otherwise.
fn shared_quantities(a: &ArticleVectors<'_>, b: &ArticleVectors<'_>) -> (u32, u32) {
    let (mut agree, mut differ) = (0, 0);
    let mut rest = &b.quantities[..];
    for counted in a.quantities.chunk_by(|one, other| one[0] == other[0]) {
        let unit = counted[0][0];
        rest = &rest[rest.partition_point(|quantity| quantity[0] < unit)..];
        let same_unit = &rest[..rest.partition_point(|quantity| quantity[0] == unit)];
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
