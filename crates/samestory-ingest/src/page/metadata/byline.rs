//! Bylines: the names of people among what pages give as authors.
//!
//! Pages also give addresses, accounts and notes on copyright, and the word that leads to a name.

use super::address::is_address;
use super::text::starts_with_ignoring_case;

/// Names without repetition; `None` where none of them is a name.
pub(super) fn joined_names(written: impl IntoIterator<Item = String>) -> Option<String> {
    const MOST_NAMES: usize = 20;
    let mut names: Vec<String> = Vec::new();
    for name in written.into_iter().filter_map(|name| person(&name).map(str::to_owned)).take(MOST_NAMES) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    (!names.is_empty()).then(|| names.join(", "))
}

/// A name without the word that leads to it. No addresses, and no account that every system has.
fn person(written: &str) -> Option<&str> {
    const LEADS: &[&str] = &["by ", "by: ", "von ", "von: ", "por ", "par ", "di ", "door ", "text: "];
    const NOBODY: &[&str] = &["admin", "administrator", "unknown"];
    const NO_NAME: &[&str] = &["copyright", "©", "(c)"];
    let written = written.trim();
    let behind = |lead: &&str| starts_with_ignoring_case(written, lead).then(|| written[lead.len()..].trim_start());
    // `Von der Leyen` is a name: what follows a lead starts with a capital.
    let led = LEADS.iter().filter_map(behind).find(|rest| rest.starts_with(char::is_uppercase));
    let name = led.unwrap_or(written);
    let is_name = name.contains(char::is_alphabetic)
        && name.chars().count() <= 200
        && !is_address(name)
        && !NOBODY.iter().any(|account| name.eq_ignore_ascii_case(account))
        && !NO_NAME.iter().any(|start| starts_with_ignoring_case(name, start));
    is_name.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::super::tests::page;

    #[test]
    fn names_alone_are_bylines() {
        for (written, byline) in [
            ("By Ada Reed", Some("Ada Reed")),
            ("Von der Leyen", Some("Von der Leyen")),
            ("ada@courier.example", None),
            ("https://courier.example/ada", None),
            ("@ada", None),
            ("admin", None),
        ] {
            let read = page(&format!("<meta name=author content='{written}'>"), "");
            assert_eq!(read.byline.as_deref(), byline, "{written}");
        }
        assert_eq!(page("", "<a rel=author href=/ada>Ada Reed</a>").byline.as_deref(), Some("Ada Reed"));
    }
}
