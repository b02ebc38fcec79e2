//! Queries against the index.

use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;

use rustc_hash::FxHashSet;
use samestory_article::{Language, Tokenizer};
use tantivy::collector::{Count, DocSetCollector, TopDocs};
use tantivy::columnar::ColumnValues;
use tantivy::query::{
    AllQuery, BooleanQuery, DisjunctionMaxQuery, Occur, PhraseQuery, Query, QueryParser, QueryParserError, RangeQuery,
    TermQuery,
};
use tantivy::schema::IndexRecordOption;
use tantivy::tokenizer::TokenizerManager;
use tantivy::{Directory, DocAddress, Index, IndexReader, ReloadPolicy, Searcher, Term};

use crate::error::IndexError;
use crate::query::{excluded, plain_query};
use crate::schema::{Fields, QUERY_TOKENIZER, schema};
use crate::words::{QueryWords, Side, each_term};
use crate::writer::transaction_of;

/// Which articles count. All given conditions must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SearchFilter {
    /// Outlet, in any case.
    pub outlet: Option<String>,
    /// Language of the article.
    pub language: Option<Language>,
    /// Seconds since 1970, UTC: articles from then on. Undated articles do not pass.
    pub from: Option<i64>,
    /// Seconds since 1970, UTC: articles before then. Undated articles do not pass.
    pub before: Option<i64>,
}

/// An article that matches.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ArticleHit {
    /// Number of the article.
    pub number: u32,
    /// Its BM25 score, above 0.
    pub score: f32,
}

/// A story that matches.
#[derive(Debug, Clone, PartialEq)]
pub struct StoryHit {
    /// Number of the story.
    pub story: u32,
    /// Score of the story, above 0: higher is better.
    pub score: f32,
    /// Its matching articles, best first.
    pub articles: Vec<ArticleHit>,
}

/// The answer to a query.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Stories, best first, each once: those of the best articles.
    pub hits: Vec<StoryHit>,
    /// Stems that the query asks for, for highlighting.
    pub stems: FxHashSet<String>,
    /// No article had every word, so those with some of the words are given.
    pub relaxed: bool,
}

/// Reads an index. Cheap to clone a query into; safe to share between threads.
pub struct StorySearcher {
    reader: IndexReader,
    fields: Fields,
    parsers: Vec<(QueryParser, QueryParser)>,
    transaction: u64,
}

impl std::fmt::Debug for StorySearcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StorySearcher")
    }
}

/// A word in the headline counts this much more than one in the text.
const HEADLINE_BOOST: f32 = 2.0;

impl StorySearcher {
    /// How many of the best articles a query looks at to rank stories.
    pub const ARTICLES: usize = 2_000;

    /// Opens the index in a folder. Queries are stemmed in each of the given languages.
    ///
    /// # Errors
    ///
    /// [`IndexError::Open`] if the folder holds no index of this version.
    pub fn open(folder: &Path, languages: &[Option<Language>]) -> Result<Self, IndexError> {
        let failed = |source| IndexError::Open { path: folder.to_owned(), source };
        Self::on(Index::open_in_dir(folder).map_err(failed)?, folder, languages)
    }

    /// Opens an index that lies in a directory of any kind; `folder` is what messages call it.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn open_on(
        directory: impl Into<Box<dyn Directory>>,
        folder: &Path,
        languages: &[Option<Language>],
    ) -> Result<Self, IndexError> {
        let failed = |source| IndexError::Open { path: folder.to_owned(), source };
        Self::on(Index::open(directory).map_err(failed)?, folder, languages)
    }

    fn on(index: Index, folder: &Path, languages: &[Option<Language>]) -> Result<Self, IndexError> {
        let failed = |source| IndexError::Open { path: folder.to_owned(), source };
        let (schema, fields) = schema();
        if index.schema() != schema {
            let reason = "its fields are not those of this version".to_owned();
            return Err(failed(tantivy::TantivyError::SchemaError(reason)));
        }
        let transaction = transaction_of(&index).map_err(failed)?;
        let reader: IndexReader =
            index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into().map_err(failed)?;
        let parser = |language: Option<Language>| {
            let tokenizers = TokenizerManager::default();
            tokenizers.register(QUERY_TOKENIZER, QueryWords(language));
            let mut parser = QueryParser::new(schema.clone(), vec![fields.headline, fields.text], tokenizers);
            parser.set_field_boost(fields.headline, HEADLINE_BOOST);
            parser
        };
        let languages = if languages.is_empty() { &[None][..] } else { languages };
        let parsers = languages
            .iter()
            .map(|&language| {
                let mut all_words = parser(language);
                all_words.set_conjunction_by_default();
                (all_words, parser(language))
            })
            .collect();
        Ok(StorySearcher { reader, fields, parsers, transaction })
    }

    /// The transaction of the store that the index has everything of, as the [writer](crate::StoryIndexWriter) was
    /// told.
    pub fn transaction(&self) -> u64 {
        self.transaction
    }

    /// How many articles can be found.
    pub fn n_articles(&self) -> u64 {
        self.reader.searcher().num_docs()
    }

    /// The best stories for a query: words, `"phrases"`, `AND`, `OR`, `NOT`, `-word`, brackets.
    ///
    /// Looks at the [`ARTICLES`](Self::ARTICLES) best articles, or more where `least` stories may need them.
    /// Words are joined by AND; where no article has them all, by OR. `story_of` gives the story of an article by
    /// its number; an article without one is passed by.
    ///
    /// # Errors
    ///
    /// [`IndexError::Query`] if the query cannot be read.
    pub fn search<E: From<IndexError>>(
        &self,
        query: &str,
        filter: &SearchFilter,
        least: usize,
        story_of: &mut dyn FnMut(u32) -> Result<Option<u32>, E>,
    ) -> Result<Found, E> {
        let mut relaxed = false;
        let mut parsed = self.parse(query, |(all_words, _)| all_words)?;
        let mut hits = self.hits(parsed.as_ref(), filter, least, story_of)?;
        if hits.is_empty() {
            parsed = self.parse(query, |(_, any_word)| any_word)?;
            hits = self.hits(parsed.as_ref(), filter, least, story_of)?;
            relaxed = !hits.is_empty();
        }
        let mut stems = FxHashSet::default();
        parsed.query_terms(&mut |term, _| {
            if [self.fields.headline, self.fields.text].contains(&term.field()) {
                stems.extend(term.value().as_str().map(str::to_owned));
            }
        });
        Ok(Found { hits, stems, relaxed })
    }

    fn parse(
        &self,
        query: &str,
        pick: impl Fn(&(QueryParser, QueryParser)) -> &QueryParser,
    ) -> Result<Box<dyn Query>, IndexError> {
        let plain = plain_query(query);
        let parse = |parser: &QueryParser| match parser.parse_query(&plain) {
            // An operator without its words, as in `fog OR`: the words that are there are asked for.
            Err(QueryParserError::SyntaxError(_)) => Ok(parser.parse_query_lenient(&plain).0),
            parsed => parsed,
        };
        let parsed: Result<Vec<_>, _> = self.parsers.iter().map(|pair| parse(pick(pair))).collect();
        let mut parsed =
            parsed.map_err(|error| IndexError::Query { query: query.to_owned(), reason: error.to_string() })?;
        if parsed.len() == 1 {
            return Ok(parsed.remove(0));
        }
        // What is excluded is excluded in every language, whichever finds the article.
        let mut clauses: Vec<(Occur, Box<dyn Query>)> = vec![(Occur::Must, Box::new(DisjunctionMaxQuery::new(parsed)))];
        if let Some(excluded) = excluded(&plain) {
            clauses.extend(
                self.parsers.iter().map(|(_, any_word)| (Occur::MustNot, any_word.parse_query_lenient(&excluded).0)),
            );
        }
        Ok(Box::new(BooleanQuery::new(clauses)))
    }

    fn hits<E: From<IndexError>>(
        &self,
        query: &dyn Query,
        filter: &SearchFilter,
        least: usize,
        story_of: &mut dyn FnMut(u32) -> Result<Option<u32>, E>,
    ) -> Result<Vec<StoryHit>, E> {
        let mut placed: Vec<(u32, ArticleHit)> = Vec::new();
        for hit in self.best(query, filter, least)? {
            placed.extend(story_of(hit.number)?.map(|story| (story, hit)));
        }
        placed.sort_unstable_by(|(x, a), (y, b)| {
            x.cmp(y).then_with(|| b.score.total_cmp(&a.score)).then_with(|| a.number.cmp(&b.number))
        });
        let mut hits: Vec<StoryHit> = placed
            .chunk_by(|(x, _), (y, _)| x == y)
            .map(|of_story| {
                let articles: Vec<ArticleHit> = of_story.iter().map(|(_, hit)| *hit).collect();
                StoryHit { story: of_story[0].0, score: story_score(&articles), articles }
            })
            .collect();
        hits.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.story.cmp(&b.story)));
        Ok(hits)
    }

    /// The articles that match best.
    fn best(&self, query: &dyn Query, filter: &SearchFilter, least: usize) -> Result<Vec<ArticleHit>, IndexError> {
        let mut clauses = self.filter_clauses(filter);
        let query = match clauses.is_empty() {
            true => query.box_clone(),
            false => {
                clauses.push((Occur::Must, query.box_clone()));
                Box::new(BooleanQuery::new(clauses))
            }
        };
        let searcher = self.reader.searcher();
        let n_articles = Self::ARTICLES.max(least.saturating_mul(4)).min(searcher.num_docs().max(1) as usize);
        let best = searcher.search(&query, &TopDocs::with_limit(n_articles).order_by_score())?;
        let columns = self.number_columns(&searcher)?;
        let hit = |(score, address)| ArticleHit { number: number_at(&columns, address), score };
        Ok(best.into_iter().map(hit).collect())
    }

    /// Numbers of the articles whose body has these words in a row, in any of their forms; sorted. `language` is that
    /// of the words.
    ///
    /// # Errors
    ///
    /// If the index cannot be read.
    pub fn articles_with(&self, words: &str, language: Option<Language>) -> Result<Vec<u32>, IndexError> {
        let mut terms = Vec::new();
        each_term(&Tokenizer.text(words), language, Side::Document, |term| {
            if let [_] = term.words {
                terms.push((term.position, Term::from_field_text(self.fields.text, term.text)));
            }
        });
        if terms.len() < 2 {
            return Ok(Vec::new());
        }
        let searcher = self.reader.searcher();
        let found = searcher.search(&PhraseQuery::new_with_offset(terms), &DocSetCollector)?;
        let columns = self.number_columns(&searcher)?;
        let mut numbers: Vec<u32> = found.into_iter().map(|address| number_at(&columns, address)).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// How many articles pass a filter.
    ///
    /// # Errors
    ///
    /// If the index cannot be read.
    pub fn count(&self, filter: &SearchFilter) -> Result<usize, IndexError> {
        let clauses = self.filter_clauses(filter);
        let query: Box<dyn Query> =
            if clauses.is_empty() { Box::new(AllQuery) } else { Box::new(BooleanQuery::new(clauses)) };
        Ok(self.reader.searcher().search(&query, &Count)?)
    }

    /// The numbers of the documents of each segment.
    fn number_columns(&self, searcher: &Searcher) -> Result<Vec<Arc<dyn ColumnValues<u64>>>, IndexError> {
        let column =
            |segment: &tantivy::SegmentReader| Ok(segment.fast_fields().u64("number")?.first_or_default_col(0));
        Ok(searcher.segment_readers().iter().map(column).collect::<tantivy::Result<_>>()?)
    }

    fn filter_clauses(&self, filter: &SearchFilter) -> Vec<(Occur, Box<dyn Query>)> {
        let term = |field, text: &str| -> Box<dyn Query> {
            Box::new(TermQuery::new(Term::from_field_text(field, text), IndexRecordOption::Basic))
        };
        let mut clauses: Vec<(Occur, Box<dyn Query>)> = Vec::new();
        let mut must = |query: Box<dyn Query>| {
            // A filter decides, it does not rank.
            clauses.push((Occur::Must, Box::new(tantivy::query::BoostQuery::new(query, 0.0))));
        };
        if let Some(outlet) = &filter.outlet {
            must(term(self.fields.outlet, &outlet.to_lowercase()));
        }
        if let Some(language) = filter.language {
            must(term(self.fields.language, language.code()));
        }
        if filter.from.is_some() || filter.before.is_some() {
            let time = |seconds| Term::from_field_i64(self.fields.time, seconds);
            let lower = filter.from.map_or(Bound::Unbounded, |from| Bound::Included(time(from)));
            let upper = filter.before.map_or(Bound::Unbounded, |before| Bound::Excluded(time(before)));
            must(Box::new(RangeQuery::new(lower, upper)));
        }
        clauses
    }
}

fn number_at(columns: &[Arc<dyn ColumnValues<u64>>], address: DocAddress) -> u32 {
    columns[address.segment_ord as usize].get_val(address.doc_id) as u32
}

/// A story is worth its best article, half the second, a quarter of the third and so on, and more
/// the more of its articles match: ten papers on a question say more than one. The sum is below
/// twice the best, and breadth adds a tenth for every doubling, so size alone does not win.
fn story_score(articles: &[ArticleHit]) -> f32 {
    let weighted: f32 = articles.iter().take(16).enumerate().map(|(rank, hit)| hit.score / (1 << rank) as f32).sum();
    weighted * (1.0 + 0.1 * (articles.len() as f32).log2())
}
