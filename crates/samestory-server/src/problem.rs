//! Answers that say why something could not be done.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use samestory::index::IndexError;
use samestory::{CollectionError, FilterError};
use serde::Serialize;

/// Why a request was not answered. What carries it gets its body, JSON or a page, on the way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    pub(crate) detail: String,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Problem {
        Problem { status, detail: detail.into() }
    }

    /// The request cannot be understood.
    pub(crate) fn asked_wrongly(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, detail)
    }

    /// There is no such thing.
    pub(crate) fn unknown(what: &str, name: &str) -> Problem {
        Problem::new(StatusCode::NOT_FOUND, format!("there is no {what} `{name}` in the collection"))
    }

    /// There are no articles yet.
    pub(crate) fn no_collection() -> Problem {
        Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "there is no collection yet; `samestory cluster PATH...` makes one",
        )
    }

    /// Something failed here; the log says what.
    pub(crate) fn failed() -> Problem {
        Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the server failed; its log says why, under the id of this request",
        )
    }

    /// The body of the answer, as RFC 9457 has it.
    pub(crate) fn json(&self, request_id: &str) -> Vec<u8> {
        #[derive(Serialize)]
        struct Body<'a> {
            r#type: &'static str,
            title: &'static str,
            status: u16,
            detail: &'a str,
            request_id: &'a str,
        }
        let title = self.title();
        let body =
            Body { r#type: "about:blank", title, status: self.status.as_u16(), detail: &self.detail, request_id };
        serde_json::to_vec(&body).unwrap_or_default()
    }

    pub(crate) fn title(&self) -> &'static str {
        self.status.canonical_reason().unwrap_or("Error")
    }

    /// Seconds after which the request may be made again, where that helps.
    pub(crate) fn retry_after(&self) -> Option<&'static str> {
        let passes = [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE].contains(&self.status);
        passes.then_some("1")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<FilterError> for Problem {
    fn from(error: FilterError) -> Self {
        Problem::asked_wrongly(error.to_string())
    }
}

impl From<CollectionError> for Problem {
    fn from(error: CollectionError) -> Self {
        match &error {
            CollectionError::Unknown(name) => Problem::unknown("story, article or address", name),
            CollectionError::Index(IndexError::Query { .. }) => Problem::asked_wrongly(error.to_string()),
            CollectionError::NotFound(_) => Problem::no_collection(),
            CollectionError::Locked(_) => Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "the collection is being written by another process; ask again",
            ),
            _ => {
                // Errors name files of this machine, which are nobody else's business.
                tracing::error!(error = %samestory::wording::one_line(&error), "the collection failed");
                Problem::failed()
            }
        }
    }
}
