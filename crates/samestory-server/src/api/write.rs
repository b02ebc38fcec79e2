//! Calls that bring a text: to be matched, or to be added.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use samestory::ingest::{Reading, read_bytes};
use samestory::{Added, ArticleMatch, CollectionWriter, Counts, Settings};
use serde::Serialize;
use subtle::ConstantTimeEq;

use super::Json;
use crate::ask::Site;
use crate::problem::Problem;
use crate::turns::Cost;

type Answer = Result<Json, Problem>;

/// How long a body may take to arrive.
const BODY: Duration = Duration::from_secs(60);

/// How compressed streams begin: gzip (RFC 1952) and Zstandard (RFC 8878). What they hold has no bound that a body has.
const COMPRESSED: [&[u8]; 2] = [&[0x1f, 0x8b], &[0x28, 0xb5, 0x2f, 0xfd]];

/// Reasons that are told; all are counted.
const TOLD_REASONS: usize = 20;

pub(super) async fn find_match(State(site): State<Arc<Site>>, request: Request) -> Answer {
    let ending = ending_of(request.headers())?;
    let body = received(&site, request, site.settings.match_bytes).await?;
    site.ask(Cost::Long, move |collection| {
        let mut reading = articles(ending, &body, &collection.manifest().settings, 1)?;
        let article = match (reading.articles.len(), reading.rejected.first()) {
            (1, None) => reading.articles.remove(0),
            (_, Some(rejected)) => return Err(not_read(&rejected.reason)),
            (0, None) => return Err(not_read("no article was found in the body")),
            _ => return Err(not_read("there is more than one article in the body")),
        };
        let found = collection.find_match(&article)?;
        Json::of(&ArticleMatch { article: article.id.to_string(), headline: article.headline, found })
    })
    .await
}

#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    added: Added,
    counts: Counts,
    rejected: usize,
    reasons: Vec<String>,
}

pub(super) async fn add(State(site): State<Arc<Site>>, request: Request) -> Answer {
    may_write(&site, request.headers())?;
    let ending = ending_of(request.headers())?;
    // Who waits here has sent no body and holds no turn. The next is let in when this one is done, answered or not.
    let waited = tokio::time::timeout(site.settings.patience, Arc::clone(&site.writing).lock_owned()).await;
    let writing = waited.map_err(|_| Problem::new(StatusCode::TOO_MANY_REQUESTS, "other articles are being added"))?;
    let body = received(&site, request, site.settings.add_bytes).await?;
    let (collection, most) = (Arc::clone(&site.collection), site.settings.add_articles);
    site.compute(Cost::Long, move || {
        let _writing = writing;
        // The lock is taken first: of a collection that is there, its own settings hold.
        let mut writer = CollectionWriter::open(collection.folder(), &Settings::default())?;
        let Reading { articles, rejected, .. } = articles(ending, &body, writer.settings(), most)?;
        if articles.is_empty() {
            let reason = rejected.first().map_or("no article was found in the body", |first| &first.reason);
            return Err(not_read(reason));
        }
        let added = writer.add(articles, &mut |_| ())?;
        writer.close()?;
        // They are stored, whatever becomes of the answer.
        if let Err(error) = collection.refresh() {
            tracing::error!(error = %samestory::wording::one_line(&error), "the newest state cannot be opened");
        }
        let counts = collection.current().map(|collection| collection.counts()).unwrap_or_default();
        let reasons = rejected.iter().take(TOLD_REASONS).map(|item| item.reason.clone()).collect();
        Json::of(&Report { added, counts, rejected: rejected.len(), reasons })
    })
    .await
}

/// Whoever writes shows the token.
fn may_write(site: &Site, headers: &HeaderMap) -> Result<(), Problem> {
    let Some(token) = &site.settings.token else {
        let told = "this server takes no articles; `samestory serve --token-file FILE` starts one that does";
        return Err(Problem::new(StatusCode::FORBIDDEN, told));
    };
    let shown = headers.get(AUTHORIZATION).and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    match shown {
        Some(shown) if bool::from(shown.ct_eq(token.as_bytes())) => Ok(()),
        _ => Err(Problem::new(StatusCode::UNAUTHORIZED, "writing takes the token, as `Authorization: Bearer TOKEN`")),
    }
}

/// How the name of a file with a body of this type ends, by which the reader chooses the format.
fn ending_of(headers: &HeaderMap) -> Result<&'static str, Problem> {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    match kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "application/json" => Ok("json"),
        "application/x-ndjson" | "application/jsonl" => Ok("jsonl"),
        "text/plain" => Ok("txt"),
        "text/html" => Ok("html"),
        _ => Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "the type of the body is none of application/json, application/x-ndjson, text/plain and text/html",
        )),
    }
}

/// The body of a request, once there is room for it.
async fn received(site: &Site, request: Request, most: usize) -> Result<Bytes, Problem> {
    let too_large = || Problem::new(StatusCode::PAYLOAD_TOO_LARGE, format!("the body has more than {most} bytes"));
    let length = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > most as u64) {
        return Err(too_large());
    }
    let busy = || Problem::new(StatusCode::TOO_MANY_REQUESTS, "too many bodies at once; send it again in a moment");
    let room = tokio::time::timeout(site.settings.patience, site.bodies.acquire()).await;
    let _room = room.ok().and_then(Result::ok).ok_or_else(busy)?;
    let late = || Problem::new(StatusCode::REQUEST_TIMEOUT, "the body did not come whole, or not in time");
    let body = tokio::time::timeout(BODY, to_bytes(request.into_body(), most)).await.map_err(|_| late())?;
    let body = body.map_err(|error| {
        let source = std::error::Error::source(&error);
        match source.is_some_and(|source| source.is::<http_body_util::LengthLimitError>()) {
            true => too_large(),
            false => late(),
        }
    })?;
    match COMPRESSED.iter().any(|begin| body.starts_with(begin)) {
        true => Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "compressed bodies are not read")),
        false => Ok(body),
    }
}

fn articles(ending: &str, body: &[u8], settings: &Settings, most: u64) -> Result<Reading, Problem> {
    let mut settings = settings.to_read_settings().map_err(|error| {
        tracing::error!(error = %samestory::wording::one_line(&error), "the settings of the collection cannot be used");
        Problem::failed()
    })?;
    // A body is held whole and comes from elsewhere.
    settings.limits.items = settings.limits.items.min(most + 1);
    // An article that names no id has one by its body: sent twice, it is known. A folder would be taken for an outlet.
    let name = format!("posted-{:016x}.{ending}", xxhash_rust::xxh3::xxh3_64(body));
    let reading = read_bytes(&name, body, &settings);
    match reading.articles.len() as u64 > most {
        true => Err(not_read(&format!("there are more than {most} articles in the body"))),
        false => Ok(reading),
    }
}

fn not_read(reason: &str) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, reason)
}
