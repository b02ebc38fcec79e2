//! Grows a collection of generated articles and measures what adding costs at each size.
//!
//! ```text
//! cargo run --release --example grow -- FOLDER 10000 100000 1000000
//! ```
//!
//! Articles report events of a few days with words and names of their own, between words that are as common as
//! those of a language are (Zipf). At each size a hundred articles are added five times, and one article a
//! hundred times, each until a query finds it. The folder keeps the collection, so that a later run goes on
//! where this one ended.

#![expect(clippy::print_stdout, reason = "the answer of this program")]

mod numbers;

use std::path::Path;
use std::time::Instant;

use samestory::article::{Article, ArticleTime, Language, Origin, Precision};
use samestory::index::SearchFilter;
use samestory::{Collection, CollectionWriter, Settings};

use numbers::Numbers;

/// As the command line tool has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().expect("a folder");
    let sizes: Vec<usize> = arguments.map(|size| size.parse().expect("a number of articles")).collect();
    println!("| articles | 100 articles, s | one article until it is found: median, p99, ms | MB on disk |");
    println!("|---|---|---|---|");
    for size in sizes {
        grow(Path::new(&folder), size);
    }
}

/// Articles that are added at a time while growing.
const BATCH: usize = 5_000;

fn grow(folder: &Path, size: usize) {
    let mut writer = CollectionWriter::open(folder, &Settings::default()).expect("a collection");
    let mut held = Collection::open(folder).map_or(0, |collection| collection.counts().articles as usize);
    while held < size {
        let batch = (held..size.min(held + BATCH)).map(article).collect();
        writer.add(batch, &mut |_| ()).expect("added");
        held = size.min(held + BATCH);
    }
    let mut next = held;
    let mut add = |writer: &mut CollectionWriter, count: usize| {
        let batch: Vec<Article> = (next..next + count).map(article).collect();
        let word = own_word(next);
        next += count;
        let began = Instant::now();
        writer.add(batch, &mut |_| ()).expect("added");
        let added = began.elapsed().as_secs_f64();
        let collection = Collection::open(folder).expect("a collection");
        let answer = collection.search(&word, &SearchFilter::default(), 1).expect("an answer");
        assert_eq!(answer.stories.len(), 1, "{word} is found");
        (added, began.elapsed().as_secs_f64())
    };
    let mut hundreds: Vec<f64> = (0..5).map(|_| add(&mut writer, 100).0).collect();
    let mut ones: Vec<f64> = (0..100).map(|_| add(&mut writer, 1).1).collect();
    hundreds.sort_by(f64::total_cmp);
    ones.sort_by(f64::total_cmp);
    writer.close().expect("closed");
    let bytes = Collection::open(folder).expect("a collection").size_bytes().expect("a size");
    println!(
        "| {size} | {:.3} ({:.3} to {:.3}) | {:.1}, {:.1} | {} |",
        hundreds[2],
        hundreds[0],
        hundreds[4],
        ones[50] * 1e3,
        ones[98] * 1e3,
        bytes / 1_000_000,
    );
}

/// Ranks of words: the first about as common as the next two together, and so on.
fn rank(numbers: &mut Numbers, words: usize) -> usize {
    ((words as f64).powf(numbers.part()) as usize).min(words - 1)
}

const SYLLABLES: [&str; 24] = [
    "ba", "ce", "di", "fo", "gu", "ha", "je", "ki", "lo", "mu", "na", "pe", "ri", "so", "tu", "va", "we", "xi", "yo",
    "zu", "bra", "ste", "kli", "dro",
];

fn word(mut number: usize) -> String {
    let mut word = String::new();
    number += 24;
    while number > 0 {
        word.push_str(SYLLABLES[number % 24]);
        number /= 24;
    }
    word
}

fn name(number: usize) -> String {
    let word = word(500_000 + number);
    let (first, rest) = word.split_at(1);
    format!("{}{rest}", first.to_uppercase())
}

/// A word that only one article has.
fn own_word(number: usize) -> String {
    format!("own{number}word")
}

/// Articles come at four hundred a day.
const SECONDS_BETWEEN: i64 = 216;

/// Events that are reported at one time.
const EVENTS_AT_A_TIME: usize = 300;

fn article(number: usize) -> Article {
    let mut numbers = Numbers(number as u64);
    // An event is reported within about two days.
    let event = number / EVENTS_AT_A_TIME * (EVENTS_AT_A_TIME / 3) + numbers.below(EVENTS_AT_A_TIME);
    let mut of_event = Numbers(0xe7e0_0000_0000 + event as u64);
    let names: Vec<String> = (0..6).map(|_| name(of_event.below(200_000))).collect();
    let words: Vec<String> = (0..25).map(|_| word(1_000 + of_event.below(60_000))).collect();
    let mut article = Article::new(format!("generated-{number}").into());
    let sentence = |numbers: &mut Numbers| {
        let mut sentence: Vec<String> = (0..14)
            .map(|_| match numbers.below(10) {
                0 => names[numbers.below(names.len())].clone(),
                1..=3 => words[numbers.below(words.len())].clone(),
                _ => word(rank(numbers, 60_000)),
            })
            .collect();
        sentence[0] = format!("The {}", sentence[0]);
        format!("{}.", sentence.join(" "))
    };
    article.headline = format!("{} {} {} {}", names[0], words[numbers.below(5)], words[numbers.below(25)], names[1]);
    let body: Vec<String> = (0..12).map(|_| sentence(&mut numbers)).collect();
    article.text = format!("{} {}\n", body.join(" "), own_word(number));
    article.outlet = Some(format!("Outlet {}", numbers.below(200)));
    article.language = Some(Language::ENGLISH);
    let seconds = 1_500_000_000 + number as i64 * SECONDS_BETWEEN;
    article.time = Some(ArticleTime { seconds, precision: Precision::Second, origin: Origin::Field });
    article
}
