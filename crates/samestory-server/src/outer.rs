//! What every request passes through: its id, its host, its tag, and what every answer carries.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Instant, SystemTime};

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HOST, IF_NONE_MATCH,
    REFERRER_POLICY, RETRY_AFTER, VARY, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::ask::Site;
use crate::page;
use crate::problem::Problem;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Pages load what lies beside them and nothing else; no script stands in a page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The id of a request, for the answer and the log.
fn request_id() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    static START: std::sync::OnceLock<u64> = std::sync::OnceLock::new();
    let start = *START.get_or_init(|| {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        since.as_nanos() as u64 ^ u64::from(std::process::id()).rotate_left(48)
    });
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{:016x}", xxhash_rust::xxh3::xxh3_64_with_seed(&count.to_le_bytes(), start))
}

/// Gives a request its id, refuses those for another host, and finishes the answer.
pub(crate) async fn finish(State(site): State<Arc<Site>>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let id = request_id();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let mut response = match refused(&request, &site.settings.hosts) {
        None => next.run(request).await,
        Some(problem) => problem.into_response(),
    };
    if response.status().is_client_error() || response.status().is_server_error() {
        response = told(response, &id, &path, &site);
    }
    let status = response.status();
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: &'static str| headers.insert(name, HeaderValue::from_static(value));
    set(CONTENT_SECURITY_POLICY, POLICY);
    set(X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(X_FRAME_OPTIONS, "DENY");
    set(REFERRER_POLICY, "same-origin");
    set(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    set(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    set(HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()");
    if let Ok(value) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID, value);
    }
    // The path is as the request has it: percent-encoded, so that no byte of it can end a line of the log.
    let milliseconds = began.elapsed().as_secs_f64() * 1e3;
    tracing::info!(%method, path = ?path, status = status.as_u16(), milliseconds, id, "answered");
    response
}

/// Why a request is not for us: it names another host, or a page of another site makes a browser send it.
fn refused(request: &Request, hosts: &[String]) -> Option<Problem> {
    if !is_known_host(request.headers(), hosts) {
        return Some(Problem::new(StatusCode::BAD_REQUEST, OTHER_HOST));
    }
    let reads = [Method::GET, Method::HEAD].contains(request.method());
    let is_foreign = request.headers().get("sec-fetch-site").is_some_and(|site| site == "cross-site");
    (is_foreign && !reads).then(|| Problem::new(StatusCode::FORBIDDEN, "pages of other sites may not send anything"))
}

const OTHER_HOST: &str = "this host is not served here; see `samestory serve --host`";

/// The answer that says why, as JSON or as a page.
fn told(response: Response, id: &str, path: &str, site: &Site) -> Response {
    let status = response.status();
    let problem = response.extensions().get::<Problem>().cloned().unwrap_or_else(|| {
        Problem::new(
            status,
            match status {
                StatusCode::NOT_FOUND => "there is nothing under this address",
                StatusCode::METHOD_NOT_ALLOWED => "this method is not known here",
                StatusCode::PAYLOAD_TOO_LARGE => "the body is too large",
                StatusCode::REQUEST_TIMEOUT => "the body did not come in time",
                StatusCode::UNSUPPORTED_MEDIA_TYPE => "a body of this type is not read",
                _ => "the request cannot be answered",
            },
        )
    });
    let (kind, body) = match path.starts_with("/api/") {
        true => ("application/problem+json", problem.json(id)),
        // Whoever asks under another name learns nothing of what is here.
        false if problem.detail == OTHER_HOST => ("text/plain; charset=utf-8", problem.detail.clone().into_bytes()),
        false => ("text/html; charset=utf-8", page::of_problem(site, &problem, id).into_bytes()),
    };
    let mut new = (problem.status, [(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-store")], body).into_response();
    if let Some(allowed) = response.headers().get(ALLOW) {
        new.headers_mut().insert(ALLOW, allowed.clone());
    }
    if let Some(seconds) = problem.retry_after() {
        new.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static(seconds));
    }
    if problem.status == StatusCode::UNAUTHORIZED {
        new.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    new
}

/// Whether a request names this machine, or a host that is allowed. A browser that was led here by another name says
/// that name.
fn is_known_host(headers: &HeaderMap, allowed: &[String]) -> bool {
    let Some(host) = headers.get(HOST).and_then(|host| host.to_str().ok()) else { return false };
    let name = match host.strip_prefix('[') {
        // Behind the bracket stands a port or nothing.
        Some(rest) => match rest.split_once(']') {
            Some((name, port)) if port.is_empty() || port.starts_with(':') => name,
            _ => return false,
        },
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    let same = |known: &str| known.eq_ignore_ascii_case(name);
    ["localhost", "127.0.0.1", "::1"].into_iter().any(same) || allowed.iter().any(|known| same(known))
}

/// Answers 304 where the one who asks has the answer of this state of the collection already; tells the state with
/// every other answer.
///
/// An answer depends on the state, the address and what absolute links begin with. The state is looked at before the question is asked, so that
/// a tag is never newer than what it stands for.
pub(crate) async fn tagged(State(site): State<Arc<Site>>, request: Request, next: Next) -> Response {
    let reads = [Method::GET, Method::HEAD].contains(request.method());
    let is_route = request.extensions().get::<MatchedPath>().is_some();
    let Some(collection) = site.collection.current().filter(|_| reads && is_route) else {
        return next.run(request).await;
    };
    let tag = format!("W/\"{:016x}-{:016x}\"", collection.state(), asked(&request));
    drop(collection);
    let has = |held: &HeaderValue| held.to_str().is_ok_and(|held| held.split(',').any(|held| held.trim() == tag));
    let mut response = match request.headers().get_all(IF_NONE_MATCH).iter().any(has) {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => next.run(request).await,
    };
    if (response.status() == StatusCode::OK || response.status() == StatusCode::NOT_MODIFIED)
        && !response.headers().contains_key(CACHE_CONTROL)
        && let Ok(tag) = HeaderValue::from_str(&tag)
    {
        response.headers_mut().insert(ETAG, tag);
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        response.headers_mut().insert(VARY, HeaderValue::from_static("accept-encoding, host, x-forwarded-proto"));
    }
    if response.status() == StatusCode::NOT_MODIFIED {
        response.headers_mut().remove(CONTENT_LENGTH);
        *response.body_mut() = Body::empty();
    }
    response
}

/// A number for what is asked, and by which program it is answered.
fn asked(request: &Request) -> u64 {
    let mut told = env!("CARGO_PKG_VERSION").as_bytes().to_vec();
    for name in ["host", "x-forwarded-proto"] {
        told.push(0);
        told.extend(request.headers().get(name).map(HeaderValue::as_bytes).unwrap_or_default());
    }
    told.push(0);
    told.extend(request.uri().path_and_query().map(|asked| asked.as_str().as_bytes()).unwrap_or_default());
    xxhash_rust::xxh3::xxh3_64(&told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_hosts() {
        let known = |host: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, HeaderValue::from_static(host));
            is_known_host(&headers, &["news.example".to_owned()])
        };
        for host in ["localhost", "LOCALHOST:7878", "127.0.0.1:80", "[::1]:7878", "news.example", "news.example:443"] {
            assert!(known(host), "{host}");
        }
        for host in ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "", "[::1].evil.example"] {
            assert!(!known(host), "{host}");
        }
        assert!(!is_known_host(&HeaderMap::new(), &[]));
    }

    #[test]
    fn ids_of_requests_differ() {
        assert_ne!(request_id(), request_id());
    }
}
