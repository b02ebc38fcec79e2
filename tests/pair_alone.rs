//! The score of a pair needs the two articles, the document frequencies and the two candidate lists,
//! and nothing else of the collection. This is what lets one article be added, or a pair be scored
//! elsewhere.

use std::path::PathBuf;

use samestory::article::Article;
use samestory::article::ArticleId;
use samestory::ingest::{ReadSettings, read};
use samestory::spill::Spill;
use samestory::stories::candidates::candidate_lists;
use samestory::stories::compared::ComparedPairs;
use samestory::stories::features::{Neighbourhood, PairFeatures};
use samestory::stories::overlap::PairOverlap;
use samestory::stories::{ArticleTerms, ArticleVectors, DocumentFrequencies};

fn corpus() -> Vec<Article> {
    let corpus = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../corpus"));
    read(&[corpus], &ReadSettings::default(), &mut |_| ()).articles
}

#[test]
fn a_pair_alone_has_the_score_it_has_in_the_batch() {
    let articles = corpus();
    let terms: Vec<ArticleTerms> = articles.iter().map(ArticleTerms::of).collect();
    let frequencies = DocumentFrequencies::count(&terms);
    let weigh = |at: usize| ArticleVectors::weigh(&ArticleTerms::of(&articles[at]), &frequencies, &articles[at]);
    let vectors: Vec<ArticleVectors<'_>> = (0..articles.len()).map(weigh).collect();
    let lists = candidate_lists(vectors.as_slice());

    let batch = ComparedPairs::of(vectors.as_slice(), &lists, Spill::holding(0)).unwrap();
    assert!(batch.pairs().len() > articles.len());
    for (at, (a, b)) in batch.pairs().iter().enumerate() {
        let side = |at: u32| {
            let own = weigh(at as usize);
            let list = &lists[at as usize];
            let others: Vec<ArticleVectors<'_>> = list.iter().map(|other| weigh(other.number as usize)).collect();
            let closeness = list
                .iter()
                .zip(&others)
                .map(|(other, vectors)| (other.number, PairOverlap::of(&own, vectors).closeness));
            let other_outlets = others.iter().filter(|other| other.outlet != own.outlet).count();
            let neighbourhood = Neighbourhood::of(at, closeness, other_outlets as f32 / list.len().max(1) as f32);
            (own, neighbourhood)
        };
        let (a, b) = (side(*a), side(*b));
        let alone = PairFeatures::of(&PairOverlap::of(&a.0, &b.0), &a.1, &b.1);
        assert_eq!(alone, batch.features(at).0);
    }
}

#[test]
fn what_two_articles_share_does_not_depend_on_their_order() {
    let articles = corpus();
    let terms: Vec<ArticleTerms> = articles.iter().map(ArticleTerms::of).collect();
    let frequencies = DocumentFrequencies::count(&terms);
    let vectors: Vec<ArticleVectors<'_>> = terms
        .iter()
        .zip(&articles)
        .map(|(terms, article)| ArticleVectors::weigh(terms, &frequencies, article))
        .collect();
    for (at, a) in vectors.iter().enumerate() {
        for (other, b) in vectors.iter().enumerate() {
            assert_eq!(PairOverlap::of(a, b), PairOverlap::of(b, a), "{} {}", articles[at].id, articles[other].id);
        }
    }
}

#[test]
fn two_articles_alone_are_judged_by_the_background() {
    let articles = corpus();
    let of =
        |id: &str| articles.iter().find(|article| article.id.as_str() == id).expect("an article of the corpus").clone();
    let stories = |ids: [&str; 2]| {
        let pair = ids.map(of).to_vec();
        samestory::cluster(pair, &samestory::Settings::default(), &mut |_| ()).unwrap().stories.len()
    };
    assert_eq!(stories(["articles/meridian-post/libya-truce-history.txt", "libya-courier"]), 1);
    assert_eq!(stories(["election-ledger", "election-northgate"]), 1);
    assert_eq!(stories(["libya-courier", "seeds-herald"]), 2);
    assert_eq!(stories(["baths-herald", "seeds-herald"]), 2);
}

#[test]
fn one_shared_name_is_no_event() {
    let article = |id: &str, headline: &str, text: &str| {
        let mut article = Article::new(ArticleId::from(id));
        article.headline = headline.into();
        article.text = text.into();
        article.language = Some(samestory::article::Language::ENGLISH);
        article
    };
    let pairs = [
        [
            article(
                "a",
                "Fire destroys warehouse in Leeds",
                "A fire destroyed a warehouse in Leeds overnight. Nobody was hurt.",
            ),
            article("b", "Leeds council raises parking fees", "Drivers in Leeds will pay more to park from April."),
        ],
        [article("a", "Apple unveils new phone", ""), article("b", "Apple shares fall on trade fears", "")],
        [article("a", "Police arrest man in London", ""), article("b", "Man wins London marathon", "")],
    ];
    for pair in pairs {
        let headline = pair[1].headline.clone();
        let clustering = samestory::cluster(pair.to_vec(), &samestory::Settings::default(), &mut |_| ()).unwrap();
        assert_eq!(clustering.stories.len(), 2, "{headline}");
    }
}
