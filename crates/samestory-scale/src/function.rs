//! Kernels as functions of the engine.
//!
//! *Design.* A kernel makes rows of rows: a [`RowKernel`] some of each row, such as the bands of a signature; a
//! [`GroupKernel`] some of all rows that share a key, such as the pairs of a bucket. To the engine the first is a scalar
//! function and the second an aggregate, and both give a list of structures, which the query unnests. So the engine
//! moves rows, and a kernel sees columns only: it is run on one machine and on many without a difference.
//!
//! *Consequences.* The rows of one key are in memory together. Keys are chosen so that their number is bounded (windows,
//! blocks and shards, not outlets or days).

use std::fmt;
use std::hash::{Hash, Hasher};
use std::mem::size_of_val;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, ListArray, StringArray, StructArray};
use datafusion::arrow::buffer::OffsetBuffer;
use datafusion::arrow::compute::{cast, concat};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Fields};
use datafusion::common::{DataFusionError, Result, ScalarValue, exec_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDFImpl, ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};

/// The rows that a kernel makes: how many of each row it was given, and their columns.
pub(crate) struct Made {
    /// One for each row that was given.
    pub(crate) lengths: Vec<usize>,
    /// In the order of the kernel's fields.
    pub(crate) columns: Vec<ArrayRef>,
}

/// What a kernel is to the engine.
pub(crate) struct Shape {
    /// Its name in queries.
    pub(crate) name: &'static str,
    /// Types of its arguments; the first names the job.
    pub(crate) arguments: Vec<DataType>,
    /// Fields of the rows that it makes.
    pub(crate) fields: Fields,
    signature: Signature,
}

impl Shape {
    pub(crate) fn new(name: &'static str, arguments: Vec<DataType>, fields: Vec<Field>) -> Shape {
        // Volatile, or the engine would run it once more to see which rows a filter drops.
        let signature = Signature::any(arguments.len(), Volatility::Volatile);
        Shape { name, arguments, fields: fields.into(), signature }
    }

    fn result_type(&self) -> DataType {
        DataType::List(item(&self.fields))
    }

    /// The arguments in the types that the kernel asks for.
    fn cast(&self, columns: &[ArrayRef]) -> Result<Vec<ArrayRef>> {
        Self::cast_to(columns, &self.arguments)
    }

    fn cast_to(columns: &[ArrayRef], wanted: &[DataType]) -> Result<Vec<ArrayRef>> {
        columns.iter().zip(wanted).map(|(column, wanted)| Ok(cast(column, wanted)?)).collect()
    }

    fn lists(&self, made: Made) -> Result<ListArray> {
        let rows = StructArray::try_new(self.fields.clone(), made.columns, None)?;
        Ok(ListArray::try_new(item(&self.fields), OffsetBuffer::from_lengths(made.lengths), Arc::new(rows), None)?)
    }
}

fn item(fields: &Fields) -> FieldRef {
    Arc::new(Field::new("item", DataType::Struct(fields.clone()), true))
}

impl PartialEq for Shape {
    fn eq(&self, other: &Shape) -> bool {
        self.name == other.name
    }
}

impl Eq for Shape {}

impl Hash for Shape {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// A field that has a number of 32 bits in every row.
pub(crate) fn number(name: &str) -> Field {
    Field::new(name, DataType::UInt32, false)
}

/// What a kernel says to the engine.
pub(crate) fn of_kernel(error: anyhow::Error) -> DataFusionError {
    DataFusionError::Execution(format!("{error:#}"))
}

/// A kernel that makes rows of each row.
#[derive(Debug)]
pub(crate) struct RowKernel {
    pub(crate) shape: Shape,
    run: fn(&[ArrayRef]) -> anyhow::Result<Made>,
}

impl RowKernel {
    /// A kernel by its name, the types of its arguments, the first of which names the job, and the fields of its rows.
    pub(crate) fn new(
        name: &'static str,
        arguments: Vec<DataType>,
        fields: Vec<Field>,
        run: fn(&[ArrayRef]) -> anyhow::Result<Made>,
    ) -> RowKernel {
        RowKernel { shape: Shape::new(name, arguments, fields), run }
    }
}

/// A kernel that makes rows of all rows that share a key.
#[derive(Debug)]
pub(crate) struct GroupKernel {
    pub(crate) shape: Arc<Shape>,
    kernel: OfGroup,
}

/// What a kernel makes of the rows that share a key.
#[derive(Debug, Clone, Copy)]
struct OfGroup {
    run: fn(&[ArrayRef]) -> anyhow::Result<Vec<ArrayRef>>,
    /// Makes fewer rows of those that one task has of a key, before they move: a combiner (Dean and Ghemawat 2004, MapReduce,
    /// section 4.3). It is given the arguments but for the job, and gives such.
    combine: fn(&[ArrayRef]) -> Vec<ArrayRef>,
}

impl GroupKernel {
    /// As [`RowKernel::new`].
    pub(crate) fn new(
        name: &'static str,
        arguments: Vec<DataType>,
        fields: Vec<Field>,
        run: fn(&[ArrayRef]) -> anyhow::Result<Vec<ArrayRef>>,
    ) -> GroupKernel {
        let kernel = OfGroup { run, combine: |columns| columns.to_vec() };
        GroupKernel { shape: Arc::new(Shape::new(name, arguments, fields)), kernel }
    }

    /// The same kernel, of which each task makes fewer rows before they move.
    pub(crate) fn combining(mut self, combine: fn(&[ArrayRef]) -> Vec<ArrayRef>) -> GroupKernel {
        self.kernel.combine = combine;
        self
    }
}

macro_rules! known_by_shape {
    ($kernel:ty) => {
        impl PartialEq for $kernel {
            fn eq(&self, other: &Self) -> bool {
                self.shape == other.shape
            }
        }

        impl Eq for $kernel {}

        impl Hash for $kernel {
            fn hash<H: Hasher>(&self, state: &mut H) {
                self.shape.hash(state);
            }
        }
    };
}

known_by_shape!(RowKernel);
known_by_shape!(GroupKernel);

impl ScalarUDFImpl for RowKernel {
    fn name(&self) -> &str {
        self.shape.name
    }

    fn signature(&self) -> &Signature {
        &self.shape.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(self.shape.result_type())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let n_rows = args.number_rows;
        let columns: Vec<ArrayRef> =
            args.args.into_iter().map(|column| column.into_array(n_rows)).collect::<Result<_>>()?;
        let made = (self.run)(&self.shape.cast(&columns)?).map_err(of_kernel)?;
        Ok(ColumnarValue::Array(Arc::new(self.shape.lists(made)?)))
    }
}

impl AggregateUDFImpl for GroupKernel {
    fn name(&self) -> &str {
        self.shape.name
    }

    fn signature(&self) -> &Signature {
        &self.shape.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(self.shape.result_type())
    }

    fn accumulator(&self, _args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        let (shape, kernel) = (Arc::clone(&self.shape), self.kernel);
        Ok(Box::new(Gathered { shape, kernel, job: None, parts: Vec::new(), bytes: 0 }))
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let field = |name: &str, of| Arc::new(Field::new(format!("{}[{name}]", args.name), of, true));
        let rows = DataType::List(item(&row_fields(&self.shape)));
        Ok(vec![field("job", DataType::Utf8), field("rows", rows)])
    }
}

/// Fields of the rows that a group gathers: the arguments but for the job, which is one.
fn row_fields(shape: &Shape) -> Fields {
    let field = |(at, of): (usize, &DataType)| Field::new(format!("c{at}"), of.clone(), true);
    shape.arguments.iter().enumerate().skip(1).map(field).collect()
}

/// The rows of one key so far.
#[derive(Debug)]
struct Gathered {
    shape: Arc<Shape>,
    kernel: OfGroup,
    /// The first argument, which is the same in all rows.
    job: Option<String>,
    parts: Vec<Vec<ArrayRef>>,
    bytes: usize,
}

impl Gathered {
    fn push(&mut self, columns: Vec<ArrayRef>) {
        // Of the rows alone: several groups share the memory that they stand in.
        let bytes = |column: &ArrayRef| column.to_data().get_slice_memory_size().unwrap_or_default();
        self.bytes += columns.iter().map(bytes).sum::<usize>();
        self.parts.push(columns);
    }

    /// All rows, column by column.
    fn columns(&mut self) -> Result<Vec<ArrayRef>> {
        let parts = std::mem::take(&mut self.parts);
        self.bytes = 0;
        let column = |at: usize| -> Result<ArrayRef> {
            let of_parts: Vec<&dyn Array> = parts.iter().map(|part| part[at].as_ref()).collect();
            Ok(concat(&of_parts)?)
        };
        (0..self.shape.arguments.len() - 1).map(column).collect()
    }
}

impl Accumulator for Gathered {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        if values[0].is_empty() {
            return Ok(());
        }
        let job =
            || Ok::<_, DataFusionError>(cast(&values[0], &DataType::Utf8)?.as_string::<i32>().value(0).to_owned());
        self.job.get_or_insert(job()?);
        let columns = Shape::cast_to(&values[1..], &self.shape.arguments[1..])?;
        self.push(columns);
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let Some(job) = self.job.take() else { return exec_err!("{} is asked of no rows", self.shape.name) };
        let job: ArrayRef = Arc::new(StringArray::from(vec![job]));
        let arguments: Vec<ArrayRef> = std::iter::once(job).chain(self.columns()?).collect();
        let columns = (self.kernel.run)(&arguments).map_err(of_kernel)?;
        let n_rows = columns.first().map_or(0, Array::len);
        let list = self.shape.lists(Made { lengths: vec![n_rows], columns })?;
        Ok(ScalarValue::List(Arc::new(list)))
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.bytes
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let fields = row_fields(&self.shape);
        let Some(job) = self.job.take() else {
            return Ok(vec![ScalarValue::Utf8(None), ScalarValue::try_new_null(&DataType::List(item(&fields)))?]);
        };
        let rows = StructArray::try_new(fields.clone(), (self.kernel.combine)(&self.columns()?), None)?;
        let offsets = OffsetBuffer::from_lengths([rows.len()]);
        let list = ListArray::try_new(item(&fields), offsets, Arc::new(rows), None)?;
        Ok(vec![ScalarValue::Utf8(Some(job)), ScalarValue::List(Arc::new(list))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        if let Some(job) = states[0].as_string::<i32>().iter().flatten().next() {
            self.job.get_or_insert_with(|| job.to_owned());
        }
        for rows in states[1].as_list::<i32>().iter().flatten() {
            self.push(rows.as_struct().columns().to_vec());
        }
        Ok(())
    }
}
