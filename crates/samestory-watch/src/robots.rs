//! What hosts say of their pages in `robots.txt` (RFC 9309).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use robotxt::Robots;
use url::Url;

use crate::fetch::{Answer, FaultKind, Fetcher, Tags, Wanted};

/// The name that rules are looked up by.
const NAME: &str = "samestory";

/// Bytes that are fetched of a file of rules; the first 500 KiB of them count (RFC 9309, 2.5).
const MOST_BYTES: usize = 4 << 20;

/// How long the rules of a host are believed (RFC 9309, 2.4).
const BELIEVED: Duration = Duration::from_secs(86_400);

/// How long a host whose rules could not be read is left alone before they are asked for again.
const UNREACHABLE: Duration = Duration::from_secs(900);

/// Hosts whose rules are remembered.
const REMEMBERED: usize = 4_096;

/// The longest pause between two requests that a host can ask for.
const LONGEST_DELAY: Duration = Duration::from_secs(60);

/// The rules of the hosts that were asked.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    /// By the address of the file.
    of: Mutex<HashMap<String, Believed>>,
}

/// What is believed of a host.
#[derive(Debug)]
struct Believed {
    /// None where they could not be read.
    rules: Option<Arc<Robots>>,
    until: Instant,
}

/// Whether a page may be fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leave {
    /// It may, with this pause after the request before.
    Given(Option<Duration>),
    /// The host does not wish it.
    Refused,
    /// What it wishes could not be read.
    Unknown,
}

impl Rules {
    /// Asks for the rules of the host, if they are not known, and whether they allow the page.
    pub(crate) async fn leave(&self, page: &Url, fetcher: &Fetcher) -> Leave {
        let Ok(address) = robotxt::robots_url(page) else { return Leave::Refused };
        let known = {
            let rules = self.of.lock().unwrap_or_else(PoisonError::into_inner);
            rules
                .get(address.as_str())
                .filter(|believed| believed.until > Instant::now())
                .map(|believed| believed.rules.clone())
        };
        let rules = match known {
            Some(rules) => rules,
            None => self.ask(&address, fetcher).await,
        };
        match rules {
            Some(rules) if rules.is_url_allowed(page) => {
                Leave::Given(rules.crawl_delay().map(|delay| delay.min(LONGEST_DELAY)))
            }
            Some(_) => Leave::Refused,
            // RFC 9309, 2.3.1.4.
            None => Leave::Unknown,
        }
    }

    async fn ask(&self, address: &Url, fetcher: &Fetcher) -> Option<Arc<Robots>> {
        let wanted = Wanted {
            address,
            known: Tags::default(),
            accept: "text/plain, */*;q=0.1",
            most_bytes: MOST_BYTES,
            is_page: false,
        };
        let (rules, believed) = match Box::pin(fetcher.fetch(wanted)).await {
            Ok(Answer::Document(document)) => (Some(Robots::parse(&document.bytes, NAME)), BELIEVED),
            // There are none (2.3.1.3).
            Err(fault) if is_unavailable(&fault.kind) => (Some(Robots::allow_all()), BELIEVED),
            // There may be some (2.3.1.4).
            Ok(Answer::Unchanged) | Err(_) => (None, UNREACHABLE),
        };
        let rules = rules.map(Arc::new);
        let mut of = self.of.lock().unwrap_or_else(PoisonError::into_inner);
        if of.len() >= REMEMBERED {
            let first = of.iter().min_by_key(|(_, believed)| believed.until).map(|(address, _)| address.clone());
            first.into_iter().for_each(|address| drop(of.remove(&address)));
        }
        of.insert(address.to_string(), Believed { rules: rules.clone(), until: Instant::now() + believed });
        rules
    }
}

fn is_unavailable(fault: &FaultKind) -> bool {
    match fault {
        FaultKind::Status(status) => status.is_client_error() && *status != StatusCode::TOO_MANY_REQUESTS,
        FaultKind::Redirects | FaultKind::RedirectLoop | FaultKind::RedirectNowhere => true,
        _ => false,
    }
}
