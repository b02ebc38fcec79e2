//! Articles whose texts need not be in memory.

use std::borrow::Cow;
use std::io;

use rayon::prelude::*;
use samestory_article::{Article, ArticleId, CutKind};
use samestory_spill::{Spill, Spilled};

use crate::furniture::{Block, blocks_of, repeated_blocks, unmark};

/// Articles of which the first have their texts, up to a bound, and those of the others are kept in a
/// [spill file](Spill) and read from there one by one.
///
/// Of an article about 600 bytes stay in memory, and what its headline and other fields take.
#[derive(Debug, Default)]
pub struct ArticlesApart {
    heads: Vec<Article>,
    /// Where texts are that are not in their articles.
    texts: Vec<Option<Spilled>>,
    spill: Spill,
}

impl ArticlesApart {
    /// Articles in order of their ids, with what their outlets repeat marked; `blocks` are their paragraphs.
    pub(crate) fn marked(
        mut heads: Vec<Article>,
        blocks: &[Box<[Block]>],
        texts: Vec<Option<Spilled>>,
        spill: Spill,
    ) -> io::Result<ArticlesApart> {
        let text_of = |at: usize| match texts[at] {
            None => Ok(Cow::Borrowed(heads[at].text.as_str())),
            Some(kept) => kept_text(&spill, kept).map(Cow::Owned),
        };
        let marked = repeated_blocks(&heads, blocks, &text_of)?;
        for (at, range) in marked {
            let length = texts[at].map_or(heads[at].text.len(), Spilled::length);
            heads[at].cut_apart(range, CutKind::Furniture, length);
        }
        Ok(ArticlesApart { heads, texts, spill })
    }

    /// The articles in order of their ids; some without their texts.
    pub fn heads(&self) -> &[Article] {
        &self.heads
    }

    /// The article at a position as a whole.
    ///
    /// # Errors
    ///
    /// If the spill file cannot be read.
    pub fn whole(&self, at: usize) -> io::Result<Cow<'_, Article>> {
        let head = &self.heads[at];
        match self.texts[at] {
            None => Ok(Cow::Borrowed(head)),
            Some(kept) => Ok(Cow::Owned(Article { text: kept_text(&self.spill, kept)?, ..head.clone() })),
        }
    }
}

impl From<Vec<Article>> for ArticlesApart {
    /// Articles whose texts are in memory; they are put in order of their ids.
    fn from(mut articles: Vec<Article>) -> ArticlesApart {
        articles.sort_by(|a, b| a.id.cmp(&b.id));
        ArticlesApart { texts: vec![None; articles.len()], heads: articles, spill: Spill::holding(0) }
    }
}

/// Articles that come one after the other and are not all there yet; all texts are kept in a spill.
#[derive(Default)]
pub struct Gathering {
    heads: Vec<Article>,
    texts: Vec<Spilled>,
    spill: Spill,
}

impl Gathering {
    /// Nothing is gathered yet; the spill is empty.
    pub fn new(spill: Spill) -> Gathering {
        Gathering { spill, ..Gathering::default() }
    }

    /// Takes one more article.
    pub fn push(&mut self, mut article: Article) {
        self.texts.push(self.spill.keep(article.text.as_bytes()));
        article.text = String::new();
        self.heads.push(article);
    }

    /// The articles so far, without their texts, in the order in which they came.
    pub fn heads(&self) -> &[Article] {
        &self.heads
    }

    /// The text of the article at a position.
    ///
    /// # Errors
    ///
    /// If the spill cannot be read.
    pub fn text(&self, at: usize) -> io::Result<String> {
        kept_text(&self.spill, self.texts[at])
    }

    /// Gives the article at a position another id.
    pub fn rename(&mut self, at: usize, id: ArticleId) {
        self.heads[at].id = id;
    }

    /// The articles in order of their ids, marked as they are.
    pub fn as_marked(self) -> ArticlesApart {
        let Gathering { mut heads, texts, spill } = self;
        let mut texts: Vec<Option<Spilled>> = texts.into_iter().map(Some).collect();
        put_in_order(&mut heads, &mut [], &mut texts);
        ArticlesApart { heads, texts, spill }
    }

    /// The articles in order of their ids, with what their outlets repeat marked anew, as
    /// [`mark_repeated_blocks`](crate::mark_repeated_blocks) does it.
    ///
    /// # Errors
    ///
    /// If the spill cannot be read.
    pub fn finish(self) -> io::Result<ArticlesApart> {
        let Gathering { mut heads, texts, spill } = self;
        let unmarked = |(head, text): (&mut Article, &Spilled)| {
            head.text = kept_text(&spill, *text)?;
            unmark(head);
            let blocks = blocks_of(head);
            head.text = String::new();
            Ok(blocks)
        };
        let mut blocks: Vec<Box<[Block]>> =
            heads.par_iter_mut().zip(&texts).map(unmarked).collect::<io::Result<_>>()?;
        let mut texts: Vec<Option<Spilled>> = texts.into_iter().map(Some).collect();
        put_in_order(&mut heads, &mut blocks, &mut texts);
        ArticlesApart::marked(heads, &blocks, texts, spill)
    }
}

/// Puts articles, their paragraphs if these are there, and where their texts are in order of their ids.
pub(crate) fn put_in_order(heads: &mut [Article], blocks: &mut [Box<[Block]>], texts: &mut [Option<Spilled>]) {
    let mut order: Vec<u32> = (0..heads.len() as u32).collect();
    order.sort_by(|a, b| heads[*a as usize].id.cmp(&heads[*b as usize].id));
    reorder(heads, &order);
    if !blocks.is_empty() {
        reorder(blocks, &order);
    }
    reorder(texts, &order);
}

/// Puts items in order, in their place; `order` tells which comes first, second and so on.
fn reorder<T>(items: &mut [T], order: &[u32]) {
    let mut order = order.to_vec();
    for start in 0..order.len() {
        let mut at = start;
        while order[at] as usize != start {
            let from = order[at] as usize;
            items.swap(at, from);
            order[at] = at as u32;
            at = from;
        }
        order[at] = at as u32;
    }
}

/// Reads a text that is kept.
pub(crate) fn kept_text(spill: &Spill, kept: Spilled) -> io::Result<String> {
    let mut bytes = Vec::new();
    spill.read(kept, &mut bytes)?;
    String::from_utf8(bytes).map_err(io::Error::other)
}
