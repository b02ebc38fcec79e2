//! Labelled sets as the training and the evaluation read them.

#![allow(dead_code, reason = "each of the two uses a part")]

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use rustc_hash::FxHashMap;
use samestory::article::Article;
use samestory::ingest::{ReadSettings, read, read_labels};
use samestory::stories::{ArticleTerms, ArticleVectors, DocumentFrequencies};
use samestory::{CopySettings, find_copies};

/// A collection of articles, of which some or all have labels.
pub(crate) struct Labelled {
    /// Name of each label set.
    pub(crate) sets: Vec<LabelSet>,
    /// Articles that are compared: no copies.
    pub(crate) articles: Vec<Article>,
    /// Their terms.
    pub(crate) terms: Vec<ArticleTerms>,
}

/// The labels of one set over a collection.
pub(crate) struct LabelSet {
    /// Name of the set: the name of its file up to the first dot.
    pub(crate) name: String,
    /// For each labelled article, copies included, its story and the compared article that stands for it.
    pub(crate) scored: Vec<(u32, u32)>,
    /// Story of each compared article.
    pub(crate) story: Vec<Option<u32>>,
}

pub(crate) fn name_of(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    name.split('.').next().unwrap_or_default().to_owned()
}

/// Reads one collection and lays the labels of files over it; folds its copies.
pub(crate) fn load(articles: &Path, labels: &[PathBuf], change: impl Fn(&mut Article)) -> Labelled {
    let mut reading = read(&[articles.to_owned()], &ReadSettings::default(), &mut |_| ());
    reading.articles.iter_mut().for_each(change);
    let all: Vec<&Article> = reading.articles.iter().collect();
    let copy_of = find_copies(&all, &CopySettings::default()).expect("copies").copy_of;
    let mut compared: Vec<usize> = (0..all.len()).filter(|at| copy_of[*at].is_none()).collect();
    compared.sort_by_key(|at| (all[*at].time.map(|time| time.seconds), *at));
    let position: FxHashMap<usize, u32> = compared.iter().enumerate().map(|(at, to)| (*to, at as u32)).collect();
    let by_id: FxHashMap<&str, usize> = all.iter().enumerate().map(|(at, article)| (article.id.as_str(), at)).collect();
    let sets = labels.iter().map(|path| {
        let mut stories: FxHashMap<String, u32> = FxHashMap::default();
        let mut set = LabelSet { name: name_of(path), scored: Vec::new(), story: vec![None; compared.len()] };
        for (id, label) in read_labels(path).expect("a labelled set") {
            let Some(&at) = by_id.get(id.as_str()) else { continue };
            let next = stories.len() as u32;
            let story = *stories.entry(label).or_insert(next);
            set.scored.push((story, position[&copy_of[at].map_or(at, |representative| representative as usize)]));
            if let Some(at) = position.get(&at) {
                set.story[*at as usize] = Some(story);
            }
        }
        set
    });
    let sets = sets.collect();
    let articles: Vec<Article> = compared.iter().map(|at| all[*at].clone()).collect();
    let terms = articles.par_iter().map(ArticleTerms::of).collect();
    Labelled { sets, articles, terms }
}

/// Some of the articles as a collection of their own, with document frequencies of its own.
pub(crate) fn vectors(terms: &[&ArticleTerms], articles: &[&Article]) -> Vec<ArticleVectors<'static>> {
    let owned: Vec<ArticleTerms> = terms.iter().map(|terms| (*terms).clone()).collect();
    let frequencies = DocumentFrequencies::count(&owned);
    owned.par_iter().zip(articles).map(|(terms, article)| ArticleVectors::weigh(terms, &frequencies, article)).collect()
}
