//! Every format, from a file, compressed by gzip and Zstandard, and from standard input; and a crawl that
//! is far larger than what of it may be held in memory.

mod place;

use std::io::{BufWriter, Write};
use std::process::{Command, Stdio};

use place::{Place, gzip, zstandard};
use serde_json::{Value, json};

const HEADLINE: &str = "Norwell bridge closed after crack is found";
const TEXT: [&str; 3] = [
    "Engineers shut the Norwell bridge before dawn on Tuesday after an inspector found a crack in its main girder.",
    "No one was hurt, and the ferry will carry cars at no charge until the girder is replaced, the county said.",
    "The bridge, which opened in 1961, carries nine thousand cars a day between the two halves of the valley.",
];

fn page() -> String {
    format!(
        r#"<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{HEADLINE} | Valley Observer</title>
<link rel="canonical" href="https://www.valley-observer.example/bridge">
<script type="application/ld+json">{{"@type":"NewsArticle","headline":"{HEADLINE}","datePublished":"2021-05-04T06:30:00Z","publisher":{{"name":"Valley Observer"}}}}</script></head>
<body><nav><a href="/">Home</a> <a href="/county">County</a></nav><article><h1>{HEADLINE}</h1><p>{}</p><p>{}</p><p>{}</p></article>
<footer>All rights reserved</footer></body></html>"#,
        TEXT[0], TEXT[1], TEXT[2]
    )
}

fn warc(pages: &[(&str, String)]) -> String {
    let mut file = String::from("WARC/1.0\r\nWARC-Type: warcinfo\r\nContent-Length: 0\r\n\r\n\r\n\r\n");
    for (address, page) in pages {
        file.push_str(&record(address, page));
    }
    file
}

fn record(address: &str, page: &str) -> String {
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{page}");
    format!(
        "WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: {address}\r\nContent-Type: application/http; msgtype=response\r\nContent-Length: {}\r\n\r\n{answer}\r\n\r\n",
        answer.len()
    )
}

/// A file of each format that holds the same report, with the report's id.
fn files() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let text = TEXT.join("\n");
    let object = json!({"id": "vo-118", "headline": HEADLINE, "body": text, "date": "2021-05-04T06:30:00Z", "source": "Valley Observer", "url": "https://www.valley-observer.example/bridge"});
    let ninjs = json!({"uri": "vo-118", "headline": HEADLINE, "body_xhtml": format!("<p>{}</p><p>{}</p><p>{}</p>", TEXT[0], TEXT[1], TEXT[2]), "versioncreated": "2021-05-04T06:30:00Z", "copyrightholder": "Valley Observer"});
    let rss = format!(
        "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>Valley Observer</title><item><title>{HEADLINE}</title><link>https://www.valley-observer.example/bridge</link><guid>vo-118</guid><pubDate>Tue, 04 May 2021 06:30:00 GMT</pubDate><description>&lt;p&gt;{}&lt;/p&gt;</description></item></channel></rss>",
        TEXT.join("&lt;/p&gt;&lt;p&gt;")
    );
    let atom = format!(
        "<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>Valley Observer</title><entry><id>vo-118</id><title>{HEADLINE}</title><link href=\"https://www.valley-observer.example/bridge\"/><published>2021-05-04T06:30:00Z</published><content type=\"html\">&lt;p&gt;{}&lt;/p&gt;</content></entry></feed>",
        TEXT.join("&lt;/p&gt;&lt;p&gt;")
    );
    let json_feed = json!({"version": "https://jsonfeed.org/version/1.1", "title": "Valley Observer", "items": [{"id": "vo-118", "title": HEADLINE, "url": "https://www.valley-observer.example/bridge", "date_published": "2021-05-04T06:30:00Z", "content_text": text}]});
    let nitf = format!(
        "<?xml version=\"1.0\"?><nitf><head><docdata><doc-id id-string=\"vo-118\"/><date.issue norm=\"20210504T063000Z\"/></docdata><pubdata name=\"Valley Observer\" ex-ref=\"https://www.valley-observer.example/bridge\"/></head><body><body.head><hedline><hl1>{HEADLINE}</hl1></hedline></body.head><body.content><p>{}</p></body.content></body></nitf>",
        TEXT.join("</p><p>")
    );
    let front = format!(
        "Title: {HEADLINE}\nID: vo-118\nSource: Valley Observer\nPublished: 2021-05-04T06:30:00Z\nURL: https://www.valley-observer.example/bridge\n\n{text}"
    );
    let versions = format!(
        "This article is from the source 'Valley Observer' and was first published or seen on May 4, 2021 06:30.\nYou can find the current article at its original source at https://www.valley-observer.example/bridge\nThe article has changed 1 times.\nVersion 0 Version 1\n{HEADLINE} {HEADLINE}\n(about 1 hour later)\n{0}{0}\n{1}{1}\n{2}{2}\n",
        TEXT[0], TEXT[1], TEXT[2]
    );
    let table = format!(
        "id,title,text,published,source,url\nvo-118,{HEADLINE},\"{text}\",2021-05-04T06:30:00Z,Valley Observer,https://www.valley-observer.example/bridge\n"
    );
    vec![
        ("a.txt", front.into_bytes(), "vo-118"),
        ("versions.txt", versions.into_bytes(), "versions.txt"),
        ("a.jsonl", format!("{object}\n").into_bytes(), "vo-118"),
        ("a.json", serde_json::to_vec_pretty(&json!({"articles": [object]})).expect("JSON"), "vo-118"),
        ("ninjs.json", ninjs.to_string().into_bytes(), "vo-118"),
        ("feed.json", json_feed.to_string().into_bytes(), "vo-118"),
        ("a.csv", table.into_bytes(), "vo-118"),
        ("a.rss", rss.clone().into_bytes(), "vo-118"),
        ("b.xml", rss.into_bytes(), "vo-118"),
        ("a.atom", atom.into_bytes(), "vo-118"),
        ("a.nitf", nitf.clone().into_bytes(), "vo-118"),
        ("c.xml", nitf.into_bytes(), "vo-118"),
        ("a.html", page().into_bytes(), "a.html"),
        (
            "a.warc",
            warc(&[("https://www.valley-observer.example/bridge", page())]).into_bytes(),
            "https://www.valley-observer.example/bridge",
        ),
    ]
}

/// Checks that a run took the report, with all its fields.
fn check(place: &Place, what: &str, paths: &[&str], input: &[u8], id: Option<&str>) {
    let mut args = vec!["dedup", "--output", "-"];
    args.extend(paths);
    let run = place.run_with(&args, input);
    assert_eq!(run.code, Some(0), "{what}: {run:?}");
    let rows: Vec<Value> = run.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON lines")).collect();
    assert_eq!(rows.len(), 1, "{what}: {run:?}");
    let field = |name: &str| rows[0][name].as_str().unwrap_or_default().to_owned();
    assert_eq!(field("title"), HEADLINE, "{what}");
    for paragraph in TEXT {
        assert!(field("text").contains(paragraph), "{what}: {}", field("text"));
    }
    assert!(!field("text").contains("All rights reserved") && !field("text").contains("County<"), "{what}");
    assert!(["Valley Observer", "valley-observer"].contains(&field("source").as_str()), "{what}: {}", field("source"));
    let minute = &field("published")[..16];
    assert_eq!(minute, "2021-05-04T06:30", "{what}");
    // An agency's item has no address.
    if !what.starts_with("ninjs") {
        assert_eq!(field("url"), "https://www.valley-observer.example/bridge", "{what}");
    }
    if let Some(id) = id {
        assert_eq!(field("id"), id, "{what}");
    }
}

#[test]
fn every_format_from_file_gzip_zstandard_and_standard_input() {
    let place = Place::new();
    for (name, content, id) in files() {
        place.write(name, &content);
        check(&place, name, &[name], b"", Some(id));
        for (extension, packed) in [("gz", gzip(&content)), ("zst", zstandard(&content))] {
            let packed_name = format!("{name}.{extension}");
            place.write(&packed_name, &packed);
            check(&place, &packed_name, &[&packed_name], b"", (!id.contains('.')).then_some(id));
            check(&place, &format!("{packed_name} on standard input"), &["-"], &packed, None);
        }
        check(&place, &format!("{name} on standard input"), &["-"], &content, None);
    }
}

#[test]
fn parquet_is_written_and_read() {
    let place = Place::new();
    let (name, content, _) = &files()[2];
    place.write(name, content);
    place.cluster(&[name]).ends_with(0);
    place.run(&["export", "--output", "a.parquet"]).ends_with(0);
    place.run(&["export", "--output", "a.jsonl.copy"]).ends_with(0);
    let parquet = std::fs::read(place.path("a.parquet")).expect("it was written");
    assert!(parquet.starts_with(b"PAR1"));
    check(&place, "a.parquet", &["a.parquet"], b"", Some("vo-118"));
    check(&place, "parquet on standard input", &["-"], &parquet, Some("vo-118"));
    for (name, packed) in [("b.parquet.gz", gzip(&parquet)), ("c.parquet.zst", zstandard(&parquet))] {
        place.write(name, packed);
        check(&place, name, &[name], b"", Some("vo-118"));
    }
    place.run(&["export", "--what", "stories", "--format", "parquet", "--output", "stories"]).ends_with(0);
    assert!(std::fs::read(place.path("stories")).expect("it was written").starts_with(b"PAR1"));
    // A file that is cut has no list of its columns.
    place.write("cut.parquet", &parquet[..parquet.len() / 2]);
    place.cluster(&["cut.parquet", name]).ends_with(1).rejects(1).keeps(&["vo-118"]);
}

#[test]
fn a_damaged_member_of_a_crawl_costs_its_own_record() {
    let place = Place::new();
    let member = |number: usize| {
        let address = format!("https://www.valley-observer.example/{number}");
        gzip(record(&address, &page().replace("Norwell", &format!("Norwell {number}"))).as_bytes())
    };
    let (first, second, third) = (member(1), member(2), member(3));
    let cut = &second[..second.len() / 2];
    place.write("crawl.warc.gz", [&first, cut, &third].concat());
    let run = place.cluster(&["crawl.warc.gz"]);
    run.ends_with(1).rejects(1);
    let id = |number| format!("https://www.valley-observer.example/{number}");
    assert!(run.ids().contains(&id(1)) && run.ids().contains(&id(3)), "{run:?}");
    assert!(run.stderr.contains(&format!("record at byte {}: ", first.len())), "{run:?}");
    // Cut at its end, the file keeps what came before.
    place.write("cut.warc.gz", [&first, &third, cut].concat());
    let run = place.cluster(&["cut.warc.gz"]);
    run.ends_with(1).rejects(1);
    assert!(run.ids().contains(&id(1)) && run.ids().contains(&id(3)), "{run:?}");
    assert!(
        run.stderr.contains(&format!("record at byte {}: ends in the middle", first.len() + third.len())),
        "{run:?}"
    );
}

#[test]
fn an_entry_that_is_met_again_is_no_mistake() {
    let place = Place::new();
    let feed = files().into_iter().find(|(name, ..)| *name == "a.rss").expect("a feed").1;
    let feed = String::from_utf8(feed).expect("a text");
    place.write("news/0800.rss", &feed);
    place.write("news/0900.rss", &feed);
    place.write("news/1000.rss", feed.replace("no charge", "half the charge"));
    let run = place.cluster(&["news"]);
    // The later state is an article of its own, and a version of the address.
    run.ends_with(0).keeps(&["vo-118", "vo-118#1000.rss#1"]);
    assert!(run.stdout.contains("\"version_of\":\"vo-118#1000.rss#1\""), "{run:?}");
}

/// A report with words of its own on a page that is mostly script.
fn generated_page(number: u32) -> String {
    let mut state = number.wrapping_mul(2_654_435_761).wrapping_add(1);
    let mut word = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        format!("w{:x}", state >> 12)
    };
    let mut sentence = || (0..24).map(|_| word()).collect::<Vec<_>>().join(" ");
    let paragraphs: Vec<String> = (0..4).map(|_| format!("<p>The county said {}.</p>", sentence())).collect();
    format!(
        "<!DOCTYPE html><html lang=en><head><title>Report {number}</title><script>{}</script></head><body><nav><a href=/>Home</a></nav><article><h1>Report {number}</h1>{}</article></body></html>",
        "var ticker = [1, 2, 3];".repeat(1500),
        paragraphs.concat()
    )
}

/// Ten thousand pages of 35 kB, which is a third of a file of CC-NEWS, are read from a pipe in far less
/// memory than they take.
#[test]
#[cfg(target_os = "linux")]
fn a_crawl_of_ten_thousand_pages_streams() {
    let place = Place::new();
    let mut child = Command::new(env!("CARGO_BIN_EXE_samestory"))
        .args(["dedup", "--keep", "kept", "-"])
        .current_dir(place.path(""))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("samestory starts");
    let status = format!("/proc/{}/status", child.id());
    let mut pipe = BufWriter::new(child.stdin.take().expect("a pipe"));
    let (mut bytes, mut peak) = (0, 0u64);
    for number in 0..10_000 {
        let record = record(&format!("https://www.valley-observer.example/{number}"), &generated_page(number));
        bytes += record.len();
        pipe.write_all(record.as_bytes()).expect("samestory reads");
        if number % 250 == 0 {
            let status = std::fs::read_to_string(&status).expect("the system tells");
            let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("the most memory so far");
            peak = line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number of kB");
        }
    }
    drop(pipe);
    let output = child.wait_with_output().expect("samestory ends");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let kept = std::fs::read_to_string(place.path("kept")).expect("it was written");
    assert_eq!(kept.lines().count(), 10_000);
    assert!(bytes > 340_000_000, "{bytes} bytes were sent");
    assert!(peak < 200_000, "{peak} kB for {bytes} bytes");
}
