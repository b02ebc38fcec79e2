//! A new generation from articles that are decided together.

use std::collections::BTreeMap;
use std::path::Path;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use samestory_article::Article;
use samestory_cluster::StoryId;
use samestory_cluster::candidates::Candidate;
use samestory_cluster::vectors::outlet_hash;
use samestory_index::StoryIndexWriter;

use crate::changes::{ChangeKind, StoryChange};
use crate::config::Settings;
use crate::copies::headline_key;
use crate::error::CollectionError;
use crate::folder::{Generation, Manifest, newest_generation, read_manifest, remove_other_generations, write_manifest};
use crate::former::Former;
use crate::identity::continuities;
use crate::pipeline::{Clustering, Growth, Stage, Story, StoryLink, cluster_known};
use crate::store::{CandidateRow, Compared, Draft, ListedCandidate, Member, StoreWriter, StorySummary, pack_article};

/// Clusters articles and makes them what the collection holds, under the names that they had. The caller holds
/// the lock.
pub(crate) fn rebuild(
    folder: &Path,
    mut articles: Vec<Article>,
    former: &Former,
    settings: &Settings,
    fed: bool,
    watch: &mut dyn FnMut(Stage),
) -> Result<Clustering, CollectionError> {
    if let Ok(Some(manifest)) = read_manifest(folder) {
        // What a killed run left.
        remove_other_generations(folder, manifest.generation)?;
    }
    articles.sort_by(|a, b| a.id.cmp(&b.id));
    let known = former.known(&articles);
    let mut clustering = cluster_known(articles, &known, settings, watch);
    watch(Stage::Writing);
    let number = newest_generation(folder) + 1;
    let generation = Generation::of(folder, number);
    generation.make()?;
    let transaction = write_store(&generation, &mut clustering, former)?;
    write_index(&generation.index(), &clustering, transaction)?;
    let manifest = Manifest::of(number, fed, settings);
    write_manifest(folder, &manifest)?;
    remove_other_generations(folder, number)?;
    Ok(clustering)
}

fn write_index(folder: &Path, clustering: &Clustering, transaction: u64) -> Result<(), CollectionError> {
    let mut writer = StoryIndexWriter::open(folder, rayon::current_num_threads())?;
    clustering.articles.par_iter().enumerate().try_for_each(|(number, article)| writer.add(article, number as u32))?;
    writer.commit(transaction)?;
    Ok(writer.close()?)
}

/// Articles that are packed together before they are written.
const BATCH: usize = 2048;

/// Writes the store; article numbers are positions. Tells the transaction.
fn write_store(generation: &Generation, clustering: &mut Clustering, former: &Former) -> Result<u64, CollectionError> {
    let writer = StoreWriter::create(&generation.store())?;
    let snapshot = writer.snapshot()?;
    let now = jiff::Timestamp::now().as_second();
    let mut draft = Draft::new(&snapshot, now)?;
    let names = Names::of(clustering, former);
    for (story, name) in clustering.stories.iter_mut().zip(&names.stories) {
        story.id = name.id.clone();
    }
    let summary = draft.summary();
    summary.transaction = former.transaction + 1;
    summary.next_article = clustering.articles.len() as u32;
    summary.next_story = names.next_story;
    summary.next_change = former.next_change;
    summary.decided_together = clustering.articles.len() as u64;
    summary.prior = clustering.prior;
    let transaction = summary.transaction;
    draft.keep_changes(former.changes.clone());
    names.changes(clustering, former).into_iter().for_each(|change| draft.change(change));
    put_articles(&mut draft, clustering, former, &names, now)?;
    put_stories(&mut draft, clustering, &names);
    put_growth(&mut draft, clustering);
    writer.commit(draft)?;
    Ok(transaction)
}

/// How the stories are called.
struct Names {
    /// Of each story, by position.
    stories: Vec<Name>,
    next_story: u32,
}

struct Name {
    number: u32,
    id: StoryId,
    is_new: bool,
    /// Names that lead to it.
    former: Vec<StoryId>,
    absorbs: Vec<u32>,
}

impl Names {
    fn of(clustering: &Clustering, former: &Former) -> Names {
        let position: FxHashMap<&str, u32> =
            clustering.articles.iter().zip(0..).map(|(article, at)| (article.id.as_str(), at)).collect();
        let positions = |ids: &[String]| ids.iter().filter_map(|id| position.get(id.as_str()).copied()).collect();
        let stories: Vec<(u32, Vec<u32>)> =
            former.stories.iter().map(|story| (story.number, positions(&story.articles))).collect();
        let clusters: Vec<Vec<u32>> = clustering.stories.iter().map(|story| story.articles.clone()).collect();
        let pins = former.pins.iter().filter_map(|(id, story)| Some((*position.get(id.as_str())?, *story))).collect();
        let by_number: FxHashMap<u32, usize> =
            former.stories.iter().enumerate().map(|(at, story)| (story.number, at)).collect();
        let mut taken: FxHashSet<StoryId> =
            former.stories.iter().flat_map(|story| story.former.iter().chain([&story.id])).cloned().collect();
        let mut next_story = former.next_story;
        let mut named = Vec::with_capacity(clusters.len());
        for (story, found) in clustering.stories.iter().zip(continuities(&stories, &clusters, &pins)) {
            let before = found.keeps.and_then(|number| Some(&former.stories[*by_number.get(&number)?]));
            let mut name = match before {
                Some(before) => Name {
                    number: before.number,
                    id: before.id.clone(),
                    is_new: false,
                    former: before.former.clone(),
                    absorbs: found.absorbs,
                },
                None => {
                    let first = &clustering.articles[story.articles[0] as usize].id;
                    let id = (0..).map(|attempt| StoryId::attempt(first, attempt)).find(|id| !taken.contains(id));
                    let id = id.unwrap_or_else(|| story.id.clone());
                    taken.insert(id.clone());
                    let number = found.keeps.unwrap_or_else(|| {
                        next_story += 1;
                        next_story - 1
                    });
                    Name { number, id, is_new: true, former: Vec::new(), absorbs: found.absorbs }
                }
            };
            for absorbed in name.absorbs.iter().filter_map(|number| by_number.get(number)) {
                let absorbed = &former.stories[*absorbed];
                name.former.extend(absorbed.former.iter().chain([&absorbed.id]).cloned());
            }
            name.former.sort();
            named.push(name);
        }
        Names { stories: named, next_story }
    }

    /// What has become of former stories, and which are new.
    fn changes(&self, clustering: &Clustering, former: &Former) -> Vec<ChangeKind> {
        let story_of: FxHashMap<&str, u32> = former
            .stories
            .iter()
            .flat_map(|story| story.articles.iter().map(|article| (article.as_str(), story.number)))
            .collect();
        let id_of: FxHashMap<u32, &StoryId> = former.stories.iter().map(|story| (story.number, &story.id)).collect();
        let mut found = Vec::new();
        let mut present: FxHashSet<&str> = FxHashSet::default();
        for (story, name) in clustering.stories.iter().zip(&self.stories) {
            let mut change = StoryChange { is_new: name.is_new, ..StoryChange::of(&name.id) };
            for at in &story.articles {
                let id = clustering.articles[*at as usize].id.as_str();
                present.insert(id);
                match story_of.get(id) {
                    None => change.new.push(id.to_owned()),
                    Some(from) if *from != name.number => change.from.entry(*from).or_default().push(id.to_owned()),
                    Some(_) => (),
                }
            }
            change.absorbed = &name.absorbs;
            found.extend(change.kinds(|number| id_of.get(&number).map(|id| (*id).clone())));
        }
        for story in &former.stories {
            let gone: Vec<String> =
                story.articles.iter().filter(|article| !present.contains(article.as_str())).cloned().collect();
            let all = gone.len() == story.articles.len();
            if !gone.is_empty() {
                found.push(ChangeKind::Removed { story: story.id.clone(), articles: gone });
            }
            if all {
                found.push(ChangeKind::Ended { story: story.id.clone() });
            }
        }
        found
    }
}

fn put_articles(
    draft: &mut Draft<'_>,
    clustering: &mut Clustering,
    former: &Former,
    names: &Names,
    now: i64,
) -> Result<(), CollectionError> {
    for (batch, start) in clustering.articles.chunks(BATCH).zip((0u32..).step_by(BATCH)) {
        let packed: Vec<Vec<u8>> = batch
            .par_iter()
            .map(|article| pack_article(article, former.stored.get(article.id.as_str()).copied().unwrap_or(now)))
            .collect::<Result<_, _>>()?;
        for ((number, article), packed) in (start..).zip(batch).zip(packed) {
            draft.put_packed(number, article, packed);
        }
    }
    let (places, signatures) = (std::mem::take(&mut clustering.places), std::mem::take(&mut clustering.signatures));
    for ((number, article), (place, signature)) in (0u32..).zip(&clustering.articles).zip(places.iter().zip(signatures))
    {
        let story = names.stories[place.story as usize].number;
        draft.set_place(number, Some(crate::pipeline::Place { story, ..*place }));
        if let (Some(url), None) = (&article.canonical_url, place.version_of) {
            draft.set_address(url, Some(number));
        }
        if let Some(outlet) = &article.outlet {
            draft.note_outlet(outlet, number)?;
        }
        if let Some(pin) = former.pins.get(article.id.as_str()) {
            debug_assert!(*pin == story || place.copy_of.is_some() || place.version_of.is_some());
            draft.set_pin(number, Some(story));
        }
        if signature.is_none()
            && place.copy_of.is_none()
            && place.version_of.is_none()
            && let Some(key) = headline_key(article)
        {
            draft.set_headline(key, Some(number));
        }
        draft.set_signature(number, signature);
    }
    let count = |test: fn(&crate::pipeline::Place) -> bool| places.iter().filter(|place| test(place)).count() as u64;
    draft.summary().counts.copies = count(|place| place.copy_of.is_some());
    draft.summary().counts.older_versions = count(|place| place.version_of.is_some());
    clustering.places = places;
    Ok(())
}

fn put_stories(draft: &mut Draft<'_>, clustering: &Clustering, names: &Names) {
    let number = |position: u32| names.stories[position as usize].number;
    let summary = |story: &Story, name: &Name| {
        let members: Vec<Member<'_>> = story
            .articles
            .iter()
            .map(|at| {
                let place = &clustering.places[*at as usize];
                Member {
                    number: *at,
                    article: &clustering.articles[*at as usize],
                    is_copy: place.copy_of.is_some(),
                    is_older_version: place.version_of.is_some(),
                }
            })
            .collect();
        let links = story.links.iter().map(|link| StoryLink { story: number(link.story), ..*link }).collect();
        StorySummary { links, former: name.former.clone(), ..StorySummary::of(name.id.clone(), &members) }
    };
    for (story, name) in clustering.stories.iter().zip(&names.stories) {
        let story = summary(story, name);
        for id in story.former.iter().chain([&story.id]) {
            draft.set_story_number(id, Some(name.number));
        }
        draft.count_story(None, Some(&story));
        draft.set_story(name.number, Some(story));
    }
}

/// Puts in what later articles are held against.
fn put_growth(draft: &mut Draft<'_>, clustering: &mut Clustering) {
    let Growth { heaviest, lists, pairs, odds, single_terms } = std::mem::take(&mut clustering.growth);
    let neighbourhoods = std::mem::take(&mut clustering.neighbourhoods);
    for (number, neighbourhood) in (0u32..).zip(&neighbourhoods) {
        let Some(neighbourhood) = neighbourhood else { continue };
        let article = &clustering.articles[number as usize];
        let time = article.time.map(|time| time.seconds);
        draft.set_compared(number, Some(Compared { time, outlet: outlet_hash(article) }));
        draft.put_postings(number, time, &heaviest[number as usize]);
        let closeness: FxHashMap<u32, f32> = neighbourhood.candidates().iter().copied().collect();
        let listed = |other: &Candidate| {
            let closeness = closeness.get(&other.number).copied().unwrap_or(0.0);
            ListedCandidate { number: other.number, closeness, rank: other.closeness }
        };
        let list: Vec<ListedCandidate> = lists[number as usize].iter().map(listed).collect();
        let other_outlets = (neighbourhood.others() * list.len() as f32).round() as u32;
        draft.set_candidates(number, Some(CandidateRow { list, other_outlets }));
    }
    clustering.neighbourhoods = neighbourhoods;
    let mut of_article: BTreeMap<u32, Vec<(u32, f32)>> = BTreeMap::new();
    for pair in pairs {
        of_article.entry(pair.a).or_default().push((pair.b, pair.log_odds));
        of_article.entry(pair.b).or_default().push((pair.a, pair.log_odds));
    }
    for (number, mut pairs) in of_article {
        pairs.sort_by_key(|(other, _)| *other);
        draft.set_pairs(number, pairs);
    }
    draft.set_odds(odds);
    draft.set_frequencies(clustering.frequencies.clone(), single_terms);
}
