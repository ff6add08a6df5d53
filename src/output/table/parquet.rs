//! A table as Parquet.

use std::io::{self, Write};
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, FloatType, Int32Type};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::{Type, TypePtr};

use super::rows::{Rows, Values};

/// Rows of a row group, about: one is in memory at a time.
const GROUP: usize = 1 << 20;

/// Writes a table. Where there is no number, it is NaN, as in the arrays; `texts` become metadata.
pub fn write(rows: &mut Rows, texts: &[(&str, String)], to: &mut (impl Write + Send)) -> io::Result<()> {
    let named = rows.labels().map(str::to_owned).zip(rows.kinds()).collect::<Vec<_>>();
    let fields =
        named.iter().map(|(name, kind)| field(name, kind)).collect::<parquet::errors::Result<Vec<_>>>()?;
    let schema = Type::group_type_builder("cells").with_fields(fields).build()?;
    let texts = texts.iter().map(|(keyword, text)| KeyValue::new((*keyword).to_owned(), text.clone()));
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_created_by(format!("gdscope {}", env!("CARGO_PKG_VERSION")))
        .set_key_value_metadata(Some(texts.collect()));
    let mut file = SerializedFileWriter::new(to, Arc::new(schema), Arc::new(properties.build()))?;
    while let Some(block) = rows.next(GROUP)? {
        let mut group = file.next_row_group()?;
        for values in block {
            let column = group.next_column()?.ok_or_else(|| io::Error::other("a column too many"))?;
            put(column, values)?;
        }
        group.close()?;
    }
    file.close()?;
    Ok(())
}

/// A column's name and type.
fn field(name: &str, kind: &Values) -> parquet::errors::Result<TypePtr> {
    let (physical, logical) = match kind {
        Values::U32(_) => (Physical::INT32, Some(LogicalType::integer(32, false))),
        Values::I32(_) => (Physical::INT32, None),
        Values::F32(_) => (Physical::FLOAT, None),
        Values::F64(_) => (Physical::DOUBLE, None),
        Values::Word(_) => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
    };
    let field = Type::primitive_type_builder(name, physical).with_logical_type(logical);
    Ok(Arc::new(field.with_repetition(Repetition::REQUIRED).build()?))
}

/// Writes the values of a column.
fn put(mut column: SerializedColumnWriter<'_>, values: Values) -> parquet::errors::Result<()> {
    match values {
        Values::U32(v) => {
            // Parquet has its unsigned numbers in the bits of signed ones.
            column.typed::<Int32Type>().write_batch(bytemuck::cast_slice(&v), None, None)?
        }
        Values::I32(v) => column.typed::<Int32Type>().write_batch(&v, None, None)?,
        Values::F32(v) => column.typed::<FloatType>().write_batch(&v, None, None)?,
        Values::F64(v) => column.typed::<DoubleType>().write_batch(&v, None, None)?,
        Values::Word(v) => {
            let words: Vec<ByteArray> = v.into_iter().map(ByteArray::from).collect();
            column.typed::<ByteArrayType>().write_batch(&words, None, None)?
        }
    };
    column.close()
}
