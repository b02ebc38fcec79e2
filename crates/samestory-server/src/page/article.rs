//! The page of an article.

use std::ops::Range;
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use rustc_hash::FxHashMap;
use samestory::article::Article;
use samestory::reuse::PassageKind;
use samestory::wording::counted;
use samestory::{ArticleLine, ArticleVersions, ArticleView, Collection, ReusePair, StoryView, View, article_versions};
use serde::Deserialize;

use super::diff::Step;
use super::marked::paragraphs;
use super::story::Line;
use super::when::When;
use super::{Frame, Page, at, story_link};
use crate::api::{shown, version_chain};
use crate::ask::{Asked, LONGEST_NAME, Site, text};
use crate::problem::Problem;
use crate::turns::Cost;

#[derive(Debug, Deserialize)]
pub(super) struct AskedArticle {
    id: String,
    /// Passages of a large story are looked for when they are asked for.
    #[serde(default)]
    passages: bool,
}

#[derive(Template)]
#[template(path = "article.html")]
struct ArticlePage {
    frame: Frame,
    line: Line,
    id: String,
    copy_of: Option<String>,
    facts: Vec<(&'static str, String)>,
    standfirst: Option<String>,
    paragraphs: Vec<Vec<Part>>,
    marked: bool,
    /// Where passages are to be asked for.
    passages_link: Option<String>,
    story_link: String,
    story_headline: String,
    others_told: String,
    others: Vec<Line>,
    others_left_out: usize,
    editions: Vec<Edition>,
    steps: Vec<Step>,
    feed: String,
    json: String,
}

impl ArticlePage {
    /// The language of the text, as a page names it.
    fn language(&self) -> Option<&str> {
        self.facts.iter().find(|(name, _)| *name == "Language").map(|(_, code)| code.as_str())
    }
}

/// A part of the text.
struct Part {
    text: String,
    /// Where it can be seen beside another article.
    link: Option<String>,
    also_in: String,
}

struct Edition {
    number: u32,
    headline: String,
    when: Option<When>,
}

/// Other articles that are listed, and up to which passages are looked for unasked.
const LISTED: usize = 12;
const PASSAGES_UNASKED: usize = 40;

pub(super) async fn page(
    State(site): State<Arc<Site>>,
    Asked(asked): Asked<AskedArticle>,
) -> Result<Response, Problem> {
    text("id", &asked.id, LONGEST_NAME)?;
    let cost = if asked.passages { Cost::Long } else { Cost::Short };
    site.ask(cost, move |collection| match shown(collection, "article", &asked.id)? {
        View::Article(view) => Ok(of(collection, &view, asked.passages)?.into_response()),
        View::Story(story) => Ok(Redirect::temporary(&story_link(story.story.as_str())).into_response()),
    })
    .await
}

fn of(collection: &Collection, view: &ArticleView, asked: bool) -> Result<Page, Problem> {
    let id = view.line.id.as_str();
    let article = collection.find_article(id)?.ok_or_else(|| Problem::unknown("article", id))?;
    let View::Story(story) = shown(collection, "story", view.story.as_str())? else {
        return Err(Problem::unknown("story", view.story.as_str()));
    };
    let looks = view.others > 0 && (asked || view.others <= PASSAGES_UNASKED);
    let pairs = if looks { collection.passages(view.story.as_str())? } else { Vec::new() };
    let versions = article_versions(&version_chain(collection, id)?);
    let others: Vec<&ArticleLine> = story
        .articles
        .iter()
        .flat_map(|line| std::iter::once(line).chain(&line.copies))
        .filter(|line| line.id != id)
        .collect();
    let paragraphs = marked_paragraphs(&article, &pairs, &others);
    let facts = [
        ("By", &view.byline),
        ("Place", &view.dateline),
        ("Section", &view.section),
        ("Agency", &view.line.agency),
        ("Language", &view.line.language),
    ];
    Page::of(&ArticlePage {
        frame: Frame::of(Some(collection), &view.line.headline),
        line: Line::of(&view.line, None),
        id: id.to_owned(),
        copy_of: view.copy_of.as_deref().map(super::article_link),
        facts: facts.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))).collect(),
        standfirst: view.standfirst.clone(),
        marked: paragraphs.iter().flatten().any(|part| part.link.is_some()),
        paragraphs,
        passages_link: (view.others > 0 && !looks).then(|| at("/article", &[("id", id), ("passages", "true")])),
        story_link: story_link(view.story.as_str()),
        story_headline: story.headline.clone(),
        others_told: counted(view.others as u64, "other article"),
        others: listed(&story, id),
        others_left_out: others.len().saturating_sub(LISTED),
        editions: editions(&versions),
        steps: versions.changes.iter().map(Step::of).collect(),
        feed: at("/article/feed.atom", &[("id", id)]),
        json: at("/api/v1/article", &[("id", id)]),
    })
}

fn editions(versions: &ArticleVersions) -> Vec<Edition> {
    let edition = |edition: &samestory::EditionLine| Edition {
        number: edition.number,
        headline: edition.headline.clone(),
        when: edition.time.as_deref().map(When::of),
    };
    versions.versions.iter().map(edition).collect()
}

/// The other articles of its story, each to be compared with it.
fn listed(story: &StoryView, id: &str) -> Vec<Line> {
    let all = story.articles.iter().flat_map(|line| std::iter::once(line).chain(&line.copies));
    all.filter(|line| line.id != id)
        .take(LISTED)
        .map(|line| {
            let mut line = Line::of(line, Some(id));
            line.copies.clear();
            line
        })
        .collect()
}

/// The text with what other articles of the story have too, each part leading to where it can be seen beside them.
fn marked_paragraphs(article: &Article, pairs: &[ReusePair], others: &[&ArticleLine]) -> Vec<Vec<Part>> {
    let id = article.id.as_str();
    let outlets: FxHashMap<&str, &str> =
        others.iter().map(|line| (line.id.as_str(), line.outlet.as_deref().unwrap_or("an unknown outlet"))).collect();
    let mut ranges: Vec<Range<usize>> = Vec::new();
    let mut marks: Vec<(String, &str)> = Vec::new();
    for pair in pairs {
        let (is_first, other) = match (pair.a == id, pair.b == id) {
            (true, _) => (true, pair.b.as_str()),
            (_, true) => (false, pair.a.as_str()),
            _ => continue,
        };
        for (number, passage) in pair.reuse.passages.iter().enumerate() {
            if passage.kind == PassageKind::Template {
                continue;
            }
            let (side, own) = if is_first { ("a", &passage.a) } else { ("b", &passage.b) };
            let compared = at("/compare", &[("a", &pair.a), ("b", &pair.b)]);
            ranges.push(own.start..own.end);
            marks.push((format!("{compared}#{side}{}", number + 1), outlets.get(other).copied().unwrap_or(other)));
        }
    }
    let places: Vec<Range<usize>> = article.printed_paragraphs().collect();
    let part = |part: super::marked::Part| {
        let mut also_in: Vec<&str> = part.marks.iter().map(|at| marks[*at].1).collect();
        also_in.sort_unstable();
        also_in.dedup();
        Part { link: part.marks.first().map(|at| marks[*at].0.clone()), also_in: also_in.join(", "), text: part.text }
    };
    let paragraphs = paragraphs(&article.text, &places, &ranges);
    paragraphs.into_iter().map(|parts| parts.into_iter().map(part).collect()).collect()
}
