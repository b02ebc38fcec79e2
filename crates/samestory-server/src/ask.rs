//! How a request becomes a question to the collection.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Query};
use axum::http::StatusCode;
use axum::http::request::Parts;
use samestory::Collection;
use samestory::article::Tokenizer;
use serde::de::DeserializeOwned;

use crate::live::LiveCollection;
use crate::problem::Problem;
use crate::settings::ServerSettings;
use crate::turns::{Cost, Turns};

/// What all requests share.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) collection: Arc<LiveCollection>,
    pub(crate) settings: ServerSettings,
    pub(crate) turns: Turns,
    /// Live views that may still be opened.
    pub(crate) views: Arc<tokio::sync::Semaphore>,
    /// One addition at a time.
    pub(crate) writing: Arc<tokio::sync::Mutex<()>>,
    /// Bodies that may be held at once.
    pub(crate) bodies: tokio::sync::Semaphore,
    /// The threads of what takes long, which computes on several at once.
    long: rayon::ThreadPool,
    /// Whether the server is about to stop.
    pub(crate) closing: tokio::sync::watch::Sender<bool>,
}

impl Site {
    pub(crate) fn new(
        collection: Arc<LiveCollection>,
        settings: ServerSettings,
    ) -> Result<Site, rayon::ThreadPoolBuildError> {
        let long = rayon::ThreadPoolBuilder::new().num_threads(settings.most_long).build()?;
        Ok(Site {
            turns: Turns::new(&settings),
            views: Arc::new(tokio::sync::Semaphore::new(settings.most_live)),
            writing: Arc::default(),
            bodies: tokio::sync::Semaphore::new(MOST_BODIES),
            long,
            closing: tokio::sync::watch::channel(false).0,
            collection,
            settings,
        })
    }

    /// Asks the collection, when its turn has come, on a thread that may block.
    ///
    /// An answer that takes too long is no longer waited for; it keeps its turn until it is there, so that no more are
    /// computed at once than there are turns.
    pub(crate) async fn ask<T: Send + 'static>(
        self: &Arc<Self>,
        cost: Cost,
        question: impl FnOnce(&Collection) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let collection = self.collection.current().ok_or_else(Problem::no_collection)?;
        self.compute(cost, move || question(&collection)).await
    }

    /// Computes something that needs no collection.
    pub(crate) async fn compute<T: Send + 'static>(
        self: &Arc<Self>,
        cost: Cost,
        work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let turn = self.turns.take(cost).await?;
        let site = Arc::clone(self);
        let task = tokio::task::spawn_blocking(move || {
            let answer = match cost {
                Cost::Short => work(),
                Cost::Long => site.long.install(work),
            };
            drop(turn);
            answer
        });
        match tokio::time::timeout(self.settings.longest, task).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(panic)) => {
                tracing::error!(%panic, "this is a bug in samestory");
                Err(Problem::failed())
            }
            Err(_) => Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the answer takes too long")),
        }
    }
}

/// The parameters of a request.
#[derive(Debug)]
pub(crate) struct Asked<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let read = Query::<T>::try_from_uri(&parts.uri);
        read.map(|Query(asked)| Asked(asked)).map_err(|rejection| Problem::asked_wrongly(rejection.body_text()))
    }
}

/// Characters of a query, and of a name.
pub(crate) const LONGEST_QUERY: usize = 1_000;
pub(crate) const LONGEST_NAME: usize = 2_000;

/// Bodies that are held at once, each of up to [`ServerSettings::add_bytes`].
const MOST_BODIES: usize = 16;

/// Words of a query: each is looked up in every language of the collection.
const MOST_WORDS: usize = 64;

/// A text that is asked for.
pub(crate) fn text<'a>(name: &str, value: &'a str, longest: usize) -> Result<&'a str, Problem> {
    match value.chars().count() {
        0 => Err(Problem::asked_wrongly(format!("`{name}` is empty"))),
        n if n > longest => {
            Err(Problem::asked_wrongly(format!("`{name}` has {n} characters, at most {longest} are read")))
        }
        _ => Ok(value),
    }
}

/// A query that is asked for.
pub(crate) fn query(value: &str) -> Result<&str, Problem> {
    let query = text("q", value, LONGEST_QUERY)?;
    match Tokenizer.text(query).len() > MOST_WORDS {
        true => Err(Problem::asked_wrongly(format!("`q` has more than {MOST_WORDS} words"))),
        false => Ok(query),
    }
}

/// A number within its bounds.
pub(crate) fn number(
    name: &str,
    value: Option<u64>,
    default: usize,
    range: std::ops::RangeInclusive<usize>,
) -> Result<usize, Problem> {
    let Some(value) = value else { return Ok(default) };
    usize::try_from(value).ok().filter(|value| range.contains(value)).ok_or_else(|| {
        Problem::asked_wrongly(format!(
            "`{name}` is {value}, but must lie between {} and {}",
            range.start(),
            range.end()
        ))
    })
}
