//! Files that pages refer to, built into the program.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use crate::problem::Problem;

pub(crate) const STYLE: &str = include_str!("../assets/style.css");
pub(crate) const SCRIPT: &str = include_str!("../assets/samestory.js");
const ICON: &str = include_str!("../assets/icon.svg");

/// Under another content a file has another address, so that it may be kept for good.
pub(crate) fn versioned(path: &'static str, content: &str) -> String {
    format!("{path}?v={:016x}", xxhash_rust::xxh3::xxh3_64(content.as_bytes()))
}

pub(crate) async fn serve(axum::extract::Path(name): axum::extract::Path<String>) -> Result<Response, Problem> {
    let (kind, content) = match name.as_str() {
        "style.css" => ("text/css; charset=utf-8", STYLE),
        "samestory.js" => ("text/javascript; charset=utf-8", SCRIPT),
        "icon.svg" => ("image/svg+xml", ICON),
        _ => return Err(Problem::unknown("file", &name)),
    };
    Ok(([(CONTENT_TYPE, kind), (CACHE_CONTROL, "public, max-age=31536000, immutable")], content).into_response())
}
