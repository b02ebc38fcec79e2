//! `samestory search`: stories by keyword.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use samestory::index::SearchFilter;
use samestory::wording::counted;
use samestory::{Collection, SearchPage, WrittenFilter};

use crate::args::{FilterArgs, SearchArgs};
use crate::commands::show::print_link;
use crate::output::{Failure, Style, days, print_json, shorten, tell};

impl FilterArgs {
    /// The filter these options stand for.
    pub(crate) fn to_filter(&self) -> Result<SearchFilter, Failure> {
        let written = WrittenFilter {
            outlet: self.outlet.as_deref(),
            language: self.language.as_deref(),
            from: self.from.as_deref(),
            to: self.to.as_deref(),
        };
        written.read().map_err(Failure::usage)
    }
}

/// Links of a story that are printed; JSON has all.
const SHOWN_LINKS: usize = 2;

pub(crate) fn run(args: &SearchArgs, folder: &Path) -> Result<ExitCode, Failure> {
    let filter = args.filter.to_filter()?;
    let collection = Collection::open(folder)?;
    let filter = collection.with_known_outlet(filter);
    let page = SearchPage { order: args.sort.order(), offset: 0, limit: args.limit };
    let answer = collection.search_page(&args.query.join(" "), &filter, &page)?;
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
