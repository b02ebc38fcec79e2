//! Writes the labelled candidate pairs that the pair model of `samestory-cluster` is learned from.
//!
//! ```text
//! cargo run --release --example pairs -- PAIRS.bin STREAM.jsonl.zst SET.jsonl.zst...
//! ```
//!
//! Each set is read, its copies are folded, and every candidate pair of two labelled articles becomes one
//! row. Beside the set as it is stand views of it, so that the model holds in other collections too:
//! English sets as if there were no background table (`flat`), collections of two or three articles
//! (`tiny`), collections of 8 to 480 (`small`), and the whole stream, over which the labels of the sets
//! that are part of it are laid (`stream`). Negative pairs of low rank are thinned, and stand for those
//! left out. Pairs that the model does not judge, since they share one rare word at most, are told apart
//! (`thin`). A set may be a folder that holds its labels as `stories.tsv`, such as the sample corpus.
//!
//! The file: a line of text, `samestory-pairs-1 <names of the features, by |>`, then for each row a byte
//! for the length of `set view` and these names, a byte for same (1) or not (0), and little-endian 32-bit
//! floats: the weight, then the features.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use rustc_hash::FxHashSet;
use samestory::article::Article;
use samestory::spill::Spill;
use samestory::stories::ArticleTerms;
use samestory::stories::background::Background;
use samestory::stories::candidates::candidate_lists;
use samestory::stories::compared::ComparedPairs;
use samestory::stories::features::{FEATURES, PairFeatures};

mod labelled;

use labelled::{LabelSet, Labelled, load, vectors};

/// Collections of two or three articles that are drawn from a set, and of 8 to 480.
const TINY: usize = 300;
const SMALL: usize = 24;
const MOST_OF_A_STORY: usize = 20;
const STRANGERS: usize = 2;

/// Position of the feature `words`.
const WORDS: usize = 0;

/// Negative pairs of a lower feature `of best most` are thinned to one in [`THINNING`].
const HARD: f32 = 0.72;
const THINNING: u64 = 6;

/// A labelled pair: its set, its articles, whether they report the same event, features.
struct Row {
    set: usize,
    a: usize,
    b: usize,
    same: bool,
    features: PairFeatures,
    /// Not judged by the model.
    thin: bool,
}

fn main() -> std::io::Result<()> {
    let mut paths = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(to), Some(stream)) = (paths.next(), paths.next()) else {
        return Err(std::io::Error::other("usage: pairs PAIRS.bin STREAM SET..."));
    };
    let sets: Vec<PathBuf> = paths.collect();
    let mut out = BufWriter::new(File::create(to)?);
    let names: Vec<&str> = FEATURES.iter().map(|feature| feature.name).collect();
    writeln!(out, "samestory-pairs-1 {}", names.join("|"))?;
    let mut random = Random(7);
    for path in &sets {
        let set = load(path, &[labels_of(path)], |_| ());
        let everything: Vec<usize> = (0..set.articles.len()).collect();
        let (plain, thin): (Vec<Row>, Vec<Row>) = rows(&set, &everything, false).into_iter().partition(|row| !row.thin);
        write(&mut out, &set, "thin", &thin, &mut random)?;
        write(&mut out, &set, "plain", &plain, &mut random)?;
        if set.articles.iter().any(|article| article.language.is_some_and(|language| language.code() == "en")) {
            write(&mut out, &set, "flat", &rows(&set, &everything, true), &mut random)?;
        }
        for _ in 0..TINY {
            let members = draw_tiny(&mut random, &set.sets[0].story, &plain);
            write(&mut out, &set, "tiny", &rows(&set, &members, false), &mut random)?;
        }
        let nearest = nearest_strangers(set.articles.len(), &plain);
        for number in 0..SMALL {
            let size = 8.0 * 60.0f64.powf(number as f64 / SMALL as f64);
            // Every other collection is one of stories that are easily taken for each other.
            let nearest = if number % 2 == 0 { &[][..] } else { &nearest };
            let members = draw_small(&mut random, &set.sets[0].story, size as usize, nearest);
            write(&mut out, &set, "small", &rows(&set, &members, false), &mut random)?;
        }
    }
    let labels: Vec<PathBuf> = sets.iter().map(|path| labels_of(path)).collect();
    let stream = load(&stream, &labels, |_| ());
    let everything: Vec<usize> = (0..stream.articles.len()).collect();
    write(&mut out, &stream, "stream", &rows(&stream, &everything, false), &mut random)?;
    out.flush()
}

/// The file that holds the labels of a set: the set itself, or `stories.tsv` in its folder.
fn labels_of(path: &Path) -> PathBuf {
    if path.is_dir() { path.join("stories.tsv") } else { path.to_owned() }
}

/// The labelled candidate pairs of some articles of a set.
fn rows(set: &Labelled, members: &[usize], flat: bool) -> Vec<Row> {
    let flattened: Vec<ArticleTerms>;
    let terms: Vec<&ArticleTerms> = match flat {
        false => members.iter().map(|at| &set.terms[*at]).collect(),
        true => {
            flattened = members.iter().map(|at| without_table(&set.terms[*at])).collect();
            flattened.iter().collect()
        }
    };
    let articles: Vec<&Article> = members.iter().map(|at| &set.articles[*at]).collect();
    let vectors = vectors(&terms, &articles);
    let vectors = vectors.as_slice();
    let compared =
        ComparedPairs::of(vectors, &candidate_lists(vectors), Spill::default()).expect("room for a temporary file");
    (compared.pairs().iter().enumerate())
        .filter_map(|(at, (a, b))| {
            let (a, b) = (members[*a as usize], members[*b as usize]);
            let both = |labels: &LabelSet| labels.story[a].zip(labels.story[b]);
            let (set, (of_a, of_b)) =
                set.sets.iter().enumerate().find_map(|(set, labels)| Some((set, both(labels)?)))?;
            let (features, overlap) = compared.features(at);
            Some(Row { set, a, b, same: of_a == of_b, features, thin: overlap.thin })
        })
        .collect()
}

fn write(out: &mut impl Write, set: &Labelled, view: &str, rows: &[Row], random: &mut Random) -> std::io::Result<()> {
    let of_best = FEATURES.iter().position(|feature| feature.name == "of best most").expect("a feature");
    for row in rows.iter().filter(|row| !row.thin || view == "thin") {
        let hard = row.same || row.features.0[of_best] >= HARD;
        if !hard && random.below(THINNING as usize) > 0 {
            continue;
        }
        let name = format!("{} {view}", set.sets[row.set].name);
        out.write_all(&[name.len() as u8])?;
        out.write_all(name.as_bytes())?;
        out.write_all(&[u8::from(row.same)])?;
        let weight = if hard { 1.0 } else { THINNING as f32 };
        for value in std::iter::once(&weight).chain(&row.features.0) {
            out.write_all(&value.to_le_bytes())?;
        }
    }
    Ok(())
}

/// The terms of an article as they would be in a language without a table: stop words and the rest.
fn without_table(terms: &ArticleTerms) -> ArticleTerms {
    const STOP_WORD: f64 = 0.25;
    let mut flat = terms.clone();
    let bags = [
        &mut flat.all,
        &mut flat.headline,
        &mut flat.lead,
        &mut flat.pairs,
        &mut flat.names,
        &mut flat.lead_names,
        &mut flat.sounds,
        &mut flat.numbers,
    ];
    for term in bags.into_iter().flatten() {
        let share = if Background::decode(term.background) > STOP_WORD { 0.4 } else { 0.002 };
        term.background = Background::encode(share);
    }
    flat
}

/// Two or three articles: one at random, perhaps one of its story, perhaps a stranger much like it.
fn draw_tiny(random: &mut Random, story: &[Option<u32>], pairs: &[Row]) -> Vec<usize> {
    let n = story.len();
    let first = random.below(n);
    let mut members = FxHashSet::from_iter([first]);
    let mode = random.below(3);
    let mates: Vec<usize> =
        (0..n).filter(|at| *at != first && story[*at].is_some() && story[*at] == story[first]).collect();
    if mode >= 1 && !mates.is_empty() {
        members.insert(mates[random.below(mates.len())]);
    }
    if mode != 1 {
        let other_of = |row: &Row| (row.a == first).then_some(row.b).or((row.b == first).then_some(row.a));
        let mut hard: Vec<(f32, usize)> = pairs
            .iter()
            .filter(|row| !row.same)
            .filter_map(|row| Some((row.features.0[WORDS], other_of(row)?)))
            .collect();
        hard.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        hard.truncate(12);
        let near = !hard.is_empty() && random.below(10) < 6;
        members.insert(if near { hard[random.below(hard.len())].1 } else { random.below(n) });
    }
    sorted(members)
}

/// For each article the articles of other stories that it is most like in words, at most [`STRANGERS`].
fn nearest_strangers(n: usize, pairs: &[Row]) -> Vec<Vec<usize>> {
    let mut strangers: Vec<Vec<(f32, usize)>> = vec![Vec::new(); n];
    for row in pairs.iter().filter(|row| !row.same) {
        strangers[row.a].push((row.features.0[WORDS], row.b));
        strangers[row.b].push((row.features.0[WORDS], row.a));
    }
    let nearest = |mut list: Vec<(f32, usize)>| {
        list.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        list.into_iter().take(STRANGERS).map(|(_, article)| article).collect()
    };
    strangers.into_iter().map(nearest).collect()
}

/// Stories at random, each with the stories of its nearest strangers if these are given, up to a number of
/// articles.
fn draw_small(random: &mut Random, story: &[Option<u32>], size: usize, nearest: &[Vec<usize>]) -> Vec<usize> {
    let mut members = FxHashSet::default();
    while members.len() < size.min(story.len() / 2) {
        let first = random.below(story.len());
        for article in std::iter::once(&first).chain(nearest.get(first).into_iter().flatten()) {
            members.extend((0..story.len()).filter(|at| story[*at] == story[*article]).take(MOST_OF_A_STORY));
            members.insert(*article);
        }
    }
    sorted(members)
}

fn sorted(members: FxHashSet<usize>) -> Vec<usize> {
    let mut members: Vec<usize> = members.into_iter().collect();
    members.sort_unstable();
    members
}

/// SplitMix64: the draws are the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n.max(1) as u64) as usize
    }
}
