//! What an article is compared by: counted words, pairs of words, names, numbers and days.
//!
//! Bags are counted of headline, lead and all (Miranda et al. 2018 use nine: tokens, lemmas and entities
//! of title, body and both). Words are stems; where a script sets no spaces between words (Chinese,
//! Japanese, Thai), overlapping pairs of characters stand for words. Names are runs of capitalised
//! words; in a script without capitals all words stand for them. A term is kept as the upper half of its
//! XXH3-64, so bags can be stored and compared between runs; of two articles with 1,300 terms each, chance
//! makes one pair in 2,500 share a term that it does not.

mod names;
mod quantities;

use std::cell::RefCell;

use bytemuck::{Pod, Zeroable};
use rustc_hash::FxHashMap;
use samestory_article::{Article, Language, Stemmer, Token, Tokenizer, Tokens};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::background::Background;
use names::Names;
pub use quantities::Quantity;

/// One term of a bag.
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct TermCount {
    /// Upper half of the XXH3-64 of the term, in a space of its own for words, pairs and names.
    pub term: u32,
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
    /// Names of headline and lead.
    pub lead_names: Vec<TermCount>,
    /// How the words of the names sound.
    pub sounds: Vec<TermCount>,
    /// Words with a digit.
    pub numbers: Vec<TermCount>,
    /// Numbers with the word behind each, sorted.
    pub quantities: Vec<Quantity>,
    /// Days of the year and of the week that the text names.
    pub days: Vec<TermCount>,
    /// Words of the body.
    pub body_words: u32,
    /// The script has no capitals, so that all words stand for names.
    pub names_are_words: bool,
}

/// Words of the body that count as the lead.
pub const LEAD_WORDS: usize = 60;

/// Words of the body that stand in for a missing headline.
pub const HEADLINE_STAND_IN: usize = 15;

/// Seeds of the spaces: fractions of the square roots of 2 to 11. Of seeds that differ in their lower bits alone, XXH3
/// makes one hash for two short words of two spaces.
const PAIR_SEED: u64 = 0x6a09_e667_f3bc_c908;
const NAME_SEED: u64 = 0xbb67_ae85_84ca_a73b;
const SOUND_SEED: u64 = 0x3c6e_f372_fe94_f82b;
const DAY_SEED: u64 = 0xa54f_f53a_5f1d_36f1;
const RUN_SEED: u64 = 0x510e_527f_ade6_82d1;

impl TermCount {
    /// A word in its normal form as the term of all words that it is, once.
    pub fn of_word(word: &str, language: Option<Language>) -> TermCount {
        let background = Background::of(language);
        let number = word.bytes().any(|byte| byte.is_ascii_digit());
        let word = term_of(word, number, &Stemmer::new(background.language()), background);
        TermCount { term: word.term, count: 1, background: Background::encode(word.background) }
    }
}

impl ArticleTerms {
    /// Counts the terms of an article.
    pub fn of(article: &Article) -> ArticleTerms {
        Self::with_words(article, &mut |_, _| ())
    }

    /// The terms whose frequencies are counted: words of headline, lead and numbers are among all words.
    /// Where words stand for names, each is given once.
    pub fn counted(&self) -> [&[TermCount]; 5] {
        let [names, sounds]: [&[TermCount]; 2] = match self.names_are_words {
            true => [&[], &[]],
            false => [&self.names, &self.sounds],
        };
        [&self.all, &self.pairs, &self.days, names, sounds]
    }

    /// The terms as bytes of this machine: the lengths of the bags and of the quantities, words of the body and whether
    /// words stand for names (32 bits each); then bags and quantities. Bags that are others are not repeated.
    pub fn to_bytes(&self) -> Vec<u8> {
        let bags = self.bags();
        let head = bags.map(|bag| bag.len() as u32).into_iter();
        let rest = [self.quantities.len() as u32, self.body_words, u32::from(self.names_are_words)];
        let mut bytes: Vec<u8> = head.chain(rest).flat_map(u32::to_ne_bytes).collect();
        bags.iter().for_each(|bag| bytes.extend_from_slice(bytemuck::cast_slice(bag)));
        bytes.extend_from_slice(bytemuck::cast_slice(&self.quantities));
        bytes
    }

    fn bags(&self) -> [&[TermCount]; 9] {
        let [names, lead_names, sounds]: [&[TermCount]; 3] = match self.names_are_words {
            true => [&[], &[], &[]],
            false => [&self.names, &self.lead_names, &self.sounds],
        };
        [&self.all, &self.headline, &self.lead, &self.pairs, names, lead_names, sounds, &self.numbers, &self.days]
    }

    /// Reads what [`to_bytes`](Self::to_bytes) made; `None` if it is something else.
    pub fn from_bytes(bytes: &[u8]) -> Option<ArticleTerms> {
        const N_HEAD: usize = 12;
        let (head, mut rest) = bytes.split_at_checked(4 * N_HEAD)?;
        let head: [u32; N_HEAD] = bytemuck::try_pod_read_unaligned(head).ok()?;
        let mut take = |n: u32| {
            let (taken, behind) = rest.split_at_checked((n as usize).checked_mul(8)?)?;
            rest = behind;
            Some(taken)
        };
        let mut bag = |at: usize| Some(bytemuck::pod_collect_to_vec::<u8, TermCount>(take(head[at])?));
        let mut terms = ArticleTerms {
            all: bag(0)?,
            headline: bag(1)?,
            lead: bag(2)?,
            pairs: bag(3)?,
            names: bag(4)?,
            lead_names: bag(5)?,
            sounds: bag(6)?,
            numbers: bag(7)?,
            days: bag(8)?,
            quantities: bytemuck::pod_collect_to_vec(take(head[9])?),
            body_words: head[10],
            names_are_words: head[11] != 0,
        };
        if terms.names_are_words {
            terms.words_for_names();
        }
        rest.is_empty().then_some(terms)
    }

    /// Lets words stand for names.
    fn words_for_names(&mut self) {
        self.names_are_words = true;
        self.names = self.all.clone();
        self.lead_names = self.lead.clone();
        self.sounds = self.all.clone();
    }

    /// Counts the terms of an article and tells each term of `all` and `names` as it is written.
    pub fn with_words(article: &Article, written: &mut dyn FnMut(u32, &str)) -> ArticleTerms {
        let background = Background::of(article.language);
        let stemmer = Stemmer::new(background.language());
        let headline = stemmed(Tokenizer.text(&article.headline), &stemmer, background);
        let body = stemmed(Tokenizer.body(article), &stemmer, background);
        let mut bags = ArticleTerms { body_words: body.list.len() as u32, ..ArticleTerms::default() };
        for words in [&headline, &body] {
            words.tell(written);
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
        bags.quantities = quantities::quantities([&headline, &body]);
        bags.days = bag(quantities::days([&headline.tokens, &body.tokens]).into_iter());
        if headline.has_capitals() || body.has_capitals() {
            let names = Names::of(&headline, &body, LEAD_WORDS, background, &stemmer, written);
            bags.names = bag(names.all.into_iter());
            bags.lead_names = bag(names.lead.into_iter());
            bags.sounds = bag(names.sounds.into_iter());
        } else {
            bags.words_for_names();
        }
        bags
    }
}

/// One word of a text as the bags need it.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Word {
    term: u32,
    background: f32,
    number: bool,
}

struct Words {
    tokens: Tokens,
    /// One word for each token, or for each two of a run without spaces.
    list: Vec<Word>,
    /// The tokens of each word, as position and number.
    of_tokens: Vec<(u32, u8)>,
}

impl Words {
    /// Tells each word as it is written.
    fn tell(&self, written: &mut dyn FnMut(u32, &str)) {
        for (word, &(first, n)) in self.list.iter().zip(&self.of_tokens) {
            let tokens = &self.tokens.as_slice()[first as usize..first as usize + usize::from(n)];
            match tokens {
                [token] => written(word.term, self.tokens.word(token)),
                _ => written(word.term, &tokens.iter().map(|token| self.tokens.word(token)).collect::<String>()),
            }
        }
    }

    fn has_capitals(&self) -> bool {
        self.tokens.iter().any(|token| token.shape().capitalised)
    }
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
const MOST_KNOWN_WORDS: usize = 100_000;

fn stemmed(tokens: Tokens, stemmer: &Stemmer, background: &Background) -> Words {
    let word_of = |token: &Token| term_of(tokens.word(token), token.shape().number, stemmer, background);
    let single: Vec<Word> = KNOWN.with_borrow_mut(|known| {
        if known.language != background.language() || known.words.len() > MOST_KNOWN_WORDS {
            known.words.clear();
            known.language = background.language();
        }
        tokens.iter().map(|token| *known.words.entry(token.hash()).or_insert_with(|| word_of(token))).collect()
    });
    let slice = tokens.as_slice();
    if !slice.windows(2).any(|two| unspaced(&tokens, two)) {
        let of_tokens = (0..single.len() as u32).map(|at| (at, 1)).collect();
        return Words { tokens, list: single, of_tokens };
    }
    let (mut list, mut of_tokens) = (Vec::new(), Vec::new());
    let mut in_run = false;
    for at in 0..slice.len() {
        let runs_on = slice.get(at..at + 2).is_some_and(|two| unspaced(&tokens, two));
        if runs_on {
            let joined = pair_of(single[at], single[at + 1], RUN_SEED);
            list.push(joined);
            of_tokens.push((at as u32, 2));
        } else if !in_run {
            list.push(single[at]);
            of_tokens.push((at as u32, 1));
        }
        in_run = runs_on;
    }
    Words { tokens, list, of_tokens }
}

fn term_of(word: &str, number: bool, stemmer: &Stemmer, background: &Background) -> Word {
    // 1,000 and 1000 are one number.
    let stem = if number { word.replace(',', "").into() } else { stemmer.stem(word) };
    Word { term: fold(xxh3_64(stem.as_bytes())), background: background.share(&stem), number }
}

/// Whether nothing stands between two tokens, as in scripts that set no spaces between words.
fn unspaced(tokens: &Tokens, two: &[Token]) -> bool {
    let letter = |token: &Token| tokens.word(token).chars().next().is_some_and(|c| !c.is_ascii() && c.is_alphabetic());
    two[0].span().end == two[1].span().start && letter(&two[0]) && letter(&two[1])
}

/// The part of a hash that names a term.
fn fold(hash: u64) -> u32 {
    (hash >> 32) as u32
}

fn pair(first: Word, second: Word) -> Word {
    pair_of(first, second, PAIR_SEED)
}

fn pair_of(first: Word, second: Word, seed: u64) -> Word {
    let mut bytes = [0; 8];
    bytes[..4].copy_from_slice(&first.term.to_le_bytes());
    bytes[4..].copy_from_slice(&second.term.to_le_bytes());
    Word {
        term: fold(xxh3_64_with_seed(&bytes, seed)),
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

thread_local! {
    static SORTED: RefCell<Vec<(u32, u16)>> = const { RefCell::new(Vec::new()) };
}

/// Counts words into a bag, which takes no more memory than it needs.
fn bag(words: impl Iterator<Item = Word>) -> Vec<TermCount> {
    SORTED.with_borrow_mut(|terms| {
        terms.clear();
        terms.extend(words.map(|word| (word.term, Background::encode(word.background))));
        terms.sort_unstable();
        let mut bag = Vec::with_capacity(terms.chunk_by(|a, b| a.0 == b.0).count());
        bag.extend(terms.chunk_by(|a, b| a.0 == b.0).map(|run| TermCount {
            term: run[0].0,
            count: run.len().min(usize::from(u16::MAX)) as u16,
            background: run[0].1,
        }));
        bag
    })
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
    fn scripts_without_spaces_are_compared_by_pairs_of_characters() {
        let terms_of = |text: &str| {
            let mut article = Article::new("a".into());
            article.text = text.into();
            article.language = Language::parse("zh");
            let mut words = Vec::new();
            let terms = ArticleTerms::with_words(&article, &mut |_, word| words.push(word.to_owned()));
            (terms, words)
        };
        let (terms, words) = terms_of("利比亚停火");
        assert_eq!(words, ["利比", "比亚", "亚停", "停火"]);
        assert!(terms.names_are_words);
        let (other, _) = terms_of("停火谈判");
        let shared = terms.all.iter().filter(|term| other.all.iter().any(|held| held.term == term.term)).count();
        assert_eq!(shared, 1);
    }

    #[test]
    fn bytes_hold_the_terms() {
        for (language, text) in
            [("en", "On Monday the Aurelia took 212 passengers to Saint Orla."), ("zh", "利比亚停火")]
        {
            let mut article = Article::new("a".into());
            article.text = text.into();
            article.language = Language::parse(language);
            let terms = ArticleTerms::of(&article);
            let bytes = terms.to_bytes();
            assert_eq!(ArticleTerms::from_bytes(&bytes), Some(terms));
            assert!((0..bytes.len()).all(|end| ArticleTerms::from_bytes(&bytes[..end]).is_none()));
        }
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
