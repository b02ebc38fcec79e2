//! `samestory eval`: a grouping against gold labels.

use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use samestory::ingest::read_labels;
use samestory::stories::evaluate::{Scores, evaluate, label_ids};
use samestory::{Settings, cluster};

use crate::args::EvalArgs;
use crate::input::{Progress, articles_apart};
use crate::output::{Failure, print_json, table};

pub(crate) fn run(args: &EvalArgs, settings: &Settings) -> Result<ExitCode, Failure> {
    let mut settings = settings.clone();
    args.reading.apply(&mut settings);
    args.strictness.apply(&mut settings);
    if args.gold.as_os_str() == "-" && args.predicted.is_none() && args.articles.is_empty() {
        return Err(Failure::usage("GOLD is read twice, for labels and for articles, so it cannot be standard input"));
    }
    let gold = labels(&args.gold)?;
    if gold.is_empty() {
        return Err(Failure::failed(anyhow::anyhow!("`{}` labels no article", args.gold.display())));
    }
    let (predicted, rejected) = match &args.predicted {
        Some(path) => (labels(path)?, 0),
        None => clustered(args, &settings)?,
    };
    let predicted: HashMap<&str, &str> = predicted.iter().map(|(id, story)| (id.as_str(), story.as_str())).collect();
    let missing = gold.iter().filter(|(id, _)| !predicted.contains_key(id.as_str())).count();
    if missing == gold.len() {
        let gold = args.gold.display();
        return Err(Failure::failed(anyhow::anyhow!("no label of `{gold}` names an article of the grouping")));
    }
    let gold_labels = label_ids(gold.iter().map(|(_, story)| story));
    // An article that the grouping lacks is alone, so that leaving articles out never helps.
    let predicted_labels = label_ids(
        gold.iter().map(|(id, _)| predicted.get(id.as_str()).map_or(format!("\0{id}"), |story| (*story).to_owned())),
    );
    let scores = evaluate(&gold_labels, &predicted_labels).map_err(Failure::failed)?;
    if args.json {
        print_json(&scores)?;
    } else {
        print_scores(&scores, missing)?;
    }
    Ok(if rejected == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn labels(path: &Path) -> Result<Vec<(String, String)>, Failure> {
    read_labels(path).map_err(|reason| Failure::failed(anyhow::anyhow!("`{}` {reason}", path.display())))
}

/// The stories of the articles, and how many items were rejected.
fn clustered(args: &EvalArgs, settings: &Settings) -> Result<(Vec<(String, String)>, usize), Failure> {
    let paths: &[PathBuf] = if args.articles.is_empty() { std::slice::from_ref(&args.gold) } else { &args.articles };
    let (reading, articles) = articles_apart(paths, settings)?;
    let progress = Progress::start("clustering");
    let clustering = cluster(articles, settings, &mut |_| ())?;
    drop(progress);
    let stories = clustering
        .articles
        .heads()
        .iter()
        .zip(&clustering.places)
        .map(|(article, place)| (article.id.to_string(), clustering.stories[place.story as usize].id.to_string()))
        .collect();
    Ok((stories, reading.rejected.len()))
}

fn print_scores(scores: &Scores, missing: usize) -> Result<(), Failure> {
    let mut lines = table(&["measure", "precision", "recall", "F1"], &[1, 2, 3]);
    let row = |name: &str, values: [f64; 3]| {
        let [p, r, f] = values.map(|value| format!("{value:.4}"));
        [name.to_owned(), p, r, f]
    };
    lines.add_row(row("BCubed", [scores.bcubed_p, scores.bcubed_r, scores.bcubed_f1]));
    lines.add_row(row("BCubed without self", [scores.others_p, scores.others_r, scores.others_f1]));
    lines.add_row(row("pairs", [scores.pair_p, scores.pair_r, scores.pair_f1]));
    lines.add_row(row("homogeneity, completeness, V", [scores.homogeneity, scores.completeness, scores.v_measure]));
    let mut out = std::io::stdout().lock();
    for line in lines.to_string().lines() {
        writeln!(out, "{}", line.trim_end())?;
    }
    writeln!(out, "ARI {:.4}  AMI {:.4}", scores.ari, scores.ami)?;
    writeln!(
        out,
        "{} articles  {} gold stories ({} of one article)  {} predicted ({} of one article)  {missing} not predicted",
        scores.articles, scores.gold, scores.gold_singletons, scores.predicted, scores.predicted_singletons
    )?;
    Ok(())
}
