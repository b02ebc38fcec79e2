//! A job of samestory-scale gives what `samestory cluster` gives, however it is cut, and whoever is lost.

#![expect(clippy::unwrap_used, reason = "what a test cannot set up fails it")]

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use samestory::index::SearchFilter;
use samestory::ingest::{ReadSettings, read};
use samestory::{Collection, CollectionWriter, Settings, cluster};
use samestory_scale::{Cuts, Job, Outcome, Where, each_place, plan, run_job, write_collection};
use tempfile::TempDir;

/// Articles by story, with what they are copies and older versions of.
type Stories = BTreeSet<(String, BTreeSet<(String, String, String)>)>;

fn stories(places: impl IntoIterator<Item = [String; 4]>) -> Stories {
    let mut all = std::collections::BTreeMap::<String, BTreeSet<_>>::new();
    for [id, story, copy_of, version_of] in places {
        all.entry(story).or_default().insert((id, copy_of, version_of));
    }
    all.into_iter().collect()
}

fn of_one_machine(paths: &[PathBuf]) -> Stories {
    let articles = read(paths, &ReadSettings::default(), &mut |_| ()).articles;
    let clustering = cluster(articles, &Settings::default(), &mut |_| ()).unwrap();
    let heads = clustering.articles.heads();
    let id = |at: Option<u32>| at.map_or(String::new(), |at| heads[at as usize].id.to_string());
    stories(heads.iter().zip(&clustering.places).map(|(article, place)| {
        let story = clustering.stories[place.story as usize].id.to_string();
        [article.id.to_string(), story, id(place.copy_of), id(place.version_of)]
    }))
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap()
}

fn run(paths: &[PathBuf], folder: &Path, place: &Where, cuts: Cuts) -> anyhow::Result<(Outcome, Stories)> {
    let (plan, _) = plan(paths, Settings::default(), cuts)?;
    let job = Job::begin(folder, plan)?;
    runtime().block_on(async {
        let outcome = run_job(&job, place, &mut |_, _| ()).await?;
        let mut places = Vec::new();
        each_place(&job, &mut |place| {
            let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
            places.push([place.id.to_owned(), place.story.to_owned(), text(place.copy_of), text(place.version_of)]);
            Ok(())
        })
        .await?;
        Ok((outcome, stories(places)))
    })
}

fn corpus() -> Vec<PathBuf> {
    vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus")]
}

const SMALL_WINDOWS: Cuts = Cuts { shard_bytes: 1 << 30, window_articles: 5, window_days: 1 };

#[test]
fn however_it_is_cut_the_stories_are_those_of_one_machine() {
    let expected = of_one_machine(&corpus());
    assert!(expected.len() > 20);
    for (partitions, cuts) in
        [(1, Cuts::default()), (3, Cuts { window_articles: 20, window_days: 2, ..Cuts::default() }), (2, SMALL_WINDOWS)]
    {
        let folder = TempDir::new().unwrap();
        let (outcome, found) = run(&corpus(), folder.path(), &Where::Local { partitions }, cuts).unwrap();
        assert_eq!(found, expected, "{partitions} partitions, {cuts:?}");
        assert_eq!(outcome.stories as usize, expected.len());
    }
}

/// A line of a JSONL file.
fn line(id: &str, title: &str, text: &str, more: &str) -> String {
    let text = serde_json::to_string(text).unwrap();
    format!("{{\"id\":\"{id}\",\"title\":\"{title}\",\"text\":{text}{more}}}\n")
}

/// Articles without a time in several windows, older versions, articles without a body, and some that are rejected.
#[test]
fn what_is_missing_or_odd_is_told_apart_as_on_one_machine() {
    let folder = TempDir::new().unwrap();
    let articles = read(&corpus(), &ReadSettings::default(), &mut |_| ()).articles;
    let mut lines = String::new();
    for (at, article) in articles.iter().enumerate() {
        let mut more = format!(",\"source\":\"Outlet {}\"", at % 7);
        // A third has no time.
        if let Some(time) = article.time.filter(|_| at % 3 > 0) {
            more += &format!(",\"published\":\"{}\"", jiff::Timestamp::from_second(time.seconds).unwrap());
        }
        // Some are states of one page.
        if at % 10 < 2 {
            more += &format!(",\"url\":\"https://news.example/{}\"", at / 10);
        }
        lines += &line(article.id.as_str(), &article.headline.replace('"', "'"), &article.body_text(), &more);
        if at % 20 == 0 {
            lines += &line(&format!("brief-{at}"), "Ferry aground", "", ",\"source\":\"Herald\"");
            lines += "{ broken\n";
        }
    }
    lines += &line("brief-0", "An id that is taken", "Its text is here.", "");
    let path = folder.path().join("odd.jsonl");
    fs::write(&path, lines).unwrap();
    let paths = [path];
    let expected = of_one_machine(&paths);
    for (name, cuts) in [("a", Cuts::default()), ("b", SMALL_WINDOWS)] {
        let (outcome, found) = run(&paths, &folder.path().join(name), &Where::Local { partitions: 2 }, cuts).unwrap();
        assert_eq!(found, expected, "{cuts:?}");
        assert_eq!(outcome.rejected.len(), 6, "{:?}", outcome.rejected);
        assert!(
            outcome.rejected.iter().any(|rejected| rejected.line == Some(3) && rejected.path.ends_with("odd.jsonl"))
        );
    }
}

/// Articles of one template make neither pairs by the square nor stories, and the cap is told.
#[test]
fn a_hot_bucket_is_bounded_and_counted() {
    let folder = TempDir::new().unwrap();
    let frame = "Shares of the company closed at a new price on Monday, the exchange said in its daily report. \
                 Traders in the capital had waited for the figures of the quarter, which the company gives next week. \
                 The index of the exchange stood little changed at the end of a calm day with few orders.";
    let n_articles = 2_000;
    let lines: String = (0..n_articles)
        .map(|at| line(&format!("t{at:05}"), &format!("Shares {at}"), &format!("{frame} It was order {at}."), ""))
        .collect();
    let path = folder.path().join("template.jsonl");
    fs::write(&path, lines).unwrap();
    let expected = of_one_machine(std::slice::from_ref(&path));
    let (outcome, found) =
        run(&[path], &folder.path().join("job"), &Where::Local { partitions: 2 }, Cuts::default()).unwrap();
    assert_eq!(found, expected);
    assert!(outcome.copies.capped_buckets > 0);
    // All but a few agree in the largest.
    assert!(u64::from(outcome.copies.largest_bucket) > n_articles * 9 / 10);
    assert!(outcome.copies.pairs[0] < 10 * n_articles, "{:?}", outcome.copies);
}

#[test]
fn a_folder_is_one_job() {
    let folder = TempDir::new().unwrap();
    let place = Where::Local { partitions: 2 };
    let (first, found) = run(&corpus(), folder.path(), &place, Cuts::default()).unwrap();
    // A step that is lost is made again, and only that.
    fs::remove_file(folder.path().join("steps/linked.json")).unwrap();
    let (second, again) = run(&corpus(), folder.path(), &place, Cuts::default()).unwrap();
    assert_eq!(found, again);
    let same = |name: &str| {
        let seconds = |outcome: &Outcome| outcome.steps.iter().find(|step| step.step == name).map(|step| step.seconds);
        seconds(&first) == seconds(&second)
    };
    assert!(same("heads") && same("result") && !same("linked"));
    let other = run(&corpus(), folder.path(), &place, SMALL_WINDOWS).unwrap_err();
    assert!(other.to_string().contains("another folder"), "{other}");
    let no_job = TempDir::new().unwrap();
    fs::write(no_job.path().join("notes.txt"), "mine").unwrap();
    assert!(run(&corpus(), no_job.path(), &place, Cuts::default()).is_err());
    assert_eq!(fs::read_dir(no_job.path()).unwrap().count(), 1);
}

/// A process that ends with the test.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(arguments: &[&str]) -> Process {
    let program = env!("CARGO_BIN_EXE_samestory-scale");
    Process(Command::new(program).args(arguments).stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap())
}

fn free_port() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string()
}

fn scheduler(port: &str) -> Process {
    start(&["scheduler", "--listen", &format!("127.0.0.1:{port}"), "--executor-timeout", "10"])
}

fn executor(port: &str, work: &Path) -> Process {
    let (own, grpc) = (free_port(), free_port());
    let scheduler = format!("127.0.0.1:{port}");
    let work = work.to_str().unwrap();
    // So little memory that what is sorted and joined stands on the disk.
    let memory = ["--memory", "33554432", "--heartbeat", "1"];
    start(
        &[&["executor", "--scheduler", &scheduler, "--port", &own, "--grpc-port", &grpc, "--work", work], &memory[..]]
            .concat(),
    )
}

fn copied_many_times(folder: &Path, times: usize) -> PathBuf {
    let articles = read(&corpus(), &ReadSettings::default(), &mut |_| ()).articles;
    let path = folder.join("many.jsonl");
    let mut lines = String::new();
    for round in 0..times {
        for article in &articles {
            let day = article.time.map_or(0, |time| time.seconds) + round as i64 * 40 * 86_400;
            let more = format!(",\"published\":\"{}\"", jiff::Timestamp::from_second(day).unwrap());
            let text = format!("{} Edition{round} told it.", article.body_text());
            lines += &line(&format!("{}-{round}", article.id), &article.headline.replace('"', "'"), &text, &more);
        }
    }
    fs::write(&path, lines).unwrap();
    path
}

/// One scheduler and two executors; one of them is killed while the job runs, and comes back.
#[test]
fn a_cluster_gives_the_same_stories_when_an_executor_is_lost() {
    let folder = TempDir::new().unwrap();
    let path = copied_many_times(folder.path(), 12);
    let expected = of_one_machine(std::slice::from_ref(&path));
    let cuts = Cuts { window_articles: 200, window_days: 10, ..Cuts::default() };
    for lost_after in [None, Some("signatures"), Some("candidates")] {
        let port = free_port();
        let work = TempDir::new().unwrap();
        let _scheduler = scheduler(&port);
        std::thread::sleep(Duration::from_secs(1));
        let mut first = executor(&port, &work.path().join("1"));
        let _second = executor(&port, &work.path().join("2"));
        let job = folder.path().join(lost_after.unwrap_or("none"));
        let mut driver = Command::new(env!("CARGO_BIN_EXE_samestory-scale"))
            .args(["run", path.to_str().unwrap(), "--job", job.to_str().unwrap(), "--partitions", "4"])
            .args(["--scheduler", &format!("df://127.0.0.1:{port}"), "--window-articles", "200", "--window-days", "10"])
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        for said in BufReader::new(driver.stderr.take().unwrap()).lines() {
            if said.unwrap().split(' ').next() == lost_after {
                first = {
                    drop(first);
                    executor(&port, &work.path().join("3"))
                };
            }
        }
        assert!(driver.wait().unwrap().success(), "{lost_after:?}");
        drop(first);
        let (_, found) = run(std::slice::from_ref(&path), &job, &Where::Local { partitions: 1 }, cuts).unwrap();
        assert_eq!(found, expected, "{lost_after:?}");
    }
}

#[test]
fn a_lost_scheduler_is_told_and_the_job_goes_on_behind_what_is_finished() {
    let folder = TempDir::new().unwrap();
    let path = copied_many_times(folder.path(), 12);
    let (port, work) = (free_port(), TempDir::new().unwrap());
    let first = scheduler(&port);
    std::thread::sleep(Duration::from_secs(1));
    let of_first = executor(&port, &work.path().join("1"));
    let job = folder.path().join("job");
    let driver = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_samestory-scale"));
        command.args(["run", path.to_str().unwrap(), "--job", job.to_str().unwrap(), "--partitions", "2"]);
        command.args(["--scheduler", &format!("df://127.0.0.1:{port}")]);
        command.stderr(Stdio::piped()).stdout(Stdio::null());
        command
    };
    let mut lost = driver().spawn().unwrap();
    let mut scheduler_of_it = Some(first);
    let mut said = Vec::new();
    for line in BufReader::new(lost.stderr.take().unwrap()).lines() {
        said.push(line.unwrap());
        if said.last().is_some_and(|line| line.starts_with("frequencies")) {
            drop(scheduler_of_it.take());
        }
    }
    assert_eq!(lost.wait().unwrap().code(), Some(3), "{said:?}");
    assert!(said.iter().any(|line| line.contains("goes on with the step that failed")), "{said:?}");
    drop(of_first);
    let _again = scheduler(&port);
    std::thread::sleep(Duration::from_secs(1));
    let _executor = executor(&port, &work.path().join("2"));
    let output = driver().output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    assert!(said.lines().any(|line| line.starts_with("frequencies") && line.ends_with("done before")), "{said}");
    let (_, found) = run(std::slice::from_ref(&path), &job, &Where::Local { partitions: 1 }, Cuts::default()).unwrap();
    assert_eq!(found, of_one_machine(std::slice::from_ref(&path)));
}

/// The collection of a job answers as that of one machine, and takes articles.
#[test]
fn a_job_becomes_a_collection() {
    becomes_a_collection(SMALL_WINDOWS);
}

#[test]
fn a_job_of_one_window_becomes_a_collection() {
    becomes_a_collection(Cuts::default());
}

fn becomes_a_collection(cuts: Cuts) {
    let folder = TempDir::new().unwrap();
    let job = folder.path().join("job");
    run(&corpus(), &job, &Where::Local { partitions: 2 }, cuts).unwrap();
    let ours = folder.path().join("ours");
    runtime().block_on(write_collection(&Job::open(&job).unwrap(), &ours, &mut |_| ())).unwrap();
    let theirs = folder.path().join("theirs");
    let articles = read(&corpus(), &ReadSettings::default(), &mut |_| ()).articles;
    let mut writer = CollectionWriter::open(&theirs, &Settings::default()).unwrap();
    writer.replace(articles.clone(), &Settings::default(), &mut |_| ()).unwrap();
    writer.close().unwrap();
    let mut later = articles[3].clone();
    later.id = "later".into();
    later.text.push_str(" Fog lay over the harbour until noon.");
    let state = |path: &Path| {
        let collection = Collection::open(path).unwrap();
        let answer = collection.search("ferry", &SearchFilter::default(), 10).unwrap();
        let found: Vec<String> = answer.stories.iter().map(|found| format!("{found:?}")).collect();
        let stories: Vec<String> =
            collection.stories().unwrap().iter().map(|(number, story)| format!("{number} {story:?}")).collect();
        (found, stories, format!("{:?}", collection.counts()))
    };
    assert_eq!(state(&ours), state(&theirs));
    for path in [&ours, &theirs] {
        let mut writer = CollectionWriter::open(path, &Settings::default()).unwrap();
        writer.add(vec![later.clone()], &mut |_| ()).unwrap();
        writer.close().unwrap();
    }
    assert_eq!(state(&ours), state(&theirs));
}
