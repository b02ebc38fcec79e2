//! What a pair of articles is judged by, in named parts.
//!
//! *Motivation.* No single cosine tells the same event: a threshold that fits one collection is wrong in
//! the next, because collections differ in density. What adapts is how similar a pair is beside each
//! article's own best candidates.
//!
//! *Design.* [`PairOverlap`] holds what two articles share by themselves, [`Neighbourhood`] what an article
//! knows of its own bounded candidate list; [`PairFeatures`] puts both together. Each feature has a name, a
//! unit, a range and a meaning in [`FEATURES`].
//!
//! *Consequences.* The features of a pair depend on the two articles, the document frequencies and the two
//! candidate lists, and on nothing else in the collection. So a pair can be judged again later, or
//! elsewhere, from these alone.

use crate::overlap::{N_OWN, PairOverlap};

/// A part of what a pair is judged by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Feature {
    /// Its name.
    pub name: &'static str,
    /// What it belongs to; a family is left out as a whole when its worth is measured.
    pub family: Family,
    /// Whether more of it may speak for the same event (1), against it (-1), or both (0).
    pub sign: i8,
    /// What it measures, in which unit and range.
    pub meaning: &'static str,
}

/// Features that measure the same thing in several ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// Words of the whole text.
    Words,
    /// Headline and lead.
    Lead,
    /// Pairs of neighbouring words.
    Wording,
    /// Names and their sounds.
    Names,
    /// Numbers, quantities and days that the text names.
    Facts,
    /// Time between the two.
    Time,
    /// Length and outlet.
    Form,
    /// Candidate lists of both.
    Lists,
}

impl Family {
    /// All families.
    pub const ALL: [Family; 8] = [
        Family::Words,
        Family::Lead,
        Family::Wording,
        Family::Names,
        Family::Facts,
        Family::Time,
        Family::Form,
        Family::Lists,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Family::Words => "words",
            Family::Lead => "lead",
            Family::Wording => "wording",
            Family::Names => "names",
            Family::Facts => "facts",
            Family::Time => "time",
            Family::Form => "form",
            Family::Lists => "lists",
        }
    }
}

const fn feature(name: &'static str, family: Family, sign: i8, meaning: &'static str) -> Feature {
    Feature { name, family, sign, meaning }
}

/// Number of features of a pair.
pub const N_FEATURES: usize = FEATURES.len();

/// The features in order. `least` and `most` are of the two articles of the pair.
pub const FEATURES: [Feature; 48] = [
    feature("words", Family::Words, 1, "cosine of all words, 0 to 1"),
    feature("contained least", Family::Words, 0, "shared words' part of the squared length, lower side, 0 to 1"),
    feature("contained most", Family::Words, 0, "the same, higher side, 0 to 1"),
    feature("shared rarity", Family::Words, 1, "rarity of the shared words together, nats from 0"),
    feature("shared rarity part", Family::Words, 1, "shared rarity beside that of the poorer article, 0 to 1"),
    feature("rarest word", Family::Words, 1, "rarity of the rarest shared word, nats from 0"),
    feature("second rarest word", Family::Words, 1, "rarity of the second, nats from 0"),
    feature("third rarest word", Family::Words, 1, "rarity of the third, nats from 0"),
    feature("rarity least", Family::Words, 0, "rarity of all words of an article, lower side, nats from 0"),
    feature("rarity most", Family::Words, 0, "the same, higher side, nats from 0"),
    feature("lead", Family::Lead, 1, "cosine of headline and first 60 words, 0 to 1"),
    feature("headline", Family::Lead, 1, "cosine of the headlines' words, 0 to 1"),
    feature("headline in lead least", Family::Lead, 1, "part of a headline found in the other's lead, lower, 0 to 1"),
    feature("headline in lead most", Family::Lead, 1, "the same, higher, 0 to 1"),
    feature("headline in text most", Family::Lead, 1, "part of a headline found in the other's text, higher, 0 to 1"),
    feature("lead in text most", Family::Lead, 1, "part of a lead found in the other's text, higher, 0 to 1"),
    feature("wording", Family::Wording, 0, "cosine of pairs of neighbouring words, 0 to 1"),
    feature("shared wording", Family::Wording, 0, "rarity of the shared pairs together, nats from 0"),
    feature("shared wording part", Family::Wording, 1, "shared rarity beside that of the poorer article, 0 to 1"),
    feature("rarest wording", Family::Wording, 0, "rarity of the rarest shared pair, nats from 0"),
    feature("third rarest wording", Family::Wording, 0, "rarity of the third, nats from 0"),
    feature("names", Family::Names, 1, "cosine of names, 0 to 1"),
    feature("lead names", Family::Names, 1, "cosine of the names of headline and lead, 0 to 1"),
    feature("name sounds", Family::Names, 1, "cosine of the sounds of names, so across spellings, 0 to 1"),
    feature("numbers", Family::Facts, 1, "cosine of numbers, 0 to 1"),
    feature("quantities agree", Family::Facts, 1, "things that both count alike, ln(1 + n)"),
    feature("quantities differ", Family::Facts, 0, "things that both count, but not alike, ln(1 + n)"),
    feature("named days", Family::Facts, 1, "cosine of the days that the texts name, 0 to 1"),
    feature("numbers least", Family::Facts, 0, "different numbers of an article, lower side, 0 to 20"),
    feature("numbers most", Family::Facts, 0, "the same, higher side, 0 to 20"),
    feature("days apart", Family::Time, -1, "days between the two, from 0; 5 where a time is missing"),
    feature("time unknown", Family::Time, 0, "1 where a time is missing, else 0"),
    feature("length least", Family::Form, 0, "words of the body, shorter article, ln(1 + n)"),
    feature("length most", Family::Form, 0, "the same, longer article, ln(1 + n)"),
    feature("same outlet", Family::Form, -1, "one outlet wrote both: share of the candidates from others, 0 to 1"),
    feature("of best least", Family::Lists, 1, "closeness beside that of the best candidate, lower side, from 0"),
    feature("of best most", Family::Lists, 1, "the same, higher side, from 0"),
    feature("of best five least", Family::Lists, 1, "closeness beside the mean of the best five, lower side, from 0"),
    feature("of best five most", Family::Lists, 1, "the same, higher side, from 0"),
    feature("of best twenty least", Family::Lists, 1, "closeness beside the mean of the best twenty, lower, from 0"),
    feature("of best twenty most", Family::Lists, 1, "the same, higher side, from 0"),
    feature("over next best", Family::Lists, 1, "closeness less that of the best other candidate, higher, -1 to 1"),
    feature("best least", Family::Lists, 0, "closeness of an article's best candidate, lower side, 0 to 1"),
    feature("best most", Family::Lists, 0, "the same, higher side, 0 to 1"),
    feature("tenth least", Family::Lists, -1, "closeness of an article's tenth candidate, lower side, 0 to 1"),
    feature("list sum most", Family::Lists, 0, "closeness of all candidates together, higher side, from 0"),
    feature("shared candidates", Family::Lists, 1, "Jaccard of the ten best candidates of both, 0 to 1"),
    feature("best shared candidate", Family::Lists, 1, "closeness to the best candidate of both, 0 to 1"),
];

/// Best candidates of an article that are compared with those of another.
const NEAREST: usize = 10;

/// What a pair is judged by, in the order of [`FEATURES`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairFeatures(pub [f32; N_FEATURES]);

/// Fewer candidates do not tell how common a likeness is.
const FEW_CANDIDATES: usize = 3;

impl PairOverlap {
    /// The same overlap in the light of both candidate lists.
    pub fn among(&self, a: &Neighbourhood, b: &Neighbourhood) -> PairOverlap {
        let few = a.candidates().len().max(b.candidates().len()) < FEW_CANDIDATES;
        PairOverlap { thin: self.thin || self.lone_word && few, ..*self }
    }
}

/// What an article knows of its own candidate list.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Neighbourhood {
    /// Candidates with their closeness, by falling closeness, then number.
    list: Vec<(u32, f32)>,
    /// The same by number.
    by_number: Vec<(u32, f32)>,
    /// The article itself and its best candidates, sorted.
    nearest: Vec<u32>,
    best_five: f32,
    best_twenty: f32,
    sum: f32,
    /// Share of the candidates that come from another outlet.
    others: f32,
}

impl Neighbourhood {
    /// The neighbourhood of an article from its candidates with their closeness, and the share of them
    /// that come from another outlet.
    pub fn of(article: u32, closeness: impl IntoIterator<Item = (u32, f32)>, others: f32) -> Neighbourhood {
        let mut list: Vec<(u32, f32)> = closeness.into_iter().collect();
        list.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let mut by_number = list.clone();
        by_number.sort_unstable_by_key(|(number, _)| *number);
        let mut nearest: Vec<u32> = list.iter().take(NEAREST).map(|(number, _)| *number).collect();
        nearest.push(article);
        nearest.sort_unstable();
        let sum = |n: usize| list.iter().take(n).map(|(_, closeness)| closeness).sum::<f32>();
        let mean = |n: usize| if list.is_empty() { 0.0 } else { sum(n) / list.len().min(n) as f32 };
        Neighbourhood {
            best_five: mean(5),
            best_twenty: mean(20),
            sum: sum(list.len()),
            by_number,
            nearest,
            others,
            list,
        }
    }

    /// The same neighbourhood under other numbers, in the same order as before.
    pub fn renamed(&self, article: u32, number: impl Fn(u32) -> u32) -> Neighbourhood {
        Self::of(article, self.list.iter().map(|(other, closeness)| (number(*other), *closeness)), self.others)
    }

    /// The candidates with their closeness, closest first.
    pub fn candidates(&self) -> &[(u32, f32)] {
        &self.list
    }

    /// Share of the candidates that come from another outlet, 0 to 1.
    pub fn others(&self) -> f32 {
        self.others
    }

    fn nth(&self, at: usize) -> f32 {
        self.list.get(at).map_or(0.0, |(_, closeness)| *closeness)
    }

    /// Closeness less that of the best candidate that is not this one.
    fn over_next_best(&self, closeness: f32) -> f32 {
        let own = closeness >= self.nth(0) - f32::EPSILON;
        closeness - self.nth(usize::from(own))
    }

    /// Jaccard of the nearest of both.
    fn shared(&self, other: &Neighbourhood) -> f32 {
        let shared = self.nearest.iter().filter(|number| other.nearest.binary_search(number).is_ok()).count();
        shared as f32 / (self.nearest.len() + other.nearest.len() - shared) as f32
    }

    /// The highest closeness that a candidate of both has to both.
    fn best_shared(&self, other: &Neighbourhood) -> f32 {
        let (mut i, mut j, mut best) = (0, 0, 0.0f32);
        while i < self.by_number.len() && j < other.by_number.len() {
            let ((a, x), (b, y)) = (self.by_number[i], other.by_number[j]);
            if a == b {
                best = best.max(x.min(y));
            }
            i += usize::from(a <= b);
            j += usize::from(b <= a);
        }
        best
    }
}

/// A closeness beside a level; no more than this many times it.
const MOST_TIMES: f32 = 5.0;

fn beside(closeness: f32, level: f32) -> f32 {
    if level > 0.0 { (closeness / level).min(MOST_TIMES) } else { 0.0 }
}

impl PairFeatures {
    /// The features of a pair from what both share and what each knows of its candidates.
    pub fn of(overlap: &PairOverlap, a: &Neighbourhood, b: &Neighbourhood) -> PairFeatures {
        let closeness = overlap.closeness;
        let mut features = [0.0; N_FEATURES];
        features[..N_OWN].copy_from_slice(&overlap.own);
        // On a wire of one outlet it says nothing that all articles have the same.
        features[N_OWN - 1] *= a.others.min(b.others);
        let sides = |of: &dyn Fn(&Neighbourhood) -> f32| {
            let (a, b) = (of(a), of(b));
            [a.min(b), a.max(b)]
        };
        let of_best = sides(&|side| beside(closeness, side.nth(0)));
        let of_five = sides(&|side| beside(closeness, side.best_five));
        let of_twenty = sides(&|side| beside(closeness, side.best_twenty));
        let best = sides(&|side| side.nth(0));
        features[N_OWN..].copy_from_slice(&[
            of_best[0],
            of_best[1],
            of_five[0],
            of_five[1],
            of_twenty[0],
            of_twenty[1],
            sides(&|side| side.over_next_best(closeness))[1],
            best[0],
            best[1],
            sides(&|side| side.nth(NEAREST - 1))[0],
            sides(&|side| side.sum)[1],
            a.shared(b),
            a.best_shared(b),
        ]);
        PairFeatures(features)
    }
}
