//! `samestory match`: which story a text belongs to.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use samestory::wording::counted;
use samestory::{ArticleMatch, Collection, Settings};

use crate::args::MatchArgs;
use crate::input::articles;
use crate::output::{Failure, Style, print_json, shorten};

pub(crate) fn run(args: &MatchArgs, folder: &Path, mut settings: Settings) -> Result<ExitCode, Failure> {
    args.input.reading.apply(&mut settings);
    let collection = Collection::open(folder)?;
    let reading = articles(&args.input.paths, &settings)?;
    let mut rows = Vec::with_capacity(reading.articles.len());
    for article in &reading.articles {
        let found = collection.find_match(article)?;
        rows.push(ArticleMatch { article: article.id.to_string(), headline: article.headline.clone(), found });
    }
    if args.json {
        print_json(&rows)?;
    } else {
        print_rows(&rows)?;
    }
    Ok(if reading.rejected.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn print_rows(rows: &[ArticleMatch]) -> Result<(), Failure> {
    let style = Style::of_stdout();
    let mut out = std::io::stdout().lock();
    for ArticleMatch { article, found, .. } in rows {
        let answer = match (&found.story, &found.copy_of) {
            (Some(story), Some(copied)) => format!("story {story}, a copy of {copied}"),
            (Some(story), None) => format!("story {story}"),
            (None, _) => "a story of its own".to_owned(),
        };
        writeln!(out, "{}  {answer}", style.bold(shorten(article, 80)))?;
        for near in &found.near {
            writeln!(
                out,
                "  {}  {:.2}  {}  ({}, nearest: {} {:.2})",
                near.story,
                near.similarity,
                shorten(&near.headline, 80),
                counted(near.articles as u64, "article"),
                shorten(&near.nearest, 60),
                near.probability,
            )?;
        }
    }
    Ok(())
}
