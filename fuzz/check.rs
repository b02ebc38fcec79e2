//! What holds of everything that is read, whatever the bytes.

use std::sync::Once;

use samestory_article::Article;
use samestory_ingest::{Limits, ReadSettings, read_bytes};

/// Bounds so low that a hundred bytes can meet them.
fn limits() -> Limits {
    Limits {
        file_bytes: 1 << 20,
        line_bytes: 1 << 16,
        decompressed_bytes: 1 << 22,
        expansion: 50,
        nesting: 64,
        items: 1_000,
        html_bytes: 1 << 16,
        html_nodes: 5_000,
        html_nesting: 200,
    }
}

/// Reads bytes as the file of a name and checks the articles.
///
/// # Panics
///
/// If reading does, or if an article is not sound.
pub fn read_as(path: &str, bytes: &[u8]) {
    // A panic of a parser of others that reading catches is no finding; one that it does not catch ends
    // the run all the same.
    static SILENT: Once = Once::new();
    SILENT.call_once(|| std::panic::set_hook(Box::new(|_| ())));
    let settings = ReadSettings { limits: limits(), ..ReadSettings::default() };
    let reading = read_bytes(path, bytes, &settings);
    for article in &reading.articles {
        let mut before = 0;
        for cut in &article.cuts {
            assert!(cut.start >= before && cut.start < cut.end, "cuts are sorted and apart");
            assert!(article.text.get(cut.start as usize..cut.end as usize).is_some(), "cuts are on characters");
            before = cut.end;
        }
        assert!(!article.headline.contains(char::is_control), "a headline commands no terminal");
        assert!(!article.id.as_str().is_empty(), "an article has a name");
    }
    for rejected in &reading.rejected {
        assert!(!rejected.reason.is_empty(), "a reason is given");
    }
}

/// A few articles on two events.
pub fn articles() -> Vec<Article> {
    let texts = [
        "The ferry Aurelia struck a sandbank near Saint Orla with 212 aboard on Tuesday.",
        "All 212 aboard left the ferry Aurelia near Saint Orla, the harbour said.",
        "Velmark's parliament voted down the budget of minister Ilse Brandt by 51 votes to 49.",
    ];
    let article = |(number, text): (usize, &&str)| {
        let mut article = Article::new(format!("fuzz-{number}").into());
        article.headline = format!("Report {number} of the day");
        article.text = (*text).to_owned();
        article
    };
    texts.iter().enumerate().map(article).collect()
}
