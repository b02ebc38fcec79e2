//! The API: the answers of the command line, as JSON.

mod read;
mod write;

use std::sync::Arc;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Serialize;

use crate::ask::Site;
use crate::problem::Problem;
pub(crate) use read::{shown, version_chain};

/// What reads the collection.
pub(crate) fn reading() -> Router<Arc<Site>> {
    Router::new()
        .route("/info", get(read::info))
        .route("/search", get(read::search))
        .route("/stories", get(read::stories))
        .route("/stories/{id}", get(read::story))
        .route("/stories/{id}/coverage", get(read::coverage))
        .route("/stories/{id}/passages", get(read::passages))
        .route("/article", get(read::article))
        .route("/versions", get(read::versions))
        .route("/compare", get(read::compare))
        .route("/changes", get(read::changes))
}

/// What does not, or writes it.
pub(crate) fn others() -> Router<Arc<Site>> {
    Router::new()
        .route("/match", post(write::find_match))
        .route("/articles", post(write::add))
        .route("/health", get(read::health))
        .route("/openapi.json", get(openapi))
        .fallback(nothing)
}

async fn nothing() -> Problem {
    Problem::new(axum::http::StatusCode::NOT_FOUND, "there is no such call; /api/v1/openapi.json lists them")
}

async fn openapi() -> Response {
    ([(CONTENT_TYPE, "application/json")], crate::OPENAPI).into_response()
}

/// An answer in JSON, written where the question was answered and not on the threads that wait.
pub(crate) struct Json(Vec<u8>);

impl Json {
    pub(crate) fn of(value: &impl Serialize) -> Result<Json, Problem> {
        serde_json::to_vec(value).map(Json).map_err(|error| {
            tracing::error!(%error, "this is a bug in samestory: an answer is no JSON");
            Problem::failed()
        })
    }
}

impl IntoResponse for Json {
    fn into_response(self) -> Response {
        ([(CONTENT_TYPE, "application/json")], self.0).into_response()
    }
}
