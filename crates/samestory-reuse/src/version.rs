//! What changed from one version of an article to the next, sentence by sentence.
//!
//! Sentences that both versions have, in one order, are unchanged. Of the others, those with the same words have moved;
//! those with mostly the same words have changed and are told word by word; what is left was added or removed. The four
//! actions are those of NewsEdits (Spangher et al. 2022, section 3.1). Changes of letters, spacing, marks and time
//! stamps are told as trivial.

mod trivial;

use std::collections::VecDeque;
use std::ops::Range;

use rustc_hash::{FxHashMap, FxHashSet};
use samestory_article::{Article, ArticleTime, Tokenizer, Version};
use serde::Serialize;
use similar::{Algorithm, ChangeTag, DiffTag, TextDiff, capture_diff_slices};

use self::trivial::{is_time_stamp, is_trivial};
use crate::sentence::sentences;

/// One state of an article.
#[derive(Debug, Clone, PartialEq)]
pub struct Edition<'a> {
    /// Its number: as its page gives it, or counted from 0.
    pub number: u32,
    /// When it was published, where that is known of this state.
    pub time: Option<ArticleTime>,
    /// Its headline.
    pub headline: &'a str,
    /// Its paragraphs, in reading order.
    pub paragraphs: Vec<&'a str>,
    /// Which of these the edition before may have had or not: its page does not tell.
    pub unplaced: Vec<bool>,
}

/// The step from one version to a later one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VersionChange {
    /// Number of the older version: as its page gives it, or counted from 0 along an address.
    pub from: u32,
    /// Number of the newer version.
    pub to: u32,
    /// The headlines, where they differ.
    pub headline: Option<HeadlineChange>,
    /// Sentences that differ, in the order of the newer version; removed ones where they stood.
    pub sentences: Vec<SentenceChange>,
    /// Sentences that both have.
    pub unchanged: usize,
}

/// Two headlines.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HeadlineChange {
    /// The older.
    pub from: String,
    /// The newer.
    pub to: String,
    /// Letters, spacing or marks alone differ.
    pub trivial: bool,
}

/// What became of a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeKind {
    /// Only the newer version has it.
    Added,
    /// Only the older version has it.
    Removed,
    /// Its words changed.
    Changed,
    /// It stands elsewhere.
    Moved,
    /// It stands in one of the versions; the page does not tell in which.
    AddedOrRemoved,
}

/// A sentence that differs between two versions. What a page cannot place is a whole paragraph.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SentenceChange {
    /// What became of it.
    pub kind: ChangeKind,
    /// Letters, spacing, marks or a time stamp alone differ.
    pub trivial: bool,
    /// Number of its paragraph in the older version, from 1.
    pub from_paragraph: Option<usize>,
    /// Number of its paragraph in the newer version, from 1.
    pub to_paragraph: Option<usize>,
    /// The words of both versions, in order.
    pub words: Vec<WordChange>,
}

/// A run of words that both versions have, or one of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WordChange {
    /// Which version has it.
    pub side: WordSide,
    /// The words, with the spaces behind them.
    pub text: String,
}

/// Which version has some words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum WordSide {
    /// Both.
    Both,
    /// The older one.
    Older,
    /// The newer one.
    Newer,
}

/// The states of an article, from articles that are versions of each other, oldest first. A version page has several by
/// itself. Their numbers are those of the page or of the file names where these rise, else they are counted from 0.
pub fn editions<'a>(chain: &[&'a Article]) -> Vec<Edition<'a>> {
    let mut editions: Vec<Edition<'a>> = Vec::new();
    for article in chain {
        if article.versions.len() < 2 {
            let paragraphs: Vec<&str> = article.printed_paragraphs().map(|range| &article.text[range]).collect();
            editions.push(Edition {
                number: article.version_order().0,
                time: article.time,
                headline: &article.headline,
                unplaced: vec![false; paragraphs.len()],
                paragraphs,
            });
        }
        for (at, version) in article.versions.iter().enumerate().filter(|_| article.versions.len() > 1) {
            let before = at.checked_sub(1).map(|before| &article.versions[before]);
            editions.push(edition(article, version, before));
        }
    }
    if !editions.is_sorted_by(|one, next| one.number < next.number) {
        (0..).zip(&mut editions).for_each(|(number, edition)| edition.number = number);
    }
    editions
}

fn edition<'a>(article: &'a Article, version: &'a Version, before: Option<&Version>) -> Edition<'a> {
    let text = |range: &Range<u32>| &article.text[range.start as usize..range.end as usize];
    let is_unplaced = |range: &Range<u32>| before.is_some_and(|before| before.unplaced.contains(range));
    Edition {
        number: version.number,
        // The page has one date, which is not that of each state.
        time: None,
        headline: &version.headline,
        paragraphs: version.paragraphs.iter().map(text).collect(),
        unplaced: version.paragraphs.iter().map(is_unplaced).collect(),
    }
}

/// A sentence of an edition, or a paragraph that cannot be placed.
struct Sentence<'a> {
    /// From 1.
    paragraph: usize,
    text: &'a str,
    /// The text with single spaces, by which it is known.
    key: String,
    /// Hashes of its words, sorted.
    words: Vec<u64>,
    unplaced: bool,
}

fn sentences_of<'a>(edition: &Edition<'a>) -> Vec<Sentence<'a>> {
    let mut list = Vec::new();
    for (at, (paragraph, unplaced)) in edition.paragraphs.iter().zip(&edition.unplaced).enumerate() {
        let spans = match unplaced {
            true => std::iter::once(0..paragraph.len()).collect(),
            false => sentences(paragraph),
        };
        for span in spans {
            let text = &paragraph[span];
            list.push(Sentence {
                paragraph: at + 1,
                text,
                key: text.split_whitespace().collect::<Vec<_>>().join(" "),
                words: sorted(Tokenizer.text(text).hashes()),
                unplaced: *unplaced,
            });
        }
    }
    list
}

/// What changed from one edition to a later one.
pub fn version_change(older: &Edition<'_>, newer: &Edition<'_>) -> VersionChange {
    let (old, new) = (sentences_of(older), sentences_of(newer));
    let placed: Vec<usize> = (0..new.len()).filter(|at| !new[*at].unplaced).collect();
    let keys = |list: &[Sentence<'_>]| -> Vec<String> { list.iter().map(|sentence| sentence.key.clone()).collect() };
    let old_keys = keys(&old);
    let new_keys: Vec<String> = placed.iter().map(|at| new[*at].key.clone()).collect();
    let mut partner: Vec<Option<usize>> = vec![None; new.len()];
    let (mut removed, mut added) = (Vec::new(), Vec::new());
    // Sentences that are alone in the same place of both.
    let mut in_place: FxHashSet<(usize, usize)> = FxHashSet::default();
    let mut unchanged = 0;
    // For each removed sentence, the sentence of the newer version it stood before.
    let mut before: Vec<usize> = vec![new.len(); old.len()];
    for (equal, of_old, of_new) in steps(&old_keys, &new_keys) {
        if equal {
            unchanged += of_old.len();
            continue;
        }
        let stood = placed.get(of_new.start).copied().unwrap_or(new.len());
        before[of_old.clone()].fill(stood);
        if of_old.len() == of_new.len() {
            in_place.extend(of_old.clone().zip(of_new.clone().map(|at| placed[at])));
        }
        removed.extend(of_old);
        added.extend(of_new.map(|at| placed[at]));
    }
    let mut moved = FxHashSet::default();
    let mut places: FxHashMap<&str, VecDeque<usize>> = FxHashMap::default();
    removed.iter().for_each(|at| places.entry(&old[*at].key).or_default().push_back(*at));
    for at in &added {
        partner[*at] = places.get_mut(new[*at].key.as_str()).and_then(VecDeque::pop_front);
        moved.extend(partner[*at]);
    }
    let free = |list: &[usize], taken: &FxHashSet<usize>| -> Vec<usize> {
        list.iter().copied().filter(|at| !taken.contains(at)).collect()
    };
    let removed = free(&removed, &moved);
    let open: Vec<usize> = added.iter().copied().filter(|at| partner[*at].is_none()).collect();
    let n_words =
        |list: &[Sentence<'_>], some: &[usize]| -> usize { some.iter().map(|at| list[*at].words.len()).sum() };
    let n_looks = removed.len() * n_words(&new, &open) + open.len() * n_words(&old, &removed);
    let changed = pair_up(&removed, &open, n_looks <= MOST_LOOKS, &mut partner, |old_at, new_at| {
        let like = likeness(&old[old_at].words, &new[new_at].words);
        match in_place.contains(&(old_at, new_at)) && like >= LEAST_KEPT_IN_PLACE {
            true => like.max(LEAST_KEPT),
            false => like,
        }
    });
    let removed = free(&removed, &changed);
    let mut changes: Vec<(usize, SentenceChange)> = Vec::new();
    for at in added {
        let change = match partner[at] {
            Some(from) if old[from].key == new[at].key => {
                told(ChangeKind::Moved, Some(&old[from]), Some(&new[at]), false)
            }
            Some(from) => {
                let trivial = is_trivial(old[from].text, new[at].text);
                told(ChangeKind::Changed, Some(&old[from]), Some(&new[at]), trivial)
            }
            None => told(ChangeKind::Added, None, Some(&new[at]), is_time_stamp(new[at].text)),
        };
        changes.push((2 * at + 1, change));
    }
    for at in (0..new.len()).filter(|at| new[*at].unplaced) {
        changes.push((2 * at + 1, told(ChangeKind::AddedOrRemoved, None, Some(&new[at]), false)));
    }
    for at in removed {
        changes.push((2 * before[at], told(ChangeKind::Removed, Some(&old[at]), None, is_time_stamp(old[at].text))));
    }
    changes.sort_by_key(|(place, _)| *place);
    VersionChange {
        from: older.number,
        to: newer.number,
        headline: headline_change(older.headline, newer.headline),
        sentences: changes.into_iter().map(|(_, change)| change).collect(),
        unchanged,
    }
}

/// Sentences, or words, of both versions together that are compared in every way. What differs in longer texts is told
/// as a whole, since the time that a comparison takes grows with the square of what differs.
const MOST_DIFFED: usize = 20_000;

/// The runs of both versions in order: whether they are equal, and where they are.
fn steps(old: &[String], new: &[String]) -> Vec<(bool, Range<usize>, Range<usize>)> {
    let front = old.iter().zip(new).take_while(|(x, y)| x == y).count();
    let back = old[front..].iter().rev().zip(new[front..].iter().rev()).take_while(|(x, y)| x == y).count();
    let (of_old, of_new) = (front..old.len() - back, front..new.len() - back);
    if of_old.len() + of_new.len() > MOST_DIFFED {
        let ends = (of_old.end..old.len(), of_new.end..new.len());
        return vec![(true, 0..front, 0..front), (false, of_old, of_new), (true, ends.0, ends.1)];
    }
    let step = |step: similar::DiffOp| (step.tag() == DiffTag::Equal, step.old_range(), step.new_range());
    capture_diff_slices(Algorithm::Myers, old, new).into_iter().map(step).collect()
}

fn headline_change(older: &str, newer: &str) -> Option<HeadlineChange> {
    let same_words = || Tokenizer.text(older).hashes() == Tokenizer.text(newer).hashes();
    (older != newer).then(|| HeadlineChange { from: older.to_owned(), to: newer.to_owned(), trivial: same_words() })
}

fn told(kind: ChangeKind, old: Option<&Sentence<'_>>, new: Option<&Sentence<'_>>, trivial: bool) -> SentenceChange {
    let whole = |side, sentence: &Sentence<'_>| vec![WordChange { side, text: sentence.text.to_owned() }];
    let words = match (kind, old, new) {
        (ChangeKind::Changed, Some(old), Some(new)) => word_changes(old.text, new.text),
        (ChangeKind::Moved | ChangeKind::AddedOrRemoved, _, Some(new)) => whole(WordSide::Both, new),
        (_, _, Some(new)) => whole(WordSide::Newer, new),
        (_, Some(old), None) => whole(WordSide::Older, old),
        (_, None, None) => Vec::new(),
    };
    let paragraph = |sentence: Option<&Sentence<'_>>| sentence.map(|sentence| sentence.paragraph);
    SentenceChange { kind, trivial, from_paragraph: paragraph(old), to_paragraph: paragraph(new), words }
}

/// Least share of words that a changed sentence keeps, of its longer form.
const LEAST_KEPT: f64 = 0.5;

/// The same where as many sentences stand in its place.
const LEAST_KEPT_IN_PLACE: f64 = 0.25;

/// Where comparing all pairs of sentences takes more looks at words than this, only those at one rank are compared.
const MOST_LOOKS: usize = 1 << 25;

/// Gives sentences of the newer version their older form, the likest first, and names the older ones that were taken.
fn pair_up(
    removed: &[usize],
    added: &[usize],
    all: bool,
    partner: &mut [Option<usize>],
    likeness: impl Fn(usize, usize) -> f64,
) -> FxHashSet<usize> {
    let mut likest: Vec<(f64, usize, usize)> = Vec::new();
    for (rank, old) in removed.iter().enumerate() {
        let others: &[usize] = if all { added } else { added.get(rank..=rank).unwrap_or_default() };
        likest.extend(
            others.iter().map(|new| (likeness(*old, *new), *old, *new)).filter(|(like, ..)| *like >= LEAST_KEPT),
        );
    }
    likest.sort_by(|x, y| y.0.total_cmp(&x.0).then(x.1.cmp(&y.1)).then(x.2.cmp(&y.2)));
    let mut taken = FxHashSet::default();
    for (_, old, new) in likest {
        if partner[new].is_none() && taken.insert(old) {
            partner[new] = Some(old);
        }
    }
    taken
}

fn sorted(mut words: Vec<u64>) -> Vec<u64> {
    words.sort_unstable();
    words
}

/// Share of the words of the longer sentence that the other has too; 0 where it cannot be high. Both are sorted.
fn likeness(first: &[u64], second: &[u64]) -> f64 {
    let longer = first.len().max(second.len()).max(1) as f64;
    if (first.len().min(second.len()) as f64) < LEAST_KEPT_IN_PLACE * longer {
        return 0.0;
    }
    let (mut i, mut j, mut shared) = (0, 0, 0);
    while i < first.len() && j < second.len() {
        match first[i].cmp(&second[j]) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => (i, j, shared) = (i + 1, j + 1, shared + 1),
        }
    }
    f64::from(shared) / longer
}

/// The words of two texts, in order, by which has them.
pub fn word_changes(old: &str, new: &str) -> Vec<WordChange> {
    if old.split_whitespace().count() + new.split_whitespace().count() > MOST_DIFFED {
        let whole = |side, text: &str| WordChange { side, text: text.to_owned() };
        return match old == new {
            true => vec![whole(WordSide::Both, new)],
            false => vec![whole(WordSide::Older, old), whole(WordSide::Newer, new)],
        };
    }
    let diff = TextDiff::from_words(old, new);
    let mut changes: Vec<WordChange> = Vec::new();
    for change in diff.iter_all_changes() {
        let side = match change.tag() {
            ChangeTag::Equal => WordSide::Both,
            ChangeTag::Delete => WordSide::Older,
            ChangeTag::Insert => WordSide::Newer,
        };
        match changes.last_mut() {
            Some(last) if last.side == side => last.text.push_str(change.value()),
            _ => changes.push(WordChange { side, text: change.value().to_owned() }),
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edition(text: &str) -> Edition<'_> {
        let paragraphs: Vec<&str> = text.lines().collect();
        Edition { number: 0, time: None, headline: "", unplaced: vec![false; paragraphs.len()], paragraphs }
    }

    fn changes(older: &str, newer: &str) -> Vec<(ChangeKind, bool, String)> {
        let change = version_change(&edition(older), &edition(newer));
        let told = |change: SentenceChange| {
            let words = change.words.iter().map(|change| match change.side {
                WordSide::Both => change.text.clone(),
                WordSide::Older => format!("-{}-", change.text),
                WordSide::Newer => format!("+{}+", change.text),
            });
            (change.kind, change.trivial, words.collect())
        };
        change.sentences.into_iter().map(told).collect()
    }

    #[test]
    fn sentences_are_added_removed_changed_and_moved() {
        let older = "The ferry ran aground at six. Tugs came from Dunmar.\nNobody was hurt.\nThe hull was sound.";
        let newer = "The ferry ran aground at seven. Two were treated for bruises.\nThe hull was sound.\nTugs came from Dunmar.";
        assert_eq!(
            changes(older, newer),
            [
                (ChangeKind::Changed, false, "The ferry ran aground at -six.-+seven.+".to_owned()),
                (ChangeKind::Added, false, "+Two were treated for bruises.+".to_owned()),
                (ChangeKind::Moved, false, "The hull was sound.".to_owned()),
                (ChangeKind::Removed, false, "-Nobody was hurt.-".to_owned()),
            ]
        );
    }

    #[test]
    fn changes_of_form_are_trivial_and_changes_of_fact_are_not() {
        for (older, newer, trivial) in [
            ("The harbor was closed all day.", "The  harbor was closed, all day.", true),
            ("Updated 3:15 p.m. EST, Jan. 8", "Updated 4:40 p.m. EST, Jan. 8", true),
            ("The comander said the ship was safe.", "The commander said the ship was safe.", true),
            ("The comamnder said the ship was safe.", "The commander said the ship was safe.", true),
            ("Repairs cost 12 million in all.", "Repairs cost 12 billion in all.", false),
            ("The captain was charged on Monday.", "The captain was changed on Monday.", false),
            ("Repairs cost $12 in all.", "Repairs cost £12 in all.", false),
            ("Prices rose by -5 percent in all.", "Prices rose by 5 percent in all.", false),
            ("He told us in the end.", "He told US in the end.", false),
            ("In all 1,204 were there, 9 on board.", "In all 1,310 were there, 9 on board.", false),
            ("There were 12 people on board.", "There were 13 people on board.", false),
            ("The ship was now safe to sail.", "The ship was not safe to sail.", false),
            ("The ship was safe to sail.", "The ship was not safe to sail.", false),
        ] {
            let found = changes(older, newer);
            assert_eq!(found.len(), 1, "{older}");
            assert_eq!((found[0].0, found[0].1), (ChangeKind::Changed, trivial), "{older}");
        }
        assert!(changes("One.", "One.\nLast updated at 3:15 p.m.")[0].1);
    }

    #[test]
    fn numbers_count_along_a_chain() {
        let version = |text: &str| Article { text: text.into(), ..Article::new("a".into()) };
        let (first, second) = (version("One.\nTwo is old.\nThree."), version("One.\nTwo is new.\nThree.\nFour."));
        let list = editions(&[&first, &second]);
        let change = version_change(&list[0], &list[1]);
        assert_eq!((change.from, change.to, change.unchanged), (0, 1, 2));
        assert_eq!(change.sentences[0].from_paragraph, Some(2));
        assert_eq!(change.sentences[1].kind, ChangeKind::Added);
    }

    proptest::proptest! {
        #[test]
        fn a_change_holds_all_words_of_both(
            older in "([A-D][a-c]{0,3}[ .]{1,2}|\n){0,20}",
            newer in "([A-D][a-c]{0,3}[ .]{1,2}|\n){0,20}",
        ) {
            let change = version_change(&edition(&older), &edition(&newer));
            let letters = |text: &str| text.chars().filter(|c| c.is_alphabetic()).count();
            let count = |side: WordSide| -> usize {
                let of = |sentence: &SentenceChange| -> usize {
                    let words = sentence.words.iter().filter(|change| change.side == WordSide::Both || change.side == side);
                    words.map(|change| letters(&change.text)).sum()
                };
                change.sentences.iter().map(of).sum()
            };
            // What is left are the unchanged sentences, of which both have the same words.
            let unchanged = |text: &str, side| letters(text).checked_sub(count(side));
            proptest::prop_assert!(unchanged(&older, WordSide::Older).is_some());
            proptest::prop_assert_eq!(unchanged(&older, WordSide::Older), unchanged(&newer, WordSide::Newer));
        }
    }
}
