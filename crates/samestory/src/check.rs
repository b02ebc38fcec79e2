//! Damage: where it is, and what can be kept.
//!
//! *Design.* Articles are all that cannot be made again. The index is made from the store; stories and what new
//! articles are held against are made from the articles. So a damaged index is made anew, and a damaged store is
//! read article by article, what can be read goes into a new generation, and the damaged file is kept beside it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use samestory_article::Article;
use samestory_index::StoryIndexWriter;
use serde::Serialize;

use crate::config::Settings;
use crate::error::CollectionError;
use crate::folder::{
    Generation, Manifest, WriterLock, guarded, keep_damaged, newest_generation, read_manifest, write_manifest,
};
use crate::former::{Former, FormerStory};
use crate::live::Engine;
use crate::pipeline::Stage;
use crate::rebuild::{Room, rebuild};
use crate::store::{Snapshot, StoreWriter};

/// Damage that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Damage {
    /// The file or folder.
    pub path: PathBuf,
    /// What is wrong with it.
    pub reason: String,
}

/// What `check` has found, and what was mended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CheckReport {
    /// Articles that can be read.
    pub articles: u64,
    /// Damage; none in a sound collection.
    pub damage: Vec<Damage>,
    /// What was done about it, in order.
    pub mended: Vec<String>,
    /// Articles that could not be kept.
    pub lost: u64,
}

/// Records of one kind that are told one by one; more are counted.
const TOLD: usize = 5;

/// Reads all of a collection and tells what is damaged; with `repair`, mends what can be.
///
/// # Errors
///
/// If there is no collection, it is of another format, or another process writes it; if what is mended cannot be
/// written.
pub fn check(folder: &Path, repair: bool, watch: &mut dyn FnMut(Stage)) -> Result<CheckReport, CollectionError> {
    let mut report = CheckReport::default();
    let manifest = match read_manifest(folder) {
        Ok(Some(manifest)) => manifest,
        Ok(None) if newest_generation(folder) > 0 => {
            let path = folder.join("collection.json");
            report.damage.push(Damage { path, reason: "it is missing".into() });
            stand_in(folder)
        }
        Ok(None) => return Err(CollectionError::NotFound(folder.to_owned())),
        Err(CollectionError::Damaged { path, reason }) => {
            report.damage.push(Damage { path, reason });
            stand_in(folder)
        }
        Err(error) => return Err(error),
    };
    let lock = WriterLock::take(folder)?;
    let generation = Generation::of(folder, manifest.generation);
    let manifest_is_damaged = !report.damage.is_empty();
    let store = check_store(&generation, &mut report);
    let store_is_sound = report.damage.len() == usize::from(manifest_is_damaged);
    if store_is_sound {
        check_index(&generation, store.as_ref(), &mut report);
    }
    if !repair || report.damage.is_empty() {
        return Ok(report);
    }
    match store {
        None => return Ok(report),
        Some(store) if !store_is_sound => mend_store(folder, &manifest, &generation, store, &mut report, watch)?,
        Some(store) => {
            drop(store);
            mend_index(&generation, &manifest, &mut report)?;
            if manifest_is_damaged {
                write_manifest(folder, &manifest)?;
                report.mended.push("collection.json was written anew, with the default settings".into());
            }
        }
    }
    drop(lock);
    Ok(report)
}

/// What stands in for a manifest that cannot be read: the newest generation, the default settings, and that it may
/// hold what no folder holds.
fn stand_in(folder: &Path) -> Manifest {
    Manifest::of(newest_generation(folder), true, &Settings::default())
}

/// The store, if it can be opened at all.
fn check_store(generation: &Generation, report: &mut CheckReport) -> Option<StoreWriter> {
    let path = generation.store();
    let damage = |reason: String| Damage { path: path.clone(), reason };
    if !path.is_file() {
        report.damage.push(damage("it is missing".into()));
        return None;
    }
    let mut store = match guarded(&path, || StoreWriter::open(&path)) {
        Ok(store) => store,
        Err(error) => {
            report.damage.push(damage(error.in_file(&path).reason()));
            return None;
        }
    };
    match guarded(&path, || store.is_sound()) {
        Ok(true) => (),
        Ok(false) => report.damage.push(damage("some pages are not as they were written".into())),
        Err(error) => report.damage.push(damage(error.in_file(&path).reason())),
    }
    match guarded(&path, || store.snapshot()) {
        Ok(snapshot) => check_records(&snapshot, &path, report),
        Err(error) => report.damage.push(damage(error.in_file(&path).reason())),
    }
    Some(store)
}

/// Looks at every record, and whether they agree.
pub(crate) fn check_records(snapshot: &Snapshot, path: &Path, report: &mut CheckReport) {
    let mut damage: Vec<String> = Vec::new();
    let mut check =
        |what: &str, check: &mut dyn FnMut() -> Result<Option<String>, CollectionError>| match guarded(path, check) {
            Ok(None) => (),
            Ok(Some(reason)) => damage.push(format!("{what}: {reason}")),
            Err(error) => damage.push(format!("{what}: {}", error.in_file(path).reason())),
        };
    let numbers = article_numbers(snapshot, path);
    let mut readable = 0;
    for &number in &numbers {
        check(&format!("article {number}"), &mut || {
            let article = snapshot.article(number)?;
            readable += 1;
            if snapshot.article_number(article.id.as_str())? != Some(number) {
                return Ok(Some(format!("its id `{}` leads elsewhere", article.id)));
            }
            let story = snapshot.story(snapshot.place(number)?.story)?;
            Ok((!story.articles.contains(&number)).then(|| "its story does not have it".into()))
        });
    }
    let present: BTreeSet<u32> = numbers.into_iter().collect();
    check("stories", &mut || {
        let mut members = 0;
        for (number, story) in snapshot.stories()? {
            members += story.articles.len();
            if snapshot.story_number(story.id.as_str())? != Some(number) {
                return Ok(Some(format!("the id `{}` leads elsewhere", story.id)));
            }
            if let Some(missing) = story.articles.iter().find(|article| !present.contains(article)) {
                return Ok(Some(format!("story `{}` has article {missing}, which is not there", story.id)));
            }
        }
        Ok((members != present.len()).then(|| format!("they have {members} articles of {}", present.len())))
    });
    check("counts", &mut || {
        let counted = snapshot.summary()?.counts.articles;
        Ok((counted != present.len() as u64)
            .then(|| format!("{counted} articles are counted, {} there", present.len())))
    });
    check("document frequencies", &mut || snapshot.frequencies().map(|_| None));
    check("pairs and candidates", &mut || {
        for number in &present {
            snapshot.candidates(*number)?;
            snapshot.compared(*number)?;
            if let Some((other, _)) = snapshot.pairs(*number)?.iter().find(|(other, _)| !present.contains(other)) {
                return Ok(Some(format!("article {number} has a pair with {other}, which is not there")));
            }
        }
        Ok(None)
    });
    check("changes", &mut || snapshot.changes_from(0).map(|_| None));
    report.articles = readable;
    let more = damage.len().saturating_sub(TOLD);
    report.damage.extend(damage.into_iter().take(TOLD).map(|reason| Damage { path: path.to_owned(), reason }));
    if more > 0 {
        report.damage.push(Damage { path: path.to_owned(), reason: format!("{more} more records") });
    }
}

/// Numbers of the articles that are there, as far as that can be told.
fn article_numbers(snapshot: &Snapshot, path: &Path) -> Vec<u32> {
    guarded(path, || snapshot.article_numbers()).unwrap_or_else(|_| {
        let end = guarded(path, || snapshot.summary()).map_or(0, |summary| summary.next_article);
        let is_there = |number: &u32| !matches!(guarded(path, || snapshot.find_article(*number)), Ok(None));
        (0..end).filter(is_there).collect()
    })
}

fn check_index(generation: &Generation, store: Option<&StoreWriter>, report: &mut CheckReport) {
    let path = generation.index();
    let found = guarded(&path, || {
        let damaged = StoryIndexWriter::damaged_files(&path)?;
        if let Some(file) = damaged.iter().min() {
            return Ok(Some((path.join(file), "its content is not what was written".to_owned())));
        }
        let searcher = samestory_index::StorySearcher::open(&path, &[])?;
        let Some(store) = store else { return Ok(None) };
        let summary = store.snapshot()?.summary()?;
        let (has, should) = (searcher.n_articles(), summary.counts.articles);
        Ok(match searcher.transaction() == summary.transaction {
            // Whoever opens the collection brings the index up.
            false if searcher.transaction() + 1 == summary.transaction => None,
            false => Some((path.clone(), "it is not of the state of the store".to_owned())),
            true if has != should => Some((path.clone(), format!("it has {has} articles, the store {should}"))),
            true => None,
        })
    });
    match found {
        Ok(None) => (),
        Ok(Some((path, reason))) => report.damage.push(Damage { path, reason }),
        Err(error) => report.damage.push(Damage { path: path.clone(), reason: error.in_file(&path).reason() }),
    }
}

/// Makes the index anew from the store.
fn mend_index(generation: &Generation, manifest: &Manifest, report: &mut CheckReport) -> Result<(), CollectionError> {
    let path = generation.index();
    if report.damage.iter().all(|damage| !damage.path.starts_with(&path)) {
        return Ok(());
    }
    let failed = |source| CollectionError::Io { path: path.clone(), source };
    if path.exists() {
        fs::remove_dir_all(&path).map_err(failed)?;
    }
    generation.make()?;
    Engine::open(generation, &manifest.settings)?.close()?;
    report.mended.push("the index was made anew from the store".into());
    Ok(())
}

/// Makes a new generation of the articles that can be read, and keeps the damaged store beside it.
fn mend_store(
    folder: &Path,
    manifest: &Manifest,
    generation: &Generation,
    store: StoreWriter,
    report: &mut CheckReport,
    watch: &mut dyn FnMut(Stage),
) -> Result<(), CollectionError> {
    let path = generation.store();
    let Ok(snapshot) = guarded(&path, || store.snapshot()) else { return Ok(()) };
    let numbers = article_numbers(&snapshot, &path);
    let mut articles: Vec<Article> = Vec::new();
    let mut former = Former::default();
    let mut ids = rustc_hash::FxHashMap::default();
    for number in &numbers {
        match guarded(&path, || Ok((snapshot.article(*number)?, snapshot.stored(*number)?))) {
            Ok((article, stored)) => {
                ids.insert(*number, article.id.to_string());
                former.stored.insert(article.id.to_string(), stored);
                articles.push(article);
            }
            Err(_) => report.lost += 1,
        }
    }
    for number in &numbers {
        let newest = guarded(&path, || Ok(snapshot.place(*number)?.version_of)).ok().flatten();
        if let (Some(id), Some(newest)) = (ids.get(number), newest.and_then(|newest| ids.get(&newest))) {
            former.version_of.insert(id.clone(), newest.clone());
        }
    }
    for (number, story) in guarded(&path, || snapshot.stories()).unwrap_or_default() {
        let articles = story.articles.iter().filter_map(|article| ids.get(article).cloned()).collect();
        former.next_story = former.next_story.max(number + 1);
        former.stories.push(FormerStory { number, id: story.id, former: story.former, articles });
    }
    for (article, story) in guarded(&path, || snapshot.pins()).unwrap_or_default() {
        if let Some(id) = ids.get(&article)
            && former.stories.iter().any(|former| former.number == story)
        {
            former.pins.insert(id.clone(), story);
        }
    }
    former.changes = guarded(&path, || snapshot.changes_from(0)).unwrap_or_default();
    former.next_change = former.changes.last().map_or(0, |change| change.number + 1);
    if let Ok(summary) = guarded(&path, || snapshot.summary()) {
        former.next_story = former.next_story.max(summary.next_story);
        former.next_change = former.next_change.max(summary.next_change);
        former.transaction = summary.transaction;
    }
    report.articles = articles.len() as u64;
    drop((snapshot, store));
    let kept = keep_damaged(folder, &path)?;
    rebuild(folder, articles.into(), &former, &manifest.settings, manifest.fed, Room::Ample, watch)?;
    report.mended.push(format!(
        "the store and its index were made anew from {} articles; {} could not be read; the damaged store is `{}`",
        report.articles,
        report.lost,
        kept.display()
    ));
    Ok(())
}
