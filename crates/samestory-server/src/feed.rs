//! Atom feeds (RFC 4287): new stories, and the versions of one article.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_TYPE, HOST};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use samestory::wording::{counted, version_summary};
use samestory::{Collection, StoryRow, article_versions, instant};
use serde::Deserialize;

use crate::api::version_chain;
use crate::ask::{Asked, LONGEST_NAME, Site, number, text};
use crate::page::{article_link, story_link};
use crate::problem::Problem;
use crate::turns::Cost;

pub(crate) fn routes() -> Router<Arc<Site>> {
    Router::new().route("/feed.atom", get(stories)).route("/article/feed.atom", get(versions))
}

#[derive(Template)]
#[template(path = "feed.xml", escape = "html")]
struct Feed {
    title: String,
    /// What the links begin with.
    base: String,
    own: String,
    page: String,
    id: String,
    updated: String,
    entries: Vec<Entry>,
}

struct Entry {
    id: String,
    title: String,
    link: String,
    published: String,
    updated: String,
    summary: String,
}

/// Entries of a feed.
const ENTRIES: usize = 50;

/// What a time is said to be that is not known, since each entry must have one.
const NEVER: &str = "1970-01-01T00:00:00Z";

impl Feed {
    fn answer(mut self) -> Result<Response, Problem> {
        for entry in &mut self.entries {
            for text in [&mut entry.id, &mut entry.title, &mut entry.summary] {
                *text = written(text);
            }
        }
        (self.title, self.id) = (written(&self.title), written(&self.id));
        let body = self.render().map_err(|error| {
            tracing::error!(%error, "this is a bug in samestory: a feed cannot be made");
            Problem::failed()
        })?;
        Ok(([(CONTENT_TYPE, "application/atom+xml; charset=utf-8")], body).into_response())
    }
}

/// A text without the characters that no XML may have (XML 1.0, section 2.2).
fn written(text: &str) -> String {
    let is_none =
        |c: char| (c.is_control() && !matches!(c, '\t' | '\n' | '\r')) || matches!(c, '\u{fffe}' | '\u{ffff}');
    text.replace(is_none, "\u{fffd}")
}

/// What absolute addresses begin with: the host that was asked, which is one of ours.
fn base(headers: &HeaderMap) -> String {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let secure = headers.get("x-forwarded-proto").is_some_and(|scheme| scheme == "https");
    format!("{}://{host}", if secure { "https" } else { "http" })
}

#[derive(Debug, Deserialize)]
struct AskedStories {
    min_outlets: Option<u64>,
}

async fn stories(
    State(site): State<Arc<Site>>,
    headers: HeaderMap,
    Asked(asked): Asked<AskedStories>,
) -> Result<Response, Problem> {
    let base = base(&headers);
    let min_outlets = number("min_outlets", asked.min_outlets, 0, 0..=100_000)?;
    site.ask(Cost::Short, move |collection| of_stories(collection, base, min_outlets)).await
}

fn of_stories(collection: &Collection, base: String, min_outlets: usize) -> Result<Response, Problem> {
    let mut rows: Vec<&Arc<StoryRow>> =
        collection.story_list()?.rows().filter(|row| row.first.is_some() && row.outlets.len() >= min_outlets).collect();
    // New is what began last.
    let newer = |a: &&Arc<StoryRow>, b: &&Arc<StoryRow>| b.first.cmp(&a.first).then_with(|| a.id.cmp(&b.id));
    if rows.len() > ENTRIES {
        rows.select_nth_unstable_by(ENTRIES, newer);
        rows.truncate(ENTRIES);
    }
    rows.sort_by(newer);
    let entry = |row: &&Arc<StoryRow>| Entry {
        id: format!("urn:samestory:story:{}", row.id),
        title: row.headline.clone(),
        link: format!("{base}{}", story_link(row.id.as_str())),
        published: row.first.map_or_else(|| NEVER.to_owned(), instant),
        updated: row.last.map_or_else(|| NEVER.to_owned(), instant),
        summary: format!("{}: {}", counted(row.articles as u64, "article"), row.outlets.join(", ")),
    };
    let entries: Vec<Entry> = rows.iter().map(entry).collect();
    let own = if min_outlets == 0 { "/feed.atom".to_owned() } else { format!("/feed.atom?min_outlets={min_outlets}") };
    Feed {
        title: "New stories".to_owned(),
        id: format!("urn:samestory:stories:{min_outlets}"),
        own: format!("{base}{own}"),
        page: format!("{base}/"),
        updated: entries.iter().map(|entry| entry.updated.clone()).max().unwrap_or_else(|| NEVER.to_owned()),
        base,
        entries,
    }
    .answer()
}

#[derive(Debug, Deserialize)]
struct AskedVersions {
    id: String,
}

async fn versions(
    State(site): State<Arc<Site>>,
    headers: HeaderMap,
    Asked(asked): Asked<AskedVersions>,
) -> Result<Response, Problem> {
    let base = base(&headers);
    text("id", &asked.id, LONGEST_NAME)?;
    site.ask(Cost::Short, move |collection| of_versions(collection, base, &asked.id)).await
}

fn of_versions(collection: &Collection, base: String, id: &str) -> Result<Response, Problem> {
    let chain = version_chain(collection, id)?;
    let versions = article_versions(&chain);
    let article = chain.last().ok_or_else(|| Problem::unknown("article", id))?;
    let known = article.time.map(|time| instant(time.seconds));
    let page = format!("{base}{}", article_link(article.id.as_str()));
    let mut entries = Vec::new();
    for (at, edition) in versions.versions.iter().enumerate() {
        let time = edition.time.as_deref().and_then(full_time).or_else(|| known.clone());
        let time = time.unwrap_or_else(|| NEVER.to_owned());
        let change = at.checked_sub(1).and_then(|before| versions.changes.get(before));
        entries.push(Entry {
            id: format!("urn:samestory:article:{}:version:{}", article.id, edition.number),
            title: edition.headline.clone(),
            link: format!("{page}#versions"),
            published: time.clone(),
            updated: time,
            summary: change.map_or_else(|| "first version".to_owned(), version_summary),
        });
    }
    entries.reverse();
    entries.truncate(ENTRIES);
    Feed {
        title: format!("Versions of “{}”", article.headline),
        id: format!("urn:samestory:article:{}", article.id),
        own: format!("{base}{}", crate::page::at("/article/feed.atom", &[("id", article.id.as_str())])),
        page,
        updated: entries.iter().map(|entry| entry.updated.clone()).max().unwrap_or_else(|| NEVER.to_owned()),
        base,
        entries,
    }
    .answer()
}

/// A time with its hour: of a day that is known alone, its first.
fn full_time(time: &str) -> Option<String> {
    match time.contains('T') {
        true => Some(time.to_owned()),
        false => (!time.is_empty()).then(|| format!("{time}T00:00:00Z")),
    }
}
