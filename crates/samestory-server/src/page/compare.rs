//! The page of two articles side by side.

use std::ops::Range;
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use samestory::article::Article;
use samestory::wording::{counted, direction_text};
use samestory::{Collection, CollectionError, ComparedArticle, Comparison, SharedPassage};
use serde::Deserialize;

use super::marked::paragraphs;
use super::when::When;
use super::{Frame, Page, article_link, at, shortened, story_link};
use crate::ask::{Asked, LONGEST_NAME, Site, text};
use crate::problem::Problem;
use crate::turns::Cost;

#[derive(Debug, Deserialize)]
pub(super) struct AskedPair {
    a: String,
    b: String,
}

#[derive(Template)]
#[template(path = "compare.html")]
struct ComparePage {
    frame: Frame,
    verdict: &'static str,
    probability: String,
    story_link: Option<String>,
    shares: Vec<(&'static str, String)>,
    wording: Option<String>,
    passages_told: String,
    direction: String,
    passages: Vec<Passage>,
    sides: Vec<SideView>,
    features: Vec<Feature>,
    json: String,
}

/// A passage in the list of all.
struct Passage {
    number: usize,
    kind: &'static str,
    alike: String,
    text: String,
    direction: String,
}

/// One of the two articles.
struct SideView {
    /// `a` or `b`.
    name: &'static str,
    other: &'static str,
    link: String,
    headline: String,
    outlet: String,
    when: Option<When>,
    paragraphs: Vec<Vec<Part>>,
}

struct Part {
    text: String,
    /// Numbers of the passages that begin here.
    begins: Vec<usize>,
    /// The passage that it is part of, and its kind.
    passage: Option<(usize, &'static str)>,
}

struct Feature {
    meaning: &'static str,
    value: String,
    contribution: String,
    speaks_for: bool,
}

/// Features that move the log odds by less are left out.
const LEAST_SHOWN: f64 = 0.05;

/// Characters of a passage in the list.
const SHOWN: usize = 220;

pub(super) async fn page(State(site): State<Arc<Site>>, Asked(asked): Asked<AskedPair>) -> Result<Page, Problem> {
    let AskedPair { a, b } = asked;
    text("a", &a, LONGEST_NAME)?;
    text("b", &b, LONGEST_NAME)?;
    site.ask(Cost::Long, move |collection| match collection.compare(&a, &b) {
        Err(CollectionError::Unknown(name)) => Err(Problem::unknown("article", &name)),
        comparison => of(collection, &comparison?),
    })
    .await
}

fn of(collection: &Collection, comparison: &Comparison) -> Result<Page, Problem> {
    let article = |side: &ComparedArticle| -> Result<Article, Problem> {
        collection.find_article(&side.id)?.ok_or_else(|| Problem::unknown("article", &side.id))
    };
    let (a, b) = (article(&comparison.a)?, article(&comparison.b)?);
    let passages = &comparison.reuse.passages;
    let outlet = |side: &ComparedArticle| side.outlet.clone().unwrap_or_else(|| "Unknown outlet".to_owned());
    let names = match outlet(&comparison.a) == outlet(&comparison.b) {
        true => ["the first".to_owned(), "the second".to_owned()],
        false => [outlet(&comparison.a), outlet(&comparison.b)],
    };
    let passage = |(number, passage): (usize, &SharedPassage)| Passage {
        number: number + 1,
        kind: passage.kind.name(),
        alike: match passage.exact {
            true => "word for word".to_owned(),
            false => format!("{:.0} % alike", (100.0 * passage.similarity).min(99.0)),
        },
        text: shortened(&passage.a.text, SHOWN),
        direction: match passage.direction.source {
            Some(_) => direction_text(&passage.direction, &names[0], &names[1]),
            None => String::new(),
        },
    };
    let shared = &comparison.shared;
    let shares = [("names", &shared.names), ("numbers", &shared.numbers), ("words", &shared.terms)];
    let mut features: Vec<_> =
        comparison.features.iter().filter(|feature| feature.contribution.abs() >= LEAST_SHOWN).collect();
    features.sort_by(|x, y| y.contribution.abs().total_cmp(&x.contribution.abs()));
    let (a_share, b_share) = (100.0 * comparison.reuse.a_share, 100.0 * comparison.reuse.b_share);
    Page::of(&ComparePage {
        frame: Frame::of(Some(collection), "Two articles side by side"),
        verdict: if comparison.same_story { "One story" } else { "Two stories" },
        probability: format!("{:.0} %", 100.0 * comparison.probability),
        story_link: comparison
            .same_story
            .then(|| comparison.a.story.as_ref().map(|story| story_link(story.as_str())))
            .flatten(),
        shares: shares
            .into_iter()
            .filter(|(_, list)| !list.is_empty())
            .map(|(kind, list)| (kind, list.join(", ")))
            .collect(),
        wording: (!passages.is_empty()).then(|| {
            format!("{a_share:.0} % of the words of {} and {b_share:.0} % of those of {}", names[0], names[1])
        }),
        passages_told: counted(passages.len() as u64, "shared passage"),
        direction: match passages.is_empty() {
            true => String::new(),
            false => direction_text(&comparison.reuse.direction, &names[0], &names[1]),
        },
        passages: passages.iter().enumerate().map(passage).collect(),
        sides: vec![
            side(("a", "b"), &comparison.a, &a, passages, |passage| passage.a.start..passage.a.end),
            side(("b", "a"), &comparison.b, &b, passages, |passage| passage.b.start..passage.b.end),
        ],
        features: features
            .into_iter()
            .map(|feature| Feature {
                meaning: feature.meaning,
                value: format!("{:.2}", feature.value),
                contribution: format!("{:+.2}", feature.contribution),
                speaks_for: feature.contribution > 0.0,
            })
            .collect(),
        json: at("/api/v1/compare", &[("a", &comparison.a.id), ("b", &comparison.b.id)]),
    })
}

fn side(
    (name, other): (&'static str, &'static str),
    compared: &ComparedArticle,
    article: &Article,
    passages: &[SharedPassage],
    place: impl Fn(&SharedPassage) -> Range<usize>,
) -> SideView {
    let marks: Vec<Range<usize>> = passages.iter().map(place).collect();
    let places: Vec<Range<usize>> = article.printed_paragraphs().collect();
    let part = |part: super::marked::Part| Part {
        text: part.text,
        begins: part.begins.iter().map(|at| at + 1).collect(),
        passage: part.marks.first().map(|at| (at + 1, passages[*at].kind.name())),
    };
    let paragraphs = paragraphs(&article.text, &places, &marks);
    SideView {
        name,
        other,
        link: article_link(&compared.id),
        headline: compared.headline.clone(),
        outlet: compared.outlet.clone().unwrap_or_else(|| "Unknown outlet".to_owned()),
        when: compared.time.as_deref().map(When::of),
        paragraphs: paragraphs.into_iter().map(|parts| parts.into_iter().map(part).collect()).collect(),
    }
}
