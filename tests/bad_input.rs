//! Bad input: what cannot be taken is named on standard error, the rest is kept, nothing panics.
//!
//! Exit codes: 0 done; 1 done, but items were rejected; 2 wrong usage; 3 could not do it.

mod place;

use std::fs;
use std::path::{Path, PathBuf};

use place::{Place, gzip, line, zstandard};

/// Many lines that do not compress well, with the ids `m0`, `m1` and so on.
fn many_lines() -> String {
    let mut state = 1u32;
    let mut word = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        format!("w{}", state >> 8)
    };
    let mut lines = String::new();
    for number in 0..600 {
        let text: Vec<String> = (0..60).map(|_| word()).collect();
        lines.push_str(&format!("{}\n", serde_json::json!({"id": format!("m{number}"), "text": text.join(" ")})));
    }
    lines
}

/// The lines before the cut are kept, the cut is named with its line, nothing after it is made up.
fn check_cut_lines(name: &str, packed: &[u8]) {
    let place = Place::new();
    place.write(name, &packed[..packed.len() / 2]);
    let run = place.cluster(&[name]);
    run.ends_with(1).rejects(1);
    let kept = run.ids().len();
    assert!((100..500).contains(&kept), "{kept} of 600 kept");
    let first: Vec<String> = (0..kept).map(|number| format!("m{number}")).collect();
    run.keeps(&first.iter().map(String::as_str).collect::<Vec<_>>());
    let at = kept + 1;
    run.says(&format!("rejected: {name}:{at}: ends in the middle of its compressed data; the lines before are kept"));
}

#[test]
fn empty_folder() {
    let place = Place::new();
    fs::create_dir(place.path("empty")).unwrap();
    place.cluster(&["empty"]).ends_with(3).says("error: no article found in `empty`");
    assert!(!place.path(".samestory").exists(), "no collection is made of nothing");
}

#[test]
fn empty_folder_leaves_the_collection_as_it_was() {
    let place = Place::new();
    place.write("a.jsonl", line("a"));
    place.cluster(&["a.jsonl"]).ends_with(0).keeps(&["a"]);
    fs::create_dir(place.path("empty")).unwrap();
    place.cluster(&["empty"]).ends_with(3);
    let export = place.run(&["export"]);
    export.ends_with(0);
    assert_eq!(export.stdout.lines().count(), 1);
}

#[test]
fn missing_path() {
    let place = Place::new();
    place.write("a.jsonl", line("a"));
    place
        .cluster(&["nosuch", "a.jsonl"])
        .ends_with(1)
        .rejects(1)
        .says("rejected: nosuch: does not exist")
        .keeps(&["a"]);
    place.cluster(&["nosuch"]).ends_with(3).says("rejected: nosuch: does not exist");
}

#[test]
#[cfg(target_os = "linux")]
fn unreadable_file() {
    let place = Place::new();
    place.write("in/a.jsonl", line("a"));
    place.write("in/z.jsonl", line("z"));
    // A file that opens and gives no byte, to the superuser as well.
    std::os::unix::fs::symlink("/proc/self/mem", place.path("in/m.txt")).unwrap();
    let run = place.cluster(&["in"]);
    run.ends_with(1).rejects(1).keeps(&["a", "z"]);
    run.says("rejected: in/m.txt: cannot be read: Input/output error (os error 5)");
}

#[test]
#[cfg(unix)]
fn file_without_permission() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    place.write("in/a.jsonl", line("a"));
    place.write("in/closed.jsonl", line("closed"));
    fs::set_permissions(place.path("in/closed.jsonl"), fs::Permissions::from_mode(0o000)).unwrap();
    let run = place.cluster(&["in"]);
    if fs::File::open(place.path("in/closed.jsonl")).is_ok() {
        // The superuser reads everything.
        run.ends_with(0).keeps(&["a", "closed"]);
    } else {
        run.ends_with(1).rejects(1).keeps(&["a"]);
        run.says("rejected: in/closed.jsonl: cannot be read: permission denied");
    }
}

#[test]
fn folder_with_the_name_of_a_text() {
    let place = Place::new();
    place.write("in/x.txt/a.jsonl", line("a"));
    place.cluster(&["in"]).ends_with(0).keeps(&["a"]);
}

#[test]
fn binary_file() {
    let place = Place::new();
    let binary: Vec<u8> = (0..4096u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    place.write("in/a.jsonl", line("a"));
    place.write("in/photo.txt", &binary);
    place.write("in/program", &binary);
    let met = place.cluster(&["in"]);
    // A file without a known extension is passed by in a walk, and looked at where it is named.
    met.ends_with(1).rejects(1).keeps(&["a"]);
    met.says("rejected: in/photo.txt: looks like a binary file, not text");
    let named = place.cluster(&["in/program", "in/a.jsonl"]);
    named.ends_with(1).rejects(1).keeps(&["a"]);
    named.says("rejected: in/program: looks like a binary file, not text");
}

#[test]
fn truncated_gzip() {
    check_cut_lines("news.jsonl.gz", &gzip(many_lines().as_bytes()));
}

#[test]
fn truncated_zstd() {
    check_cut_lines("news.jsonl.zst", &zstandard(many_lines().as_bytes()));
}

#[test]
fn truncated_text_does_not_claim_that_it_is_kept() {
    let text = format!("Truce in Libya\n\n{}", many_lines());
    for (name, packed) in [("a.txt.gz", gzip(text.as_bytes())), ("a.txt.zst", zstandard(text.as_bytes()))] {
        let place = Place::new();
        place.write(name, &packed[..packed.len() / 2]);
        place.write("b.jsonl", line("b"));
        let run = place.cluster(&[name, "b.jsonl"]);
        run.ends_with(1).rejects(1);
        assert!(
            run.stderr.contains(&format!("rejected: {name}: ends in the middle of its compressed data")),
            "{run:?}"
        );
        let kept = run.ids().len() == 2;
        assert_eq!(run.stderr.contains("kept"), kept, "{run:?}");
    }
}

#[test]
fn gzip_cut_within_its_first_bytes() {
    let packed = gzip(many_lines().as_bytes());
    for length in [2, 3, 9, 12] {
        let place = Place::new();
        place.write("news.jsonl.gz", &packed[..length]);
        let run = place.cluster(&["news.jsonl.gz"]);
        run.ends_with(3).rejects(1).says("error: no article found in `news.jsonl.gz`");
    }
}

#[test]
fn bytes_behind_a_gzip_stream() {
    let place = Place::new();
    let mut packed = gzip(line("a").as_bytes());
    packed.extend(b"trailing bytes");
    place.write("news.jsonl.gz", packed);
    let run = place.cluster(&["news.jsonl.gz"]);
    run.ends_with(1)
        .rejects(1)
        .keeps(&["a"])
        .says("rejected: news.jsonl.gz:2: cannot be read: invalid gzip header; the lines before are kept");
}

#[test]
fn gzip_of_several_members_is_read_whole() {
    let place = Place::new();
    let packed = [gzip(line("a").as_bytes()), gzip(line("b").as_bytes())].concat();
    place.write("news.jsonl.gz", packed);
    place.cluster(&["news.jsonl.gz"]).ends_with(0).keeps(&["a", "b"]);
}

#[test]
fn invalid_json_line_in_the_middle() {
    let place = Place::new();
    place.write("news.jsonl", format!("{}{{\"id\": \"b\", \"title\": \n{}", line("a"), line("c")));
    let run = place.cluster(&["news.jsonl"]);
    run.ends_with(1).rejects(1).keeps(&["a", "c"]);
    run.says("rejected: news.jsonl:2: invalid JSON at column 20: EOF while parsing a value");
}

#[test]
fn lines_that_are_no_articles() {
    let place = Place::new();
    place.write("news.jsonl", format!("{}[1]\n\"text\"\n17\nnull\n{{}}\n{{\"id\":\"x\"}}\n\n{}", line("a"), line("z")));
    let run = place.cluster(&["news.jsonl"]);
    run.ends_with(1).rejects(6).keeps(&["a", "z"]);
    for number in 2..=5 {
        run.says(&format!("rejected: news.jsonl:{number}: is not a JSON object"));
    }
    for number in 6..=7 {
        let reason = "has neither a headline nor a text field (other names can be given with --map)";
        run.says(&format!("rejected: news.jsonl:{number}: {reason}"));
    }
}

#[test]
fn bytes_that_are_not_utf8_spoil_one_line_only() {
    let place = Place::new();
    let bytes = [line("a").as_bytes(), b"{\"title\":\"caf\xe9\"}\n", line("z").as_bytes()].concat();
    place.write("news.jsonl", bytes);
    let run = place.cluster(&["news.jsonl"]);
    run.ends_with(1).rejects(1).keeps(&["a", "z"]).says("rejected: news.jsonl:2: is not valid UTF-8 at byte 14");
}

#[test]
fn duplicate_ids() {
    let place = Place::new();
    place.write("a.jsonl", format!("{}{}{}", line("one"), line("two"), line("one")));
    place.write("b.jsonl", line("two"));
    let run = place.cluster(&["a.jsonl", "b.jsonl"]);
    run.ends_with(1).rejects(2).keeps(&["one", "two"]);
    run.says("rejected: a.jsonl:3: id `one` is already taken by a.jsonl:1");
    run.says("rejected: b.jsonl:1: id `two` is already taken by a.jsonl:2");
}

#[test]
fn number_and_string_are_the_same_id() {
    let place = Place::new();
    place.write(
        "a.jsonl",
        "{\"id\":17,\"title\":\"The first report\"}\n{\"id\":\"17\",\"title\":\"The second report\"}\n",
    );
    let run = place.cluster(&["a.jsonl"]);
    run.ends_with(1).rejects(1).keeps(&["17"]).says("rejected: a.jsonl:2: id `17` is already taken by a.jsonl:1");
}

#[test]
fn huge_numbers_stay_different_ids() {
    let place = Place::new();
    let first = "123456789012345678901234567890";
    let second = "123456789012345678901234567891";
    let row = |id: &str| format!("{{\"id\":{id},\"title\":\"Report on the ferry\"}}\n");
    place.write("a.jsonl", row(first) + &row(second));
    place.cluster(&["a.jsonl"]).ends_with(0).keeps(&[first, second]);
}

#[test]
fn text_without_a_single_word() {
    let place = Place::new();
    let wordless =
        "{\"id\":\"dots\",\"title\":\"...\",\"text\":\"?! --\"}\n{\"id\":\"null\",\"title\":null,\"text\":null}\n";
    place.write("in/news.jsonl", format!("{}{wordless}", line("a")));
    place.write("in/dots.txt", "...\n\n...\n");
    place.write("in/empty.txt", "");
    let run = place.cluster(&["in"]);
    run.ends_with(1).rejects(4).keeps(&["a"]);
    for item in ["news.jsonl:2", "news.jsonl:3", "dots.txt", "empty.txt"] {
        run.says(&format!("rejected: in/{item}: has no word in headline or text"));
    }
}

#[test]
fn scripts_other_than_latin() {
    let texts = [
        ("chinese", "利比亚", "周三,俄罗斯总统和土耳其总统在伊斯坦布尔会晤后呼吁利比亚停火。"),
        ("arabic", "ليبيا", "دعا الرئيسان الروسي والتركي يوم الأربعاء إلى وقف إطلاق النار في ليبيا اعتبارا من السبت."),
        ("thai", "ลิเบีย", "ประธานาธิบดีรัสเซียและตุรกีเรียกร้องให้มีการหยุดยิงในลิเบียตั้งแต่เที่ยงคืนวันเสาร์"),
        ("hindi", "लीबिया", "रूस और तुर्की के राष्ट्रपतियों ने बुधवार को लीबिया में युद्धविराम का आह्वान किया।"),
        ("japanese", "リビア", "ロシアとトルコの大統領は水曜日、リビアでの停戦を呼びかけた。"),
    ];
    let place = Place::new();
    let mut lines = String::new();
    for (id, _, text) in texts {
        lines.push_str(&format!("{}\n", serde_json::json!({"id": id, "text": text})));
        lines.push_str(&format!("{}\n", serde_json::json!({"id": format!("{id}-copy"), "text": text})));
    }
    lines.push_str("{\"id\":\"pictures\",\"title\":\"😀 🚢\",\"text\":\"🔥\"}\n");
    place.write("news.jsonl", lines);
    let run = place.cluster(&["news.jsonl"]);
    run.ends_with(1).rejects(1).says("rejected: news.jsonl:11: has no word in headline or text");
    for (id, word, text) in texts {
        let copy = format!("\"id\":\"{id}-copy\"");
        let row = run.stdout.lines().find(|row| row.contains(&copy)).unwrap();
        assert!(row.contains(&format!("\"copy_of\":\"{id}\"")), "{row}");
        let found = place.run(&["search", word, "--json"]);
        let found: serde_json::Value = serde_json::from_str(&found.stdout).unwrap();
        assert_eq!(found["stories"][0]["article"], id, "{word}");
        let shown = place.run(&["show", id]);
        assert!(shown.ends_with(0).stdout.contains(text), "{shown:?}");
    }
}

#[test]
#[cfg(unix)]
fn symlink_loop() {
    use std::os::unix::fs::symlink;
    let place = Place::new();
    place.write("in/a.jsonl", line("a"));
    place.write("in/sub/z.jsonl", line("z"));
    symlink("..", place.path("in/sub/back")).unwrap();
    symlink("nosuch", place.path("in/dangling.txt")).unwrap();
    symlink("itself.txt", place.path("in/itself.txt")).unwrap();
    let run = place.cluster(&["in"]);
    run.ends_with(1).rejects(3).keeps(&["a", "z"]);
    run.says("rejected: in/sub/back: is a link back to `in`; not followed");
    run.says("rejected: in/dangling.txt: does not exist");
    assert!(run.stderr.contains("rejected: in/itself.txt: cannot be read: "), "{run:?}");
}

#[test]
fn dates_that_cannot_be() {
    let place = Place::new();
    let row = |id: &str, date: &str| {
        format!("{}\n", serde_json::json!({"id": id, "title": format!("Report {id} on the ferry"), "published": date}))
    };
    let lines = [
        row("future", "2086-01-01"),
        row("zero", "0000-01-01"),
        row("words", "next Tuesday"),
        row("order", "03/04/2020"),
        row("february", "2020-02-30"),
        row("good", "2020-02-04T06:10:00Z"),
    ];
    place.write("a.jsonl", lines.concat());
    let run = place.cluster(&["a.jsonl"]);
    run.ends_with(0).rejects(0).keeps(&["future", "zero", "words", "order", "february", "good"]);
    run.says("note: a.jsonl:1: date `2086-01-01` lies in the future; kept as undated");
    run.says("note: a.jsonl:2: date `0000-01-01` is older than any newspaper; kept as undated");
    for (at, date) in [(3, "next Tuesday"), (4, "03/04/2020"), (5, "2020-02-30")] {
        run.says(&format!("note: a.jsonl:{at}: date `{date}` is not in a known form; kept as undated"));
    }
    let time = |id: &str| {
        let shown: serde_json::Value = serde_json::from_str(&place.run(&["show", id, "--json"]).stdout).unwrap();
        shown["time"].clone()
    };
    assert_eq!(time("good"), "2020-02-04T06:10:00Z");
    for id in ["future", "zero", "words", "order", "february"] {
        assert!(time(id).is_null(), "{id}");
    }
}

#[test]
fn deep_nesting() {
    let place = Place::new();
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    place.write("deep.json", &deep);
    place.write("deep.txt", format!("---\ntitle: {deep}\n---\nA text."));
    place.write("news.jsonl", format!("{{\"id\":\"deep\",\"title\":{deep}}}\n{}", line("after")));
    let run = place.cluster(&["deep.json", "deep.txt", "news.jsonl"]);
    run.ends_with(1).rejects(3).keeps(&["after"]);
    run.says("rejected: deep.json:1: nests brackets deeper than 128 (see --max-nesting)");
    assert!(run.stderr.contains("rejected: deep.txt:2: front matter is not valid YAML: "), "{run:?}");
    run.says("rejected: news.jsonl:1: nests brackets deeper than 128 (see --max-nesting)");
}

#[test]
fn front_matter_that_grows_by_its_aliases() {
    let place = Place::new();
    let mut yaml = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..10 {
        let before = vec![format!("*a{}", level - 1); 9].join(", ");
        yaml.push_str(&format!("a{level}: &a{level} [{before}]\n"));
    }
    place.write("in/bomb.txt", format!("---\n{yaml}title: *a9\n---\nA text."));
    place.write("in/news.jsonl", line("a"));
    let run = place.cluster(&["in"]);
    run.ends_with(1).rejects(1).keeps(&["a"]);
    assert!(run.stderr.contains("rejected: in/bomb.txt:2: front matter is not valid YAML: "), "{run:?}");
}

#[test]
fn long_line() {
    let place = Place::new();
    let long = format!("{{\"id\":\"long\",\"text\":\"{}\"}}\n", "word ".repeat(200_000));
    place.write("news.jsonl", format!("{}{long}{}", line("a"), line("z")));
    let run = place.cluster(&["news.jsonl", "--max-line-bytes", "1000"]);
    run.ends_with(1).rejects(1).keeps(&["a", "z"]);
    run.says("rejected: news.jsonl:2: line is longer than 1000 bytes (see --max-line-bytes)");
    place.cluster(&["news.jsonl"]).ends_with(0).keeps(&["a", "long", "z"]);
}

#[test]
fn large_file() {
    let place = Place::new();
    place.write("in/large.txt", "A report on the ferry.\n".repeat(100));
    place.write("in/large.txt.gz", gzip("A report on the ferry.\n".repeat(100_000).as_bytes()));
    place.write("in/small.jsonl", line("a"));
    let run = place.cluster(&["in", "--max-file-bytes", "1000"]);
    run.ends_with(1).rejects(2).keeps(&["a"]);
    for name in ["large.txt", "large.txt.gz"] {
        let reason = "is larger than 1000 bytes (the limit can be raised with --max-file-bytes)";
        run.says(&format!("rejected: in/{name}: {reason}"));
    }
}

#[test]
#[cfg(target_os = "linux")]
fn names_that_are_not_utf8() {
    let place = Place::new();
    place.write("in/a.jsonl", line("a"));
    let name = |bytes: &[u8]| -> PathBuf {
        use std::os::unix::ffi::OsStrExt;
        place.path("in").join(std::ffi::OsStr::from_bytes(bytes))
    };
    fs::write(name(b"caf\xe9.txt"), "Cafe closes\n\nThe cafe at the harbour has closed.\n").unwrap();
    fs::write(name(b"bad\xff.jsonl"), "{\"id\": }\n").unwrap();
    let run = place.cluster(&["in"]);
    run.ends_with(1).rejects(1).keeps(&["a", "caf\\xE9.txt"]);
    assert!(run.stderr.contains("rejected: in/bad\\xFF.jsonl:1: invalid JSON at column 8: "), "{run:?}");
    place.run(&["show", "caf\\xE9.txt"]).ends_with(0);
}

#[test]
#[cfg(target_os = "linux")]
fn two_names_that_are_not_utf8_are_two_articles() {
    use std::os::unix::ffi::OsStrExt;
    let place = Place::new();
    fs::create_dir(place.path("in")).unwrap();
    for (name, text) in [(b"caf\xe9.txt", "The cafe has closed."), (b"caf\xe8.txt", "The museum has opened.")] {
        fs::write(place.path("in").join(std::ffi::OsStr::from_bytes(name)), text).unwrap();
    }
    let run = place.cluster(&["in"]);
    run.ends_with(0).rejects(0);
    assert_eq!(run.ids().len(), 2, "{run:?}");
}

#[test]
fn equal_paths_below_several_roots() {
    for roots in [["one", "two"], ["one/same", "two/same"]] {
        let place = Place::new();
        for root in roots {
            place.write(&format!("{root}/outlet/a.txt"), format!("The report below {root} on the ferry."));
        }
        let run = place.cluster(&roots);
        run.ends_with(0).rejects(0);
        assert_eq!(run.ids().len(), 2, "{run:?}");
    }
}

#[test]
fn encodings_of_text_files() {
    let text = "Théâtre fermé à Orléans\r\n\r\nLe théâtre a été fermé après l'incendie de l'été dernier.\r\n";
    let wide = |bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(bytes).collect()
    };
    let place = Place::new();
    place.write("in/little.txt", wide(u16::to_le_bytes));
    place.write("in/big.txt", wide(u16::to_be_bytes));
    place.write("in/latin.txt", text.chars().map(|c| c as u8).collect::<Vec<u8>>());
    place.write("in/marked.txt", format!("\u{feff}{text}"));
    place.write("in/nul.txt", "A report\n\non the \0 ferry.");
    let run = place.cluster(&["in"]);
    run.ends_with(1).rejects(1).keeps(&["big.txt", "latin.txt", "little.txt", "marked.txt"]);
    run.says("rejected: in/nul.txt: looks like a binary file, not text");
    for id in run.ids() {
        let shown: serde_json::Value = serde_json::from_str(&place.run(&["show", &id, "--json"]).stdout).unwrap();
        assert_eq!(shown["headline"], "Théâtre fermé à Orléans", "{id}");
        let body = "Le théâtre a été fermé après l'incendie de l'été dernier.";
        assert!(shown["text"].as_str().is_some_and(|text| text.contains(body)), "{id}");
    }
}

#[test]
fn ragged_and_quoted_tables() {
    let place = Place::new();
    let rows = "id,title,text\n1,\"A \"\"quoted\"\" title, with comma\",\"line one\nline two\"\n2,Short row\n3,...,?\n";
    place.write("a.csv", format!("\u{feff}{rows}"));
    place.write("b.csv", "title;text;id\nOne, two, three;A text;4\n");
    place.write("c.csv", b"id,title\n5,caf\xe9\n6,Good row\n");
    let run = place.cluster(&["a.csv", "b.csv", "c.csv"]);
    run.ends_with(1).rejects(2).keeps(&["1", "4", "5", "6"]);
    run.says("rejected: a.csv:4: has 2 columns, but the first line names 3");
    run.says("rejected: a.csv:5: has no word in headline or text");
    // A table in another encoding is decoded, as a plain text is.
    let shown: serde_json::Value = serde_json::from_str(&place.run(&["show", "5", "--json"]).stdout).unwrap();
    assert_eq!(shown["headline"], "caf\u{e9}");
    let shown: serde_json::Value = serde_json::from_str(&place.run(&["show", "1", "--json"]).stdout).unwrap();
    assert_eq!(shown["headline"], "A \"quoted\" title, with comma");
}

#[test]
fn quote_that_nothing_closes_does_not_swallow_rows_in_silence() {
    for (name, tab) in [("a.csv", ","), ("a.tsv", "\t")] {
        let place = Place::new();
        let rows = "id,title,text\n1,First,Text one\n2,Second,\"text two\n3,Third,Text three\n4,Fourth,Text four\n";
        place.write(name, rows.replace(',', tab));
        let run = place.cluster(&[name]);
        let kept = run.ids();
        assert!(kept.contains(&"1".to_owned()), "{run:?}");
        if kept.len() < 4 {
            run.ends_with(1);
            assert!(run.stderr.contains(&format!("rejected: {name}:3: ")), "{run:?}");
        }
    }
}

#[test]
fn table_without_names_of_columns() {
    let place = Place::new();
    place.write("in/a.jsonl", line("a"));
    place.write("in/bare.tsv", "ferry\tA ferry ran aground\nvote\tA vote was held\n");
    // Met in a walk it is some other table; named by the user it is a mistake to tell.
    place.cluster(&["in"]).ends_with(0).rejects(0).keeps(&["a"]);
    let reason = "has neither a headline nor a text column (other names can be given with --map)";
    let named = place.cluster(&["in/bare.tsv", "in/a.jsonl"]);
    named.ends_with(1).rejects(1).keeps(&["a"]).says(&format!("rejected: in/bare.tsv:1: {reason}"));
}

#[test]
fn version_pages_of_odd_shape() {
    let head = "This article is from the source 'post' and was first published or seen on";
    let place = Place::new();
    place.write("in/a.txt", format!("{head} . It last changed over 40 days ago\n\nNothing follows.\n"));
    place.write("in/b.txt", format!("{head} .\nVersion 0 Version 1\n"));
    place.write("in/c.txt", format!("{head} .\r\nVersion 0 Version 1\r\nA ferry A ferry\r\nÉté ici. Été ici.\r\n"));
    let run = place.cluster(&["in"]);
    run.ends_with(1).rejects(2).keeps(&["c.txt"]);
    assert!(run.stderr.contains("rejected: in/a.txt:3: version-history page: "), "{run:?}");
    assert!(run.stderr.contains("rejected: in/b.txt:2: version-history page: "), "{run:?}");
    let shown: serde_json::Value = serde_json::from_str(&place.run(&["show", "c.txt", "--json"]).stdout).unwrap();
    assert_eq!((&shown["headline"], &shown["text"]), (&"A ferry".into(), &"Été ici.".into()));
}

#[test]
fn every_format_comes_through_standard_input() {
    let article = serde_json::json!({"id": "a", "title": "Report on the ferry", "text": "It ran aground."});
    let inputs: [(&str, Vec<u8>); 8] = [
        ("a line", format!("{article}\n").into_bytes()),
        ("a line without its end", article.to_string().into_bytes()),
        ("packed lines", gzip(format!("{article}\n").as_bytes())),
        ("a list", format!("[{article}]").into_bytes()),
        ("an indented object", serde_json::to_vec_pretty(&article).expect("an object")),
        ("a wrapping object", serde_json::json!({"status": "ok", "articles": [article]}).to_string().into_bytes()),
        ("a table", b"id,title,text\na,Report on the ferry,It ran aground.\n".to_vec()),
        ("a text", b"Title: Report on the ferry\nID: a\n\nIt ran aground.\n".to_vec()),
    ];
    for (what, input) in inputs {
        let run = Place::new().run_with(&["cluster", "-", "--assignments", "-"], &input);
        assert_eq!((run.code, run.ids()), (Some(0), vec!["a".to_owned()]), "{what}: {run:?}");
    }
    let run = Place::new().run_with(&["cluster", "-"], b"\x7fELF\0\0\0\0");
    run.ends_with(3).says("rejected: -: looks like a binary file, not text");
}

#[test]
fn foreign_folder_is_refused() {
    let place = Place::new();
    place.write("a.jsonl", line("a"));
    place.write("mine/notes.md", "keep me");
    place.write("file", "keep me");
    for folder in ["mine", "file"] {
        let refusal = format!("error: `{folder}` is not a samestory collection and not empty; nothing was written");
        for command in [&["cluster", "a.jsonl"][..], &["info"], &["export"]] {
            place.run(&[&["--collection", folder], command].concat()).ends_with(3).says(&refusal);
        }
    }
    assert_eq!(fs::read_to_string(place.path("mine/notes.md")).unwrap(), "keep me");
    assert_eq!(fs::read_to_string(place.path("file")).unwrap(), "keep me");
    assert_eq!(fs::read_dir(place.path("mine")).unwrap().count(), 1);
}

#[test]
fn foreign_files_below_a_folder_with_the_name_of_a_generation_are_left() {
    for (folder, file) in [("mine", "mine/g1/thesis.txt"), ("mine", "mine/g2020/photo.jpg"), ("mine", "mine/g7")] {
        let place = Place::new();
        place.write("a.jsonl", line("a"));
        place.write(file, "keep me");
        let run = place.run(&["--collection", folder, "cluster", "a.jsonl"]);
        assert_eq!(fs::read_to_string(place.path(file)).ok().as_deref(), Some("keep me"), "{file}: {run:?}");
        run.ends_with(3).says("error: `mine` is not a samestory collection and not empty; nothing was written");
    }
}

#[test]
fn newer_collection_is_refused() {
    let place = Place::new();
    place.write("a.jsonl", line("a"));
    place.write("b.jsonl", line("b"));
    place.cluster(&["a.jsonl"]).ends_with(0);
    let manifest = fs::read_to_string(place.path(".samestory/collection.json")).unwrap();
    let mut newer: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    let format = newer["format"].as_u64().unwrap();
    newer["format"] = (format + 1).into();
    newer["something_new"] = true.into();
    place.write(".samestory/collection.json", newer.to_string());
    let refusal = format!("error: collection `.samestory` has format {}, this version reads {format}", format + 1);
    for command in [&["cluster", "b.jsonl"][..], &["info"], &["search", "ferry"], &["export"]] {
        place.run(command).ends_with(3).says(&refusal);
    }
    // Put back, it is as it was.
    place.write(".samestory/collection.json", manifest);
    let export = place.run(&["export"]);
    assert!(export.ends_with(0).stdout.contains("\"id\":\"a\""), "{export:?}");
}

#[test]
fn damaged_manifest_is_reported() {
    let place = Place::new();
    place.write("a.jsonl", line("a"));
    place.cluster(&["a.jsonl"]).ends_with(0);
    place.write(".samestory/collection.json", "{");
    let run = place.run(&["info"]);
    run.ends_with(3);
    assert!(run.stderr.contains("error: `.samestory/collection.json` is damaged: "), "{run:?}");
}

/// The one file of this name below a folder.
fn find(folder: &Path, name: &str) -> PathBuf {
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            match entry.path() {
                path if path.is_dir() => folders.push(path),
                path if entry.file_name() == name => return path,
                _ => (),
            }
        }
    }
    panic!("no `{name}` below `{}`", folder.display())
}

#[test]
fn damaged_store_is_reported() {
    let place = Place::new();
    place.write("a.jsonl", line("a"));
    place.cluster(&["a.jsonl"]).ends_with(0);
    let store = find(&place.path(".samestory"), "store.redb");
    let whole = fs::read(&store).unwrap();
    for length in [0, 100, 4096, whole.len() / 2, whole.len() - 1] {
        fs::write(&store, &whole[..length]).unwrap();
        for command in [&["info"][..], &["search", "ferry"], &["show", "a"], &["stories"], &["export"]] {
            let run = place.run(command);
            // What lies before the cut can still be read.
            if run.code != Some(0) {
                run.ends_with(3);
                assert!(run.stderr.contains("store.redb` is damaged: "), "{length} bytes: {run:?}");
            }
        }
        let check = place.run(&["check"]);
        check.ends_with(3);
        assert!(check.stdout.contains("store.redb: "), "{length} bytes: {check:?}");
        let add = place.run_with(&["add", "-"], line("b").as_bytes());
        add.ends_with(3);
        assert!(add.stderr.contains("store.redb` is damaged: "), "{length} bytes: {add:?}");
    }
    fs::remove_file(&store).unwrap();
    place.run(&["info"]).ends_with(3);
    // Clustering again makes it anew.
    place.cluster(&["a.jsonl"]).ends_with(0).keeps(&["a"]);
    place.run(&["search", "ferry"]).ends_with(0);
}

#[test]
fn bytes_changed_in_the_store_never_panic() {
    let place = Place::new();
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus");
    place.run(&["cluster", corpus.to_str().unwrap()]).ends_with(0);
    let store = find(&place.path(".samestory"), "store.redb");
    let whole = fs::read(&store).unwrap();
    for start in (4096..whole.len().min(400_000)).step_by(16 * 1024) {
        let mut bytes = whole.clone();
        let end = (start + 3000).min(bytes.len());
        bytes[start..end].iter_mut().for_each(|byte| *byte ^= 0xa5);
        fs::write(&store, bytes).unwrap();
        for command in [&["export"][..], &["show", "ferry-wire"], &["stories"]] {
            let run = place.run(command);
            assert!(matches!(run.code, Some(0 | 3)), "bytes {start} to {end}: {run:?}");
            let named = run.code == Some(0) || run.stderr.contains("store.redb");
            assert!(named, "the message names the file: {run:?}");
        }
    }
}

#[test]
fn damaged_index_is_reported() {
    let place = Place::new();
    place.write("a.jsonl", line("a"));
    place.cluster(&["a.jsonl"]).ends_with(0);
    let index = find(&place.path(".samestory"), "meta.json");
    let whole = fs::read(&index).unwrap();
    fs::write(&index, &whole[..whole.len() / 2]).unwrap();
    let run = place.run(&["search", "ferry"]);
    run.ends_with(3);
    assert!(run.stderr.contains("index` is damaged: ") && run.stderr.len() < 500, "{run:?}");
    fs::remove_dir_all(index.parent().unwrap()).unwrap();
    place.run(&["search", "ferry"]).ends_with(3);
    place.cluster(&["a.jsonl"]).ends_with(0);
    place.run(&["search", "ferry"]).ends_with(0);
}

#[test]
fn half_written_generation_of_a_killed_run_is_passed_by() {
    let place = Place::new();
    place.write("a.jsonl", line("a"));
    place.write("b.jsonl", line("b"));
    place.cluster(&["a.jsonl"]).ends_with(0);
    // What a run leaves that is killed while it writes.
    place.write(".samestory/g2/store.redb", "half");
    place.write(".samestory/g2/index/meta.json", "{");
    place.write(".samestory/collection.json.new", "{\"for");
    let export = place.run(&["export"]);
    assert!(export.ends_with(0).stdout.contains("\"id\":\"a\""), "{export:?}");
    place.cluster(&["b.jsonl"]).ends_with(0).keeps(&["b"]);
    let export = place.run(&["export"]);
    assert!(export.ends_with(0).stdout.contains("\"id\":\"b\""), "{export:?}");
}

#[test]
fn folder_of_a_first_run_that_was_killed_is_taken_over() {
    let place = Place::new();
    place.write("a.jsonl", line("a"));
    place.write(".samestory/lock", "");
    place.write(".samestory/g1/store.redb", "half");
    place.write(".samestory/g1/index/meta.json", "{");
    let run = place.run(&["info"]);
    run.ends_with(3);
    assert!(run.stderr.contains("error: no collection at `.samestory`"), "{run:?}");
    place.cluster(&["a.jsonl"]).ends_with(0).keeps(&["a"]);
    place.run(&["search", "ferry"]).ends_with(0);
}

#[test]
fn collection_that_another_process_writes_is_refused() {
    let place = Place::new();
    place.write("a.jsonl", line("a"));
    place.cluster(&["a.jsonl"]).ends_with(0);
    let lock = fs::File::options().append(true).open(place.path(".samestory/lock")).unwrap();
    lock.try_lock().unwrap();
    place.cluster(&["a.jsonl"]).ends_with(3).says("error: collection `.samestory` is being written by another process");
    // Reading goes on meanwhile.
    place.run(&["search", "ferry"]).ends_with(0);
    drop(lock);
    place.cluster(&["a.jsonl"]).ends_with(0);
}

#[test]
fn bad_gold_labels() {
    let place = Place::new();
    place.write("a.jsonl", line("a"));
    place.write("none.tsv", "id\tstory\n");
    place.write("odd.tsv", "id\tstory\na\tone\nno tab here\n");
    place.write("other.tsv", "x\tone\ny\tone\n");
    let eval = |gold: &str| place.run(&["eval", gold, "--articles", "a.jsonl"]);
    eval("nosuch.tsv").ends_with(3).says("error: `nosuch.tsv` does not exist");
    eval("none.tsv").ends_with(3).says("error: `none.tsv` labels no article");
    let reason = "line 3: is neither JSON with `id` and `story` nor `id<TAB>story`";
    eval("odd.tsv").ends_with(3).says(&format!("error: `odd.tsv` {reason}"));
    // No label is about any of the articles: there is nothing to score.
    let run = eval("other.tsv");
    run.ends_with(3);
    assert!(run.stderr.contains("other.tsv"), "{run:?}");
}

#[test]
fn stubs_of_a_paywall_do_not_make_copies() {
    let place = Place::new();
    let stub = "Please subscribe to read the full story on our site.";
    let row = |id: &str, title: &str| {
        format!("{}\n", serde_json::json!({"id": id, "title": title, "source": "Post", "text": stub}))
    };
    let rows = [
        row("ferry", "Ferry runs aground in fog near Hallin"),
        row("budget", "Velmark parliament votes down the budget"),
        row("museum", "Thieves take three astrolabes from a museum"),
    ];
    place.write("a.jsonl", rows.concat());
    let run = place.cluster(&["a.jsonl"]);
    run.ends_with(0).keeps(&["budget", "ferry", "museum"]);
    assert!(!run.stdout.contains("\"copy_of\":\""), "reports under three headlines are no copies: {run:?}");
}

#[test]
fn case_and_punctuation_do_not_hide_a_copy() {
    let place = Place::new();
    let text = "A car ferry with 214 passengers ran onto a sandbank in thick fog early on Tuesday morning.";
    let row = |id: &str, text: &str| format!("{}\n", serde_json::json!({"id": id, "title": id, "text": text}));
    let rows = [row("a", text), row("b", &text.to_uppercase()), row("c", &text.replace(' ', ",  "))];
    place.write("a.jsonl", rows.concat());
    let run = place.cluster(&["a.jsonl"]);
    run.ends_with(0).keeps(&["a", "b", "c"]);
    assert_eq!(run.stdout.matches("\"copy_of\":\"a\"").count(), 2, "{run:?}");
}

#[test]
fn newer_text_of_an_address_stands_for_the_older() {
    let place = Place::new();
    let row = |id: &str, day: &str, url: &str, text: &str| {
        let row = serde_json::json!({"id": id, "title": "Ferry aground", "published": day, "url": url, "text": text});
        format!("{row}\n")
    };
    let rows = [
        row("first", "2020-02-04", "https://post.example/ferry", "The ferry ran aground."),
        row("second", "2020-02-05", "http://www.post.example/ferry/?utm_source=feed#top", "Tugs have freed it."),
    ];
    place.write("a.jsonl", rows.concat());
    let run = place.cluster(&["a.jsonl"]);
    run.ends_with(0).keeps(&["first", "second"]);
    let rows: Vec<serde_json::Value> = run.stdout.lines().map(|row| serde_json::from_str(row).unwrap()).collect();
    assert_eq!((&rows[0]["version_of"], &rows[1]["version_of"]), (&"second".into(), &serde_json::Value::Null));
    assert_eq!(rows[0]["story"], rows[1]["story"]);
}

#[test]
fn output_that_cannot_be_written() {
    let place = Place::new();
    place.write("a.jsonl", line("a"));
    place.cluster(&["a.jsonl"]).ends_with(0);
    for command in [
        &["export", "--output", "nosuch/x"][..],
        &["dedup", "a.jsonl", "--pairs", "nosuch/x"],
        &["cluster", "a.jsonl", "--assignments", "nosuch/x"],
    ] {
        let run = place.run(command);
        run.ends_with(3);
        assert!(run.stderr.contains("error: `nosuch/x`: "), "{run:?}");
    }
}

#[test]
fn headlines_cannot_command_the_terminal() {
    let place = Place::new();
    place.write(
        "a.jsonl",
        "{\"id\":\"a\",\"title\":\"\\u001b]0;owned\\u0007 Ferry aground\",\"text\":\"\\u001b[2J A text.\"}\n",
    );
    let runs = [
        place.run(&["cluster", "a.jsonl"]),
        place.run(&["stories"]),
        place.run(&["show", "a"]),
        place.run(&["search", "ferry"]),
    ];
    for run in runs {
        run.ends_with(0);
        assert!(!run.stdout.contains('\u{1b}') && !run.stderr.contains('\u{1b}'), "{run:?}");
    }
}

#[test]
fn an_output_never_replaces_what_is_read_or_what_a_failed_run_would_have_replaced() {
    let place = Place::new();
    place.write("a.jsonl", line("a"));
    let before = fs::read_to_string(place.path("a.jsonl")).unwrap();
    place.run(&["cluster", "a.jsonl", "--assignments", "a.jsonl"]).ends_with(2);
    place.run(&["dedup", "a.jsonl", "--output", "a.jsonl"]).ends_with(2);
    assert_eq!(fs::read_to_string(place.path("a.jsonl")).unwrap(), before);
    place.write("stories.jsonl", "kept\n");
    place.run(&["cluster", "nothing-here", "--assignments", "stories.jsonl"]).ends_with(3);
    assert_eq!(fs::read_to_string(place.path("stories.jsonl")).unwrap(), "kept\n");
}
