//! A command of the user's that is told of stories.
//!
//! It is run by the shell with the story as JSON on its standard input, one story at a time, in a minute or not at all. What
//! fails is tried again; after the third time it is given up, and told.

use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::sync::mpsc;

use crate::memory::{Learned, Memory, now};

/// How long the command may run.
const LONGEST: Duration = Duration::from_secs(60);

/// How often it is tried.
const TRIES: u32 = 3;

/// How long is waited after the first failure; the next time twice as long.
const PAUSE: Duration = Duration::from_secs(2);

/// A story that the command is to be told of.
#[derive(Debug)]
pub(crate) struct Notice {
    pub(crate) story: String,
    pub(crate) json: Vec<u8>,
}

/// Tells the command of stories, until no more come.
pub(crate) async fn notify(command: String, mut notices: mpsc::Receiver<Notice>, memory: Arc<Memory>) {
    while let Some(notice) = notices.recv().await {
        let mut pause = PAUSE;
        for tried in 1..=TRIES {
            match run(&command, &notice.json).await {
                Ok(()) => break,
                Err(reason) if tried == TRIES => {
                    tracing::error!(
                        story = notice.story,
                        reason,
                        "the command was not told of a story; it is given up"
                    );
                }
                Err(reason) => {
                    tracing::warn!(
                        story = notice.story,
                        reason,
                        "the command was not told of a story; it is tried again"
                    );
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
            }
        }
        let learned = Learned { notified: vec![(notice.story, now())], ..Learned::default() };
        if let Err(error) = memory.learn(&learned) {
            tracing::error!(%error, "that a story was notified of is not remembered");
        }
    }
}

async fn run(command: &str, json: &[u8]) -> Result<(), String> {
    let mut child = shell(command)
        .stdin(Stdio::piped())
        // Standard output is for what is watched; the command's goes beside the log.
        .stdout(std::io::stderr())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("it cannot be started: {error}"))?;
    let mut input = child.stdin.take();
    let told = async {
        if let Some(input) = &mut input {
            // A command may end without having read everything.
            let _ = input.write_all(json).await;
            let _ = input.shutdown().await;
        }
        drop(input.take());
        child.wait().await
    };
    match tokio::time::timeout(LONGEST, told).await {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => Err(ending(status)),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("it ran for longer than {} s and was stopped", LONGEST.as_secs())),
    }
}

fn ending(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("it ended with exit code {code}"),
        None => "it was stopped by a signal".into(),
    }
}

#[cfg(unix)]
fn shell(command: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(command);
    shell
}

#[cfg(not(unix))]
fn shell(command: &str) -> Command {
    let mut shell = Command::new("cmd");
    shell.arg("/C").arg(command);
    shell
}
