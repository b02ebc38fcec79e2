//! How long do answers take at so many requests a second?
//!
//! Requests are sent when they are due, whether or not earlier ones are answered, and the time of each counts from when it
//! was due: a server that stalls is not spared the requests that came meanwhile. Each is a search of a kind that people
//! make (a word, two words, three, a phrase, a word of one outlet) with words of headlines that the server itself is asked
//! for; no two are the same, so no answer is one that was given before.
//!
//! Run: `cargo run --release -p samestory-server --example load -- 127.0.0.1:7878 --rate 200 --seconds 30`, beside
//! `samestory serve`. With `--page` it asks for the page instead of the API.
//!
//! Prints a JSON object: requests by status, those that failed otherwise, and milliseconds of the answered ones (200) at
//! several quantiles.

#![expect(clippy::print_stdout, reason = "the answer of this program")]

use std::collections::{BTreeMap, HashSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use clap::Parser;
use http_body_util::BodyExt;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};

#[derive(Parser)]
struct Arguments {
    /// Where the server listens; an address of this machine.
    address: SocketAddr,
    /// Requests a second.
    #[arg(long, default_value_t = 200)]
    rate: usize,
    /// For how long.
    #[arg(long, default_value_t = 30)]
    seconds: usize,
    /// Connections.
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Ask for the page, and not for JSON.
    #[arg(long)]
    page: bool,
}

fn main() {
    let arguments = Arguments::parse();
    assert!(arguments.address.ip().is_loopback(), "only a server on this machine is put under load");
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    runtime.block_on(run(arguments));
}

/// What became of a request: its status, or none, and milliseconds from when it was due.
type Outcome = (Option<u16>, f64);

async fn run(arguments: Arguments) {
    let n_requests = arguments.rate * arguments.seconds;
    let paths = Arc::new(queries(arguments.address, n_requests, arguments.page).await);
    let next = Arc::new(AtomicUsize::new(0));
    let start = Instant::now() + Duration::from_millis(200);
    let (rate, address) = (arguments.rate, arguments.address);
    let workers: Vec<_> = (0..arguments.connections)
        .map(|_| tokio::spawn(work(address, Arc::clone(&paths), Arc::clone(&next), start, rate)))
        .collect();
    let mut outcomes: Vec<Outcome> = Vec::with_capacity(n_requests);
    for worker in workers {
        outcomes.extend(worker.await.expect("no panic"));
    }
    tell(&outcomes, start.elapsed().as_secs_f64());
}

async fn work(
    address: SocketAddr,
    paths: Arc<Vec<String>>,
    next: Arc<AtomicUsize>,
    start: Instant,
    rate: usize,
) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    let mut connection = None;
    loop {
        let at = next.fetch_add(1, Ordering::Relaxed);
        let Some(path) = paths.get(at) else { return outcomes };
        let due = start + Duration::from_secs_f64(at as f64 / rate as f64);
        sleep_until(due).await;
        let status = match get(address, &mut connection, path).await {
            Some((status, _)) => Some(status),
            None => {
                connection = None;
                None
            }
        };
        outcomes.push((status, due.elapsed().as_secs_f64() * 1e3));
    }
}

/// Asks over a connection that is kept.
async fn get(address: SocketAddr, connection: &mut Option<SendRequest<Body>>, path: &str) -> Option<(u16, Vec<u8>)> {
    if connection.as_ref().is_none_or(SendRequest::is_closed) {
        let stream = TcpStream::connect(address).await.ok()?;
        stream.set_nodelay(true).ok()?;
        let (sender, driven) = handshake(TokioIo::new(stream)).await.ok()?;
        tokio::spawn(driven);
        *connection = Some(sender);
    }
    let sender = connection.as_mut()?;
    sender.ready().await.ok()?;
    let request = Request::get(path).header("host", address.to_string()).body(Body::empty()).ok()?;
    let response = sender.send_request(request).await.ok()?;
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.ok()?.to_bytes();
    Some((status, body.to_vec()))
}

/// Searches with words of headlines, all different.
async fn queries(address: SocketAddr, wanted: usize, page: bool) -> Vec<String> {
    let mut connection = None;
    let mut headlines: Vec<Vec<String>> = Vec::new();
    let mut outlets: Vec<String> = Vec::new();
    for offset in (0..20_000).step_by(100) {
        let path = format!("/api/v1/stories?limit=100&offset={offset}");
        let (status, body) = get(address, &mut connection, &path).await.expect("a server");
        assert_eq!(status, 200, "{path}");
        let answer: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
        let stories = answer["stories"].as_array().expect("a list");
        for story in stories {
            let headline = story["headline"].as_str().unwrap_or_default();
            let plain = |word: &str| word.len() > 2 && word.bytes().all(|byte| byte.is_ascii_alphanumeric());
            let words: Vec<String> = headline.split(' ').filter(|word| plain(word)).map(str::to_owned).collect();
            if words.len() >= 3 {
                headlines.push(words);
                outlets.extend(story["outlets"][0].as_str().map(|outlet| outlet.replace(' ', "%20")));
            }
        }
        if stories.len() < 100 {
            break;
        }
    }
    assert!(!headlines.is_empty(), "the collection has no headlines to make queries of");
    let mut seen = HashSet::new();
    let mut queries = Vec::with_capacity(wanted);
    let mut round = 0;
    while queries.len() < wanted {
        assert!(round < 10_000, "the collection has too few headlines for so many different queries");
        for (at, words) in headlines.iter().enumerate() {
            let word = |behind: usize| &words[(round + behind * (1 + round / words.len())) % words.len()];
            let query = match (at + round) % 5 {
                0 => format!("q={}", word(0)),
                1 => format!("q={}+{}", word(0), word(1)),
                2 => format!("q={}+{}+{}", word(0), word(1), word(2)),
                3 => format!("q=%22{}+{}%22", word(0), word(1)),
                _ => format!("q={}&outlet={}", word(0), outlets[at % outlets.len()]),
            };
            if queries.len() < wanted && seen.insert(query.clone()) {
                queries.push(format!("{}?{query}", if page { "/search" } else { "/api/v1/search" }));
            }
        }
        round += 1;
    }
    queries
}

fn tell(outcomes: &[Outcome], seconds: f64) {
    let mut statuses: BTreeMap<String, usize> = BTreeMap::new();
    for (status, _) in outcomes {
        let name = status.map_or_else(|| "failed".to_owned(), |status| status.to_string());
        *statuses.entry(name).or_default() += 1;
    }
    let mut times: Vec<f64> = outcomes.iter().filter(|(status, _)| *status == Some(200)).map(|(_, ms)| *ms).collect();
    times.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let place = (times.len() as f64 * share) as usize;
        times.get(place.min(times.len().saturating_sub(1))).map(|ms| (ms * 100.0).round() / 100.0)
    };
    let told = serde_json::json!({
        "requests": outcomes.len(),
        "seconds": (seconds * 10.0).round() / 10.0,
        "statuses": statuses,
        "milliseconds": { "median": at(0.5), "p90": at(0.9), "p99": at(0.99), "p999": at(0.999), "most": at(1.0) },
    });
    println!("{}", serde_json::to_string_pretty(&told).expect("JSON"));
}
