//! The versions of an article and what changed between them.

use samestory_article::Article;
use samestory_reuse::{Edition, VersionChange, editions, version_change};
use serde::Serialize;

use crate::collection::Collection;
use crate::error::CollectionError;
use crate::time::time_text;

/// The versions of an article.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ArticleVersions {
    /// Id of the article; that of the newest version.
    pub id: String,
    /// The versions, oldest first.
    pub versions: Vec<EditionLine>,
    /// What changed from each to the next, or between the two that were asked for.
    pub changes: Vec<VersionChange>,
}

/// One version in a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EditionLine {
    /// Its number: as its page gives it, or counted from 0.
    pub number: u32,
    /// Its time, where it is known of this version: RFC 3339, or the day alone.
    pub time: Option<String>,
    /// Its headline.
    pub headline: String,
}

/// A step was asked for that the article does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnknownStep {
    /// There is no such version.
    #[error("`{id}` has no version {number}; it has {}", list(held))]
    Version {
        /// The article.
        id: String,
        /// The number that was asked for.
        number: u32,
        /// The numbers that there are.
        held: Vec<u32>,
    },
    /// The version to start from is not the older one.
    #[error("version {from} is not older than version {to}")]
    Backwards {
        /// The version to start from.
        from: u32,
        /// The version to end with.
        to: u32,
    },
}

fn list(held: &[u32]) -> String {
    held.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")
}

/// What changed from each version to the next, of articles that are versions of each other, oldest first.
pub(crate) fn steps(chain: &[Article]) -> Vec<VersionChange> {
    let chain: Vec<&Article> = chain.iter().collect();
    editions(&chain).windows(2).map(|two| version_change(&two[0], &two[1])).collect()
}

/// The versions in a chain of articles that are versions of each other, oldest first, and what changed from each to
/// the next.
pub fn article_versions(chain: &[Article]) -> ArticleVersions {
    let list = editions(&chain.iter().collect::<Vec<_>>());
    let changes = list.windows(2).map(|two| version_change(&two[0], &two[1])).collect();
    versions_of(chain, &list, changes)
}

/// As [`article_versions`], with what changed between two of them alone; the first and the last where none is named.
///
/// # Errors
///
/// If there is no such version, or the first is not older than the second.
pub fn version_step(chain: &[Article], from: Option<u32>, to: Option<u32>) -> Result<ArticleVersions, UnknownStep> {
    let list = editions(&chain.iter().collect::<Vec<_>>());
    let position = |number: Option<u32>, otherwise: usize| match number {
        None => Ok(otherwise),
        Some(number) => list.iter().position(|edition| edition.number == number).ok_or_else(|| UnknownStep::Version {
            id: newest_id(chain),
            number,
            held: list.iter().map(|edition| edition.number).collect(),
        }),
    };
    let (from, to) = (position(from, 0)?, position(to, list.len().saturating_sub(1))?);
    if from >= to {
        return Err(UnknownStep::Backwards { from: list[from].number, to: list[to].number });
    }
    let change = version_change(&list[from], &list[to]);
    Ok(versions_of(chain, &list, vec![change]))
}

fn newest_id(chain: &[Article]) -> String {
    chain.last().map(|article| article.id.to_string()).unwrap_or_default()
}

fn versions_of(chain: &[Article], list: &[Edition<'_>], changes: Vec<VersionChange>) -> ArticleVersions {
    let line = |edition: &Edition<'_>| EditionLine {
        number: edition.number,
        time: edition.time.map(|time| time_text(&time)),
        headline: edition.headline.to_owned(),
    };
    ArticleVersions { id: newest_id(chain), versions: list.iter().map(line).collect(), changes }
}

impl Collection {
    /// The articles that are versions of the one that is named by id or address, oldest first, itself among them.
    ///
    /// # Errors
    ///
    /// [`CollectionError::Unknown`] if the name stands for no article here.
    pub fn version_chain(&self, name: &str) -> Result<Vec<Article>, CollectionError> {
        self.read(|store| {
            let number = self.article_named(name)?.ok_or_else(|| CollectionError::Unknown(name.to_owned()))?;
            let newest = store.place(number)?.version_of.unwrap_or(number);
            let mut chain = self.older_versions(newest)?;
            chain.push(store.article(newest)?);
            Ok(chain)
        })
    }
}
