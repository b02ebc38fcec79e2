//! `samestory serve` as a process: its port, its messages, its end.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

fn samestory(collection: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_samestory"));
    command.arg("--collection").arg(collection);
    command
}

fn cluster(collection: &Path) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus");
    let done = samestory(collection).arg("cluster").arg(corpus).output().expect("it runs");
    assert!(done.status.success());
}

struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    fn start(collection: &Path) -> Server {
        let mut child = samestory(collection)
            .args(["serve", "--addr", "127.0.0.1:0"])
            .stderr(Stdio::piped())
            .spawn()
            .expect("it runs");
        let mut lines = BufReader::new(child.stderr.take().expect("standard error")).lines();
        let line =
            lines.by_ref().map(|line| line.expect("UTF-8")).find(|line| line.starts_with("serving")).expect("where");
        let address =
            line.rsplit_once("http://").expect("an address").1.trim_end_matches('/').parse().expect("an address");
        // What is told later is read, so that the pipe does not fill.
        std::thread::spawn(move || lines.for_each(drop));
        Server { child, address }
    }

    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(self.address).expect("a connection");
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    }

    fn stop(&mut self) -> ExitStatus {
        let told = Command::new("kill").arg(self.child.id().to_string()).status().expect("kill runs");
        assert!(told.success());
        let began = Instant::now();
        loop {
            match self.child.try_wait().expect("a state") {
                Some(status) => return status,
                None if began.elapsed() > Duration::from_secs(30) => panic!("it does not end"),
                None => std::thread::sleep(Duration::from_millis(20)),
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
    }
}

#[test]
fn what_another_process_adds_is_served() {
    let folder = tempfile::tempdir().expect("a folder");
    let collection = folder.path().join("collection");
    cluster(&collection);
    let mut server = Server::start(&collection);
    assert!(server.get("/api/v1/health").contains("\"articles\":87"));
    assert!(server.get("/").contains("Top stories"));
    let news = folder.path().join("news.jsonl");
    std::fs::write(&news, "{\"id\": \"crane\", \"title\": \"Crane topples\", \"text\": \"A crane fell at dawn.\"}\n")
        .expect("written");
    let added = samestory(&collection).arg("add").arg(&news).output().expect("it runs");
    assert!(added.status.success());
    let began = Instant::now();
    while !server.get("/api/v1/search?q=crane").contains("Crane topples") {
        assert!(began.elapsed() < Duration::from_secs(30), "it is not followed");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(server.stop().code(), Some(0));
}

#[test]
fn a_live_view_does_not_hold_the_end_up() {
    let folder = tempfile::tempdir().expect("a folder");
    let collection = folder.path().join("collection");
    cluster(&collection);
    let mut server = Server::start(&collection);
    let mut stream = TcpStream::connect(server.address).expect("a connection");
    write!(stream, "GET /live/events?since=0 HTTP/1.1\r\nHost: localhost\r\n\r\n").expect("sent");
    let mut first = [0; 64];
    stream.read_exact(&mut first).expect("the head of an answer");
    let began = Instant::now();
    assert_eq!(server.stop().code(), Some(0));
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[test]
fn a_collection_that_is_not_there_yet_is_served_once_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let collection = folder.path().join("collection");
    let mut server = Server::start(&collection);
    assert!(server.get("/").contains("No collection yet"));
    cluster(&collection);
    let began = Instant::now();
    while !server.get("/").contains("Top stories</h1>") {
        assert!(began.elapsed() < Duration::from_secs(30), "it is not followed");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(server.stop().code(), Some(0));
}

#[test]
fn mistakes_are_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let short = folder.path().join("token");
    std::fs::write(&short, "short\n").expect("written");
    let short = short.to_str().expect("UTF-8");
    let cases: [(&[&str], i32, &str); 4] = [
        (&["--addr", "0.0.0.0:0"], 2, "--public"),
        (&["--token-file", short], 2, "16 characters"),
        (&["--token-file", "none"], 3, "`none`"),
        (&["--addr", "somewhere"], 2, "--addr"),
    ];
    for (arguments, code, told) in cases {
        let done = samestory(folder.path()).arg("serve").args(arguments).output().expect("it runs");
        let message = String::from_utf8(done.stderr).expect("UTF-8");
        assert_eq!(done.status.code(), Some(code), "{arguments:?}: {message}");
        assert!(message.contains(told), "{arguments:?}: {message}");
    }
}
