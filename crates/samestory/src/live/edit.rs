//! What a person changes: articles that are removed, stories that are put right by hand.
//!
//! *Design.* A person's word is a pin: an article with the story that it belongs to. Articles of one pin are one
//! story, those of different pins never are, and all others go where their pairs take them. To fix a story is
//! to pin the articles that it has.

use std::collections::BTreeMap;

use rayon::prelude::*;
use samestory_article::Article;
use samestory_cluster::StoryId;

use super::arrive::Arrivals;
use super::{CollectionWriter, Engine};
use crate::changes::ChangeKind;
use crate::error::CollectionError;
use crate::pipeline::Place;
use crate::store::{Draft, Snapshot, posting_block};

/// What `expire` has removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Expired {
    /// Articles that were removed.
    pub removed: u64,
    /// Articles that are left.
    pub left: u64,
}

/// A story that a person has fixed.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Pinned {
    /// The story.
    pub story: StoryId,
    /// Ids of the articles that are pinned to it, copies and older versions aside.
    pub articles: Vec<String>,
}

/// Articles that are removed in one transaction.
const STEP: usize = 2_000;

/// Articles that are looked at together for their times.
const BATCH: usize = 4_096;

impl CollectionWriter {
    /// Removes articles, named by id or address.
    ///
    /// # Errors
    ///
    /// [`CollectionError::Unknown`] if one is not there; then none is removed. If the collection cannot be read
    /// or written.
    pub fn remove(&mut self, names: &[String]) -> Result<u64, CollectionError> {
        let engine = self.engine()?;
        let snapshot = engine.store.snapshot()?;
        let mut numbers = Vec::with_capacity(names.len());
        for name in names {
            numbers.push(find_article(&snapshot, name)?);
        }
        numbers.sort_unstable();
        numbers.dedup();
        drop(snapshot);
        for step in numbers.chunks(STEP) {
            engine.step(|engine| engine.remove_step(step, None))?;
        }
        self.mark_fed()?;
        Ok(numbers.len() as u64)
    }

    /// Removes articles from before a time, in seconds since 1970; those without a time if they were stored
    /// before it. What was told of changes before it is forgotten too.
    ///
    /// # Errors
    ///
    /// If the collection cannot be read or written.
    pub fn expire(&mut self, before: i64) -> Result<Expired, CollectionError> {
        let engine = self.engine()?;
        let snapshot = engine.store.snapshot()?;
        let mut old = Vec::new();
        for batch in snapshot.article_numbers()?.chunks(BATCH) {
            let time = |number: &u32| -> Result<(u32, i64), CollectionError> {
                let article = snapshot.article(*number)?;
                Ok((*number, article.time.map_or(snapshot.stored(*number)?, |time| time.seconds)))
            };
            let times: Vec<(u32, i64)> = batch.par_iter().map(time).collect::<Result<_, _>>()?;
            old.extend(times.into_iter().filter(|(_, time)| *time < before).map(|(number, _)| number));
        }
        drop(snapshot);
        for step in old.chunks(STEP) {
            engine.step(|engine| engine.remove_step(step, None))?;
        }
        engine.step(|engine| engine.remove_step(&[], Some(before)))?;
        let left = engine.summary()?.counts.articles;
        self.mark_fed()?;
        Ok(Expired { removed: old.len() as u64, left })
    }

    /// Fixes the stories of articles: what is in them now stays together, whatever is learned later. `story` is
    /// where the articles are to be, by default where they are.
    ///
    /// # Errors
    ///
    /// If an article or the story is unknown, or an article is a copy or an older version, which follow another.
    pub fn pin(&mut self, articles: &[String], story: Option<&str>) -> Result<Vec<Pinned>, CollectionError> {
        self.edit(|draft| {
            let mut stories: Vec<u32> = Vec::new();
            let target = story.map(|story| find_story(draft, story)).transpose()?;
            for name in articles {
                let number = find_compared(draft, name)?;
                let own = draft.place(number)?.story;
                stories.push(own);
                draft.set_pin(number, Some(target.unwrap_or(own)));
            }
            let fixed: Vec<u32> = target.map_or_else(|| stories.clone(), |target| vec![target]);
            for story in &fixed {
                for number in compared_of(draft, *story)? {
                    if draft.pin(number)?.is_none() {
                        draft.set_pin(number, Some(*story));
                    }
                }
            }
            Ok((fixed.clone(), stories.into_iter().chain(fixed).collect()))
        })
    }

    /// Takes back what was pinned: the articles of these stories, or these articles, go where their pairs take
    /// them.
    ///
    /// # Errors
    ///
    /// If a name is unknown.
    pub fn unpin(&mut self, names: &[String]) -> Result<(), CollectionError> {
        let unpinned = self.edit(|draft| {
            let mut stories = Vec::new();
            for name in names {
                match draft.story_number(name)? {
                    Some(story) => {
                        for number in compared_of(draft, story)? {
                            draft.set_pin(number, None);
                        }
                        stories.push(story);
                    }
                    None => {
                        let number = find_compared(draft, name)?;
                        draft.set_pin(number, None);
                        stories.push(draft.place(number)?.story);
                    }
                }
            }
            Ok((Vec::new(), stories))
        });
        unpinned.map(|_| ())
    }

    /// Makes some articles of a story a story of their own, for good.
    ///
    /// # Errors
    ///
    /// If the story is unknown, an article is not in it, or none would be left in it.
    pub fn split(&mut self, story: &str, articles: &[String]) -> Result<Vec<Pinned>, CollectionError> {
        self.edit(|draft| {
            let from = find_story(draft, story)?;
            let mut rest = compared_of(draft, from)?;
            let into = draft.summary().next_story;
            draft.summary().next_story += 1;
            for name in articles {
                let number = find_compared(draft, name)?;
                let Some(at) = rest.iter().position(|other| *other == number) else {
                    return Err(CollectionError::Edit(format!("`{name}` is not in story `{story}`")));
                };
                rest.remove(at);
                draft.set_pin(number, Some(into));
            }
            if rest.is_empty() {
                return Err(CollectionError::Edit(format!("no article would be left in story `{story}`")));
            }
            for number in rest {
                draft.set_pin(number, Some(from));
            }
            Ok((vec![from, into], vec![from]))
        })
    }

    /// Makes several stories one, for good. The oldest keeps its name.
    ///
    /// # Errors
    ///
    /// If a story is unknown, or fewer than two are named.
    pub fn merge(&mut self, stories: &[String]) -> Result<Vec<Pinned>, CollectionError> {
        self.edit(|draft| {
            let mut numbers = Vec::with_capacity(stories.len());
            for story in stories {
                numbers.push(find_story(draft, story)?);
            }
            numbers.sort_unstable();
            numbers.dedup();
            let [into, _, ..] = numbers[..] else {
                return Err(CollectionError::Edit("two stories or more are needed".into()));
            };
            for story in &numbers {
                for number in compared_of(draft, *story)? {
                    draft.set_pin(number, Some(into));
                }
            }
            Ok((vec![into], numbers))
        })
    }

    /// Changes pins, decides the stories anew that this concerns, and tells those that are fixed.
    fn edit(
        &mut self,
        edit: impl FnOnce(&mut Draft<'_>) -> Result<(Vec<u32>, Vec<u32>), CollectionError>,
    ) -> Result<Vec<Pinned>, CollectionError> {
        self.engine()?.step(|engine| {
            let snapshot = engine.store.snapshot()?;
            let mut draft = Draft::new(&snapshot, jiff::Timestamp::now().as_second())?;
            let (mut fixed, stories) = edit(&mut draft)?;
            let arrivals = Arrivals { touched: stories.into_iter().collect(), ..Arrivals::default() };
            engine.settle(&mut draft, &arrivals)?;
            fixed.sort_unstable();
            fixed.dedup();
            let mut told = Vec::new();
            for number in fixed {
                let story = draft.story(number)?;
                let mut articles = Vec::new();
                for number in compared_of(&draft, number)? {
                    articles.push(draft.article(number)?.id.to_string());
                }
                told.push(Pinned { story: story.id, articles });
            }
            engine.commit(draft)?;
            Ok(told)
        })
    }
}

impl Engine {
    fn remove_step(&mut self, numbers: &[u32], expired_before: Option<i64>) -> Result<(), CollectionError> {
        let snapshot = self.store.snapshot()?;
        let mut draft = Draft::new(&snapshot, jiff::Timestamp::now().as_second())?;
        let mut arrivals = Arrivals::default();
        let mut removed: BTreeMap<u32, Vec<String>> = BTreeMap::new();
        for number in numbers {
            let article = draft.article(*number)?;
            removed.entry(draft.place(*number)?.story).or_default().push(article.id.to_string());
            arrivals.remove(&mut draft, *number, &article)?;
        }
        for (story, articles) in removed {
            let story = draft.story(story)?.id;
            draft.change(ChangeKind::Removed { story, articles });
        }
        self.settle(&mut draft, &arrivals)?;
        if let Some(before) = expired_before {
            draft.drop_postings_before(posting_block(Some(before)));
            draft.forget_changes_before(before);
        }
        self.commit(draft)
    }
}

impl Arrivals {
    /// Removes an article. The newest of its older versions, and its copies, are to be compared in its stead.
    fn remove(&mut self, draft: &mut Draft<'_>, number: u32, article: &Article) -> Result<(), CollectionError> {
        let place = draft.place(number)?;
        let mut versions: Vec<(u32, Article)> = Vec::new();
        for version in self.family(draft, number, |place| place.version_of == Some(number))? {
            versions.push((version, draft.article(version)?));
        }
        versions.sort_by(|a, b| a.1.version_order().cmp(&b.1.version_order()));
        let newest = versions.pop();
        for (version, _) in &versions {
            let place = draft.place(*version)?;
            draft.set_place(*version, Some(Place { version_of: newest.as_ref().map(|(at, _)| *at), ..place }));
        }
        self.retire(draft, number, article)?;
        if place.version_of.is_some() {
            let count = draft.summary().counts.older_versions;
            draft.summary().counts.older_versions = count.saturating_sub(1);
        }
        if let Some(address) = article.version_key()
            && draft.number_at_address(&address)? == Some(number)
        {
            draft.set_address(&address, newest.as_ref().map(|(at, _)| *at));
        }
        if let Some((at, article)) = newest {
            let pin = draft.pin(number)?;
            draft.set_pin(at, pin);
            let place = draft.place(at)?;
            draft.set_place(at, Some(Place { version_of: None, ..place }));
            let count = draft.summary().counts.older_versions;
            draft.summary().counts.older_versions = count.saturating_sub(1);
            self.current.insert(at, article);
            self.loose.insert(at);
        }
        self.loose.remove(&number);
        self.touched.insert(place.story);
        draft.set_place(number, None);
        draft.set_signature(number, None);
        draft.set_pin(number, None);
        draft.remove_article(number, article);
        Ok(())
    }
}

/// The article of an id or an address.
fn find_article(snapshot: &Snapshot, name: &str) -> Result<u32, CollectionError> {
    if let Some(number) = snapshot.article_number(name)? {
        return Ok(number);
    }
    let at_address = match samestory_ingest::canonical_url(name) {
        Some(address) => snapshot.number_at_address(&address)?,
        None => None,
    };
    at_address.ok_or_else(|| CollectionError::Unknown(name.to_owned()))
}

/// As [`find_article`], of one that is compared.
fn find_compared(draft: &Draft<'_>, name: &str) -> Result<u32, CollectionError> {
    let number = find_article(draft.snapshot(), name)?;
    let place = draft.place(number)?;
    for (what, other) in [("an older version", place.version_of), ("a copy", place.copy_of)] {
        if let Some(other) = other {
            let id = draft.article(other)?.id;
            return Err(CollectionError::Edit(format!("`{name}` is {what} of `{id}` and goes where that goes")));
        }
    }
    Ok(number)
}

fn find_story(draft: &Draft<'_>, name: &str) -> Result<u32, CollectionError> {
    draft.story_number(name)?.ok_or_else(|| CollectionError::Unknown(name.to_owned()))
}

/// The articles of a story that are compared.
fn compared_of(draft: &Draft<'_>, story: u32) -> Result<Vec<u32>, CollectionError> {
    let Some(story) = draft.find_story(story)? else { return Ok(Vec::new()) };
    let mut compared = Vec::new();
    for number in story.articles {
        if draft.compared(number)?.is_some() {
            compared.push(number);
        }
    }
    Ok(compared)
}
