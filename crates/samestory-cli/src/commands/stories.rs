//! `samestory stories`: a list of stories.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use samestory::{Collection, StorySelection, instant};

use crate::args::StoriesArgs;
use crate::output::{Failure, Style, days, print_json, shorten, table, tell};

pub(crate) fn run(args: &StoriesArgs, folder: &Path) -> Result<ExitCode, Failure> {
    let filter = args.filter.to_filter()?;
    let collection = Collection::open(folder)?;
    let selected = collection.story_list()?.select(&StorySelection {
        filter: collection.with_known_outlet(filter),
        min_articles: args.min_articles,
        min_outlets: args.min_outlets,
        order: args.sort.order(),
        offset: 0,
        limit: args.limit,
    });
    let rows = selected.stories;
    if args.json {
        print_json(&rows)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut lines = table(&["story", "articles", "outlets", "when", "headline"], &[1, 2]);
    for row in &rows {
        lines.add_row([
            row.id.to_string(),
            row.articles.to_string(),
            row.outlets.len().to_string(),
            days(row.first.map(instant).as_deref(), row.last.map(instant).as_deref()),
            shorten(&row.headline, 80),
        ]);
    }
    let style = Style::of_stdout();
    let mut out = std::io::stdout().lock();
    for (at, line) in lines.to_string().lines().enumerate() {
        writeln!(out, "{}", if at == 0 { style.bold(line.trim_end()) } else { line.trim_end().to_owned() })?;
    }
    if selected.found > rows.len() {
        tell(format_args!("{} of {} stories; more with --limit", rows.len(), selected.found));
    }
    Ok(ExitCode::SUCCESS)
}
