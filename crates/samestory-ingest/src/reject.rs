//! What is said about items that are not taken, or not taken as they stand.

use std::fmt;

use serde::Serialize;

/// An item that was not accepted. The rest of its file is read all the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Rejected {
    /// The file, as the user would name it; `-` is standard input.
    pub path: String,
    /// Line, or number of the item, from 1; `None` where the whole file is meant.
    pub line: Option<u64>,
    /// Why, in lower case.
    pub reason: String,
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.path, self.reason),
            None => write!(f, "{}: {}", self.path, self.reason),
        }
    }
}

/// Something odd about an article that was accepted, such as a date that cannot be.
pub type Note = Rejected;

/// Files that a walk passed by, counted by reason. None of them is an error.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// Files of no known format.
    pub other_files: u64,
    /// Hidden files and folders, and files named README.
    pub hidden: u64,
    /// Tables, JSON and XML files in which nothing has a headline or a text, and pages without an
    /// article's text.
    pub without_articles: u64,
    /// Items that were met before under the same id with the same content, such as the entries of a feed
    /// that was saved every hour.
    pub repeated: u64,
}

impl Skipped {
    /// All of them.
    pub fn total(&self) -> u64 {
        self.other_files + self.hidden + self.without_articles + self.repeated
    }
}
