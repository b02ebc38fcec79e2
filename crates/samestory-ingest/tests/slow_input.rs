//! Small files that once took minutes or gigabytes. None of these tests measures time: where one breaks
//! again it does not end, or its bound is not told.

use samestory_ingest::{ReadSettings, read_bytes};

/// Each cut was sorted in among all others.
#[test]
fn many_cuts() {
    let text = format!("Ferry late\n\nThe ferry was late.\n\n{}", "Read more: one\n\n".repeat(100_000));
    let reading = read_bytes("a.txt", text.as_bytes(), &ReadSettings::default());
    assert_eq!(reading.articles[0].cuts.len(), 100_001);
    assert_eq!(reading.articles[0].body_text().trim(), "The ferry was late.");
}

/// Each start of a gzip member was followed to the end of its header.
#[test]
fn false_member_starts() {
    let reading = read_bytes("a.warc.gz", &b"\x1f\x8b\x08".repeat(100_000), &ReadSettings::default());
    assert!(reading.articles.is_empty());
    assert!(reading.rejected.iter().any(|rejected| rejected.reason.contains("too many damaged members")));
}

/// The head was parsed again with every entry.
#[test]
fn a_broken_feed_with_a_long_head() {
    let head = format!("<rss version=\"2.0\"><channel><title>{}</title>", "x ".repeat(250_000));
    let feed = head + &"<item><title>alpha beta</title></item>".repeat(5_000) + "<item>";
    let reading = read_bytes("a.xml", feed.as_bytes(), &ReadSettings::default());
    assert!(!reading.articles.is_empty());
    assert!(reading.rejected.iter().any(|rejected| rejected.reason.contains("head too long")));
}

/// Every quote was followed to the end of the table.
#[test]
fn crossed_quotes() {
    let table = format!("title,text\n{}\"", "a\",\"b\n".repeat(350_000));
    let reading = read_bytes("a.csv", table.as_bytes(), &ReadSettings::default());
    assert!(reading.rejected.iter().any(|rejected| rejected.reason.contains("never closed")));
}

/// The limits of compressed files did not hold for what is compressed within a file.
#[test]
fn a_parquet_file_that_grows() {
    // One title of 110,000 bytes, 2,000 rows (pyarrow: dictionary, run lengths, zstd).
    let file = include_bytes!("data/rows.parquet");
    let reading = read_bytes("a.parquet", file, &ReadSettings::default());
    assert!(reading.articles.len() < 1_000);
    assert!(reading.rejected.iter().any(|rejected| rejected.reason.contains("times its size")));
}

/// A list of booleans in a header was followed step by step.
#[test]
fn a_parquet_header_that_asks_for_too_much() {
    let reading = read_bytes("a.parquet", include_bytes!("data/bools.parquet"), &ReadSettings::default());
    assert!(reading.rejected.iter().any(|rejected| rejected.reason.contains("asks for too much")), "{reading:?}");
}

/// Each ampersand and each tag was followed to the next semicolon, be it the last byte.
#[test]
fn a_feed_without_semicolons() {
    let feed = format!(
        "<rss version=\"2.0\"><channel><item><title>Ferry</title></item>{}</channel></rss>",
        "<a>&</a>".repeat(300_000)
    );
    let reading = read_bytes("a.rss", feed.as_bytes(), &ReadSettings::default());
    assert_eq!(reading.articles.len(), 1, "{:?}", reading.rejected);
}

/// Each record that was said to be longer than the file was read to its end.
#[test]
fn records_that_claim_too_much() {
    let record =
        "WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 9999999999\r\n\r\nHTTP/1.1 200 OK\r\n\r\nx\r\n\r\n";
    let reading = read_bytes("a.warc", record.repeat(20_000).as_bytes(), &ReadSettings::default());
    assert!(reading.articles.is_empty());
    assert!(reading.rejected.iter().all(|rejected| rejected.reason.contains("ends before its Content-Length")));
}
