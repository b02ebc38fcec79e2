//! The page of a story.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use rustc_hash::FxHashMap;
use samestory::article::Origin;
use samestory::wording::{clock_words, counted, link_words, precision_words, version_summary};
use samestory::{ArticleLine, Collection, Coverage, FactKind, FirstReport, LinkedStory, StoryView, View, WordCounts};
use serde::Deserialize;

use super::links::outside;
use super::list::counts;
use super::timeline::Timeline;
use super::when::{When, days_between};
use super::{Frame, Page, article_link, at, shortened, story_link};
use crate::api::shown;
use crate::ask::{Asked, Site};
use crate::problem::Problem;
use crate::turns::Cost;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct AskedStory {
    /// Coverage of a large story is worked out when it is asked for.
    coverage: bool,
}

#[derive(Template)]
#[template(path = "story.html")]
struct StoryPage {
    frame: Frame,
    id: String,
    headline: String,
    counts: String,
    days: String,
    timeline: Option<Timeline>,
    shared: Vec<Shared>,
    articles: Vec<Line>,
    left_out: usize,
    covered: Option<Covered>,
    /// Where coverage is to be asked for.
    coverage_link: Option<String>,
    links: Vec<Link>,
    json: String,
}

struct Shared {
    term: String,
    articles: usize,
    link: String,
}

/// An article of a story.
pub(super) struct Line {
    pub(super) link: String,
    pub(super) headline: String,
    pub(super) outlet: String,
    pub(super) when: Option<When>,
    pub(super) dated_by: &'static str,
    pub(super) agency: Option<String>,
    pub(super) url: Option<String>,
    pub(super) version_of: Option<String>,
    pub(super) versions: Vec<String>,
    /// What it shares with others, by kind.
    pub(super) shares: Vec<(&'static str, String)>,
    pub(super) compare: Option<String>,
    pub(super) copies: Vec<Line>,
    pub(super) copies_told: String,
}

impl Line {
    /// `compared` is the id of an article that it can be compared with.
    pub(super) fn of(line: &ArticleLine, compared: Option<&str>) -> Line {
        let shares = line.evidence.iter().flat_map(|evidence| {
            [("names", &evidence.names), ("numbers", &evidence.numbers), ("words", &evidence.terms)]
        });
        let compared = compared.filter(|other| *other != line.id);
        Line {
            link: article_link(&line.id),
            headline: line.headline.clone(),
            outlet: line.outlet.clone().unwrap_or_else(|| "Unknown outlet".to_owned()),
            when: line.time.as_deref().map(When::of),
            dated_by: dated_by(line.clock),
            agency: line.agency.clone(),
            url: outside(line.url.as_deref()),
            version_of: line.version_of.as_deref().map(article_link),
            versions: line.versions.iter().map(version_summary).collect(),
            shares: shares.filter(|(_, list)| !list.is_empty()).map(|(kind, list)| (kind, list.join(", "))).collect(),
            compare: compared.map(|other| at("/compare", &[("a", other), ("b", &line.id)])),
            copies: line.copies.iter().map(|copy| Line::of(copy, Some(&line.id))).collect(),
            copies_told: counted(line.copies.len() as u64, "copy"),
        }
    }
}

/// A date that the file itself states needs no word.
pub(super) fn dated_by(clock: Option<Origin>) -> &'static str {
    match clock {
        Some(Origin::Page) => "dated by its page",
        Some(Origin::Feed) => "dated by its feed",
        Some(Origin::Url) => "dated by its address",
        Some(Origin::Text) => "dated by its text",
        Some(Origin::Field) | None => "",
    }
}

/// A story near it.
pub(super) struct Link {
    kind: &'static str,
    link: String,
    headline: String,
    days: String,
    articles: String,
}

impl Link {
    fn of(link: &LinkedStory) -> Link {
        Link {
            kind: link_words(link.kind),
            link: story_link(link.story.as_str()),
            headline: link.headline.clone(),
            days: days_between(link.first.as_deref(), link.first.as_deref()),
            articles: counted(link.articles as u64, "article"),
        }
    }
}

/// How it was covered.
struct Covered {
    first: Option<String>,
    outlets: Vec<Outlet>,
    facts: Vec<Fact>,
    only: Vec<Only>,
    absent: Vec<String>,
    absent_left_out: usize,
}

struct Outlet {
    name: String,
    articles: usize,
    first: String,
    words: usize,
    bar: Bar,
}

/// Shares of words in percent, which together are 100, or 0 where there are none.
struct Bar {
    own: usize,
    shared: usize,
    copied: usize,
}

struct Fact {
    kind: &'static str,
    text: String,
    outlets: String,
}

struct Only {
    outlet: String,
    link: String,
    told: Vec<(&'static str, String)>,
}

/// Articles of a story that are shown.
const SHOWN: usize = 300;

/// Articles up to which coverage is worked out unasked.
const COVERED_UNASKED: usize = 80;

pub(super) async fn page(
    State(site): State<Arc<Site>>,
    Path(id): Path<String>,
    Asked(asked): Asked<AskedStory>,
) -> Result<Response, Problem> {
    // Whether it is large is in memory; a story that is asked for by a former name costs no more than a small one.
    let cost = if asked.coverage { Cost::Long } else { Cost::Short };
    site.ask(cost, move |collection| match shown(collection, "story", &id)? {
        View::Story(story) if story.story.as_str() == id => Ok(of(collection, &story, asked.coverage)?.into_response()),
        // The name leads to the story that it has become part of.
        View::Story(story) => Ok(Redirect::temporary(&story_link(story.story.as_str())).into_response()),
        View::Article(article) => Ok(Redirect::temporary(&story_link(article.story.as_str())).into_response()),
    })
    .await
}

fn of(collection: &Collection, story: &StoryView, asked: bool) -> Result<Page, Problem> {
    let copies: usize = story.articles.iter().map(|line| line.copies.len()).sum();
    let n_articles = story.articles.len() + copies;
    let covered = match n_articles {
        1 => None,
        n if n <= COVERED_UNASKED || asked => Some(Covered::of(&collection.coverage(story.story.as_str())?)),
        _ => None,
    };
    // Each is compared with the first that is neither a copy nor an older version, and that with the one behind it.
    let compared: Vec<&str> =
        story.articles.iter().filter(|line| line.version_of.is_none()).map(|line| line.id.as_str()).take(2).collect();
    let other = |line: &ArticleLine| compared.iter().find(|id| **id != line.id).copied();
    let id = story.story.to_string();
    Page::of(&StoryPage {
        frame: Frame::of(Some(collection), &story.headline),
        headline: story.headline.clone(),
        counts: counts(n_articles, story.outlets.len(), copies),
        days: days_between(story.first.as_deref(), story.last.as_deref()),
        timeline: Timeline::of(story),
        shared: story
            .shared_terms
            .iter()
            .map(|shared| Shared {
                term: shared.term.clone(),
                articles: shared.articles,
                link: at("/search", &[("q", &shared.term)]),
            })
            .collect(),
        articles: story.articles.iter().take(SHOWN).map(|line| Line::of(line, other(line))).collect(),
        left_out: story.articles.len().saturating_sub(SHOWN),
        coverage_link: (n_articles > 1 && covered.is_none())
            .then(|| format!("{}?coverage=true#coverage", story_link(&id))),
        covered,
        links: story.links.iter().map(Link::of).collect(),
        json: format!("/api/v1/stories/{id}"),
        id,
    })
}

/// Outlets without it that are named.
const NAMED_ABSENT: usize = 12;

/// Quotations of one article that are shown, and characters of each.
const SHOWN_QUOTATIONS: usize = 2;
const LONGEST_QUOTATION: usize = 180;

fn quoted(text: &str) -> String {
    format!("“{}”", shortened(text, LONGEST_QUOTATION))
}

/// Facts that are shown.
const SHOWN_FACTS: usize = 14;

impl Covered {
    fn of(coverage: &Coverage) -> Covered {
        let unknown = "Unknown outlet";
        let outlet_of: FxHashMap<&str, &str> = coverage
            .pieces
            .iter()
            .map(|piece| (piece.id.as_str(), piece.outlet.as_deref().unwrap_or(unknown)))
            .collect();
        let outlets = coverage.outlets.iter().map(|outlet| Outlet {
            name: outlet.outlet.clone().unwrap_or_else(|| unknown.to_owned()),
            articles: outlet.articles,
            first: outlet.first.as_deref().map_or_else(|| "undated".to_owned(), |first| When::of(first).shown),
            words: outlet.words.all(),
            bar: Bar::of(&outlet.words),
        });
        let fact = |fact: &samestory::Fact| {
            let mut outlets: Vec<&str> =
                fact.articles.iter().filter_map(|id| outlet_of.get(id.as_str()).copied()).collect();
            outlets.dedup();
            Fact {
                kind: match fact.kind {
                    FactKind::Quotation => "quotation",
                    FactKind::Name => "name",
                    FactKind::Number => "number",
                },
                text: match fact.kind {
                    FactKind::Quotation => quoted(&fact.text),
                    FactKind::Name | FactKind::Number => fact.text.clone(),
                },
                outlets: outlets.join(", "),
            }
        };
        let only = coverage.pieces.iter().filter_map(|piece| {
            let quotations: Vec<String> =
                piece.only.quotations.iter().take(SHOWN_QUOTATIONS).map(|text| quoted(text)).collect();
            let told = [("names", &piece.only.names), ("numbers", &piece.only.numbers), ("quotations", &quotations)];
            let told: Vec<(&'static str, String)> = told
                .into_iter()
                .filter(|(_, list)| !list.is_empty())
                .map(|(kind, list)| (kind, list.join(if kind == "quotations" { " " } else { ", " })))
                .collect();
            (!told.is_empty()).then(|| Only {
                outlet: piece.outlet.clone().unwrap_or_else(|| unknown.to_owned()),
                link: article_link(&piece.id),
                told,
            })
        });
        Covered {
            first: coverage.first.as_ref().map(first_told),
            outlets: outlets.collect(),
            facts: coverage.facts.iter().take(SHOWN_FACTS).map(fact).collect(),
            only: only.take(SHOWN_FACTS).collect(),
            absent: coverage.absent.iter().take(NAMED_ABSENT).map(|absent| absent.outlet.clone()).collect(),
            absent_left_out: coverage.absent.len().saturating_sub(NAMED_ABSENT),
        }
    }
}

impl Bar {
    fn of(words: &WordCounts) -> Bar {
        if words.all() == 0 {
            return Bar { own: 0, shared: 0, copied: 0 };
        }
        let percent = |part: usize| (100.0 * part as f64 / words.all() as f64).round() as usize;
        let (copied, shared) = (percent(words.copied), percent(words.shared));
        Bar { own: 100 - (copied + shared).min(100), shared: shared.min(100 - copied), copied }
    }
}

fn first_told(first: &FirstReport) -> String {
    let (clock, precision) = (clock_words(first.clock), precision_words(first.precision));
    let outlet = first.outlet.as_deref().unwrap_or("an unknown outlet");
    let rivals = match first.rivals.len() {
        0 => "Nobody else can have been earlier, by what the clocks show.".to_owned(),
        n => format!("{} may have been earlier.", counted(n as u64, "other article")),
    };
    format!("{outlet}, {}, known to {precision} by {clock}. {rivals}", When::of(&first.time).shown)
}
