//! Steps: a query each, whose rows are written to the job's folder and looked at no more once they are there.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, anyhow, bail};
use datafusion::arrow::array::{AsArray, RecordBatch};
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::file::reader::{FileReader, SerializedFileReader};
use datafusion::prelude::{ParquetReadOptions, SessionContext};
use futures::StreamExt;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::articles::Counts;
use crate::counts::TERMS_OF_PART;
use crate::job::{Job, unlike_any, write_whole};
use crate::sink::{KeepRows, files_told, remove_others};

/// What a finished step says of itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct StepReport {
    /// Its name.
    pub step: String,
    /// Rows that it made.
    pub rows: u64,
    /// Bytes of their files.
    pub bytes: u64,
    /// Seconds it took.
    pub seconds: f64,
}

/// A job that is run.
pub(crate) struct Run<'a> {
    pub(crate) context: SessionContext,
    pub(crate) job: &'a Job,
    pub(crate) reports: Vec<StepReport>,
    tell: &'a mut (dyn FnMut(&StepReport, bool) + Send),
}

impl<'a> Run<'a> {
    pub(crate) fn new(
        context: SessionContext,
        job: &'a Job,
        tell: &'a mut (dyn FnMut(&StepReport, bool) + Send),
    ) -> Run<'a> {
        Run { context, job, reports: Vec::new(), tell }
    }

    /// The name of the job as a literal of a query: the first argument of every kernel.
    pub(crate) fn job_name(&self) -> String {
        format!("'{}'", self.job.name().replace('\'', "''"))
    }

    /// Parts that a step is cut into.
    pub(crate) fn partitions(&self) -> usize {
        self.context.state().config().target_partitions()
    }

    /// How many parts terms are counted in, as an argument of a kernel, where an article has so many.
    pub(crate) fn parts_of(&self, terms_of_article: u64) -> Result<String> {
        let n_terms = u64::from(Counts::of(self.job)?.articles) * terms_of_article;
        let n_parts = n_terms.div_ceil(TERMS_OF_PART).max(self.partitions() as u64);
        Ok(format!("CAST({n_parts} AS INT UNSIGNED)"))
    }

    /// Runs a query and keeps its rows as the table `name`; a step that is finished is not run again.
    pub(crate) async fn step(&mut self, name: &str, query: &str) -> Result<()> {
        let folder = self.job.folder().join("steps").join(name);
        let mark = folder.with_extension("json");
        let finished = fs::read(&mark).ok().and_then(|text| serde_json::from_slice::<StepReport>(&text).ok());
        let report = match finished {
            Some(report) => {
                (self.tell)(&report, true);
                report
            }
            None => {
                let began = Instant::now();
                let rows = self.write(&folder, query).await.with_context(|| format!("step `{name}`"))?;
                let bytes =
                    parquet_files(&folder)?.iter().map(|file| Ok(file.metadata()?.len())).sum::<Result<u64>>()?;
                let seconds = began.elapsed().as_secs_f64();
                let report = StepReport { step: name.to_owned(), rows, bytes, seconds };
                write_whole(&mark, &serde_json::to_vec(&report)?)?;
                (self.tell)(&report, false);
                report
            }
        };
        self.reports.push(report);
        self.table(name, &folder).await
    }

    /// Makes the Parquet files in a folder a table.
    pub(crate) async fn table(&self, name: &str, folder: &Path) -> Result<()> {
        // As an address, or brackets in it would be a pattern.
        let address = Url::from_directory_path(folder);
        let address = address.map_err(|()| anyhow!("`{}` is no path of a folder", folder.display()))?;
        Ok(self.context.register_parquet(name, address, ParquetReadOptions::default()).await?)
    }

    /// Writes the rows of a query into a folder, which is there afterwards whole.
    async fn write(&self, folder: &Path, query: &str) -> Result<u64> {
        // A folder of its own for each attempt: a task of an earlier one may still write.
        let part = folder.with_extension(format!("{}.part", unlike_any()));
        fs::create_dir_all(&part)?;
        let schema = Arc::clone(self.context.sql(query).await?.schema().inner());
        let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        let columns: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
        let write = format!(
            "SELECT {}({}, '{}', {}) FROM ({query})",
            KeepRows::NAME,
            literal(&part),
            names.join(","),
            columns.join(", "),
        );
        let mut told: Vec<(String, u64)> = Vec::new();
        self.each(&write, |batch| {
            batch.column(0).as_list::<i32>().iter().flatten().for_each(|files| told.extend(files_told(&files)));
            Ok(())
        })
        .await?;
        let twice = remove_others(&part, &told)?;
        if twice > 0 {
            tracing::warn!(files = twice, "removed what tasks wrote that were done again");
        }
        for (file, rows) in &told {
            if rows_of(&part.join(file))? != *rows {
                bail!("`{}` is not whole", part.join(file).display());
            }
        }
        if told.is_empty() {
            // No rows: a file that tells the columns.
            ArrowWriter::try_new(fs::File::create(part.join("none.parquet"))?, schema, None)?.close()?;
        }
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        fs::rename(&part, folder)?;
        Ok(told.iter().map(|(_, rows)| rows).sum())
    }

    /// Gives the rows of a query to `see`, batch by batch.
    pub(crate) async fn each(&self, query: &str, mut see: impl FnMut(&RecordBatch) -> Result<()>) -> Result<()> {
        let mut batches = self.context.sql(query).await?.execute_stream().await?;
        while let Some(batch) = batches.next().await {
            see(&batch?)?;
        }
        Ok(())
    }
}

/// A path as a literal of a query.
fn literal(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', "''"))
}

fn parquet_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .filter(|path: &Result<PathBuf>| {
            path.as_ref().is_ok_and(|path| path.extension().is_some_and(|extension| extension == "parquet"))
        })
        .collect::<Result<_>>()?;
    files.sort();
    Ok(files)
}

fn rows_of(file: &Path) -> Result<u64> {
    let reader = SerializedFileReader::new(fs::File::open(file)?)?;
    Ok(reader.metadata().file_metadata().num_rows().try_into()?)
}

/// A query that unnests the rows of a kernel: `call` gives them, of each row of `from`.
pub(crate) fn rows_of_each(call: &str, fields: &[&str], from: &str) -> String {
    let columns: Vec<String> = fields.iter().map(|field| format!("r['{field}'] AS {field}")).collect();
    format!("SELECT {} FROM (SELECT unnest({call}) AS r FROM {from})", columns.join(", "))
}

/// As [`rows_of_each`], for a kernel that is given all rows of a key at once.
pub(crate) fn rows_of_groups(call: &str, fields: &[&str], from: &str, key: &str) -> String {
    rows_of_each("l", fields, &format!("(SELECT {call} AS l FROM {from} GROUP BY {key})"))
}
