//! A server of feeds that behaves as it is told to, at a port of this machine.

// Each test file uses a part of this.
#![allow(dead_code, unreachable_pub, missing_docs)]

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Request {
    pub path: String,
    /// Headers, names in lower case.
    pub headers: HashMap<String, String>,
    pub at: Instant,
}

type Handler = dyn Fn(&Request, &mut TcpStream) + Send + Sync;

/// A server; `handler` writes the whole answer.
pub struct Newsstand {
    pub address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Newsstand {
    pub fn open(handler: impl Fn(&Request, &mut TcpStream) + Send + Sync + 'static) -> Newsstand {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (kept, handler): (_, Arc<Handler>) = (Arc::clone(&requests), Arc::new(handler));
        // It ends with the test.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (kept, handler) = (Arc::clone(&kept), Arc::clone(&handler));
                std::thread::spawn(move || serve(stream, &kept, &*handler));
            }
        });
        Newsstand { address, requests }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The requests so far.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How often a path was asked for.
    pub fn asked(&self, path: &str) -> usize {
        self.requests().iter().filter(|request| request.path == path).count()
    }
}

fn serve(mut stream: TcpStream, kept: &Mutex<Vec<Request>>, handler: &Handler) {
    // What hangs here hangs the test, not this thread for good.
    let _ = stream.set_read_timeout(Some(Duration::from_secs(60)));
    let _ = stream.set_write_timeout(Some(Duration::from_secs(60)));
    let Ok(copy) = stream.try_clone() else { return };
    let mut lines = BufReader::new(copy).lines().map_while(Result::ok);
    let Some(first) = lines.next() else { return };
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let headers = lines.take_while(|line| !line.is_empty());
    let headers = headers.filter_map(|line| {
        line.split_once(':').map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
    });
    let request = Request { path, headers: headers.collect(), at: Instant::now() };
    kept.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
    handler(&request, &mut stream);
    let _ = stream.shutdown(std::net::Shutdown::Write);
    // Closed with bytes unread, the connection would be reset and the answer lost.
    let _ = stream.set_read_timeout(Some(Duration::from_millis(200)));
    let _ = stream.read(&mut [0; 1024]);
}

/// Writes an answer; who asked may have gone away.
pub fn answer(stream: &mut TcpStream, status: &str, headers: &[(&str, &str)], body: &[u8]) {
    let mut head = format!("HTTP/1.1 {status}\r\nConnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if status != "304 Not Modified" && !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-length")) {
        head.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    let _ = stream.write_all(format!("{head}\r\n").as_bytes()).and_then(|()| stream.write_all(body));
}

/// Answers with a feed.
pub fn ok(stream: &mut TcpStream, body: impl AsRef<[u8]>) {
    answer(stream, "200 OK", &[("Content-Type", "application/rss+xml")], body.as_ref());
}

/// An entry of RSS.
#[derive(Debug, Clone)]
pub struct Entry {
    pub guid: Option<String>,
    pub title: String,
    pub link: Option<String>,
    pub date: Option<String>,
    pub source: Option<String>,
    pub text: String,
}

/// An entry with everything.
pub fn entry(guid: &str, title: &str, text: &str) -> Entry {
    Entry {
        guid: Some(guid.into()),
        title: title.into(),
        link: Some(format!("https://www.valley-observer.example/{guid}")),
        date: Some("Tue, 04 May 2021 06:30:00 GMT".into()),
        source: None,
        text: text.into(),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

/// A feed of these entries.
pub fn rss(entries: &[Entry]) -> String {
    let tag = |name: &str, value: &Option<String>| match value {
        Some(value) => format!("<{name}>{}</{name}>", escaped(value)),
        None => String::new(),
    };
    let items: String = entries
        .iter()
        .map(|entry| {
            let paragraphs: String = entry.text.lines().map(|line| format!("<p>{}</p>", escaped(line))).collect();
            format!(
                "<item>{}{}{}{}{}<description>{}</description></item>\n",
                tag("title", &Some(entry.title.clone())),
                tag("guid", &entry.guid),
                tag("link", &entry.link),
                tag("pubDate", &entry.date),
                tag("source", &entry.source),
                escaped(&paragraphs)
            )
        })
        .collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><rss version=\"2.0\"><channel><title>Valley Observer</title><link>https://www.valley-observer.example/</link>\n{items}</channel></rss>"
    )
}
