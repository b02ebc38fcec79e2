//! `samestory show`: one story or article in full.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use samestory::article::Origin;
use samestory::wording::{counted, link_words, version_summary};
use samestory::{ArticleLine, ArticleView, Collection, Evidence, LinkedStory, RawText, ReusePair, StoryView, View};
use serde::Serialize;

use crate::args::ShowArgs;
use crate::commands::diff::print_change;
use crate::output::{Failure, Style, days, print_json, visible};
use crate::passages::print_pair;

/// What is shown, with the passages that it shares where they are asked for.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    view: View,
    #[serde(skip_serializing_if = "Option::is_none")]
    passages: Option<Vec<ReusePair>>,
}

pub(crate) fn run(args: &ShowArgs, folder: &Path) -> Result<ExitCode, Failure> {
    let collection = Collection::open(folder)?;
    let view = if args.raw { collection.show_raw(&args.name)? } else { collection.show(&args.name)? };
    let passages = args.passages.then(|| passages(&collection, &view)).transpose()?;
    let shown = Shown { view, passages };
    if args.json {
        print_json(&shown)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut out = std::io::stdout().lock();
    let style = Style::of_stdout();
    match &shown.view {
        View::Story(story) => print_story(&mut out, style, story, args.versions)?,
        View::Article(article) => print_article(&mut out, style, article, args.versions)?,
    }
    for pair in shown.passages.iter().flatten() {
        writeln!(out)?;
        print_pair(&mut out, style, pair)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The passages of a story, or those of its pairs that an article is one of.
fn passages(collection: &Collection, view: &View) -> Result<Vec<ReusePair>, Failure> {
    Ok(match view {
        View::Story(story) => collection.passages(story.story.as_str())?,
        View::Article(article) => {
            let mut pairs = collection.passages(article.story.as_str())?;
            pairs.retain(|pair| pair.a == article.line.id || pair.b == article.line.id);
            pairs
        }
    })
}

fn print_story(out: &mut impl Write, style: Style, story: &StoryView, versions: bool) -> std::io::Result<()> {
    writeln!(out, "{}  {}", style.bold(&story.story), style.bold(&story.headline))?;
    let copies: usize = story.articles.iter().map(|line| line.copies.len()).sum();
    writeln!(
        out,
        "{} | {} | {} | {}",
        counted((story.articles.len() + copies) as u64, "article"),
        counted(story.outlets.len() as u64, "outlet"),
        counted(copies as u64, "copy"),
        days(story.first.as_deref(), story.last.as_deref()),
    )?;
    if !story.shared_terms.is_empty() {
        let terms: Vec<String> =
            story.shared_terms.iter().map(|shared| format!("{} ({})", shared.term, shared.articles)).collect();
        writeln!(out, "shared terms: {}", terms.join(", "))?;
    }
    for line in &story.articles {
        writeln!(out)?;
        print_line(out, style, line, "", versions)?;
        if let Some(evidence) = &line.evidence {
            print_evidence(out, style, evidence)?;
        }
    }
    if !story.links.is_empty() {
        writeln!(out)?;
    }
    for link in &story.links {
        print_link(out, style, link, "")?;
    }
    Ok(())
}

/// What an article shares with others of its story.
fn print_evidence(out: &mut impl Write, style: Style, evidence: &Evidence) -> std::io::Result<()> {
    let kinds = [("names", &evidence.names), ("numbers", &evidence.numbers), ("terms", &evidence.terms)];
    let told: Vec<String> = kinds
        .iter()
        .filter(|(_, terms)| !terms.is_empty())
        .map(|(kind, terms)| format!("{kind} {}", visible(&terms.join(", "))))
        .collect();
    match told.is_empty() {
        true => Ok(()),
        false => writeln!(out, "  {}", style.faint(format!("shares {}", told.join(" | ")))),
    }
}

/// A story near another, as one line.
pub(crate) fn print_link(out: &mut impl Write, style: Style, link: &LinkedStory, indent: &str) -> std::io::Result<()> {
    let kind = link_words(link.kind);
    let day = link.first.as_deref().and_then(|time| time.split('T').next()).unwrap_or("undated");
    writeln!(
        out,
        "{indent}{kind} {}  {}",
        style.bold(&link.story),
        style.faint(format!("{day}  {}", visible(&link.headline)))
    )
}

fn print_article(out: &mut impl Write, style: Style, article: &ArticleView, versions: bool) -> std::io::Result<()> {
    print_line(out, style, &article.line, "", versions)?;
    writeln!(out, "  story {}, {} in it", article.story, counted(article.others as u64, "other article"))?;
    let fields = [
        ("copy of", &article.copy_of),
        ("standfirst", &article.standfirst),
        ("dateline", &article.dateline),
        ("byline", &article.byline),
        ("section", &article.section),
        ("language", &article.line.language),
    ];
    for (name, value) in fields {
        if let Some(value) = value {
            writeln!(out, "  {name}: {value}")?;
        }
    }
    match &article.raw {
        Some(raw) => print_raw(out, style, raw),
        None => writeln!(out, "\n{}", visible(&article.text)),
    }
}

/// Prints a text with what is cut from comparison between `[-kind: ` and `-]`.
fn print_raw(out: &mut impl Write, style: Style, raw: &RawText) -> std::io::Result<()> {
    writeln!(out)?;
    let mut from = 0;
    for cut in &raw.cuts {
        let (start, end) = (cut.start as usize, cut.end as usize);
        write!(out, "{}", visible(&raw.text[from..start]))?;
        write!(out, "{}", style.faint(format!("[-{}: {}-]", cut.kind.name(), visible(&raw.text[start..end]))))?;
        from = end;
    }
    writeln!(out, "{}", visible(&raw.text[from..]))
}

fn print_line(
    out: &mut impl Write,
    style: Style,
    line: &ArticleLine,
    indent: &str,
    versions: bool,
) -> std::io::Result<()> {
    let time = line.time.as_deref().unwrap_or("undated");
    let outlet = line.outlet.as_deref().unwrap_or("unknown outlet");
    writeln!(out, "{indent}{time}  {}  {}", style.bold(outlet), line.headline)?;
    let mut facts = vec![format!("id {}", visible(&line.id))];
    // A date that the file itself states needs no word.
    match line.clock {
        Some(Origin::Page) => facts.push("dated by its page".to_owned()),
        Some(Origin::Feed) => facts.push("dated by its feed".to_owned()),
        Some(Origin::Url) => facts.push("dated by its address".to_owned()),
        Some(Origin::Field | Origin::Text) | None => (),
    }
    facts.extend(line.agency.iter().map(|agency| format!("credits {agency}")));
    facts.extend(line.version_of.iter().map(|newest| format!("older version of {newest}")));
    writeln!(out, "{indent}  {}", style.faint(facts.join(" | ")))?;
    if let Some(url) = &line.url {
        writeln!(out, "{indent}  {}", style.faint(url))?;
    }
    for change in &line.versions {
        match versions {
            true => print_change(out, style, change, &format!("{indent}  "))?,
            false => writeln!(out, "{indent}  {}", version_summary(change))?,
        }
    }
    for copy in &line.copies {
        writeln!(out, "{indent}  copy:")?;
        print_line(out, style, copy, &format!("{indent}    "), versions)?;
    }
    Ok(())
}
