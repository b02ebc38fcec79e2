//! Runs of the program in a folder of their own.

// Each test file uses a part of this.
#![allow(dead_code, unreachable_pub, missing_docs)]

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use tempfile::TempDir;

/// A temporary folder in which `samestory` runs; its collection is `.samestory` in it.
pub struct Place(TempDir);

/// How a run ended.
#[derive(Debug)]
pub struct Run {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Place {
    pub fn new() -> Place {
        Place(tempfile::tempdir().expect("a temporary folder"))
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file and the folders above it.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("folders can be made");
        fs::write(path, content).expect("a file can be written");
    }

    pub fn run(&self, args: &[&str]) -> Run {
        self.run_with(args, b"")
    }

    pub fn run_with(&self, args: &[&str], input: &[u8]) -> Run {
        let mut child = Command::new(env!("CARGO_BIN_EXE_samestory"))
            .args(args)
            .current_dir(self.0.path())
            .env_remove("SAMESTORY_COLLECTION")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("samestory starts");
        // A program that refuses its arguments does not read; that is no matter here.
        let _ = child.stdin.take().expect("a pipe").write_all(input);
        let output = child.wait_with_output().expect("samestory ends");
        let run = Run {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        };
        assert!(!run.stderr.contains("panicked"), "{args:?}: {run:?}");
        run
    }

    /// Clusters and prints the assignments, nothing else, on standard output.
    pub fn cluster(&self, paths: &[&str]) -> Run {
        let mut args = vec!["cluster", "--assignments", "-"];
        args.extend(paths);
        self.run(&args)
    }
}

impl Run {
    /// Checks the exit code.
    pub fn ends_with(&self, code: i32) -> &Run {
        assert_eq!(self.code, Some(code), "{self:?}");
        self
    }

    /// Checks that a whole line of standard error reads so.
    pub fn says(&self, line: &str) -> &Run {
        assert!(self.stderr.lines().any(|said| said == line), "no line `{line}` in {self:?}");
        self
    }

    /// Checks the number of `rejected:` lines.
    pub fn rejects(&self, count: usize) -> &Run {
        let rejected = self.stderr.lines().filter(|line| line.starts_with("rejected: ")).count();
        assert_eq!(rejected, count, "{self:?}");
        self
    }

    /// Checks which articles were kept, by the assignments on standard output.
    pub fn keeps(&self, ids: &[&str]) -> &Run {
        let mut expected: Vec<&str> = ids.to_vec();
        expected.sort_unstable();
        assert_eq!(self.ids(), expected, "{self:?}");
        self
    }

    /// Sorted ids of the assignments on standard output.
    pub fn ids(&self) -> Vec<String> {
        let id = |line: &str| {
            let row: serde_json::Value = serde_json::from_str(line).expect("assignments are JSON lines");
            row["id"].as_str().expect("an id").to_owned()
        };
        let mut ids: Vec<String> = self.stdout.lines().map(id).collect();
        ids.sort();
        ids
    }
}

/// Tells others to stop, however the scope ends in which it stands.
pub struct Stop<'d>(pub &'d AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A good article as a line of JSONL.
pub fn line(id: &str) -> String {
    let text = "A car ferry ran onto a sandbank in thick fog early on Tuesday and stayed there for hours.";
    format!("{}\n", serde_json::json!({"id": id, "title": format!("Report {id} on the ferry"), "text": text}))
}

/// As `gzip` packs it.
pub fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(content).expect("memory can be written");
    encoder.finish().expect("memory can be written")
}

/// As `zstd` packs it.
pub fn zstandard(content: &[u8]) -> Vec<u8> {
    zstd::encode_all(content, 3).expect("memory can be written")
}
