//! The page of a search.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use samestory::index::Snippet;
use samestory::wording::{counted, link_words};
use samestory::{
    Collection, CollectionError, FoundStory, SearchPage, StoryOrder, StoryRow, StorySelection, WrittenFilter,
};
use serde::Deserialize;

use super::list::{Choice, Pages, counts, names};
use super::when::{days, days_between};
use super::{Frame, Page, article_link, at, sentence, story_link};
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

impl AskedSearch {
    fn written(&self) -> WrittenFilter<'_> {
        fn filled(value: &str) -> Option<&str> {
            Some(value.trim()).filter(|value| !value.is_empty())
        }
        WrittenFilter {
            outlet: filled(&self.outlet),
            language: filled(&self.language),
            from: filled(&self.from),
            to: filled(&self.to),
        }
    }

    /// The same question elsewhere, in another order, or another part of its answer.
    fn link(&self, path: &str, sort: &str, page: &str) -> String {
        let parameters = [
            ("q", self.q.as_str()),
            ("outlet", &self.outlet),
            ("language", &self.language),
            ("from", &self.from),
            ("to", &self.to),
            ("sort", sort),
            ("page", page),
        ];
        at(path, &parameters)
    }

    /// The call of the API that answers the same.
    fn call(&self, path: &str, sort: &str, page: &SearchPage) -> String {
        format!("{}&limit={}&offset={}", self.link(path, sort, ""), page.limit, page.offset)
    }

    /// The orders to choose from; where nothing is asked for there is no relevance.
    fn orders(&self, is_asked: bool, chosen: Option<StoryOrder>) -> Vec<Choice> {
        let (oldest, breadth) = (("Oldest", Some(StoryOrder::Oldest)), ("Breadth", Some(StoryOrder::Outlets)));
        let orders = match is_asked {
            true => vec![("Relevance", None), ("Newest", Some(StoryOrder::Newest)), oldest, breadth],
            false => vec![("Newest", None), oldest, breadth],
        };
        let choice = |(label, order): (&'static str, Option<StoryOrder>)| Choice {
            label,
            link: self.link("/search", order.map_or("", StoryOrder::name), ""),
            is_chosen: order == chosen,
        };
        orders.into_iter().map(choice).collect()
    }
}

#[derive(Template)]
#[template(path = "search.html")]
struct Search {
    frame: Frame,
    outlet: String,
    from: Written,
    to: Written,
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
    /// Whether something is asked for, be it by a filter alone.
    lists: bool,
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
    let written = asked.written();
    let order = StoryOrder::named(&asked.sort);
    let sort = order.map_or("", StoryOrder::name);
    let mut number = Pages::asked(asked.page);
    let mut page = SearchPage { order, offset: (number - 1) * FOUND, limit: FOUND };
    let is_asked = !asked.q.trim().is_empty();
    let is_filtered = [written.outlet, written.language, written.from, written.to].iter().any(Option::is_some);
    let ask = |page: &SearchPage| match (is_asked, is_filtered) {
        (true, _) => searched(collection, &asked.q, &written, page),
        (false, true) => browsed(collection, &written, page),
        (false, false) => Ok(Answer::default()),
    };
    let mut answer = ask(&page);
    if let Ok(Answer { found: found @ 1.., .. }) = answer
        && page.offset >= found
    {
        // Behind the last page the last is shown.
        number = found.div_ceil(FOUND);
        page.offset = (number - 1) * FOUND;
        answer = ask(&page);
    }
    let (answer, mistake) = match answer {
        Ok(answer) => (answer, None),
        Err(Problem { status: StatusCode::BAD_REQUEST, detail }) => (Answer::default(), Some(sentence(&detail))),
        Err(problem) => return Err(problem),
    };
    let mut frame = Frame::of(Some(collection), if is_asked { asked.q.as_str() } else { "Search" });
    frame.query.clone_from(&asked.q);
    let is_chosen = |code: &str| written.language.is_some_and(|chosen| chosen.eq_ignore_ascii_case(code));
    let template = Search {
        frame,
        outlet: asked.outlet.clone(),
        from: Written::of(&asked.from),
        to: Written::of(&asked.to),
        sort,
        languages: collection
            .languages()
            .into_iter()
            .filter(|(code, _)| !code.is_empty())
            .map(|(code, count)| Language { is_chosen: is_chosen(&code), code, count })
            .collect(),
        outlets: collection.outlets().into_iter().take(PROPOSED).map(|(name, _)| name).collect(),
        is_filtered,
        orders: asked.orders(is_asked, order),
        told: counted(answer.found as u64, "story"),
        relaxed: answer.relaxed,
        asked: is_asked,
        lists: is_asked || is_filtered,
        is_empty: (is_asked || is_filtered) && answer.found == 0 && mistake.is_none(),
        without_filters: at("/search", &[("q", asked.q.as_str())]),
        known: known(collection, asked.q.trim())?,
        stories: answer.stories,
        pages: Pages::of(number, answer.found.div_ceil(FOUND), |page| asked.link("/search", sort, page)),
        json: match is_asked {
            true => asked.call("/api/v1/search", sort, &page),
            false => asked.call("/api/v1/stories", order.unwrap_or(StoryOrder::Newest).name(), &page),
        },
        mistake,
    };
    // A mistake is told on the page itself, with what was typed.
    Page::of(&template)
}

/// What is listed.
#[derive(Default)]
struct Answer {
    found: usize,
    relaxed: bool,
    stories: Vec<Found>,
}

fn searched(
    collection: &Collection,
    typed: &str,
    written: &WrittenFilter<'_>,
    page: &SearchPage,
) -> Result<Answer, Problem> {
    query(typed)?;
    let filter = collection.with_known_outlet(written.read()?);
    let answer = collection.search_page(typed.trim(), &filter, page)?;
    let stories = answer.stories.iter().map(story).collect();
    Ok(Answer { found: answer.found, relaxed: answer.relaxed, stories })
}

/// The stories that pass a filter, without a query: the newest first, unless another order is asked for.
fn browsed(collection: &Collection, written: &WrittenFilter<'_>, page: &SearchPage) -> Result<Answer, Problem> {
    let selected = collection.story_list()?.select(&StorySelection {
        filter: collection.with_known_outlet(written.read()?),
        order: page.order.unwrap_or(StoryOrder::Newest),
        offset: page.offset,
        limit: page.limit,
        ..StorySelection::default()
    });
    let row = |row: &Arc<StoryRow>| {
        Ok(Found {
            link: story_link(row.id.as_str()),
            headline: row.headline.clone(),
            counts: counts(row.articles, row.outlets.len(), 0),
            outlets: names(&row.outlets),
            days: days(row.first, row.last),
            matching: String::new(),
            snippet: collection.lead(&row.id)?.map(|text| Shown { text, is_asked: false }).into_iter().collect(),
            near: None,
        })
    };
    let stories = selected.stories.iter().map(row).collect::<Result<_, Problem>>()?;
    Ok(Answer { found: selected.found, relaxed: false, stories })
}

/// A time as it was typed, in a field that can show it: one for days where it is a day.
struct Written {
    kind: &'static str,
    value: String,
}

impl Written {
    fn of(typed: &str) -> Written {
        let value = typed.trim().to_owned();
        let is_day = value.is_empty() || value.parse::<jiff::civil::Date>().is_ok_and(|date| date.to_string() == value);
        Written { kind: if is_day { "date" } else { "text" }, value }
    }
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
