//! Store and index of a collection, moved on together, one transaction after the other.

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use rustc_hash::FxHashMap;
use samestory_article::Article;
use samestory_cluster::{DocumentFrequencies, PairModel};
use samestory_index::StoryIndexWriter;
use samestory_ingest::{mark_repeated_blocks_beside, outlet_key};

use super::Added;
use super::arrive::{Arrivals, says_the_same};
use super::decide::{Concerned, decide};
use super::fold::fold_arrivals;
use super::judge::judge_newcomers;
use crate::config::Settings;
use crate::error::CollectionError;
use crate::folder::{Generation, guarded};
use crate::former::Former;
use crate::store::{Draft, StoreWriter, Summary};

/// Store and index, open for writing.
pub(crate) struct Engine {
    pub(super) store: StoreWriter,
    index: StoryIndexWriter,
    pub(super) settings: Settings,
    /// How many articles hold each term, once it was asked for.
    frequencies: Option<DocumentFrequencies>,
    store_path: PathBuf,
    index_path: PathBuf,
    /// A step has failed after its transaction may have been committed; what is in memory may not fit.
    failed: bool,
}

impl Engine {
    /// Opens store and index of a generation and sets right what a killed writer left.
    pub(crate) fn open(generation: &Generation, settings: &Settings) -> Result<Engine, CollectionError> {
        let (store_path, index_path) = (generation.store(), generation.index());
        if !store_path.is_file() {
            let source = std::io::Error::from(std::io::ErrorKind::NotFound);
            return Err(CollectionError::Io { path: store_path, source });
        }
        let store =
            guarded(&store_path, || StoreWriter::open(&store_path)).map_err(|error| error.in_file(&store_path))?;
        let index = guarded(&index_path, || Ok(StoryIndexWriter::open(&index_path, 1)?))
            .map_err(|error| error.in_file(&index_path))?;
        Self::on(store, index, settings, &store_path, &index_path)
    }

    /// An engine of a store and an index that are open.
    pub(super) fn on(
        store: StoreWriter,
        index: StoryIndexWriter,
        settings: &Settings,
        store_path: &Path,
        index_path: &Path,
    ) -> Result<Engine, CollectionError> {
        let mut engine = Engine {
            store,
            index,
            settings: settings.clone(),
            frequencies: None,
            store_path: store_path.to_owned(),
            index_path: index_path.to_owned(),
            failed: false,
        };
        engine.follow()?;
        Ok(engine)
    }

    pub(crate) fn summary(&self) -> Result<Summary, CollectionError> {
        self.store.snapshot()?.summary()
    }

    pub(crate) fn former(&self, mut tell: impl FnMut(Article)) -> Result<Former, CollectionError> {
        guarded(&self.store_path, || Former::read(&self.store.snapshot()?, &mut tell))
            .map_err(|error| error.in_file(&self.store_path))
    }

    /// Leaves out the articles that are stored with the same text, and tells how many they are.
    pub(crate) fn without_known(&self, articles: Vec<Article>) -> Result<(Vec<Article>, u64), CollectionError> {
        let snapshot = self.store.snapshot()?;
        let is_known = |article: &Article| match snapshot.article_number(article.id.as_str())? {
            Some(number) => Ok(says_the_same(&snapshot.article(number)?, article)),
            None => Ok(false),
        };
        let known: Vec<bool> = guarded(&self.store_path, || articles.par_iter().map(is_known).collect())
            .map_err(|error: CollectionError| error.in_file(&self.store_path))?;
        let n_known = known.iter().filter(|known| **known).count() as u64;
        let new = articles.into_iter().zip(known).filter(|(_, known)| !known).map(|(article, _)| article);
        Ok((new.collect(), n_known))
    }

    /// Adds articles in one transaction.
    pub(crate) fn add(&mut self, articles: Vec<Article>) -> Result<Added, CollectionError> {
        self.step(|engine| engine.add_step(articles))
    }

    /// Runs a step; whatever fails in it leaves the engine to be opened again.
    pub(super) fn step<T>(
        &mut self,
        step: impl FnOnce(&mut Engine) -> Result<T, CollectionError>,
    ) -> Result<T, CollectionError> {
        if self.failed {
            return Err(CollectionError::Reopen);
        }
        self.failed = true;
        let path = self.store_path.clone();
        let done = guarded(&path, || step(self)).map_err(|error| error.in_file(&path));
        // A mistake of the caller is found before anything is changed.
        self.failed = !matches!(done, Ok(_) | Err(CollectionError::Edit(_) | CollectionError::Unknown(_)));
        done
    }

    fn add_step(&mut self, mut articles: Vec<Article>) -> Result<Added, CollectionError> {
        let snapshot = self.store.snapshot()?;
        let mut draft = Draft::new(&snapshot, jiff::Timestamp::now().as_second())?;
        let changes_before = draft.summary().next_change;
        articles.sort_by(|a, b| a.time_order().cmp(&b.time_order()));
        fit_in(&mut draft, &mut articles)?;
        let mut arrivals = Arrivals::default();
        for article in articles {
            arrivals.take(&mut draft, article)?;
        }
        if arrivals.stored > 0 {
            self.settle(&mut draft, &arrivals)?;
        }
        let added = Added {
            stored: arrivals.stored,
            versions: arrivals.versions,
            unchanged: arrivals.unchanged,
            changes_before,
            changes: draft.summary().next_change,
        };
        if arrivals.stored > 0 {
            self.commit(draft)?;
        }
        Ok(added)
    }

    /// Folds, judges and decides what has arrived.
    pub(super) fn settle(&mut self, draft: &mut Draft<'_>, arrivals: &Arrivals) -> Result<(), CollectionError> {
        let mut frequencies = match self.frequencies.take() {
            Some(frequencies) => frequencies,
            None => draft.snapshot().frequencies()?,
        };
        let model = PairModel::shipped();
        let newcomers = fold_arrivals(draft, arrivals, &mut frequencies, &self.settings.copies)?;
        let threshold = self.settings.stories.strictness.threshold();
        let turned = judge_newcomers(draft, &newcomers, &frequencies, model, threshold)?;
        let concerned = Concerned {
            seeds: newcomers.iter().map(|newcomer| newcomer.number).chain(turned).collect(),
            loose: &arrivals.loose,
            stories: arrivals.touched.iter().copied().collect(),
            corrections: &arrivals.corrections,
        };
        decide(draft, &concerned, model, threshold)?;
        self.frequencies = Some(frequencies);
        Ok(())
    }

    /// Makes a step durable: first in the store, then in the index.
    pub(super) fn commit(&mut self, draft: Draft<'_>) -> Result<(), CollectionError> {
        self.store.commit(draft)?;
        self.follow()
    }

    /// Brings the index to the state of the store.
    fn follow(&mut self) -> Result<(), CollectionError> {
        let path = self.index_path.clone();
        guarded(&path, || self.follow_store()).map_err(|error| error.in_file(&path))
    }

    fn follow_store(&mut self) -> Result<(), CollectionError> {
        let snapshot = self.store.snapshot()?;
        let (now, done) = (snapshot.summary()?.transaction, self.index.transaction()?);
        let changed = match done {
            _ if done == now => return Ok(()),
            // The store notes what the last transaction has changed.
            _ if done + 1 == now && done > 0 => snapshot.unindexed_since(done)?,
            _ => {
                self.index.clear()?;
                snapshot.article_numbers()?
            }
        };
        for number in changed {
            self.index.remove(number);
            if let Some(article) = snapshot.find_article(number)? {
                self.index.add(&article, number)?;
            }
        }
        Ok(self.index.commit(now)?)
    }

    /// Waits until the index has merged what it merges, and closes both.
    pub(crate) fn close(self) -> Result<(), CollectionError> {
        let path = self.index_path;
        let index = self.index;
        guarded(&path, || Ok(index.close()?)).map_err(|error| error.in_file(&path))
    }
}

/// Gives new articles the names of outlets that the collection has, and marks what their outlets repeat.
fn fit_in(draft: &mut Draft<'_>, articles: &mut [Article]) -> Result<(), CollectionError> {
    let known: FxHashMap<String, String> =
        draft.summary().outlets.keys().map(|name| (outlet_key(name), name.clone())).collect();
    let mut outlets: Vec<String> = Vec::new();
    for outlet in articles.iter_mut().filter_map(|article| article.outlet.as_mut()) {
        if let Some(name) = known.get(&outlet_key(outlet)) {
            name.clone_into(outlet);
            outlets.push(outlet.clone());
        }
    }
    outlets.sort();
    outlets.dedup();
    let mut latest: Vec<Article> = Vec::new();
    for outlet in outlets {
        for number in draft.snapshot().latest_of_outlet(&outlet)? {
            latest.extend(draft.snapshot().find_article(number)?);
        }
    }
    mark_repeated_blocks_beside(articles, latest);
    Ok(())
}
