//! The live view: what has become of articles and stories, as it happens.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::response::Response;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::routing::get;
use samestory::wording::counted;
use samestory::{Change, ChangeRow, Collection, CollectionError};
use serde::Serialize;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::when::When;
use super::{Frame, Page, article_link, story_link};
use crate::ask::Site;
use crate::problem::Problem;
use crate::turns::Cost;

#[derive(Template)]
#[template(path = "live.html")]
struct Live {
    frame: Frame,
    news: Vec<News>,
    next_change: u64,
}

/// A change as the live view tells it.
#[derive(Debug, Serialize)]
struct News {
    change: u64,
    time: String,
    shown_time: String,
    what: &'static str,
    /// What happened, in words.
    told: String,
    headline: String,
    link: String,
}

/// Changes that the page begins with.
const SHOWN: u64 = 60;

pub(super) async fn page(State(site): State<Arc<Site>>) -> Result<Page, Problem> {
    site.ask(Cost::Short, |collection| {
        let next_change = collection.next_change();
        let changes = collection.some_changes(next_change.saturating_sub(SHOWN), SHOWN as usize)?;
        let mut news = all_news(collection, &changes)?;
        news.reverse();
        Page::of(&Live { frame: Frame::of(Some(collection), "Live").at("live"), news, next_change })
    })
    .await
}

fn all_news(collection: &Collection, changes: &[Change]) -> Result<Vec<News>, CollectionError> {
    changes.iter().map(|change| news(collection, &ChangeRow::from(change))).collect()
}

fn news(collection: &Collection, row: &ChangeRow<'_>) -> Result<News, CollectionError> {
    let story = row.story.or(row.into);
    let found = match story {
        Some(story) => collection.find_story(story)?,
        None => None,
    };
    let articles = counted(row.articles.len() as u64, "article");
    let told = match row.what {
        "founded" => format!("New story, {articles}"),
        "joined" => format!("{articles} joined"),
        "moved" => format!("{articles} moved here from another story"),
        "merged" => "Another story became part of this".to_owned(),
        "split" => format!("{articles} became a story of their own"),
        "corrected" => "An article was corrected".to_owned(),
        "removed" => format!("{articles} removed"),
        _ => "The story ended".to_owned(),
    };
    let article = row.articles.first();
    let (headline, link) = match (found, story, article) {
        (Some(row), ..) => (row.headline, story_link(row.id.as_str())),
        (None, None, Some(article)) => (article.clone(), article_link(article)),
        (None, story, _) => (story.unwrap_or_default().to_owned(), "/live".to_owned()),
    };
    let when = When::of(&row.time);
    let (time, shown_time) = (when.machine, when.shown);
    Ok(News { change: row.change, time, shown_time, what: row.what, told, headline, link })
}

/// Changes as they happen, as server-sent events.
pub(crate) fn events() -> Router<Arc<Site>> {
    Router::new().route("/live/events", get(stream))
}

/// Events that wait for one who reads slowly.
const WAITING: usize = 64;

/// When changes that could not be read are asked for again.
const AGAIN: Duration = Duration::from_secs(1);

/// Changes that are read at once.
const AT_ONCE: usize = 200;

/// Where a live view begins: behind the last event that it has seen, or the number that its page names.
fn first_asked(headers: &HeaderMap, query: Option<&str>) -> Option<u64> {
    let seen = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse::<u64>().ok());
    let named = || query?.strip_prefix("since=")?.parse::<u64>().ok();
    seen.map(|seen| seen.saturating_add(1)).or_else(named)
}

async fn stream(
    State(site): State<Arc<Site>>,
    headers: HeaderMap,
    axum::extract::RawQuery(query): axum::extract::RawQuery,
) -> Result<Response, Problem> {
    let full = || Problem::new(StatusCode::TOO_MANY_REQUESTS, "too many live views are open; ask again later");
    let view = Arc::clone(&site.views).try_acquire_owned().map_err(|_| full())?;
    let next = site.collection.current().map_or(0, |collection| collection.next_change());
    let mut first = first_asked(&headers, query.as_deref()).unwrap_or(next);
    let (sender, receiver) = mpsc::channel::<Result<Event, Infallible>>(WAITING);
    let mut changed = site.collection.changes();
    let mut closing = site.closing.subscribe();
    tokio::spawn(async move {
        let _view = view;
        loop {
            let from = first;
            let told = site.ask(Cost::Short, move |collection| {
                let changes = collection.some_changes(from, AT_ONCE)?;
                Ok(all_news(collection, &changes)?)
            });
            // What cannot be told now is asked for again.
            let (told, again) = match told.await {
                Ok(told) => {
                    let more = told.len() == AT_ONCE;
                    (told, more.then_some(Duration::ZERO))
                }
                Err(_) => (Vec::new(), Some(AGAIN)),
            };
            for news in told {
                first = news.change + 1;
                let Ok(data) = serde_json::to_string(&news) else { continue };
                let event = Event::default().event("change").id(news.change.to_string()).data(data);
                tokio::select! {
                    sent = sender.send(Ok(event)) => if sent.is_err() { return },
                    _ = closing.wait_for(|closing| *closing) => return,
                }
            }
            tokio::select! {
                () = tokio::time::sleep(again.unwrap_or_default()), if again.is_some() => (),
                told = changed.changed() => if told.is_err() { return },
                _ = closing.wait_for(|closing| *closing) => return,
                () = sender.closed() => return,
            }
        }
    });
    let events = Sse::new(ReceiverStream::new(receiver)).keep_alive(KeepAlive::default());
    // A proxy in front must not hold events back until it has many.
    Ok(([("cache-control", "no-store"), ("x-accel-buffering", "no")], events).into_response())
}
