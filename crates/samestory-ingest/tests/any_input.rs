//! No text, under whatever name, makes reading panic, and every cut it makes is sound.

use proptest::prelude::*;
use samestory_ingest::{ReadSettings, read_text};

/// Text in which the marks of the formats are common.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "\\PC{0,12}",
        Just("\n".to_owned()),
        Just("---\n".to_owned()),
        Just("Title: ".to_owned()),
        Just("{\"title\":\"".to_owned()),
        Just("\",\"text\":\"".to_owned()),
        Just("\"}\n".to_owned()),
        Just("id,title,text\n".to_owned()),
        Just("title\ttext\n".to_owned()),
        Just("\"".to_owned()),
        Just(",".to_owned()),
        Just("[{".to_owned()),
        Just("Read more: ".to_owned()),
        Just("TRIPOLI (Reuters) - ".to_owned()),
        Just("This article is from the source 'a' and was first published or seen on .\n".to_owned()),
        Just("Version 0 Version 1\n".to_owned()),
        Just("<!DOCTYPE html><html><body>".to_owned()),
        Just("<p>A ferry ran aground on Tuesday, the harbour office said.</p>".to_owned()),
        Just("<script type=\"application/ld+json\">{\"@type\":\"NewsArticle\",\"headline\":\"".to_owned()),
        Just("</script><div class=\"share\"><a href=x>".to_owned()),
        Just("<rss version=\"2.0\"><channel><item><title>".to_owned()),
        Just("</title></item>".to_owned()),
        Just("<feed xmlns=\"http://www.w3.org/2005/Atom\"><entry>".to_owned()),
        Just("<nitf><body><body.content><p>".to_owned()),
        Just("&amp;&#x41;&nbsp;]]>".to_owned()),
        Just("WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 60\r\n\r\nHTTP/1.1 200 OK\r\n\r\n".to_owned()),
        Just("PAR1".to_owned()),
        Just("{\"uri\":\"a\",\"versioncreated\":\"2020\",\"bodies\":[{\"value\":\"".to_owned()),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

const EXTENSIONS: &[&str] =
    &["txt", "json", "jsonl", "csv", "tsv", "html", "xml", "rss", "atom", "nitf", "warc", "parquet", "unknown"];

proptest! {
    #[test]
    fn reading_never_panics(text in text(), extension in prop::sample::select(EXTENSIONS.to_vec())) {
        let reading = read_text(&format!("outlet/file.{extension}"), &text, &ReadSettings::default());
        for article in &reading.articles {
            let mut before = 0;
            for cut in &article.cuts {
                prop_assert!(cut.start >= before && cut.start < cut.end);
                prop_assert!(article.text.get(cut.start as usize..cut.end as usize).is_some());
                before = cut.end;
            }
            prop_assert!(!article.headline.contains(char::is_control));
        }
    }
}
