//! `samestory search`: stories by keyword.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use samestory::article::Language;
use samestory::index::SearchFilter;
use samestory::ingest::parse_time;
use samestory::{Collection, article::Precision};

use crate::args::{FilterArgs, SearchArgs};
use crate::commands::show::print_link;
use crate::output::{Failure, Style, counted, days, print_json, shorten, tell};

impl FilterArgs {
    /// The filter these options stand for.
    pub(crate) fn to_filter(&self) -> Result<SearchFilter, Failure> {
        let language = match &self.language {
            Some(code) => Some(
                Language::parse(code)
                    .ok_or_else(|| Failure::usage(format!("`{code}` is no language code, such as `en`")))?,
            ),
            None => None,
        };
        let time = |written: &Option<String>| match written {
            Some(written) => parse_time(written).map(Some).ok_or_else(|| {
                Failure::usage(format!("`{written}` is no date, such as 2020-01-08 or 2020-01-08T15:00:00Z"))
            }),
            None => Ok(None),
        };
        let end = |time: samestory::article::ArticleTime| match time.precision {
            Precision::Day => time.seconds + 86_400,
            Precision::Minute | Precision::Second => time.seconds,
        };
        Ok(SearchFilter {
            outlet: self.outlet.clone(),
            language,
            from: time(&self.from)?.map(|time| time.seconds),
            before: time(&self.to)?.map(end),
        })
    }
}

/// Links of a story that are printed; JSON has all.
const SHOWN_LINKS: usize = 2;

pub(crate) fn run(args: &SearchArgs, folder: &Path) -> Result<ExitCode, Failure> {
    let filter = args.filter.to_filter()?;
    let collection = Collection::open(folder)?;
    let filter = collection.with_known_outlet(filter);
    let answer = collection.search(&args.query.join(" "), &filter, args.limit)?;
    if args.json {
        print_json(&answer)?;
        return Ok(ExitCode::SUCCESS);
    }
    if answer.stories.is_empty() {
        tell("no story found");
    } else if answer.relaxed {
        tell("no article has all of these words; stories with some of them:");
    }
    let style = Style::of_stdout();
    let mut out = std::io::stdout().lock();
    for story in &answer.stories {
        let outlets = shorten(&story.outlets.join(", "), 60);
        writeln!(out, "{}  {}", style.bold(&story.story), style.bold(shorten(&story.headline, 100)))?;
        writeln!(
            out,
            "  {}",
            style.faint(format!(
                "{}, matching: {} | {} | {outlets}",
                counted(story.articles as u64, "article"),
                story.matching,
                days(story.first.as_deref(), story.last.as_deref()),
            ))
        )?;
        if !story.snippet.text.is_empty() {
            writeln!(out, "  {}", style.snippet(&story.snippet))?;
        }
        for link in story.links.iter().take(SHOWN_LINKS) {
            print_link(&mut out, style, link, "  ")?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
