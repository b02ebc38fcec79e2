//! Numbers with what they count, and days that a text names.

use rustc_hash::FxHashMap;
use samestory_article::{Token, Tokens};
use std::sync::OnceLock;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::{DAY_SEED, Word, Words, fold};

/// Share of articles that name one day of the year, and one day of the week.
const DAY_SHARE: f32 = 0.02;
const WEEKDAY_SHARE: f32 = 0.3;

/// A number and the word behind it: `[unit, number]`.
pub type Quantity = [u32; 2];

/// Units are rarer than this share of articles: a number before `the` counts nothing.
const UNIT_SHARE: f32 = 0.25;

/// Most quantities of an article that are kept.
const MOST_QUANTITIES: usize = 200;

/// Numbers with the word behind each, sorted and each once.
pub(super) fn quantities(texts: [&Words; 2]) -> Vec<Quantity> {
    let mut found: Vec<Quantity> = texts
        .into_iter()
        .flat_map(|words| words.list.windows(2))
        .filter(|two| two[0].number && !two[1].number && two[1].background < UNIT_SHARE)
        .map(|two| [two[1].term, two[0].term])
        .take(MOST_QUANTITIES)
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// Names of the months and days of the week: English, French, German, Spanish, Italian, Portuguese, Dutch.
const MONTHS: [&str; 12] = [
    "january jan janvier januar enero gennaio janeiro januari",
    "february feb février februar febrero febbraio fevereiro februari",
    "march mars märz marzo março maart",
    "april avril abril aprile",
    "may mai mayo maggio maio mei",
    "june juin juni junio giugno junho",
    "july juillet juli julio luglio julho",
    "august aug août agosto augustus",
    "september sept septembre septiembre settembre setembro",
    "october oct octobre oktober octubre ottobre outubro",
    "november nov novembre noviembre novembro",
    "december dec décembre dezember diciembre dicembre dezembro",
];
const WEEKDAYS: [&str; 7] = [
    "monday lundi montag lunes lunedì segunda maandag",
    "tuesday mardi dienstag martes martedì terça dinsdag",
    "wednesday mercredi mittwoch miércoles mercoledì quarta woensdag",
    "thursday jeudi donnerstag jueves giovedì quinta donderdag",
    "friday vendredi freitag viernes venerdì sexta vrijdag",
    "saturday samedi samstag sábado sabato zaterdag",
    "sunday dimanche sonntag domingo domenica zondag",
];

enum Named {
    Month(u64),
    Weekday(u64),
}

fn named(word: &str) -> Option<&'static Named> {
    static ALL: OnceLock<FxHashMap<&'static str, Named>> = OnceLock::new();
    let all = ALL.get_or_init(|| {
        let months =
            (1..).zip(MONTHS).flat_map(|(at, names)| names.split(' ').map(move |name| (name, Named::Month(at))));
        let days =
            (1..).zip(WEEKDAYS).flat_map(|(at, names)| names.split(' ').map(move |name| (name, Named::Weekday(at))));
        months.chain(days).collect()
    });
    all.get(word)
}

/// Days that a text names: `8 January` and `January 8` are one, `Tuesday` is one.
pub(super) fn days(texts: [&Tokens; 2]) -> Vec<Word> {
    let mut found = Vec::new();
    for tokens in texts {
        let list = tokens.as_slice();
        let day_of = |token: Option<&Token>| {
            let word = tokens.word(token?);
            let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
            digits.parse::<u64>().ok().filter(|day| (1..=31).contains(day))
        };
        for (at, token) in list.iter().enumerate() {
            match named(tokens.word(token)) {
                Some(Named::Weekday(day)) => found.push(word(*day, WEEKDAY_SHARE)),
                Some(Named::Month(month)) => {
                    let before = at.checked_sub(1).and_then(|before| day_of(list.get(before)));
                    // `8 de enero`
                    let further = at.checked_sub(2).and_then(|before| day_of(list.get(before)));
                    let behind = day_of(list.get(at + 1));
                    if let Some(day) = before.or(behind).or(further) {
                        found.push(word(100 * month + day, DAY_SHARE));
                    }
                }
                None => (),
            }
        }
    }
    found
}

fn word(day: u64, share: f32) -> Word {
    Word { term: fold(xxh3_64_with_seed(&day.to_le_bytes(), DAY_SEED)), background: share, number: false }
}

#[cfg(test)]
mod tests {
    use samestory_article::Tokenizer;

    use super::*;

    #[test]
    fn one_day_is_one_term() {
        let of = |text: &str| {
            let days = days([&Tokenizer.text(text), &Tokenizer.text("")]);
            days.iter().map(|day| day.term).collect::<Vec<_>>()
        };
        assert_eq!(of("on 8 January"), of("On January 8th, he"));
        assert_eq!(of("le 8 janvier"), of("el 8 de enero"));
        assert_eq!(of("Tuesday"), of("mardi"));
        assert_ne!(of("8 January"), of("9 January"));
        assert!(of("may 1987 be").is_empty());
    }
}
