//! Every command and option, once. The doc comments are the help texts.

mod watch;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use samestory::stories::Strictness;
use samestory::{ConfigError, Settings};

pub(crate) use self::watch::{FeedsArgs, WatchArgs};
use crate::output::Failure;

const EXIT_CODES: &str =
    "Exit codes: 0 done; 1 done, but items were rejected (listed on stderr); 2 wrong usage; 3 could not do it.";

/// Which articles are about the same event? Groups news articles into stories, folds copies, searches.
#[derive(Debug, Parser)]
#[command(name = "samestory", version, after_help = EXIT_CODES, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) global: Global,
}

#[derive(Debug, Args)]
pub(crate) struct Global {
    /// Folder of the collection.
    #[arg(long, global = true, value_name = "DIR", env = "SAMESTORY_COLLECTION", default_value = ".samestory")]
    pub(crate) collection: PathBuf,
    /// Threads to use; all cores by default. The answer does not depend on it.
    #[arg(long, global = true, value_name = "N")]
    threads: Option<usize>,
    /// Settings file; `samestory.toml` in this folder by default, if there is one.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// More threads than any machine has cores would only take memory.
const MOST_THREADS: usize = 1024;

impl Global {
    /// Settings from the file that is named, or that lies here.
    pub(crate) fn settings(&self) -> Result<Settings, ConfigError> {
        let here = PathBuf::from("samestory.toml");
        match &self.config {
            Some(path) => Settings::read_file(path),
            None if here.is_file() => Settings::read_file(&here),
            None => Ok(Settings::default()),
        }
    }

    pub(crate) fn start_threads(&self) -> Result<(), Failure> {
        let Some(threads) = self.threads else { return Ok(()) };
        if !(1..=MOST_THREADS).contains(&threads) {
            return Err(Failure::usage(format!("--threads must lie between 1 and {MOST_THREADS}")));
        }
        rayon::ThreadPoolBuilder::new().num_threads(threads).build_global().map_err(Failure::failed)
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Cluster(ClusterArgs),
    Add(AddArgs),
    Match(MatchArgs),
    Changes(ChangesArgs),
    Remove(RemoveArgs),
    Expire(ExpireArgs),
    Pin(PinArgs),
    Unpin(UnpinArgs),
    Split(SplitArgs),
    Merge(MergeArgs),
    /// Decide all stories of the collection anew; their names stay, and what was pinned.
    ///
    /// `add` decides what is near the articles that come. This takes all articles together, as `cluster` does.
    Recluster,
    Check(CheckArgs),
    /// Make a collection of an earlier version one of this version: its articles and the names of its stories stay.
    Upgrade,
    Search(SearchArgs),
    Show(ShowArgs),
    Compare(CompareArgs),
    Diff(DiffArgs),
    Coverage(CoverageArgs),
    Watch(WatchArgs),
    Feeds(FeedsArgs),
    Serve(ServeArgs),
    Stories(StoriesArgs),
    Info(InfoArgs),
    Dedup(DedupArgs),
    Eval(EvalArgs),
    Export(ExportArgs),
    Outlets(OutletsArgs),
    Bench(BenchArgs),
    Completions(CompletionsArgs),
}

fn strictness(name: &str) -> Result<Strictness, String> {
    name.parse().map_err(|()| "one of `loose`, `default` and `strict` is expected".to_owned())
}

/// The one knob of stories.
#[derive(Debug, Args)]
pub(crate) struct StrictnessArgs {
    /// How sure a story must be of its articles: `loose`, `default` or `strict`.
    #[arg(long, value_name = "HOW", value_parser = strictness)]
    pub(crate) strictness: Option<Strictness>,
}

impl StrictnessArgs {
    /// Lays the option over the settings.
    pub(crate) fn apply(&self, settings: &mut Settings) {
        settings.stories.strictness = self.strictness.unwrap_or(settings.stories.strictness);
    }
}

/// What is read, and how.
#[derive(Debug, Args)]
pub(crate) struct InputArgs {
    /// Files and folders of articles; `-` is standard input.
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) reading: ReadingArgs,
}

/// How files are read.
#[derive(Debug, Args)]
pub(crate) struct ReadingArgs {
    /// Another name for a field, such as `title=hed` or `text=story_body`.
    #[arg(long, value_name = "FIELD=NAME")]
    map: Vec<String>,
    /// Table of outlets and agencies to lay over the built-in one (see `samestory outlets`).
    #[arg(long, value_name = "FILE")]
    outlets: Option<PathBuf>,
    /// Largest file, page or record that is read whole, in bytes after decompression.
    #[arg(long, value_name = "N", help_heading = LIMITS)]
    max_file_bytes: Option<u64>,
    /// Longest line of a JSONL file, in bytes.
    #[arg(long, value_name = "N", help_heading = LIMITS)]
    max_line_bytes: Option<u64>,
    /// Most bytes that one compressed file may hold.
    #[arg(long, value_name = "N", help_heading = LIMITS)]
    max_decompressed_bytes: Option<u64>,
    /// How many times its size a compressed file may grow, once past 64 MiB.
    #[arg(long, value_name = "N", help_heading = LIMITS)]
    max_expansion: Option<u64>,
    /// Most brackets or elements within each other in JSON and XML, up to 1024.
    #[arg(long, value_name = "N", help_heading = LIMITS)]
    max_nesting: Option<usize>,
    /// Most items of one file.
    #[arg(long, value_name = "N", help_heading = LIMITS)]
    max_items: Option<u64>,
    /// Largest HTML page, in bytes.
    #[arg(long, value_name = "N", help_heading = LIMITS)]
    max_html_bytes: Option<u64>,
    /// Most elements, texts and comments of one HTML page.
    #[arg(long, value_name = "N", help_heading = LIMITS)]
    max_html_nodes: Option<usize>,
    /// Most elements within each other in one HTML page, up to 1024.
    #[arg(long, value_name = "N", help_heading = LIMITS)]
    max_html_nesting: Option<usize>,
}

/// Heading of the bounds in the help.
const LIMITS: &str = "Limits (what is over one is rejected, the rest is read)";

impl ReadingArgs {
    /// Puts what was given on the command line over the settings.
    pub(crate) fn apply(&self, settings: &mut Settings) {
        settings.read.map.extend(self.map.iter().cloned());
        settings.read.outlets = self.outlets.clone().or(settings.read.outlets.take());
        let limits = &mut settings.limits;
        limits.file_bytes = self.max_file_bytes.unwrap_or(limits.file_bytes);
        limits.line_bytes = self.max_line_bytes.unwrap_or(limits.line_bytes);
        limits.decompressed_bytes = self.max_decompressed_bytes.unwrap_or(limits.decompressed_bytes);
        limits.expansion = self.max_expansion.unwrap_or(limits.expansion);
        limits.nesting = self.max_nesting.unwrap_or(limits.nesting);
        limits.items = self.max_items.unwrap_or(limits.items);
        limits.html_bytes = self.max_html_bytes.unwrap_or(limits.html_bytes);
        limits.html_nodes = self.max_html_nodes.unwrap_or(limits.html_nodes);
        limits.html_nesting = self.max_html_nesting.unwrap_or(limits.html_nesting);
    }
}

/// Read articles, fold copies, group stories, and store them as the collection.
///
/// Replaces, atomically, what the collection held. Any other folder is refused.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  samestory cluster corpus\n  samestory cluster news.jsonl.zst more/ --assignments stories.jsonl\n  zcat news.jsonl.gz | samestory cluster -"
)]
pub(crate) struct ClusterArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    /// Write a line for every article: {"id", "story", "copy_of", "version_of"}; `-` is standard output.
    #[arg(long, value_name = "FILE")]
    pub(crate) assignments: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) strictness: StrictnessArgs,
    /// Replace a collection that was fed by `samestory add`.
    #[arg(long)]
    pub(crate) replace: bool,
    /// How many of the largest stories to list.
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) top: usize,
    /// Print counts and the largest stories as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Add articles to the collection, which is made if there is none.
///
/// New articles join stories, found new ones or make stories merge. An article that is there with the same
/// text is left as it is; one of a known id or address with another text becomes its newest version. When the
/// command ends, its articles survive a loss of power.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  samestory add today.jsonl\n  samestory add incoming/ --changes\n  zcat feed.jsonl.gz | samestory add - --json"
)]
pub(crate) struct AddArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    /// Print what has changed, as `samestory changes` does.
    #[arg(long)]
    pub(crate) changes: bool,
    /// Print counts as JSON.
    #[arg(long, conflicts_with = "changes")]
    pub(crate) json: bool,
}

/// Tell which story a text belongs to, without storing it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  samestory match draft.txt\n  pbpaste | samestory match - --json")]
pub(crate) struct MatchArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    /// Print as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// List what has become of articles and stories: founded, joined, moved, merged, split, corrected, removed.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  samestory changes --since 2h\n  samestory changes --since 2026-11-01 --json\n  samestory changes --since 1204    (the number that the last call ended with)"
)]
pub(crate) struct ChangesArgs {
    /// From this change number, date or time ago on; all by default.
    #[arg(long, value_name = "NUMBER|DATE|AGO")]
    pub(crate) since: Option<String>,
    /// Print as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Remove articles from the collection.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  samestory remove libya-courier https://www.harbour-courier.example/2020/01/08/libya-truce"
)]
pub(crate) struct RemoveArgs {
    /// Article ids or addresses.
    #[arg(required = true, value_name = "ARTICLE|URL")]
    pub(crate) names: Vec<String>,
}

/// Remove old articles. Those without a time go by when they were added.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  samestory expire --older-than 90d\n  samestory expire --before 2026-01-01")]
pub(crate) struct ExpireArgs {
    /// Remove articles from longer ago than this: a number with `h`, `d` or `w`.
    #[arg(long, value_name = "AGE")]
    pub(crate) older_than: Option<String>,
    /// Remove articles from before this day or time, UTC.
    #[arg(long, value_name = "DATE", conflicts_with = "older_than")]
    pub(crate) before: Option<String>,
    /// Print counts as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Fix the stories of articles, whatever is learned later; copies and versions go along.
///
/// The articles that a fixed story has stay together. New ones can join it; it never becomes one with another
/// fixed story.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  samestory pin libya-courier\n  samestory pin libya-courier --story 97as0dvswp")]
pub(crate) struct PinArgs {
    /// Article ids or addresses.
    #[arg(required = true, value_name = "ARTICLE|URL")]
    pub(crate) articles: Vec<String>,
    /// Put the articles into this story, and not into the ones they are in.
    #[arg(long, value_name = "STORY")]
    pub(crate) story: Option<String>,
    /// Print the fixed stories as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Take back what `pin`, `split` or `merge` has fixed.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  samestory unpin 97as0dvswp")]
pub(crate) struct UnpinArgs {
    /// Stories, or articles by id or address.
    #[arg(required = true, value_name = "STORY|ARTICLE|URL")]
    pub(crate) names: Vec<String>,
}

/// Make some articles of a story a story of their own, for good.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  samestory split 97as0dvswp libya-courier libya-truce")]
pub(crate) struct SplitArgs {
    /// The story.
    #[arg(value_name = "STORY")]
    pub(crate) story: String,
    /// The articles that leave it, by id or address.
    #[arg(required = true, value_name = "ARTICLE|URL")]
    pub(crate) articles: Vec<String>,
    /// Print both stories as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Make several stories one, for good. The oldest keeps its name, to which the others lead.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  samestory merge 97as0dvswp xerc7mnrcc")]
pub(crate) struct MergeArgs {
    /// The stories.
    #[arg(required = true, num_args = 2.., value_name = "STORY")]
    pub(crate) stories: Vec<String>,
    /// Print the story as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Look for damage: every page of the store, every record, every file of the index, and whether they agree.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  samestory check\n  samestory check --repair")]
pub(crate) struct CheckArgs {
    /// Mend what was found: the index is made anew from the store, and a damaged store from the articles that
    /// can still be read.
    #[arg(long)]
    pub(crate) repair: bool,
    /// Print what was found as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Find stories by keyword.
///
/// Words are joined by AND (by OR where no article has them all); "phrases", OR, NOT, -word and
/// brackets work. Each story is given once, ranked by its best articles and its breadth.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  samestory search 'libya cease-fire'\n  samestory search '\"joint statement\" NOT gas' --from 2020-01-08 --outlet 'Harbour Courier'\n  samestory search ferry --json | jq '.stories[].headline'"
)]
pub(crate) struct SearchArgs {
    /// The query.
    #[arg(value_name = "QUERY", required = true)]
    pub(crate) query: Vec<String>,
    #[command(flatten)]
    pub(crate) filter: FilterArgs,
    /// Order of the stories.
    #[arg(long, value_enum, default_value = "relevance")]
    pub(crate) sort: FoundOrder,
    /// Most stories to give.
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) limit: usize,
    /// Print the answer as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Which articles count.
#[derive(Debug, Args)]
pub(crate) struct FilterArgs {
    /// Only articles of this outlet, in any case.
    #[arg(long, value_name = "NAME")]
    pub(crate) outlet: Option<String>,
    /// Only articles in this language, such as `en`.
    #[arg(long, value_name = "CODE")]
    pub(crate) language: Option<String>,
    /// Only articles from this day or time on, UTC.
    #[arg(long, value_name = "DATE")]
    pub(crate) from: Option<String>,
    /// Only articles up to the end of this day, or before this time, UTC.
    #[arg(long, value_name = "DATE")]
    pub(crate) to: Option<String>,
}

/// Show a story or an article: by story id, article id or address.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  samestory show libya-courier\n  samestory show libya-courier --raw\n  samestory show https://www.harbour-courier.example/2020/01/08/libya-truce --json"
)]
pub(crate) struct ShowArgs {
    /// Story id, article id or address.
    #[arg(value_name = "STORY|ARTICLE|URL")]
    pub(crate) name: String,
    /// Show the whole text of an article, with what is cut from comparison marked.
    #[arg(long)]
    pub(crate) raw: bool,
    /// Show what changed between versions, sentence by sentence.
    #[arg(long)]
    pub(crate) versions: bool,
    /// Show the passages that articles of a story share, and who has them from whom.
    #[arg(long)]
    pub(crate) passages: bool,
    /// Print as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Tell why two articles are, or are not, one story: every feature and what it adds, and the passages they share.
///
/// Articles are named by id or address, as the collection has them, or by a file that holds one article.
/// Two of the collection are compared as they were clustered; any other two are compared alone.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  samestory compare libya-courier libya-truce\n  samestory compare one.html two.html --json\n  samestory compare libya-courier new.txt --all"
)]
pub(crate) struct CompareArgs {
    /// One article.
    #[arg(value_name = "ARTICLE|URL|FILE")]
    pub(crate) a: String,
    /// The other.
    #[arg(value_name = "ARTICLE|URL|FILE")]
    pub(crate) b: String,
    /// Show features that add next to nothing, templates, agency text and long passages too.
    #[arg(long)]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) strictness: StrictnessArgs,
    #[command(flatten)]
    pub(crate) reading: ReadingArgs,
    /// Print as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Tell what changed between the versions of an article, sentence by sentence.
///
/// Versions are those of a version-history page, the same address seen again, and files that are named as versions
/// of each other. Without `--from` and `--to` every step is told.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  samestory diff articles/meridian-post/libya-truce-history.txt\n  samestory diff https://www.meridian-post.example/lorrimer --from 0 --to 3\n  samestory diff page.html --json"
)]
pub(crate) struct DiffArgs {
    /// The article.
    #[arg(value_name = "ARTICLE|URL|FILE")]
    pub(crate) article: String,
    /// The older version; the first by default.
    #[arg(long, value_name = "N")]
    pub(crate) from: Option<u32>,
    /// The newer version; the last by default.
    #[arg(long, value_name = "M")]
    pub(crate) to: Option<u32>,
    #[command(flatten)]
    pub(crate) reading: ReadingArgs,
    /// Print as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Tell how a story was covered: who was first, how much of each piece is its own, what only some carry, who had nothing.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  samestory coverage bpgcdpzpj1\n  samestory coverage ferry-wire --json")]
pub(crate) struct CoverageArgs {
    /// Story id, or an article of it by id or address.
    #[arg(value_name = "STORY|ARTICLE|URL")]
    pub(crate) name: String,
    /// Print as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// What a list of stories is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StoryOrder {
    /// Most articles first.
    Articles,
    /// Most outlets first.
    Outlets,
    /// Newest first, by the last article.
    Newest,
    /// Oldest first, by the first article.
    Oldest,
}

impl StoryOrder {
    pub(crate) fn order(self) -> samestory::StoryOrder {
        match self {
            StoryOrder::Articles => samestory::StoryOrder::Articles,
            StoryOrder::Outlets => samestory::StoryOrder::Outlets,
            StoryOrder::Newest => samestory::StoryOrder::Newest,
            StoryOrder::Oldest => samestory::StoryOrder::Oldest,
        }
    }
}

/// What found stories are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FoundOrder {
    /// Best match first.
    Relevance,
    /// Newest first, by the last article.
    Newest,
    /// Oldest first, by the first article.
    Oldest,
    /// Most outlets first.
    Outlets,
    /// Most articles first.
    Articles,
}

impl FoundOrder {
    /// The order of the library; none is by relevance.
    pub(crate) fn order(self) -> Option<samestory::StoryOrder> {
        match self {
            FoundOrder::Relevance => None,
            FoundOrder::Newest => Some(samestory::StoryOrder::Newest),
            FoundOrder::Oldest => Some(samestory::StoryOrder::Oldest),
            FoundOrder::Outlets => Some(samestory::StoryOrder::Outlets),
            FoundOrder::Articles => Some(samestory::StoryOrder::Articles),
        }
    }
}

/// List stories.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  samestory stories --sort newest --min-outlets 3\n  samestory stories --from 2020-01-08 --to 2020-01-08 --json"
)]
pub(crate) struct StoriesArgs {
    /// Order of the list.
    #[arg(long, value_enum, default_value = "articles")]
    pub(crate) sort: StoryOrder,
    #[command(flatten)]
    pub(crate) filter: FilterArgs,
    /// Only stories of at least this many articles.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) min_articles: usize,
    /// Only stories of at least this many outlets.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) min_outlets: usize,
    /// Most stories to list.
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(crate) limit: usize,
    /// Print as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Show counts, languages, settings and size of the collection.
#[derive(Debug, Args)]
pub(crate) struct InfoArgs {
    /// Print as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Show the collection as web pages, with an API and feeds.
///
/// Only this machine can ask, unless `--public` is given, and nobody can write, unless a token is. What others write
/// into the collection meanwhile is followed. Ends with SIGINT or SIGTERM.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  samestory serve\n  samestory serve --collection news --addr 127.0.0.1:8000\n  samestory serve --token-file token --host news.example --log info"
)]
pub(crate) struct ServeArgs {
    /// Address and port to listen at; port 0 lets the system choose one.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:7878")]
    pub(crate) addr: std::net::SocketAddr,
    /// Listen at an address that other machines may reach. There is no encryption and anyone may read: put a proxy in
    /// front of it.
    #[arg(long)]
    pub(crate) public: bool,
    /// Another name or address under which the server may be asked, beside `localhost`, `127.0.0.1`, `::1` and that of
    /// `--addr`. With `--addr 0.0.0.0` at least one is needed.
    #[arg(long, value_name = "NAME")]
    pub(crate) host: Vec<String>,
    /// A file with the token that whoever adds articles must send.
    #[arg(long, value_name = "FILE", env = "SAMESTORY_TOKEN_FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// What is told on standard error: `error`, `warn`, `info` (a line for each request) or `debug`.
    #[arg(long, value_name = "LEVEL", default_value = "warn", env = "SAMESTORY_LOG")]
    pub(crate) log: LogLevel,
}

/// What a server tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogLevel {
    /// What has failed here.
    Error,
    /// What somebody should know, too.
    Warn,
    /// Each request, too.
    Info,
    /// Everything.
    Debug,
}

/// Find near-identical copies, without grouping stories. Writes only the files that are named.
///
/// Two articles are copies where the distinct 5-word runs of their bodies have Jaccard >= 0.6, or
/// one holds 85 % of the other's and Jaccard is at least 0.3.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  samestory dedup news.jsonl.zst --output kept.jsonl\n  samestory dedup news/ --pairs pairs.jsonl --jaccard 0.8 --containment off"
)]
pub(crate) struct DedupArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    /// Write every verified pair: {"a", "b", "jaccard", "a_in_b", "b_in_a", "containment", "template"}.
    #[arg(long, value_name = "FILE")]
    pub(crate) pairs: Option<PathBuf>,
    /// Write the articles without their copies, as JSONL.
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Write the ids of the articles that are kept, one a line.
    #[arg(long, value_name = "FILE")]
    pub(crate) keep: Option<PathBuf>,
    /// Least Jaccard of a copy.
    #[arg(long, value_name = "X")]
    pub(crate) jaccard: Option<f64>,
    /// Least containment of a copy, or `off`.
    #[arg(long, value_name = "off|Y")]
    pub(crate) containment: Option<String>,
    /// Least Jaccard where containment decides.
    #[arg(long, value_name = "Z")]
    pub(crate) containment_floor: Option<f64>,
    /// Print the counts as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Score a grouping against gold labels: BCubed, pairs, ARI, AMI, V-measure.
///
/// GOLD is JSONL with `id` and `story` (a null story is left out of the score) or TSV with
/// `id<TAB>story`. Where GOLD holds articles they are clustered with the settings of `cluster`;
/// otherwise name the articles or a grouping.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  samestory eval labelled.jsonl.zst\n  samestory eval corpus/stories.tsv --articles corpus\n  samestory eval gold.tsv --predicted stories.jsonl --json"
)]
pub(crate) struct EvalArgs {
    /// The gold labels.
    #[arg(value_name = "GOLD")]
    pub(crate) gold: PathBuf,
    /// Score this grouping: JSONL with `id` and `story`, such as `cluster --assignments` writes.
    #[arg(long, value_name = "FILE")]
    pub(crate) predicted: Option<PathBuf>,
    /// Cluster the articles below these paths instead of those in GOLD.
    #[arg(long, value_name = "PATH", conflicts_with = "predicted")]
    pub(crate) articles: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) strictness: StrictnessArgs,
    #[command(flatten)]
    pub(crate) reading: ReadingArgs,
    /// Print the scores as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// What is exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportWhat {
    /// Every article with its story: id, story, copy_of, version_of, title, text, source, ...
    Articles,
    /// Every copy with the article it copies: id, copy_of, story.
    Copies,
    /// Every story: id, headline, articles, copies, older_versions, outlets, languages, first, last.
    Stories,
    /// Every two articles of a story that share words: story, a, b, copy, a_share, b_share, passages, evidence, source, ...
    Edges,
    /// Every passage that two articles of a story share: story, a, b, kind, exact, similarity, a_start, ...
    Passages,
}

/// How it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    /// One JSON object a line.
    Jsonl,
    /// Apache Parquet, a row each, with the same columns.
    Parquet,
}

/// Write what the collection holds, in a documented form.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  samestory export > articles.jsonl\n  samestory export --what stories --output stories.jsonl\n  samestory export --output articles.parquet\n  samestory export --what passages --output passages.jsonl"
)]
pub(crate) struct ExportArgs {
    /// What to write.
    #[arg(long, value_enum, default_value = "articles")]
    pub(crate) what: ExportWhat,
    /// How to write it; Parquet by default where the file is named so, else JSONL.
    #[arg(long, value_enum)]
    pub(crate) format: Option<ExportFormat>,
    /// File to write; standard output by default.
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// Show how outlets and agencies are known: their names, aliases, hosts, time zones and credits.
///
/// Without a name, prints the built-in table, to start one's own from (`--outlets FILE` of the reading
/// commands).
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  samestory outlets 'NY Times'\n  samestory outlets > my-outlets.toml")]
pub(crate) struct OutletsArgs {
    /// A name, alias or host to look up.
    #[arg(value_name = "NAME|HOST")]
    pub(crate) name: Option<String>,
    /// Table of outlets and agencies to lay over the built-in one.
    #[arg(long, value_name = "FILE")]
    pub(crate) outlets: Option<PathBuf>,
    /// Print as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Measure this machine.
#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    #[command(subcommand)]
    pub(crate) what: BenchWhat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BenchWhat {
    /// Measure dedup throughput by step: articles/s, MB/s of text, ns a shingle; best of several runs.
    #[command(after_help = "Example:\n  samestory bench dedup news.jsonl.zst --runs 5")]
    Dedup(BenchInputArgs),
    /// Measure the grouping of stories by step, from texts in memory to stories, copies folded; best of
    /// several runs.
    #[command(after_help = "Example:\n  samestory bench stories news.jsonl.zst --runs 1")]
    Stories(BenchInputArgs),
}

/// What is measured, and how often.
#[derive(Debug, Args)]
pub(crate) struct BenchInputArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    /// Runs, of which the best counts for each step.
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub(crate) runs: usize,
    /// Print as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Print completions for a shell.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  samestory completions bash > ~/.local/share/bash-completion/completions/samestory")]
pub(crate) struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}
