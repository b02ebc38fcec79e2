//! What an article is compared by: counted words, pairs of words, names and numbers.
//!
//! Six bags are counted (Miranda et al. 2018 use nine: tokens, lemmas and entities of title, body
//! and both). Words are stems; names are runs of capitalised words, which needs no model and serves
//! any script with capitals. A term is kept as its XXH3-64, so bags can be stored and compared
//! between runs.

use std::cell::RefCell;

use rustc_hash::FxHashMap;
use samestory_article::{Article, Language, Stemmer, Token, Tokenizer, Tokens};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::background::Background;

/// One term of a bag.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TermCount {
    /// XXH3-64 of the term, in a space of its own for words, pairs and names.
    pub term: u64,
    /// How often it occurs, from 1.
    pub count: u16,
    /// Share of articles that hold it as the background has it, as [`Background::encode`].
    pub background: u16,
}

/// Terms of one article, each bag sorted by term and without repeats.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ArticleTerms {
    /// Words of headline and body.
    pub all: Vec<TermCount>,
    /// Words of the headline; where there is none, of the first [`HEADLINE_STAND_IN`] of the body.
    pub headline: Vec<TermCount>,
    /// Words of the headline and the first [`LEAD_WORDS`] of the body.
    pub lead: Vec<TermCount>,
    /// Pairs of neighbouring words, of headline and body.
    pub pairs: Vec<TermCount>,
    /// Names: runs of capitalised words and each word of them, of headline and body.
    pub names: Vec<TermCount>,
    /// Words with a digit.
    pub numbers: Vec<TermCount>,
    /// Words of the body.
    pub body_words: u32,
}

/// Words of the body that count as the lead.
pub const LEAD_WORDS: usize = 60;

/// Words of the body that stand in for a missing headline.
pub const HEADLINE_STAND_IN: usize = 15;

/// Words of the body in which names are looked for.
const NAME_WORDS: usize = 4_000;

/// Longest name, in words; longer runs of capitals are headlines and lists.
const LONGEST_NAME: usize = 6;

const PAIR_SEED: u64 = 1;
const NAME_SEED: u64 = 2;

impl ArticleTerms {
    /// Counts the terms of an article.
    pub fn of(article: &Article) -> ArticleTerms {
        Self::with_words(article, &mut |_, _| ())
    }

    /// Counts the terms of an article and tells each term of `all` and `names` as it is written.
    pub fn with_words(article: &Article, written: &mut dyn FnMut(u64, &str)) -> ArticleTerms {
        let background = Background::of(article.language);
        let stemmer = Stemmer::new(background.language());
        let headline = stemmed(Tokenizer.text(&article.headline), &stemmer, background);
        let body = stemmed(Tokenizer.body(article), &stemmer, background);
        let mut bags = ArticleTerms { body_words: body.list.len() as u32, ..ArticleTerms::default() };
        for words in [&headline, &body] {
            for (word, token) in words.list.iter().zip(words.tokens.iter()) {
                written(word.term, words.tokens.word(token));
            }
        }
        bags.all = bag(headline.list.iter().chain(&body.list).copied());
        bags.headline = match headline.list.is_empty() {
            false => bag(headline.list.iter().copied()),
            true => bag(body.list.iter().take(HEADLINE_STAND_IN).copied()),
        };
        bags.lead = bag(headline.list.iter().chain(body.list.iter().take(LEAD_WORDS)).copied());
        bags.pairs =
            bag([&headline, &body].into_iter().flat_map(|words| words.list.windows(2).map(|two| pair(two[0], two[1]))));
        bags.numbers = bag(headline.list.iter().chain(&body.list).filter(|word| word.number).copied());
        bags.names = bag(names(&headline, &body, background, &stemmer, written).into_iter());
        bags
    }
}

/// One word of a text as the bags need it.
#[derive(Debug, Clone, Copy)]
struct Word {
    term: u64,
    background: f32,
    number: bool,
}

struct Words {
    tokens: Tokens,
    list: Vec<Word>,
}

/// Words that a thread has met, so that each is stemmed and looked up once and not once an article.
struct KnownWords {
    language: Option<Language>,
    words: FxHashMap<u64, Word>,
}

thread_local! {
    static KNOWN: RefCell<KnownWords> = RefCell::new(KnownWords { language: None, words: FxHashMap::default() });
}

/// Words that are kept; past them a thread starts anew, so that memory stays bounded.
const MOST_KNOWN_WORDS: usize = 400_000;

fn stemmed(tokens: Tokens, stemmer: &Stemmer, background: &Background) -> Words {
    let word_of = |token: &Token| {
        let number = token.shape().number;
        let word = tokens.word(token);
        // 1,000 and 1000 are one number.
        let stem = if number { word.replace(',', "").into() } else { stemmer.stem(word) };
        Word { term: xxh3_64(stem.as_bytes()), background: background.share(&stem), number }
    };
    let list = KNOWN.with_borrow_mut(|known| {
        if known.language != background.language() || known.words.len() > MOST_KNOWN_WORDS {
            known.words.clear();
            known.language = background.language();
        }
        tokens.iter().map(|token| *known.words.entry(token.hash()).or_insert_with(|| word_of(token))).collect()
    });
    Words { tokens, list }
}

fn pair(first: Word, second: Word) -> Word {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&first.term.to_le_bytes());
    bytes[8..].copy_from_slice(&second.term.to_le_bytes());
    Word {
        term: xxh3_64_with_seed(&bytes, PAIR_SEED),
        background: together(first.background, second.background),
        number: false,
    }
}

/// Share of articles that hold two words side by side: no more than hold either, and about as many
/// times what chance would give as neighbours attract each other.
fn together(first: f32, second: f32) -> f32 {
    const ATTRACTION: f32 = 30.0;
    first.min(second).min(ATTRACTION * first * second)
}

/// Counts words into a bag.
fn bag(words: impl Iterator<Item = Word>) -> Vec<TermCount> {
    let mut terms: Vec<(u64, u16)> = words.map(|word| (word.term, Background::encode(word.background))).collect();
    terms.sort_unstable();
    terms
        .chunk_by(|a, b| a.0 == b.0)
        .map(|run| TermCount {
            term: run[0].0,
            count: run.len().min(usize::from(u16::MAX)) as u16,
            background: run[0].1,
        })
        .collect()
}

/// Runs of capitalised words. A lone capitalised word that opens a sentence counts only where it is
/// capitalised inside a sentence too; a headline in capitals throughout tells no names.
fn names(
    headline: &Words,
    body: &Words,
    background: &Background,
    stemmer: &Stemmer,
    written: &mut dyn FnMut(u64, &str),
) -> Vec<Word> {
    let body_tokens = &body.tokens.as_slice()[..body.tokens.len().min(NAME_WORDS)];
    let mut runs = capitalised_runs(&body.tokens, body_tokens, stemmer);
    let long: Vec<&Token> =
        headline.tokens.iter().filter(|token| token.span().len() > 3 && !token.shape().number).collect();
    let capitals = long.iter().filter(|token| token.shape().capitalised).count();
    if !long.is_empty() && capitals * 5 <= long.len() * 3 {
        runs.extend(capitalised_runs(&headline.tokens, headline.tokens.as_slice(), stemmer));
    }
    let inside: FxHashMap<&str, ()> = runs
        .iter()
        .flat_map(|run| run.words.iter().skip(usize::from(run.opens_sentence)).map(|word| (*word, ())))
        .collect();
    let mut found = Vec::new();
    for run in &runs {
        let mut words = run.words.as_slice();
        if run.opens_sentence {
            if background.opens_often(words[0]) {
                words = &words[1..];
            } else if words.len() == 1 && !inside.contains_key(words[0]) {
                continue;
            }
        }
        while words.first().is_some_and(|word| background.opens_often(word)) {
            words = &words[1..];
        }
        if words.is_empty() || words.len() > LONGEST_NAME {
            continue;
        }
        let single = |word: &str| {
            let word = word.trim_end_matches("'s");
            (word.to_owned(), background.share(&stemmer.stem(word)))
        };
        let singles: Vec<(String, f32)> = words.iter().map(|word| single(word)).collect();
        for (word, share) in &singles {
            found.push(name(word, *share, written));
        }
        if singles.len() > 1 {
            let whole: Vec<&str> = singles.iter().map(|(word, _)| word.as_str()).collect();
            let mut shares: Vec<f32> = singles.iter().map(|(_, share)| *share).collect();
            shares.sort_by(f32::total_cmp);
            found.push(name(&whole.join(" "), together(shares[0], shares[1]), written));
        }
    }
    found
}

fn name(text: &str, background: f32, written: &mut dyn FnMut(u64, &str)) -> Word {
    let term = xxh3_64_with_seed(text.as_bytes(), NAME_SEED);
    written(term, text);
    Word { term, background, number: false }
}

struct Run<'a> {
    words: Vec<&'a str>,
    opens_sentence: bool,
}

fn capitalised_runs<'a>(tokens: &'a Tokens, list: &[Token], stemmer: &Stemmer) -> Vec<Run<'a>> {
    let mut runs: Vec<Run<'a>> = Vec::new();
    let mut open = false;
    for token in list {
        let shape = token.shape();
        let word = tokens.word(token);
        let word = stemmer.without_elision(word);
        let capital = shape.capitalised && word.chars().nth(1).is_some();
        let joined = (shape.adjoins || shape.hyphened) && !shape.opens_sentence;
        match runs.last_mut() {
            Some(run) if capital && open && joined => run.words.push(word),
            _ if capital => runs.push(Run { words: vec![word], opens_sentence: shape.opens_sentence }),
            _ => (),
        }
        open = capital;
    }
    runs
}

#[cfg(test)]
mod tests {
    use samestory_article::Language;

    use super::*;

    fn written(text: &str) -> Vec<String> {
        let mut article = Article::new("a".into());
        article.text = text.into();
        article.language = Some(Language::ENGLISH);
        let mut words = FxHashMap::default();
        let terms = ArticleTerms::with_words(&article, &mut |term, word| {
            words.entry(term).or_insert_with(|| word.to_owned());
        });
        let mut names: Vec<String> = terms.names.iter().map(|name| words[&name.term].clone()).collect();
        names.sort();
        names
    }

    #[test]
    fn names_are_runs_of_capitals() {
        let names = written("The minister, Mevlut Cavusoglu, met him in Berlin. However it rained. Talks failed.");
        assert_eq!(names, ["berlin", "cavusoglu", "mevlut", "mevlut cavusoglu"]);
    }

    #[test]
    fn one_number_has_one_term() {
        let mut article = Article::new("a".into());
        article.text = "1,000 people and 1000 more".into();
        let terms = ArticleTerms::of(&article);
        assert_eq!(terms.numbers.len(), 1);
        assert_eq!(terms.numbers[0].count, 2);
    }
}
