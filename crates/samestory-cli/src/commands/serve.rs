//! `samestory serve`: web pages and an API over the collection.

use std::path::Path;
use std::process::ExitCode;

use samestory_server::{LiveCollection, Server, ServerSettings};

use crate::args::ServeArgs;
use crate::log::start_log;
use crate::output::{Failure, tell};
use crate::signal::stop;

/// A shorter token can be guessed.
const SHORTEST_TOKEN: usize = 16;

pub(crate) fn run(args: &ServeArgs, folder: &Path) -> Result<ExitCode, Failure> {
    if !args.addr.ip().is_loopback() && !args.public {
        let told = format!("{} can be reached from other machines; --public says that this is meant", args.addr.ip());
        return Err(Failure::usage(told));
    }
    let is_name = |host: &&String| host.parse::<std::net::Ipv6Addr>().is_ok() || !host.contains([':', '/', '[', ']']);
    if let Some(host) = args.host.iter().find(|host| host.is_empty() || !is_name(host)) {
        return Err(Failure::usage(format!("`{host}` is no name of a host, such as news.example, without its port")));
    }
    let mut hosts = args.host.clone();
    if !args.addr.ip().is_unspecified() {
        hosts.push(args.addr.ip().to_string());
    }
    let token = args.token_file.as_deref().map(read_token).transpose()?;
    start_log(args.log);
    let collection = LiveCollection::open(folder)?;
    let is_there = collection.current().is_some();
    let settings = ServerSettings { token, hosts, ..ServerSettings::default() };
    let server = Server::bind(args.addr, collection, settings).map_err(Failure::failed)?;
    if !is_there {
        tell(format_args!("no collection at `{}` yet; it is served once there is one", folder.display()));
    }
    let stop = stop()?;
    tell(format_args!("serving `{}` at http://{}/", folder.display(), server.address()));
    server.run(stop);
    Ok(ExitCode::SUCCESS)
}

fn read_token(path: &Path) -> Result<String, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| Failure::file(path, error))?;
    let token = text.trim();
    let is_sound = token.len() >= SHORTEST_TOKEN && token.bytes().all(|byte| byte.is_ascii_graphic());
    match is_sound {
        true => Ok(token.to_owned()),
        false => Err(Failure::usage(format!(
            "the token in `{}` must have at least {SHORTEST_TOKEN} characters, letters, digits and marks of ASCII",
            path.display()
        ))),
    }
}
