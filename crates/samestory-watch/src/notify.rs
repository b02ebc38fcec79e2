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
            match run(&command, &notice.json, LONGEST).await {
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

async fn run(command: &str, json: &[u8], longest: Duration) -> Result<(), String> {
    let mut child = shell(command)
        .stdin(Stdio::piped())
        // Standard output is for what is watched; the command's goes beside the log.
        .stdout(std::io::stderr())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("it cannot be started: {error}"))?;
    let group = Group::of(&child);
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
    match tokio::time::timeout(longest, told).await {
        Ok(Ok(status)) if status.success() => {
            group.ended();
            Ok(())
        }
        Ok(Ok(status)) => Err(ending(status)),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("it ran for longer than {} s and was stopped", longest.as_secs())),
    }
}

fn ending(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("it ended with exit code {code}"),
        None => "it was stopped by a signal".into(),
    }
}

/// What a command has started; whatever of it still runs is stopped when this is dropped.
struct Group(#[cfg(unix)] Option<rustix::process::Pid>);

#[cfg(unix)]
impl Group {
    fn of(child: &tokio::process::Child) -> Group {
        Group(child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw))
    }

    /// It has ended well: what it has left running, it means to.
    fn ended(mut self) {
        self.0 = None;
    }
}

#[cfg(unix)]
impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // It may be gone already.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}

#[cfg(not(unix))]
impl Group {
    fn of(_: &tokio::process::Child) -> Group {
        Group()
    }

    fn ended(self) {}
}

#[cfg(unix)]
fn shell(command: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(command).process_group(0);
    shell
}

#[cfg(not(unix))]
fn shell(command: &str) -> Command {
    let mut shell = Command::new("cmd");
    shell.arg("/C").arg(command);
    shell
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_command_that_hangs_is_stopped_with_what_it_has_started() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("pid");
        let command = format!("sleep 600 & echo $! > '{}'; cat > /dev/null; wait", path.display());
        let told = run(&command, b"{}", Duration::from_secs(1)).await;
        assert!(told.expect_err("it hangs").contains("longer than 1 s"));
        let started = std::fs::read_to_string(&path).expect("its number");
        let state = std::path::Path::new("/proc").join(started.trim()).join("stat");
        for _ in 0..100 {
            match std::fs::read_to_string(&state) {
                // Gone, or only waiting for whoever takes note of its end.
                Err(_) => return,
                Ok(stat) if stat.contains(") Z ") => return,
                Ok(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
        panic!("it still runs");
    }

    #[tokio::test]
    async fn a_command_gets_the_story_and_may_leave_it_unread() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("story");
        run(&format!("cat > '{}'", path.display()), b"{\"story\": 1}", LONGEST).await.expect("told");
        assert_eq!(std::fs::read(&path).expect("a file"), b"{\"story\": 1}");
        run("exit 0", &vec![b' '; 1 << 20], LONGEST).await.expect("it did not read");
        assert!(run("exit 3", b"", LONGEST).await.expect_err("it fails").contains("exit code 3"));
    }
}
