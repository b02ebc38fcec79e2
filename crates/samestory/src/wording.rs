//! How counts, versions and links are put into words, the same for every way to ask.

use samestory_article::{Origin, Precision};
use samestory_cluster::links::LinkKind;
use samestory_reuse::{ChangeKind, Direction, Reason, Side, VersionChange};

/// `1 article`, `2 articles`.
pub fn counted(count: u64, one: &str) -> String {
    let many = match one.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{stem}ies"),
        _ => format!("{one}s"),
    };
    format!("{} {}", grouped(count), if count == 1 { one.to_owned() } else { many })
}

/// A number with commas between groups of three digits.
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut shown = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// `version 0 to version 1: 1 changed, 2 added, 20 unchanged`.
pub fn version_summary(change: &VersionChange) -> String {
    let kinds = [
        (ChangeKind::Changed, "changed"),
        (ChangeKind::Added, "added"),
        (ChangeKind::Removed, "removed"),
        (ChangeKind::Moved, "moved"),
    ];
    let of = |kind: ChangeKind| change.sentences.iter().filter(move |sentence| sentence.kind == kind);
    let mut told: Vec<String> = kinds
        .into_iter()
        .filter(|(kind, _)| of(*kind).next().is_some())
        .map(|(kind, name)| {
            let trivial = of(kind).filter(|sentence| sentence.trivial).count();
            let trivially = if trivial > 0 { format!(" ({trivial} trivially)") } else { String::new() };
            format!("{} {name}{trivially}", of(kind).count())
        })
        .collect();
    let unplaced = of(ChangeKind::AddedOrRemoved).count();
    if unplaced > 0 {
        told.push(format!("{} in one version only", counted(unplaced as u64, "paragraph")));
    }
    told.push(format!("{} unchanged", change.unchanged));
    format!("version {} to version {}: sentences {}", change.from, change.to, told.join(", "))
}

/// What a story is to one that it is linked to.
pub fn link_words(kind: LinkKind) -> &'static str {
    match kind {
        LinkKind::Follows => "follows",
        LinkKind::Precedes => "is followed by",
        LinkKind::Related => "related to",
    }
}

/// Whose clock a time is.
pub fn clock_words(clock: Origin) -> &'static str {
    match clock {
        Origin::Field => "a field of the file",
        Origin::Page => "its page",
        Origin::Feed => "its feed",
        Origin::Url => "its address",
        Origin::Text => "its text",
    }
}

/// How finely a time is known.
pub fn precision_words(precision: Precision) -> &'static str {
    match precision {
        Precision::Day => "the day",
        Precision::Minute => "the minute",
        Precision::Second => "the second",
    }
}

/// An error with what caused it, in one line without control characters.
pub fn one_line(error: &dyn std::error::Error) -> String {
    let mut told = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        told = format!("{told}: {inner}");
        source = inner.source();
    }
    told.replace(|c: char| c.is_control(), " ")
}

/// A direction in a sentence, with the names that both articles go by.
pub fn direction_text(direction: &Direction, a: &str, b: &str) -> String {
    let reasons: Vec<String> = direction.reasons.iter().map(|reason| reason_text(reason, a, b)).collect();
    let why = if reasons.is_empty() { String::new() } else { format!(": {}", reasons.join("; ")) };
    match direction.source {
        Some(Side::A) => format!("{b} has it from {a}, confidence {:.2}{why}", direction.confidence),
        Some(Side::B) => format!("{a} has it from {b}, confidence {:.2}{why}", direction.confidence),
        None => format!("unknown{why}"),
    }
}

fn reason_text(reason: &Reason, a: &str, b: &str) -> String {
    let name = |side: &Side| match side {
        Side::A => a.to_owned(),
        Side::B => b.to_owned(),
    };
    match reason {
        Reason::AgencyReport { side, agency } => format!("{} is the report of {agency} itself", name(side)),
        Reason::Credits { side, agency } => format!("{} credits {agency}, the other does not", name(side)),
        Reason::BothCredit { agency } => format!("both credit {agency}, so both have it from there"),
        Reason::OlderVersion { side } => format!("{} is the older version of one address", name(side)),
        Reason::NamesOutlet { side, outlet } => format!("the words name {outlet}, the outlet of {}", name(side)),
        Reason::Earlier { side, seconds, clocks } => {
            format!("{} is {} earlier{}", name(side), long(*seconds), doubt(clocks))
        }
        Reason::ClocksOverlap => "their clocks do not tell which was first".to_owned(),
        Reason::Undated { side } => format!("{} has no date", name(side)),
        Reason::HoldsMore { side } => format!("{} holds nearly all of the other, and more", name(side)),
        Reason::BothFrom { article } => format!("both have it from {}", article),
        Reason::FewWords => "few words, which both may have come upon".to_owned(),
        Reason::CommonSource => "words of a source that both may have heard".to_owned(),
    }
}

fn doubt(clocks: &[Origin; 2]) -> &'static str {
    match clocks.iter().any(|clock| matches!(clock, Origin::Url | Origin::Text)) {
        true => " by an address or a text",
        false => "",
    }
}

/// A span of time in its largest unit.
fn long(seconds: i64) -> String {
    match seconds.unsigned_abs() {
        days @ 172_800.. => counted(days / 86_400, "day"),
        hours @ 7_200.. => counted(hours / 3_600, "hour"),
        minutes @ 120.. => counted(minutes / 60, "minute"),
        seconds => counted(seconds, "second"),
    }
}
