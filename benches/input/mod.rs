//! The articles that the benches measure on.
//!
//! `SAMESTORY_BENCH_INPUT` names a file or folder of articles. Without it the sample corpus is taken
//! and told anew: each article a hundred times, each time with another tenth of its words replaced,
//! which makes 8,500 articles with near duplicates and strangers. Figures meant for others come from
//! a real collection.

use std::path::PathBuf;

use samestory::article::Article;
use samestory::ingest::{ReadSettings, read};

/// Times that each article of the sample corpus is told.
const RETELLINGS: u64 = 100;

/// The articles to measure on.
pub(crate) fn articles() -> Vec<Article> {
    let named = std::env::var_os("SAMESTORY_BENCH_INPUT").map(PathBuf::from);
    let corpus = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../corpus"));
    let retell = named.is_none();
    let articles = read(&[named.unwrap_or(corpus)], &ReadSettings::default(), &mut |_| ()).articles;
    assert!(!articles.is_empty(), "SAMESTORY_BENCH_INPUT holds no article");
    if !retell {
        return articles;
    }
    (0..RETELLINGS).flat_map(|round| articles.iter().map(move |article| retold(article, round))).collect()
}

/// The article with some words replaced by others that belong to the round.
fn retold(article: &Article, round: u64) -> Article {
    let mut state = round.wrapping_mul(0x9e37_79b9_7f4a_7c15) + 1;
    let words: Vec<String> = article
        .body_text()
        .split(' ')
        .map(|word| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            if (state >> 33).is_multiple_of(10) { format!("word{}", (state >> 40) % 5_000) } else { word.to_owned() }
        })
        .collect();
    let mut told = Article::new(format!("{}-{round}", article.id).into());
    told.headline.clone_from(&article.headline);
    told.outlet.clone_from(&article.outlet);
    told.language = article.language;
    told.time = article.time;
    told.text = words.join(" ");
    told
}

/// Bytes of all texts.
#[allow(dead_code, reason = "not every bench counts bytes")]
pub(crate) fn bytes(articles: &[Article]) -> u64 {
    articles.iter().map(|article| article.text.len() as u64).sum()
}
