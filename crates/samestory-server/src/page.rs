//! Pages: HTML that says everything without a script, and is quicker to use with one.

mod article;
mod compare;
mod diff;
mod home;
mod links;
mod list;
pub(crate) mod live;
mod marked;
mod search;
mod story;
mod timeline;
mod when;

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use samestory::Collection;
use samestory::wording::{counted, grouped};

use crate::ask::Site;
use crate::assets::{ICON, SCRIPT, STYLE, versioned};
use crate::problem::Problem;
pub(crate) use links::{article_link, at, story_link};

/// The pages.
pub(crate) fn routes() -> Router<Arc<Site>> {
    Router::new()
        .route("/", get(home::page))
        .route("/search", get(search::page))
        .route("/story/{id}", get(story::page))
        .route("/article", get(article::page))
        .route("/compare", get(compare::page))
        .route("/live", get(live::page))
}

/// What stands around every page.
pub(crate) struct Frame {
    title: String,
    /// What stands in the field of the search.
    query: String,
    /// Where one is: `home`, `live` or nothing.
    place: &'static str,
    style: String,
    script: String,
    icon: String,
    /// What the collection holds.
    holds: String,
}

impl Frame {
    pub(crate) fn of(collection: Option<&Collection>, title: impl Into<String>) -> Frame {
        let holds = match collection.map(Collection::counts) {
            None => "no collection yet".to_owned(),
            Some(counts) => {
                let (articles, stories) = (counted(counts.articles, "article"), counted(counts.stories, "story"));
                format!("{articles} in {stories}, {} of one article", grouped(counts.single_article_stories))
            }
        };
        Frame {
            title: title.into(),
            query: String::new(),
            place: "",
            style: versioned("/assets/style.css", STYLE),
            script: versioned("/assets/samestory.js", SCRIPT),
            icon: versioned("/assets/icon.svg", ICON),
            holds,
        }
    }

    pub(crate) fn at(self, place: &'static str) -> Frame {
        Frame { place, ..self }
    }
}

/// A page that was made.
pub(crate) struct Page(String);

impl Page {
    pub(crate) fn of(template: &impl Template) -> Result<Page, Problem> {
        template.render().map(Page).map_err(|error| {
            tracing::error!(%error, "this is a bug in samestory: a page cannot be made");
            Problem::failed()
        })
    }
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        ([(CONTENT_TYPE, "text/html; charset=utf-8")], self.0).into_response()
    }
}

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage<'a> {
    frame: Frame,
    heading: &'static str,
    detail: String,
    no_collection: bool,
    request_id: &'a str,
}

/// The page that says why there is no other.
pub(crate) fn of_problem(site: &Site, problem: &Problem, request_id: &str) -> String {
    let collection = site.collection.current();
    let no_collection = collection.is_none() && *problem == Problem::no_collection();
    let heading = match problem.status.as_u16() {
        _ if no_collection => "No collection yet",
        404 => "Not found",
        400 => "That cannot be read",
        429 | 503 => "Busy",
        _ => problem.title(),
    };
    let page = ProblemPage {
        frame: Frame::of(collection.as_deref(), heading),
        heading,
        detail: sentence(&problem.detail),
        no_collection,
        request_id,
    };
    page.render().unwrap_or_else(|_| heading.to_owned())
}

/// A text on one line, of no more than so many characters.
fn shortened(text: &str, most: usize) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{} …", text[..end].trim_end()),
        None => text,
    }
}

/// A message as a sentence of a page.
fn sentence(message: &str) -> String {
    let mut quotes = ["“", "”"].into_iter().cycle();
    let mut shown = String::with_capacity(message.len() + 8);
    for (at, c) in message.char_indices() {
        match c {
            '`' => shown.push_str(quotes.next().unwrap_or_default()),
            c if at == 0 => shown.extend(c.to_uppercase()),
            c => shown.push(c),
        }
    }
    shown + "."
}
