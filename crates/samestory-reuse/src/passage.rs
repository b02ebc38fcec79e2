//! Passages that two articles share.
//!
//! *Motivation.* Two articles of one story often have a quotation, a sentence of an agency or a stock phrase in common
//! and nothing else. A person who wants to know why they are together, or who had it from whom, wants to see these.
//!
//! *Design.* Seed, chain, extend, align, as passim does for reprints (Smith, Cordell and Mullen 2015, section 3) and
//! aligners of sequences do: runs of five words that both have are grown to [anchors](crate::anchor), anchors that
//! follow each other are [chained](crate::chain), words in the gaps and beyond the ends are
//! [aligned](crate::align) in a band, and what has come out is divided until most words of each piece are equal.
//! The best chains come first; a chain whose words are all in passages already is passed by, so that of a phrase that
//! stands three times in both, three passages come out and not nine.
//!
//! *Consequences.* Every run of five words that both have lies in a passage, as long as it stands in one of them no more
//! than eight times. A sentence in which every fourth word has changed has no such run and is not found. Sentences that
//! stand in another order are passages of their own.

use std::ops::Range;

use crate::align::{Aligned, aligned, pieces, push};
use crate::anchor::{Anchor, Seeds, anchors};
use crate::chain::chains;
use crate::kind::{PassageKind, Weigh, kind};
use crate::words::{Part, PrintedWords, SEED};

/// Words that two articles share.
#[derive(Debug, Clone, PartialEq)]
pub struct Passage {
    /// What kind of text it is.
    pub kind: PassageKind,
    /// Share of the words, and of the marks between them, that stand equal in both, of the side that has more of
    /// them, above 0: at least .65 of the words are. 1 where all are equal but for letter case, white space and the printer's
    /// form of quotation marks and dashes.
    pub similarity: f64,
    /// Where it stands in the first article's text, as UTF-8 byte offsets.
    pub a: Range<usize>,
    /// Where it stands in the second's.
    pub b: Range<usize>,
    /// Its words in the first article, by position among the [printed words](PrintedWords).
    pub words_a: Range<usize>,
    /// Its words in the second article.
    pub words_b: Range<usize>,
}

impl Passage {
    /// Whether it is word for word the same in both.
    pub fn is_exact(&self) -> bool {
        self.similarity >= 1.0
    }

    /// The passage with the two articles changed.
    pub fn turned(self) -> Passage {
        Passage { a: self.b, b: self.a, words_a: self.words_b, words_b: self.words_a, ..self }
    }
}

/// An article as others are held against it.
#[derive(Debug)]
pub struct Sought<'a> {
    words: &'a PrintedWords<'a>,
    seeds: Seeds,
}

impl<'a> Sought<'a> {
    /// Prepares an article.
    pub fn of(words: &'a PrintedWords<'a>) -> Sought<'a> {
        Sought { words, seeds: Seeds::of(words) }
    }

    /// The passages that another article shares with this one (`a`), in order of place in this one.
    pub fn passages(&self, other: &PrintedWords<'_>, weigh: &Weigh<'_>) -> Vec<Passage> {
        let (a, b) = (self.words, other);
        let mut passages = Vec::new();
        let mut covered = Covered { a: vec![false; a.len()], b: vec![false; b.len()] };
        let anchors = anchors(&self.seeds, a, b);
        let mut take = |blocks: &[Anchor], covered: &mut Covered| {
            each_of_one_part(blocks, a, b, &mut |piece| {
                let longest = piece.iter().map(|block| block.len).max();
                if longest >= Some(SEED) && piece.iter().any(|block| covered.misses(block)) {
                    covered.take(piece);
                    passages.push(passage(piece, a, b, weigh));
                }
            });
        };
        for chain in chains(&anchors) {
            if chain.iter().any(|anchor| covered.misses(anchor)) {
                let side = |words, covered| Aligned { words, covered };
                let blocks = aligned(&chain, side(a.hashes(), &covered.a), side(b.hashes(), &covered.b));
                pieces(&blocks, &mut |piece| take(piece, &mut covered));
            }
        }
        // What anchors of one chain had in common went to the earlier; where that is in no passage, it stands alone.
        for anchor in anchors.iter().filter(|anchor| anchor.len >= SEED) {
            if covered.misses(anchor) {
                take(std::slice::from_ref(anchor), &mut covered);
            }
        }
        passages.sort_by_key(|passage| (passage.a.start, passage.b.start, passage.a.end));
        passages
    }
}

/// The passages that two articles share, in order of place in the first.
///
/// ```
/// use samestory_article::Article;
/// use samestory_reuse::{PassageKind, PrintedWords, shared_passages};
///
/// let article = |id: &str, text: &str| Article { text: text.into(), ..Article::new(id.into()) };
/// let courier = article("a", "“The ferry sails at noon on Jan. 12, fog or no fog,” Captain Orla Finn told the harbour.");
/// let ledger = article("b", "It rained. \"The ferry sails at noon on Jan 12, fog or no fog,\" the captain said.");
/// let (a, b) = (PrintedWords::of(&courier), PrintedWords::of(&ledger));
///
/// let passages = shared_passages(&a, &b, &|_, _| 3.0);
/// assert_eq!(passages.len(), 1);
/// assert_eq!(passages[0].kind, PassageKind::Quotation);
/// assert_eq!(&ledger.text[passages[0].b.clone()], "The ferry sails at noon on Jan 12, fog or no fog");
/// // A full stop stands in one of them only.
/// assert!(passages[0].similarity > 0.9 && !passages[0].is_exact());
/// ```
pub fn shared_passages(a: &PrintedWords<'_>, b: &PrintedWords<'_>, weigh: &Weigh<'_>) -> Vec<Passage> {
    Sought::of(a).passages(b, weigh)
}

/// Words that lie in a passage.
struct Covered {
    a: Vec<bool>,
    b: Vec<bool>,
}

impl Covered {
    fn misses(&self, block: &Anchor) -> bool {
        self.a[block.a..block.a_end()].contains(&false) || self.b[block.b..block.b_end()].contains(&false)
    }

    /// What stands between two blocks of one passage lies in it too.
    fn take(&mut self, blocks: &[Anchor]) {
        let (first, last) = (blocks[0], blocks[blocks.len() - 1]);
        self.a[first.a..last.a_end()].fill(true);
        self.b[first.b..last.b_end()].fill(true);
    }
}

/// Divides a piece where it goes from the article itself into a credit or furniture, or back, in either article, unless
/// too few words to be seen would be left on a side; and where something stands between two words that was not printed.
fn each_of_one_part(piece: &[Anchor], a: &PrintedWords<'_>, b: &PrintedWords<'_>, tell: &mut dyn FnMut(&[Anchor])) {
    let part = |i: usize, j: usize| -> Part { a.part(i).max(b.part(j)) };
    let mut runs: Vec<(Part, bool, Vec<Anchor>)> = Vec::new();
    let mut last: Option<(usize, usize)> = None;
    for block in piece {
        for at in 0..block.len {
            let (i, j) = (block.a + at, block.b + at);
            let parted = last.is_some_and(|(last_i, last_j)| a.is_parted(last_i, i) || b.is_parted(last_j, j));
            match runs.last_mut() {
                Some((of_run, _, run)) if *of_run == part(i, j) && !parted => push(run, Anchor { a: i, b: j, len: 1 }),
                _ => runs.push((part(i, j), parted, vec![Anchor { a: i, b: j, len: 1 }])),
            }
            last = Some((i, j));
        }
    }
    let is_short = |run: &[Anchor]| run.iter().map(|block| block.len).max() < Some(SEED);
    let mut joined: Vec<Vec<Anchor>> = Vec::with_capacity(runs.len());
    for (_, parted, run) in runs {
        match joined.last_mut() {
            Some(before) if !parted && (is_short(before) || is_short(&run)) => {
                run.into_iter().for_each(|block| push(before, block));
            }
            _ => joined.push(run),
        }
    }
    joined.iter().for_each(|run| pieces(run, tell));
}

fn passage(blocks: &[Anchor], a: &PrintedWords<'_>, b: &PrintedWords<'_>, weigh: &Weigh<'_>) -> Passage {
    let (first, last) = (blocks[0], blocks[blocks.len() - 1]);
    let (words_a, words_b) = (first.a..last.a_end(), first.b..last.b_end());
    Passage {
        kind: kind((a, &words_a), (b, &words_b), weigh),
        similarity: similarity(blocks, a, b),
        a: a.bytes(&words_a),
        b: b.bytes(&words_b),
        words_a,
        words_b,
    }
}

fn similarity(blocks: &[Anchor], a: &PrintedWords<'_>, b: &PrintedWords<'_>) -> f64 {
    let (first, last) = (blocks[0], blocks[blocks.len() - 1]);
    let units = |words: &PrintedWords<'_>, range: Range<usize>| {
        range.len() + range.clone().take(range.len() - 1).filter(|at| marks(words.gap(*at)).next().is_some()).count()
    };
    let longer = units(a, first.a..last.a_end()).max(units(b, first.b..last.b_end()));
    let mut equal = 0;
    for block in blocks {
        equal += block.len;
        for at in 0..block.len - 1 {
            let gaps = [a.gap(block.a + at), b.gap(block.b + at)];
            equal += usize::from(marks(gaps[0]).next().is_some() && marks(gaps[0]).eq(marks(gaps[1])));
        }
    }
    equal as f64 / longer as f64
}

/// The marks between two words, quotation marks and dashes in one form each, without white space.
fn marks(gap: &str) -> impl Iterator<Item = char> + '_ {
    gap.chars().filter(|c| !c.is_whitespace()).map(|c| match c {
        '“' | '”' | '„' | '«' | '»' => '"',
        '‘' | '’' | '‚' | '`' => '\'',
        '‐' | '‑' | '–' | '—' | '―' => '-',
        c => c,
    })
}

/// How many distinct words of one side lie in passages.
pub fn words_in(ranges: impl IntoIterator<Item = Range<usize>>) -> usize {
    let mut sorted: Vec<Range<usize>> = ranges.into_iter().collect();
    sorted.sort_by_key(|range| (range.start, range.end));
    let mut end = 0;
    let mut words = 0;
    for range in sorted {
        words += range.end.saturating_sub(range.start.max(end));
        end = end.max(range.end);
    }
    words
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use proptest::prelude::*;
    use samestory_article::{Article, CutKind};

    use super::*;

    fn article(text: &str) -> Article {
        Article { text: text.into(), ..Article::new("a".into()) }
    }

    fn found(a: &Article, b: &Article) -> Vec<Passage> {
        shared_passages(&PrintedWords::of(a), &PrintedWords::of(b), &|_, _| 3.0)
    }

    #[test]
    fn small_changes_are_one_passage() {
        let a = article(
            "Putin and Erdogan call for a truce in Libya, starting from midnight on Jan. 12, the night to Sunday, he said.",
        );
        let b = article(
            "The two call for a truce in Libya starting at midnight on January 12, the night to Sunday, it was told.",
        );
        let passages = found(&a, &b);
        assert_eq!(passages.len(), 1);
        assert_eq!(
            &b.text[passages[0].b.clone()],
            "call for a truce in Libya starting at midnight on January 12, the night to Sunday"
        );
        assert!(!passages[0].is_exact());
    }

    #[test]
    fn sentences_in_another_order_are_passages_of_their_own() {
        let (first, second) =
            ("The ferry lay nine hours on a bank in the fog.", "Two tugs pulled it clear at the turn of the tide.");
        let a = article(&format!("{first} Nobody was hurt. {second}"));
        let b = article(&format!("{second} {first}"));
        let passages = found(&a, &b);
        let texts: Vec<&str> = passages.iter().map(|passage| &a.text[passage.a.clone()]).collect();
        assert_eq!(texts, [first.trim_end_matches('.'), second.trim_end_matches('.')]);
        assert!(passages.iter().all(Passage::is_exact));
    }

    #[test]
    fn no_passage_runs_over_an_older_version() {
        let mut page = article("One two three four five six.\nOLD WORDS\nSeven eight nine ten eleven twelve.");
        page.cut(29..38, CutKind::OlderVersion);
        let plain = article("One two three four five six. Seven eight nine ten eleven twelve.");
        let passages = found(&page, &plain);
        assert_eq!(passages.len(), 2);
        assert_eq!(&page.text[passages[1].a.clone()], "Seven eight nine ten eleven twelve");
    }

    #[test]
    fn furniture_is_a_template_and_no_part_of_another_passage() {
        let text = "The ferry lay nine hours on a bank. Read our letters every Sunday morning.";
        let (mut a, b) = (article(text), article(text));
        a.cut(36..text.len(), CutKind::Furniture);
        let kinds: Vec<PassageKind> = found(&a, &b).into_iter().map(|passage| passage.kind).collect();
        assert_eq!(kinds, [PassageKind::Other, PassageKind::Template]);
    }

    /// One word after another is at every distance a copy of itself.
    #[test]
    fn texts_that_repeat_themselves_come_to_an_end() {
        for (word, n_words) in [("word ", 40_000), ("a b c d e f ", 6_000)] {
            let (a, b) = (article(&word.repeat(n_words)), article(&word.repeat(n_words - 999)));
            assert!(!found(&a, &b).is_empty());
        }
    }

    /// Texts of common words, so that runs meet, repeat and overlap.
    fn texts() -> impl Strategy<Value = (String, String)> {
        let word = || prop::sample::select(vec!["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"]);
        let text = move || prop::collection::vec(word(), 0..60).prop_map(|words| words.join(" "));
        (text(), text(), text(), text(), text()).prop_map(|(a, b, shared, c, again)| {
            (format!("{a} {shared} {b} {again}"), format!("{again} {c} {shared} {c}"))
        })
    }

    proptest! {
        #[test]
        fn every_shared_run_lies_in_a_passage((a, b) in texts()) {
            let (a, b) = (article(&a), article(&b));
            let (first, second) = (PrintedWords::of(&a), PrintedWords::of(&b));
            let passages = found(&a, &b);
            let mut places: HashMap<u64, usize> = HashMap::new();
            first.shingles().iter().for_each(|run| *places.entry(*run).or_default() += 1);
            let of_second: HashSet<u64> = second.shingles().iter().copied().collect();
            for (at, run) in first.shingles().iter().enumerate() {
                if of_second.contains(run) && places[run] <= 8 {
                    for word in at..at + SEED {
                        prop_assert!(passages.iter().any(|passage| passage.words_a.contains(&word)), "{word} of a");
                    }
                }
            }
            for (at, run) in second.shingles().iter().enumerate() {
                if places.get(run).is_some_and(|places| *places <= 8) {
                    for word in at..at + SEED {
                        prop_assert!(passages.iter().any(|passage| passage.words_b.contains(&word)), "{word} of b");
                    }
                }
            }
        }

        #[test]
        fn most_words_of_a_passage_are_equal((a, b) in texts()) {
            let (a, b) = (article(&a), article(&b));
            for passage in found(&a, &b) {
                let (x, y) = (&a.text[passage.a.clone()], &b.text[passage.b.clone()]);
                let equal: usize = crate::word_changes(x, y)
                    .iter()
                    .filter(|change| change.side == crate::WordSide::Both)
                    .map(|change| change.text.split_whitespace().count())
                    .sum();
                let longer = passage.words_a.len().max(passage.words_b.len());
                prop_assert!(equal as f64 >= 0.6 * longer as f64, "{x} | {y}");
                prop_assert!(passage.similarity > 0.0 && passage.similarity <= 1.0);
                prop_assert_eq!(passage.is_exact(), x.split_whitespace().eq(y.split_whitespace()));
            }
        }

        #[test]
        fn any_texts_have_passages_inside_them(a in "(\\PC|[a-d “”\n]){0,60}", b in "(\\PC|[a-d “”\n]){0,60}") {
            let (a, b) = (article(&a), article(&b));
            for passage in found(&a, &b) {
                prop_assert!(a.text.get(passage.a).is_some() && b.text.get(passage.b).is_some());
            }
        }
    }
}
