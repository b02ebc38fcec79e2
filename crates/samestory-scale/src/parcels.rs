//! Parcels: articles on their way to where they meet others, many compressed together, since texts are most of what moves.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, Result};
use datafusion::arrow::array::{ArrayRef, LargeBinaryArray, UInt32Array, new_null_array};
use datafusion::arrow::datatypes::DataType;

use crate::function::Made;

/// The articles of a batch that go to the same place, in one stretch of Zstandard each.
#[derive(Default)]
pub(crate) struct Parcels {
    /// The open parcel for each place.
    open: BTreeMap<u32, Vec<u8>>,
    places: Vec<u32>,
    closed: Vec<Vec<u8>>,
}

impl Parcels {
    /// Adds an article, packed, by number.
    pub(crate) fn add(&mut self, place: u32, number: u32, article: &[u8]) -> Result<()> {
        let parcel = self.open.entry(place).or_default();
        parcel.extend(number.to_le_bytes());
        parcel.extend((article.len() as u64).to_le_bytes());
        parcel.extend_from_slice(article);
        if parcel.len() >= LONGEST_PARCEL {
            let parcel = std::mem::take(parcel);
            self.close(place, &parcel)?;
        }
        Ok(())
    }

    fn close(&mut self, place: u32, parcel: &[u8]) -> Result<()> {
        if !parcel.is_empty() {
            self.places.push(place);
            self.closed.push(zstd::bulk::compress(parcel, ZSTD_LEVEL)?);
        }
        Ok(())
    }

    /// The parcels as rows of the first of `n_rows` articles: place, columns of these types without values, parcel.
    pub(crate) fn rows(mut self, n_rows: usize, between: &[DataType]) -> Result<Made> {
        for (place, parcel) in std::mem::take(&mut self.open) {
            self.close(place, &parcel)?;
        }
        let n_parcels = self.places.len();
        let mut lengths = vec![0; n_rows];
        if let Some(first) = lengths.first_mut() {
            *first = n_parcels;
        }
        let mut columns: Vec<ArrayRef> = vec![Arc::new(UInt32Array::from(self.places))];
        columns.extend(between.iter().map(|of| new_null_array(of, n_parcels)));
        columns.push(Arc::new(LargeBinaryArray::from_iter_values(self.closed)));
        Ok(Made { lengths, columns })
    }
}

/// Gives the articles of a parcel to `see`, packed, by number.
pub(crate) fn open_parcel(bytes: &[u8], see: &mut dyn FnMut(u32, &[u8]) -> Result<()>) -> Result<()> {
    let damaged = "articles of the job are damaged on their way";
    let length = zstd::bulk::Decompressor::upper_bound(bytes).context(damaged)?;
    let whole = zstd::bulk::decompress(bytes, length.min(LARGEST)).context(damaged)?;
    let mut rest = whole.as_slice();
    while !rest.is_empty() {
        let (number, behind) = rest.split_first_chunk().context(damaged)?;
        let (length, behind) = behind.split_first_chunk().context(damaged)?;
        let (article, behind) = behind.split_at_checked(u64::from_le_bytes(*length) as usize).context(damaged)?;
        see(u32::from_le_bytes(*number), article)?;
        rest = behind;
    }
    Ok(())
}

const ZSTD_LEVEL: i32 = 3;

/// Bytes from which on a parcel is closed.
const LONGEST_PARCEL: usize = 8 << 20;

/// Bytes that a parcel may take unpacked: more than any that was closed.
const LARGEST: usize = 8 << 30;

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::AsArray;
    use datafusion::arrow::datatypes::UInt32Type;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn articles_arrive_at_the_places_that_they_are_sent_to(
            sent in prop::collection::vec((0..3u32, any::<u32>(), prop::collection::vec(any::<u8>(), 0..40)), 0..30),
        ) {
            let mut parcels = Parcels::default();
            for (place, number, article) in &sent {
                parcels.add(*place, *number, article).unwrap();
            }
            let rows = parcels.rows(2, &[DataType::Utf8]).unwrap();
            let (places, parcels) = (rows.columns[0].as_primitive::<UInt32Type>(), rows.columns[2].as_binary::<i64>());
            prop_assert_eq!(rows.lengths, [places.len(), 0]);
            let mut arrived = Vec::new();
            for (place, parcel) in places.values().iter().zip(parcels.iter().flatten()) {
                open_parcel(parcel, &mut |number, article| {
                    arrived.push((*place, number, article.to_vec()));
                    Ok(())
                })
                .unwrap();
            }
            let mut sent = sent;
            sent.sort_by_key(|(place, ..)| *place);
            prop_assert_eq!(arrived, sent);
        }

        #[test]
        fn what_is_no_whole_parcel_is_an_error(article in prop::collection::vec(any::<u8>(), 0..40), cut in any::<prop::sample::Index>()) {
            let mut whole = [7u32.to_le_bytes().as_slice(), &(article.len() as u64).to_le_bytes()].concat();
            whole.extend(&article);
            let open = |bytes: &[u8]| open_parcel(&zstd::bulk::compress(bytes, ZSTD_LEVEL).unwrap(), &mut |_, _| Ok(()));
            prop_assert!(open(&whole).is_ok());
            let length = cut.index(whole.len());
            prop_assert_eq!(open(&whole[..length]).is_ok(), length == 0);
            prop_assert!(open_parcel(&whole, &mut |_, _| Ok(())).is_err());
        }
    }
}
