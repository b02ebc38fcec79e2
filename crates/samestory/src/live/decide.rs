//! Which stories the articles of a bounded region make, and what has changed by that.
//!
//! *Design.* Linkage is local: articles that no chain of likely pairs joins never meet in it. So a step takes
//! the articles that it concerns, follows the likely pairs from these to others and takes their whole stories
//! in, links all of them anew as if they were alone, and compares the outcome with what was. Stories beyond
//! [`MOST_DECIDED`] articles stay as they are.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::{FxHashMap, FxHashSet};
use samestory_article::Article;
use samestory_cluster::linkage::{ScoredPair, average_linkage};
use samestory_cluster::links::{LEAST_STRENGTH, Link, LinkKind, keep_strongest};
use samestory_cluster::score::LEAST_SIMILARITY;
use samestory_cluster::{PairModel, StoryId};

use super::arrive::NO_STORY;
use crate::changes::{ChangeKind, StoryChange};
use crate::error::CollectionError;
use crate::identity::{Continuity, continuities};
use crate::pipeline::{Place, StoryLink};
use crate::store::{Draft, Member, StorySummary};

/// Articles, copies aside, that one step decides anew beside the new ones.
const MOST_DECIDED: usize = 2_000;

/// What a step concerns.
pub(super) struct Concerned<'a> {
    /// Articles that are compared and that the step is about.
    pub(super) seeds: Vec<u32>,
    /// Articles whose story is not known, or whose representative or newest version has changed.
    pub(super) loose: &'a FxHashSet<u32>,
    /// Stories that are decided anew whatever pairs say.
    pub(super) stories: BTreeSet<u32>,
    /// Articles that are new states of others, whose arrival is told already.
    pub(super) corrections: &'a FxHashSet<u32>,
}

/// Decides the stories of what is concerned.
pub(super) fn decide(
    draft: &mut Draft<'_>,
    concerned: &Concerned<'_>,
    model: &PairModel,
    threshold: f64,
) -> Result<(), CollectionError> {
    let region = Region::around(draft, concerned, model, threshold)?;
    let mut families = region.families(draft, concerned)?;
    let clusters: Vec<Vec<u32>> = region
        .link(draft, model, threshold)?
        .into_iter()
        .map(|cluster| cluster.into_iter().flat_map(|number| families.remove(&number).unwrap_or_default()).collect())
        .filter(|cluster: &Vec<u32>| !cluster.is_empty())
        .collect();
    let former: Vec<(u32, Vec<u32>)> =
        region.stories.iter().map(|(number, story)| (*number, story.articles.clone())).collect();
    let mut pins: FxHashMap<u32, u32> = FxHashMap::default();
    for number in &region.articles {
        if let Some(pin) = draft.pin(*number)? {
            pins.insert(*number, pin);
        }
    }
    let mut relink: BTreeSet<u32> = BTreeSet::new();
    let continued = continuities(&former, &clusters, &pins);
    let mut gone: FxHashMap<u32, Option<u32>> = former.iter().map(|(number, _)| (*number, None)).collect();
    let mut named: Vec<(Vec<u32>, u32)> = Vec::with_capacity(clusters.len());
    for (articles, Continuity { keeps, absorbs }) in clusters.into_iter().zip(continued) {
        let number = keeps.unwrap_or_else(|| {
            let summary = draft.summary();
            summary.next_story += 1;
            summary.next_story - 1
        });
        gone.remove(&number);
        gone.extend(absorbs.into_iter().map(|absorbed| (absorbed, Some(number))));
        named.push((articles, number));
    }
    for (articles, number) in named {
        let former = region.stories.get(&number);
        let absorbed: Vec<u32> =
            gone.iter().filter(|(_, into)| **into == Some(number)).map(|(gone, _)| *gone).collect();
        let mut now = articles.clone();
        now.sort_unstable();
        let same = former.is_some_and(|former| {
            let mut before = former.articles.clone();
            before.sort_unstable();
            before == now
        });
        let moved = concerned.loose.iter().any(|loose| now.binary_search(loose).is_ok());
        if same && !moved && absorbed.is_empty() {
            continue;
        }
        region.write(draft, concerned, number, &articles, &absorbed)?;
        relink.insert(number);
    }
    let mut gone: Vec<(u32, Option<u32>)> = gone.into_iter().collect();
    gone.sort_unstable();
    for (number, into) in gone {
        let Some(story) = region.stories.get(&number) else { continue };
        draft.count_story(Some(story), None);
        draft.set_story(number, None);
        if into.is_none() {
            draft.change(ChangeKind::Ended { story: story.id.clone() });
            story.former.iter().chain([&story.id]).for_each(|id| draft.set_story_number(id, None));
        }
        relink.extend(story.links.iter().map(|link| link.story));
    }
    relink_stories(draft, relink, &concerned.seeds, model)
}

/// Articles that are decided together, and the stories they are in.
struct Region {
    /// Articles that are compared, in order of time.
    articles: Vec<u32>,
    /// Their stories by number, as they were.
    stories: BTreeMap<u32, StorySummary>,
}

impl Region {
    fn around(
        draft: &Draft<'_>,
        concerned: &Concerned<'_>,
        model: &PairModel,
        threshold: f64,
    ) -> Result<Region, CollectionError> {
        let prior = draft.prior();
        let mut region = Region { articles: Vec::new(), stories: BTreeMap::new() };
        let mut seen: FxHashSet<u32> = FxHashSet::default();
        let mut queue: Vec<u32> = concerned.seeds.clone();
        for story in &concerned.stories {
            queue.extend(region.open(draft, *story)?);
        }
        for loose in concerned.loose {
            queue.push(root(draft, *loose)?);
        }
        let most = queue.len() + MOST_DECIDED;
        // Breadth first, so that what is nearest is decided where there is too much.
        let mut at = 0;
        while at < queue.len() {
            let number = queue[at];
            at += 1;
            if !seen.insert(number) {
                continue;
            }
            region.articles.push(number);
            let story = draft.find_place(number)?.map_or(NO_STORY, |place| place.story);
            if story != NO_STORY && !region.stories.contains_key(&story) {
                queue.extend(region.open(draft, story)?);
            }
            if region.articles.len() > most {
                continue;
            }
            let mut pairs = draft.pairs(number)?;
            pairs.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            let likely = |pair: &&(u32, f32)| model.similarity(f64::from(pair.1), prior) > threshold;
            queue.extend(pairs.iter().take_while(likely).map(|(other, _)| *other));
        }
        let mut timed: Vec<(Option<i64>, u32)> = Vec::with_capacity(region.articles.len());
        for number in &region.articles {
            timed.push((draft.compared(*number)?.and_then(|compared| compared.time), *number));
        }
        timed.sort_unstable();
        region.articles = timed.into_iter().map(|(_, number)| number).collect();
        Ok(region)
    }

    /// Takes a story in and gives its articles that are compared.
    fn open(&mut self, draft: &Draft<'_>, number: u32) -> Result<Vec<u32>, CollectionError> {
        let Some(story) = draft.find_story(number)? else { return Ok(Vec::new()) };
        let mut compared = Vec::new();
        for article in &story.articles {
            if draft.compared(*article)?.is_some() {
                compared.push(*article);
            }
        }
        self.stories.insert(number, story);
        Ok(compared)
    }

    /// For each article that is compared all that follow it: itself, its copies and older versions.
    fn families(&self, draft: &Draft<'_>, concerned: &Concerned) -> Result<FxHashMap<u32, Vec<u32>>, CollectionError> {
        let stored = self.stories.values().flat_map(|story| &story.articles);
        let all: BTreeSet<u32> = stored.chain(concerned.loose).chain(&self.articles).copied().collect();
        let mut families: FxHashMap<u32, Vec<u32>> = FxHashMap::default();
        for number in all {
            // What this step has removed has no place.
            if draft.find_place(number)?.is_some() {
                families.entry(root(draft, number)?).or_default().push(number);
            }
        }
        Ok(families)
    }

    /// The clusters of the articles.
    fn link(&self, draft: &Draft<'_>, model: &PairModel, threshold: f64) -> Result<Vec<Vec<u32>>, CollectionError> {
        let prior = draft.prior();
        let position: FxHashMap<u32, u32> = self.articles.iter().zip(0..).map(|(number, at)| (*number, at)).collect();
        let mut scored: Vec<ScoredPair> = Vec::new();
        let mut pins: Vec<Option<u32>> = Vec::with_capacity(self.articles.len());
        for (a, number) in (0u32..).zip(&self.articles) {
            pins.push(draft.pin(*number)?);
            for (other, log_odds) in draft.pairs(*number)? {
                let Some(&b) = position.get(&other).filter(|b| **b > a) else { continue };
                let similarity = model.similarity(f64::from(log_odds), prior);
                if similarity > LEAST_SIMILARITY {
                    scored.push(ScoredPair { a, b, similarity });
                }
            }
        }
        let labels = average_linkage(self.articles.len(), &scored, &pins, threshold);
        let mut clusters: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for (number, label) in self.articles.iter().zip(labels) {
            clusters.entry(label).or_default().push(*number);
        }
        Ok(clusters.into_values().collect())
    }

    /// Writes a story whose articles have changed, and tells what has become of them.
    fn write(
        &self,
        draft: &mut Draft<'_>,
        concerned: &Concerned<'_>,
        number: u32,
        articles: &[u32],
        absorbed: &[u32],
    ) -> Result<(), CollectionError> {
        let mut texts: Vec<(u32, Article, Place)> = Vec::with_capacity(articles.len());
        for at in articles {
            texts.push((*at, draft.article(*at)?, draft.place(*at)?));
        }
        texts.sort_by(|a, b| a.1.time_order().cmp(&b.1.time_order()));
        let id = match draft.find_story(number)? {
            Some(story) => story.id,
            None => new_id(draft, &texts[0].1)?,
        };
        let before = self.stories.get(&number);
        self.tell(draft, concerned, (&id, number, before.is_none()), &texts, absorbed);
        let members: Vec<Member<'_>> = texts
            .iter()
            .map(|(number, article, place)| Member {
                number: *number,
                article,
                is_copy: place.copy_of.is_some(),
                is_older_version: place.version_of.is_some(),
            })
            .collect();
        let mut story = StorySummary::of(id, &members);
        if let Some(before) = before {
            story.former = before.former.clone();
            story.links = before.links.clone();
        }
        for absorbed in absorbed.iter().filter_map(|absorbed| self.stories.get(absorbed)) {
            story.former.push(absorbed.id.clone());
            story.former.extend(absorbed.former.iter().cloned());
        }
        story.former.sort();
        for id in story.former.iter().chain([&story.id]) {
            draft.set_story_number(id, Some(number));
        }
        draft.count_story(before, Some(&story));
        draft.set_story(number, Some(story));
        for (at, _, place) in texts {
            if place.story != number {
                draft.set_place(at, Some(Place { story: number, ..place }));
            }
            if draft.pin(at)?.is_some_and(|pin| pin != number) {
                draft.set_pin(at, Some(number));
            }
        }
        Ok(())
    }

    /// Tells what has become of the articles of a story.
    fn tell(
        &self,
        draft: &mut Draft<'_>,
        concerned: &Concerned<'_>,
        (id, number, is_new): (&StoryId, u32, bool),
        texts: &[(u32, Article, Place)],
        absorbed: &[u32],
    ) {
        let mut change = StoryChange { is_new, absorbed, ..StoryChange::of(id) };
        for (at, article, place) in texts {
            match place.story {
                NO_STORY if concerned.corrections.contains(at) => (),
                NO_STORY => change.new.push(article.id.to_string()),
                other if other != number => change.from.entry(other).or_default().push(article.id.to_string()),
                _ => (),
            }
        }
        let kinds = change.kinds(|number| self.stories.get(&number).map(|story| story.id.clone()));
        kinds.into_iter().for_each(|kind| draft.change(kind));
    }
}

/// The article that stands for another in all comparisons: the representative of its newest version.
fn root(draft: &Draft<'_>, number: u32) -> Result<u32, CollectionError> {
    let newest = draft.place(number)?.version_of.unwrap_or(number);
    Ok(draft.place(newest)?.copy_of.unwrap_or(newest))
}

/// An id for a story that begins with an article, which no story has or had.
pub(super) fn new_id(draft: &Draft<'_>, first: &Article) -> Result<StoryId, CollectionError> {
    for attempt in 0.. {
        let id = StoryId::attempt(&first.id, attempt);
        if draft.story_number(id.as_str())?.is_none() {
            return Ok(id);
        }
    }
    unreachable!("there are more attempts than stories")
}

/// Finds the links of stories that have changed, and of those that new articles are near to.
fn relink_stories(
    draft: &mut Draft<'_>,
    mut changed: BTreeSet<u32>,
    seeds: &[u32],
    model: &PairModel,
) -> Result<(), CollectionError> {
    let prior = draft.prior();
    let strength = |log_odds: f32| model.probability(f64::from(log_odds), prior);
    for seed in seeds {
        for (other, log_odds) in draft.pairs(*seed)? {
            if strength(log_odds) >= LEAST_STRENGTH {
                changed.insert(draft.place(other)?.story);
            }
        }
    }
    for number in changed {
        let Some(mut story) = draft.find_story(number)? else { continue };
        let mut strongest: BTreeMap<u32, f64> = BTreeMap::new();
        for article in &story.articles {
            for (other, log_odds) in draft.pairs(*article)? {
                let other = draft.place(other)?.story;
                let strength = if other == number { 0.0 } else { strength(log_odds) };
                if strength >= LEAST_STRENGTH {
                    let entry = strongest.entry(other).or_default();
                    *entry = entry.max(strength);
                }
            }
        }
        let mut links: Vec<Link> = Vec::with_capacity(strongest.len());
        for (other, strength) in strongest {
            let first = draft.find_story(other)?.and_then(|other| other.first);
            links.push(Link { to: other, kind: LinkKind::of(story.first, first), strength: strength as f32 });
        }
        keep_strongest(&mut links);
        let links: Vec<StoryLink> = links
            .into_iter()
            .map(|link| StoryLink { story: link.to, kind: link.kind, strength: link.strength })
            .collect();
        if links != story.links {
            story.links = links;
            draft.set_story(number, Some(story));
        }
    }
    Ok(())
}
