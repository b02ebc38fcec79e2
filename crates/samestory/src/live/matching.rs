//! Which story a text belongs to, without storing it.

use std::collections::BTreeMap;

use samestory_article::{Article, ArticleId};
use samestory_cluster::{PairModel, StoryId};
use serde::Serialize;

use super::arrive::Arrivals;
use super::fold::fold_arrivals;
use super::judge::judge_newcomers;
use crate::config::Settings;
use crate::error::CollectionError;
use crate::store::{Draft, Snapshot};

/// Where a text belongs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TextMatch {
    /// The story that it would join; none if it would found one.
    pub story: Option<StoryId>,
    /// The article that it is a copy of.
    pub copy_of: Option<String>,
    /// The stories nearest to it, nearest first.
    pub near: Vec<MatchedStory>,
}

/// An article that is not stored, and where it belongs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ArticleMatch {
    /// Its id.
    pub article: String,
    /// Its headline.
    pub headline: String,
    /// Where it belongs.
    #[serde(flatten)]
    pub found: TextMatch,
}

/// A story near a text.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MatchedStory {
    /// The story.
    pub story: StoryId,
    /// Its headline.
    pub headline: String,
    /// Articles in it.
    pub articles: usize,
    /// Average similarity of the text to its articles, copies aside, 0 to 1.
    pub similarity: f64,
    /// Probability that the text and the article nearest to it report one event, 0 to 1.
    pub probability: f64,
    /// The id of that article.
    pub nearest: String,
}

/// The id of a text that is matched: no stored article has it, since control characters are replaced in ids.
const UNSTORED: &str = "\u{1}";

/// Stories that are told as near.
const NEAR: usize = 5;

/// Finds where an article belongs.
pub(crate) fn find_match(
    snapshot: &Snapshot,
    article: &Article,
    settings: &Settings,
) -> Result<TextMatch, CollectionError> {
    let model = PairModel::shipped();
    // What is drafted here is never committed.
    let mut draft = Draft::new(snapshot, 0)?;
    let mut arrivals = Arrivals::default();
    let unstored = Article {
        id: ArticleId::from(UNSTORED),
        url: None,
        canonical_url: None,
        path: String::new(),
        ..article.clone()
    };
    arrivals.take(&mut draft, unstored)?;
    let mut frequencies = snapshot.frequencies()?;
    let newcomers = fold_arrivals(&mut draft, &arrivals, &mut frequencies, &settings.copies)?;
    let threshold = settings.stories.strictness.threshold();
    judge_newcomers(&mut draft, &newcomers, &frequencies, model, threshold)?;
    let prior = draft.prior();
    let mut found = TextMatch { story: None, copy_of: None, near: Vec::new() };
    let mut likely: BTreeMap<u32, Vec<(f64, f64, u32)>> = BTreeMap::new();
    for number in arrivals.current.keys() {
        if let Some(first) = draft.place(*number)?.copy_of {
            found.copy_of = Some(draft.article(first)?.id.to_string());
            let story = draft.place(first)?.story;
            found.story = Some(draft.story(story)?.id);
            likely.entry(story).or_default().push((1.0, 1.0, first));
        }
        for (other, log_odds) in draft.pairs(*number)? {
            let log_odds = f64::from(log_odds);
            let pair = (model.probability(log_odds, prior), model.similarity(log_odds, prior), other);
            likely.entry(draft.place(other)?.story).or_default().push(pair);
        }
    }
    for (number, pairs) in likely {
        let story = draft.story(number)?;
        let compared = story.articles.len() as u32 - story.copies - story.older_versions;
        let best = pairs.iter().max_by(|a, b| a.0.total_cmp(&b.0).then(b.2.cmp(&a.2)));
        let Some((probability, _, nearest)) = best else { continue };
        found.near.push(MatchedStory {
            similarity: match found.copy_of {
                Some(_) => 1.0,
                None => pairs.iter().map(|pair| pair.1).sum::<f64>() / f64::from(compared.max(1)),
            },
            probability: *probability,
            nearest: draft.article(*nearest)?.id.to_string(),
            headline: story.headline,
            articles: story.articles.len(),
            story: story.id,
        });
    }
    found.near.sort_by(|a, b| {
        b.similarity.total_cmp(&a.similarity).then(b.probability.total_cmp(&a.probability)).then(a.story.cmp(&b.story))
    });
    found.near.retain(|near| near.similarity >= LEAST_TOLD);
    found.near.truncate(NEAR);
    if found.story.is_none() {
        found.story = found.near.first().filter(|near| near.similarity > threshold).map(|near| near.story.clone());
    }
    Ok(found)
}

/// Less similar stories are not near.
const LEAST_TOLD: f64 = 0.01;
