//! Claims that a third article of the story contradicts.
//!
//! Of three papers that print one report, the first is earlier than the second and the second earlier than the third. By
//! clocks alone the third would have it from both. It may have it from the first as well, so only that is claimed.

use rustc_hash::FxHashMap;
use samestory_reuse::Side;

use super::{Reuse, ReusePair};

impl Reuse {
    pub(super) fn take_back(&mut self, article: &str) {
        self.direction.take_back(article);
        for passage in self.passages.iter_mut().filter(|passage| passage.direction.source.is_some()) {
            passage.direction.take_back(article);
        }
    }
}

/// For each article those that it has words from, with the share of its words.
pub(super) struct Sources(FxHashMap<String, Vec<(String, f64)>>);

impl Sources {
    pub(super) fn of(pairs: &[ReusePair]) -> Sources {
        let mut of: FxHashMap<String, Vec<(String, f64)>> = FxHashMap::default();
        for pair in pairs {
            let (source, later, share) = match pair.reuse.direction.source {
                Some(Side::A) => (&pair.a, &pair.b, pair.reuse.b_share),
                Some(Side::B) => (&pair.b, &pair.a, pair.reuse.a_share),
                None => continue,
            };
            of.entry(later.clone()).or_default().push((source.clone(), share));
        }
        Sources(of)
    }

    fn of_article(&self, id: &str) -> &[(String, f64)] {
        self.0.get(id).map(Vec::as_slice).unwrap_or_default()
    }
}

/// Of a third article that has as much of both, neither need be the other's source.
const AS_MUCH: f64 = 0.9;

/// A third article that both have their words from, and the later of them about as many as from the earlier.
pub(super) fn third_source(sources: &Sources, a: &str, b: &str, reuse: &Reuse) -> Option<String> {
    let (earlier, later, share) = match reuse.direction.source? {
        Side::A => (a, b, reuse.b_share),
        Side::B => (b, a, reuse.a_share),
    };
    let thirds = sources.of_article(later).iter().filter(|(third, of_third)| {
        third != earlier
            && *of_third >= AS_MUCH * share
            && sources.of_article(earlier).iter().any(|(source, _)| source == third)
    });
    thirds.max_by(|x, y| x.1.total_cmp(&y.1).then_with(|| y.0.cmp(&x.0))).map(|(third, _)| third.clone())
}

/// Takes back claims that rest on clocks alone, where both articles have their words from a third.
pub(super) fn take_back_claims(pairs: &mut [ReusePair]) {
    let sources = Sources::of(pairs);
    for pair in pairs.iter_mut().filter(|pair| pair.reuse.direction.is_by_clocks()) {
        if let Some(third) = third_source(&sources, &pair.a, &pair.b, &pair.reuse) {
            pair.reuse.take_back(&third);
        }
    }
}
