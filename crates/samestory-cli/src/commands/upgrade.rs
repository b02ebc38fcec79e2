//! `samestory upgrade`: a collection of an earlier format.

use std::path::Path;
use std::process::ExitCode;

use samestory::{FORMAT, upgrade};

use super::cluster::stage_name;
use crate::input::Progress;
use crate::output::{Failure, tell};

pub(crate) fn run(folder: &Path) -> Result<ExitCode, Failure> {
    let progress = Progress::start("reading");
    let found = upgrade(folder, &mut |stage| progress.say(stage_name(stage).to_owned()))?;
    drop(progress);
    match found {
        FORMAT => tell(format_args!("format {FORMAT} already; nothing was done")),
        found => tell(format_args!("format {found} became format {FORMAT}")),
    }
    Ok(ExitCode::SUCCESS)
}
