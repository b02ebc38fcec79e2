//! The table of outlets and agencies: which names, hosts and credits mean the same.

use std::ops::Range;
use std::sync::{Arc, LazyLock};

use jiff::tz::{TimeZone, TimeZoneDatabase};
use rustc_hash::{FxHashMap, FxHashSet};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use toml::Spanned;

use crate::agency::{Agencies, Wording};

/// The table that comes with the program.
const BUILT_IN: &str = include_str!("../data/outlets.toml");

/// Sections of an outlet that are set behind its name: `New York Times - Opinion`, `Forbes (blog)`.
const SECTIONS: &[&str] =
    &["blog", "editorial", "news", "online", "online news", "opinion", "press release", "subscription", "web news"];

/// Articles that a name is known with and without.
const ARTICLES: &[&str] = &["the", "le", "la", "les", "der", "die", "das", "el", "il"];

/// An outlet, under one name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outlet {
    /// The name it is known by here.
    #[serde(deserialize_with = "not_empty")]
    pub name: String,
    /// The other ways its name is written.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// The hosts it publishes under, in lower case and without `www.`; sub-domains belong to them.
    #[serde(default, deserialize_with = "hosts")]
    pub hosts: Vec<String>,
    /// The IANA zone of times it writes without one.
    #[serde(default, deserialize_with = "zone")]
    pub zone: Option<String>,
}

/// A news agency, under one name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agency {
    /// The name it is known by here.
    #[serde(deserialize_with = "not_empty")]
    pub name: String,
    /// The ways it is written in credits, in any language.
    #[serde(default)]
    pub credits: Vec<String>,
}

/// How a language words a credit around the names of agencies.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Credit {
    /// The language, as its ISO 639 code.
    #[serde(deserialize_with = "not_empty")]
    pub language: String,
    /// What may stand before a name.
    #[serde(default)]
    pub before: Vec<String>,
    /// What may stand after the last name.
    #[serde(default)]
    pub after: Vec<String>,
    /// What may join two names, other than punctuation.
    #[serde(default)]
    pub between: Vec<String>,
}

/// A table as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default, deserialize_with = "hosts")]
    shared_hosts: Vec<String>,
    #[serde(default)]
    outlet: Vec<Outlet>,
    #[serde(default)]
    agency: Vec<Agency>,
    #[serde(default)]
    credit: Vec<Credit>,
}

/// Outlets and agencies by the names, hosts and credits they are found under.
#[derive(Debug, Clone, Default)]
pub struct OutletTable {
    outlets: Vec<Outlet>,
    agencies: Vec<Agency>,
    credits: Vec<Credit>,
    shared_hosts: FxHashSet<String>,
    reader: Agencies,
    /// Outlets by the key of a name, with the article of that name.
    by_key: FxHashMap<String, Vec<(String, usize)>>,
    by_host: FxHashMap<String, usize>,
}

impl OutletTable {
    /// The table that comes with the program; empty would it not be valid, which a test rules out.
    pub fn built_in() -> Arc<OutletTable> {
        static TABLE: LazyLock<Arc<OutletTable>> =
            LazyLock::new(|| Arc::new(OutletTable::parse(BUILT_IN).unwrap_or_default()));
        Arc::clone(&TABLE)
    }

    /// The text of the table that comes with the program, to start one's own from.
    pub fn built_in_text() -> &'static str {
        BUILT_IN
    }

    /// Reads a table. The message says in which line what is wrong.
    ///
    /// ```
    /// # use samestory_ingest::OutletTable;
    /// let table = OutletTable::parse("[[outlet]]\nname = 'courier'\nhosts = ['courier.example']").unwrap();
    /// assert_eq!(table.by_host("edition.courier.example").unwrap().name, "courier");
    /// assert!(OutletTable::parse("[[outlet]]\nnam = 'courier'").unwrap_err().contains("line 2"));
    /// ```
    pub fn parse(text: &str) -> Result<Self, String> {
        let written: Written = toml::from_str(text)
            .map_err(|error| format!("line {}: {}", line_at(text, error.span()), error.message()))?;
        let mut table = OutletTable {
            outlets: written.outlet,
            agencies: written.agency,
            credits: written.credit,
            shared_hosts: written.shared_hosts.into_iter().collect(),
            ..OutletTable::default()
        };
        if let Some((place, told)) = table.twice() {
            return Err(format!("line {}: {told}", place.line(text)));
        }
        table.index();
        Ok(table)
    }

    /// Lays another table over this one. Its outlets, agencies and credits replace those of the same name, and
    /// what it says of an alias or host goes before what is said here. Its shared hosts are added.
    pub fn merge(&mut self, other: OutletTable) {
        replace(&mut self.outlets, other.outlets, |outlet| &outlet.name);
        replace(&mut self.agencies, other.agencies, |agency| &agency.name);
        replace(&mut self.credits, other.credits, |credit| &credit.language);
        self.shared_hosts.extend(other.shared_hosts);
        self.index();
    }

    /// The outlet that a written name means: its name, an alias, or its host. Letter case, spaces and
    /// punctuation do not matter; a leading article may be missing or added, but a name of one word has to have
    /// the article of its alias (`Times` is not `The Times`); a section may be set behind (`- Opinion`).
    pub fn by_name(&self, written: &str) -> Option<&Outlet> {
        let written = written.trim();
        self.by_whole_name(written)
            .or_else(|| self.by_whole_name(without_section(written)?))
            .or_else(|| self.by_host(&host_in(written)?))
    }

    fn by_whole_name(&self, written: &str) -> Option<&Outlet> {
        let name = Name::of(written);
        let known = self.by_key.get(&name.key)?;
        let same = known.iter().find(|(article, _)| *article == name.article);
        let near = || {
            let mut near = known
                .iter()
                .filter(|(article, _)| name.key_is_own(article) && (article.is_empty() || name.article.is_empty()));
            let first = near.next()?;
            // `Presse` could be `La Presse` or `Die Presse`.
            near.all(|(_, index)| *index == first.1).then_some(first)
        };
        same.or_else(near).map(|(_, index)| &self.outlets[*index])
    }

    /// The outlet of a host: that of the longest known host which it is, or is below.
    pub fn by_host(&self, host: &str) -> Option<&Outlet> {
        let host = plain_host(host);
        let index = ancestors(&host).find_map(|host| match self.by_host.get(host) {
            Some(index) => Some(Some(*index)),
            None => self.shared_hosts.contains(host).then_some(None),
        })??;
        Some(&self.outlets[index])
    }

    /// The zone of times that an outlet writes without one. Takes any of the outlet's names.
    pub fn zone(&self, outlet: &str) -> Option<TimeZone> {
        zone_named(self.by_name(outlet)?.zone.as_deref()?)
    }

    /// The name of the outlet that publishes under a host: as the table has it, else the label below a shared
    /// host, else the label the host is registered under.
    pub fn name_of_host(&self, host: &str) -> String {
        let host = plain_host(host);
        if let Some(outlet) = self.by_host(&host) {
            return outlet.name.clone();
        }
        let shared = ancestors(&host).find(|host| self.shared_hosts.contains(*host));
        let below = shared.and_then(|shared| host.strip_suffix(shared)?.strip_suffix('.'));
        match below.and_then(|labels| labels.rsplit('.').next()).filter(|label| !label.is_empty()) {
            Some(label) => label.to_owned(),
            None => outlet_of_host(&host),
        }
    }

    /// All outlets.
    pub fn outlets(&self) -> &[Outlet] {
        &self.outlets
    }

    /// The agency that is written so in credits.
    pub fn agency_called(&self, written: &str) -> Option<&Agency> {
        let name = self.reader.named(written)?;
        self.agencies.iter().find(|agency| agency.name == name)
    }

    /// The agencies, as a reader of credits.
    /// The agency that an outlet is, by the outlet's name or one of its others.
    pub fn agency_of(&self, outlet: &str) -> Option<&Agency> {
        self.agency_called(outlet).or_else(|| {
            let names = &self.by_name(outlet)?.aliases;
            names.iter().find_map(|name| self.agency_called(name))
        })
    }

    pub(crate) fn agencies(&self) -> &Agencies {
        &self.reader
    }

    /// Where a name, alias, host or credit stands for two: the place of the second in the text, and what is wrong.
    fn twice(&self) -> Option<(Place, String)> {
        let mut taken: FxHashMap<String, &str> = FxHashMap::default();
        let mut take = |kind: &str, written: &str, key: String, owner| {
            let before = taken.insert(key, owner).filter(|before| *before != owner)?;
            Some(format!("{kind} `{written}` stands for both `{before}` and `{owner}`"))
        };
        let mut names = FxHashSet::default();
        for (index, outlet) in self.outlets.iter().enumerate() {
            let mut told = (!names.insert(&outlet.name)).then(|| format!("outlet `{}` is there twice", outlet.name));
            for written in std::iter::once(&outlet.name).chain(&outlet.aliases) {
                let Name { key, article, .. } = Name::of(written);
                told = told.or(take("name", written, format!("name {article} {key}"), &outlet.name));
            }
            for host in &outlet.hosts {
                told = told.or(take("host", host, format!("host {host}"), &outlet.name));
            }
            if let Some(told) = told {
                return Some((Place::Outlet(index), told));
            }
        }
        names.clear();
        for (index, agency) in self.agencies.iter().enumerate() {
            let mut told = (!names.insert(&agency.name)).then(|| format!("agency `{}` is there twice", agency.name));
            for credit in &agency.credits {
                told = told.or(take("credit", credit, format!("credit {}", credit.to_lowercase()), &agency.name));
            }
            if let Some(told) = told {
                return Some((Place::Agency(index), told));
            }
        }
        None
    }

    /// Builds the look-ups. Where two outlets claim a name or host, the first has it.
    fn index(&mut self) {
        let names = self.agencies.iter().map(|agency| (agency.name.clone(), agency.credits.clone()));
        let wordings = self.credits.iter().map(|Credit { before, after, between, .. }| Wording {
            before: before.clone(),
            after: after.clone(),
            between: between.clone(),
        });
        self.reader = Agencies::new(names, wordings);
        self.by_key.clear();
        self.by_host.clear();
        for (index, outlet) in self.outlets.iter().enumerate() {
            for written in std::iter::once(&outlet.name).chain(&outlet.aliases) {
                let name = Name::of(written);
                let known = self.by_key.entry(name.key).or_default();
                if !known.iter().any(|(article, _)| *article == name.article) {
                    known.push((name.article, index));
                }
            }
            for host in &outlet.hosts {
                self.by_host.entry(host.clone()).or_insert(index);
            }
        }
    }
}

/// Second-level labels under which countries register: the `co` of `co.uk`.
const REGISTRY_LABELS: &[&str] = &["ac", "co", "com", "edu", "go", "gov", "ne", "net", "or", "org"];

/// The label that a host is registered under.
fn outlet_of_host(host: &str) -> String {
    let labels: Vec<&str> = host.trim_end_matches('.').split('.').collect();
    let mut name = labels.len().saturating_sub(2);
    if name > 0 && labels[labels.len() - 1].len() == 2 && REGISTRY_LABELS.contains(&labels[name]) {
        name -= 1;
    }
    labels.get(name).map_or_else(|| host.to_owned(), |label| label.to_ascii_lowercase())
}

/// The form in which two names of outlets are compared: lower case, without a leading article, spaces and
/// punctuation. Accents stay.
///
/// ```
/// # use samestory_ingest::outlet_key;
/// assert_eq!(outlet_key("The New York Times"), outlet_key("new york times"));
/// assert_ne!(outlet_key("Time.com"), outlet_key("Time"));
/// ```
pub fn outlet_key(name: &str) -> String {
    Name::of(name).key
}

/// A written name, taken apart.
struct Name {
    key: String,
    article: String,
    words: usize,
}

impl Name {
    fn of(written: &str) -> Self {
        let lower: String = written.to_lowercase().chars().filter(|&c| c != '\u{307}').collect();
        let words = |text: &str| text.split(|c: char| !is_name_char(c)).filter(|word| !word.is_empty()).count();
        // An article is a word of its own: `Le Monde`, not `le-monde.example` or `L'Express`.
        let (article, name) = match lower.trim_start().split_once(char::is_whitespace) {
            Some((first, rest)) if ARTICLES.contains(&first) && words(rest) > 0 => (first, rest),
            _ => ("", lower.as_str()),
        };
        let key: String = name.chars().filter(|&c| is_name_char(c)).collect();
        // A name that is all signs is still a name.
        let key = if key.is_empty() { name.split_whitespace().collect() } else { key };
        Name { key, article: article.to_owned(), words: words(name) }
    }

    /// Whether the name means the same with the article as without it.
    fn key_is_own(&self, article: &str) -> bool {
        self.words > 1 || !self.article.is_empty() || article.is_empty()
    }
}

/// Letters, digits, and the signs that letters carry in scripts where they are characters of their own.
fn is_name_char(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '\u{300}'..='\u{36F}' | '\u{900}'..='\u{DFF}' | '\u{E30}'..='\u{E4F}')
}

/// The name in front of `(Online)` or `- Opinion`.
fn without_section(written: &str) -> Option<&str> {
    let (name, section) = match written.strip_suffix(')') {
        Some(open) => open.rsplit_once('(')?,
        None => written.rsplit_once(" - ")?,
    };
    // A feed reader writes `Forbes \(blog\)`.
    let section = section.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    let name = name.trim_end_matches([' ', '\\']);
    (SECTIONS.contains(&section.as_str()) && !name.is_empty()).then_some(name)
}

/// The host in a name that is written as one or as an address.
fn host_in(written: &str) -> Option<String> {
    let rest = written.split_once("://").map_or(written, |(_, rest)| rest);
    let host = rest.split(['/', '?', '#', ':']).next()?;
    (host.contains('.') && !host.contains(char::is_whitespace)).then(|| plain_host(host))
}

/// A host in lower case and without `www.`.
fn plain_host(host: &str) -> String {
    let host = host.trim().trim_end_matches('.').to_lowercase();
    host.strip_prefix("www.").map(str::to_owned).unwrap_or(host)
}

/// A host and those above it, from the longest.
fn ancestors(host: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(host), |host| host.split_once('.').map(|(_, above)| above))
}

/// The zone of an IANA name, from the data that comes with the program: the same everywhere.
fn zone_named(name: &str) -> Option<TimeZone> {
    static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);
    ZONES.get(name).ok()
}

/// Puts `new` before `old`, without those of `old` that have the name of a new one.
fn replace<T>(old: &mut Vec<T>, mut new: Vec<T>, name: impl Fn(&T) -> &String) {
    let names: FxHashSet<String> = new.iter().map(|item| name(item).clone()).collect();
    new.extend(std::mem::take(old).into_iter().filter(|item| !names.contains(name(item))));
    *old = new;
}

/// The line a span begins in; the first where there is none.
fn line_at(text: &str, span: Option<Range<usize>>) -> usize {
    let at = span.map_or(0, |span| span.start.min(text.len()));
    text.as_bytes()[..at].iter().filter(|&&byte| byte == b'\n').count() + 1
}

/// An entry of a table by its number.
enum Place {
    Outlet(usize),
    Agency(usize),
}

impl Place {
    /// The line in which the entry begins. Reads the text again, which only a mistake asks for.
    fn line(&self, text: &str) -> usize {
        #[derive(Deserialize)]
        struct Entries {
            #[serde(default)]
            outlet: Vec<Spanned<IgnoredAny>>,
            #[serde(default)]
            agency: Vec<Spanned<IgnoredAny>>,
        }
        let entries: Option<Entries> = toml::from_str(text).ok();
        let span = entries.and_then(|entries| match self {
            Place::Outlet(index) => entries.outlet.get(*index).map(Spanned::span),
            Place::Agency(index) => entries.agency.get(*index).map(Spanned::span),
        });
        line_at(text, span)
    }
}

fn not_empty<'de, D: serde::Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let name = String::deserialize(from)?;
    if name.trim().is_empty() { Err(serde::de::Error::custom("a name is empty")) } else { Ok(name) }
}

fn hosts<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let hosts = Vec::<String>::deserialize(from)?;
    match hosts.iter().find(|host| !is_plain_host(host)) {
        Some(host) => Err(serde::de::Error::custom(format!(
            "`{host}` is not a host in lower case, without `www.` and without a path"
        ))),
        None => Ok(hosts),
    }
}

fn is_plain_host(host: &str) -> bool {
    let sound = |c: char| c == '.' || c == '-' || (c.is_alphanumeric() && !c.is_uppercase());
    host.contains('.')
        && host.chars().all(sound)
        && host.split('.').all(|label| !label.is_empty())
        && !host.starts_with("www.")
}

fn zone<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let zone = String::deserialize(from)?;
    match zone_named(&zone) {
        Some(_) => Ok(Some(zone)),
        None => Err(serde::de::Error::custom(format!("`{zone}` is not a time zone such as `Europe/Paris`"))),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_built_in_table_is_sound() {
        // `parse` rejects what stands for two, hosts that are not plain and zones that are not known.
        let table = OutletTable::parse(BUILT_IN).unwrap();
        assert!(table.outlets.len() >= 300 && table.agencies.len() >= 60 && table.credits.len() >= 10);
        assert!(
            table.outlets.iter().filter_map(|outlet| outlet.zone.as_deref()).all(|zone| zone_named(zone).is_some())
        );
        for outlet in &table.outlets {
            for name in std::iter::once(&outlet.name).chain(&outlet.aliases) {
                assert_eq!(table.by_name(name).unwrap().name, outlet.name, "{name}");
            }
            for host in &outlet.hosts {
                assert_eq!(table.by_host(host).unwrap().name, outlet.name, "{host}");
                assert!(!table.shared_hosts.contains(host), "{host}");
            }
        }
    }

    /// A name is the label of its first host, or that host where the label would not tell the outlet.
    #[test]
    fn names_are_those_of_hosts() {
        let table = OutletTable::built_in();
        let mut bare = OutletTable::clone(&table);
        bare.by_host.clear();
        for outlet in &table.outlets {
            let host = outlet.hosts.first().unwrap();
            assert!(outlet.name == *host || outlet.name == bare.name_of_host(host), "{}", outlet.name);
        }
    }

    #[test]
    fn names_and_hosts() {
        let table = OutletTable::built_in();
        let name = |written| table.by_name(written).map(|outlet| outlet.name.as_str());
        for (written, expected) in [
            ("The New York Times", Some("nytimes")),
            ("new york times", Some("nytimes")),
            ("New York Times - Opinion", Some("nytimes")),
            ("Wall Street Journal \\(blog\\)", Some("wsj")),
            ("NYTimes.com", Some("nytimes")),
            ("www.nytimes.com", Some("nytimes")),
            ("https://www.nytimes.com/", Some("nytimes")),
            ("Fox Online News", Some("foxnews")),
            ("CNN (Web News)", Some("cnn")),
            ("CNN - Editorial", Some("cnn")),
            ("Huffington Post", Some("huffpost")),
            ("Le HuffPost", Some("huffingtonpost.fr")),
            ("USA TODAY", Some("usatoday")),
            ("BBC News", Some("bbc")),
            ("The Hill", Some("thehill")),
            ("thehill", Some("thehill")),
            ("Der Standard", Some("derstandard")),
            ("The Standard", None),
            ("Standard", None),
            ("La Presse", Some("lapresse")),
            ("Die Presse", Some("diepresse")),
            ("Presse", None),
            ("The Guardian", Some("theguardian")),
            ("The Guardian (Nigeria)", Some("guardian.ng")),
            ("The Guardian (Atlantis)", None),
            ("新华社", Some("xinhuanet")),
            ("Tuổi Trẻ", Some("tuoitre")),
            ("Plains Dispatch", None),
            ("", None),
        ] {
            assert_eq!(name(written), expected, "{written}");
        }
        for (host, expected) in [
            ("edition.cnn.com", "cnn"),
            ("www.BBC.co.uk", "bbc"),
            ("articles.timesofindia.indiatimes.com", "timesofindia"),
            ("g1.globo.com", "g1"),
            ("abcnews.go.com", "abcnews"),
            ("truce.blogspot.com", "truce"),
            ("www.truce.substack.com", "truce"),
            ("blogspot.com", "blogspot"),
            ("www.courier.co.uk", "courier"),
            ("notcnn.com", "notcnn"),
        ] {
            assert_eq!(table.name_of_host(host), expected, "{host}");
        }
        assert_eq!(table.zone("Le Monde").unwrap().iana_name(), Some("Europe/Paris"));
        assert!(table.zone("Reuters").is_none() && table.zone("Plains Dispatch").is_none());
    }

    #[test]
    fn the_user_wins() {
        let mut table = OutletTable::clone(&OutletTable::built_in());
        let count = table.outlets().len();
        let own = "shared_hosts = ['press.example']\n\
                   [[outlet]]\nname = 'nytimes'\naliases = ['The Gray Lady']\nhosts = ['nytimes.com']\n\
                   [[outlet]]\nname = 'mine'\naliases = ['CNN']\nhosts = ['edition.cnn.com']\n\
                   [[agency]]\nname = 'Reuters'\ncredits = ['R.']";
        table.merge(OutletTable::parse(own).unwrap());
        assert_eq!(table.outlets().len(), count + 1);
        assert_eq!(table.by_name("gray lady").unwrap().name, "nytimes");
        assert!(table.by_name("New York Times").is_none() && table.zone("nytimes").is_none());
        assert_eq!(table.by_name("The CNN").unwrap().name, "mine");
        assert_eq!(table.by_host("edition.cnn.com").unwrap().name, "mine");
        assert_eq!(table.by_host("cnn.com").unwrap().name, "cnn");
        assert_eq!(table.name_of_host("courier.press.example"), "courier");
        let reuters: Vec<_> = table.agencies.iter().filter(|agency| agency.name == "Reuters").collect();
        assert_eq!(reuters.iter().map(|agency| agency.credits.as_slice()).collect::<Vec<_>>(), [["R."]]);
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        for (text, told) in [
            ("[[outlet]]\nname = 'a'\nzone = 'Mars/Base'", "line 3: `Mars/Base` is not a time zone"),
            ("[[outlet]]\nname = 'a'\nhosts = ['A.com']", "line 3: `A.com` is not a host"),
            ("[[outlet]]\nname = 'a'\n\n[[outlet]]\nhost = []", "line 5: unknown field `host`"),
            ("[[outlet]]\nname = ''", "line 2: a name is empty"),
            ("\n[[outlet", "line 2"),
            ("[[outlet]]\nname = 'a'\n[[outlet]]\nname = 'a'", "line 3: outlet `a` is there twice"),
            (
                "[[outlet]]\nname = 'a'\n[[outlet]]\nname = 'b'\naliases = ['A']",
                "line 3: name `A` stands for both `a` and `b`",
            ),
        ] {
            let error = OutletTable::parse(text).unwrap_err();
            assert!(error.contains(told), "{text:?}: {error}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,60}") {
            let table = OutletTable::built_in();
            table.by_name(&text);
            table.by_host(&text);
            table.name_of_host(&text);
            table.zone(&text);
            let _ = OutletTable::parse(&text);
        }
    }
}
