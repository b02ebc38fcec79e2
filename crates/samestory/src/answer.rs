//! What a collection answers: found stories, one story in full, one article in full.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use samestory_article::{Article, Cut, Origin};
use samestory_cluster::StoryId;
use samestory_cluster::links::LinkKind;
use samestory_index::{AskedStems, SearchFilter, Snippet, StoryHit, snippet};
use serde::Serialize;

use crate::collection::Collection;
use crate::error::CollectionError;
use crate::evidence::{Evidence, SharedTerm, story_evidence};
use crate::pipeline::StoryLink;
use crate::store::{StorySummary, display_headline};
use crate::story_list::{StoryOrder, StoryRow};
use crate::time::{instant, time_text};
use crate::versions::steps;
use samestory_reuse::VersionChange;

/// The answer to a query.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SearchAnswer {
    /// The query as given.
    pub query: String,
    /// No article had every word, so stories with some of them are given.
    pub relaxed: bool,
    /// How many stories match, of the two thousand articles that match best.
    pub found: usize,
    /// Stories, best first, or in the order that was asked for.
    pub stories: Vec<FoundStory>,
}

/// Which part of an answer is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SearchPage {
    /// The order; by relevance where there is none.
    pub order: Option<StoryOrder>,
    /// Without so many of the first stories.
    pub offset: usize,
    /// No more than so many.
    pub limit: usize,
}

/// A story that matches a query.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FoundStory {
    /// Name of the story.
    pub story: StoryId,
    /// Headline of its best article.
    pub headline: String,
    /// Id of its best article.
    pub article: String,
    /// Score, above 0: higher is better; comparable within one answer only.
    pub score: f32,
    /// Articles in the story.
    pub articles: usize,
    /// How many of its articles match.
    pub matching: usize,
    /// Names of the story's outlets.
    pub outlets: Vec<String>,
    /// First time, RFC 3339.
    pub first: Option<String>,
    /// Last time, RFC 3339.
    pub last: Option<String>,
    /// The best part of the best article.
    pub snippet: Snippet,
    /// Stories near it, strongest first.
    pub links: Vec<LinkedStory>,
}

/// A story in full.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StoryView {
    /// Name of the story.
    pub story: StoryId,
    /// Headline of its first article.
    pub headline: String,
    /// Names of its outlets.
    pub outlets: Vec<String>,
    /// First time, RFC 3339.
    pub first: Option<String>,
    /// Last time, RFC 3339.
    pub last: Option<String>,
    /// Words and names that several of its articles share, the most telling first.
    pub shared_terms: Vec<SharedTerm>,
    /// Its articles in order of time; copies are folded below the article they copy.
    pub articles: Vec<ArticleLine>,
    /// Stories near it, strongest first.
    pub links: Vec<LinkedStory>,
}

/// A story near another.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LinkedStory {
    /// Its name.
    pub story: StoryId,
    /// Its headline.
    pub headline: String,
    /// What the story that has the link is to it.
    pub kind: LinkKind,
    /// Highest probability that an article of one and one of the other report the same event, 0 to 1.
    pub strength: f32,
    /// First time, RFC 3339.
    pub first: Option<String>,
    /// Articles in it.
    pub articles: usize,
}

/// One article in a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ArticleLine {
    /// Id of the article.
    pub id: String,
    /// Its headline, or the first words of its text.
    pub headline: String,
    /// Its outlet.
    pub outlet: Option<String>,
    /// Its time, RFC 3339; a day alone where only the day is known.
    pub time: Option<String>,
    /// Whose clock the time is: a field of the file, the page itself, its feed, or its address.
    pub clock: Option<Origin>,
    /// Its address.
    pub url: Option<String>,
    /// The agency it credits.
    pub agency: Option<String>,
    /// Its language.
    pub language: Option<String>,
    /// The newest version of its address, where this is an older one.
    pub version_of: Option<String>,
    /// Its copies, in order of time.
    pub copies: Vec<ArticleLine>,
    /// What its versions changed, where it has several.
    pub versions: Vec<VersionChange>,
    /// What it shares with others of its story, where a story is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
}

/// One article in full.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ArticleView {
    /// The article's line.
    #[serde(flatten)]
    pub line: ArticleLine,
    /// The story it belongs to.
    pub story: StoryId,
    /// The article it is a copy of.
    pub copy_of: Option<String>,
    /// The line below the headline.
    pub standfirst: Option<String>,
    /// Place that opens the report.
    pub dateline: Option<String>,
    /// Who wrote it.
    pub byline: Option<String>,
    /// Part of the paper.
    pub section: Option<String>,
    /// The text without what was cut.
    pub text: String,
    /// The text as it was read, where it is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw: Option<RawText>,
    /// Other articles of the story.
    pub others: usize,
}

/// The text of an article as it was read, and what of it is not compared.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RawText {
    /// The whole text.
    pub text: String,
    /// What is cut, as UTF-8 byte ranges of the text, sorted and apart.
    pub cuts: Vec<Cut>,
}

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum View {
    /// A story.
    Story(StoryView),
    /// An article.
    Article(Box<ArticleView>),
}

/// Words of a lead, and articles that are looked at for one.
const LEAD_WORDS: usize = 60;
const LEAD_ARTICLES: usize = 5;

/// Articles of a story that are read for what they share.
const EVIDENCE_ARTICLES: usize = 60;

impl Collection {
    /// The best stories for a query, each once.
    ///
    /// # Errors
    ///
    /// If the query cannot be read, or the collection cannot.
    pub fn search(&self, query: &str, filter: &SearchFilter, limit: usize) -> Result<SearchAnswer, CollectionError> {
        self.search_page(query, filter, &SearchPage { order: None, offset: 0, limit })
    }

    /// As [`Collection::search`], a part of the answer, in any order.
    ///
    /// # Errors
    ///
    /// As [`Collection::search`].
    pub fn search_page(
        &self,
        query: &str,
        filter: &SearchFilter,
        page: &SearchPage,
    ) -> Result<SearchAnswer, CollectionError> {
        // Every part of an answer is made of the same articles, so `offset` does not count.
        let mut found =
            self.ask(|index| index.search(query, filter, page.limit, &mut |number| self.story_of(number)))?;
        if let Some(order) = page.order {
            let list = self.story_list()?;
            let mut rows: Vec<(&Arc<StoryRow>, StoryHit)> =
                found.hits.into_iter().filter_map(|hit| Some((list.row(hit.story)?, hit))).collect();
            rows.sort_by(|a, b| order.compare(a.0, b.0));
            found.hits = rows.into_iter().map(|(_, hit)| hit).collect();
        }
        let shown = found.hits.iter().skip(page.offset).take(page.limit);
        let mut stems = AskedStems::new(found.stems);
        let stories = self.read(|_| shown.map(|hit| self.found_story(hit, &mut stems)).collect())?;
        Ok(SearchAnswer { query: query.to_owned(), relaxed: found.relaxed, found: found.hits.len(), stories })
    }

    fn found_story(&self, hit: &StoryHit, stems: &mut AskedStems) -> Result<FoundStory, CollectionError> {
        let story = self.store().story(hit.story)?;
        let best = self.store().article(hit.articles[0].number)?;
        Ok(FoundStory {
            headline: display_headline(&best),
            article: best.id.to_string(),
            score: hit.score,
            articles: story.articles.len(),
            matching: hit.articles.len(),
            first: story.first.map(instant),
            last: story.last.map(instant),
            outlets: story.outlets,
            links: self.linked(&story.links)?,
            story: story.id,
            snippet: snippet(&best, stems),
        })
    }

    /// What a name stands for: a story id, an article id, or an address.
    ///
    /// # Errors
    ///
    /// [`CollectionError::Unknown`] if it stands for nothing here.
    pub fn show(&self, name: &str) -> Result<View, CollectionError> {
        self.read(|_| self.view(name))
    }

    /// As [`Collection::show`]; an article has its raw text too.
    ///
    /// # Errors
    ///
    /// As [`Collection::show`].
    pub fn show_raw(&self, name: &str) -> Result<View, CollectionError> {
        let mut view = self.show(name)?;
        if let View::Article(article) = &mut view
            && let Some(number) = self.read(|_| self.store().article_number(&article.line.id))?
        {
            let Article { text, cuts, .. } = self.read(|_| self.store().article(number))?;
            article.raw = Some(RawText { text, cuts });
        }
        Ok(view)
    }

    /// The first words of the text of a story's first article that has one, without a headline that the text repeats;
    /// none where there is no such story.
    ///
    /// # Errors
    ///
    /// If the store cannot be read.
    pub fn lead(&self, story: &StoryId) -> Result<Option<String>, CollectionError> {
        self.read(|store| {
            let Some(number) = store.story_number(story.as_str())? else { return Ok(None) };
            for &at in store.story(number)?.articles.iter().take(LEAD_ARTICLES) {
                let article = store.article(at)?;
                let text = article.body_text();
                let mut words = text.split_whitespace().peekable();
                let headline: Vec<&str> = article.headline.split_whitespace().collect();
                if !headline.is_empty() && words.clone().take(headline.len()).eq(headline.iter().copied()) {
                    words.by_ref().take(headline.len()).for_each(drop);
                }
                let lead = words.by_ref().take(LEAD_WORDS).collect::<Vec<_>>().join(" ");
                if !lead.is_empty() {
                    return Ok(Some(if words.peek().is_some() { format!("{lead} …") } else { lead }));
                }
            }
            Ok(None)
        })
    }

    fn view(&self, name: &str) -> Result<View, CollectionError> {
        if let Some(number) = self.store().article_number(name)? {
            return Ok(View::Article(Box::new(self.article_view(number)?)));
        }
        if let Some(number) = self.store().story_number(name)? {
            return Ok(View::Story(self.story_view(number)?));
        }
        if let Some(address) = samestory_ingest::canonical_url(name)
            && let Some(number) = self.store().number_at_address(&address)?
        {
            return Ok(View::Article(Box::new(self.article_view(number)?)));
        }
        Err(CollectionError::Unknown(name.to_owned()))
    }

    fn story_view(&self, number: u32) -> Result<StoryView, CollectionError> {
        let story = self.store().story(number)?;
        let older = self.older_versions_of(&story)?;
        let mut lines: Vec<ArticleLine> = Vec::new();
        let mut position: FxHashMap<u32, usize> = FxHashMap::default();
        let mut folded: Vec<(u32, ArticleLine)> = Vec::new();
        for &at in &story.articles {
            let place = self.store().place(at)?;
            let line = self.line(at, &older)?;
            match place.copy_of {
                Some(representative) => folded.push((representative, line)),
                None => {
                    position.insert(at, lines.len());
                    lines.push(line);
                }
            }
        }
        for (representative, line) in folded {
            match position.get(&representative) {
                Some(&at) => lines[at].copies.push(line),
                None => lines.push(line),
            }
        }
        let evidence = self.evidence(&story)?;
        for (at, evidence) in evidence.articles {
            if let Some(line) = position.get(&at) {
                lines[*line].evidence = Some(evidence);
            }
        }
        Ok(StoryView {
            shared_terms: evidence.shared,
            links: self.linked(&story.links)?,
            headline: story.headline,
            outlets: story.outlets,
            first: story.first.map(instant),
            last: story.last.map(instant),
            articles: lines,
            story: story.id,
        })
    }

    fn article_view(&self, number: u32) -> Result<ArticleView, CollectionError> {
        let article = self.store().article(number)?;
        let place = self.store().place(number)?;
        let story = self.store().story(place.story)?;
        let older = self.older_versions_of(&story)?;
        let mut line = self.line(number, &older)?;
        for &other in &story.articles {
            if self.store().place(other)?.copy_of == Some(number) {
                line.copies.push(self.line(other, &older)?);
            }
        }
        Ok(ArticleView {
            line,
            copy_of: place
                .copy_of
                .map(|at| Ok::<_, CollectionError>(self.store().article(at)?.id.to_string()))
                .transpose()?,
            standfirst: article.standfirst.clone(),
            dateline: article.dateline.clone(),
            byline: article.byline.clone(),
            section: article.section.clone(),
            raw: None,
            text: article.body_text().trim().to_owned(),
            others: story.articles.len() - 1,
            story: story.id,
        })
    }

    /// `older` are the older versions of the articles of its story.
    fn line(&self, number: u32, older: &OlderVersions) -> Result<ArticleLine, CollectionError> {
        let article = self.store().article(number)?;
        let newest = self.store().place(number)?.version_of;
        Ok(ArticleLine {
            id: article.id.to_string(),
            headline: display_headline(&article),
            outlet: article.outlet.clone(),
            time: article.time.map(|time| time_text(&time)),
            clock: article.time.map(|time| time.origin),
            url: article.url.clone(),
            agency: article.agency.clone(),
            language: article.language.map(|language| language.to_string()),
            version_of: newest
                .map(|at| Ok::<_, CollectionError>(self.store().article(at)?.id.to_string()))
                .transpose()?,
            copies: Vec::new(),
            evidence: None,
            versions: {
                let mut chain = self.chain(older.get(&number).map(Vec::as_slice).unwrap_or_default())?;
                chain.push(article);
                steps(&chain)
            },
        })
    }

    /// The older versions of an article's address, oldest first.
    pub(crate) fn older_versions(&self, number: u32) -> Result<Vec<Article>, CollectionError> {
        let story = self.store().story(self.store().place(number)?.story)?;
        let older = self.older_versions_of(&story)?;
        self.chain(older.get(&number).map(Vec::as_slice).unwrap_or_default())
    }

    /// The older versions of the articles of a story.
    fn older_versions_of(&self, story: &StorySummary) -> Result<OlderVersions, CollectionError> {
        let mut older = OlderVersions::default();
        if story.older_versions > 0 {
            for &at in &story.articles {
                if let Some(newest) = self.store().place(at)?.version_of {
                    older.entry(newest).or_default().push(at);
                }
            }
        }
        Ok(older)
    }

    /// Versions in their order; what was corrected stands in order of time already.
    fn chain(&self, numbers: &[u32]) -> Result<Vec<Article>, CollectionError> {
        let mut chain: Vec<Article> =
            numbers.iter().map(|at| self.store().article(*at)).collect::<Result<_, CollectionError>>()?;
        chain.sort_by_key(|article| article.version_order().0);
        Ok(chain)
    }

    pub(crate) fn linked(&self, links: &[StoryLink]) -> Result<Vec<LinkedStory>, CollectionError> {
        let linked = |link: &StoryLink| {
            let Some(story) = self.store().find_story(link.story)? else { return Ok(None) };
            Ok(Some(LinkedStory {
                story: story.id,
                headline: story.headline,
                kind: link.kind,
                strength: link.strength,
                first: story.first.map(instant),
                articles: story.articles.len(),
            }))
        };
        links.iter().filter_map(|link| linked(link).transpose()).collect()
    }

    /// What the first articles of a story share; copies and older versions say nothing of their own.
    fn evidence(&self, story: &StorySummary) -> Result<FoundEvidence, CollectionError> {
        let (mut numbers, mut articles) = (Vec::new(), Vec::new());
        for &at in &story.articles {
            let place = self.store().place(at)?;
            if place.copy_of.is_none() && place.version_of.is_none() && articles.len() < EVIDENCE_ARTICLES {
                numbers.push(at);
                articles.push(self.store().article(at)?);
            }
        }
        let found = story_evidence(&articles, self.frequencies()?);
        let told = if articles.len() < 2 { Vec::new() } else { found.articles };
        Ok(FoundEvidence { shared: found.shared, articles: numbers.into_iter().zip(told).collect() })
    }
}

/// The numbers of the older versions of articles.
type OlderVersions = FxHashMap<u32, Vec<u32>>;

/// What articles of a story share: of the story, and of each by its number.
struct FoundEvidence {
    shared: Vec<SharedTerm>,
    articles: Vec<(u32, Evidence)>,
}

/// An article as it is exported, under names that reading knows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ArticleRecord {
    /// Id of the article.
    pub id: String,
    /// Where it belongs; the columns `story`, `copy_of` and `version_of`.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub place: Option<PlaceColumns>,
    /// Headline.
    pub title: String,
    /// The text as its outlet printed it.
    pub text: String,
    /// Outlet.
    pub source: Option<String>,
    /// Time, RFC 3339; the day alone where no more is known.
    pub published: Option<String>,
    /// Address.
    pub url: Option<String>,
    /// Language.
    pub language: Option<String>,
    /// Who wrote it.
    pub byline: Option<String>,
    /// Part of the paper.
    pub section: Option<String>,
}

/// Where an article belongs, in ids.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlaceColumns {
    /// Id of its story.
    pub story: StoryId,
    /// Id of the article it is a copy of.
    pub copy_of: Option<String>,
    /// Id of the newest version of its address, where this is an older one.
    pub version_of: Option<String>,
}

impl ArticleRecord {
    /// An article by itself.
    pub fn of(article: &Article) -> Self {
        ArticleRecord {
            id: article.id.to_string(),
            place: None,
            title: article.headline.clone(),
            text: article.printed_text().trim().to_owned(),
            source: article.outlet.clone(),
            published: article.time.map(|time| time_text(&time)),
            url: article.url.clone(),
            language: article.language.map(|language| language.to_string()),
            byline: article.byline.clone(),
            section: article.section.clone(),
        }
    }

    /// An article and where it belongs.
    pub fn placed(article: &Article, place: PlaceColumns) -> Self {
        ArticleRecord { place: Some(place), ..Self::of(article) }
    }
}
