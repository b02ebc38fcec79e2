//! Filters as a person writes them.

use samestory_article::{ArticleTime, Language, Precision};
use samestory_index::SearchFilter;
use samestory_ingest::parse_time;

/// A filter as it is written: on the command line, in an address.
#[derive(Debug, Clone, Copy, Default)]
pub struct WrittenFilter<'a> {
    /// An outlet, in any case.
    pub outlet: Option<&'a str>,
    /// A language code, such as `en`.
    pub language: Option<&'a str>,
    /// Articles from this day or time on, UTC.
    pub from: Option<&'a str>,
    /// Articles up to the end of this day, or before this time, UTC.
    pub to: Option<&'a str>,
}

/// Why a written filter is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// Not a language.
    #[error("`{0}` is no language code, such as `en`")]
    Language(String),
    /// Not a date.
    #[error("`{0}` is no date, such as 2020-01-08 or 2020-01-08T15:00:00Z")]
    Date(String),
}

const DAY: i64 = 86_400;

impl WrittenFilter<'_> {
    /// The filter that it stands for.
    ///
    /// # Errors
    ///
    /// If a date or the language is none.
    pub fn read(&self) -> Result<SearchFilter, FilterError> {
        let time = |written: Option<&str>| -> Result<Option<ArticleTime>, FilterError> {
            let read = |written: &str| parse_time(written).ok_or_else(|| FilterError::Date(written.to_owned()));
            written.map(read).transpose()
        };
        let language = |code: &str| Language::parse(code).ok_or_else(|| FilterError::Language(code.to_owned()));
        let end = |time: ArticleTime| match time.precision {
            Precision::Day => time.seconds + DAY,
            Precision::Minute | Precision::Second => time.seconds,
        };
        Ok(SearchFilter {
            outlet: self.outlet.map(str::to_owned),
            language: self.language.map(language).transpose()?,
            from: time(self.from)?.map(|time| time.seconds),
            before: time(self.to)?.map(end),
        })
    }
}
