//! The command line of samestory. Everything it does, the library `samestory` does.

mod allocator;
mod args;
mod commands;
mod input;
mod log;
mod output;
mod passages;
mod signal;
mod span;

use std::process::ExitCode;

use clap::Parser;

use crate::allocator::give_back_at_once;
use crate::args::{Arguments, Command};
use crate::output::Failure;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // A panic over damaged files becomes an error with a message of its own; any other is a bug of
    // ours and is told below.
    std::panic::set_hook(Box::new(|_| ()));
    let done = std::panic::catch_unwind(|| run(arguments)).unwrap_or_else(|panic| Err(Failure::bug(panic.as_ref())));
    match done {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}

fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let settings = arguments.global.settings()?;
    if matches!(arguments.command, Command::Watch(_)) {
        give_back_at_once();
    }
    arguments.global.start_threads()?;
    let collection = arguments.global.collection;
    match arguments.command {
        Command::Cluster(args) => commands::cluster::run(&args, &collection, settings),
        Command::Add(args) => commands::add::run(&args, &collection, settings),
        Command::Remove(args) => commands::edit::remove(&args, &collection),
        Command::Expire(args) => commands::edit::expire(&args, &collection),
        Command::Match(args) => commands::matching::run(&args, &collection, settings),
        Command::Changes(args) => commands::changes::run(&args, &collection),
        Command::Pin(args) => commands::edit::pin(&args, &collection),
        Command::Unpin(args) => commands::edit::unpin(&args, &collection),
        Command::Split(args) => commands::edit::split(&args, &collection),
        Command::Merge(args) => commands::edit::merge(&args, &collection),
        Command::Recluster => commands::edit::recluster(&collection),
        Command::Check(args) => commands::check::run(&args, &collection),
        Command::Upgrade => commands::upgrade::run(&collection),
        Command::Search(args) => commands::search::run(&args, &collection),
        Command::Show(args) => commands::show::run(&args, &collection),
        Command::Compare(args) => commands::compare::run(&args, &collection, settings),
        Command::Diff(args) => commands::diff::run(&args, &collection, settings),
        Command::Coverage(args) => commands::coverage::run(&args, &collection),
        Command::Watch(args) => commands::watch::run(&args, &collection, settings),
        Command::Feeds(args) => commands::feeds::run(&args, &collection),
        Command::Serve(args) => commands::serve::run(&args, &collection),
        Command::Stories(args) => commands::stories::run(&args, &collection),
        Command::Info(args) => commands::info::run(&args, &collection),
        Command::Dedup(args) => commands::dedup::run(&args, settings),
        Command::Eval(args) => commands::eval::run(&args, &settings),
        Command::Export(args) => commands::export::run(&args, &collection),
        Command::Outlets(args) => commands::outlets::run(&args, settings),
        Command::Bench(args) => commands::bench::run(&args, &settings),
        Command::Completions(args) => commands::completions::run(&args),
    }
}
