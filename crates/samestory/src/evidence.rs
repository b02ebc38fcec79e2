//! Why articles are in one story: what several of them share.

use rustc_hash::{FxHashMap, FxHashSet};
use samestory_article::{Article, Tokenizer};
use samestory_cluster::{ArticleTerms, DocumentFrequencies};
use serde::Serialize;

/// A term that holds a story together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SharedTerm {
    /// The term as most of them print it.
    pub term: String,
    /// How many articles of the story hold it, copies and older versions aside.
    pub articles: usize,
}

/// What an article shares with at least one other of its story, the most telling first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// Words of headline and lead.
    pub terms: Vec<String>,
    /// Names.
    pub names: Vec<String>,
    /// Numbers.
    pub numbers: Vec<String>,
}

/// Most shared terms that a story shows.
const STORY_TERMS: usize = 12;

/// Most terms of each kind that an article shows.
const ARTICLE_TERMS: usize = 6;

/// Terms in more than one article in seven tell little.
const LEAST_IDF: f64 = 2.0;

/// What the articles of a story share.
pub(crate) struct StoryEvidence {
    /// Of the story.
    pub(crate) shared: Vec<SharedTerm>,
    /// Of each article.
    pub(crate) articles: Vec<Evidence>,
}

#[derive(Clone, Copy)]
struct Held {
    articles: usize,
    idf: f64,
}

/// Looks for what the articles share.
pub(crate) fn story_evidence(articles: &[Article], frequencies: &DocumentFrequencies) -> StoryEvidence {
    let mut written: FxHashMap<u32, String> = FxHashMap::default();
    let terms: Vec<ArticleTerms> = articles
        .iter()
        .map(|article| {
            ArticleTerms::with_words(article, &mut |term, word| {
                let known = written.entry(term).or_insert_with(|| word.to_owned());
                // The shortest form stands for all, so that the order of articles does not matter.
                if (word.len(), word) < (known.len(), known.as_str()) {
                    *known = word.to_owned();
                }
            })
        })
        .collect();
    let mut held: FxHashMap<u32, Held> = FxHashMap::default();
    for terms in &terms {
        let mut own: Vec<(u32, f64)> = [&terms.lead, &terms.names, &terms.numbers]
            .into_iter()
            .flatten()
            .map(|term| (term.term, frequencies.idf(term).0))
            .collect();
        own.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
        own.dedup_by_key(|(term, _)| *term);
        for (term, idf) in own {
            let held = held.entry(term).or_insert(Held { articles: 0, idf: 0.0 });
            held.articles += 1;
            held.idf = held.idf.max(idf);
        }
    }
    held.retain(|_, held| held.articles >= 2);
    let word = |term: u32| written.get(&term).cloned();
    let mut ranked: Vec<(f64, SharedTerm)> = terms
        .iter()
        .flat_map(|terms| terms.lead.iter().chain(&terms.names))
        .filter_map(|term| {
            let held = held.get(&term.term)?;
            let weight = held.idf * (held.articles as f64).sqrt();
            Some((weight, SharedTerm { term: word(term.term)?, articles: held.articles }))
        })
        .collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.term.cmp(&b.1.term)));
    let mut shared: Vec<SharedTerm> = Vec::new();
    for (_, term) in ranked {
        if shared.len() < STORY_TERMS && !shared.iter().any(|shown| says(&shown.term, &term.term)) {
            shared.push(term);
        }
    }
    let of_article = |terms: &ArticleTerms| {
        let best = |bag: &[samestory_cluster::terms::TermCount], said: &[String]| {
            let known = |term: u32| held.get(&term).filter(|held| held.idf >= LEAST_IDF);
            let mut list: Vec<(f64, String)> =
                bag.iter().filter_map(|term| Some((known(term.term)?.idf, word(term.term)?))).collect();
            list.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
            let mut kept: Vec<String> = Vec::new();
            for (_, term) in list {
                if kept.len() < ARTICLE_TERMS && !kept.iter().chain(said).any(|shown| says(shown, &term)) {
                    kept.push(term);
                }
            }
            kept
        };
        let mut names = best(&terms.names, &[]);
        // A whole name is rarer than its words, but may have come behind one of them.
        let whole = names.clone();
        names.retain(|name| !whole.iter().any(|other| other != name && says(other, name)));
        let numbers = best(&terms.numbers, &[]);
        let said: Vec<String> = names.iter().chain(&numbers).cloned().collect();
        Evidence { terms: best(&terms.lead, &said), names, numbers }
    };
    let mut evidence = StoryEvidence { shared, articles: terms.iter().map(of_article).collect() };
    let printed = printed_forms(articles, evidence.every_term());
    for term in evidence.every_term() {
        if let Some(form) = printed.get(term.as_str()) {
            term.clone_from(form);
        }
    }
    evidence
}

impl StoryEvidence {
    fn every_term(&mut self) -> impl Iterator<Item = &mut String> {
        let of_articles = self
            .articles
            .iter_mut()
            .flat_map(|article| article.terms.iter_mut().chain(&mut article.names).chain(&mut article.numbers));
        self.shared.iter_mut().map(|shared| &mut shared.term).chain(of_articles)
    }
}

/// Bytes between two words of a term.
const WIDEST_GAP: usize = 3;

/// Words of the longest term.
const MOST_WORDS: usize = 4;

/// How terms, which are compared in lower case, are printed: as most places of the articles have them, in capitals only
/// where all do.
fn printed_forms<'t>(articles: &[Article], terms: impl Iterator<Item = &'t mut String>) -> FxHashMap<String, String> {
    let wanted: FxHashSet<String> = terms.map(|term| term.clone()).collect();
    let begins: FxHashSet<&str> = wanted.iter().filter_map(|term| term.split(' ').next()).collect();
    let mut forms: FxHashMap<&str, FxHashMap<&str, u32>> = FxHashMap::default();
    for article in articles {
        for (text, tokens) in [
            (article.headline.as_str(), Tokenizer.text(&article.headline)),
            (article.text.as_str(), Tokenizer.body(article)),
        ] {
            let list = tokens.as_slice();
            for (at, first) in list.iter().enumerate().filter(|(_, word)| begins.contains(tokens.word(word))) {
                let mut term = String::new();
                let mut end = first.span().start;
                for last in &list[at..list.len().min(at + MOST_WORDS)] {
                    // Between words of one term stands a space or a mark, and nothing that was cut.
                    if last.span().start > end + WIDEST_GAP {
                        break;
                    }
                    end = last.span().end;
                    if !term.is_empty() {
                        term.push(' ');
                    }
                    term.push_str(tokens.word(last));
                    let Some(known) = wanted.get(&term) else { continue };
                    let form = &text[first.span().start..last.span().end];
                    let form = ["'s", "’s"].iter().find_map(|end| form.strip_suffix(end)).unwrap_or(form);
                    if !form.contains(char::is_control) {
                        *forms.entry(known).or_default().entry(form).or_default() += 1;
                    }
                }
            }
        }
    }
    let is_loud = |form: &str| form.chars().count() > 4 && !form.chars().any(char::is_lowercase);
    let best = |of_term: FxHashMap<&str, u32>| -> Option<String> {
        let best = of_term
            .into_iter()
            .max_by(|(x, n), (y, m)| is_loud(y).cmp(&is_loud(x)).then(n.cmp(m)).then_with(|| y.cmp(x)));
        best.map(|(form, _)| form.to_owned())
    };
    forms.into_iter().filter_map(|(term, of_term)| Some((term.to_owned(), best(of_term)?))).collect()
}

/// A name says what each of its words says.
fn says(shown: &str, term: &str) -> bool {
    shown == term || shown.split(' ').any(|word| word == term)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_names_and_numbers_are_told() {
        let article = |id: &str, text: &str| {
            let mut article = Article::new(id.into());
            article.text = text.into();
            article.language = Some(samestory_article::Language::ENGLISH);
            article
        };
        let articles = [
            article("a", "The ferry Aurelia struck a bank near Saint Orla with 212 aboard."),
            article("b", "All 212 aboard left the Aurelia near Saint Orla, the harbour said."),
        ];
        let terms: Vec<ArticleTerms> = articles.iter().map(ArticleTerms::of).collect();
        let evidence = story_evidence(&articles, &DocumentFrequencies::count(&terms));
        assert_eq!(evidence.articles[0].numbers, ["212"]);
        assert!(evidence.articles[1].names.contains(&"Saint Orla".to_owned()));
        assert!(evidence.articles[0].terms.contains(&"aboard".to_owned()));
        assert!(evidence.shared.iter().all(|shared| shared.articles == 2));
    }
}
