//! Each limit: what is over it is named and left, what is just below it is read.

mod place;

use place::{Place, Run, gzip, line, zstandard};

/// Runs with an option and checks that the file is read whole with it, and rejected with the option one
/// lower, for the reason that is given.
fn meets(name: &str, content: impl AsRef<[u8]>, option: &str, enough: u64, reason: &str) {
    let place = Place::new();
    place.write(name, content);
    place.write("good.jsonl", line("good"));
    let run = |limit: u64| -> Run {
        place.run(&["cluster", "--assignments", "-", option, &limit.to_string(), name, "good.jsonl"])
    };
    let below = run(enough);
    below.ends_with(0).rejects(0);
    assert!(below.ids().len() > 1, "{below:?}");
    let over = run(enough - 1);
    over.ends_with(1).rejects(1);
    assert!(over.ids().iter().any(|id| id == "good"), "the rest is read: {over:?}");
    let told = format!("rejected: {name}{reason}").replace("{limit}", &(enough - 1).to_string());
    assert!(
        over.stderr.lines().any(|line| line.starts_with(&told) && line.contains(option)),
        "no `{told}` in {over:?}"
    );
}

#[test]
fn file_size() {
    let text = "Ferry aground\n\nA car ferry ran onto a sandbank in thick fog early on Tuesday.";
    meets("a.txt", text, "--max-file-bytes", text.len() as u64, ": is larger than {limit} bytes");
    let packed = gzip(text.as_bytes());
    meets("a.txt.gz", packed, "--max-file-bytes", text.len() as u64, ": is larger than {limit} bytes");
}

#[test]
fn line_length() {
    let long = line("longer-than-the-good-one");
    meets("a.jsonl", &long, "--max-line-bytes", long.trim_end().len() as u64, ":1: line is longer than {limit} bytes");
}

/// A line of 200 MB is passed over without being held.
#[test]
fn a_line_of_two_hundred_megabytes() {
    let place = Place::new();
    let long = format!("{{\"id\":\"long\",\"title\":\"{}\"}}\n", "ferry ".repeat(35_000_000));
    place.write("a.jsonl", format!("{}{long}{}", line("before"), line("behind")));
    let run = place.cluster(&["a.jsonl"]);
    run.ends_with(1).rejects(1).keeps(&["before", "behind"]);
    run.says("rejected: a.jsonl:2: line is longer than 67108864 bytes (see --max-line-bytes)");
}

#[test]
fn nesting() {
    let nested = |depth: usize| {
        // The object itself is one of the levels.
        let more = format!("{}{}", "[".repeat(depth - 1), "]".repeat(depth - 1));
        format!("{{\"id\":\"deep\",\"title\":\"The ferry is aground\",\"more\":{more}}}\n")
    };
    meets("a.jsonl", nested(40), "--max-nesting", 40, ":1: nests brackets deeper than {limit}");
    meets("a.json", nested(40), "--max-nesting", 40, ":1: nests brackets deeper than {limit}");
    meets("b.jsonl", nested(1000), "--max-nesting", 1000, ":1: nests brackets deeper than {limit}");
    let entry = "<item><title>The ferry is aground</title></item>";
    let feed = format!("<rss version=\"2.0\"><channel>{entry}<x><y><z/></y></x></channel></rss>");
    meets("a.rss", feed, "--max-nesting", 4, ": nests deeper than {limit}");
    let nitf = "<nitf><body><body.head><hedline><hl1>The ferry is aground</hl1></hedline></body.head></body></nitf>";
    meets("a.nitf", nitf, "--max-nesting", 5, ": nests XML elements deeper than {limit}");
}

#[test]
fn a_hundred_thousand_brackets() {
    let place = Place::new();
    let brackets = "[".repeat(100_000);
    place.write("a.jsonl", format!("{}{{\"title\":{brackets}\n{}", line("before"), line("behind")));
    place.write("b.json", &brackets);
    place.write("c.html", format!("<html><body>{}A ferry ran aground.</body></html>", "<div>".repeat(100_000)));
    place.write("d.rss", format!("<rss><channel><item>{}</item></channel></rss>", "<a>".repeat(100_000)));
    // Each paragraph opens all that went before it again.
    let formatting: String = (0..10_000).map(|number| format!("<b id={number}><p>ferry")).collect();
    place.write("e.html", format!("<html><body>{formatting}"));
    let run = place.cluster(&["a.jsonl", "b.json", "c.html", "d.rss", "e.html"]);
    run.ends_with(1).rejects(5).keeps(&["before", "behind"]);
    run.says("rejected: a.jsonl:2: nests brackets deeper than 128 (see --max-nesting)");
    run.says("rejected: b.json:1: nests brackets deeper than 128 (see --max-nesting)");
    run.says("rejected: c.html: nests HTML elements deeper than 512 (see --max-html-nesting)");
    run.says("rejected: d.rss: nests deeper than 128 (see --max-nesting)");
}

#[test]
fn nesting_has_a_bound_of_its_own() {
    let place = Place::new();
    place.write("a.jsonl", line("a"));
    for option in ["--max-nesting", "--max-html-nesting"] {
        let run = place.run(&["cluster", option, "1025", "a.jsonl"]);
        assert_eq!(run.code, Some(2), "{run:?}");
        assert!(run.stderr.contains("must lie between 1 and 1024"), "{run:?}");
    }
}

#[test]
fn decompressed_size() {
    let lines: String = (0..50).map(|number| line(&format!("m{number}"))).collect();
    let reason = ":1: expands to more than {limit} bytes";
    meets("a.jsonl.gz", gzip(lines.as_bytes()), "--max-decompressed-bytes", lines.len() as u64, reason);
    meets("a.jsonl.zst", zstandard(lines.as_bytes()), "--max-decompressed-bytes", lines.len() as u64, reason);
}

/// Blank lines that grow a thousandfold.
#[test]
fn a_bomb() {
    let place = Place::new();
    let blank = vec![b'\n'; 100 << 20];
    let bomb = gzip(&[line("a").as_bytes(), &blank].concat());
    assert!(bomb.len() * 900 < blank.len());
    place.write("bomb.jsonl.gz", &bomb);
    place.write("bomb.jsonl.zst", zstandard(&blank));
    place.write("bomb.warc.gz", &bomb);
    place.write("good.jsonl", line("good"));
    for name in ["bomb.jsonl.gz", "bomb.jsonl.zst"] {
        let run = place.cluster(&[name, "good.jsonl"]);
        run.ends_with(1).rejects(1);
        assert!(run.stderr.contains("expands to more than 200 times its size (see --max-expansion)"), "{run:?}");
        assert!(run.ids().iter().any(|id| id == "good"), "{run:?}");
    }
    // What is no record is told first.
    let warc = place.cluster(&["bomb.warc.gz", "good.jsonl"]);
    warc.ends_with(1).rejects(1).keeps(&["good"]);
    // What is known to be harmless can be let through.
    let run = place.run(&["cluster", "--assignments", "-", "--max-expansion", "2000", "bomb.jsonl.gz"]);
    run.ends_with(0).keeps(&["a"]);
}

#[test]
fn items_of_a_file() {
    let lines: String = (0..20).map(|number| line(&format!("m{number}"))).collect();
    let place = Place::new();
    place.write("a.jsonl", &lines);
    let run = place.run(&["cluster", "--assignments", "-", "--max-items", "20", "a.jsonl"]);
    run.ends_with(0).rejects(0);
    assert_eq!(run.ids().len(), 20);
    let run = place.run(&["cluster", "--assignments", "-", "--max-items", "19", "a.jsonl"]);
    run.ends_with(1).says("rejected: a.jsonl: holds more than 19 items; the rest is not read (see --max-items)");
    assert_eq!(run.ids().len(), 19);
}

#[test]
fn html_nodes_and_nesting() {
    let report = "A car ferry ran onto a sandbank in thick fog early on Tuesday, and it stayed there for nine hours.";
    let page = format!("<html><body><article><h1>The ferry is aground</h1><p>{report}</p></article></body></html>");
    // The document, html, head, body, article, h1 and its text, p and its text.
    meets("a.html", &page, "--max-html-nodes", 9, ": has more than {limit} HTML nodes");
    meets("b.html", &page, "--max-html-nesting", 4, ": nests HTML elements deeper than {limit}");
    meets("c.html", &page, "--max-html-bytes", page.len() as u64, ": is an HTML page of more than {limit} bytes");
}

#[test]
fn thousands_of_files_with_few_handles() {
    let place = Place::new();
    for number in 0..3_000 {
        place.write(&format!("in/{number}.txt"), format!("Report {number}\n\nThe ferry of pier {number} ran aground."));
    }
    let program = env!("CARGO_BIN_EXE_samestory");
    let script = format!("ulimit -n 24; exec '{program}' dedup in --json");
    let output = std::process::Command::new("sh").args(["-c", &script]).current_dir(place.path("")).output();
    let output = output.expect("a shell");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(report["articles"], 3_000);
}
