//! How long does a query take, beside tantivy alone?
//!
//! Measured: `Collection::search` for the ten best stories, snippets included, over an open collection on disk, in one
//! process, on one thread; median and 99th percentile over four hundred queries, each asked three times, of which the
//! best counts. Beside it what a program on bare tantivy would do: the same articles, lower-cased and stored, `TopDocs` of
//! as many articles as ours reads to rank stories, and snippets of the ten best. Queries come from headlines, or from
//! texts without one: a word, two words, a phrase of two words, and a word in one language.
//!
//! On: the articles of `input/mod.rs`, or the collection that `SAMESTORY_BENCH_COLLECTION` names.
//! Run: `cargo bench --bench search`.

#![expect(clippy::print_stdout, reason = "the answer of this program")]

mod input;

use std::path::{Path, PathBuf};
use std::time::Instant;

use samestory::article::Tokenizer;
use samestory::index::{SearchFilter, StorySearcher};
use samestory::{Collection, Settings};
use tantivy::collector::TopDocs;
use tantivy::query::QueryParser;
use tantivy::schema::{Field, IndexRecordOption, STORED, STRING, Schema, TextFieldIndexing, TextOptions, Value};
use tantivy::snippet::SnippetGenerator;
use tantivy::{Index, IndexReader, TantivyDocument};

/// Articles that queries are made of, each of which gives one of each kind.
const ASKED: usize = 100;

/// Times that each query is asked.
const ROUNDS: usize = 3;

/// Stories, or articles, that are shown.
const SHOWN: usize = 10;

const KINDS: [&str; 4] = ["one word", "two words", "phrase", "one word in English"];

fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let named = std::env::var_os("SAMESTORY_BENCH_COLLECTION").map(PathBuf::from);
    let path = named.unwrap_or_else(|| {
        let path = folder.path().join("collection");
        Collection::write(&path, input::articles(), &Settings::default(), &mut |_| ()).expect("a collection");
        path
    });
    let collection = Collection::open(&path).expect("a collection");
    let bare = Bare::of(&collection, &folder.path().join("bare"));
    let queries = queries(&collection);
    println!("{} articles, {} queries of a kind, ms", collection.counts().articles, queries[0].len());
    println!("{:<20} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8}", "", "median", "tantivy", "ratio", "p99", "tantivy", "ratio");
    let mut all = [Vec::new(), Vec::new()];
    for (kind, queries) in KINDS.iter().zip(&queries) {
        let english = samestory::article::Language::parse("en");
        let filter = match *kind {
            "one word in English" => SearchFilter { language: english, ..SearchFilter::default() },
            _ => SearchFilter::default(),
        };
        let ours = times(queries, |query| {
            assert!(collection.search(query, &filter, SHOWN).expect("an answer").stories.len() <= SHOWN);
        });
        let theirs = times(queries, |query| bare.ask(query, filter.language.is_some()));
        print(kind, &ours, &theirs);
        all[0].extend(ours);
        all[1].extend(theirs);
    }
    all.iter_mut().for_each(|times| times.sort_by(f64::total_cmp));
    print("all", &all[0], &all[1]);
}

fn print(kind: &str, ours: &[f64], theirs: &[f64]) {
    let at = |times: &[f64], part: usize| times[(times.len() * part / 100).min(times.len() - 1)] * 1e3;
    let [a, b, c, d] = [at(ours, 50), at(theirs, 50), at(ours, 99), at(theirs, 99)];
    println!("{kind:<20} {a:>8.2} {b:>8.2} {:>8.2} {c:>8.2} {d:>8.2} {:>8.2}", a / b, c / d);
}

/// Seconds of each query, the best of all rounds, sorted.
fn times(queries: &[String], mut ask: impl FnMut(&str)) -> Vec<f64> {
    let mut times = vec![f64::INFINITY; queries.len()];
    for _ in 0..ROUNDS {
        for (best, query) in times.iter_mut().zip(queries) {
            let began = Instant::now();
            ask(query);
            *best = best.min(began.elapsed().as_secs_f64());
        }
    }
    times.sort_by(f64::total_cmp);
    times
}

/// Queries of each kind.
fn queries(collection: &Collection) -> Vec<Vec<String>> {
    // What both query languages read as words.
    let is_plain = |query: &String| query.chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | '"'));
    let step = (collection.counts().articles as usize / ASKED).max(1);
    let mut queries = vec![Vec::new(); KINDS.len()];
    let mut number = 0;
    collection
        .each_article(&mut |_, article, _| {
            let headline = Tokenizer.text(&article.headline);
            let tokens = if headline.len() > 4 { headline } else { Tokenizer.body(&article) };
            let list = tokens.as_slice();
            if number % step == 0 && list.len() > 4 {
                let at = number / step * 7;
                let word = |behind: usize| tokens.word(&list[(at % (list.len() - 1) + behind) % list.len()]);
                queries[0].push(word(0).to_owned());
                queries[1].push(format!("{} {}", word(0), word(3)));
                queries[2].push(format!("\"{} {}\"", word(0), word(1)));
                queries[3].push(word(2).to_owned());
            }
            number += 1;
            Ok(())
        })
        .expect("articles");
    queries.iter_mut().for_each(|queries: &mut Vec<String>| queries.retain(is_plain));
    queries
}

/// The same articles in an index of tantivy's own.
struct Bare {
    reader: IndexReader,
    parser: QueryParser,
    headline: Field,
    text: Field,
}

impl Bare {
    fn of(collection: &Collection, folder: &Path) -> Bare {
        let indexing = TextFieldIndexing::default()
            .set_tokenizer("default")
            .set_index_option(IndexRecordOption::WithFreqsAndPositions);
        let words = TextOptions::default().set_indexing_options(indexing) | STORED;
        let mut builder = Schema::builder();
        let headline = builder.add_text_field("headline", words.clone());
        let text = builder.add_text_field("text", words);
        let language = builder.add_text_field("language", STRING);
        std::fs::create_dir_all(folder).expect("a folder");
        let index = Index::create_in_dir(folder, builder.build()).expect("an index");
        let mut writer = index.writer::<TantivyDocument>(128 << 20).expect("a writer");
        collection
            .each_article(&mut |_, article, _| {
                let mut document = TantivyDocument::new();
                document.add_text(headline, &article.headline);
                document.add_text(text, article.body_text());
                document.add_text(language, article.language.map_or(String::new(), |language| language.to_string()));
                writer.add_document(document).expect("added");
                Ok(())
            })
            .expect("articles");
        writer.commit().expect("committed");
        writer.wait_merging_threads().expect("merged");
        let mut parser = QueryParser::for_index(&index, vec![headline, text]);
        parser.set_conjunction_by_default();
        parser.set_field_boost(headline, 2.0);
        Bare { reader: index.reader().expect("a reader"), parser, headline, text }
    }

    fn ask(&self, query: &str, in_english: bool) {
        let query = if in_english { format!("{query} language:en") } else { query.to_owned() };
        let query = self.parser.parse_query(&query).expect("a query");
        let searcher = self.reader.searcher();
        let best =
            searcher.search(&query, &TopDocs::with_limit(StorySearcher::ARTICLES).order_by_score()).expect("hits");
        let snippets = SnippetGenerator::create(&searcher, &*query, self.text).expect("snippets");
        for (_, address) in best.iter().take(SHOWN) {
            let document: TantivyDocument = searcher.doc(*address).expect("a document");
            let headline = document.get_first(self.headline).and_then(|value| value.as_str());
            std::hint::black_box((headline, snippets.snippet_from_doc(&document).to_html()));
        }
    }
}
