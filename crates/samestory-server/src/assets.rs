//! Files that pages refer to, built into the program.

use axum::extract::{Path, RawQuery};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use crate::problem::Problem;

pub(crate) const STYLE: &str = include_str!("../assets/style.css");
pub(crate) const SCRIPT: &str = include_str!("../assets/samestory.js");
pub(crate) const ICON: &str = include_str!("../assets/icon.svg");

/// Under another content a file has another address, so that it may be kept for good.
pub(crate) fn versioned(path: &'static str, content: &str) -> String {
    format!("{path}?{}", version(content))
}

fn version(content: &str) -> String {
    format!("v={:016x}", xxhash_rust::xxh3::xxh3_64(content.as_bytes()))
}

pub(crate) async fn serve(Path(name): Path<String>, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let (kind, content) = match name.as_str() {
        "style.css" => ("text/css; charset=utf-8", STYLE),
        "samestory.js" => ("text/javascript; charset=utf-8", SCRIPT),
        "icon.svg" => ("image/svg+xml", ICON),
        _ => return Err(Problem::unknown("file", &name)),
    };
    let is_this = query.is_some_and(|query| query == version(content));
    let kept = if is_this { "public, max-age=31536000, immutable" } else { "no-cache" };
    Ok(([(CONTENT_TYPE, kind), (CACHE_CONTROL, kept)], content).into_response())
}
