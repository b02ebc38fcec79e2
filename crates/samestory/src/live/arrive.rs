//! What an article that arrives is to those that are stored: new, known already, a correction, or another
//! version of an address.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;

use rustc_hash::FxHashSet;
use samestory_article::Article;

use crate::changes::ChangeKind;
use crate::copies::headline_key;
use crate::error::CollectionError;
use crate::pipeline::Place;
use crate::store::Draft;

/// The story of an article that has none yet.
pub(super) const NO_STORY: u32 = u32::MAX;

/// What a step has to decide.
#[derive(Default)]
pub(super) struct Arrivals {
    /// Articles that are to be compared: new ones, and stored ones whose representative is gone.
    pub(super) current: BTreeMap<u32, Article>,
    /// Articles that are in no story yet, or whose representative or newest version has changed.
    pub(super) loose: FxHashSet<u32>,
    /// Stories that have lost an article.
    pub(super) touched: FxHashSet<u32>,
    /// New states of articles, which are told as corrections.
    pub(super) corrections: FxHashSet<u32>,
    /// How many articles were stored.
    pub(super) stored: u64,
    /// How many of these are new states of an id or an address.
    pub(super) versions: u64,
    /// How many were there already.
    pub(super) unchanged: u64,
}

impl Arrivals {
    /// Takes one article in.
    pub(super) fn take(&mut self, draft: &mut Draft<'_>, article: Article) -> Result<(), CollectionError> {
        let address = article.version_key().map(Cow::into_owned);
        let same_id = draft.article_number(article.id.as_str())?;
        if let Some(number) = same_id {
            let mut old = draft.article(number)?;
            if says_the_same(&old, &article) {
                self.unchanged += 1;
                return Ok(());
            }
            draft.rename_article(number, &mut old)?;
            let older = old.id.to_string();
            let new = self.store(draft, article.clone())?;
            draft.change(ChangeKind::Corrected { article: article.id.to_string(), older });
            self.corrections.insert(new);
            self.versions += 1;
            self.replace(draft, number, &old, new)?;
            if let Some(old_address) = old.version_key().filter(|old| Some(&**old) != address.as_deref())
                && draft.number_at_address(&old_address)? == Some(number)
            {
                draft.set_address(&old_address, None);
            }
            return Ok(());
        }
        let known = match &address {
            Some(address) => draft.number_at_address(address)?,
            None => None,
        };
        let Some(number) = known else {
            self.store(draft, article)?;
            return Ok(());
        };
        let old = draft.article(number)?;
        self.versions += 1;
        let is_newer = match article.version_order().0.cmp(&old.version_order().0) {
            Ordering::Equal => old.time.zip(article.time).is_none_or(|(old, new)| new.seconds >= old.seconds),
            by_name => by_name == Ordering::Greater,
        };
        if is_newer {
            let new = self.store(draft, article)?;
            self.replace(draft, number, &old, new)?;
        } else {
            let older = draft.put_article(&article)?;
            self.stored += 1;
            draft.set_place(older, Some(Place { story: NO_STORY, copy_of: None, version_of: Some(number) }));
            draft.summary().counts.older_versions += 1;
            self.loose.insert(older);
        }
        Ok(())
    }

    fn store(&mut self, draft: &mut Draft<'_>, article: Article) -> Result<u32, CollectionError> {
        let number = draft.put_article(&article)?;
        self.stored += 1;
        if let Some(address) = article.version_key() {
            draft.set_address(&address, Some(number));
        }
        if let Some(outlet) = &article.outlet {
            draft.note_outlet(outlet, number)?;
        }
        draft.set_place(number, Some(Place { story: NO_STORY, copy_of: None, version_of: None }));
        self.loose.insert(number);
        self.current.insert(number, article);
        Ok(number)
    }

    /// Makes an article an older version of another.
    fn replace(&mut self, draft: &mut Draft<'_>, old: u32, article: &Article, new: u32) -> Result<(), CollectionError> {
        for version in self.family(draft, old, |place| place.version_of == Some(old))? {
            let place = draft.place(version)?;
            draft.set_place(version, Some(Place { version_of: Some(new), ..place }));
            self.loose.insert(version);
        }
        self.retire(draft, old, article)?;
        // What a person has decided of the article holds for its new state.
        if let Some(pin) = draft.pin(old)? {
            draft.set_pin(new, Some(pin));
            draft.set_pin(old, None);
        }
        let place = draft.place(old)?;
        draft.set_place(old, Some(Place { version_of: Some(new), ..place }));
        draft.summary().counts.older_versions += 1;
        self.loose.insert(old);
        Ok(())
    }

    /// Articles of the same story, or of this step, whose place fits.
    pub(super) fn family(
        &self,
        draft: &Draft<'_>,
        number: u32,
        fits: impl Fn(&Place) -> bool,
    ) -> Result<Vec<u32>, CollectionError> {
        let story = draft.place(number)?.story;
        let mut members = match draft.find_story(story)? {
            Some(story) if story.articles.len() > 1 => story.articles,
            _ => Vec::new(),
        };
        members.extend(&self.loose);
        members.sort_unstable();
        members.dedup();
        let mut found = Vec::new();
        for member in members {
            if draft.find_place(member)?.is_some_and(|place| fits(&place)) {
                found.push(member);
            }
        }
        Ok(found)
    }

    /// Takes an article out of all comparisons. Its copies are to be compared in its stead.
    pub(super) fn retire(
        &mut self,
        draft: &mut Draft<'_>,
        number: u32,
        article: &Article,
    ) -> Result<(), CollectionError> {
        self.current.remove(&number);
        let place = draft.place(number)?;
        if place.story != NO_STORY {
            self.touched.insert(place.story);
        }
        if place.copy_of.is_some() {
            draft.summary().counts.copies = draft.summary().counts.copies.saturating_sub(1);
            draft.set_place(number, Some(Place { copy_of: None, ..place }));
            return Ok(());
        }
        if draft.compared(number)?.is_none() {
            return Ok(());
        }
        for copy in self.family(draft, number, |place| place.copy_of == Some(number))? {
            let place = draft.place(copy)?;
            draft.set_place(copy, Some(Place { copy_of: None, ..place }));
            draft.summary().counts.copies = draft.summary().counts.copies.saturating_sub(1);
            if let Some(pin) = draft.pin(number)? {
                draft.set_pin(copy, Some(pin));
            }
            let article = draft.article(copy)?;
            self.current.insert(copy, article);
            self.loose.insert(copy);
        }
        self.forget(draft, number)?;
        if let Some(key) = headline_key(article)
            && draft.number_of_headline(key)? == Some(number)
        {
            draft.set_headline(key, None);
        }
        Ok(())
    }

    /// Removes all by which an article is met and judged.
    fn forget(&self, draft: &mut Draft<'_>, number: u32) -> Result<(), CollectionError> {
        draft.set_compared(number, None);
        draft.drop_vectors(number);
        for (other, _) in draft.pairs(number)? {
            let mut pairs = draft.pairs(other)?;
            pairs.retain(|(with, _)| *with != number);
            draft.set_pairs(other, pairs);
        }
        draft.set_pairs(number, Vec::new());
        if let Some(row) = draft.candidates(number)? {
            for other in row.list.iter().map(|other| other.number) {
                let Some(mut row) = draft.candidates(other)? else { continue };
                if let Some(at) = row.list.iter().position(|listed| listed.number == number) {
                    row.list.remove(at);
                    row.other_outlets = row.other_outlets.min(row.list.len() as u32);
                    draft.set_candidates(other, Some(row));
                }
            }
        }
        draft.set_candidates(number, None);
        Ok(())
    }
}

/// Whether an article says what another of its id says: then it is no correction.
pub(super) fn says_the_same(old: &Article, new: &Article) -> bool {
    has_the_same_headlines(old, new) && old.text == new.text
}

/// Whether two articles have the same headline and standfirst.
pub(super) fn has_the_same_headlines(old: &Article, new: &Article) -> bool {
    old.headline == new.headline && old.standfirst == new.standfirst
}
