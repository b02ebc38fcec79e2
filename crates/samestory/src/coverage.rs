//! How a story was covered: by whom, how much of each piece is its own, and what only some carry.

mod facts;

use rustc_hash::FxHashMap;
use samestory_article::{Article, Origin, Precision};
use samestory_cluster::StoryId;
use samestory_index::SearchFilter;
use samestory_reuse::{PrintedWords, Side, earlier, words_in};
use serde::Serialize;

use self::facts::Facts;
pub use self::facts::{Fact, FactKind, OnlyHere};
use crate::answer::LinkedStory;
use crate::collection::Collection;
use crate::error::CollectionError;
use crate::passages::{Passages, ReusePair, printed_words};
use crate::store::{StorySummary, display_headline};
use crate::time::time_text;

/// How a story was covered.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Coverage {
    /// The story.
    pub story: StoryId,
    /// Its headline.
    pub headline: String,
    /// Who published first, where any article has a time.
    pub first: Option<FirstReport>,
    /// The outlets that carried it, the first to do so first.
    pub outlets: Vec<OutletCoverage>,
    /// Its articles in order of time: the timeline.
    pub pieces: Vec<Piece>,
    /// Names, numbers and quotations that several articles carry, but not all.
    pub facts: Vec<Fact>,
    /// Outlets that published in the days of the story, and nothing of it, the busiest first.
    pub absent: Vec<AbsentOutlet>,
    /// Stories near it: what it follows, what it led to.
    pub links: Vec<LinkedStory>,
}

/// Who published first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FirstReport {
    /// Id of the article.
    pub id: String,
    /// Its outlet.
    pub outlet: Option<String>,
    /// Its time, RFC 3339, or the day alone.
    pub time: String,
    /// Whose clock that is.
    pub clock: Origin,
    /// How finely it is known.
    pub precision: Precision,
    /// No other article can have been earlier, by what their clocks show.
    pub certain: bool,
    /// Ids of articles that may have been earlier, undated ones among them.
    pub rivals: Vec<String>,
}

/// What one outlet has on a story.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OutletCoverage {
    /// The outlet; none where it is not known.
    pub outlet: Option<String>,
    /// Its articles, copies and older versions included.
    pub articles: usize,
    /// Its first time, RFC 3339, or the day alone.
    pub first: Option<String>,
    /// Words of its articles, older versions aside.
    pub words: WordCounts,
}

/// Words by where they are from: together all words of a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct WordCounts {
    /// Words that it has from another article of the story or from the agency that it credits.
    pub copied: usize,
    /// Words that others have too, where nobody can say who had them first, or that a source told several.
    pub shared: usize,
    /// All other words, and those that others have from here.
    pub own: usize,
}

impl WordCounts {
    /// All words.
    pub fn all(&self) -> usize {
        self.copied + self.shared + self.own
    }
}

/// One article of a story.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Piece {
    /// Its id.
    pub id: String,
    /// Its headline.
    pub headline: String,
    /// Its outlet.
    pub outlet: Option<String>,
    /// Its time, RFC 3339, or the day alone.
    pub time: Option<String>,
    /// The agency it credits.
    pub agency: Option<String>,
    /// The article it is a copy of.
    pub copy_of: Option<String>,
    /// The newest version, where it is an older one.
    pub version_of: Option<String>,
    /// Its words.
    pub words: WordCounts,
    /// The article that it has most of its copied words from, where that is known.
    pub source: Option<String>,
    /// What it alone carries.
    pub only: OnlyHere,
}

/// An outlet that had nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AbsentOutlet {
    /// The outlet.
    pub outlet: String,
    /// Its articles in the days of the story.
    pub articles: usize,
}

impl Collection {
    /// How a story was covered.
    ///
    /// # Errors
    ///
    /// [`CollectionError::Unknown`] if there is no such story.
    pub fn coverage(&self, story: &str) -> Result<Coverage, CollectionError> {
        self.read(|store| {
            let number = store.story_number(story)?.ok_or_else(|| CollectionError::Unknown(story.to_owned()))?;
            let summary = store.story(number)?;
            let frequencies = self.frequencies()?;
            let members = self.members(&summary)?;
            let pairs = self.of_story(&Passages::among(self, frequencies), number, &summary)?;
            let compared: Vec<&Article> =
                members.iter().filter(|member| member.is_compared()).map(|member| &member.article).collect();
            let facts = Facts::of(&compared, frequencies);
            let pieces = pieces(&members, &pairs, &facts);
            Ok(Coverage {
                first: first_report(&members),
                outlets: outlets(&members, &pieces),
                facts: facts.told(),
                absent: self.absent(&summary)?,
                links: self.linked(&summary.links)?,
                headline: summary.headline,
                story: summary.id,
                pieces,
            })
        })
    }

    fn members(&self, summary: &StorySummary) -> Result<Vec<Member>, CollectionError> {
        let id = |number: Option<u32>| -> Result<Option<String>, CollectionError> {
            number.map(|number| Ok(self.store().article(number)?.id.to_string())).transpose()
        };
        let member = |number: &u32| {
            let place = self.store().place(*number)?;
            Ok(Member {
                article: self.store().article(*number)?,
                copy_of: id(place.copy_of)?,
                version_of: id(place.version_of)?,
            })
        };
        summary.articles.iter().map(member).collect()
    }

    /// Outlets of the collection with articles in the days of a story and none in it.
    fn absent(&self, story: &StorySummary) -> Result<Vec<AbsentOutlet>, CollectionError> {
        const DAY: i64 = 86_400;
        let (Some(first), Some(last)) = (story.first, story.last) else { return Ok(Vec::new()) };
        let mut absent = Vec::new();
        for outlet in self.store().summary()?.outlets.into_keys() {
            if story.outlets.contains(&outlet) {
                continue;
            }
            let filter = SearchFilter {
                from: Some(first.div_euclid(DAY) * DAY),
                before: Some((last.div_euclid(DAY) + 1) * DAY),
                outlet: Some(outlet.clone()),
                ..SearchFilter::default()
            };
            let articles = self.ask(|index| Ok(index.count(&filter)?))?;
            if articles > 0 {
                absent.push(AbsentOutlet { outlet, articles });
            }
        }
        absent.sort_by(|a, b| b.articles.cmp(&a.articles).then_with(|| a.outlet.cmp(&b.outlet)));
        Ok(absent)
    }
}

/// An article of a story.
struct Member {
    article: Article,
    copy_of: Option<String>,
    version_of: Option<String>,
}

impl Member {
    fn id(&self) -> &str {
        self.article.id.as_str()
    }

    /// Neither a copy nor an older version.
    fn is_compared(&self) -> bool {
        self.copy_of.is_none() && self.version_of.is_none()
    }
}

fn first_report(members: &[Member]) -> Option<FirstReport> {
    let first = members.first()?;
    let time = first.article.time?;
    let may_be_earlier = |member: &&Member| match member.article.time {
        None => true,
        Some(other) => !matches!(earlier(&time, &other), Some((Side::A, _))),
    };
    // A version of the same address is no other report.
    let is_other = |member: &&Member| {
        member.article.version_key().is_none() || member.article.version_key() != first.article.version_key()
    };
    let rivals = members[1..].iter().filter(is_other).filter(may_be_earlier);
    let rivals: Vec<String> = rivals.map(|member| member.id().to_owned()).collect();
    Some(FirstReport {
        id: first.id().to_owned(),
        outlet: first.article.outlet.clone(),
        time: time_text(&time),
        clock: time.origin,
        precision: time.precision,
        certain: rivals.is_empty(),
        rivals,
    })
}

fn pieces(members: &[Member], pairs: &[ReusePair], facts: &Facts) -> Vec<Piece> {
    let mut of: FxHashMap<&str, Vec<(&ReusePair, Side)>> = FxHashMap::default();
    // That a version has the words of the one before is no copying.
    let newest: FxHashMap<&str, &str> =
        members.iter().map(|member| (member.id(), member.version_of.as_deref().unwrap_or(member.id()))).collect();
    let newest_of = |id: &str| newest.get(id).copied();
    for pair in pairs.iter().filter(|pair| newest_of(&pair.a) != newest_of(&pair.b)) {
        of.entry(&pair.a).or_default().push((pair, Side::A));
        of.entry(&pair.b).or_default().push((pair, Side::B));
    }
    let piece = |member: &Member| {
        let pairs = of.get(member.id()).map(Vec::as_slice).unwrap_or_default();
        let words = printed_words(&member.article);
        let (counts, source) = count_words(&words, pairs);
        Piece {
            id: member.id().to_owned(),
            headline: display_headline(&member.article),
            outlet: member.article.outlet.clone(),
            time: member.article.time.map(|time| time_text(&time)),
            agency: member.article.agency.clone(),
            copy_of: member.copy_of.clone(),
            version_of: member.version_of.clone(),
            words: counts,
            source,
            only: if member.is_compared() { facts.only(member.id()) } else { OnlyHere::default() },
        }
    };
    members.iter().map(piece).collect()
}

/// Whence the words of an article are, and the article that most of the copied ones are from.
fn count_words(words: &PrintedWords<'_>, pairs: &[(&ReusePair, Side)]) -> (WordCounts, Option<String>) {
    let (mut copied, mut shared) = (Vec::new(), Vec::new());
    let mut best: Option<(usize, &str)> = None;
    for (pair, side) in pairs {
        let other = match side {
            Side::A => &pair.b,
            Side::B => &pair.a,
        };
        let mut from_other = Vec::new();
        for passage in &pair.reuse.passages {
            let stretch = match side {
                Side::A => &passage.a,
                Side::B => &passage.b,
            };
            let range = words.within(&(stretch.start..stretch.end));
            match passage.direction.source {
                Some(source) if source == *side => (),
                Some(_) => from_other.push(range),
                None if passage.direction.is_of_common_agency() => copied.push(range),
                None => shared.push(range),
            }
        }
        let n_words = words_in(from_other.iter().cloned());
        // Of several the earliest, which is told first.
        if n_words > best.map_or(0, |(most, _)| most) {
            best = Some((n_words, other));
        }
        copied.append(&mut from_other);
    }
    let n_copied = words_in(copied.iter().cloned());
    let n_known = words_in(copied.into_iter().chain(shared));
    let counts = WordCounts { copied: n_copied, shared: n_known - n_copied, own: words.len() - n_known };
    (counts, best.map(|(_, other)| other.to_owned()))
}

fn outlets(members: &[Member], pieces: &[Piece]) -> Vec<OutletCoverage> {
    let mut list: Vec<OutletCoverage> = Vec::new();
    for (member, piece) in members.iter().zip(pieces) {
        let at = list.iter().position(|held| held.outlet == piece.outlet).unwrap_or_else(|| {
            let (outlet, first) = (piece.outlet.clone(), piece.time.clone());
            list.push(OutletCoverage { outlet, articles: 0, first, words: WordCounts::default() });
            list.len() - 1
        });
        list[at].articles += 1;
        if member.version_of.is_none() {
            let words = &mut list[at].words;
            words.copied += piece.words.copied;
            words.shared += piece.words.shared;
            words.own += piece.words.own;
        }
    }
    list
}
