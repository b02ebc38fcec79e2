//! Finds near duplicates among many texts without comparing all pairs of them.
//!
//! Texts that share most of their phrases are copies, whatever was cut or changed in them; but
//! 40,000 texts have 800 million pairs. This crate sketches each text in 512 bytes, meets only the
//! pairs whose sketches agree somewhere, and compares these exactly.
//!
//! ```text
//! tokens ─Shingler▶ ShingleSet ─MinHasher▶ Signature ─Lsh▶ CandidatePair
//!                       └────────────────────────────────────── verify ▼
//!                                representatives ◀copy_groups─ NearDuplicate
//! ```
//!
//! # Types to know
//!
//! - [`ShingleSet`]: what a text is compared by, its phrases of five tokens as hashes.
//! - [`Signature`]: a sketch of such a set, from which the Jaccard coefficient is estimated.
//! - [`CandidatePair`]: two texts that [`Lsh`] says are worth comparing, cut by a [`Banding`].
//! - [`NearDuplicate`]: two texts that a [`NearDuplicateRule`] accepts by their exact [`Overlap`].
//!
//! # Example
//!
//! Two outlets print one agency report, a third writes its own.
//!
//! ```
//! use samestory_minhash::{
//!     Banding, Lsh, MinHasher, NearDuplicateRule, Shingler, copy_groups, token_hash, verify,
//! };
//!
//! let texts = [
//!     "the bridge over the river was closed on monday after inspectors found cracks in two of \
//!      its piers the city said",
//!     "the bridge over the river was closed on monday after inspectors found cracks in two of \
//!      its piers officials said",
//!     "commuters face long detours this week because cracks in two piers have shut the bridge",
//! ];
//!
//! let shingler = Shingler::default();
//! let sets: Vec<_> = texts
//!     .iter()
//!     .map(|text| text.split(' ').map(token_hash).collect::<Vec<u64>>())
//!     .map(|tokens| shingler.shingle_set(&tokens))
//!     .collect();
//!
//! let hasher = MinHasher::default();
//! let signatures: Vec<_> = sets.iter().map(|set| hasher.signature(set)).collect();
//!
//! // The order of publication: the second text came first.
//! let rank = [1, 0, 2];
//! let candidates = Lsh::new(Banding::default()).candidates(&signatures, &rank);
//! let pairs = verify(&sets, &candidates.pairs, &NearDuplicateRule::default());
//!
//! assert_eq!(pairs.len(), 1);
//! assert_eq!((pairs[0].a, pairs[0].b), (0, 1));
//! assert_eq!(pairs[0].overlap.shared, 14);
//! assert_eq!(pairs[0].overlap.jaccard(), 14.0 / 19.0);
//!
//! assert_eq!(copy_groups(&rank, &pairs), [Some(1), None, None]);
//! ```
//!
//! # Limits
//!
//! - Candidates are found with high probability, not certainty: 0.9976 at Jaccard 0.3 with the
//!   default banding, 1 - 10⁻¹² at 0.6 ([`Banding::probability`]). What is found is exact.
//! - A short text inside a long one has a small Jaccard, and is not met. Below 0.3 this crate does
//!   not look.
//! - A text shorter than the shingle width matches only an equal one.
//! - In buckets above the cap some pairs are left out; [`Candidates::capped_buckets`] counts them.
//! - A batch is held in memory: 512 bytes a signature, 8 bytes a shingle, 8 bytes a candidate pair.
//! - The hashes are not keyed: a hostile author can make texts collide.
//!
//! Results depend on the input and the settings only, not on threads, time or machine.

mod banding;
mod group;
mod jaccard;
mod lsh;
mod near_duplicate;
mod shingle;
mod signature;

pub use banding::Banding;
pub use group::copy_groups;
pub use jaccard::Overlap;
pub use lsh::{CandidatePair, Candidates, Lsh, meet_in_bucket};
pub use near_duplicate::{NearDuplicate, NearDuplicateRule, verify};
pub use shingle::{ShingleSet, Shingler, token_hash};
pub use signature::{MinHasher, Signature};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
