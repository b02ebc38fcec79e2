//! Addresses: when two of them name the same page, and the date some of them hold.

use url::Url;

/// Parameters that say where a reader came from, not which page is meant.
const TRACKING: &[&str] = &[
    "fbclid",
    "gclid",
    "dclid",
    "msclkid",
    "mc_cid",
    "mc_eid",
    "igshid",
    "ref",
    "ref_src",
    "partner",
    "smid",
    "smtyp",
    "action",
    "module",
    "region",
    "pgtype",
    "clicksource",
    "hp",
    "cmp",
    "cmpid",
    "ncid",
    "ocid",
    "src",
    "track",
    "feedtype",
    "feedname",
    "ftag",
    "xid",
    "taid",
    "sr_share",
    "share",
    "via",
    "output",
    "amp",
    "emc",
    "_r",
    "hpid",
];

/// The address without scheme, `www.`, user, port, fragment, tracking parameters and closing slash;
/// the remaining parameters sorted. `None` for what is no web address, or names a whole site.
///
/// ```
/// use samestory_ingest::canonical_url;
/// assert_eq!(
///     canonical_url("https://www.courier.example/2020/truce/?utm_source=feed&id=7#top").as_deref(),
///     Some("courier.example/2020/truce?id=7"),
/// );
/// assert_eq!(canonical_url("https://courier.example/"), None);
/// ```
pub fn canonical_url(given: &str) -> Option<String> {
    let url = parse(given)?;
    let host = host(&url)?;
    let mut parameters: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(key, _)| {
            let key = key.to_ascii_lowercase();
            !key.starts_with("utm_") && !key.starts_with("wt.") && !TRACKING.contains(&key.as_str())
        })
        .map(|(key, value)| (key.into_owned(), value.into_owned()))
        .filter(|(_, value)| !value.is_empty())
        .collect();
    parameters.sort();
    let path = url.path().trim_end_matches('/');
    if path.is_empty() && parameters.is_empty() {
        return None;
    }
    let mut canonical = format!("{host}{path}");
    for (at, (key, value)) in parameters.iter().enumerate() {
        canonical.push(if at == 0 { '?' } else { '&' });
        canonical.push_str(key);
        canonical.push('=');
        canonical.push_str(value);
    }
    // A page that a script shows is named behind the hash.
    if let Some(fragment) = url.fragment().filter(|fragment| fragment.starts_with(['/', '!'])) {
        canonical.push('#');
        canonical.push_str(fragment);
    }
    Some(canonical)
}

/// The host of an address, in lower case and without `www.`.
pub(crate) fn host_of(given: &str) -> Option<String> {
    host(&parse(given)?)
}

fn parse(given: &str) -> Option<Url> {
    let given = given.trim();
    let url = Url::parse(given).or_else(|_| Url::parse(&format!("http://{given}"))).ok()?;
    matches!(url.scheme(), "http" | "https").then_some(url)
}

fn host(url: &Url) -> Option<String> {
    let host = url.host_str()?.to_ascii_lowercase();
    let host = host.strip_prefix("www.").unwrap_or(&host);
    host.contains('.').then(|| host.to_owned())
}

/// The day in a path such as `/2020/01/08/`, `/2014/aug/19/` or `/2020-01-08/`, as `YYYY-MM-DD`.
pub(crate) fn date_in_path(given: &str) -> Option<String> {
    let url = parse(given)?;
    let parts: Vec<&str> = url.path_segments()?.collect();
    let day_of = |year: &str, month: &str, day: &str| {
        let number = |text: &str, width: std::ops::RangeInclusive<usize>| {
            width.contains(&text.len()).then(|| text.parse::<u32>().ok()).flatten()
        };
        let year = number(year, 4..=4).filter(|year| (1990..2100).contains(year))?;
        let month = number(month, 1..=2).or_else(|| month_number(month)).filter(|month| (1..=12).contains(month))?;
        let day = number(day, 1..=2).filter(|day| (1..=31).contains(day))?;
        Some(format!("{year:04}-{month:02}-{day:02}"))
    };
    parts.windows(3).find_map(|three| day_of(three[0], three[1], three[2])).or_else(|| {
        parts.iter().find_map(|part| {
            let pieces: Vec<&str> = part.splitn(4, '-').collect();
            (pieces.len() == 3).then(|| day_of(pieces[0], pieces[1], pieces[2])).flatten()
        })
    })
}

fn month_number(name: &str) -> Option<u32> {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let name = name.to_ascii_lowercase();
    let at = MONTHS.iter().position(|month| name.len() <= 9 && name.starts_with(month))?;
    Some(at as u32 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_page_has_one_address() {
        let forms = [
            "http://www.courier.example/a/b?x=1&utm_medium=y",
            "https://courier.example/a/b/?x=1#part",
            "courier.example/a/b?x=1",
            "https://courier.example:443/a/b?x=1&hp&fbclid=click",
        ];
        for form in forms {
            assert_eq!(canonical_url(form).as_deref(), Some("courier.example/a/b?x=1"), "{form}");
        }
        assert_eq!(canonical_url("not an address"), None);
        assert_eq!(canonical_url("mailto:a@b.example"), None);
    }

    #[test]
    fn days_in_paths() {
        let day = |url| date_in_path(url);
        assert_eq!(day("https://a.example/2020/01/08/world/x.html").as_deref(), Some("2020-01-08"));
        assert_eq!(day("https://a.example/news/2014/aug/19/x").as_deref(), Some("2014-08-19"));
        assert_eq!(day("https://a.example/2020-01-08/x").as_deref(), Some("2020-01-08"));
        assert_eq!(day("https://a.example/2020/13/08/x"), None);
        assert_eq!(day("https://a.example/story/12/34"), None);
    }
}
