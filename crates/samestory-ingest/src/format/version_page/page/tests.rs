//! Tests of the page layout, on invented text.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::alignment::MAX_WORDS;
use super::*;

const HEAD: &str = "This article is from the source 'harbour-post' and was first published or seen on 3 May 2031 08:15 \
                    (UTC). It last changed over 40 days ago and won't be checked again for changes.\n\nYou can find the \
                    current article at its original source at https://harbour-post.example/2031/05/03/ferry\n\nThe \
                    article has changed 7 times. There is an RSS feed of changes available.\n\nVersion 3 Version 4\n";

fn page(body: &str) -> String {
    format!("{HEAD}Ferry resumes after storm Ferry resumes after storm\n(about 2 hours later)\n{body}")
}

/// Old and new text of the page's only paragraph, if it was read as changed.
fn changed(line: &str) -> Option<(String, String)> {
    let page = page(line);
    match parse(&page).expect("the layout is complete").paragraphs.as_slice() {
        [Paragraph::Changed { older, newer }] => Some((page[older.clone()].to_owned(), page[newer.clone()].to_owned())),
        _ => None,
    }
}

fn assert_changed(older: &str, between: &str, newer: &str) {
    assert_eq!(changed(&format!("{older}{between}{newer}")), Some((older.to_owned(), newer.to_owned())));
}

#[test]
fn the_lines_above_the_table_are_read() {
    let text = page("Ships wait.Ships wait.\n");
    let page = parse(&text).unwrap();
    assert!(looks_like(&text));
    assert_eq!(page.source, "harbour-post");
    assert_eq!(page.url.as_deref(), Some("https://harbour-post.example/2031/05/03/ferry"));
    assert_eq!(page.first_seen.as_deref(), Some("3 May 2031 08:15 (UTC)"));
    assert_eq!(page.interval.as_deref(), Some("about 2 hours later"));
    assert_eq!(page.older, PageVersion { number: 3, headline: "Ferry resumes after storm".into() });
    assert_eq!(page.newer, PageVersion { number: 4, headline: "Ferry resumes after storm".into() });
}

#[test]
fn a_blank_date_a_missing_url_and_a_missing_interval_are_none() {
    let text = "This article is from the source 'p' and was first published or seen on . It last changed today.\n\
                Version 0Version 1\nTide high Tide high\nShips wait.Ships wait.";
    let page = parse(text).unwrap();
    assert_eq!((page.first_seen, page.url, page.interval), (None, None, None));
    assert_eq!((page.older.number, page.newer.number), (0, 1));
    assert_eq!(page.paragraphs.len(), 1);
}

#[test]
fn each_kind_of_line_is_told_apart() {
    let text = page(
        "Ships wait in the bay.Ships wait in the bay.\n\
         The pier opens on Monday, the mayor said. The pier opens on Tuesday at noon, the mayor said.\n\
         Nobody was hurt.\n\
         Ann Example reported from Port Sample. Ann Example reported from Port Sample.\n",
    );
    let page = parse(&text).unwrap();
    let kinds: Vec<&str> = page
        .paragraphs
        .iter()
        .map(|paragraph| match paragraph {
            Paragraph::Unchanged { .. } => "unchanged",
            Paragraph::Changed { .. } => "changed",
            Paragraph::Once { .. } => "once",
        })
        .collect();
    assert_eq!(kinds, ["unchanged", "changed", "once", "unchanged"]);
    assert_eq!(
        page.older_text(),
        "Ships wait in the bay.\nThe pier opens on Monday, the mayor said.\nNobody was hurt.\nAnn Example reported \
         from Port Sample."
    );
    assert_eq!(
        page.newer_text(),
        "Ships wait in the bay.\nThe pier opens on Tuesday at noon, the mayor said.\nNobody was hurt.\nAnn Example \
         reported from Port Sample."
    );
}

#[test]
fn the_later_copy_of_an_unchanged_paragraph_is_kept() {
    let text = page("Ships wait.\u{a0} Ships wait.\n");
    let Paragraph::Unchanged { text: range } = &parse(&text).unwrap().paragraphs[0] else { panic!("not unchanged") };
    assert_eq!(*range, text.len() - "Ships wait.\n".len()..text.len() - 1);
}

#[test]
fn a_changed_paragraph_is_split_where_the_old_sentence_ends() {
    // The new copy moves a clause to its end and loses its full stop.
    assert_changed(
        "And the council voted for a longer pier to shelter the boats as winds from the north broke the moorings on \
         Friday and carried two barges towards the bridge protect the harbour.",
        " ",
        "The council voted for a longer pier to protect the harbour and shelter the boats as winds from the north broke \
         the moorings on Friday and carried two barges towards the bridge",
    );
    assert_changed(
        "The ferry runs twice a day. It takes an hour. Tickets cost four crowns at the pier.",
        " ",
        "The ferry runs twice a day. It takes two hours. Tickets cost five crowns at the pier.",
    );
    assert_changed(
        "“We will wait for the tide,” said Captain Ann Example of the ferry.",
        " ",
        "“We will wait for the morning tide,” said Captain Ann Example of the ferry.",
    );
}

#[test]
fn a_changed_paragraph_is_split_without_a_space_too() {
    assert_changed(
        "The ferry runs twice a day from Port Sample to the island.",
        "",
        "The ferry runs three times a day from Port Sample to the island.",
    );
}

#[test]
fn one_paragraph_with_repeated_words_is_not_split() {
    for line in [
        "To wait or not to wait, that is up to the captain",
        "We shall sail from the bay, we shall sail from the river, we shall sail from the lake",
        "The mayor came in May. The bishop left in June.",
        "Ships wait in the bay, and nobody on shore can say when the harbour opens.",
        "Tide",
    ] {
        assert_eq!(changed(line), None, "{line}");
    }
}

#[test]
fn headlines_that_differ_are_told_apart() {
    let headlines = |line: &str| {
        let text = format!("{HEAD}{line}\n(1 day later)\nShips wait.Ships wait.");
        let page = parse(&text).unwrap();
        (page.older.headline, page.newer.headline)
    };
    let pair = |older: &str, newer: &str| (older.to_owned(), newer.to_owned());
    assert_eq!(
        headlines("Ferry Resumes After Storm on Monday Ferry Resumes After Long Storm"),
        pair("Ferry Resumes After Storm on Monday", "Ferry Resumes After Long Storm")
    );
    let unlike = "Ferry resumes Islanders rejoice";
    assert_eq!(headlines(unlike), pair(unlike, unlike));
}

#[test]
fn line_ends_byte_order_mark_and_blank_lines_do_not_matter() {
    let plain = page("Ships wait.Ships wait.\nNobody was hurt.\n");
    let windows = format!("\u{feff}\r\n{}\r\n\r\n \r\n", plain.replace('\n', "\r\n"));
    let (plain, windows) = (parse(&plain).unwrap(), parse(&windows).unwrap());
    assert_eq!(plain.newer_text(), windows.newer_text());
    assert_eq!((plain.older, plain.newer, plain.interval), (windows.older, windows.newer, windows.interval));
}

#[test]
fn a_page_with_a_part_missing_is_refused_with_the_line() {
    assert_eq!(parse(""), Err(VersionPageError::SourceMissing { line: 1 }));
    assert_eq!(parse("\n\nShips wait."), Err(VersionPageError::SourceMissing { line: 3 }));
    let source = HEAD.lines().next().unwrap();
    assert_eq!(parse(source), Err(VersionPageError::VersionsMissing { line: 1 }));
    let huge = format!("{source}\nVersion 1 Version 99999999999\n");
    assert_eq!(parse(&huge), Err(VersionPageError::VersionsMissing { line: 2 }));
    assert_eq!(parse(HEAD), Err(VersionPageError::HeadlineMissing { line: 7 }));
    assert!(!looks_like("A story on ferries.\nThis article is from the source of the river."));
}

#[test]
fn long_pages_and_long_lines_take_linear_time() {
    let clock = Instant::now();
    let many: String =
        (0..100_000).map(|n| format!("Ship {n} waits in the bay. Ship {n} waits in bay {n}.\n")).collect();
    assert_eq!(parse(&page(&many)).unwrap().paragraphs.len(), 100_000);
    // A line beyond the cap, and one in which every cut is promising.
    for line in ["tide and bay ".repeat(800_000), "x".repeat(10_000_000), "é ".repeat(5_000_000)] {
        assert_eq!(parse(&page(&line)).unwrap().paragraphs.len(), 1);
    }
    // Lines just under the cap whose words all recur, in an order that no cut repeats.
    let mut state = 1_u64;
    let hard: String = (0..1_000_000)
        .map(|n| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            format!("{}{}", state >> 61, if n % (MAX_WORDS - 1) == 0 { '\n' } else { ' ' })
        })
        .collect();
    assert!(parse(&page(&hard)).is_ok());
    // Unoptimised builds take a few seconds; quadratic time would take hours.
    assert!(clock.elapsed() < Duration::from_secs(120));
}

/// A paragraph of several words; the first is a number, so that it is not like its neighbours.
fn text() -> impl Strategy<Value = String> {
    "[0-9]{1,4}( [A-Za-zé“”.,’ ]{0,20}[a-z.”])?"
}

/// A paragraph in which no word occurs twice.
fn words_once() -> impl Strategy<Value = String> {
    prop::collection::btree_set("[a-zé]{2,9}", 1..40)
        .prop_map(|words| words.into_iter().filter(|word| later_half(word).is_none()).collect::<Vec<_>>().join(" "))
        .prop_filter("blank lines are not paragraphs", |line| !line.is_empty())
}

proptest! {
    #[test]
    fn paragraphs_come_back_in_order(
        paragraphs in prop::collection::vec(prop_oneof![(Just(true), text()), (Just(false), words_once())], 0..20),
        gap in "[ \u{a0}]{0,2}",
        line_end in "\r?\n",
    ) {
        let body: Vec<String> = paragraphs
            .iter()
            .map(|(doubled, text)| if *doubled { format!("{text}{gap}{text}") } else { text.clone() })
            .collect();
        let page = page(&body.join(&line_end));
        let parsed = parse(&page).unwrap();
        let found: Vec<(bool, String)> = parsed
            .paragraphs
            .iter()
            .map(|found| (matches!(found, Paragraph::Unchanged { .. }), page[found.newer()].to_owned()))
            .collect();
        prop_assert_eq!(found, paragraphs);
        prop_assert_eq!(parsed.older_text(), parsed.newer_text());
    }

    #[test]
    fn no_text_makes_it_panic(text in any::<String>()) {
        let _ = looks_like(&text);
        let _ = parse(&text);
    }

    #[test]
    fn ranges_are_in_order_and_on_character_boundaries(
        body in "([a-cA-C“”é.!\u{3000} \n]|\r\n|the |The |bay\\. |[\u{0}-\u{10ffff}]){0,200}",
    ) {
        let page = page(&body);
        let parsed = parse(&page).unwrap();
        let ranges = parsed.paragraphs.iter().flat_map(|paragraph| match paragraph {
            Paragraph::Changed { older, newer } => vec![older.clone(), newer.clone()],
            Paragraph::Unchanged { text } | Paragraph::Once { text } => vec![text.clone()],
        });
        let mut reached = 0;
        for range in ranges {
            prop_assert!(reached <= range.start && range.start < range.end);
            let text = page.get(range.clone());
            prop_assert!(text.is_some_and(|text| text.trim() == text && !text.contains('\n')));
            reached = range.end;
        }
    }
}
