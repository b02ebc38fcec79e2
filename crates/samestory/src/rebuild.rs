//! A new generation from articles that are decided together.

use std::borrow::Cow;
use std::path::Path;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use samestory_cluster::StoryId;
use samestory_cluster::candidates::{Candidate, heaviest_from_bytes};
use samestory_cluster::score::JudgedPair;
use samestory_cluster::vectors::outlet_hash;
use samestory_index::StoryIndexWriter;
use samestory_ingest::ArticlesApart;
use samestory_spill::MOST_HELD;

use crate::changes::{ChangeKind, StoryChange};
use crate::config::Settings;
use crate::copies::headline_key;
use crate::error::CollectionError;
use crate::folder::{Generation, Manifest, newest_generation, read_manifest, remove_other_generations, write_manifest};
use crate::former::Former;
use crate::identity::continuities;
use crate::pipeline::{Clustering, ComparedArticles, Growth, Place, Stage, Story, StoryLink, cluster_known};
use crate::store::{
    Bulk, CandidateRow, Compared, Draft, ListedCandidate, Member, Posted, StoreWriter, StorySummary, pack_article,
    posting_block,
};

/// How much memory may be taken for the sake of speed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Room {
    /// A run of its own: what fits waits for no disk, and all threads write the index.
    Ample,
    /// Beside other work that goes on for days.
    Tight,
}

impl Room {
    /// Bytes that each spill holds in memory.
    pub(crate) fn most_held(self) -> usize {
        match self {
            Room::Ample => MOST_HELD,
            Room::Tight => 0,
        }
    }

    /// Threads that write the index, each with a buffer of its own.
    fn index_threads(self) -> usize {
        match self {
            Room::Ample => rayon::current_num_threads(),
            Room::Tight => 1,
        }
    }
}

/// Clusters articles and makes them what the collection holds, under the names that they had. The caller holds
/// the lock.
pub(crate) fn rebuild(
    folder: &Path,
    articles: ArticlesApart,
    former: &Former,
    settings: &Settings,
    fed: bool,
    room: Room,
    watch: &mut dyn FnMut(Stage),
) -> Result<Clustering, CollectionError> {
    if let Ok(Some(manifest)) = read_manifest(folder) {
        // What a killed run left.
        remove_other_generations(folder, manifest.generation)?;
    }
    let known = former.known(articles.heads());
    let clustered = cluster_known(articles, &known, settings, room.most_held(), watch)?;
    write_generation(folder, clustered, former, settings, fed, room, watch)
}

/// Makes articles that are decided already what the collection holds, under the names that they had. The caller holds
/// the lock.
pub(crate) fn write_generation(
    folder: &Path,
    (mut clustering, growth): (Clustering, Growth),
    former: &Former,
    settings: &Settings,
    fed: bool,
    room: Room,
    watch: &mut dyn FnMut(Stage),
) -> Result<Clustering, CollectionError> {
    watch(Stage::Writing);
    let number = newest_generation(folder) + 1;
    let generation = Generation::of(folder, number);
    generation.make()?;
    let names = Names::of(&clustering, former);
    for (story, name) in clustering.stories.iter_mut().zip(&names.stories) {
        story.id = name.id.clone();
    }
    let transaction = former.transaction + 1;
    let store = || write_store(&generation, &clustering, growth, former, &names);
    let index = || write_index(&generation.index(), &clustering.articles, transaction, room.index_threads());
    match room {
        Room::Ample => {
            let (store, index) = rayon::join(store, index);
            store.and(index)?;
        }
        Room::Tight => {
            store()?;
            index()?;
        }
    }
    let manifest = Manifest::of(number, fed, settings);
    write_manifest(folder, &manifest)?;
    remove_other_generations(folder, number)?;
    Ok(clustering)
}

fn write_index(
    folder: &Path,
    articles: &ArticlesApart,
    transaction: u64,
    n_threads: usize,
) -> Result<(), CollectionError> {
    let mut writer = StoryIndexWriter::open(folder, n_threads)?;
    (0..articles.heads().len()).into_par_iter().try_for_each(|number| {
        let article = articles.whole(number).map_err(CollectionError::spill)?;
        Ok::<_, CollectionError>(writer.add(&article, number as u32)?)
    })?;
    writer.commit(transaction)?;
    Ok(writer.close()?)
}

/// Writes the store; article numbers are positions.
fn write_store(
    generation: &Generation,
    clustering: &Clustering,
    growth: Growth,
    former: &Former,
    names: &Names,
) -> Result<(), CollectionError> {
    let writer = StoreWriter::create(&generation.store())?;
    let snapshot = writer.snapshot()?;
    let now = jiff::Timestamp::now().as_second();
    let mut draft = Draft::new(&snapshot, now)?;
    let summary = draft.summary();
    summary.transaction = former.transaction + 1;
    summary.next_article = clustering.articles.heads().len() as u32;
    summary.next_story = names.next_story;
    summary.next_change = former.next_change;
    summary.decided_together = clustering.articles.heads().len() as u64;
    summary.prior = clustering.prior;
    draft.keep_changes(former.changes.clone());
    names.changes(clustering, former).into_iter().for_each(|change| draft.change(change));
    note_articles(&mut draft, clustering, former, names)?;
    let stories = stories(clustering, names)?;
    stories.iter().for_each(|(_, story)| draft.count_story(None, Some(story)));
    draft.set_odds(growth.odds);
    draft.set_frequencies(growth.frequencies, growth.single_terms);
    writer.fill(draft, |bulk| {
        put_articles(bulk, clustering, former, names, now)?;
        let mut ids: Vec<(&str, u32)> = stories
            .iter()
            .flat_map(|(number, story)| story.former.iter().chain([&story.id]).map(|id| (id.as_str(), *number)))
            .collect();
        ids.sort_unstable();
        bulk.story_ids(ids.into_iter())?;
        bulk.stories(stories)?;
        put_growth(bulk, clustering, &growth.compared, growth.pairs)
    })
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
            clustering.articles.heads().iter().zip(0..).map(|(article, at)| (article.id.as_str(), at)).collect();
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
                    let first = &clustering.articles.heads()[story.articles[0] as usize].id;
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
                let id = clustering.articles.heads()[*at as usize].id.as_str();
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

/// Counts the articles, and notes what only some of them have.
fn note_articles(
    draft: &mut Draft<'_>,
    clustering: &Clustering,
    former: &Former,
    names: &Names,
) -> Result<(), CollectionError> {
    for ((number, article), (place, signature)) in
        (0u32..).zip(clustering.articles.heads()).zip(clustering.places.iter().zip(&clustering.signatures))
    {
        draft.count(article, 1);
        if let Some(outlet) = &article.outlet {
            draft.note_outlet(outlet, number)?;
        }
        if former.pins.contains_key(article.id.as_str()) {
            draft.set_pin(number, Some(names.stories[place.story as usize].number));
        }
        if signature.is_none()
            && place.copy_of.is_none()
            && place.version_of.is_none()
            && let Some(key) = headline_key(article)
        {
            draft.set_headline(key, Some(number));
        }
    }
    let count = |test: fn(&Place) -> bool| clustering.places.iter().filter(|place| test(place)).count() as u64;
    draft.summary().counts.copies = count(|place| place.copy_of.is_some());
    draft.summary().counts.older_versions = count(|place| place.version_of.is_some());
    Ok(())
}

/// Articles that are packed together before they are written.
const BATCH: usize = 512;

fn put_articles(
    bulk: &Bulk<'_>,
    clustering: &Clustering,
    former: &Former,
    names: &Names,
    now: i64,
) -> Result<(), CollectionError> {
    let n_articles = clustering.articles.heads().len();
    for start in (0..n_articles).step_by(BATCH) {
        let pack = |at| {
            let article = clustering.articles.whole(at).map_err(CollectionError::spill)?;
            pack_article(&article, former.stored.get(article.id.as_str()).copied().unwrap_or(now))
        };
        let batch = start..n_articles.min(start + BATCH);
        let packed: Vec<Vec<u8>> = batch.into_par_iter().map(pack).collect::<Result<_, _>>()?;
        bulk.articles((start as u32..).zip(packed))?;
    }
    let articles = || (0u32..).zip(clustering.articles.heads());
    // They are sorted by id.
    bulk.article_ids(articles().map(|(number, article)| (article.id.as_str(), number)))?;
    let is_newest = |number: u32| clustering.places[number as usize].version_of.is_none();
    let mut addresses: Vec<(Cow<'_, str>, u32)> = articles()
        .filter(|(number, _)| is_newest(*number))
        .filter_map(|(number, article)| Some((article.version_key()?, number)))
        .collect();
    addresses.sort_unstable();
    bulk.addresses(addresses.iter().map(|(address, number)| (&**address, *number)))?;
    let place = |place: &Place| Place { story: names.stories[place.story as usize].number, ..*place };
    bulk.places((0..).zip(clustering.places.iter().map(place)))?;
    bulk.signatures((0..).zip(&clustering.signatures).filter_map(|(number, of)| Some((number, of.as_ref()?))))
}

/// The stories by their numbers.
fn stories(clustering: &Clustering, names: &Names) -> Result<Vec<(u32, StorySummary)>, CollectionError> {
    let number = |position: u32| names.stories[position as usize].number;
    let heads = clustering.articles.heads();
    let summary = |story: &Story, name: &Name| {
        // The start of the first text stands in where there is no headline at all.
        let untitled = story.articles.iter().all(|at| heads[*at as usize].headline.is_empty());
        let first = match untitled {
            true => clustering.articles.whole(story.articles[0] as usize).map_err(CollectionError::spill)?,
            false => Cow::Borrowed(&heads[story.articles[0] as usize]),
        };
        let articles = std::iter::once(&*first).chain(story.articles[1..].iter().map(|at| &heads[*at as usize]));
        let members: Vec<Member<'_>> = story
            .articles
            .iter()
            .zip(articles)
            .map(|(at, article)| {
                let place = &clustering.places[*at as usize];
                Member {
                    number: *at,
                    article,
                    is_copy: place.copy_of.is_some(),
                    is_older_version: place.version_of.is_some(),
                }
            })
            .collect();
        let links = story.links.iter().map(|link| StoryLink { story: number(link.story), ..*link }).collect();
        Ok::<_, CollectionError>(StorySummary {
            links,
            former: name.former.clone(),
            ..StorySummary::of(name.id.clone(), &members)
        })
    };
    let mut stories: Vec<(u32, StorySummary)> = clustering
        .stories
        .par_iter()
        .zip(&names.stories)
        .map(|(story, name)| Ok((name.number, summary(story, name)?)))
        .collect::<Result<_, CollectionError>>()?;
    stories.par_sort_unstable_by_key(|(number, _)| *number);
    Ok(stories)
}

/// Puts in what later articles are held against.
fn put_growth(
    bulk: &Bulk<'_>,
    clustering: &Clustering,
    compared: &ComparedArticles,
    pairs: Vec<JudgedPair>,
) -> Result<(), CollectionError> {
    let heads = clustering.articles.heads();
    let time = |at: u32| heads[at as usize].time.map(|time| time.seconds);
    // Their positions by rising number of the article.
    let mut order: Vec<usize> = (0..compared.articles.len()).collect();
    order.sort_unstable_by_key(|position| compared.articles[*position]);
    let row = |position: &usize| {
        let at = compared.articles[*position];
        (at, Compared { time: time(at), outlet: outlet_hash(&heads[at as usize]) })
    };
    bulk.compared(order.iter().map(row))?;
    bulk.candidates(order.iter().map(|position| {
        let neighbourhood = &compared.neighbourhoods[*position];
        let closeness: FxHashMap<u32, f32> = neighbourhood.candidates().iter().copied().collect();
        let listed = |other: &Candidate| {
            let closeness = closeness.get(&other.number).copied().unwrap_or(0.0);
            ListedCandidate { number: other.number, closeness, rank: other.closeness }
        };
        let list: Vec<ListedCandidate> = compared.lists[*position].iter().map(listed).collect();
        let other_outlets = (neighbourhood.others() * list.len() as f32).round() as u32;
        (compared.articles[*position], CandidateRow { list, other_outlets })
    }))?;
    let posted = |(position, number): (usize, &u32)| Posted {
        number: *number,
        block: posting_block(time(*number)),
        heaviest: heaviest_from_bytes(compared.heaviest.get(position)),
    };
    let mut posted: Vec<Posted<'_>> = compared.articles.iter().enumerate().map(posted).collect();
    posted.par_sort_unstable_by_key(|article| (article.block, article.number));
    bulk.postings(&posted)?;
    let mut both: Vec<(u32, (u32, f32))> = pairs
        .into_iter()
        .flat_map(|pair| [(pair.a, (pair.b, pair.log_odds)), (pair.b, (pair.a, pair.log_odds))])
        .collect();
    both.par_sort_unstable_by_key(|(number, (other, _))| (*number, *other));
    bulk.pairs(
        both.chunk_by(|a, b| a.0 == b.0).map(|of| (of[0].0, of.iter().map(|(_, pair)| *pair).collect::<Vec<_>>())),
    )
}
