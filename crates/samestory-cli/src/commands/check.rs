//! `samestory check`: damage, and what can be done about it.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use samestory::check;
use samestory::wording::counted;

use super::cluster::stage_name;
use crate::args::CheckArgs;
use crate::input::Progress;
use crate::output::{Failure, print_json, tell, visible};

pub(crate) fn run(args: &CheckArgs, folder: &Path) -> Result<ExitCode, Failure> {
    let progress = Progress::start("checking");
    let report = check(folder, args.repair, &mut |stage| progress.say(stage_name(stage).to_owned()))?;
    drop(progress);
    if args.json {
        print_json(&report)?;
    } else {
        let mut out = std::io::stdout().lock();
        for damage in &report.damage {
            writeln!(out, "damaged: {}: {}", damage.path.display(), visible(&damage.reason))?;
        }
        for mended in &report.mended {
            writeln!(out, "mended: {}", visible(mended))?;
        }
    }
    let sound = report.damage.is_empty() || !report.mended.is_empty();
    tell(format_args!(
        "{}, {}",
        counted(report.articles, "article"),
        match (report.damage.len(), report.mended.is_empty()) {
            (0, _) => "no damage".to_owned(),
            (count, true) => format!("{count} damaged (see `samestory check --repair`)"),
            (_, false) => format!("mended, {} lost", report.lost),
        }
    ));
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::from(3) })
}
