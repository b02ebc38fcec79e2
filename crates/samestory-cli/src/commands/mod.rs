//! One file a command.

pub(crate) mod add;
pub(crate) mod bench;
pub(crate) mod changes;
pub(crate) mod check;
pub(crate) mod cluster;
pub(crate) mod compare;
pub(crate) mod completions;
pub(crate) mod coverage;
pub(crate) mod dedup;
pub(crate) mod diff;
pub(crate) mod edit;
pub(crate) mod eval;
pub(crate) mod export;
pub(crate) mod feeds;
pub(crate) mod info;
pub(crate) mod matching;
pub(crate) mod outlets;
pub(crate) mod search;
pub(crate) mod serve;
pub(crate) mod show;
pub(crate) mod stories;
pub(crate) mod upgrade;
pub(crate) mod watch;
