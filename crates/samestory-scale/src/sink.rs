//! Where the rows of a step go: each task writes a file of its own, and tells it with its result.
//!
//! *Motivation.* The engine's own way to write Parquet has all rows pass through one task.
//!
//! *Design.* An aggregate whose partial state is a file that is written and closed, so that its final state is the list of
//! all files. What a task wrote that was done again, since its executor was lost, is in no list: files that are not told do
//! not count.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, ListArray, RecordBatch, StringArray, StructArray, UInt64Array,
};
use datafusion::arrow::buffer::OffsetBuffer;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, UInt64Type};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDFImpl, Signature, Volatility};
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::{Compression, ZstdLevel};
use datafusion::parquet::file::properties::WriterProperties;

use crate::function::of_kernel;
use crate::job::unlike_any;

/// `keep_rows(folder, names of the columns, column...)`: writes the columns and tells the files.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct KeepRows {
    signature: Signature,
}

impl KeepRows {
    pub(crate) const NAME: &str = "keep_rows";

    pub(crate) fn new() -> KeepRows {
        KeepRows { signature: Signature::variadic_any(Volatility::Volatile) }
    }
}

fn told() -> Fields {
    vec![Field::new("file", DataType::Utf8, false), Field::new("rows", DataType::UInt64, false)].into()
}

fn item() -> FieldRef {
    Arc::new(Field::new("item", DataType::Struct(told()), true))
}

impl AggregateUDFImpl for KeepRows {
    fn name(&self) -> &str {
        Self::NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> datafusion::common::Result<DataType> {
        Ok(DataType::List(item()))
    }

    fn accumulator(&self, _args: AccumulatorArgs<'_>) -> datafusion::common::Result<Box<dyn Accumulator>> {
        Ok(Box::new(Keeping { open: None, files: Vec::new() }))
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> datafusion::common::Result<Vec<FieldRef>> {
        Ok(vec![Arc::new(Field::new(format!("{}[files]", args.name), DataType::List(item()), true))])
    }
}

/// The file of a task while it is written, and the files that are told.
#[derive(Debug)]
struct Keeping {
    open: Option<Open>,
    files: Vec<(String, u64)>,
}

#[derive(Debug)]
struct Open {
    name: String,
    /// Behind a lock for the type's sake: an accumulator is one that threads may share.
    writer: Mutex<ArrowWriter<File>>,
    schema: Arc<Schema>,
    rows: u64,
}

/// Bytes that are packed together.
const GROUP_BYTES: usize = 32 << 20;

impl Open {
    fn begin(folder: &Path, names: &str, columns: &[ArrayRef]) -> Result<Open> {
        let name = format!("{}.parquet", unlike_any());
        let fields =
            names.split(',').zip(columns).map(|(name, column)| Field::new(name, column.data_type().clone(), true));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let path = folder.join(&name);
        let file = File::create_new(&path).with_context(|| format!("`{}` cannot be written", path.display()))?;
        let properties = WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?)).build();
        let writer = Mutex::new(ArrowWriter::try_new(file, Arc::clone(&schema), Some(properties))?);
        Ok(Open { name, writer, schema, rows: 0 })
    }

    fn write(&mut self, columns: &[ArrayRef]) -> Result<()> {
        let rows = RecordBatch::try_new(Arc::clone(&self.schema), columns.to_vec())?;
        let writer = self.writer.get_mut().unwrap_or_else(PoisonError::into_inner);
        writer.write(&rows)?;
        self.rows += rows.num_rows() as u64;
        if writer.in_progress_size() > GROUP_BYTES {
            writer.flush()?;
        }
        Ok(())
    }
}

impl Keeping {
    fn keep(&mut self, values: &[ArrayRef]) -> Result<()> {
        let [folder, names, columns @ ..] = values else { anyhow::bail!("no columns to keep") };
        if folder.is_empty() {
            return Ok(());
        }
        let open = match &mut self.open {
            Some(open) => open,
            None => {
                let text = |column: &ArrayRef| column.as_string::<i32>().value(0).to_owned();
                self.open.insert(Open::begin(&PathBuf::from(text(folder)), &text(names), columns)?)
            }
        };
        open.write(columns)
    }

    /// Closes the file that is open, and tells all.
    fn told(&mut self) -> Result<ScalarValue> {
        if let Some(Open { name, writer, rows, .. }) = self.open.take() {
            let writer = writer.into_inner().unwrap_or_else(PoisonError::into_inner);
            writer.into_inner()?.sync_all()?;
            self.files.push((name, rows));
        }
        let files = std::mem::take(&mut self.files);
        let names: StringArray = files.iter().map(|(name, _)| Some(name.as_str())).collect();
        let rows: UInt64Array = files.iter().map(|(_, rows)| *rows).collect::<Vec<_>>().into();
        let rows = StructArray::try_new(told(), vec![Arc::new(names), Arc::new(rows)], None)?;
        let offsets = OffsetBuffer::from_lengths([files.len()]);
        Ok(ScalarValue::List(Arc::new(ListArray::try_new(item(), offsets, Arc::new(rows), None)?)))
    }
}

impl Accumulator for Keeping {
    fn update_batch(&mut self, values: &[ArrayRef]) -> datafusion::common::Result<()> {
        self.keep(values).map_err(of_kernel)
    }

    fn evaluate(&mut self) -> datafusion::common::Result<ScalarValue> {
        self.told().map_err(of_kernel)
    }

    fn size(&self) -> usize {
        let written = |open: &Open| open.writer.lock().unwrap_or_else(PoisonError::into_inner).memory_size();
        size_of_val(self) + self.open.as_ref().map_or(0, written)
    }

    fn state(&mut self) -> datafusion::common::Result<Vec<ScalarValue>> {
        Ok(vec![self.told().map_err(of_kernel)?])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> datafusion::common::Result<()> {
        for files in states[0].as_list::<i32>().iter().flatten() {
            self.files.extend(files_told(&files));
        }
        Ok(())
    }
}

/// The files in the rows of a list, with how many rows each has.
pub(crate) fn files_told(files: &ArrayRef) -> Vec<(String, u64)> {
    let files = files.as_struct();
    let (names, rows) = (files.column(0).as_string::<i32>(), files.column(1).as_primitive::<UInt64Type>());
    names.iter().flatten().map(str::to_owned).zip(rows.values().iter().copied()).collect()
}

/// Removes the files of a folder that are not told.
pub(crate) fn remove_others(folder: &Path, told: &[(String, u64)]) -> Result<usize> {
    let mut removed = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if !told.iter().any(|(file, _)| Path::new(file) == Path::new(&name)) {
            fs::remove_file(entry.path())?;
            removed += 1;
        }
    }
    Ok(removed)
}
