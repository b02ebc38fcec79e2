//! Groups articles that report the same event.
//!
//! [`ArticleTerms`] counts what an article is compared by, [`DocumentFrequencies`] how common each
//! term is, and [`ArticleVectors`] weighs the one by the other. [`cluster_articles`] finds candidate
//! pairs, scores them and links them into stories.
//!
//! ```
//! use samestory_article::Article;
//! use samestory_cluster::{ArticleTerms, ArticleVectors, DocumentFrequencies, Strictness, cluster_articles};
//!
//! let texts = [
//!     "Ferry Aurelia runs aground off Saint Orla. All 212 passengers of the Aurelia were taken ashore \
//!      on Tuesday after the ferry struck a sand bank near Saint Orla in thick fog.",
//!     "212 rescued as Aurelia strikes sand bank. Lifeboats took every passenger off the ferry Aurelia \
//!      near Saint Orla on Tuesday; fog hid the bank.",
//!     "Velmark elects a new assembly. Voters in Velmark gave the Harvest Party 41 of 90 seats.",
//! ];
//! let articles: Vec<Article> = texts
//!     .iter()
//!     .enumerate()
//!     .map(|(number, text)| {
//!         let mut article = Article::new(format!("article-{number}").into());
//!         article.text = text.to_string();
//!         article
//!     })
//!     .collect();
//! let terms: Vec<ArticleTerms> = articles.iter().map(ArticleTerms::of).collect();
//! let frequencies = DocumentFrequencies::count(&terms);
//! let vectors: Vec<ArticleVectors<'_>> =
//!     terms.iter().zip(&articles).map(|(terms, article)| ArticleVectors::weigh(terms, &frequencies, article)).collect();
//! assert_eq!(cluster_articles(vectors.as_slice(), Strictness::Default)?, [0, 0, 2]);
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! Limits: candidates are met over shared terms, so two reports that share none of their hundred heaviest
//! words and 25 heaviest names are not compared. Languages are not bridged: a French and an English report of one
//! event are one story only where names and numbers carry them.

pub mod background;
pub mod candidates;
pub mod compared;
pub mod evaluate;
pub mod features;
mod fixed;
mod forest;
pub mod frequencies;
pub mod linkage;
pub mod links;
pub mod model;
pub mod overlap;
pub mod prior;
pub mod score;
mod story;
pub mod terms;
pub mod vectors;

pub use frequencies::DocumentFrequencies;
pub use model::PairModel;
pub use score::{Strictness, cluster_articles};
pub use story::StoryId;
pub use terms::ArticleTerms;
pub use vectors::ArticleVectors;
