//! `samestory outlets`: how outlets and agencies are known.

use std::io::Write;
use std::process::ExitCode;

use samestory::Settings;
use samestory::ingest::OutletTable;

use crate::args::OutletsArgs;
use crate::output::{Failure, print_json};

pub(crate) fn run(args: &OutletsArgs, mut settings: Settings) -> Result<ExitCode, Failure> {
    settings.read.outlets = args.outlets.clone().or(settings.read.outlets.take());
    let table = settings.outlets()?;
    let mut out = std::io::stdout().lock();
    let Some(name) = &args.name else {
        match args.json {
            true => print_json(&table.outlets())?,
            false => out.write_all(OutletTable::built_in_text().as_bytes())?,
        }
        return Ok(ExitCode::SUCCESS);
    };
    let Some(outlet) = table.by_name(name) else {
        return Err(Failure::failed(anyhow::anyhow!("no outlet is known as `{name}`; it is kept as it is written")));
    };
    if args.json {
        print_json(outlet)?;
        return Ok(ExitCode::SUCCESS);
    }
    writeln!(out, "{}", outlet.name)?;
    let lines = [("aliases", outlet.aliases.join(", ")), ("hosts", outlet.hosts.join(", "))];
    let zone = outlet.zone.iter().map(|zone| ("zone", zone.clone()));
    for (what, value) in lines.into_iter().chain(zone).filter(|(_, value)| !value.is_empty()) {
        writeln!(out, "  {what}: {value}")?;
    }
    Ok(ExitCode::SUCCESS)
}
