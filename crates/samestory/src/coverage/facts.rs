//! What the articles of a story carry: names, numbers and quotations.

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};
use samestory_article::{Article, Tokenizer};
use samestory_cluster::{ArticleTerms, DocumentFrequencies};
use samestory_reuse::PrintedWords;
use serde::Serialize;

/// What one article of a story alone carries, the most telling first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct OnlyHere {
    /// Names.
    pub names: Vec<String>,
    /// Numbers.
    pub numbers: Vec<String>,
    /// Quotations.
    pub quotations: Vec<String>,
}

/// Something that several articles of a story carry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// What it is.
    pub kind: FactKind,
    /// As one of them has it.
    pub text: String,
    /// Ids of the articles that carry it, copies and older versions aside.
    pub articles: Vec<String>,
}

/// What a fact is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FactKind {
    /// What somebody said, in quotation marks.
    Quotation,
    /// A name.
    Name,
    /// A number.
    Number,
}

/// Facts of each kind that are told.
const MOST_FACTS: usize = 20;

/// Facts of each kind that are told of one article.
const MOST_ONLY: usize = 6;

/// Names and numbers in more than one article in twenty are no facts of a story.
const LEAST_IDF: f64 = 3.0;

/// Shorter quotations are turns of phrase.
const SHORTEST_QUOTATION: usize = 6;

/// Articles whose facts are held beside each other.
const MOST_COMPARED: usize = 200;

/// Facts with the articles that carry them.
pub(super) struct Facts {
    /// How many articles were compared.
    n_articles: usize,
    /// By kind and normal form.
    held: BTreeMap<(FactKind, String), Held>,
}

/// What is known of one fact.
#[derive(Default)]
struct Held {
    /// How telling it is.
    weight: f64,
    /// As the first article that carries it has it.
    written: String,
    /// Ids of the articles that carry it.
    articles: Vec<String>,
}

impl Facts {
    /// The facts of articles, of which neither is a copy or older version of another, in the order they are told in.
    pub(super) fn of(articles: &[&Article], frequencies: &DocumentFrequencies) -> Facts {
        let compared = &articles[..articles.len().min(MOST_COMPARED)];
        let mut facts = Facts { n_articles: compared.len(), held: BTreeMap::new() };
        for article in compared {
            let mut written: FxHashMap<u32, String> = FxHashMap::default();
            let terms = ArticleTerms::with_words(article, &mut |term, word| {
                written.entry(term).or_insert_with(|| word.to_owned());
            });
            // Where all words stand for names, none of them is told.
            let names = if terms.names_are_words { &[][..] } else { &terms.names[..] };
            for (kind, bag) in [(FactKind::Name, names), (FactKind::Number, &terms.numbers[..])] {
                for term in bag {
                    let idf = frequencies.idf(term).0;
                    let Some(word) = written.get(&term.term).filter(|_| idf >= LEAST_IDF) else { continue };
                    facts.add(kind, word.clone(), idf, article.id.as_str());
                }
            }
        }
        facts.drop_parts_of_names();
        let words: Vec<PrintedWords<'_>> = compared.iter().map(|article| PrintedWords::of(article)).collect();
        facts.write_names(&words);
        facts.add_quotations(&words);
        facts
    }

    fn add(&mut self, kind: FactKind, text: String, weight: f64, id: &str) {
        let written = text.clone();
        let held = self.held.entry((kind, text)).or_default();
        held.weight = held.weight.max(weight);
        if held.articles.is_empty() {
            held.written = written;
        }
        if held.articles.last().is_none_or(|last| last != id) {
            held.articles.push(id.to_owned());
        }
    }

    /// Names are known by their words in lower case; they are told as the first article has them.
    fn write_names(&mut self, words: &[PrintedWords<'_>]) {
        let of: FxHashMap<&str, &PrintedWords<'_>> =
            words.iter().map(|words| (words.article().id.as_str(), words)).collect();
        for ((kind, text), held) in &mut self.held {
            if *kind == FactKind::Name
                && let Some(words) = held.articles.first().and_then(|id| of.get(id.as_str()))
                && let Some(range) = words.find(&Tokenizer.text(text).hashes())
            {
                held.written = one_line(words.text(&range));
            }
        }
    }

    /// A name says what each of its words says, where it is carried by the same articles.
    fn drop_parts_of_names(&mut self) {
        let mut names_with: FxHashMap<String, Vec<Vec<String>>> = FxHashMap::default();
        for ((kind, text), held) in &self.held {
            if *kind == FactKind::Name && text.contains(' ') {
                for word in text.split(' ') {
                    names_with.entry(word.to_owned()).or_default().push(held.articles.clone());
                }
            }
        }
        self.held.retain(|(kind, text), held| {
            *kind != FactKind::Name || !names_with.get(text).is_some_and(|names| names.contains(&held.articles))
        });
    }

    /// Quotations of each article, with all articles that have most of their words in a row.
    fn add_quotations(&mut self, words: &[PrintedWords<'_>]) {
        let runs: Vec<FxHashSet<u64>> = words.iter().map(|words| words.shingles().iter().copied().collect()).collect();
        let mut told: FxHashSet<u64> = FxHashSet::default();
        for (at, of) in words.iter().enumerate() {
            for span in of.quotations() {
                let range = of.within(span);
                if range.len() < SHORTEST_QUOTATION {
                    continue;
                }
                let own = &of.shingles()[range.start..(range.end - 4).max(range.start)];
                let known = own.iter().filter(|run| told.contains(run)).count();
                if 2 * known >= own.len() {
                    continue;
                }
                told.extend(own);
                let carries =
                    |runs: &FxHashSet<u64>| 2 * own.iter().filter(|run| runs.contains(run)).count() > own.len();
                let text = one_line(of.text(&range));
                for (holder, other) in words.iter().enumerate() {
                    if holder == at || carries(&runs[holder]) {
                        self.add(FactKind::Quotation, text.clone(), range.len() as f64, other.article().id.as_str());
                    }
                }
            }
        }
    }

    /// What several articles carry, but not all, those that most carry first.
    pub(super) fn told(self) -> Vec<Fact> {
        let n_articles = self.n_articles;
        let mut list: Vec<(f64, Fact)> = self
            .held
            .into_iter()
            .filter(|(_, held)| held.articles.len() > 1 && held.articles.len() < n_articles)
            .map(|((kind, _), held)| (held.weight, Fact { kind, text: held.written, articles: held.articles }))
            .collect();
        list.sort_by(|(x, a), (y, b)| {
            let more = b.articles.len().cmp(&a.articles.len());
            a.kind.cmp(&b.kind).then(more).then(y.total_cmp(x)).then_with(|| a.text.cmp(&b.text))
        });
        let mut counts: BTreeMap<FactKind, usize> = BTreeMap::new();
        list.retain(|(_, fact)| {
            let count = counts.entry(fact.kind).or_default();
            *count += 1;
            *count <= MOST_FACTS
        });
        list.into_iter().map(|(_, fact)| fact).collect()
    }

    /// What an article alone carries.
    pub(super) fn only(&self, id: &str) -> OnlyHere {
        if self.n_articles < 2 {
            return OnlyHere::default();
        }
        let of = |kind: FactKind| {
            let own = |((of, _), held): (&(FactKind, String), &Held)| {
                (*of == kind && held.articles == [id]).then(|| (held.weight, held.written.clone()))
            };
            let mut list: Vec<(f64, String)> = self.held.iter().filter_map(own).collect();
            list.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
            list.into_iter().map(|(_, text)| text).take(MOST_ONLY).collect()
        };
        OnlyHere { names: of(FactKind::Name), numbers: of(FactKind::Number), quotations: of(FactKind::Quotation) }
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
