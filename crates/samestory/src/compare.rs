//! Why two articles are, or are not, one story.

use samestory_article::Article;
use samestory_cluster::features::{FEATURES, Neighbourhood, PairFeatures};
use samestory_cluster::overlap::PairOverlap;
use samestory_cluster::score::{THIN, judge};
use samestory_cluster::{ArticleTerms, ArticleVectors, DocumentFrequencies, PairModel, StoryId};
use samestory_minhash::Overlap;
use serde::Serialize;

use crate::collection::Collection;
use crate::config::Settings;
use crate::copies::shingle_set;
use crate::error::CollectionError;
use crate::evidence::{Evidence, story_evidence};
use crate::passages::{Passages, Reuse, reuse_alone};
use crate::store::display_headline;
use crate::time::time_text;

/// Two articles and what speaks for and against one story.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The first.
    pub a: ComparedArticle,
    /// The second.
    pub b: ComparedArticle,
    /// What the answer was found in.
    pub context: Context,
    /// Whether they are one story: as they stand in the collection, or else as they would stand alone.
    pub same_story: bool,
    /// Probability that both report the same event, 0 to 1.
    pub probability: f64,
    /// What linkage averages over the pairs of two groups, 0 to 1.
    pub similarity: f64,
    /// Average similarity above which two groups become one story.
    pub threshold: f64,
    /// Word-run Jaccard and containment, where both have enough words: how much wording they share.
    pub wording: Option<SharedWording>,
    /// What they share.
    pub shared: Evidence,
    /// They share no more than one rare word, which is no evidence whatever else is alike.
    pub thin: bool,
    /// Log odds before anything is known of the pair.
    pub bias: f64,
    /// Log odds that the collection adds, in which more or fewer pairs report one event than usual.
    pub prior: f64,
    /// Log odds of one wording with other figures, at most 0.
    pub template: f64,
    /// Every feature, in a fixed order.
    pub features: Vec<FeatureShare>,
    /// The passages that both share, and who has them from whom.
    #[serde(flatten)]
    pub reuse: Reuse,
}

/// What a comparison was found in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Context {
    /// The collection: its word frequencies, and the candidates of both articles.
    Collection,
    /// The two articles alone.
    Alone,
}

/// One side of a comparison.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ComparedArticle {
    /// Id.
    pub id: String,
    /// Headline, or the first words.
    pub headline: String,
    /// Outlet.
    pub outlet: Option<String>,
    /// Time, RFC 3339; a day alone where only the day is known.
    pub time: Option<String>,
    /// Its story, where it is in the collection.
    pub story: Option<StoryId>,
}

/// How much wording two articles share, in runs of words.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SharedWording {
    /// Jaccard of both, 0 to 1.
    pub jaccard: f64,
    /// Part of the first found in the second, 0 to 1.
    pub a_in_b: f64,
    /// Part of the second found in the first, 0 to 1.
    pub b_in_a: f64,
}

/// One feature of a pair.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FeatureShare {
    /// Name.
    pub name: &'static str,
    /// Family.
    pub family: &'static str,
    /// Value; the unit and range are in `meaning`.
    pub value: f32,
    /// Log odds it adds.
    pub contribution: f64,
    /// What it measures.
    pub meaning: &'static str,
}

struct Side<'a> {
    article: &'a Article,
    neighbourhood: Neighbourhood,
    story: Option<StoryId>,
}

/// Compares two articles by themselves, as a collection of the two.
pub fn compare_alone(a: &Article, b: &Article, settings: &Settings) -> Comparison {
    let terms = [a, b].map(ArticleTerms::of);
    let frequencies = DocumentFrequencies::count(&terms);
    let vectors = [a, b].map(|article| ArticleVectors::weigh(&ArticleTerms::of(article), &frequencies, article));
    let overlap = PairOverlap::of(&vectors[0], &vectors[1]);
    let other_outlet = if vectors[0].outlet == vectors[1].outlet { 0.0 } else { 1.0 };
    let side = |article, own: u32, other: u32| Side {
        article,
        neighbourhood: Neighbourhood::of(own, [(other, overlap.closeness)], other_outlet),
        story: None,
    };
    let prior = PairModel::shipped().prior();
    let reuse = reuse_alone(&frequencies, a, b);
    compare(&side(a, 0, 1), &side(b, 1, 0), &vectors, &frequencies, prior, settings, reuse)
}

impl Collection {
    /// Compares two articles of the collection, named by id or address.
    ///
    /// # Errors
    ///
    /// [`CollectionError::Unknown`] if a name stands for no article here.
    pub fn compare(&self, a: &str, b: &str) -> Result<Comparison, CollectionError> {
        self.read(|store| {
            let number = |name: &str| {
                let at = self.article_named(name)?;
                at.ok_or_else(|| CollectionError::Unknown(name.to_owned()))
            };
            let numbers = [number(a)?, number(b)?];
            let articles = [store.article(numbers[0])?, store.article(numbers[1])?];
            let frequencies = self.frequencies()?;
            let side = |at: usize| -> Result<Side<'_>, CollectionError> {
                let place = store.place(numbers[at])?;
                // Copies and older versions have no candidates of their own.
                let mut compared = place.version_of.unwrap_or(numbers[at]);
                compared = store.place(compared)?.copy_of.unwrap_or(compared);
                let row = store.candidates(compared)?.unwrap_or_default();
                Ok(Side {
                    article: &articles[at],
                    neighbourhood: row.neighbourhood(compared),
                    story: Some(store.story(place.story)?.id),
                })
            };
            let vectors = [0, 1].map(|at: usize| {
                let article = &articles[at];
                ArticleVectors::weigh_whole(&ArticleTerms::of(article), frequencies, article).0
            });
            let prior = store.summary()?.prior;
            let stories = [store.place(numbers[0])?.story, store.place(numbers[1])?.story];
            let passages = Passages::among(self, frequencies);
            let mut reuse = passages.of_pair(&articles[0], &articles[1], &stories)?;
            if stories[0] == stories[1] {
                self.settle(&passages, stories[0], [&articles[0], &articles[1]], &mut reuse)?;
            }
            Ok(compare(&side(0)?, &side(1)?, &vectors, frequencies, prior, &self.manifest().settings, reuse))
        })
    }

    /// The article that an id or an address stands for, if it is here.
    ///
    /// # Errors
    ///
    /// If the store cannot be read.
    pub fn find_article(&self, name: &str) -> Result<Option<Article>, CollectionError> {
        self.read(|store| self.article_named(name)?.map(|number| store.article(number)).transpose())
    }

    pub(crate) fn article_named(&self, name: &str) -> Result<Option<u32>, CollectionError> {
        match self.store().article_number(name)? {
            Some(number) => Ok(Some(number)),
            None => match samestory_ingest::canonical_url(name) {
                Some(address) => self.store().number_at_address(&address),
                None => Ok(None),
            },
        }
    }
}

fn compare(
    a: &Side<'_>,
    b: &Side<'_>,
    vectors: &[ArticleVectors<'_>; 2],
    frequencies: &DocumentFrequencies,
    prior: f64,
    settings: &Settings,
    reuse: Reuse,
) -> Comparison {
    let model = PairModel::shipped();
    let overlap = PairOverlap::of(&vectors[0], &vectors[1]).among(&a.neighbourhood, &b.neighbourhood);
    let features = PairFeatures::of(&overlap, &a.neighbourhood, &b.neighbourhood);
    let log_odds = judge(model, &features, &overlap);
    let parts = model.contributions(&features, overlap.template);
    let probability = model.probability(f64::from(log_odds), prior);
    let similarity = model.similarity(f64::from(log_odds), prior);
    let threshold = settings.stories.strictness.threshold();
    let articles = [a.article.clone(), b.article.clone()];
    let shared = story_evidence(&articles, frequencies).articles.swap_remove(0);
    let share = |((feature, value), contribution): ((&samestory_cluster::features::Feature, f32), f64)| FeatureShare {
        name: feature.name,
        family: feature.family.name(),
        value,
        contribution,
        meaning: feature.meaning,
    };
    Comparison {
        a: compared(a),
        b: compared(b),
        context: if a.story.is_some() { Context::Collection } else { Context::Alone },
        same_story: match (&a.story, &b.story) {
            (Some(a), Some(b)) => a == b,
            _ => similarity > threshold,
        },
        probability,
        similarity,
        threshold,
        wording: shared_wording(a.article, b.article),
        shared,
        thin: log_odds == THIN,
        bias: parts.bias,
        prior: model.prior_shift(prior),
        template: parts.template,
        features: FEATURES.iter().zip(features.0).zip(parts.features).map(share).collect(),
        reuse,
    }
}

fn compared(side: &Side<'_>) -> ComparedArticle {
    ComparedArticle {
        id: side.article.id.to_string(),
        headline: display_headline(side.article),
        outlet: side.article.outlet.clone(),
        time: side.article.time.map(|time| time_text(&time)),
        story: side.story.clone(),
    }
}

fn shared_wording(a: &Article, b: &Article) -> Option<SharedWording> {
    let (a, b) = (shingle_set(a), shingle_set(b));
    let overlap = Overlap::of(&a, &b);
    (!a.is_empty() && !b.is_empty()).then(|| SharedWording {
        jaccard: overlap.jaccard(),
        a_in_b: overlap.a_in_b(),
        b_in_a: overlap.b_in_a(),
    })
}
