//! Which story keeps its name when stories are decided anew.
//!
//! *Rule.* A former story goes on where most of its articles are (at a tie, where its first is). Where several
//! former stories go on in one, the one with the smallest number, the oldest, keeps its name, and the names of
//! the others lead to it. What nobody goes on in is new. A story that a person has put articles into goes on
//! where these are, and keeps its name there, whatever else is in it.

use rustc_hash::FxHashMap;

/// What a story of articles that were decided anew is called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Continuity {
    /// The former story whose name it keeps; none for a new one.
    pub(crate) keeps: Option<u32>,
    /// Other former stories that go on in it.
    pub(crate) absorbs: Vec<u32>,
}

/// For each new story how it continues former ones. `former` are their numbers with their articles, first article
/// first; `pins` the articles that a person has put into a story, with its number.
pub(crate) fn continuities(
    former: &[(u32, Vec<u32>)],
    stories: &[Vec<u32>],
    pins: &FxHashMap<u32, u32>,
) -> Vec<Continuity> {
    let mut story_of: FxHashMap<u32, usize> = FxHashMap::default();
    let mut pinned: FxHashMap<u32, usize> = FxHashMap::default();
    for (at, story) in stories.iter().enumerate() {
        for article in story {
            story_of.insert(*article, at);
            if let Some(pin) = pins.get(article) {
                pinned.insert(*pin, at);
            }
        }
    }
    let mut found = vec![Continuity::default(); stories.len()];
    for (pin, at) in &pinned {
        found[*at].keeps = Some(*pin);
    }
    let mut numbers: Vec<(u32, usize)> = Vec::new();
    for (number, articles) in former {
        if pinned.contains_key(number) {
            continue;
        }
        let mut counts: FxHashMap<usize, (usize, usize)> = FxHashMap::default();
        for (position, article) in articles.iter().enumerate() {
            if let Some(at) = story_of.get(article) {
                counts.entry(*at).or_insert((0, position)).0 += 1;
            }
        }
        let core = counts.into_iter().max_by(|(_, a), (_, b)| a.0.cmp(&b.0).then(b.1.cmp(&a.1)));
        numbers.extend(core.map(|(at, _)| (*number, at)));
    }
    numbers.sort_unstable();
    for (number, at) in numbers {
        match found[at].keeps {
            None => found[at].keeps = Some(number),
            Some(_) => found[at].absorbs.push(number),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(former: &[(u32, Vec<u32>)], stories: &[Vec<u32>], pins: &[(u32, u32)]) -> Vec<(Option<u32>, Vec<u32>)> {
        let pins = pins.iter().copied().collect();
        continuities(former, stories, &pins).into_iter().map(|found| (found.keeps, found.absorbs)).collect()
    }

    #[test]
    fn of_stories_that_merge_the_oldest_keeps_its_name() {
        let former = [(7, vec![1, 2, 3]), (4, vec![5])];
        assert_eq!(of(&former, &[vec![1, 2, 3, 5, 9]], &[]), [(Some(4), vec![7])]);
    }

    #[test]
    fn of_a_story_that_splits_the_core_keeps_its_name() {
        assert_eq!(of(&[(3, vec![1, 2, 5])], &[vec![1], vec![2, 5]], &[]), [(None, vec![]), (Some(3), vec![])]);
        // At a tie the part with the first article.
        assert_eq!(of(&[(3, vec![1, 2])], &[vec![2], vec![1]], &[]), [(None, vec![]), (Some(3), vec![])]);
    }

    #[test]
    fn a_name_is_where_a_person_has_put_it() {
        let former = [(3, vec![1, 2, 5]), (1, vec![8])];
        assert_eq!(of(&former, &[vec![1, 8], vec![2, 5]], &[(1, 3)]), [(Some(3), vec![1]), (None, vec![])],);
    }
}
