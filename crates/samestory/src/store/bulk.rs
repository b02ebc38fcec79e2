//! A new store from many articles at once: rows go to their tables as they are made, in order of their keys,
//! and are not kept beside them as a [`Draft`](super::Draft) keeps them.

use redb::{TableDefinition, WriteTransaction};
use samestory_cluster::candidates::HeavyTerm;
use samestory_minhash::Signature;

use super::rows::{self, CandidateRow, Compared, StorySummary, pack};
use crate::error::CollectionError;
use crate::pipeline::Place;

/// The tables of a store that has no rows yet. All rows are to come in order of their keys, which is quickest.
pub(crate) struct Bulk<'t> {
    transaction: &'t WriteTransaction,
}

/// An article that others are found by.
#[derive(Clone, Copy)]
pub(crate) struct Posted<'a> {
    pub(crate) number: u32,
    pub(crate) block: u32,
    /// Heaviest first.
    pub(crate) heaviest: &'a [HeavyTerm],
}

/// Postings that are sorted at a time.
const POSTINGS_AT_A_TIME: usize = 4 << 20;

impl<'t> Bulk<'t> {
    pub(super) fn new(transaction: &'t WriteTransaction) -> Bulk<'t> {
        Bulk { transaction }
    }

    /// Articles that are packed.
    pub(crate) fn articles(&self, rows: impl IntoIterator<Item = (u32, Vec<u8>)>) -> Result<(), CollectionError> {
        self.rows(rows::ARTICLES, rows, Ok)
    }

    /// Numbers of articles by their ids.
    pub(crate) fn article_ids<'a>(&self, rows: impl Iterator<Item = (&'a str, u32)>) -> Result<(), CollectionError> {
        self.texts(rows::ARTICLE_IDS, rows)
    }

    /// Numbers of articles by their canonical addresses.
    pub(crate) fn addresses<'a>(&self, rows: impl Iterator<Item = (&'a str, u32)>) -> Result<(), CollectionError> {
        self.texts(rows::ADDRESSES, rows)
    }

    /// Numbers of stories by their names.
    pub(crate) fn story_ids<'a>(&self, rows: impl Iterator<Item = (&'a str, u32)>) -> Result<(), CollectionError> {
        self.texts(rows::STORY_IDS, rows)
    }

    pub(crate) fn places(&self, rows: impl Iterator<Item = (u32, Place)>) -> Result<(), CollectionError> {
        self.rows(rows::PLACES, rows, |place| pack(&place))
    }

    pub(crate) fn signatures<'a>(
        &self,
        rows: impl Iterator<Item = (u32, &'a Signature)>,
    ) -> Result<(), CollectionError> {
        self.rows(rows::SIGNATURES, rows, |signature| Ok(rows::pack_signature(signature)))
    }

    pub(crate) fn compared(&self, rows: impl Iterator<Item = (u32, Compared)>) -> Result<(), CollectionError> {
        self.rows(rows::COMPARED, rows, |row| Ok(row.to_bytes().to_vec()))
    }

    pub(crate) fn candidates(&self, rows: impl Iterator<Item = (u32, CandidateRow)>) -> Result<(), CollectionError> {
        self.rows(rows::CANDIDATES, rows, |row| pack(&row))
    }

    /// Others that articles were judged with, and the log odds that both report one event.
    pub(crate) fn pairs(&self, rows: impl Iterator<Item = (u32, Vec<(u32, f32)>)>) -> Result<(), CollectionError> {
        self.rows(rows::PAIRS, rows, |pairs| Ok(rows::pack_pairs(&pairs)))
    }

    pub(crate) fn stories(&self, rows: impl IntoIterator<Item = (u32, StorySummary)>) -> Result<(), CollectionError> {
        self.rows(rows::STORIES, rows, |story| pack(&story))
    }

    /// Makes articles be found by their heaviest terms; they come in order of their blocks, then numbers.
    pub(crate) fn postings(&self, articles: &[Posted<'_>]) -> Result<(), CollectionError> {
        let mut table = self.transaction.open_table(rows::POSTINGS)?;
        for of_block in articles.chunk_by(|a, b| a.block == b.block) {
            let block = of_block[0].block;
            rows::each_posting_row(of_block, usize::MAX, POSTINGS_AT_A_TIME, |term, row| {
                table.insert(rows::posting_key(block, term), row)?;
                Ok(())
            })?;
        }
        let mut table = self.transaction.open_table(rows::FAR_POSTINGS)?;
        rows::each_posting_row(articles, rows::FAR_POSTINGS_OF_ARTICLE, POSTINGS_AT_A_TIME, |term, row| {
            table.insert(term, row)?;
            Ok(())
        })
    }

    fn rows<T>(
        &self,
        table: TableDefinition<'_, u32, &'static [u8]>,
        rows: impl IntoIterator<Item = (u32, T)>,
        packed: impl Fn(T) -> Result<Vec<u8>, CollectionError>,
    ) -> Result<(), CollectionError> {
        let mut table = self.transaction.open_table(table)?;
        for (key, row) in rows {
            table.insert(key, packed(row)?.as_slice())?;
        }
        Ok(())
    }

    fn texts<'a>(
        &self,
        table: TableDefinition<'_, &'static str, u32>,
        rows: impl Iterator<Item = (&'a str, u32)>,
    ) -> Result<(), CollectionError> {
        let mut table = self.transaction.open_table(table)?;
        for (key, number) in rows {
            table.insert(key, number)?;
        }
        Ok(())
    }
}
