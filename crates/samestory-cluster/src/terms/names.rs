//! Names without a model: runs of capitalised words.
//!
//! Serves any script with capitals. A lone capitalised word that opens a sentence counts only where it
//! is capitalised inside a sentence too; a headline in capitals throughout tells no names. A name is
//! told as a whole and by each of its words, so `Trump` meets `Donald Trump`; and by the sound of its
//! rarer words ([`sound`]), so `Hifter` meets `Haftar`.

use rustc_hash::FxHashMap;
use samestory_article::{Stemmer, Token, Tokens};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::{NAME_SEED, SOUND_SEED, Word, Words, fold, together};
use crate::background::Background;

/// Words of the body in which names are looked for.
const NAME_WORDS: usize = 4_000;

/// Longest name, in words; longer runs of capitals are headlines and lists.
const LONGEST_NAME: usize = 6;

/// Shortest sound that tells a name, in letters.
const SHORTEST_SOUND: usize = 3;

/// The names of an article.
pub(super) struct Names {
    /// Of headline and body: whole names and their words.
    pub(super) all: Vec<Word>,
    /// Of headline and lead.
    pub(super) lead: Vec<Word>,
    /// The sounds of their words.
    pub(super) sounds: Vec<Word>,
}

impl Names {
    /// Finds the names of headline and body; those that begin within `lead_words` of the body are of
    /// the lead.
    pub(super) fn of(
        headline: &Words,
        body: &Words,
        lead_words: usize,
        background: &Background,
        stemmer: &Stemmer,
        written: &mut dyn FnMut(u32, &str),
    ) -> Names {
        let body_tokens = &body.tokens.as_slice()[..body.tokens.len().min(NAME_WORDS)];
        let mut runs = capitalised_runs(&body.tokens, body_tokens, stemmer);
        let n_lead = runs.iter().take_while(|run| run.first < lead_words).count();
        let lead_end = runs.len();
        let long: Vec<&Token> =
            headline.tokens.iter().filter(|token| token.span().len() > 3 && !token.shape().number).collect();
        let capitals = long.iter().filter(|token| token.shape().capitalised).count();
        if !long.is_empty() && capitals * 5 <= long.len() * 3 {
            runs.extend(capitalised_runs(&headline.tokens, headline.tokens.as_slice(), stemmer));
        }
        let inside: FxHashMap<&str, ()> = runs
            .iter()
            .flat_map(|run| run.words.iter().skip(usize::from(run.opens_sentence)).map(|word| (*word, ())))
            .collect();
        let mut names = Names { all: Vec::new(), lead: Vec::new(), sounds: Vec::new() };
        for (at, run) in runs.iter().enumerate() {
            let in_lead = at < n_lead || at >= lead_end;
            names.add(run, &inside, in_lead, background, stemmer, written);
        }
        names
    }

    fn add(
        &mut self,
        run: &Run<'_>,
        inside: &FxHashMap<&str, ()>,
        in_lead: bool,
        background: &Background,
        stemmer: &Stemmer,
        written: &mut dyn FnMut(u32, &str),
    ) {
        let mut words = run.words.as_slice();
        if run.opens_sentence {
            if background.opens_often(words[0]) {
                words = &words[1..];
            } else if words.len() == 1 && !inside.contains_key(words[0]) {
                return;
            }
        }
        while words.first().is_some_and(|word| background.opens_often(word)) {
            words = &words[1..];
        }
        if words.is_empty() || words.len() > LONGEST_NAME {
            return;
        }
        let first = self.all.len();
        let single = |word: &&str| {
            let word = word.trim_end_matches("'s");
            (word.to_owned(), background.share(&stemmer.stem(word)))
        };
        let singles: Vec<(String, f32)> = words.iter().map(single).collect();
        for (word, share) in &singles {
            self.all.push(name(word, *share, written));
            if let Some(sound) = sound(word) {
                let term = fold(xxh3_64_with_seed(sound.as_bytes(), SOUND_SEED));
                self.sounds.push(Word { term, background: *share, number: false });
            }
        }
        if singles.len() > 1 {
            let whole: Vec<&str> = singles.iter().map(|(word, _)| word.as_str()).collect();
            let mut shares: Vec<f32> = singles.iter().map(|(_, share)| *share).collect();
            shares.sort_by(f32::total_cmp);
            self.all.push(name(&whole.join(" "), together(shares[0], shares[1]), written));
        }
        if in_lead {
            self.lead.extend_from_slice(&self.all[first..]);
        }
    }
}

fn name(text: &str, background: f32, written: &mut dyn FnMut(u32, &str)) -> Word {
    let term = fold(xxh3_64_with_seed(text.as_bytes(), NAME_SEED));
    written(term, text);
    Word { term, background, number: false }
}

/// What stays of a name however it is spelled in Latin letters: its first letter and its consonants,
/// doubled ones once, letters that stand for one sound as one. `None` where too little stays, or the
/// name is not written in Latin letters.
fn sound(word: &str) -> Option<String> {
    let mut sound = String::new();
    for letter in word.chars() {
        let letter = match letter {
            'q' | 'k' | 'c' => 'k',
            'z' => 's',
            'w' => 'v',
            'h' | 'y' | '\'' if !sound.is_empty() => continue,
            'a' | 'e' | 'i' | 'o' | 'u' if !sound.is_empty() => continue,
            'a'..='z' => letter,
            _ => return None,
        };
        if !sound.ends_with(letter) {
            sound.push(letter);
        }
    }
    (sound.len() >= SHORTEST_SOUND).then_some(sound)
}

struct Run<'a> {
    words: Vec<&'a str>,
    opens_sentence: bool,
    /// Position of its first token.
    first: usize,
}

fn capitalised_runs<'a>(tokens: &'a Tokens, list: &[Token], stemmer: &Stemmer) -> Vec<Run<'a>> {
    let mut runs: Vec<Run<'a>> = Vec::new();
    let mut open = false;
    for (first, token) in list.iter().enumerate() {
        let shape = token.shape();
        let word = tokens.word(token);
        let word = stemmer.without_elision(word);
        let capital = shape.capitalised && word.chars().nth(1).is_some();
        let joined = (shape.adjoins || shape.hyphened) && !shape.opens_sentence;
        match runs.last_mut() {
            Some(run) if capital && open && joined => run.words.push(word),
            _ if capital => runs.push(Run { words: vec![word], opens_sentence: shape.opens_sentence, first }),
            _ => (),
        }
        open = capital;
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_name_sound_alike() {
        for (one, other) in [("hifter", "haftar"), ("sarraj", "serraj"), ("qaddafi", "kadafi"), ("erdogan", "erdogan")]
        {
            assert_eq!(sound(one), sound(other), "{one} {other}");
            assert!(sound(one).is_some());
        }
        assert_ne!(sound("berlin"), sound("merlin"));
        assert_eq!(sound("al"), None);
        assert_eq!(sound("čavić"), None);
    }
}
