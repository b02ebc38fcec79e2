//! `samestory coverage`: how a story was covered.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use samestory::wording::{clock_words, counted, precision_words};
use samestory::{Collection, Coverage, FactKind, FirstReport, Piece, View, WordCounts};

use super::show::print_link;
use crate::args::CoverageArgs;
use crate::output::{Failure, Style, print_json, shorten, table, visible};
use crate::passages::width;

pub(crate) fn run(args: &CoverageArgs, folder: &Path) -> Result<ExitCode, Failure> {
    let collection = Collection::open(folder)?;
    let story = match collection.show(&args.name)? {
        View::Story(story) => story.story,
        View::Article(article) => article.story,
    };
    let coverage = collection.coverage(story.as_str())?;
    if args.json {
        print_json(&coverage)?;
    } else {
        print(&mut std::io::stdout().lock(), Style::of_stdout(), &coverage)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Absent outlets that are named.
const NAMED_ABSENT: usize = 12;

fn print(out: &mut impl Write, style: Style, coverage: &Coverage) -> std::io::Result<()> {
    writeln!(out, "{}  {}", style.bold(&coverage.story), style.bold(visible(&coverage.headline)))?;
    match &coverage.first {
        Some(first) => print_first(out, style, first)?,
        None => writeln!(out, "first: unknown, no article has a time")?,
    }
    writeln!(out)?;
    print_outlets(out, coverage)?;
    writeln!(out)?;
    for piece in &coverage.pieces {
        print_piece(out, style, piece)?;
    }
    print_facts(out, coverage)?;
    if !coverage.absent.is_empty() {
        let named: Vec<String> = coverage
            .absent
            .iter()
            .take(NAMED_ABSENT)
            .map(|absent| format!("{} ({})", visible(&absent.outlet), absent.articles))
            .collect();
        let more = coverage.absent.len() - named.len();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        writeln!(out, "\nactive in these days without it, with articles: {}{more}", named.join(", "))?;
    }
    if !coverage.links.is_empty() {
        writeln!(out)?;
    }
    coverage.links.iter().try_for_each(|link| print_link(out, style, link, ""))
}

fn print_first(out: &mut impl Write, style: Style, first: &FirstReport) -> std::io::Result<()> {
    let (clock, precision) = (clock_words(first.clock), precision_words(first.precision));
    let certain = match first.rivals.as_slice() {
        [] => "nobody else can have been earlier by what the clocks show".to_owned(),
        [one] => format!("{} may have been earlier", visible(one)),
        [one, others @ ..] => {
            format!("{} and {} may have been earlier", visible(one), counted(others.len() as u64, "other"))
        }
    };
    let outlet = first.outlet.as_deref().unwrap_or("unknown outlet");
    writeln!(out, "first: {}  {}  {}", first.time, style.bold(visible(outlet)), visible(&first.id))?;
    writeln!(out, "  {}", style.faint(format!("to {precision} by {clock}; {certain}")))
}

fn print_outlets(out: &mut impl Write, coverage: &Coverage) -> std::io::Result<()> {
    let mut rows = table(&["outlet", "articles", "first", "words", "copied", "shared", "own"], &[1, 3, 4, 5, 6]);
    for outlet in &coverage.outlets {
        let words = &outlet.words;
        rows.add_row([
            visible(outlet.outlet.as_deref().unwrap_or("unknown outlet")).into_owned(),
            outlet.articles.to_string(),
            outlet.first.clone().unwrap_or_else(|| "undated".to_owned()),
            words.all().to_string(),
            share(words, words.copied),
            share(words, words.shared),
            share(words, words.own),
        ]);
    }
    for line in rows.to_string().lines() {
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

fn share(words: &WordCounts, part: usize) -> String {
    format!("{:.0} %", 100.0 * part as f64 / words.all().max(1) as f64)
}

fn print_piece(out: &mut impl Write, style: Style, piece: &Piece) -> std::io::Result<()> {
    let outlet = piece.outlet.as_deref().unwrap_or("unknown outlet");
    let time = piece.time.as_deref().unwrap_or("undated");
    writeln!(out, "{time}  {}  {}", style.bold(visible(outlet)), visible(&piece.headline))?;
    let words = &piece.words;
    let mut facts = vec![
        format!("id {}", visible(&piece.id)),
        counted(words.all() as u64, "word"),
        format!("copied {}", share(words, words.copied)),
        format!("shared {}", share(words, words.shared)),
        format!("own {}", share(words, words.own)),
    ];
    facts.extend(piece.agency.iter().map(|agency| format!("credits {}", visible(agency))));
    facts.extend(piece.copy_of.iter().map(|of| format!("copy of {}", visible(of))));
    facts.extend(piece.version_of.iter().map(|of| format!("older version of {}", visible(of))));
    facts.extend(piece.source.iter().map(|source| format!("from {}", visible(source))));
    writeln!(out, "  {}", style.faint(facts.join(" | ")))?;
    let quotations: Vec<String> = piece.only.quotations.iter().map(|text| format!("“{}”", shorten(text, 60))).collect();
    for (kind, list) in [("names", &piece.only.names), ("numbers", &piece.only.numbers), ("quotations", &quotations)] {
        if !list.is_empty() {
            writeln!(out, "  {}", style.faint(format!("only here: {kind} {}", visible(&list.join(", ")))))?;
        }
    }
    Ok(())
}

fn print_facts(out: &mut impl Write, coverage: &Coverage) -> std::io::Result<()> {
    if coverage.facts.is_empty() {
        return Ok(());
    }
    let compared = coverage.pieces.iter().filter(|piece| piece.copy_of.is_none() && piece.version_of.is_none()).count();
    writeln!(out, "\nwhat some carry, of {} without copies:", counted(compared as u64, "article"))?;
    let room = width().saturating_sub(30);
    for fact in &coverage.facts {
        let text = match fact.kind {
            FactKind::Quotation => format!("“{}”", shorten(&fact.text, room)),
            FactKind::Name | FactKind::Number => visible(&fact.text).into_owned(),
        };
        writeln!(out, "  {} {text}: {}", fact.articles.len(), visible(&fact.articles.join(", ")))?;
    }
    Ok(())
}
