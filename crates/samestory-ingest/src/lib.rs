//! Reads news articles from files, folders and standard input, whatever their format.
//!
//! [`read`] walks the given paths, opens each file (compressed or not), picks its [`Format`](format::Format)
//! and turns every item into an [`Article`](samestory_article::Article). A bad item is a
//! [`Rejected`] with path, line and reason; the rest goes on, so reading itself cannot fail.
//!
//! ```
//! use samestory_ingest::{ReadSettings, read_text};
//!
//! let file = "Title: Truce called in Libya\nSource: Harbour Courier\nPublished: 2020-01-08\n\nTwo presidents met.";
//! let reading = read_text("courier/truce.txt", file, &ReadSettings::default());
//! let article = &reading.articles[0];
//! assert_eq!(article.headline, "Truce called in Libya");
//! assert_eq!(article.outlet.as_deref(), Some("Harbour Courier"));
//! assert_eq!(article.body_text(), "Two presidents met.");
//! ```
//!
//! Limits: see [`Limits`]; each has a message of its own when it is met.

mod address;
mod agency;
mod apart;
mod assemble;
mod date;
mod encoding;
mod fetched;
pub mod fields;
pub mod format;
mod furniture;
mod guard;
mod item;
mod labels;
mod language;
mod markup;
mod nesting;
mod normalise;
mod open;
mod outlet;
mod outlet_table;
mod page;
mod reader;
mod reject;
mod settings;
mod walk;

pub use address::canonical_url;
pub use apart::{ArticlesApart, Gathering};
pub use date::parse_time;
pub use fetched::{FeedEntry, Fetched, FetchedFeed, assemble_entries, read_feed};
pub use furniture::{mark_repeated_blocks, mark_repeated_blocks_beside};
pub use labels::read_labels;
pub use outlet_table::{Agency, Outlet, OutletTable, outlet_key};
pub use reader::{Reading, read, read_apart, read_bytes, read_files, read_some, read_text};
pub use reject::{Note, Rejected, Skipped};
pub use settings::{Limits, ReadSettings};
pub use walk::{Found, Listing, list_files};
