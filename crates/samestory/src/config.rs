//! All settings, with the reason of each default.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use samestory_cluster::Strictness;
use samestory_ingest::{Limits, OutletTable, ReadSettings};
use samestory_minhash::NearDuplicateRule;
use serde::{Deserialize, Serialize};

/// Settings of a run. Read from `samestory.toml`, recorded in the collection.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How files are read.
    pub read: ReadOptions,
    /// Within which bounds they are read.
    pub limits: Limits,
    /// When two articles are copies.
    pub copies: CopySettings,
    /// When two articles report the same event.
    pub stories: StorySettings,
}

/// How files are read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReadOptions {
    /// Names of fields beside the built-in ones, such as `title=hed`.
    pub map: Vec<String>,
    /// A table of outlets and agencies that is laid over the built-in one.
    pub outlets: Option<PathBuf>,
}

/// When two articles are copies: their bodies' 5-word shingles have Jaccard >= `jaccard`, or one
/// body holds `containment` of the other's and Jaccard is at least `containment_floor`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CopySettings {
    /// Least Jaccard, 0 to 1. Default 0.6: an edited wire story keeps that much, two reports that
    /// share their quotations do not.
    pub jaccard: f64,
    /// Whether the containment rule holds at all.
    pub by_containment: bool,
    /// Least containment, 0 to 1. Default 0.85: a trimmed or extended copy.
    pub containment: f64,
    /// Least Jaccard of the containment rule. Default 0.3: a brief that lies within a long report is
    /// a passage, not a copy.
    pub containment_floor: f64,
    /// Articles in a bucket from which on not all its pairs are looked at. Default 200.
    pub bucket_cap: usize,
}

impl Default for CopySettings {
    fn default() -> Self {
        let rule = NearDuplicateRule::default();
        CopySettings {
            jaccard: rule.jaccard,
            by_containment: true,
            containment: 0.85,
            containment_floor: rule.containment_floor,
            bucket_cap: 200,
        }
    }
}

impl CopySettings {
    /// The rule that the minhash crate verifies pairs by.
    pub fn rule(&self) -> NearDuplicateRule {
        NearDuplicateRule {
            jaccard: self.jaccard,
            containment: self.by_containment.then_some(self.containment),
            containment_floor: self.containment_floor,
        }
    }
}

/// When two articles report the same event.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StorySettings {
    /// How sure a story must be of its articles: `loose`, `default` or `strict`.
    pub strictness: Strictness,
}

/// Why settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("settings `{path}` cannot be read")]
    Read {
        /// The file.
        path: String,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// The file is not valid. The message names line and field.
    #[error("settings `{path}` are not valid: {reason}")]
    Parse {
        /// The file.
        path: String,
        /// What is wrong.
        reason: String,
    },
    /// The table of outlets is not valid. The message names the line.
    #[error("table of outlets `{path}` is not valid: {reason}")]
    Outlets {
        /// The file.
        path: String,
        /// What is wrong.
        reason: String,
    },
    /// A field mapping is not valid.
    #[error("field mapping: {0}")]
    Map(String),
    /// Nesting is followed by recursion, so it has a bound of its own.
    #[error("{name} is {value}, but must lie between 1 and {}", Limits::DEEPEST_NESTING)]
    Nesting {
        /// The setting.
        name: &'static str,
        /// Its value.
        value: usize,
    },
    /// A bucket must hold at least one article.
    #[error("copies.bucket_cap is 0, but must be at least 1")]
    NoBucket,
    /// A number is out of its range.
    #[error("{name} is {value}, but must lie between 0 and 1")]
    OutOfRange {
        /// The setting.
        name: &'static str,
        /// Its value.
        value: f64,
    },
}

impl Settings {
    /// The settings that the ingest crate reads by.
    ///
    /// # Errors
    ///
    /// If a number is out of its range or a mapping is not `FIELD=NAME`.
    pub fn to_read_settings(&self) -> Result<ReadSettings, ConfigError> {
        self.check()?;
        let mut settings = ReadSettings { limits: self.limits, ..ReadSettings::default() };
        for spec in &self.read.map {
            settings.fields.add(spec).map_err(ConfigError::Map)?;
        }
        settings.outlets = self.outlets()?;
        Ok(settings)
    }

    /// The table of outlets and agencies: the built-in one with the user's over it.
    ///
    /// # Errors
    ///
    /// If the user's cannot be read or is not valid.
    pub fn outlets(&self) -> Result<Arc<OutletTable>, ConfigError> {
        let Some(path) = &self.read.outlets else { return Ok(OutletTable::built_in()) };
        let shown = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read { path: shown.clone(), source })?;
        let own = OutletTable::parse(&text).map_err(|reason| ConfigError::Outlets { path: shown, reason })?;
        let mut table = OutletTable::clone(&OutletTable::built_in());
        table.merge(own);
        Ok(Arc::new(table))
    }

    /// Reads a `samestory.toml`.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, has a field that is none, or a number out of range.
    pub fn read_file(path: &Path) -> Result<Settings, ConfigError> {
        let shown = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read { path: shown.clone(), source })?;
        let settings: Settings = toml::from_str(&text)
            .map_err(|error| ConfigError::Parse { path: shown, reason: error.to_string().trim_end().to_owned() })?;
        settings.check()?;
        Ok(settings)
    }

    /// Checks that every number lies in its range.
    ///
    /// # Errors
    ///
    /// [`ConfigError::OutOfRange`] with the first that does not.
    pub fn check(&self) -> Result<(), ConfigError> {
        let shares = [
            ("copies.jaccard", self.copies.jaccard),
            ("copies.containment", self.copies.containment),
            ("copies.containment_floor", self.copies.containment_floor),
        ];
        let nesting = [("limits.nesting", self.limits.nesting), ("limits.html_nesting", self.limits.html_nesting)];
        for (name, value) in nesting {
            if !(1..=Limits::DEEPEST_NESTING).contains(&value) {
                return Err(ConfigError::Nesting { name, value });
            }
        }
        if self.copies.bucket_cap == 0 {
            return Err(ConfigError::NoBucket);
        }
        match shares.into_iter().find(|(_, value)| !(0.0..=1.0).contains(value)) {
            Some((name, value)) => Err(ConfigError::OutOfRange { name, value }),
            None => Ok(()),
        }
    }
}
