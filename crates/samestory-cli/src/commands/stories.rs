//! `samestory stories`: a list of stories.

use std::cmp::Reverse;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use samestory::index::SearchFilter;
use samestory::{Collection, StorySummary, instant};
use serde::Serialize;

use crate::args::{StoriesArgs, StoryOrder};
use crate::output::{Failure, Style, days, print_json, shorten, table, tell};

/// A story in `--json`, and in `export --what stories`.
#[derive(Debug, Serialize)]
pub(crate) struct StoryRow {
    id: String,
    headline: String,
    articles: usize,
    copies: u32,
    older_versions: u32,
    outlets: Vec<String>,
    languages: Vec<String>,
    first: Option<String>,
    last: Option<String>,
}

impl From<StorySummary> for StoryRow {
    fn from(story: StorySummary) -> Self {
        StoryRow {
            id: story.id.to_string(),
            headline: story.headline,
            articles: story.articles.len(),
            copies: story.copies,
            older_versions: story.older_versions,
            outlets: story.outlets,
            languages: story.languages,
            first: story.first.map(instant),
            last: story.last.map(instant),
        }
    }
}

pub(crate) fn run(args: &StoriesArgs, folder: &Path) -> Result<ExitCode, Failure> {
    let filter = args.filter.to_filter()?;
    let collection = Collection::open(folder)?;
    let filter = collection.with_known_outlet(filter);
    let mut stories: Vec<StorySummary> = collection.stories()?.into_iter().map(|(_, story)| story).collect();
    stories.retain(|story| {
        story.articles.len() >= args.min_articles && story.outlets.len() >= args.min_outlets && passes(story, &filter)
    });
    match args.sort {
        StoryOrder::Articles => stories.sort_by_key(|story| (Reverse(story.articles.len()), story.id.clone())),
        StoryOrder::Outlets => stories.sort_by_key(|story| (Reverse(story.outlets.len()), story.id.clone())),
        StoryOrder::Newest => {
            stories.sort_by_key(|story| (story.last.is_none(), Reverse(story.last), story.id.clone()))
        }
        StoryOrder::Oldest => stories.sort_by_key(|story| (story.first.is_none(), story.first, story.id.clone())),
    }
    let found = stories.len();
    let rows: Vec<StoryRow> = stories.into_iter().take(args.limit).map(StoryRow::from).collect();
    if args.json {
        print_json(&rows)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut lines = table(&["story", "articles", "outlets", "when", "headline"], &[1, 2]);
    for row in &rows {
        lines.add_row([
            row.id.clone(),
            row.articles.to_string(),
            row.outlets.len().to_string(),
            days(row.first.as_deref(), row.last.as_deref()),
            shorten(&row.headline, 80),
        ]);
    }
    let style = Style::of_stdout();
    let mut out = std::io::stdout().lock();
    for (at, line) in lines.to_string().lines().enumerate() {
        writeln!(out, "{}", if at == 0 { style.bold(line.trim_end()) } else { line.trim_end().to_owned() })?;
    }
    if found > rows.len() {
        tell(format_args!("{} of {found} stories; more with --limit", rows.len()));
    }
    Ok(ExitCode::SUCCESS)
}

/// A story passes where it touches the window and has the outlet and the language.
fn passes(story: &StorySummary, filter: &SearchFilter) -> bool {
    let outlet = |wanted: &String| story.outlets.iter().any(|outlet| outlet.to_lowercase() == wanted.to_lowercase());
    filter.outlet.as_ref().is_none_or(outlet)
        && filter.language.is_none_or(|wanted| story.languages.iter().any(|code| code == wanted.code()))
        && filter.from.is_none_or(|from| story.last.is_some_and(|last| last >= from))
        && filter.before.is_none_or(|before| story.first.is_some_and(|first| first < before))
}
