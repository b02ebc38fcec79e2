//! The first page: the stories of the newest days.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use samestory::index::SearchFilter;
use samestory::wording::counted;
use samestory::{Collection, StoryList, StoryOrder, StoryRow, StorySelection};
use serde::Deserialize;

use super::list::{Choice, Pages, counts, names};
use super::when::days;
use super::{Frame, Page, at, story_link};
use crate::ask::{Asked, Site};
use crate::problem::Problem;
use crate::turns::Cost;

/// Days of which the stories are shown, counted back from the newest article.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Span {
    Day,
    Week,
    Month,
    All,
}

impl Span {
    const EVERY: [Span; 4] = [Span::Day, Span::Week, Span::Month, Span::All];

    fn seconds(self) -> Option<i64> {
        let days = match self {
            Span::Day => 1,
            Span::Week => 7,
            Span::Month => 30,
            Span::All => return None,
        };
        Some(days * 86_400)
    }

    fn name(self) -> &'static str {
        match self {
            Span::Day => "day",
            Span::Week => "week",
            Span::Month => "month",
            Span::All => "all",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Span::Day => "Last day",
            Span::Week => "Last week",
            Span::Month => "Last month",
            Span::All => "All",
        }
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct AskedHome {
    span: Option<Span>,
    sort: Option<StoryOrder>,
    page: Option<u64>,
}

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    frame: Frame,
    days: String,
    found: String,
    is_empty: bool,
    spans: Vec<Choice>,
    orders: Vec<Choice>,
    cards: Vec<Card>,
    pages: Pages,
}

/// A story as a card.
struct Card {
    link: String,
    headline: String,
    lead: Option<String>,
    outlets: String,
    counts: String,
    days: String,
}

/// Stories of a page.
const STORIES: usize = 24;

pub(super) async fn page(State(site): State<Arc<Site>>, Asked(asked): Asked<AskedHome>) -> Result<Page, Problem> {
    site.ask(Cost::Short, move |collection| of(collection, &asked)).await
}

/// As many stories of several outlets make a span worth showing.
const WORTH_SHOWING: usize = 8;

fn of(collection: &Collection, asked: &AskedHome) -> Result<Page, Problem> {
    let list = collection.story_list()?;
    let newest = list.rows().filter_map(|row| row.last).max();
    let asked_page = Pages::asked(asked.page);
    let order = asked.sort.unwrap_or(StoryOrder::Outlets);
    let select = |span: Span, min_outlets: usize, page: usize, limit: usize| {
        let from = newest.zip(span.seconds()).map(|(newest, seconds)| newest - seconds);
        list.select(&StorySelection {
            filter: SearchFilter { from, ..SearchFilter::default() },
            min_articles: 0,
            min_outlets,
            order,
            offset: (page - 1) * STORIES,
            limit,
        })
    };
    let span = asked.span.unwrap_or_else(|| {
        let is_worth = |span: &Span| select(*span, 2, 1, 0).found >= WORTH_SHOWING;
        Span::EVERY.into_iter().find(is_worth).unwrap_or(Span::All)
    });
    let mut selected = select(span, 0, asked_page, STORIES);
    let page = asked_page.min(selected.found.div_ceil(STORIES).max(1));
    if page < asked_page {
        selected = select(span, 0, page, STORIES);
    }
    let order_name = order.name();
    let link = |span: Span, sort: &str, page: &str| at("/", &[("span", span.name()), ("sort", sort), ("page", page)]);
    let spans =
        Span::EVERY.map(|one| Choice { label: one.label(), link: link(one, order_name, ""), is_chosen: one == span });
    let orders = [("Breadth", StoryOrder::Outlets), ("Newest", StoryOrder::Newest), ("Size", StoryOrder::Articles)];
    let orders = orders.map(|(label, one)| Choice { label, link: link(span, one.name(), ""), is_chosen: one == order });
    let cards = selected.stories.iter().map(|row| card(collection, row)).collect::<Result<_, Problem>>()?;
    Page::of(&Home {
        frame: Frame::of(Some(collection), "Top stories").at("home"),
        days: shown_days(list, span, newest),
        found: counted(selected.found as u64, "story"),
        is_empty: selected.found == 0,
        spans: spans.into(),
        orders: orders.into(),
        cards,
        pages: Pages::of(page, selected.found.div_ceil(STORIES), |page| link(span, order_name, page)),
    })
}

fn shown_days(list: &StoryList, span: Span, newest: Option<i64>) -> String {
    match (newest, span.seconds()) {
        (Some(newest), Some(seconds)) => days(Some(newest - seconds + 1), Some(newest)),
        _ => days(list.rows().filter_map(|row| row.first).min(), newest),
    }
}

fn card(collection: &Collection, row: &StoryRow) -> Result<Card, Problem> {
    Ok(Card {
        link: story_link(row.id.as_str()),
        headline: row.headline.clone(),
        lead: collection.lead(&row.id)?,
        outlets: names(&row.outlets),
        counts: counts(row.articles, row.outlets.len(), row.copies as usize),
        days: days(row.first, row.last),
    })
}
