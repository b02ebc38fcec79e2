//! `samestory compare`: why two articles are, or are not, one story.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use samestory::article::Article;
use samestory::{Collection, ComparedArticle, Comparison, Context, FeatureShare, Settings, compare_alone};

use crate::args::CompareArgs;
use crate::input::articles;
use crate::output::{Failure, Style, print_json};
use crate::passages::print_reuse;

pub(crate) fn run(args: &CompareArgs, folder: &Path, mut settings: Settings) -> Result<ExitCode, Failure> {
    args.reading.apply(&mut settings);
    args.strictness.apply(&mut settings);
    let names = [args.a.as_str(), args.b.as_str()];
    let comparison = match names.map(|name| Path::new(name).exists()) {
        [false, false] => Collection::open(folder)?.compare(names[0], names[1])?,
        _ => compare_alone(&article(names[0], folder, &settings)?, &article(names[1], folder, &settings)?, &settings),
    };
    if args.json {
        print_json(&comparison)?;
    } else {
        print(&mut std::io::stdout().lock(), Style::of_stdout(), &comparison, args.all)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The article in a file, or else that of the collection which has the name.
fn article(name: &str, folder: &Path, settings: &Settings) -> Result<Article, Failure> {
    if !Path::new(name).exists() {
        let found = Collection::open(folder)?.find_article(name)?;
        return found.ok_or_else(|| samestory::CollectionError::Unknown(name.to_owned()).into());
    }
    let mut found = articles(&[PathBuf::from(name)], settings)?.articles;
    match found.len() {
        1 => Ok(found.remove(0)),
        n => Err(Failure::usage(format!("`{name}` holds {n} articles; cluster it, then compare two of their ids"))),
    }
}

/// Features that move the log odds by less are left out, unless all are asked for.
const LEAST_SHOWN: f64 = 0.05;

fn print(out: &mut impl Write, style: Style, comparison: &Comparison, all: bool) -> std::io::Result<()> {
    print_side(out, style, "a", &comparison.a)?;
    print_side(out, style, "b", &comparison.b)?;
    let answer = if comparison.same_story { "one story" } else { "two stories" };
    let context = match comparison.context {
        Context::Collection => "in the collection",
        Context::Alone => "compared alone",
    };
    writeln!(out, "\n{}, {context}", style.bold(answer))?;
    writeln!(
        out,
        "probability that both report one event: {:.2} (similarity {:.2}, groups join above {})",
        comparison.probability, comparison.similarity, comparison.threshold
    )?;
    if comparison.thin {
        writeln!(out, "they share no more than one rare word, which is no evidence whatever else is alike")?;
    }
    if let Some(wording) = comparison.wording {
        writeln!(
            out,
            "wording: Jaccard {:.2}, a in b {:.0} %, b in a {:.0} %",
            wording.jaccard,
            100.0 * wording.a_in_b,
            100.0 * wording.b_in_a
        )?;
    }
    let shared = &comparison.shared;
    for (kind, terms) in [("names", &shared.names), ("numbers", &shared.numbers), ("terms", &shared.terms)] {
        if !terms.is_empty() {
            writeln!(out, "shared {kind}: {}", terms.join(", "))?;
        }
    }
    writeln!(out)?;
    print_reuse(out, style, &comparison.reuse, all)?;
    writeln!(out, "\nlog odds  feature = value")?;
    writeln!(out, "{:+8.2}  before anything is known of the pair", comparison.bias)?;
    writeln!(out, "{:+8.2}  share of pairs in the collection that report one event", comparison.prior)?;
    if comparison.template < 0.0 {
        writeln!(out, "{:+8.2}  one wording with other figures", comparison.template)?;
    }
    let mut features: Vec<&FeatureShare> =
        comparison.features.iter().filter(|share| all || share.contribution.abs() >= LEAST_SHOWN).collect();
    features.sort_by(|a, b| b.contribution.abs().total_cmp(&a.contribution.abs()));
    for share in features {
        let meaning = style.faint(format!("({})", share.meaning));
        writeln!(out, "{:+8.2}  {} = {:.3} {meaning}", share.contribution, share.name, share.value)?;
    }
    Ok(())
}

fn print_side(out: &mut impl Write, style: Style, name: &str, side: &ComparedArticle) -> std::io::Result<()> {
    let time = side.time.as_deref().unwrap_or("undated");
    let outlet = side.outlet.as_deref().unwrap_or("unknown outlet");
    writeln!(out, "{name}  {time}  {}  {}", style.bold(outlet), side.headline)?;
    let story = side.story.as_ref().map(|story| format!(" | story {story}")).unwrap_or_default();
    writeln!(out, "   {}", style.faint(format!("id {}{story}", side.id)))
}
