//! The passages that articles share, of two and of whole stories.

mod claims;
mod elsewhere;

use rayon::prelude::*;
use rustc_hash::FxHashMap;
use samestory_article::Article;
use samestory_cluster::terms::TermCount;
use samestory_cluster::{DocumentFrequencies, StoryId};
use samestory_ingest::OutletTable;
use samestory_reuse::{
    Direction, Passage, PassageKind, PrintedWords, Reason, Sought, direction, shared_passages, source_pairs, words_in,
};
use serde::Serialize;

use self::claims::{Sources, take_back_claims, third_source};
use self::elsewhere::Elsewhere;
use crate::collection::Collection;
use crate::error::CollectionError;
use crate::store::StorySummary;

/// A passage that two articles share.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SharedPassage {
    /// What kind of text it is.
    pub kind: PassageKind,
    /// Word for word the same, but for letter case, white space and the form of quotation marks and dashes.
    pub exact: bool,
    /// Share of the words and marks that stand equal in both, above 0 and up to 1.
    pub similarity: f64,
    /// Where it stands in the first article.
    pub a: Stretch,
    /// Where it stands in the second.
    pub b: Stretch,
    /// Which of the two has it from the other.
    pub direction: Direction,
}

/// A part of an article's text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stretch {
    /// UTF-8 byte offset of its first byte in [`Article::text`].
    pub start: usize,
    /// UTF-8 byte offset behind its last byte.
    pub end: usize,
    /// The text.
    pub text: String,
}

/// What two articles have in common, and who has it from whom.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reuse {
    /// Share of the first article's words that stand in a passage, 0 to 1.
    pub a_share: f64,
    /// Share of the second's.
    pub b_share: f64,
    /// Which of the two has its words from the other.
    pub direction: Direction,
    /// What they share, in order of place in the first.
    pub passages: Vec<SharedPassage>,
}

/// Two articles of a story that share passages.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReusePair {
    /// Their story.
    pub story: StoryId,
    /// Id of the earlier article.
    pub a: String,
    /// Id of the later article.
    pub b: String,
    /// One is a copy of the other, or both of a third.
    pub copy: bool,
    /// What they share.
    #[serde(flatten)]
    pub reuse: Reuse,
}

/// From this share of the words of either on, without templates, quotations and statements, one article is reused in the
/// other as a whole.
const COPY_SHARE: f64 = 0.5;

/// Finds what articles share.
pub(crate) struct Passages<'a> {
    frequencies: &'a DocumentFrequencies,
    elsewhere: Elsewhere<'a>,
}

impl<'a> Passages<'a> {
    /// Of articles of a collection.
    pub(crate) fn among(collection: &'a Collection, frequencies: &'a DocumentFrequencies) -> Self {
        Passages { frequencies, elsewhere: Elsewhere::than_in(collection) }
    }

    /// What two articles share; `stories` are those that it may stand in without being a template.
    pub(crate) fn of_pair(&self, a: &Article, b: &Article, stories: &[u32]) -> Result<Reuse, CollectionError> {
        let (a, b) = (printed_words(a), printed_words(b));
        let passages = shared_passages(&a, &b, &|words, word| weight(self.frequencies, words, word));
        self.reuse(&a, &b, passages, stories)
    }

    fn reuse(
        &self,
        a: &PrintedWords<'_>,
        b: &PrintedWords<'_>,
        mut passages: Vec<Passage>,
        stories: &[u32],
    ) -> Result<Reuse, CollectionError> {
        for passage in &mut passages {
            if passage.kind != PassageKind::Template && self.elsewhere.holds_passage(a, passage, stories)? {
                passage.kind = PassageKind::Template;
            }
        }
        Ok(reuse(a, b, passages))
    }
}

/// What two articles that are in no collection share.
pub(crate) fn reuse_alone(frequencies: &DocumentFrequencies, a: &Article, b: &Article) -> Reuse {
    let (a, b) = (printed_words(a), printed_words(b));
    let passages = shared_passages(&a, &b, &|words, word| weight(frequencies, words, word));
    reuse(&a, &b, passages)
}

/// The words of an article, as the report of an agency where its outlet is one.
pub(crate) fn printed_words(article: &Article) -> PrintedWords<'_> {
    let agency = article.outlet.as_deref().and_then(|outlet| {
        let table = OutletTable::built_in();
        table.agency_of(outlet).map(|agency| agency.name.clone())
    });
    PrintedWords::of(article).report_of(agency.as_deref())
}

/// How telling a word is, in nats.
fn weight(frequencies: &DocumentFrequencies, words: &PrintedWords<'_>, word: &str) -> f32 {
    frequencies.idf(&TermCount::of_word(word, words.article().language)).0 as f32
}

fn reuse(a: &PrintedWords<'_>, b: &PrintedWords<'_>, passages: Vec<Passage>) -> Reuse {
    let share = |words: &PrintedWords<'_>, ranges: Vec<std::ops::Range<usize>>| {
        words_in(ranges) as f64 / words.len().max(1) as f64
    };
    let a_share = share(a, passages.iter().map(|passage| passage.words_a.clone()).collect());
    let b_share = share(b, passages.iter().map(|passage| passage.words_b.clone()).collect());
    let of_pair = direction(a, b, &passages);
    // A quotation or a line of furniture is half of a brief and makes no copy of it.
    let reused = || passages.iter().filter(|passage| matches!(passage.kind, PassageKind::Other | PassageKind::Agency));
    let reused_a = share(a, reused().map(|passage| passage.words_a.clone()).collect());
    let reused_b = share(b, reused().map(|passage| passage.words_b.clone()).collect());
    let is_copy = reused_a.max(reused_b) >= COPY_SHARE;
    let shared = |passage: Passage| SharedPassage {
        kind: passage.kind,
        exact: passage.is_exact(),
        similarity: passage.similarity,
        direction: of_pair.of_passage(&passage, is_copy),
        a: stretch(a, passage.a),
        b: stretch(b, passage.b),
    };
    let shared: Vec<SharedPassage> = passages.into_iter().map(shared).collect();
    // What independent reports have in common does not make one the source of the other.
    let direction = if is_copy { of_pair } else { of_shared(&shared) };
    Reuse { a_share, b_share, direction, passages: shared }
}

/// The direction of a pair of which no article is reused as a whole: that of the first passage that has one, else
/// unknown for what is known of all.
fn of_shared(passages: &[SharedPassage]) -> Direction {
    if let Some(passage) = passages.iter().find(|passage| passage.direction.source.is_some()) {
        return passage.direction.clone();
    }
    let mut reasons: Vec<Reason> = Vec::new();
    for reason in passages.iter().flat_map(|passage| &passage.direction.reasons) {
        if !reasons.contains(reason) {
            reasons.push(reason.clone());
        }
    }
    Direction { source: None, confidence: 0.0, reasons }
}

fn stretch(words: &PrintedWords<'_>, range: std::ops::Range<usize>) -> Stretch {
    Stretch { start: range.start, end: range.end, text: words.article().text[range].to_owned() }
}

/// Stories whose articles are held in memory together.
const STORIES_AT_ONCE: usize = 512;

impl Collection {
    /// The passages that articles of a story share, by pairs of articles, the earlier first. Not all pairs of a large
    /// story are held against each other, but every run of words that two of its articles share is in one.
    ///
    /// # Errors
    ///
    /// [`CollectionError::Unknown`] if there is no such story.
    pub fn passages(&self, story: &str) -> Result<Vec<ReusePair>, CollectionError> {
        self.read(|store| {
            let number = store.story_number(story)?.ok_or_else(|| CollectionError::Unknown(story.to_owned()))?;
            let passages = Passages::among(self, self.frequencies()?);
            self.of_story(&passages, number, &store.story(number)?)
        })
    }

    /// Tells the pairs of articles of each story that share passages, in order of stories.
    ///
    /// # Errors
    ///
    /// If the collection cannot be read, or the visitor fails.
    pub fn each_reuse_pair(
        &self,
        visit: &mut dyn FnMut(ReusePair) -> Result<(), CollectionError>,
    ) -> Result<(), CollectionError> {
        let mut stories = self.stories()?;
        stories.retain(|(_, story)| story.articles.len() > 1);
        let frequencies = self.read(|_| self.frequencies())?;
        let passages = Passages::among(self, frequencies);
        for some in stories.chunks(STORIES_AT_ONCE) {
            let of_stories: Vec<Vec<ReusePair>> = self
                .read(|_| some.par_iter().map(|(number, story)| self.of_story(&passages, *number, story)).collect())?;
            of_stories.into_iter().flatten().try_for_each(&mut *visit)?;
        }
        Ok(())
    }

    pub(crate) fn of_story(
        &self,
        passages: &Passages<'_>,
        number: u32,
        story: &StorySummary,
    ) -> Result<Vec<ReusePair>, CollectionError> {
        let position: FxHashMap<u32, usize> = story.articles.iter().copied().zip(0..).collect();
        let articles: Vec<Article> =
            story.articles.par_iter().map(|at| self.store().article(*at)).collect::<Result<_, _>>()?;
        let copy_of: Vec<Option<usize>> = story
            .articles
            .iter()
            .map(|at| {
                let place = self.store().place(*at)?;
                Ok(place.copy_of.or(place.version_of).and_then(|of| position.get(&of).copied()))
            })
            .collect::<Result<_, CollectionError>>()?;
        let words: Vec<PrintedWords<'_>> = articles.par_iter().map(printed_words).collect();
        let mut pairs = source_pairs(&words.iter().collect::<Vec<_>>(), &copy_of);
        pairs.sort_unstable();
        let of_source = |pairs: &[(usize, usize)]| -> Result<Vec<ReusePair>, CollectionError> {
            let source = pairs[0].0;
            let sought = Sought::of(&words[source]);
            let of_pair = |(_, later): &(usize, usize)| {
                let found = sought.passages(&words[*later], &|words, word| weight(passages.frequencies, words, word));
                let reuse = passages.reuse(&words[source], &words[*later], found, &[number])?;
                let representative = |at: usize| copy_of[at].unwrap_or(at);
                Ok(ReusePair {
                    story: story.id.clone(),
                    a: articles[source].id.to_string(),
                    b: articles[*later].id.to_string(),
                    copy: representative(source) == representative(*later),
                    reuse,
                })
            };
            pairs.par_iter().map(of_pair).collect()
        };
        let sources: Vec<&[(usize, usize)]> = pairs.chunk_by(|x, y| x.0 == y.0).collect();
        let found: Vec<Vec<ReusePair>> = sources.into_par_iter().map(of_source).collect::<Result<_, _>>()?;
        let mut found: Vec<ReusePair> =
            found.into_iter().flatten().filter(|pair| !pair.reuse.passages.is_empty()).collect();
        take_back_claims(&mut found);
        Ok(found)
    }

    /// Takes back a claim that rests on clocks alone, where both articles have their words from a third of their story.
    pub(crate) fn settle(
        &self,
        passages: &Passages<'_>,
        story: u32,
        articles: [&Article; 2],
        reuse: &mut Reuse,
    ) -> Result<(), CollectionError> {
        if !reuse.direction.is_by_clocks() {
            return Ok(());
        }
        let pairs = self.of_story(passages, story, &self.store().story(story)?)?;
        let [a, b] = articles.map(|article| article.id.as_str());
        if let Some(third) = third_source(&Sources::of(&pairs), a, b, reuse) {
            reuse.take_back(&third);
        }
        Ok(())
    }
}
