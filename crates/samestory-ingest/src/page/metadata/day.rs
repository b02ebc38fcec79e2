//! The day in a date as people write it: `8. Januar 2020`, `January 8, 2020`, `23.1.2020`.
//!
//! No day is guessed: `03/04/2020` is in March or in April, by country, and is passed over.

/// The months in the languages with most outlets on the web, January first. Short forms that are whole
/// words count too; a point behind them does not matter.
const MONTHS: [&str; 12] = [
    "january jan januar jänner janvier janv enero ene gennaio gen janeiro januari stycznia",
    "february feb februar février févr fév febrero febbraio fevereiro fev februari lutego",
    "march mar märz mär mrz mars marzo março maart mrt marts marca",
    "april apr avril avr abril abr aprile kwietnia",
    "may mai mayo maggio mag maio mei maj maja",
    "june jun juni juin junio giugno giu junho czerwca",
    "july jul juli juillet juil julio luglio lug julho lipca",
    "august aug août agosto ago augustus augusti sierpnia",
    "september sept sep septembre septiembre settembre set setembro września",
    "october oct oktober okt octobre octubre ottobre ott outubro out października",
    "november nov novembre noviembre novembro listopada",
    "december dec dezember dez décembre déc diciembre dic dicembre dezembro desember grudnia",
];

/// The first day in a text, as `YYYY-MM-DD`.
pub(super) fn day_in(text: &str) -> Option<String> {
    day_in_words(text).or_else(|| day_in_digits(text))
}

/// The first day whose month is in words: `8. Januar 2020`, `January 8, 2020`, `8 de enero de 2020`.
fn day_in_words(text: &str) -> Option<String> {
    let lower = text.to_lowercase();
    let words: Vec<&str> = lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !["", "de", "del", "of"].contains(word))
        .take(40)
        .collect();
    words.iter().enumerate().find_map(|(at, word)| {
        let month = MONTHS.iter().position(|names| names.split(' ').any(|name| name == *word))? + 1;
        let word_at = |at: Option<usize>| words.get(at?).copied();
        let (before, next, after) = (word_at(at.checked_sub(1)), word_at(Some(at + 1)), word_at(Some(at + 2)));
        let day_first = day_of_month(before).zip(year(next));
        let month_first = day_of_month(next).zip(year(after));
        // `Wed Jan 8 15:20:07 2020`
        let with_clock = || day_of_month(next).zip(year(word_at(Some(at + 5))));
        let (day, year) = day_first.or(month_first).or_else(with_clock)?;
        written_day(year, month, day)
    })
}

/// The day in a text in digits, where their order is beyond doubt: `2020-01-08`, `23.1.2020`, `1/23/2020`.
fn day_in_digits(text: &str) -> Option<String> {
    let is_part = |c: char| c.is_ascii_digit() || ['-', '.', '/'].contains(&c);
    text.split(|c: char| !is_part(c)).find_map(|token| {
        let token = token.trim_matches(['-', '.', '/']);
        let parts: Vec<&str> = token.split(['-', '.', '/']).collect();
        let [first, second, third] = parts[..] else { return None };
        let number = |part: &str| part.parse::<usize>().ok().filter(|_| part.len() <= 2);
        if let Some(year) = year(Some(first)) {
            return written_day(year, number(second)?, number(third)?);
        }
        let (first, second, year) = (number(first)?, number(second)?, year(Some(third))?);
        match (first, second) {
            // With points the day comes first wherever points are used.
            _ if token.contains('.') => written_day(year, second, first),
            (13.., _) => written_day(year, second, first),
            (_, 13..) => written_day(year, first, second),
            _ => None,
        }
    })
}

/// `8`, `08`, `8th` or `1er`.
fn day_of_month(word: Option<&str>) -> Option<usize> {
    let word = word?;
    let digits = word.trim_end_matches(|c: char| c.is_alphabetic());
    let ending = word.len() - digits.len() <= 3;
    digits.parse().ok().filter(|day| ending && digits.len() <= 2 && (1..=31).contains(day))
}

fn year(word: Option<&str>) -> Option<usize> {
    let word = word.filter(|word| word.len() == 4 && word.bytes().all(|b| b.is_ascii_digit()))?;
    word.parse().ok().filter(|year| (1900..2100).contains(year))
}

fn written_day(year: usize, month: usize, day: usize) -> Option<String> {
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) => 29,
        2 => 28,
        1..=12 => 31,
        _ => 0,
    };
    (1..=days).contains(&day).then(|| format!("{year:04}-{month:02}-{day:02}"))
}

#[cfg(test)]
mod tests {
    use super::super::tests::page;

    #[test]
    fn a_visible_date_is_the_last_resort() {
        for (line, day) in [
            ("Published on January 8, 2020", Some("2020-01-08")),
            ("Mittwoch, 8. Januar 2020, 15:20 Uhr", Some("2020-01-08")),
            ("le 1er août 2020 à 15h20", Some("2020-08-01")),
            ("8 de enero de 2020", Some("2020-01-08")),
            ("23.01.2020 15:20", Some("2020-01-23")),
            ("1/23/2020", Some("2020-01-23")),
            ("03/04/2020", None),
            ("31. Februar 2020", None),
            ("8. Januar 2020 bis 9. Januar 2020", Some("2020-01-08")),
            ("Updated January 8, 2020", None),
            ("Mai 2020", None),
        ] {
            let read = page("", &format!("<p>News</p><h1>Ferry</h1><p>{line}</p>"));
            assert_eq!(read.published.first().map(String::as_str), day, "{line}");
        }
        let two = "<h1>Ferry</h1><p>8 January 2020</p><p>9 January 2020</p>";
        assert!(page("", two).published.is_empty(), "one of two would be a guess");
        let today = "<p>9 January 2020</p><h1>Ferry</h1><p>8 January 2020</p>";
        assert_eq!(page("", today).published, ["2020-01-08"]);
        let words = page("<meta name=date content='8. Jänner 2020'>", "");
        assert_eq!(words.published, ["8. Jänner 2020", "2020-01-08"]);
    }
}
