//! Calls that read.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use samestory::article::Article;
use samestory::index::SearchFilter;
use samestory::{
    ChangeRow, Collection, CollectionError, Counts, ReusePair, SearchPage, StoryOrder, StorySelection, View,
    WrittenFilter, article_versions, version_step,
};
use serde::{Deserialize, Serialize};

use super::Json;
use crate::ask::{Asked, LONGEST_NAME, Site, number, query, text};
use crate::problem::Problem;
use crate::turns::Cost;

type Answer = Result<Json, Problem>;

#[derive(Serialize)]
struct Health {
    status: &'static str,
    articles: u64,
    stories: u64,
    next_change: u64,
}

pub(super) async fn health(State(site): State<Arc<Site>>) -> Answer {
    // Asked of what is in memory, without a turn: it answers where all turns are taken.
    let collection = site.collection.current().ok_or_else(Problem::no_collection)?;
    let Counts { articles, stories, .. } = collection.counts();
    Json::of(&Health { status: "ok", articles, stories, next_change: collection.next_change() })
}

#[derive(Serialize)]
struct Info<'a> {
    written_by: &'a str,
    format: u32,
    counts: Counts,
    languages: Vec<(String, u64)>,
    outlets: Vec<(String, u64)>,
    next_change: u64,
}

pub(super) async fn info(State(site): State<Arc<Site>>) -> Answer {
    site.ask(Cost::Short, |collection| {
        let manifest = collection.manifest();
        Json::of(&Info {
            written_by: &manifest.written_by,
            format: manifest.format,
            counts: collection.counts(),
            languages: collection.languages(),
            outlets: collection.outlets(),
            next_change: collection.next_change(),
        })
    })
    .await
}

/// Which articles count.
#[derive(Debug, Deserialize)]
struct AskedFilter {
    outlet: Option<String>,
    language: Option<String>,
    from: Option<String>,
    to: Option<String>,
}

/// Characters of a language code with its region.
const LONGEST_LANGUAGE: usize = 20;

impl AskedFilter {
    fn read(&self) -> Result<SearchFilter, Problem> {
        let fields = [
            ("outlet", &self.outlet, LONGEST_NAME),
            ("language", &self.language, LONGEST_LANGUAGE),
            ("from", &self.from, LONGEST_NAME),
            ("to", &self.to, LONGEST_NAME),
        ];
        for (name, value, longest) in fields {
            value.as_ref().map(|value| text(name, value, longest)).transpose()?;
        }
        let written = WrittenFilter {
            outlet: self.outlet.as_deref(),
            language: self.language.as_deref(),
            from: self.from.as_deref(),
            to: self.to.as_deref(),
        };
        Ok(written.read()?)
    }
}

/// The order of found stories; none is by relevance.
fn found_order(sort: Option<&str>) -> Result<Option<StoryOrder>, Problem> {
    match sort {
        None | Some("relevance") => Ok(None),
        Some(name) => StoryOrder::named(name)
            .map(Some)
            .ok_or_else(|| Problem::asked_wrongly(format!("`sort` is `{name}`, which is no order of stories"))),
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct AskedSearch {
    q: String,
    sort: Option<String>,
    limit: Option<u64>,
    offset: Option<u64>,
    #[serde(flatten)]
    filter: AskedFilter,
}

pub(super) async fn search(State(site): State<Arc<Site>>, Asked(asked): Asked<AskedSearch>) -> Answer {
    let AskedSearch { q, sort, limit, offset, filter } = asked;
    query(&q)?;
    let filter = filter.read()?;
    let page = SearchPage {
        order: found_order(sort.as_deref())?,
        offset: number("offset", offset, 0, 0..=10_000)?,
        limit: number("limit", limit, 10, 1..=100)?,
    };
    site.ask(Cost::Short, move |collection| {
        Json::of(&collection.search_page(&q, &collection.with_known_outlet(filter), &page)?)
    })
    .await
}

#[derive(Debug, Deserialize)]
pub(super) struct AskedStories {
    #[serde(default)]
    sort: StoryOrder,
    min_articles: Option<u64>,
    min_outlets: Option<u64>,
    limit: Option<u64>,
    offset: Option<u64>,
    #[serde(flatten)]
    filter: AskedFilter,
}

pub(super) async fn stories(State(site): State<Arc<Site>>, Asked(asked): Asked<AskedStories>) -> Answer {
    let AskedStories { sort, min_articles, min_outlets, limit, offset, filter } = asked;
    let filter = filter.read()?;
    let mut selection = StorySelection {
        filter: SearchFilter::default(),
        min_articles: number("min_articles", min_articles, 0, 0..=1_000_000)?,
        min_outlets: number("min_outlets", min_outlets, 0, 0..=1_000_000)?,
        order: sort,
        offset: number("offset", offset, 0, 0..=10_000_000)?,
        limit: number("limit", limit, 20, 1..=100)?,
    };
    site.ask(Cost::Short, move |collection| {
        selection.filter = collection.with_known_outlet(filter);
        Json::of(&collection.story_list()?.select(&selection))
    })
    .await
}

pub(super) async fn story(State(site): State<Arc<Site>>, Path(id): Path<String>) -> Answer {
    text("id", &id, LONGEST_NAME)?;
    site.ask(Cost::Short, move |collection| match shown(collection, "story", &id)? {
        View::Story(story) => Json::of(&story),
        View::Article(_) => Err(Problem::unknown("story", &id)),
    })
    .await
}

/// What a name stands for.
pub(crate) fn shown(collection: &Collection, what: &str, name: &str) -> Result<View, Problem> {
    match collection.show(name) {
        Err(CollectionError::Unknown(_)) => Err(Problem::unknown(what, name)),
        shown => Ok(shown?),
    }
}

/// What is asked of a story by its name.
fn of_story<T>(id: &str, answer: Result<T, CollectionError>) -> Result<T, Problem> {
    match answer {
        Err(CollectionError::Unknown(_)) => Err(Problem::unknown("story", id)),
        answer => Ok(answer?),
    }
}

pub(super) async fn coverage(State(site): State<Arc<Site>>, Path(id): Path<String>) -> Answer {
    text("id", &id, LONGEST_NAME)?;
    site.ask(Cost::Long, move |collection| Json::of(&of_story(&id, collection.coverage(&id))?)).await
}

#[derive(Serialize)]
struct Pairs {
    pairs: Vec<ReusePair>,
}

pub(super) async fn passages(State(site): State<Arc<Site>>, Path(id): Path<String>) -> Answer {
    text("id", &id, LONGEST_NAME)?;
    site.ask(Cost::Long, move |collection| {
        let pairs = of_story(&id, collection.passages(&id))?;
        Json::of(&Pairs { pairs })
    })
    .await
}

#[derive(Debug, Deserialize)]
pub(super) struct AskedArticle {
    id: String,
    #[serde(default)]
    raw: bool,
}

pub(super) async fn article(State(site): State<Arc<Site>>, Asked(asked): Asked<AskedArticle>) -> Answer {
    let AskedArticle { id, raw } = asked;
    text("id", &id, LONGEST_NAME)?;
    site.ask(Cost::Short, move |collection| {
        let view = if raw { collection.show_raw(&id) } else { collection.show(&id) };
        match view {
            Ok(View::Article(article)) => Json::of(&article),
            Ok(View::Story(_)) | Err(CollectionError::Unknown(_)) => Err(Problem::unknown("article", &id)),
            Err(error) => Err(error.into()),
        }
    })
    .await
}

/// The versions of the article that is named, oldest first.
pub(crate) fn version_chain(collection: &Collection, id: &str) -> Result<Vec<Article>, Problem> {
    match collection.version_chain(id) {
        Err(CollectionError::Unknown(_)) => Err(Problem::unknown("article", id)),
        chain => Ok(chain?),
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct AskedVersions {
    id: String,
    from: Option<u32>,
    to: Option<u32>,
}

pub(super) async fn versions(State(site): State<Arc<Site>>, Asked(asked): Asked<AskedVersions>) -> Answer {
    let AskedVersions { id, from, to } = asked;
    text("id", &id, LONGEST_NAME)?;
    site.ask(Cost::Short, move |collection| {
        let chain = version_chain(collection, &id)?;
        let versions = match (from, to) {
            (None, None) => article_versions(&chain),
            (from, to) => version_step(&chain, from, to)
                .map_err(|error| Problem::new(StatusCode::NOT_FOUND, error.to_string()))?,
        };
        Json::of(&versions)
    })
    .await
}

#[derive(Debug, Deserialize)]
pub(super) struct AskedPair {
    a: String,
    b: String,
}

pub(super) async fn compare(State(site): State<Arc<Site>>, Asked(asked): Asked<AskedPair>) -> Answer {
    let AskedPair { a, b } = asked;
    text("a", &a, LONGEST_NAME)?;
    text("b", &b, LONGEST_NAME)?;
    site.ask(Cost::Long, move |collection| match collection.compare(&a, &b) {
        Err(CollectionError::Unknown(name)) => Err(Problem::unknown("article", &name)),
        comparison => Json::of(&comparison?),
    })
    .await
}

#[derive(Debug, Deserialize)]
pub(super) struct AskedChanges {
    since: Option<u64>,
    limit: Option<u64>,
}

#[derive(Serialize)]
struct Changes<'a> {
    changes: Vec<ChangeRow<'a>>,
    next_change: u64,
}

pub(super) async fn changes(State(site): State<Arc<Site>>, Asked(asked): Asked<AskedChanges>) -> Answer {
    let limit = number("limit", asked.limit, 100, 1..=1_000)?;
    let since = number("since", asked.since, 0, 0..=i64::MAX as usize)? as u64;
    site.ask(Cost::Short, move |collection| {
        let told = collection.some_changes(since, limit)?;
        // Where some are left, the next call goes on behind the last that is told.
        let next_change = match told.last() {
            Some(last) if told.len() == limit => last.number + 1,
            _ => collection.next_change(),
        };
        Json::of(&Changes { changes: told.iter().map(ChangeRow::from).collect(), next_change })
    })
    .await
}
