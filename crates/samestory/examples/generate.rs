//! Generates as much news as asked, with the words of a real corpus and known shares of copies.
//!
//! ```text
//! cargo run --release --example generate -- CORPUS... --articles 1000000 --output generated.jsonl
//! ```
//!
//! *Words* follow each other as two neighbouring words of the corpus do (a chain of order one; Shannon 1948, section 3),
//! so that words are as common as there and runs of five seldom meet by chance. Lengths are those of the corpus, scaled
//! to the mean that is asked for. *Events* have names and words of their own, which stand between those of the chain;
//! most are told by one article, some by many, within two days. A *copy* is an earlier article of its event word for
//! word in another outlet; an *edit* is one in which one word in twenty differs. A part of all copies belongs to one
//! wire story, the *largest group*. Articles come at an even rate, so that a larger corpus spans a longer time.
//!
//! The same corpus, options and seed make the same bytes. Each line also has `event` and `copy_of`, which no reader
//! takes for fields of news.

mod numbers;

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use clap::Parser;
use rustc_hash::FxHashMap;
use samestory::article::Article;
use samestory::ingest::{ReadSettings, read};
use samestory::instant;
use serde::Serialize;

use numbers::Numbers;

/// Generates news with the words of a corpus.
#[derive(Parser)]
struct Options {
    /// Files and folders of articles whose words are learned.
    #[arg(required = true)]
    corpus: Vec<PathBuf>,
    /// How many articles.
    #[arg(long, default_value_t = 100_000)]
    articles: usize,
    /// Words of an article on the mean.
    #[arg(long, default_value_t = 400.0)]
    words: f64,
    /// Share of the articles that are copies of another.
    #[arg(long, default_value_t = 0.2)]
    copies: f64,
    /// Share of the articles that are edits of another.
    #[arg(long, default_value_t = 0.05)]
    edits: f64,
    /// Articles of the largest group of copies, which are among them.
    #[arg(long, default_value_t = 0)]
    largest_group: usize,
    /// Share of the articles that tell of an event that another article tells of, copies and edits aside.
    #[arg(long, default_value_t = 0.4)]
    same_event: f64,
    /// Articles a day.
    #[arg(long, default_value_t = 2_000.0)]
    per_day: f64,
    /// What the random numbers begin with.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where the lines go.
    #[arg(long)]
    output: PathBuf,
}

fn main() -> std::io::Result<()> {
    let options = Options::parse();
    let corpus = read(&options.corpus, &ReadSettings::default(), &mut |_| ()).articles;
    let model = WordModel::learn(&corpus, options.words);
    drop(corpus);
    let mut out = BufWriter::with_capacity(1 << 20, File::create(&options.output)?);
    for line in Generator::new(&model, &options) {
        serde_json::to_writer(&mut out, &line)?;
        out.write_all(b"\n")?;
    }
    out.flush()
}

/// One of a list.
fn one_of<'l, T>(numbers: &mut Numbers, list: &'l [T]) -> &'l T {
    &list[numbers.below(list.len())]
}

/// Words of the corpus that the chain is learned from.
const MOST_LEARNED: usize = 4_000_000;

/// Words of an event are rarer than this many in the corpus.
const COMMON_WORDS: usize = 2_000;

/// Which words follow which, and how long articles are.
struct WordModel {
    words: Vec<String>,
    /// The corpus, as positions in `words`; in order.
    text: Vec<u32>,
    /// Places of each word in `text`: those of word `w` are `places[starts[w]..starts[w + 1]]`.
    places: Vec<u32>,
    starts: Vec<u32>,
    /// Rarer words, and words that begin with a capital.
    telling: Vec<u32>,
    names: Vec<u32>,
    /// Numbers of words, scaled.
    lengths: Vec<usize>,
}

impl WordModel {
    fn learn(corpus: &[Article], mean: f64) -> WordModel {
        let mut numbers: FxHashMap<&str, u32> = FxHashMap::default();
        let mut words: Vec<String> = Vec::new();
        let mut text: Vec<u32> = Vec::new();
        let mut lengths: Vec<usize> = Vec::new();
        for article in corpus {
            let before = text.len();
            for word in article.text.split_whitespace() {
                text.push(*numbers.entry(word).or_insert_with(|| {
                    words.push(word.to_owned());
                    words.len() as u32 - 1
                }));
            }
            lengths.push((text.len() - before).max(1));
            if text.len() > MOST_LEARNED {
                break;
            }
        }
        assert!(text.len() > 1, "the corpus has no words");
        let scale = mean * lengths.len() as f64 / lengths.iter().sum::<usize>() as f64;
        lengths.iter_mut().for_each(|length| *length = ((*length as f64 * scale).round() as usize).max(1));
        let mut starts = vec![0u32; words.len() + 1];
        for word in &text {
            starts[*word as usize + 1] += 1;
        }
        let counts: Vec<u32> = starts[1..].to_vec();
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let mut next = starts.clone();
        let mut places = vec![0u32; text.len()];
        for (place, word) in text.iter().enumerate() {
            places[next[*word as usize] as usize] = place as u32;
            next[*word as usize] += 1;
        }
        let mut by_count: Vec<u32> = (0..words.len() as u32).collect();
        by_count.sort_by_key(|word| (std::cmp::Reverse(counts[*word as usize]), *word));
        let rarer = by_count.split_off(COMMON_WORDS.min(by_count.len() / 2));
        let plain = |word: &&u32| words[**word as usize].chars().all(char::is_alphabetic);
        let capital = |word: &&u32| words[**word as usize].starts_with(char::is_uppercase);
        let telling = rarer.iter().filter(plain).filter(|word| !capital(word)).copied().collect();
        let names = rarer.iter().filter(plain).filter(capital).copied().collect();
        let model = WordModel { words, text, places, starts, telling, names, lengths };
        assert!(!model.telling.is_empty() && !model.names.is_empty(), "the corpus has too few words");
        model
    }

    fn word(&self, number: u32) -> &str {
        &self.words[number as usize]
    }

    /// A word that follows another somewhere in the corpus.
    fn follows(&self, word: u32, numbers: &mut Numbers) -> u32 {
        let (start, end) = (self.starts[word as usize] as usize, self.starts[word as usize + 1] as usize);
        let place = self.places[start + numbers.below(end - start)] as usize;
        self.text[(place + 1) % self.text.len()]
    }
}

/// An event that is still reported.
#[derive(Clone)]
struct Event {
    number: usize,
    names: Vec<u32>,
    telling: Vec<u32>,
    /// Articles of it that are neither copies nor edits.
    told: Vec<Told>,
}

/// An article that others may copy.
#[derive(Clone)]
struct Told {
    number: usize,
    headline: String,
    text: String,
}

/// A line of the output.
#[derive(Serialize)]
struct Line {
    id: String,
    title: String,
    text: String,
    outlet: String,
    published: String,
    language: &'static str,
    event: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    copy_of: Option<String>,
}

/// An event is reported within so many days.
const DAYS_OF_EVENT: f64 = 2.0;

/// Names and words of their own that events have.
const NAMES: usize = 6;
const TELLING_WORDS: usize = 25;

/// One word in so many is one of the event's names, one of its words.
const EVERY_NAME: usize = 14;
const EVERY_TELLING: usize = 9;

/// Words of a paragraph, about, and of a headline.
const PARAGRAPH: usize = 50;
const HEADLINE: usize = 9;

/// Of an edit, one word in so many differs.
const EVERY_EDITED: usize = 20;

const OUTLETS: usize = 400;

/// 1 January 2020, in seconds since 1970.
const FIRST_DAY: i64 = 1_577_836_800;

/// Makes one article after the other.
struct Generator<'a> {
    model: &'a WordModel,
    options: &'a Options,
    numbers: Numbers,
    next: usize,
    next_event: usize,
    /// Events of the last days, oldest first.
    events: VecDeque<Event>,
    /// The story that the largest group copies, and how many copies of it there are.
    wire: Option<Told>,
    of_wire: usize,
}

impl<'a> Generator<'a> {
    fn new(model: &'a WordModel, options: &'a Options) -> Self {
        Generator {
            model,
            options,
            numbers: Numbers(options.seed),
            next: 0,
            next_event: 0,
            events: VecDeque::new(),
            wire: None,
            of_wire: 0,
        }
    }

    fn event(&mut self) -> Event {
        let (model, numbers) = (self.model, &mut self.numbers);
        self.next_event += 1;
        Event {
            number: self.next_event,
            names: (0..NAMES).map(|_| *one_of(numbers, &model.names)).collect(),
            telling: (0..TELLING_WORDS).map(|_| *one_of(numbers, &model.telling)).collect(),
            told: Vec::new(),
        }
    }

    fn report(&mut self, event: &Event, number: usize) -> Told {
        let (model, numbers) = (self.model, &mut self.numbers);
        let mut headline = String::new();
        for at in 0..HEADLINE {
            let word = match at % 3 {
                0 => *one_of(numbers, &event.names),
                1 => *one_of(numbers, &event.telling),
                _ => *one_of(numbers, &model.text),
            };
            push_word(&mut headline, model.word(word));
        }
        let mut text = String::new();
        let mut word = *one_of(numbers, &model.text);
        let mut of_paragraph = 0;
        for _ in 0..*one_of(numbers, &model.lengths) {
            let shown = match numbers.below(EVERY_NAME * EVERY_TELLING) {
                drawn if drawn % EVERY_NAME == 0 => *one_of(numbers, &event.names),
                drawn if drawn % EVERY_TELLING == 0 => *one_of(numbers, &event.telling),
                _ => word,
            };
            push_word(&mut text, model.word(shown));
            of_paragraph += 1;
            if of_paragraph >= PARAGRAPH && text.ends_with('.') {
                text.push('\n');
                of_paragraph = 0;
            }
            word = model.follows(word, numbers);
        }
        Told { number, headline, text }
    }

    /// The text with some words replaced.
    fn edited(&mut self, text: &str) -> String {
        let mut edited = String::with_capacity(text.len());
        for paragraph in text.split('\n') {
            for word in paragraph.split(' ') {
                match self.numbers.below(EVERY_EDITED) {
                    0 => push_word(&mut edited, self.model.word(*one_of(&mut self.numbers, &self.model.text))),
                    _ => push_word(&mut edited, word),
                }
            }
            edited.push('\n');
        }
        edited
    }
}

fn push_word(text: &mut String, word: &str) {
    if !text.is_empty() && !text.ends_with('\n') {
        text.push(' ');
    }
    text.push_str(word);
}

fn id(number: usize) -> String {
    format!("generated-{number:08}")
}

impl Iterator for Generator<'_> {
    type Item = Line;

    fn next(&mut self) -> Option<Line> {
        let number = self.next;
        if number == self.options.articles {
            return None;
        }
        self.next += 1;
        let most_events = (self.options.per_day * DAYS_OF_EVENT * (1.0 - self.options.same_event)) as usize;
        while self.events.len() > most_events.max(1) {
            self.events.pop_front();
        }
        let kind = self.numbers.part();
        let (copies, edits) = (self.options.copies, self.options.copies + self.options.edits);
        let known = (!self.events.is_empty()).then(|| self.numbers.below(self.events.len()));
        let mut copy_of = None;
        let (event, told) = match (known, &self.wire) {
            (_, Some(wire)) if kind < copies && self.of_wire < self.options.largest_group => {
                self.of_wire += 1;
                copy_of = Some(wire.number);
                (1, wire.clone())
            }
            (Some(at), _) if kind < edits => {
                let event = &self.events[at];
                let (number_of_event, told) = (event.number, one_of(&mut self.numbers, &event.told).clone());
                copy_of = Some(told.number);
                match kind < copies {
                    true => (number_of_event, told),
                    false => (number_of_event, Told { text: self.edited(&told.text), ..told }),
                }
            }
            (Some(at), _) if kind < edits + self.options.same_event * (1.0 - edits) => {
                let event = self.events[at].clone();
                let told = self.report(&event, number);
                self.events[at].told.push(told.clone());
                (event.number, told)
            }
            _ => {
                let mut event = self.event();
                let told = self.report(&event, number);
                event.told.push(told.clone());
                self.wire.get_or_insert_with(|| told.clone());
                let number_of_event = event.number;
                self.events.push_back(event);
                (number_of_event, told)
            }
        };
        let seconds = FIRST_DAY + (number as f64 * 86_400.0 / self.options.per_day) as i64;
        Some(Line {
            id: id(number),
            title: told.headline,
            text: told.text,
            outlet: format!("Outlet {}", self.numbers.below(OUTLETS)),
            published: instant(seconds),
            language: "en",
            event,
            copy_of: copy_of.map(id),
        })
    }
}
