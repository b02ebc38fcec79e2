//! `samestory watch` against servers that misbehave: everything is told, nothing hangs, nothing is lost.

mod newsstand;
mod place;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use newsstand::{Entry, Newsstand, Request, answer, entry, ok, rss};
use place::{Place, Run, gzip, line};
use serde_json::Value;

const GOOD: &str = "A car ferry ran onto a sandbank in thick fog early on Tuesday and stayed there for hours.";

/// Options by which the server of a test is asked at once, and no other machine is.
const NEAR: [&str; 6] = ["--allow-private", "127.0.0.1", "--host-delay", "0ms", "--timeout", "2s"];

/// Watches once.
fn once(place: &Place, args: &[&str]) -> Run {
    let began = Instant::now();
    let run = place.run(&[&["watch", "--once"], &NEAR[..], args].concat());
    assert!(began.elapsed() < Duration::from_secs(60), "it hangs: {run:?}");
    run
}

fn json(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:?}"))
}

/// What is known of a feed.
fn health(place: &Place, feed: &str) -> Value {
    let feeds = json(place.run(&["feeds", "--json"]).ends_with(0));
    let found = feeds.as_array().expect("a list").iter().find(|row| row["feed"] == feed);
    found.unwrap_or_else(|| panic!("no {feed} in {feeds}")).clone()
}

/// The articles of the collection, by id.
fn articles(place: &Place) -> Vec<Value> {
    let run = place.run(&["export"]);
    if run.code == Some(3) {
        return Vec::new();
    }
    let mut articles: Vec<Value> =
        run.stdout.lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect();
    articles.sort_by_key(|article| article["id"].as_str().map(str::to_owned));
    articles
}

fn ids(place: &Place) -> Vec<String> {
    articles(place).iter().map(|article| article["id"].as_str().expect("an id").to_owned()).collect()
}

/// A feed that misbehaves, and a good one of another host.
struct Pair {
    place: Place,
    bad: Newsstand,
    good: Newsstand,
}

/// Asks a feed that misbehaves beside one that does not: the good one is taken, and the reason of the other is known.
fn bad_beside_good(bad: impl Fn(&Request, &mut TcpStream) + Send + Sync + 'static, reason: &str) -> Pair {
    let bad = Newsstand::open(bad);
    let good = Newsstand::open(|_, stream| ok(stream, rss(&[entry("ferry", "Ferry stuck on a sandbank", GOOD)])));
    let pair = Pair { place: Place::new(), bad, good };
    let run = once(&pair.place, &[&pair.bad.url("/bad"), &pair.good.url("/good")]);
    run.ends_with(1);
    assert!(run.stderr.contains(&pair.bad.url("/bad")) && run.stderr.contains(reason), "{run:?}");
    assert_eq!(ids(&pair.place), ["ferry"]);
    let row = health(&pair.place, &pair.bad.url("/bad"));
    assert!(row["reason"].as_str().is_some_and(|told| told.contains(reason)), "{row}");
    assert_eq!((&row["failures"], &row["articles"]), (&1.into(), &0.into()));
    assert_eq!(health(&pair.place, &pair.good.url("/good"))["state"], "ok");
    pair
}

#[test]
fn a_server_that_never_answers() {
    bad_beside_good(|_, _| std::thread::sleep(Duration::from_secs(20)), "did not answer whole within 2 s");
}

#[test]
fn a_server_that_drips() {
    let drip = |_: &Request, stream: &mut TcpStream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
        for _ in 0..200 {
            std::thread::sleep(Duration::from_millis(100));
            if stream.write_all(b"<").is_err() {
                return;
            }
        }
    };
    bad_beside_good(drip, "did not answer whole within 2 s");
}

#[test]
fn an_answer_without_end() {
    let endless = |_: &Request, stream: &mut TcpStream| {
        let _ = stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\n\r\n<rss version=\"2.0\"><channel>");
        while stream.write_all(&[b'a'; 65_536]).is_ok() {}
    };
    bad_beside_good(endless, "is larger than 16777216 bytes");
}

#[test]
fn an_answer_that_says_it_is_too_large() {
    let large =
        |_: &Request, stream: &mut TcpStream| answer(stream, "200 OK", &[("Content-Length", "99999999999")], b"<rss");
    bad_beside_good(large, "is larger than 16777216 bytes");
}

#[test]
fn headers_without_end() {
    let headers = |_: &Request, stream: &mut TcpStream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n");
        while stream.write_all(b"X-More: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n").is_ok() {}
    };
    bad_beside_good(headers, "cannot be reached");
}

#[test]
fn an_answer_that_breaks_off() {
    let cut =
        |_: &Request, stream: &mut TcpStream| answer(stream, "200 OK", &[("Content-Length", "5000")], b"<rss version");
    bad_beside_good(cut, "cannot be reached");
}

#[test]
fn what_is_no_http() {
    bad_beside_good(|_, stream| drop(stream.write_all(b"220 mail.valley.example ESMTP\r\n")), "cannot be reached");
}

#[test]
fn a_gzip_bomb() {
    let bomb = gzip(&vec![b' '; 64 << 20]);
    let answers =
        move |_: &Request, stream: &mut TcpStream| answer(stream, "200 OK", &[("Content-Encoding", "gzip")], &bomb);
    bad_beside_good(answers, "is larger than 16777216 bytes");
}

#[test]
fn a_gzip_bomb_that_is_not_declared() {
    let bomb = gzip(&vec![b' '; 64 << 20]);
    bad_beside_good(move |_, stream| answer(stream, "200 OK", &[], &bomb), "16777216 bytes");
}

#[test]
fn damaged_gzip() {
    let mut damaged = gzip(rss(&[entry("a", "Bridge shut", GOOD)]).as_bytes());
    damaged.truncate(damaged.len() / 2);
    let answers =
        move |_: &Request, stream: &mut TcpStream| answer(stream, "200 OK", &[("Content-Encoding", "gzip")], &damaged);
    bad_beside_good(answers, "cannot be reached");
}

#[test]
fn a_redirect_loop() {
    let circle = |request: &Request, stream: &mut TcpStream| {
        let to = if request.path == "/bad" { "/other" } else { "/bad" };
        answer(stream, "302 Found", &[("Location", to)], b"");
    };
    bad_beside_good(circle, "is redirected in a circle");
}

#[test]
fn redirects_without_end() {
    let count = AtomicUsize::new(0);
    let on = move |_: &Request, stream: &mut TcpStream| {
        let next = format!("/bad/{}", count.fetch_add(1, Ordering::Relaxed));
        answer(stream, "301 Moved Permanently", &[("Location", &next)], b"");
    };
    let Pair { bad, .. } = bad_beside_good(on, "is redirected more than 5 times");
    assert_eq!(bad.requests().iter().filter(|request| request.path.starts_with("/bad")).count(), 6);
}

#[test]
fn a_redirect_to_nowhere() {
    for to in ["", "file:///etc/passwd", "ftp://valley.example/", "http://"] {
        let location = [("Location", to)];
        bad_beside_good(move |_, stream| answer(stream, "302 Found", &location, b""), "is redirected to no address");
    }
}

#[test]
fn a_redirect_to_a_private_address() {
    for to in
        ["http://127.0.0.2:9/", "http://169.254.169.254/latest/meta-data/", "http://[::1]:9/", "http://2130706434/"]
    {
        let location = [("Location", to)];
        bad_beside_good(move |_, stream| answer(stream, "302 Found", &location, b""), "is a private address");
    }
}

#[test]
fn private_addresses_are_not_asked() {
    let stand = Newsstand::open(|_, stream| ok(stream, rss(&[entry("ferry", "Ferry stuck", GOOD)])));
    let place = Place::new();
    // By number, by another way to write it, and by a name.
    let port = stand.address.port();
    let feeds = [stand.url("/a"), format!("http://0x7f000001:{port}/b"), format!("http://localhost:{port}/c")];
    for feed in &feeds {
        let run = place.run(&["watch", "--once", feed]);
        assert!(run.ends_with(1).stderr.contains("is a private address"), "{run:?}");
    }
    assert!(stand.requests().is_empty(), "{:?}", stand.requests());
}

#[test]
fn a_page_instead_of_a_feed() {
    let page = |_: &Request, stream: &mut TcpStream| {
        answer(
            stream,
            "200 OK",
            &[("Content-Type", "application/rss+xml")],
            b"<!DOCTYPE html><html><body>Soon back</body></html>",
        );
    };
    bad_beside_good(page, "is an HTML page, not a feed");
}

#[test]
fn wrong_types() {
    for (body, reason) in [
        (&b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0"[..], "not text"),
        (b"{\"error\": \"no such feed\"}", "feed"),
        (b"", "feed"),
        (b"<rss version=\"2.0\"><channel><item><title>", "feed"),
    ] {
        let body = body.to_vec();
        bad_beside_good(move |_, stream| answer(stream, "200 OK", &[("Content-Type", "image/png")], &body), reason);
    }
}

#[test]
fn a_feed_is_known_by_what_it_is_not_by_its_type() {
    let stand = Newsstand::open(|_, stream| {
        answer(
            stream,
            "200 OK",
            &[("Content-Type", "text/html; charset=iso-8859-1")],
            rss(&[entry("ferry", "Fähre fest", GOOD)]).as_bytes(),
        );
    });
    let place = Place::new();
    once(&place, &[&stand.url("/feed")]).ends_with(0);
    assert_eq!(articles(&place)[0]["title"], "Fähre fest", "UTF-8 is UTF-8 whatever the header says");
}

#[test]
fn feeds_that_fail_rest() {
    for (status, reason) in [
        ("500 Internal Server Error", "answers 500"),
        ("403 Forbidden", "answers 403"),
        ("404 Not Found", "answers 404"),
    ] {
        let Pair { place, bad, good } = bad_beside_good(move |_, stream| answer(stream, status, &[], b"no"), reason);
        // It rests; the good one is asked again.
        let run = once(&place, &[&bad.url("/bad"), &good.url("/good")]);
        assert!(!run.ends_with(0).stderr.contains("/bad"), "{run:?}");
        assert_eq!((bad.asked("/bad"), good.asked("/good")), (1, 2));
        let row = health(&place, &bad.url("/bad"));
        assert!(row["next"].as_str() > row["asked"].as_str(), "{row}");
    }
}

/// Seconds from when a feed was asked to when it is asked next.
fn rest_of(row: &Value) -> i64 {
    let time = |name: &str| row[name].as_str().expect("a time").parse::<jiff::Timestamp>().expect("a time");
    time("next").as_second() - time("asked").as_second()
}

#[test]
fn a_server_that_asks_for_time_gets_it() {
    for status in ["429 Too Many Requests", "503 Service Unavailable"] {
        let answers =
            move |_: &Request, stream: &mut TcpStream| answer(stream, status, &[("Retry-After", "7200")], b"");
        let Pair { place, bad, .. } = bad_beside_good(answers, &status[..3]);
        let rest = rest_of(&health(&place, &bad.url("/bad")));
        assert!((7_199..=7_930).contains(&rest), "{rest}");
    }
}

#[test]
fn a_host_that_asks_for_time_gets_it_of_all_feeds() {
    let stand = Newsstand::open(|request, stream| match request.path.as_str() {
        "/limited" => answer(stream, "429 Too Many Requests", &[("Retry-After", "3600")], b""),
        _ => ok(stream, rss(&[entry("ferry", "Ferry stuck", GOOD)])),
    });
    let place = Place::new();
    let (_watch, _lines) = Watch::start(&place, &[&stand.url("/limited"), &stand.url("/a"), &stand.url("/b")]);
    let began = Instant::now();
    while stand.asked("/limited") == 0 {
        assert!(began.elapsed() < Duration::from_secs(30), "it is not asked");
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(500));
    let before = stand.requests().len();
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(stand.requests().len(), before, "{:?}", stand.requests());
}

#[test]
fn a_feed_that_is_gone_is_asked_once_a_day() {
    let Pair { place, bad, .. } = bad_beside_good(|_, stream| answer(stream, "410 Gone", &[], b""), "answers 410 Gone");
    let row = health(&place, &bad.url("/bad"));
    assert_eq!(row["state"], "gone");
    assert!(rest_of(&row) > 70_000, "{row}");
}

#[test]
fn what_fails_is_told_once_and_when_it_answers_again() {
    let count = AtomicUsize::new(0);
    let stand = Newsstand::open(move |_, stream| match count.fetch_add(1, Ordering::Relaxed) {
        0..3 => answer(stream, "500 Internal Server Error", &[], b""),
        _ => ok(stream, rss(&[entry("ferry", "Ferry stuck", GOOD)])),
    });
    let place = Place::new();
    let feed = stand.url("/feed");
    let (mut watch, lines) = Watch::start(&place, &[&feed]);
    wait_for(&lines, &["founded"]);
    watch.signal("-TERM");
    let told = std::fs::read_to_string(place.path("watch.log")).expect("standard error");
    let of_feed: Vec<&str> = told.lines().filter(|line| line.starts_with(&feed)).collect();
    assert_eq!(of_feed.len(), 2, "{told}");
    assert!(of_feed[0].contains("answers 500") && of_feed[1].ends_with("answers again"), "{told}");
    let row = health(&place, &feed);
    assert_eq!((&row["state"], &row["failures"], &row["failing_since"]), (&"ok".into(), &0.into(), &Value::Null));
}

#[test]
fn nothing_is_sent_twice_that_has_not_changed() {
    let stand = Newsstand::open(|request, stream| {
        let known = request.headers.get("if-none-match").is_some_and(|tag| tag == "\"v1\"")
            && request.headers.get("if-modified-since").is_some_and(|time| time == "Tue, 04 May 2021 07:00:00 GMT");
        match known {
            true => answer(stream, "304 Not Modified", &[], b""),
            false => {
                let headers = [("ETag", "\"v1\""), ("Last-Modified", "Tue, 04 May 2021 07:00:00 GMT")];
                answer(stream, "200 OK", &headers, rss(&[entry("ferry", "Ferry stuck", GOOD)]).as_bytes());
            }
        }
    });
    let place = Place::new();
    let feed = stand.url("/feed");
    for _ in 0..3 {
        once(&place, &[&feed]).ends_with(0);
    }
    let row = health(&place, &feed);
    assert_eq!((&row["rounds"], &row["unchanged"], &row["articles"]), (&3.into(), &2.into(), &1.into()));
    assert!(stand.requests()[0].headers["user-agent"].starts_with("samestory/"));
}

#[test]
fn a_304_that_nobody_asked_for() {
    bad_beside_good(|_, stream| answer(stream, "304 Not Modified", &[], b""), "answers 304");
}

#[test]
fn a_feed_that_moves_is_asked_where_it_is() {
    let stand = Newsstand::open(|request, stream| match request.path.as_str() {
        "/old" => answer(stream, "301 Moved Permanently", &[("Location", "/newer")], b""),
        "/newer" => answer(stream, "308 Permanent Redirect", &[("Location", "/new")], b""),
        "/lent" => answer(stream, "302 Found", &[("Location", "/new")], b""),
        _ => ok(stream, rss(&[entry("ferry", "Ferry stuck", GOOD)])),
    });
    let place = Place::new();
    let feeds = [stand.url("/old"), stand.url("/lent")];
    let run = once(&place, &[&feeds[0], &feeds[1]]);
    assert!(run.ends_with(0).stderr.contains(&format!("{} has moved to {}", feeds[0], stand.url("/new"))), "{run:?}");
    once(&place, &[&feeds[0], &feeds[1]]).ends_with(0);
    assert_eq!((stand.asked("/old"), stand.asked("/newer"), stand.asked("/lent")), (1, 1, 2));
    assert_eq!(health(&place, &feeds[0])["moved_to"], stand.url("/new"));
    assert_eq!(ids(&place), ["ferry"]);
}

#[test]
fn encodings_that_change() {
    let title = "Café fermé à l'île";
    let feed = move |declared: &str, text: &str| {
        let entry = Entry { title: title.into(), ..entry("cafe", title, text) };
        rss(&[entry]).replace("UTF-8", declared)
    };
    let round = AtomicUsize::new(0);
    let stand = Newsstand::open(move |_, stream| {
        let (charset, bytes) = match round.fetch_add(1, Ordering::Relaxed) {
            0 => ("", feed("UTF-8", GOOD).into_bytes()),
            // By the declaration in the document.
            1 => ("", latin(&feed("ISO-8859-1", &format!("{GOOD} À midi.")))),
            // By the header alone.
            2 => (
                "; charset=windows-1252",
                latin(&feed("", &format!("{GOOD} À deux heures.")).replace(" encoding=\"\"", "")),
            ),
            // By its byte order mark.
            _ => {
                let text = feed("UTF-16", &format!("{GOOD} À trois heures."));
                ("", [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect())
            }
        };
        answer(stream, "200 OK", &[("Content-Type", &format!("application/rss+xml{charset}"))], &bytes);
    });
    let place = Place::new();
    for _ in 0..4 {
        once(&place, &[&stand.url("/feed")]).ends_with(0);
    }
    let articles = articles(&place);
    assert_eq!(articles.len(), 4, "each state is a version: {articles:?}");
    assert!(articles.iter().all(|article| article["title"] == title), "{articles:?}");
    let newest = articles.iter().find(|article| article["id"] == "cafe").expect("the newest");
    assert!(newest["text"].as_str().is_some_and(|text| text.ends_with("À trois heures.")), "{newest}");
}

fn latin(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).expect("a character of Latin-1")).collect()
}

#[test]
fn ids_that_mean_several_things() {
    let of_host =
        |host: &str, entry: Entry| Entry { link: Some(format!("https://{host}/{}", entry.title.len())), ..entry };
    let stand = Newsstand::open(move |request, stream| {
        let one = entry("118", "Ferry stuck on a sandbank", GOOD);
        let other =
            entry("118", "Council votes on parking", "The council voted on Monday to double what parking costs.");
        match request.path.as_str() {
            // Two things of one outlet under one id.
            "/same-feed" => ok(stream, rss(&[of_host("valley.example", one), of_host("valley.example", other)])),
            // And of two outlets.
            "/valley" => ok(stream, rss(&[of_host("valley.example", Entry { guid: Some("7".into()), ..one })])),
            _ => ok(stream, rss(&[of_host("quay.example", Entry { guid: Some("7".into()), ..other })])),
        }
    });
    let place = Place::new();
    for _ in 0..2 {
        once(&place, &[&stand.url("/same-feed")]).ends_with(0);
    }
    assert_eq!(ids(&place), ["https://valley.example/24", "https://valley.example/25"]);
    let place = Place::new();
    for feed in ["/valley", "/quay", "/valley", "/quay"] {
        once(&place, &[&stand.url(feed)]).ends_with(0);
    }
    assert_eq!(ids(&place), ["7", "quay.example/7"], "neither replaces the other");
    // Nor where both are asked at once for the first time.
    let place = Place::new();
    once(&place, &[&stand.url("/valley"), &stand.url("/quay")]).ends_with(0);
    let ids = ids(&place);
    assert!(ids.len() == 2 && ids[0] == "7" && ids[1].ends_with(".example/7"), "{ids:?}");
}

#[test]
fn entries_without_dates_or_ids() {
    let bare = |title: &str, link: Option<&str>| Entry {
        guid: None,
        link: link.map(str::to_owned),
        date: None,
        ..entry("", title, GOOD)
    };
    let stand = Newsstand::open(move |_, stream| {
        ok(
            stream,
            rss(&[bare("Ferry stuck", None), bare("Ferry afloat", Some("https://www.valley-observer.example/afloat"))]),
        );
    });
    let place = Place::new();
    for _ in 0..3 {
        let run = once(&place, &[&stand.url("/feed")]);
        assert!(!run.ends_with(0).stderr.contains("rejected"), "{run:?}");
    }
    let articles = articles(&place);
    assert_eq!(articles.len(), 2, "{articles:?}");
    assert!(articles.iter().all(|article| article["published"].is_null()), "{articles:?}");
}

#[test]
fn a_broken_entry_costs_itself() {
    let stand = Newsstand::open(|_, stream| {
        let good = rss(&[entry("ferry", "Ferry stuck", GOOD), entry("bridge", "Bridge shut", GOOD)]);
        ok(stream, good.replace("<title>Bridge shut</title>", "<title>Bridge <shut</title>"));
    });
    let place = Place::new();
    let feed = stand.url("/feed");
    let run = once(&place, &[&feed]);
    assert!(run.stderr.contains(&format!("{feed} has 1 entry that cannot be read")), "{run:?}");
    assert_eq!(ids(&place), ["ferry"]);
    assert_eq!(health(&place, &feed)["rejected"], 1);
}

#[test]
fn what_changes_becomes_a_version() {
    let round = AtomicUsize::new(0);
    let stand = Newsstand::open(move |_, stream| {
        let text = match round.fetch_add(1, Ordering::Relaxed) {
            0 => GOOD.to_owned(),
            _ => format!("{GOOD} It floated free at noon."),
        };
        ok(stream, rss(&[entry("ferry", "Ferry stuck", &text)]));
    });
    let place = Place::new();
    let feed = stand.url("/feed");
    let first = once(&place, &["--jsonl", &feed]);
    assert_eq!(json(&first)["what"], "founded");
    let second = once(&place, &["--jsonl", &feed]);
    assert!(second.stdout.lines().any(|line| line.contains("\"corrected\"")), "{second:?}");
    assert!(once(&place, &["--jsonl", &feed]).stdout.is_empty());
    assert_eq!(ids(&place), ["ferry", "ferry@1"]);
}

const PAGE_TEXT: &str = "The ferry Northern Star ran onto a sandbank off Cove Point in thick fog early on Tuesday, and forty people waited on board until the tide lifted it at noon.";

fn page() -> String {
    let paragraphs = format!("<p>{PAGE_TEXT}</p>").repeat(2);
    format!(
        "<html><head><title>Ferry</title></head><body><nav>Home News Sport</nav><article><h1>Ferry stuck</h1>{paragraphs}<p>Nobody was hurt, the coast guard said, and the line is to run again on Wednesday.</p></article></body></html>"
    )
}

#[test]
fn pages_are_fetched_where_the_feed_has_only_a_summary() {
    let seconds = AtomicUsize::new(0);
    let stand = Newsstand::open(move |request, stream| {
        let host = request.headers["host"].clone();
        let of = |path: &str| Entry {
            link: Some(format!("http://{host}{path}")),
            ..entry(&path[1..], &format!("Ferry stuck {path}"), "A ferry is stuck.")
        };
        match request.path.as_str() {
            "/robots.txt" => answer(stream, "200 OK", &[], b"User-agent: samestory\nDisallow: /closed\n"),
            "/feed" => ok(
                stream,
                rss(&["/ferry", "/closed", "/lost", "/picture", "/bare", "/moved", "/secret", "/late", "/second"]
                    .map(of)),
            ),
            "/second" if seconds.fetch_add(1, Ordering::Relaxed) == 0 => answer(stream, "502 Bad Gateway", &[], b""),
            "/ferry" | "/there" | "/closed" | "/second" => {
                answer(stream, "200 OK", &[("Content-Type", "text/html")], page().as_bytes())
            }
            "/lost" => answer(stream, "404 Not Found", &[], b""),
            "/picture" => answer(stream, "200 OK", &[("Content-Type", "image/png")], b"\x89PNG"),
            "/bare" => answer(stream, "200 OK", &[("Content-Type", "text/html")], b"<html><body></body></html>"),
            "/moved" => answer(stream, "302 Found", &[("Location", "/there")], b""),
            "/secret" => answer(stream, "302 Found", &[("Location", "http://10.0.0.1/")], b""),
            _ => answer(stream, "503 Service Unavailable", &[], b""),
        }
    });
    let place = Place::new();
    let feed = stand.url("/feed");
    once(&place, &["--pages", &feed]).ends_with(0);
    let text = |id: &str| {
        let found = articles(&place).into_iter().find(|article| article["id"] == id);
        found.map(|article| article["text"].as_str().expect("a text").to_owned())
    };
    assert!(text("ferry").is_some_and(|text| text.contains("Northern Star") && !text.contains("Sport")));
    assert!(text("moved").is_some_and(|text| text.contains("Northern Star")));
    for id in ["closed", "lost", "picture", "bare", "secret"] {
        assert_eq!(text(id).as_deref(), Some("A ferry is stuck."), "{id}");
    }
    assert_eq!(stand.asked("/closed"), 0, "its host does not wish it");
    // What may pass is tried again with the next rounds; the summary does meanwhile.
    assert_eq!(text("late").as_deref(), Some("A ferry is stuck."));
    assert_eq!(text("second").as_deref(), Some("A ferry is stuck."));
    once(&place, &["--pages", &feed]).ends_with(0);
    assert!(text("second").is_some_and(|text| text.contains("Northern Star")));
    assert_eq!(text("second@1").as_deref(), Some("A ferry is stuck."), "it is the version before");
    once(&place, &["--pages", &feed]).ends_with(0);
    assert_eq!(text("late").as_deref(), Some("A ferry is stuck."));
    once(&place, &["--pages", &feed]).ends_with(0);
    assert_eq!((stand.asked("/late"), stand.asked("/ferry"), stand.asked("/robots.txt")), (3, 1, 3));
    assert_eq!(health(&place, &feed)["pages_missed"], 6);
    assert_eq!(articles(&place).len(), 10);
}

#[test]
fn a_host_whose_rules_cannot_be_read_is_left_alone() {
    let stand = Newsstand::open(|request, stream| match request.path.as_str() {
        "/feed" => {
            let link = Some(format!("http://{}/ferry", request.headers["host"]));
            ok(stream, rss(&[Entry { link, ..entry("ferry", "Ferry stuck", "A ferry is stuck.") }]));
        }
        "/robots.txt" => answer(stream, "500 Internal Server Error", &[], b""),
        _ => answer(stream, "200 OK", &[("Content-Type", "text/html")], page().as_bytes()),
    });
    let place = Place::new();
    once(&place, &["--pages", &stand.url("/feed")]).ends_with(0);
    assert_eq!(stand.asked("/ferry"), 0);
    assert_eq!(articles(&place)[0]["text"], "A ferry is stuck.");
}

#[test]
fn two_requests_to_a_host_are_apart() {
    let stand = Newsstand::open(|request, stream| ok(stream, rss(&[entry(&request.path[1..], "Ferry stuck", GOOD)])));
    let place = Place::new();
    let feeds: Vec<String> = (0..4).map(|at| stand.url(&format!("/{at}"))).collect();
    let args: Vec<&str> = ["watch", "--once", "--allow-private", "127.0.0.0/8", "--host-delay", "300ms"]
        .into_iter()
        .chain(feeds.iter().map(String::as_str))
        .collect();
    place.run(&args).ends_with(0);
    let times: Vec<Instant> = stand.requests().iter().map(|request| request.at).collect();
    assert_eq!(times.len(), 4);
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] >= Duration::from_millis(290)), "{times:?}");
}

#[test]
fn lists_and_folders() {
    let stand = Newsstand::open(|request, stream| {
        ok(stream, rss(&[entry(&request.path[1..], &format!("Ferry stuck {}", request.path), GOOD)]))
    });
    let place = Place::new();
    place.write("feeds.txt", format!("# ours\n{}\nno address\n", stand.url("/line")));
    place.write(
        "feeds.opml",
        format!(
            "<opml><body><outline text=\"all\"><outline xmlUrl=\"{}\"/></outline></body></opml>",
            stand.url("/outline")
        ),
    );
    place.write("incoming/a.jsonl", [line("from-folder"), "{broken\n".into()].concat());
    let run = once(&place, &["feeds.txt", "feeds.opml", "incoming"]);
    run.ends_with(1).rejects(2);
    assert_eq!(ids(&place), ["from-folder", "line", "outline"]);
    // A file is read again when it has changed, and only then.
    once(&place, &["incoming"]).ends_with(0).rejects(0);
    place.write("incoming/b.jsonl", line("later"));
    once(&place, &["incoming"]).ends_with(0);
    assert_eq!(ids(&place), ["from-folder", "later", "line", "outline"]);
    let run = place.run(&["feeds"]);
    assert!(
        run.ends_with(0).stdout.contains("/outline") && run.stderr.contains("2 feeds, 0 of them failing"),
        "{run:?}"
    );
}

#[test]
fn what_is_named_wrongly_is_told() {
    let place = Place::new();
    place.write("empty.txt", "# nothing\n");
    for (name, reason) in [
        ("nowhere.txt", "is no feed, folder or list of feeds"),
        ("empty.txt", "lists no feed"),
        ("http://", "is no address"),
    ] {
        let run = place.run(&["watch", "--once", name]);
        assert!(run.ends_with(2).stderr.contains(reason), "{run:?}");
    }
    place.run(&["watch", "--once", "--every", "10ms", "feed"]).ends_with(2);
    place.run(&["watch", "--once", "--allow-private", "everyone", "feed"]).ends_with(2);
    assert!(place.run(&["feeds"]).ends_with(0).stderr.contains("0 feeds"));
}

/// A watch that goes on until it is stopped.
struct Watch(Child);

impl Watch {
    fn spawn(place: &Place, args: &[&str]) -> Child {
        Command::new(env!("CARGO_BIN_EXE_samestory"))
            .arg("--collection")
            .arg(place.path(".samestory"))
            .args(["watch", "--jsonl", "--every", "1s"])
            .args(NEAR)
            .args(args)
            .stdout(Stdio::piped())
            .stderr(std::fs::File::options().create(true).append(true).open(place.path("watch.log")).expect("a file"))
            .spawn()
            .expect("it runs")
    }

    fn start(place: &Place, args: &[&str]) -> (Watch, std::sync::mpsc::Receiver<String>) {
        let mut child = Watch::spawn(place, args);
        let lines = BufReader::new(child.stdout.take().expect("standard output")).lines();
        let (sender, receiver) = std::sync::mpsc::channel();
        // Where the test does not listen any more, neither does this.
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| sender.send(line)));
        (Watch(child), receiver)
    }

    fn signal(&mut self, signal: &str) -> Option<i32> {
        let told = Command::new("kill").args([signal, &self.0.id().to_string()]).status().expect("kill runs");
        assert!(told.success());
        self.0.wait().expect("it ends").code()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits for a line in which all of these stand.
fn wait_for(lines: &std::sync::mpsc::Receiver<String>, parts: &[&str]) -> String {
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(60) {
        match lines.recv_timeout(Duration::from_secs(60)) {
            Ok(line) if parts.iter().all(|part| line.contains(part)) => return line,
            Ok(_) => (),
            Err(error) => panic!("{parts:?}: {error}"),
        }
    }
    panic!("no line with {parts:?}");
}

/// A feed that grows by an entry with each request, on two outlets in turn, all on one event.
fn growing() -> Newsstand {
    let count = AtomicUsize::new(0);
    Newsstand::open(move |_, stream| {
        let count = count.fetch_add(1, Ordering::Relaxed) + 1;
        let of = |at: usize| Entry {
            link: Some(format!("https://www.outlet-{}.example/ferry-{at}", at % 4)),
            ..entry(
                &format!("ferry-{at}"),
                "Northern Star ferry stuck on sandbank off Cove Point",
                &format!("{PAGE_TEXT} Report number {at}."),
            )
        };
        ok(stream, rss(&(0..count.min(6)).map(of).collect::<Vec<_>>()));
    })
}

#[test]
fn stories_are_told_of_as_they_form() {
    let place = Place::new();
    let stand = growing();
    let told = place.path("told.json");
    let command = format!("cat > '{}.part' && mv '{}.part' '{}'", told.display(), told.display(), told.display());
    let (mut watch, lines) =
        Watch::start(&place, &["--notify", &command, "--notify-outlets", "3", &stand.url("/feed")]);
    let founded: Value = serde_json::from_str(&wait_for(&lines, &["founded"])).expect("a JSON line");
    assert!(founded["headline"].as_str().is_some_and(|headline| headline.starts_with("Northern Star")), "{founded}");
    assert_eq!(founded["size"], 1);
    wait_for(&lines, &["\"joined\"", "\"size\":6"]);
    let began = Instant::now();
    while !told.exists() {
        assert!(began.elapsed() < Duration::from_secs(30), "the command was not told");
        std::thread::sleep(Duration::from_millis(50));
    }
    let story: Value = serde_json::from_str(&std::fs::read_to_string(&told).expect("a file")).expect("JSON");
    assert!(story["outlets"].as_array().is_some_and(|outlets| outlets.len() >= 3), "{story}");
    // Of a story it is told once, also after a restart.
    std::fs::remove_file(&told).expect("removed");
    assert_eq!(watch.signal("-TERM"), Some(0));
    let (mut watch, _lines) =
        Watch::start(&place, &["--notify", &command, "--notify-outlets", "3", &stand.url("/feed")]);
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(watch.signal("-INT"), Some(0));
    assert!(!told.exists(), "it is told a second time");
}

#[test]
fn a_kill_in_the_middle_loses_nothing() {
    let entries: Vec<Entry> = (0..200)
        .map(|at| entry(&format!("e{at:03}"), &format!("Report {at} on the ferry"), &format!("{GOOD} Number {at}.")))
        .collect();
    let count = AtomicUsize::new(0);
    let stand = Newsstand::open(move |_, stream| {
        let shown = (count.fetch_add(1, Ordering::Relaxed) * 20 + 20).min(entries.len());
        ok(stream, rss(&entries[..shown]));
    });
    let place = Place::new();
    let feed = stand.url("/feed");
    let mut pause = 700;
    while articles(&place).len() < 200 {
        let (mut watch, _lines) = Watch::start(&place, &[&feed]);
        std::thread::sleep(Duration::from_millis(pause));
        watch.signal("-KILL");
        pause += 431;
        assert!(pause < 20_000, "it does not get on: {} articles", articles(&place).len());
    }
    once(&place, &[&feed]).ends_with(0);
    let ids = ids(&place);
    assert_eq!(ids.len(), 200, "nothing twice: {ids:?}");
    place.run(&["check"]).ends_with(0);
}

#[test]
fn other_writers_find_their_turn() {
    let place = Place::new();
    let stand = growing();
    let (mut watch, lines) = Watch::start(&place, &[&stand.url("/feed")]);
    wait_for(&lines, &["founded"]);
    place.write("more.jsonl", line("by-hand"));
    place.run(&["add", "more.jsonl"]).ends_with(0);
    // What others add is told too.
    wait_for(&lines, &["by-hand"]);
    let second = place.run(&["watch", "--once", &stand.url("/feed")]);
    assert!(second.ends_with(3).stderr.contains("another process watches feeds"), "{second:?}");
    assert_eq!(watch.signal("-TERM"), Some(0));
}

#[test]
fn what_has_come_waits_while_another_writes() {
    let place = Place::new();
    let stand = growing();
    let feed = stand.url("/feed");
    std::fs::create_dir_all(place.path(".samestory")).expect("a folder");
    let lock = std::fs::File::create(place.path(".samestory/lock")).expect("a file");
    lock.lock().expect("the lock");
    let (mut watch, _lines) = Watch::start(&place, &[&feed]);
    std::thread::sleep(Duration::from_secs(4));
    // It hears the signal all the same, and says that something was not added.
    let began = Instant::now();
    assert_eq!(watch.signal("-TERM"), Some(3));
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    assert!(articles(&place).is_empty());
    let (mut watch, lines) = Watch::start(&place, &[&feed]);
    std::thread::sleep(Duration::from_secs(4));
    drop(lock);
    wait_for(&lines, &["founded"]);
    assert_eq!(watch.signal("-TERM"), Some(0));
}

#[test]
fn what_could_not_be_told_is_told_after_the_next_start() {
    let place = Place::new();
    let stand = growing();
    let mut watch = Watch(Watch::spawn(&place, &[&stand.url("/feed")]));
    drop(watch.0.stdout.take());
    assert_eq!(watch.0.wait().expect("it ends").code(), Some(0), "nobody listens");
    let (_watch, lines) = Watch::start(&place, &[&stand.url("/feed")]);
    wait_for(&lines, &["founded", "ferry-0"]);
}

#[test]
fn files_of_one_name_in_two_folders() {
    let report = |what: &str| format!("Title: {what} on the ferry\n\n{GOOD}\n");
    let (watched, added) = (Place::new(), Place::new());
    for place in [&watched, &added] {
        place.write("valley/report.txt", report("Valley"));
        place.write("quay/report.txt", report("Quay"));
    }
    added.run(&["add", "valley", "quay"]).ends_with(0);
    once(&watched, &["valley", "quay"]).ends_with(0);
    assert_eq!(ids(&watched), ["quay/report.txt", "valley/report.txt"]);
    assert_eq!(ids(&watched), ids(&added));
}

#[test]
fn old_articles_are_removed() {
    let stand = Newsstand::open(|_, stream| {
        let now = jiff::Timestamp::now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        ok(
            stream,
            rss(&[entry("old", "Ferry stuck", GOOD), Entry { date: Some(now), ..entry("new", "Bridge shut", GOOD) }]),
        );
    });
    let place = Place::new();
    place.write("old.jsonl", "{\"id\": \"older\", \"title\": \"Ferry stuck\", \"text\": \"A ferry is stuck.\", \"published\": \"2020-01-08\"}\n");
    place.run(&["add", "old.jsonl"]).ends_with(0);
    let run = once(&place, &["--keep", "90d", &stand.url("/feed")]);
    assert!(run.ends_with(0).stderr.contains("1 article removed for their age"), "{run:?}");
    assert_eq!(ids(&place), ["new"]);
}

/// The stories of a collection as sets of articles.
fn stories(place: &Place) -> BTreeSet<BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for article in articles(place) {
        let name = |field: &str| article[field].as_str().expect("a name").to_owned();
        found.entry(name("story")).or_default().insert(name("id"));
    }
    found.into_values().collect()
}

/// The sample corpus as a feed an outlet.
fn corpus() -> Vec<Vec<Entry>> {
    let place = Place::new();
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus").display().to_string();
    place.run(&["cluster", &corpus]).ends_with(0);
    let mut feeds: BTreeMap<Option<String>, Vec<Entry>> = BTreeMap::new();
    for article in articles(&place) {
        let text = |field: &str| article[field].as_str().map(str::to_owned);
        let source = text("source");
        let entry = Entry {
            guid: text("id"),
            title: text("title").expect("a headline"),
            link: text("url"),
            date: text("published").map(|time| if time.len() == 10 { format!("{time}T00:00:00Z") } else { time }),
            source: source.clone(),
            text: text("text").expect("a text"),
        };
        feeds.entry(source).or_default().push(entry);
    }
    feeds.into_values().collect()
}

#[test]
fn the_stories_are_those_of_add_whatever_happens_meanwhile() {
    let feeds = corpus();
    let (added, watched) = (Place::new(), Place::new());
    for (number, feed) in feeds.iter().enumerate() {
        added.write(&format!("feeds/{number:02}.rss"), rss(feed));
    }
    added.run(&["add", "feeds"]).ends_with(0);
    let expected = stories(&added);
    assert!(expected.len() > 30 && expected.iter().any(|story| story.len() > 5), "{expected:?}");
    // Each feed shows two more with each request.
    let asked: Vec<AtomicUsize> = feeds.iter().map(|_| AtomicUsize::new(0)).collect();
    let shown = feeds.clone();
    let stand = Newsstand::open(move |request, stream| {
        let number: usize = request.path[1..].parse().expect("a number");
        let count = (asked[number].fetch_add(1, Ordering::Relaxed) + 1) * 2;
        ok(stream, rss(&shown[number][..count.min(shown[number].len())]));
    });
    let list: String = (0..feeds.len()).map(|number| stand.url(&format!("/{number}\n"))).collect();
    watched.write("feeds.txt", list);
    let list = watched.path("feeds.txt").display().to_string();
    let (mut watch, lines) = Watch::start(&watched, &["--settle", "1s", &list]);
    wait_for(&lines, &["joined"]);
    watch.signal("-KILL");
    let (_watch, _lines) = Watch::start(&watched, &["--settle", "1s", &list]);
    let began = Instant::now();
    while stories(&watched) != expected {
        let odd: Vec<_> = stories(&watched).symmetric_difference(&expected).cloned().collect();
        assert!(began.elapsed() < Duration::from_secs(90), "{odd:?}");
        std::thread::sleep(Duration::from_millis(500));
    }
}

#[test]
fn the_served_page_follows() {
    let place = Place::new();
    let stand = growing();
    let (mut watch, lines) = Watch::start(&place, &[&stand.url("/feed")]);
    wait_for(&lines, &["founded"]);
    let mut serve = Command::new(env!("CARGO_BIN_EXE_samestory"))
        .arg("--collection")
        .arg(place.path(".samestory"))
        .args(["serve", "--addr", "127.0.0.1:0"])
        .stderr(Stdio::piped())
        .spawn()
        .map(Watch)
        .expect("it runs");
    let mut told = BufReader::new(serve.0.stderr.take().expect("standard error")).lines().map_while(Result::ok);
    let line = told.find(|line| line.starts_with("serving")).expect("where");
    let address = line.rsplit_once("http://").expect("an address").1.trim_end_matches('/').to_owned();
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout");
    write!(stream, "GET /live/events?since=0 HTTP/1.1\r\nHost: localhost\r\n\r\n").expect("sent");
    let mut seen = String::new();
    for line in BufReader::new(stream).lines() {
        seen.push_str(&line.expect("more of the live view"));
        if seen.contains("Northern Star") && seen.contains("joined") {
            break;
        }
    }
    assert!(seen.contains("joined"), "{seen}");
    assert_eq!(watch.signal("-TERM"), Some(0));
}
