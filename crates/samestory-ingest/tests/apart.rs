//! Reading with texts kept apart gives the articles that reading gives.

use std::fs;
use std::path::PathBuf;

use samestory_article::Article;
use samestory_ingest::{Gathering, ReadSettings, read, read_apart};
use samestory_spill::Spill;

fn agree(paths: &[PathBuf]) -> usize {
    let settings = ReadSettings::default();
    let whole = read(paths, &settings, &mut |_| ());
    let bytes: usize = whole.articles.iter().map(|article| article.text.len()).sum();
    for most_held in [0, bytes / 2, usize::MAX] {
        let (reading, apart) = read_apart(paths, &settings, most_held, &mut |_| ()).expect("articles");
        let articles: Vec<Article> =
            (0..apart.heads().len()).map(|at| apart.whole(at).expect("an article").into_owned()).collect();
        assert_eq!(articles, whole.articles);
        let held: usize = apart.heads().iter().map(|head| head.text.len()).sum();
        assert!(held <= most_held && (held == bytes) == (most_held >= bytes));
        assert_eq!((reading.articles.len(), reading.skipped), (0, whole.skipped));
        assert_eq!(reading.rejected, whole.rejected);
    }
    whole.articles.len()
}

#[test]
fn gathering_in_any_order_gives_what_reading_gives() {
    let corpus = [PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../corpus"))];
    let articles = read(&corpus, &ReadSettings::default(), &mut |_| ()).articles;
    let mut gathering = Gathering::new(Spill::holding(0));
    articles.iter().rev().for_each(|article| gathering.push(article.clone()));
    let last = articles.len() - 1;
    assert_eq!(gathering.text(last).expect("a text"), articles[0].text);
    let gathered = gathering.finish().expect("articles");
    for (at, article) in articles.iter().enumerate() {
        assert_eq!(&*gathered.whole(at).expect("an article"), article);
    }
}

#[test]
fn the_corpus_is_the_same() {
    assert_eq!(agree(&[PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../corpus"))]), 87);
}

#[test]
fn furniture_and_repeated_entries_are_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let plea = "Please support our small newsroom by giving what you can today.";
    let text =
        |number: usize| format!("Report {number} tells of what was seen in the harbour, and of no other day.\\n{plea}");
    let line = |number: usize| {
        format!(
            r#"{{"id":"a{}","title":"Report number {number} of all","text":"{}","outlet":"Herald"}}"#,
            number % 9,
            text(number)
        )
    };
    // An id comes twice, which is told of both in the same way.
    let lines: Vec<String> = (0..10).map(line).collect();
    fs::write(folder.path().join("a.jsonl"), lines.join("\n")).unwrap();
    let entry = |text: &str| {
        format!("<item><guid>g1</guid><title>One entry of the feed</title><description>{text}</description></item>")
    };
    let entries = [entry("The same words twice."), entry("The same words twice."), entry("Other words once.")];
    fs::write(
        folder.path().join("b.rss"),
        format!("<rss version=\"2.0\"><channel>{}</channel></rss>", entries.concat()),
    )
    .unwrap();
    assert_eq!(agree(&[folder.path().to_owned()]), 11);
}
