//! The stages in order, a line each.

use std::borrow::Cow;
use std::io;

use rayon::prelude::*;
use rustc_hash::FxHashMap;
use samestory_article::Article;
use samestory_cluster::candidates::{Candidate, HeavyTerm, candidate_lists, heaviest, heaviest_as_bytes};
use samestory_cluster::compared::ComparedPairs;
use samestory_cluster::features::Neighbourhood;
use samestory_cluster::frequencies::TermCounter;
use samestory_cluster::links::{Link, LinkKind, story_links};
use samestory_cluster::prior::OddsCounts;
use samestory_cluster::score::{JudgedPair, Judgement};
use samestory_cluster::vectors::SpilledVectors;
use samestory_cluster::{ArticleTerms, ArticleVectors, DocumentFrequencies, PairModel, StoryId};
use samestory_ingest::ArticlesApart;
use samestory_minhash::Signature;
use samestory_spill::{MOST_HELD, SealedList, Spill, SpillList};

use crate::config::Settings;
use crate::copies::{Selected, find_copies_spilling, ranks};
use crate::error::CollectionError;

/// A stage of the pipeline, as told to whoever watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Copies are looked for.
    Copies,
    /// Terms are counted and weighed.
    Terms,
    /// For each article those are found that it may be one story with.
    Candidates,
    /// Candidate pairs are compared.
    Comparison,
    /// Compared pairs are judged and linked.
    Stories,
    /// Store and index are written.
    Writing,
}

/// What clustering says of some articles, which are named by their position among [`articles`](Self::articles).
#[derive(Debug)]
pub struct Clustering {
    /// The articles in order of their ids, some without their texts.
    pub articles: ArticlesApart,
    /// For each article its place.
    pub places: Vec<Place>,
    /// The stories; each article is in exactly one.
    pub stories: Vec<Story>,
    /// Share of the candidate pairs that report one event, above 0 and below 1.
    pub prior: f64,
    /// Signatures of the articles with a body.
    pub signatures: Vec<Option<Signature>>,
    /// Buckets over the cap, in which not all pairs were looked at for copies.
    pub capped_buckets: usize,
}

/// What articles that come later are held against; articles are named by position.
#[derive(Debug)]
pub(crate) struct Growth {
    /// The articles that are compared: neither copies nor older versions.
    pub(crate) compared: ComparedArticles,
    /// In how many of these each term occurs.
    pub(crate) frequencies: DocumentFrequencies,
    /// The judged pairs that may matter.
    pub(crate) pairs: Vec<JudgedPair>,
    /// How many of all judged pairs have which log odds.
    pub(crate) odds: OddsCounts,
    /// Terms that one article only holds, sorted.
    pub(crate) single_terms: Vec<u32>,
}

/// The articles that are compared, in the order of their vectors.
#[derive(Debug)]
pub(crate) struct ComparedArticles {
    /// Which they are.
    pub(crate) articles: Vec<u32>,
    /// Heaviest terms of each, heaviest first, as bytes.
    pub(crate) heaviest: SealedList,
    /// What each knows of its candidates.
    pub(crate) neighbourhoods: Vec<Neighbourhood>,
    /// Candidates of each, closest first.
    pub(crate) lists: Vec<Vec<Candidate>>,
}

/// Lower log odds are not kept: whatever the prior, they count nothing in linkage.
pub const LEAST_KEPT_ODDS: f32 = -8.0;

/// What is known of articles that were clustered before; articles are named by position.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    /// Older versions, with the newest of each; empty where there are none.
    pub(crate) version_of: Vec<Option<u32>>,
    /// The number of the story that a person has put each into; empty where there are none.
    pub(crate) pins: Vec<Option<u32>>,
}

/// Where an article belongs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Place {
    /// Position of its story.
    pub story: u32,
    /// The article it is a copy of.
    pub copy_of: Option<u32>,
    /// The newest version of the same address, where it is an older one.
    pub version_of: Option<u32>,
}

/// The articles that report one event.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Story {
    /// Its name.
    pub id: StoryId,
    /// Its articles in order of time, then id; copies and older versions included.
    pub articles: Vec<u32>,
    /// Stories near it, strongest first.
    pub links: Vec<StoryLink>,
}

/// A link from one story to another.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct StoryLink {
    /// Position of the other story.
    pub story: u32,
    /// What the story that has the link is to the other.
    pub kind: LinkKind,
    /// Highest probability that an article of one and one of the other report the same event, 0 to 1.
    pub strength: f32,
}

/// Groups articles into stories. The same articles and settings give the same answer, whatever the
/// number of threads. Articles are put in order of their ids; their texts need not be in memory.
///
/// # Errors
///
/// If what was kept in a spill cannot be read.
pub fn cluster(
    articles: impl Into<ArticlesApart>,
    settings: &Settings,
    watch: &mut dyn FnMut(Stage),
) -> Result<Clustering, CollectionError> {
    cluster_known(articles.into(), &Known::default(), settings, MOST_HELD, watch).map(|(clustering, _)| clustering)
}

/// As [`cluster`], with what is known of the articles, and with what later ones are held against. Each spill holds no more
/// than so many bytes in memory.
pub(crate) fn cluster_known(
    articles: ArticlesApart,
    known: &Known,
    settings: &Settings,
    most_held: usize,
    watch: &mut dyn FnMut(Stage),
) -> Result<(Clustering, Growth), CollectionError> {
    cluster_spilling(articles, known, settings, most_held, watch).map_err(CollectionError::spill)
}

fn cluster_spilling(
    all: ArticlesApart,
    known: &Known,
    settings: &Settings,
    most_held: usize,
    watch: &mut dyn FnMut(Stage),
) -> io::Result<(Clustering, Growth)> {
    watch(Stage::Copies);
    let articles = all.heads();
    let version_of = newest_versions(articles, &known.version_of);
    let current: Vec<u32> = (0..articles.len() as u32).filter(|at| version_of[*at as usize].is_none()).collect();
    let current_articles = Selected { all: &all, positions: &current };
    let copies = find_copies_spilling(&current_articles, &settings.copies, most_held, &mut |_| ())?;
    let mut copy_of: Vec<Option<u32>> = vec![None; articles.len()];
    let mut signatures: Vec<Option<Signature>> = vec![None; articles.len()];
    for ((&at, copy), signature) in current.iter().zip(&copies.copy_of).zip(copies.signatures) {
        copy_of[at as usize] = copy.map(|representative| current[representative as usize]);
        signatures[at as usize] = signature;
    }
    let mut representatives: Vec<u32> = current.iter().copied().filter(|at| copy_of[*at as usize].is_none()).collect();
    put_in_time_order(&mut representatives, articles);

    watch(Stage::Terms);
    let (weighed, vectors) = weigh_all(&all, &representatives, most_held, &mut |_| ())?;

    watch(Stage::Candidates);
    let lists = candidate_lists(&vectors);

    watch(Stage::Comparison);
    let compared = ComparedPairs::of(&vectors, &lists, Spill::holding(most_held))?;
    drop(vectors);

    watch(Stage::Stories);
    let model = PairModel::shipped();
    let judgement = Judgement::of(&compared, model);
    let neighbourhoods = compared.into_neighbourhoods();
    let pins = pins_of(&representatives, &copy_of, &version_of, &known.pins);
    let labels = judgement.clusters(representatives.len(), &pins, model, settings.stories.strictness.threshold());
    let capped_buckets = copies.capped_buckets;
    let decided = Decided { copy_of, version_of, labels, judgement, lists, neighbourhoods, signatures, capped_buckets };
    Ok(place_all(all, representatives, decided, weighed))
}

/// What was decided of some articles, on this machine or on others. Articles are named by position; those that are
/// compared, neither copies nor older versions, by their place in order of time (those without one come first), then
/// position.
#[derive(Debug)]
pub struct Decided {
    /// For each article what it is a copy of.
    pub copy_of: Vec<Option<u32>>,
    /// For each older version the newest.
    pub version_of: Vec<Option<u32>>,
    /// For each compared article the first of its cluster.
    pub labels: Vec<u32>,
    /// The judged pairs of these; those that count nothing in linkage may be left out.
    pub judgement: Judgement,
    /// Their candidates, closest first.
    pub lists: Vec<Vec<Candidate>>,
    /// What each knows of its candidates.
    pub neighbourhoods: Vec<Neighbourhood>,
    /// Signatures of the articles with a body.
    pub signatures: Vec<Option<Signature>>,
    /// Buckets over the cap, in which not all pairs were looked at for copies.
    pub capped_buckets: usize,
}

/// As [`cluster_known`], for articles of which all is decided; what later articles need of them is counted and weighed.
pub(crate) fn settled(
    all: ArticlesApart,
    decided: Decided,
    most_held: usize,
    watch: &mut dyn FnMut(Stage),
) -> Result<(Clustering, Growth), CollectionError> {
    watch(Stage::Terms);
    let is_compared = |at: &u32| decided.copy_of[*at as usize].is_none() && decided.version_of[*at as usize].is_none();
    let mut compared: Vec<u32> = (0..all.heads().len() as u32).filter(is_compared).collect();
    put_in_time_order(&mut compared, all.heads());
    let (weighed, _) = weigh_all(&all, &compared, most_held, &mut |_| ()).map_err(CollectionError::spill)?;
    Ok(place_all(all, compared, decided, weighed))
}

/// Articles of one time are compared with each other, so they are kept near each other in memory.
fn put_in_time_order(positions: &mut [u32], articles: &[Article]) {
    positions.sort_by_key(|at| (articles[*at as usize].time.map(|time| time.seconds), *at));
}

/// Puts every article into its story.
fn place_all(
    all: ArticlesApart,
    representatives: Vec<u32>,
    decided: Decided,
    weighed: Weighed,
) -> (Clustering, Growth) {
    let Decided { copy_of, version_of, labels, judgement, lists, neighbourhoods, signatures, capped_buckets } = decided;
    let Weighed { frequencies, single_terms, heaviest } = weighed;
    let articles = all.heads();
    let model = PairModel::shipped();
    let mut label_of: Vec<u32> = vec![u32::MAX; articles.len()];
    for (&at, &label) in representatives.iter().zip(&labels) {
        label_of[at as usize] = representatives[label as usize];
    }
    for (at, of) in copy_of.iter().enumerate() {
        if let Some(representative) = of {
            label_of[at] = label_of[*representative as usize];
        }
    }
    for (at, newest) in version_of.iter().enumerate() {
        if let Some(newest) = newest {
            label_of[at] = label_of[*newest as usize];
        }
    }
    let (mut stories, story_of) = stories(articles, &label_of);
    let times: Vec<Option<i64>> =
        representatives.iter().map(|at| articles[*at as usize].time.map(|time| time.seconds)).collect();
    let links = story_links(&labels, &times, &judgement.pairs, |pair| {
        model.probability(f64::from(pair.log_odds), judgement.prior)
    });
    let story_of_label = |label: u32| story_of[representatives[label as usize] as usize];
    for (label, links) in links {
        let link = |link: Link| StoryLink { story: story_of_label(link.to), kind: link.kind, strength: link.strength };
        stories[story_of_label(label) as usize].links = links.into_iter().map(link).collect();
    }
    let position = |number: u32| representatives[number as usize];
    let kept = judgement.pairs.iter().filter(|pair| pair.log_odds > LEAST_KEPT_ODDS);
    let pairs = kept.map(|pair| JudgedPair { a: position(pair.a), b: position(pair.b), ..*pair }).collect();
    let places = (0..articles.len())
        .map(|at| Place { story: story_of[at], copy_of: copy_of[at], version_of: version_of[at] })
        .collect();
    let renamed = |other: Candidate| Candidate { number: position(other.number), ..other };
    let lists = lists.into_iter().map(|list| list.into_iter().map(renamed).collect()).collect();
    let of_article = |(at, of): (&u32, Neighbourhood)| of.renamed(*at, position);
    let neighbourhoods = representatives.iter().zip(neighbourhoods).map(of_article).collect();
    let compared = ComparedArticles { heaviest, neighbourhoods, lists, articles: representatives };
    let growth = Growth { compared, frequencies, pairs, odds: judgement.counts, single_terms };
    let prior = judgement.prior;
    (Clustering { articles: all, places, stories, prior, signatures, capped_buckets }, growth)
}

/// What terms weigh in some articles, in order, beside their vectors.
pub(crate) struct Weighed {
    frequencies: DocumentFrequencies,
    /// Terms that one article only holds, sorted.
    single_terms: Vec<u32>,
    /// Heaviest terms as bytes; those that no other article holds included.
    heaviest: SealedList,
}

/// Articles whose terms are in memory together.
const BATCH: usize = 256;

/// Counts and weighs the terms of the articles at some positions, gives their vectors too, and names each step when it is done.
pub(crate) fn weigh_all(
    all: &ArticlesApart,
    positions: &[u32],
    most_held: usize,
    done: &mut dyn FnMut(&'static str),
) -> io::Result<(Weighed, SpilledVectors)> {
    let mut counter = TermCounter::new(Spill::holding(most_held));
    let mut terms = SpillList::new(Spill::holding(most_held));
    for batch in positions.chunks(BATCH) {
        let count = |at: &u32| Ok(ArticleTerms::of(&*all.whole(*at as usize)?));
        let counted: Vec<ArticleTerms> = batch.par_iter().map(count).collect::<io::Result<_>>()?;
        counter.add(&counted);
        let bytes: Vec<Vec<u8>> = counted.par_iter().map(ArticleTerms::to_bytes).collect();
        bytes.iter().for_each(|bytes| terms.push(bytes));
    }
    done("count terms");
    let (frequencies, single_terms) = counter.finish()?;
    let terms = terms.seal()?;
    done("document frequencies");
    let mut vectors = SpillList::new(Spill::holding(most_held));
    let mut heavy = SpillList::new(Spill::holding(most_held));
    for (batch, first) in positions.chunks(BATCH).zip((0..).step_by(BATCH)) {
        let weigh = |(number, at): (usize, &u32)| {
            let terms = ArticleTerms::from_bytes(terms.get(first + number)).ok_or(io::ErrorKind::InvalidData)?;
            let (whole, shared) = ArticleVectors::weigh_whole(&terms, &frequencies, &all.heads()[*at as usize]);
            Ok((whole.shared_only(&shared).to_bytes(), heaviest(&whole)))
        };
        let weighed: Vec<(Vec<u8>, Vec<HeavyTerm>)> =
            batch.par_iter().enumerate().map(weigh).collect::<io::Result<_>>()?;
        for (bytes, heaviest) in weighed {
            vectors.push(&bytes);
            heavy.push(heaviest_as_bytes(&heaviest));
        }
    }
    let vectors = SpilledVectors(vectors.seal()?);
    done("weigh terms");
    Ok((Weighed { frequencies, single_terms, heaviest: heavy.seal()? }, vectors))
}

/// The pins of the articles that are compared: their own, else that of the first copy or older version.
fn pins_of(
    representatives: &[u32],
    copy_of: &[Option<u32>],
    version_of: &[Option<u32>],
    pins: &[Option<u32>],
) -> Vec<Option<u32>> {
    if pins.is_empty() {
        return Vec::new();
    }
    let mut pin_of = pins.to_vec();
    for of in [version_of, copy_of] {
        for (at, newest) in of.iter().enumerate() {
            if let Some(newest) = newest {
                pin_of[*newest as usize] = pin_of[*newest as usize].or(pin_of[at]);
            }
        }
    }
    representatives.iter().map(|at| pin_of[*at as usize]).collect()
}

/// For each article the newest of its address or file name, where that is another. Those that are known to be older
/// versions stay so.
fn newest_versions(articles: &[Article], known: &[Option<u32>]) -> Vec<Option<u32>> {
    let is_older = |at: usize| known.get(at).is_some_and(Option::is_some);
    let keys: Vec<Option<Cow<'_, str>>> = articles.iter().map(Article::version_key).collect();
    let mut newest: FxHashMap<&str, usize> = FxHashMap::default();
    for (at, key) in keys.iter().enumerate().filter(|(at, _)| !is_older(*at)) {
        if let Some(key) = key {
            let best = newest.entry(key).or_insert(at);
            if articles[at].version_order() > articles[*best].version_order() {
                *best = at;
            }
        }
    }
    let of = |at: usize| {
        let newest = keys[at].as_deref().and_then(|key| newest.get(key)).copied();
        newest.filter(|newest| *newest != at).map(|newest| newest as u32)
    };
    let newest_of = |at: usize| match known.get(at).copied().flatten() {
        // Its newest version may have become an older one since.
        Some(newest) => Some(of(newest as usize).unwrap_or(newest)),
        None => of(at),
    };
    (0..articles.len()).map(newest_of).collect()
}

/// Stories from labels: each in order of time, the stories in order of their first article.
fn stories(articles: &[Article], label_of: &[u32]) -> (Vec<Story>, Vec<u32>) {
    let rank = ranks(&articles.iter().collect::<Vec<_>>());
    let mut order: Vec<u32> = (0..articles.len() as u32).collect();
    order.sort_by_key(|at| rank[*at as usize]);
    let mut position: FxHashMap<u32, u32> = FxHashMap::default();
    let mut stories: Vec<Story> = Vec::new();
    let mut story_of = vec![0; articles.len()];
    for at in order {
        let story = *position.entry(label_of[at as usize]).or_insert_with(|| {
            stories.push(Story {
                id: StoryId::of_first(&articles[at as usize].id),
                articles: Vec::new(),
                links: Vec::new(),
            });
            stories.len() as u32 - 1
        });
        stories[story as usize].articles.push(at);
        story_of[at as usize] = story;
    }
    (stories, story_of)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use samestory_ingest::{ReadSettings, read};

    use super::*;

    #[test]
    fn what_is_held_in_memory_changes_nothing() {
        let corpus = [PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../corpus"))];
        let articles = read(&corpus, &ReadSettings::default(), &mut |_| ()).articles;
        let clustered = |most_held| {
            cluster_known(articles.clone().into(), &Known::default(), &Settings::default(), most_held, &mut |_| ())
                .unwrap()
        };
        let ((held, growth), (spilled, of_spilled)) = (clustered(MOST_HELD), clustered(0));
        assert_eq!((&held.places, &held.stories, held.prior), (&spilled.places, &spilled.stories, spilled.prior));
        assert_eq!(held.signatures, spilled.signatures);
        assert_eq!((&growth.frequencies, &growth.single_terms), (&of_spilled.frequencies, &of_spilled.single_terms));
        assert_eq!((&growth.pairs, &growth.odds), (&of_spilled.pairs, &of_spilled.odds));
        let (a, b) = (growth.compared, of_spilled.compared);
        assert_eq!((&a.articles, &a.lists, &a.neighbourhoods), (&b.articles, &b.lists, &b.neighbourhoods));
        assert!((0..a.heaviest.len()).all(|at| a.heaviest.get(at) == b.heaviest.get(at)));
    }

    #[test]
    fn articles_in_any_order_are_named_by_the_order_of_their_ids() {
        let articles = ["c", "a", "b"].map(|id| Article::new(id.into())).to_vec();
        let clustering = cluster(articles, &Settings::default(), &mut |_| ()).unwrap();
        let ids: Vec<&str> = clustering.articles.heads().iter().map(|article| article.id.as_str()).collect();
        assert_eq!(ids, ["a", "b", "c"]);
        assert!(clustering.stories.iter().all(|story| story.articles.len() == 1));
    }
}
