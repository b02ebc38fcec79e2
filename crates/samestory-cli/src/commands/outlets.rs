//! `samestory outlets`: how outlets and agencies are known.

use std::io::Write;
use std::process::ExitCode;

use samestory::Settings;
use samestory::ingest::{Agency, Outlet, OutletTable};
use serde::Serialize;

use crate::args::OutletsArgs;
use crate::output::{Failure, print_json};

/// What a name stands for.
#[derive(Serialize)]
struct Found<'a> {
    outlet: Option<&'a Outlet>,
    agency: Option<&'a Agency>,
}

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
    let found = Found { outlet: table.by_name(name), agency: table.agency_called(name) };
    if found.outlet.is_none() && found.agency.is_none() {
        let message = format!("no outlet or agency is known as `{name}`; it is kept as it is written");
        return Err(Failure::failed(anyhow::Error::msg(message)));
    }
    if args.json {
        print_json(&found)?;
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(Outlet { name, aliases, hosts, zone }) = found.outlet {
        writeln!(out, "outlet {name}")?;
        let lines =
            [("aliases", aliases.join(", ")), ("hosts", hosts.join(", ")), ("zone", zone.clone().unwrap_or_default())];
        for (what, value) in lines.iter().filter(|(_, value)| !value.is_empty()) {
            writeln!(out, "  {what}: {value}")?;
        }
    }
    if let Some(Agency { name, credits }) = found.agency {
        writeln!(out, "agency {name}")?;
        writeln!(out, "  credits: {}", credits.join(", "))?;
    }
    Ok(ExitCode::SUCCESS)
}
