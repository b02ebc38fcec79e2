//! One polite request: conditional, bounded in time, bytes and redirects, and never to a private address.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{
    ACCEPT, CONTENT_TYPE, ETAG, HeaderMap, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, LOCATION, RETRY_AFTER,
};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode};
use samestory::ingest::Fetched;
use tokio::sync::Semaphore;
use url::Url;

use crate::error::WatchError;
use crate::hosts::Hosts;
use crate::reach::{Private, Reach};
use crate::robots::{Leave, Rules};
use crate::schedule::DAY;
use crate::settings::WatchSettings;

/// Redirects that are followed for one answer.
const MOST_REDIRECTS: usize = 5;

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(10);

/// How long a connection is kept for another request to its host.
const KEPT: Duration = Duration::from_secs(15);

/// Characters of a header that are remembered, such as an ETag; of a longer one nothing is.
const LONGEST_TAG: usize = 1_024;

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub(crate) address: &'a Url,
    /// What the server said of the state that is known.
    pub(crate) known: Tags<'a>,
    /// Types that are welcome, as `Accept` says them.
    pub(crate) accept: &'static str,
    pub(crate) most_bytes: usize,
    /// Whether it is a page, which a host may wish not to be fetched by programs.
    pub(crate) is_page: bool,
}

/// What tells one state of an address from another.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tags<'a> {
    pub(crate) etag: Option<&'a str>,
    pub(crate) last_modified: Option<&'a str>,
}

/// An answer.
#[derive(Debug)]
pub(crate) enum Answer {
    /// Nothing has changed since the state that is known.
    Unchanged,
    /// What stands there.
    Document(Box<Document>),
}

/// What stands at an address.
#[derive(Debug)]
pub(crate) struct Document {
    /// The address that answered.
    pub(crate) address: Url,
    /// Where the first address has moved to for good.
    pub(crate) moved_to: Option<Url>,
    pub(crate) bytes: Vec<u8>,
    /// The type without its parameters, in lower case.
    pub(crate) kind: Option<String>,
    pub(crate) charset: Option<String>,
    pub(crate) etag: Option<String>,
    pub(crate) last_modified: Option<String>,
}

impl Document {
    /// What it holds, as it is read; `address` is what it is called.
    pub(crate) fn as_fetched<'d>(&'d self, address: &'d str) -> Fetched<'d> {
        Fetched { address, bytes: &self.bytes, charset: self.charset.as_deref() }
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) kind: FaultKind,
    /// How long the server asks to be left alone.
    pub(crate) retry_after: Option<Duration>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FaultKind {
    Status(StatusCode),
    /// Why the address is not asked at all.
    Refused(String),
    /// The host does not wish its page to be fetched.
    Disallowed,
    /// What the host wishes cannot be known now.
    RulesUnknown,
    /// The host has asked to be left alone.
    Resting,
    Redirects,
    RedirectLoop,
    RedirectNowhere,
    TooLarge(usize),
    TimedOut(Duration),
    Connection(String),
    /// What came is no feed.
    Unreadable(String),
}

impl FaultKind {
    /// Whether it may well be another time, soon.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            FaultKind::Status(status) => {
                status.is_server_error()
                    || matches!(*status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT)
            }
            FaultKind::TimedOut(_) | FaultKind::Connection(_) | FaultKind::RulesUnknown | FaultKind::Resting => true,
            _ => false,
        }
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FaultKind::Status(status) => match status.canonical_reason() {
                Some(reason) => write!(f, "the server answers {} {reason}", status.as_u16()),
                None => write!(f, "the server answers {}", status.as_u16()),
            },
            FaultKind::Refused(why) => write!(f, "is not asked: {why} (see --allow-private)"),
            FaultKind::Disallowed => write!(f, "robots.txt of its host does not allow it"),
            FaultKind::RulesUnknown => write!(f, "robots.txt of its host cannot be read"),
            FaultKind::Resting => write!(f, "is not asked: its host has asked to be left alone for a while"),
            FaultKind::Redirects => write!(f, "is redirected more than {MOST_REDIRECTS} times"),
            FaultKind::RedirectLoop => write!(f, "is redirected in a circle"),
            FaultKind::RedirectNowhere => write!(f, "is redirected to no address of HTTP or HTTPS"),
            FaultKind::TooLarge(most) => write!(f, "is larger than {most} bytes"),
            FaultKind::TimedOut(after) => write!(f, "did not answer whole within {} s", after.as_secs_f64()),
            FaultKind::Unreadable(why) => write!(f, "{why}"),
            FaultKind::Connection(why) => write!(f, "cannot be reached: {why}"),
        }
    }
}

impl From<FaultKind> for Fault {
    fn from(kind: FaultKind) -> Self {
        Fault { kind, retry_after: None }
    }
}

/// Asks for documents, politely.
#[derive(Debug)]
pub(crate) struct Fetcher {
    client: Client,
    reach: Reach,
    hosts: Hosts,
    rules: Rules,
    /// Requests that run at once.
    running: Semaphore,
    timeout: Duration,
}

impl Fetcher {
    pub(crate) fn new(settings: &WatchSettings) -> Result<Fetcher, WatchError> {
        let reach = Reach::and(&settings.allow_private);
        let client = Client::builder()
            .user_agent(user_agent(settings.contact.as_deref()))
            .tls_backend_preconfigured(trusted()?)
            .dns_resolver(reach.clone())
            // Each step is looked at by us; and a proxy would resolve names where we cannot look.
            .redirect(Policy::none())
            .no_proxy()
            .referer(false)
            .connect_timeout(CONNECT)
            .pool_idle_timeout(KEPT)
            .pool_max_idle_per_host(1)
            .build()
            .map_err(|error| WatchError::Client(why(&error)))?;
        Ok(Fetcher {
            client,
            reach,
            hosts: Hosts::with_delay(settings.host_delay),
            rules: Rules::default(),
            running: Semaphore::new(settings.connections.max(1)),
            timeout: settings.timeout,
        })
    }

    /// Asks for a document, and follows where it is redirected to.
    pub(crate) async fn fetch(&self, wanted: Wanted<'_>) -> Result<Answer, Fault> {
        let mut address = wanted.address.clone();
        let mut passed = vec![address.clone()];
        // The address that holds for good, as long as every redirect so far was one.
        let mut for_good = true;
        let mut moved_to = None;
        loop {
            let host = address.host().ok_or(FaultKind::RedirectNowhere)?;
            self.reach.check(&host).map_err(refused)?;
            let wished = match wanted.is_page {
                true => match self.rules.leave(&address, self).await {
                    Leave::Given(delay) => delay,
                    Leave::Refused => return Err(FaultKind::Disallowed.into()),
                    Leave::Unknown => return Err(FaultKind::RulesUnknown.into()),
                },
                false => None,
            };
            let turn = self.hosts.turn(&address, wished).await;
            if let Some(rest) = self.hosts.rests(&address) {
                return Err(Fault { kind: FaultKind::Resting, retry_after: Some(rest) });
            }
            let Ok(_place) = self.running.acquire().await else {
                return Err(FaultKind::Connection("the program ends".into()).into());
            };
            let step = tokio::time::timeout(self.timeout, self.step(&address, &wanted)).await;
            drop(turn);
            if let Ok(Err(Fault { retry_after: Some(time), .. })) = &step {
                self.hosts.rest(&address, (*time).min(DAY));
            }
            let outcome = step.as_ref().map_or(&"timed out" as &dyn fmt::Debug, |step| match step {
                Ok(step) => step,
                Err(fault) => fault,
            });
            tracing::debug!(address = shown(&address), ?outcome, "asked");
            match step.map_err(|_| FaultKind::TimedOut(self.timeout))?? {
                Step::Unchanged => return Ok(Answer::Unchanged),
                Step::Document(document) => return Ok(Answer::Document(Box::new(Document { moved_to, ..*document }))),
                Step::Redirect { to, permanent } => {
                    if passed.contains(&to) {
                        return Err(FaultKind::RedirectLoop.into());
                    }
                    if passed.len() > MOST_REDIRECTS {
                        return Err(FaultKind::Redirects.into());
                    }
                    for_good &= permanent;
                    if for_good {
                        moved_to = Some(to.clone());
                    }
                    passed.push(to.clone());
                    address = to;
                }
            }
        }
    }

    async fn step(&self, address: &Url, wanted: &Wanted<'_>) -> Result<Step, Fault> {
        let mut request = self.client.get(address.clone()).header(ACCEPT, wanted.accept);
        for (name, value) in [(IF_NONE_MATCH, wanted.known.etag), (IF_MODIFIED_SINCE, wanted.known.last_modified)] {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        let response = request.send().await.map_err(failed)?;
        let status = response.status();
        let is_conditional = wanted.known.etag.is_some() || wanted.known.last_modified.is_some();
        match status {
            StatusCode::OK => {
                document(response, wanted.most_bytes).await.map(|document| Step::Document(Box::new(document)))
            }
            StatusCode::NOT_MODIFIED if is_conditional => Ok(Step::Unchanged),
            StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT => {
                let permanent = matches!(status, StatusCode::MOVED_PERMANENTLY | StatusCode::PERMANENT_REDIRECT);
                let to = text_of(response.headers(), LOCATION.as_str()).and_then(|to| address.join(&to).ok());
                let mut to =
                    to.filter(|to| matches!(to.scheme(), "http" | "https")).ok_or(FaultKind::RedirectNowhere)?;
                to.set_fragment(None);
                with_password_of(address, &mut to);
                Ok(Step::Redirect { to, permanent })
            }
            _ => Err(Fault { kind: FaultKind::Status(status), retry_after: retry_after(response.headers()) }),
        }
    }
}

enum Step {
    Unchanged,
    Document(Box<Document>),
    Redirect { to: Url, permanent: bool },
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Unchanged => write!(f, "unchanged"),
            Step::Document(document) => write!(f, "{} bytes", document.bytes.len()),
            Step::Redirect { to, .. } => write!(f, "redirected to {}", shown(to)),
        }
    }
}

/// Gives an address the password of another one of the same host, if it has none.
pub(crate) fn with_password_of(known: &Url, address: &mut Url) {
    if known.origin() == address.origin() && address.username().is_empty() && address.password().is_none() {
        // Both can fail only for addresses without a host.
        let _ = address.set_username(known.username());
        let _ = address.set_password(known.password());
    }
}

/// An address as it may be shown and stored: without a password.
pub(crate) fn shown(address: &Url) -> String {
    let mut address = address.clone();
    let _ = address.set_password(None);
    let _ = address.set_username("");
    address.into()
}

/// Reads a body up to its bound, which holds for what it is after decompression.
async fn document(mut response: Response, most: usize) -> Result<Document, Fault> {
    let headers = response.headers();
    let (kind, charset) = content_type(headers);
    let etag = text_of(headers, ETAG.as_str());
    let last_modified = text_of(headers, LAST_MODIFIED.as_str());
    if response.content_length().is_some_and(|length| length > most as u64) {
        return Err(FaultKind::TooLarge(most).into());
    }
    let mut bytes = Vec::new();
    while let Some(part) = response.chunk().await.map_err(failed)? {
        if bytes.len() + part.len() > most {
            return Err(FaultKind::TooLarge(most).into());
        }
        bytes.extend_from_slice(&part);
    }
    let address = response.url().clone();
    Ok(Document { address, moved_to: None, bytes, kind, charset, etag, last_modified })
}

/// A header of a reasonable length.
fn text_of(headers: &HeaderMap, name: &str) -> Option<String> {
    let text = headers.get(name)?.to_str().ok()?.trim();
    (!text.is_empty() && text.len() <= LONGEST_TAG).then(|| text.to_owned())
}

/// The type and the encoding that a header names.
fn content_type(headers: &HeaderMap) -> (Option<String>, Option<String>) {
    let Some(header) = text_of(headers, CONTENT_TYPE.as_str()) else { return (None, None) };
    let mut parts = header.split(';');
    let kind = parts.next().map(|kind| kind.trim().to_ascii_lowercase()).filter(|kind| !kind.is_empty());
    let named =
        parts.filter_map(|part| part.split_once('=')).find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"));
    (kind, named.map(|(_, value)| value.trim().trim_matches(['"', '\'']).to_owned()))
}

/// How long a server asks to be left alone: in seconds, or until a time (RFC 9110, 10.2.3).
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = text_of(headers, RETRY_AFTER.as_str())?;
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let until = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(&text).ok()?;
    Duration::try_from(until.duration_since(Timestamp::now())).ok()
}

fn refused(private: Private) -> FaultKind {
    FaultKind::Refused(private.to_string())
}

fn failed(error: reqwest::Error) -> Fault {
    let mut source: Option<&(dyn Error + 'static)> = error.source();
    while let Some(cause) = source {
        if let Some(private) = cause.downcast_ref::<Private>() {
            return FaultKind::Refused(private.to_string()).into();
        }
        source = cause.source();
    }
    match error.is_timeout() {
        true => FaultKind::TimedOut(CONNECT).into(),
        false => FaultKind::Connection(why(&error)).into(),
    }
}

/// The innermost cause, which says most: what is around it names the library and the address.
fn why(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

/// The name that servers get to see.
pub(crate) fn user_agent(contact: Option<&str>) -> String {
    let version = env!("CARGO_PKG_VERSION");
    match contact {
        Some(contact) => format!("samestory/{version} (+{contact})"),
        None => format!("samestory/{version} (follows news feeds)"),
    }
}

/// TLS that trusts what the system trusts; where it trusts nobody, as in a bare container, what browsers do.
fn trusted() -> Result<rustls::ClientConfig, WatchError> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| WatchError::Client(error.to_string()))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderValue;

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name.parse().expect("a name"), HeaderValue::from_str(value).expect("a value"))])
    }

    #[test]
    fn what_headers_say() {
        let (kind, charset) =
            content_type(&headers("content-type", "Application/RSS+xml; version=2; charset=\"ISO-8859-1\""));
        assert_eq!((kind.as_deref(), charset.as_deref()), (Some("application/rss+xml"), Some("ISO-8859-1")));
        assert_eq!(retry_after(&headers("retry-after", "120")), Some(Duration::from_secs(120)));
        assert_eq!(retry_after(&headers("retry-after", "soon")), None);
        assert_eq!(retry_after(&headers("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT")), None, "it is over");
        let far = retry_after(&headers("retry-after", "Fri, 06 Nov 2093 08:49:37 GMT")).expect("a time");
        assert!(far > Duration::from_secs(86_400));
    }

    #[test]
    fn it_names_itself() {
        assert!(user_agent(None).starts_with("samestory/"));
        assert!(user_agent(Some("https://monitor.example/")).ends_with("(+https://monitor.example/)"));
    }
}
