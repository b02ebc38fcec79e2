//! A web page and an API over a collection of stories.
//!
//! [`Server`] listens, [`router()`] is the same without a port. Pages are made here, as HTML that is useful without a
//! script; the API under `/api/v1` answers in the JSON of the command line and is described by [`OPENAPI`]. Everything
//! that is served comes from the [`LiveCollection`], which follows whoever writes the collection.
//!
//! ```
//! use axum::{body::Body, http::Request};
//! use samestory::{Collection, Settings, ingest};
//! use samestory_server::{LiveCollection, ServerSettings, router};
//! use tower::ServiceExt;
//!
//! # let runtime = tokio::runtime::Runtime::new()?;
//! # runtime.block_on(async {
//! let folder = tempfile::tempdir()?;
//! let news = "{\"id\": \"a\", \"title\": \"Ferry aground\", \"text\": \"The ferry lay nine hours on a bank.\"}\n";
//! let reading = ingest::read_text("news.jsonl", news, &Settings::default().to_read_settings()?);
//! Collection::write(folder.path(), reading.articles, &Settings::default(), &mut |_| ())?;
//!
//! let router = router(LiveCollection::open(folder.path())?, ServerSettings::default())?;
//! let request = Request::get("/api/v1/search?q=ferry").header("host", "localhost").body(Body::empty())?;
//! let answer = router.oneshot(request).await?;
//! assert_eq!(answer.status(), 200);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! *Safety.* Only requests that name this machine or an allowed host are answered, so that no page of another site can
//! ask through a browser; writing takes a token; what a request may cost is bounded by [`ServerSettings`]; nothing that
//! an article says becomes markup, a header or a line of the log.
//!
//! Limits: HTTP/1.1 without TLS, which is what stands in front of it if it is to be seen from elsewhere.

mod api;
mod ask;
mod assets;
mod feed;
mod live;
mod outer;
mod page;
mod problem;
mod router;
mod server;
mod settings;
mod turns;

pub use live::LiveCollection;
pub use router::router;
pub use server::{ServeError, Server};
pub use settings::ServerSettings;

/// The description of the API: an OpenAPI 3.1 document.
pub const OPENAPI: &str = include_str!("../openapi.json");
