//! The page of a search.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use samestory::index::Snippet;
use samestory::wording::{counted, link_words};
use samestory::{Collection, CollectionError, FoundStory, SearchPage, StoryOrder, WrittenFilter};
use serde::Deserialize;

use super::home::{Choice, Pages, counts, name_of, names};
use super::when::days_between;
use super::{Frame, Page, article_link, at, story_link};
use crate::ask::{Asked, LONGEST_NAME, Site, query};
use crate::problem::Problem;
use crate::turns::Cost;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct AskedSearch {
    q: String,
    outlet: String,
    language: String,
    from: String,
    to: String,
    sort: String,
    page: Option<u64>,
}

#[derive(Template)]
#[template(path = "search.html")]
struct Search {
    frame: Frame,
    outlet: String,
    from: String,
    to: String,
    sort: &'static str,
    languages: Vec<Language>,
    outlets: Vec<String>,
    is_filtered: bool,
    orders: Vec<Choice>,
    /// What is wrong with what was asked.
    mistake: Option<String>,
    told: String,
    relaxed: bool,
    asked: bool,
    is_empty: bool,
    without_filters: String,
    known: Option<(String, String)>,
    stories: Vec<Found>,
    pages: Pages,
    json: String,
}

struct Language {
    code: String,
    count: u64,
    is_chosen: bool,
}

/// A story that was found.
struct Found {
    link: String,
    headline: String,
    counts: String,
    outlets: String,
    days: String,
    matching: String,
    snippet: Vec<Shown>,
    near: Option<Near>,
}

/// A part of a snippet.
struct Shown {
    text: String,
    is_asked: bool,
}

struct Near {
    kind: &'static str,
    link: String,
    headline: String,
}

/// Stories of a page.
const FOUND: usize = 10;

/// Outlets that are proposed.
const PROPOSED: usize = 300;

pub(super) async fn page(State(site): State<Arc<Site>>, Asked(asked): Asked<AskedSearch>) -> Result<Page, Problem> {
    site.ask(Cost::Short, move |collection| of(collection, &asked)).await
}

fn of(collection: &Collection, asked: &AskedSearch) -> Result<Page, Problem> {
    let filled = |value: &'_ str| (!value.trim().is_empty()).then(|| value.trim().to_owned());
    let (outlet, language) = (filled(&asked.outlet), filled(&asked.language));
    let (from, to) = (filled(&asked.from), filled(&asked.to));
    let written = WrittenFilter {
        outlet: outlet.as_deref(),
        language: language.as_deref(),
        from: from.as_deref(),
        to: to.as_deref(),
    };
    let order = match asked.sort.as_str() {
        "newest" => Some(StoryOrder::Newest),
        "oldest" => Some(StoryOrder::Oldest),
        "outlets" => Some(StoryOrder::Outlets),
        _ => None,
    };
    let sort = order.map_or("", name_of);
    let link = |sort: &str, page: &str| {
        let parameters = [
            ("q", asked.q.as_str()),
            ("outlet", &asked.outlet),
            ("language", &asked.language),
            ("from", &asked.from),
            ("to", &asked.to),
            ("sort", sort),
            ("page", page),
        ];
        at("/search", &parameters)
    };
    let number = Pages::asked(asked.page);
    let page = SearchPage { order, offset: (number - 1) * FOUND, limit: FOUND };
    let is_asked = !asked.q.trim().is_empty();
    let answer = is_asked
        .then(|| {
            query(&asked.q)?;
            let filter = collection.with_known_outlet(written.read()?);
            Ok(collection.search_page(asked.q.trim(), &filter, &page)?)
        })
        .transpose();
    let (answer, mistake) = match answer {
        Ok(answer) => (answer, None),
        Err(Problem { status: StatusCode::BAD_REQUEST, detail }) => (None, Some(detail)),
        Err(problem) => return Err(problem),
    };
    let choice = |label, one: Option<StoryOrder>| Choice {
        label,
        link: link(one.map_or("", name_of), ""),
        is_chosen: one == order,
    };
    let found = answer.as_ref().map_or(0, |answer| answer.found);
    let mut frame = Frame::of(Some(collection), if is_asked { asked.q.as_str() } else { "Search" });
    frame.query.clone_from(&asked.q);
    let is_chosen = |code: &str| language.as_deref().is_some_and(|chosen| chosen.eq_ignore_ascii_case(code));
    let template = Search {
        frame,
        outlet: asked.outlet.clone(),
        from: a_day(&asked.from),
        to: a_day(&asked.to),
        sort,
        languages: collection
            .languages()
            .into_iter()
            .filter(|(code, _)| !code.is_empty())
            .map(|(code, count)| Language { is_chosen: is_chosen(&code), code, count })
            .collect(),
        outlets: collection.outlets().into_iter().take(PROPOSED).map(|(name, _)| name).collect(),
        is_filtered: outlet.is_some() || language.is_some() || from.is_some() || to.is_some(),
        orders: vec![
            choice("Relevance", None),
            choice("Newest", Some(StoryOrder::Newest)),
            choice("Oldest", Some(StoryOrder::Oldest)),
            choice("Breadth", Some(StoryOrder::Outlets)),
        ],
        told: counted(found as u64, "story"),
        relaxed: answer.as_ref().is_some_and(|answer| answer.relaxed),
        asked: is_asked,
        is_empty: answer.as_ref().is_some_and(|answer| answer.found == 0),
        without_filters: at("/search", &[("q", asked.q.as_str())]),
        known: known(collection, asked.q.trim())?,
        stories: answer.iter().flat_map(|answer| &answer.stories).map(story).collect(),
        pages: Pages::of(number, found.div_ceil(FOUND), |page| link(sort, page)),
        json: at("/api/v1/search", &[("q", asked.q.trim())]),
        mistake,
    };
    // A mistake is told on the page itself, with what was typed.
    Page::of(&template)
}

/// What a field for a day can show: a day, and nothing else that a time may be written as.
fn a_day(written: &str) -> String {
    written.trim().parse::<jiff::civil::Date>().map(|date| date.to_string()).unwrap_or_default()
}

/// The article or story that is named by what was typed.
fn known(collection: &Collection, typed: &str) -> Result<Option<(String, String)>, Problem> {
    if typed.is_empty() || typed.len() > LONGEST_NAME {
        return Ok(None);
    }
    match collection.find_article(typed) {
        Ok(Some(article)) => Ok(Some((article_link(article.id.as_str()), article.headline))),
        Ok(None) => Ok(None),
        Err(CollectionError::Unknown(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Such a link is worth a line.
const STRONG: f32 = 0.2;

fn story(story: &FoundStory) -> Found {
    Found {
        link: story_link(story.story.as_str()),
        headline: story.headline.clone(),
        counts: counts(story.articles, story.outlets.len(), 0),
        outlets: names(&story.outlets),
        days: days_between(story.first.as_deref(), story.last.as_deref()),
        matching: match story.articles {
            1 => String::new(),
            _ => format!("{} of {} match", story.matching, story.articles),
        },
        snippet: parts(&story.snippet),
        near: story.links.first().filter(|link| link.strength >= STRONG).map(|link| Near {
            kind: link_words(link.kind),
            link: story_link(link.story.as_str()),
            headline: link.headline.clone(),
        }),
    }
}

fn parts(snippet: &Snippet) -> Vec<Shown> {
    let mut parts = Vec::new();
    let mut at = 0;
    for range in &snippet.highlights {
        for (text, is_asked) in [(&snippet.text[at..range.start], false), (&snippet.text[range.clone()], true)] {
            if !text.is_empty() {
                parts.push(Shown { text: text.to_owned(), is_asked });
            }
        }
        at = range.end;
    }
    parts.push(Shown { text: snippet.text[at..].to_owned(), is_asked: false });
    parts
}
