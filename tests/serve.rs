//! Pages, API and feeds over the sample corpus, without a port.

use std::collections::BTreeSet;
use std::path::Path;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use samestory::{Collection, CollectionWriter, Settings, ingest};
use samestory_server::{LiveCollection, OPENAPI, ServerSettings, router};
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt;

const TOKEN: &str = "a-token-of-the-tests";

struct Served {
    router: Router,
    folder: TempDir,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("UTF-8")
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("ASCII"))
    }
}

impl Served {
    fn of(collection: TempDir, settings: ServerSettings) -> Served {
        let live = LiveCollection::open(collection.path()).expect("a collection");
        Served { router: router(live, settings).expect("threads"), folder: collection }
    }

    fn corpus() -> Served {
        let settings = ServerSettings { token: Some(TOKEN.to_owned()), ..ServerSettings::default() };
        Served::of(corpus(), settings)
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.expect("an answer");
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("a body").to_bytes().to_vec();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    async fn get(&self, path: &str) -> Answer {
        self.send(request(Method::GET, path).body(Body::empty()).expect("a request")).await
    }

    async fn post(&self, path: &str, kind: &str, body: impl Into<Body>, token: Option<&str>) -> Answer {
        let mut request = request(Method::POST, path).header("content-type", kind);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        self.send(request.body(body.into()).expect("a request")).await
    }
}

fn request(method: Method, path: &str) -> axum::http::request::Builder {
    Request::builder().method(method).uri(path).header("host", "127.0.0.1:7878")
}

/// A collection of the sample corpus.
fn corpus() -> TempDir {
    let settings = Settings::default();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus");
    let reading = ingest::read(&[root], &settings.to_read_settings().expect("settings"), &mut |_| ());
    let folder = tempfile::tempdir().expect("a folder");
    Collection::write(folder.path(), reading.articles, &settings, &mut |_| ()).expect("a collection");
    folder
}

/// A collection of some articles in JSON lines.
fn collection_of(lines: &str) -> TempDir {
    let settings = Settings::default();
    let reading = ingest::read_text("news.jsonl", lines, &settings.to_read_settings().expect("settings"));
    let folder = tempfile::tempdir().expect("a folder");
    Collection::write(folder.path(), reading.articles, &settings, &mut |_| ()).expect("a collection");
    folder
}

/// The story of an article.
async fn story_of(served: &Served, article: &str) -> String {
    let answer = served.get(&format!("/api/v1/article?id={article}")).await;
    answer.json()["story"].as_str().expect("a story").to_owned()
}

/// The description of the API, against which answers are held.
struct Document(Value);

impl Document {
    /// The operation that answers a path.
    fn operation(&self, method: &str, path: &str) -> &Value {
        let path = path.split('?').next().expect("a path");
        let fits = |template: &str| {
            let (template, path): (Vec<&str>, Vec<&str>) = (template.split('/').collect(), path.split('/').collect());
            template.len() == path.len() && template.iter().zip(&path).all(|(t, p)| t.starts_with('{') || t == p)
        };
        let paths = self.0["paths"].as_object().expect("paths");
        let (_, found) = paths.iter().find(|(template, _)| fits(template)).unwrap_or_else(|| panic!("{path}"));
        &found[method]
    }

    fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str() {
            Some(name) => self.resolved(self.0.pointer(name.trim_start_matches('#')).expect("what is referred to")),
            None => value,
        }
    }

    /// Checks that an answer is one that is documented.
    fn check(&self, method: &str, path: &str, answer: &Answer) {
        let operation = self.operation(method, path);
        let response = self.resolved(&operation["responses"][answer.status.as_str()]);
        assert!(response.is_object(), "{method} {path}: {} is not documented: {}", answer.status, answer.text());
        let kind = answer.header("content-type");
        let schema = &response["content"][kind]["schema"];
        assert!(schema.is_object(), "{method} {path}: `{kind}` is not documented");
        let mut schema = schema.clone();
        schema["components"] = self.0["components"].clone();
        let validator = jsonschema::draft202012::new(&schema).expect("a schema");
        let errors: Vec<String> =
            validator.iter_errors(&answer.json()).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{method} {path}: {errors:?}");
    }
}

#[tokio::test]
async fn every_answer_is_as_the_document_says() {
    let served = Served::corpus();
    let document = Document(served.get("/api/v1/openapi.json").await.json());
    assert_eq!(document.0, serde_json::from_str::<Value>(OPENAPI).expect("JSON"));
    let mut asked: BTreeSet<String> = BTreeSet::new();
    let mut note = |method: &str, path: &str, answer: &Answer| {
        document.check(method, path, answer);
        asked.insert(document.operation(method, path)["operationId"].as_str().expect("an id").to_owned());
    };
    let mut paths: Vec<String> = [
        "health",
        "info",
        "openapi.json",
        "search?q=ferry",
        "search?q=libya%20truce&limit=1&offset=1&sort=newest&outlet=harbour%20courier&language=en&from=2020-01-01&to=2021-01-01",
        "search?q=zzzzz",
        "search?q=%22a%20b%22%20NOT%20(",
        "stories",
        "stories?sort=oldest&min_outlets=2&min_articles=2&limit=3&offset=1",
        "article?id=libya-courier&raw=true",
        "versions?id=articles/meridian-post/libya-truce-history.txt",
        "versions?id=articles/meridian-post/libya-truce-history.txt&from=0&to=1",
        "compare?a=libya-courier&b=libya-northgate",
        "compare?a=ferry-wire&b=libya-northgate",
        "changes",
        "changes?since=3&limit=2",
        // Mistakes.
        "search",
        "search?q=",
        "search?q=a&limit=0",
        "search?q=a&limit=many",
        "search?q=a&from=yesterday",
        "search?q=a&language=x",
        "search?q=a&sort=best",
        "stories/zzz",
        "stories/zzz/coverage",
        "stories/zzz/passages",
        "stories/libya-courier",
        "article?id=zzz",
        "article",
        "versions?id=zzz",
        "versions?id=libya-courier&from=7",
        "compare?a=libya-courier&b=zzz",
        "changes?since=-1",
    ]
    .map(|path| format!("/api/v1/{path}"))
    .into();
    let listed = served.get("/api/v1/stories?limit=100").await.json();
    for story in listed["stories"].as_array().expect("stories") {
        let id = story["id"].as_str().expect("an id");
        paths.extend(["", "/coverage", "/passages"].map(|part| format!("/api/v1/stories/{id}{part}")));
        let articles = served.get(&format!("/api/v1/stories/{id}")).await.json();
        let article = articles["articles"][0]["id"].as_str().expect("an id").to_owned();
        paths.push(format!("/api/v1/article?id={article}"));
    }
    for path in &paths {
        note("get", path, &served.get(path).await);
    }
    let truce = r#"{"title": "A truce for Libya", "text": "Putin and Erdogan asked both sides in Libya to hold their fire from Sunday."}"#;
    for (kind, body) in [
        ("application/json", truce),
        ("text/plain", "A truce for Libya\n\nPutin and Erdogan asked both sides to hold their fire.\n"),
        (
            "text/html",
            "<html><body><article><p>Putin and Erdogan asked both sides in Libya to hold their fire from midnight on Sunday, the two said in Istanbul after they had opened a pipeline.</p></article></body></html>",
        ),
        ("application/x-ndjson", truce),
        ("application/json", "[]"),
        ("application/json", "{"),
        ("image/png", "x"),
        ("application/json", ""),
    ] {
        note("post", "/api/v1/match", &served.post("/api/v1/match", kind, body, None).await);
        for token in [None, Some("wrong"), Some(TOKEN)] {
            note("post", "/api/v1/articles", &served.post("/api/v1/articles", kind, body, token).await);
        }
    }
    let huge = "x".repeat(2 << 20);
    note("post", "/api/v1/match", &served.post("/api/v1/match", "text/plain", huge, None).await);
    let all: BTreeSet<String> = document.0["paths"]
        .as_object()
        .expect("paths")
        .values()
        .flat_map(|path| path.as_object().expect("methods").values())
        .filter_map(|operation| operation["operationId"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(asked, all, "every call was asked");
}

#[tokio::test]
async fn api_and_command_line_answer_alike() {
    let served = Served::corpus();
    let collection = Collection::open(served.folder.path()).expect("a collection");
    let story = story_of(&served, "ferry-wire").await;
    let same = |answer: Answer, value: Value| assert_eq!(answer.json(), value);
    same(
        served.get("/api/v1/search?q=ferry&limit=3").await,
        json(&collection.search("ferry", &Default::default(), 3).expect("an answer")),
    );
    same(served.get(&format!("/api/v1/stories/{story}")).await, json(&collection.show(&story).expect("a story")));
    same(
        served.get(&format!("/api/v1/stories/{story}/coverage")).await,
        json(&collection.coverage(&story).expect("coverage")),
    );
    same(
        served.get("/api/v1/compare?a=libya-courier&b=libya-northgate").await,
        json(&collection.compare("libya-courier", "libya-northgate").expect("a comparison")),
    );
}

/// A value as JSON, by way of text, as numbers are told by their digits.
fn json(value: &impl serde::Serialize) -> Value {
    serde_json::from_str(&serde_json::to_string(value).expect("JSON")).expect("JSON")
}

const HOSTILE: [&str; 5] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' autofocus onfocus='alert(1)",
    "]]><x:script xmlns:x='http://www.w3.org/1999/xhtml'>alert(1)</x:script>",
    "a\r\nSet-Cookie: evil=1\r\n\r\n<b>",
];

/// Articles that say in every field what would do harm if it were not quoted.
fn hostile() -> TempDir {
    let mut lines = String::new();
    for (at, evil) in HOSTILE.iter().enumerate() {
        for version in 0..2 {
            let line = serde_json::json!({
                "id": format!("{at}{version}{evil}"),
                "title": evil,
                "text": format!("{evil} The ferry lay nine hours on a bank off Saint Orla, {evil} said. {version}"),
                "source": format!("{evil}{version}"),
                "byline": evil,
                "section": evil,
                "standfirst": evil,
                "published": format!("2020-01-0{}T10:00:00Z", version + 1),
                "url": if version == 0 { "javascript:alert(1)".to_owned() } else { format!("https://paper.example/?{evil}") },
                "language": "en",
            });
            lines.push_str(&format!("{line}\n"));
        }
    }
    collection_of(&lines)
}

/// What no page may hold: markup that an article or a request brought.
fn assert_harmless(path: &str, answer: &Answer) {
    let page = answer.text();
    for evil in
        ["<script>alert", "<img", "<x:script", "<b>", "href=\"javascript:", "style=\"", " onerror=\"", "onfocus='alert"]
    {
        assert!(!page.contains(evil), "{path} holds {evil}:\n{page}");
    }
    assert_eq!(page.matches("<script").count(), 1, "{path} has the one script that lies beside it");
    assert!(answer.header("content-security-policy").contains("default-src 'none'; script-src 'self'"), "{path}");
    assert_eq!(answer.headers.get("set-cookie"), None);
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[tokio::test]
async fn nothing_that_an_article_says_becomes_markup() {
    let served = Served::of(hostile(), ServerSettings::default());
    let mut paths = vec!["/".to_owned(), "/live".to_owned(), "/search".to_owned()];
    let listed = served.get("/api/v1/stories?limit=100").await.json();
    for story in listed["stories"].as_array().expect("stories") {
        let id = story["id"].as_str().expect("an id");
        paths.push(format!("/story/{id}"));
        let story = served.get(&format!("/api/v1/stories/{id}")).await.json();
        for article in story["articles"].as_array().expect("articles") {
            let id = encoded(article["id"].as_str().expect("an id"));
            paths.push(format!("/article?id={id}"));
            paths.push(format!("/compare?a={id}&b={}", encoded(&format!("00{}", HOSTILE[0]))));
        }
    }
    for evil in HOSTILE {
        let evil = encoded(evil);
        paths.push(format!("/search?q={evil}&outlet={evil}&language={evil}&from={evil}&to={evil}&sort={evil}"));
        paths.push(format!("/search?q=ferry%20{evil}"));
        paths.push(format!("/article?id={evil}"));
        paths.push(format!("/story/{evil}"));
        paths.push(format!("/compare?a={evil}&b={evil}"));
        paths.push(format!("/?span={evil}"));
        paths.push(format!("/{evil}"));
    }
    for path in &paths {
        let answer = served.get(path).await;
        assert!(answer.header("content-type").starts_with("text/html"), "{path}");
        assert_ne!(answer.status, StatusCode::INTERNAL_SERVER_ERROR, "{path}");
        assert_harmless(path, &answer);
    }
}

#[tokio::test]
async fn feeds_are_feeds() {
    for served in [Served::corpus(), Served::of(hostile(), ServerSettings::default())] {
        let listed = served.get("/api/v1/search?q=ferry").await.json();
        let article = encoded(listed["stories"][0]["article"].as_str().expect("an article"));
        for path in ["/feed.atom".to_owned(), format!("/article/feed.atom?id={article}")] {
            let answer = served.get(&path).await;
            assert_eq!(answer.status, StatusCode::OK);
            assert!(answer.header("content-type").starts_with("application/atom+xml"));
            let settings = Settings::default().to_read_settings().expect("settings");
            // The summaries are short, so what is read of them are headlines and addresses.
            let reading = ingest::read_bytes("feed.atom", &answer.body, &settings);
            let entries = answer.text().matches("<entry>").count();
            assert!(entries > 0, "{path}");
            assert_eq!(reading.articles.len() + reading.rejected.len(), entries, "{path}: {:?}", reading.rejected);
        }
    }
}

#[tokio::test]
async fn an_answer_that_is_known_is_not_sent_again() {
    let served = Served::corpus();
    for path in ["/", "/api/v1/search?q=ferry", "/feed.atom", "/story/bpgcdpzpj1"] {
        let first = served.get(path).await;
        let tag = first.header("etag").to_owned();
        assert!(tag.starts_with("W/\""), "{path}");
        let with =
            |tag: &str| request(Method::GET, path).header("if-none-match", tag).body(Body::empty()).expect("a request");
        let again = served.send(with(&format!("\"other\", {tag}"))).await;
        assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0), "{path}");
        assert_eq!(again.header("etag"), tag);
        assert_eq!(served.send(with("W/\"older\"")).await.status, StatusCode::OK);
        let head = served.send(request(Method::HEAD, path).body(Body::empty()).expect("a request")).await;
        assert_eq!((head.status, head.body.len(), head.header("etag")), (StatusCode::OK, 0, tag.as_str()));
    }
}

#[tokio::test]
async fn answers_are_compressed_for_those_who_ask() {
    let served = Served::corpus();
    let asks = request(Method::GET, "/").header("accept-encoding", "gzip").body(Body::empty()).expect("a request");
    let answer = served.send(asks).await;
    assert_eq!(answer.header("content-encoding"), "gzip");
    assert!(answer.body.len() * 2 < served.get("/").await.body.len());
}

#[tokio::test]
async fn a_name_of_another_site_is_refused() {
    let served = Served::corpus();
    for path in ["/", "/api/v1/health", "/api/v1/articles"] {
        let evil = Request::get(path).header("host", "evil.example").body(Body::empty()).expect("a request");
        let refused = served.send(evil).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST);
        assert!(!refused.text().contains("87 articles"), "it tells nothing of what is here");
        let none = Request::get(path).body(Body::empty()).expect("a request");
        assert_eq!(served.send(none).await.status, StatusCode::BAD_REQUEST);
    }
    let settings = ServerSettings { hosts: vec!["news.example".into()], ..ServerSettings::default() };
    let served = Served::of(corpus(), settings);
    let allowed = Request::get("/").header("host", "news.example").body(Body::empty()).expect("a request");
    assert_eq!(served.send(allowed).await.status, StatusCode::OK);
}

const HARBOUR: &str = "{\"id\": \"harbour-1\", \"title\": \"Harbour crane topples\", \"text\": \"A crane fell over in the harbour of Skerry at dawn and nobody was hurt, the harbour master said.\", \"source\": \"Quay News\"}\n";

#[tokio::test]
async fn what_is_added_is_found_at_once() {
    let served = Served::corpus();
    let before = served.get("/").await;
    let added = served.post("/api/v1/articles", "application/x-ndjson", HARBOUR, Some(TOKEN)).await;
    assert_eq!((added.status, &added.json()["stored"]), (StatusCode::OK, &Value::from(1)), "{}", added.text());
    let found = served.get("/api/v1/search?q=crane").await.json();
    assert_eq!(found["stories"][0]["article"], "harbour-1");
    assert_ne!(served.get("/").await.header("etag"), before.header("etag"));
    let again = served.post("/api/v1/articles", "application/x-ndjson", HARBOUR, Some(TOKEN)).await.json();
    assert_eq!((&again["stored"], &again["unchanged"]), (&Value::from(0), &Value::from(1)));
    // Two texts that name no id do not replace each other.
    for text in ["One text on a flood in Marram.", "Another text on a fire in Dunmar."] {
        let added = served.post("/api/v1/articles", "text/plain", text, Some(TOKEN)).await.json();
        assert_eq!((&added["stored"], &added["versions"]), (&Value::from(1), &Value::from(0)));
    }
}

#[tokio::test]
async fn only_who_has_the_token_writes() {
    let served = Served::corpus();
    for (token, status) in [(None, 401), (Some("wrong"), 401), (Some(""), 401), (Some(TOKEN), 200)] {
        let answer = served.post("/api/v1/articles", "application/x-ndjson", HARBOUR, token).await;
        assert_eq!(answer.status.as_u16(), status, "{token:?}");
    }
    let closed = Served::of(corpus(), ServerSettings::default());
    assert_eq!(closed.post("/api/v1/articles", "text/plain", "A text.", Some("")).await.status, StatusCode::FORBIDDEN);
    let before = closed.get("/api/v1/health").await.json();
    assert_eq!(before["articles"], 87);
}

#[tokio::test]
async fn too_much_is_refused() {
    let settings = ServerSettings {
        token: Some(TOKEN.to_owned()),
        add_bytes: 10_000,
        add_articles: 3,
        ..ServerSettings::default()
    };
    let served = Served::of(corpus(), settings);
    let add = |body: String| served.post("/api/v1/articles", "application/x-ndjson", body, Some(TOKEN));
    assert_eq!(add("x".repeat(10_001)).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    let line = |at: usize| format!("{{\"id\": \"n{at}\", \"text\": \"Article {at} tells of a thing.\"}}\n");
    let four = add((0..4).map(line).collect()).await;
    assert_eq!(four.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(four.text().contains("more than 3 articles"), "{}", four.text());
    assert_eq!(add((0..3).map(line).collect()).await.status, StatusCode::OK);
    let words = "a+".repeat(65);
    assert_eq!(served.get(&format!("/api/v1/search?q={words}")).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(served.get(&format!("/search?q={words}")).await.status, StatusCode::OK);
    let long = "a".repeat(1_001);
    assert_eq!(served.get(&format!("/api/v1/search?q={long}")).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn those_who_find_no_turn_are_sent_away() {
    let settings = ServerSettings { most_waiting: 0, ..ServerSettings::default() };
    let served = Served::of(corpus(), settings);
    let answer = served.get("/api/v1/search?q=ferry").await;
    assert_eq!((answer.status, answer.header("retry-after")), (StatusCode::TOO_MANY_REQUESTS, "1"));
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!(answer.json()["request_id"], answer.header("x-request-id"));
    assert_eq!(served.get("/search?q=ferry").await.status, StatusCode::TOO_MANY_REQUESTS);
    // Health answers where all turns are taken.
    assert_eq!(served.get("/api/v1/health").await.status, StatusCode::OK);
}

#[tokio::test]
async fn many_at_once_are_all_answered_rightly() {
    let served = Served::corpus();
    let right = served.get("/api/v1/search?q=ferry").await.body;
    let asks = (0..300).map(|_| served.get("/api/v1/search?q=ferry"));
    let tasks: Vec<Answer> = futures(asks).await;
    assert!(tasks.iter().all(|answer| answer.status == StatusCode::OK && answer.body == right));
}

/// Waits for all, driven together.
async fn futures<F: Future<Output = Answer>>(all: impl Iterator<Item = F>) -> Vec<Answer> {
    let mut waiting: Vec<std::pin::Pin<Box<F>>> = all.map(Box::pin).collect();
    let mut done = Vec::new();
    std::future::poll_fn(move |context| {
        waiting.retain_mut(|one| match one.as_mut().poll(context) {
            std::task::Poll::Ready(answer) => {
                done.push(answer);
                false
            }
            std::task::Poll::Pending => true,
        });
        match waiting.is_empty() {
            true => std::task::Poll::Ready(std::mem::take(&mut done)),
            false => std::task::Poll::Pending,
        }
    })
    .await
}

/// The next event of a stream that is one.
async fn next_event(body: &mut Body) -> String {
    let frame = tokio::time::timeout(std::time::Duration::from_secs(20), body.frame()).await.expect("an event in time");
    String::from_utf8(frame.expect("a frame").expect("a sound one").into_data().expect("data").to_vec()).expect("UTF-8")
}

#[tokio::test]
async fn the_live_view_goes_on_where_it_was_left() {
    let served = Served::corpus();
    let last = served.get("/api/v1/health").await.json()["next_change"].as_u64().expect("a number") - 1;
    let events = |seen: u64| {
        request(Method::GET, "/live/events")
            .header("last-event-id", seen.to_string())
            .body(Body::empty())
            .expect("a request")
    };
    let response = served.router.clone().oneshot(events(last - 1)).await.expect("an answer");
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut body = response.into_body();
    let event = next_event(&mut body).await;
    assert!(event.contains("event: change") && event.contains(&format!("id: {last}")), "{event}");
    let added = served.post("/api/v1/articles", "application/x-ndjson", HARBOUR, Some(TOKEN)).await;
    assert_eq!(added.status, StatusCode::OK);
    let event = next_event(&mut body).await;
    assert!(event.contains("Harbour crane topples") && event.contains(&format!("id: {}", last + 1)), "{event}");
}

#[tokio::test]
async fn a_name_leads_to_the_story_that_it_became_part_of() {
    let folder = corpus();
    let [first, second] = {
        let served = Served::of(corpus(), ServerSettings::default());
        [story_of(&served, "ferry-wire").await, story_of(&served, "libya-courier").await]
    };
    let mut writer = CollectionWriter::open_existing(folder.path()).expect("a writer");
    writer.merge(&[first.clone(), second.clone()]).expect("merged");
    writer.close().expect("closed");
    let served = Served::of(folder, ServerSettings::default());
    let kept = story_of(&served, "ferry-wire").await;
    let gone = if kept == first { second } else { first };
    let answer = served.get(&format!("/story/{gone}")).await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (StatusCode::TEMPORARY_REDIRECT, format!("/story/{kept}").as_str())
    );
}

#[tokio::test]
async fn lists_follow_additions_as_if_read_anew() {
    let served = Served::corpus();
    // The list is in memory before anything is added, and is brought up to date.
    assert_eq!(served.get("/api/v1/stories?limit=100").await.json()["found"], 42);
    let more = "{\"id\": \"ferry-late\", \"title\": \"Ferry Marrow Star back in service\", \"text\": \"The ferry Marrow Star, which lay nine hours on Gull Bank off Skerry Point, sails again, Wanda Ilves of the coastguard said.\", \"source\": \"Quay News\", \"published\": \"2020-02-06\"}\n";
    for body in [HARBOUR, more] {
        assert_eq!(
            served.post("/api/v1/articles", "application/x-ndjson", body, Some(TOKEN)).await.status,
            StatusCode::OK
        );
        let followed = served.get("/api/v1/stories?limit=100").await.json();
        let anew = Collection::open(served.folder.path()).expect("a collection");
        let selection = samestory::StorySelection { limit: 100, ..Default::default() };
        let anew = serde_json::to_string(&anew.story_list().expect("a list").select(&selection)).expect("JSON");
        assert_eq!(followed, serde_json::from_str::<Value>(&anew).expect("JSON"));
    }
}

#[test]
fn lists_follow_every_change_as_if_read_anew() {
    let folder = corpus();
    let opened = || Collection::open(folder.path()).expect("a collection");
    let listed = |collection: &Collection| {
        let selection = samestory::StorySelection { limit: 1_000, ..Default::default() };
        serde_json::to_string(&collection.story_list().expect("a list").select(&selection)).expect("JSON")
    };
    let story = |article: &str| match opened().show(article).expect("an article") {
        samestory::View::Article(article) => article.story.to_string(),
        samestory::View::Story(_) => unreachable!("it is an article"),
    };
    let read = |text: &str| -> Vec<samestory::article::Article> {
        let settings = Settings::default().to_read_settings().expect("settings");
        ingest::read_text("news.jsonl", text, &settings).articles
    };
    let mut followed = opened();
    listed(&followed);
    let mut step = |what: &str, write: &dyn Fn(&mut CollectionWriter)| {
        let mut writer = CollectionWriter::open_existing(folder.path()).expect("a writer");
        write(&mut writer);
        writer.close().expect("closed");
        assert!(!followed.is_current(), "{what}");
        followed = followed.reopen().expect("the newest state");
        assert!(followed.is_current(), "{what}");
        assert_eq!(listed(&followed), listed(&opened()), "{what}");
    };
    let add = |writer: &mut CollectionWriter, text: &str| {
        assert_eq!(writer.add(read(text), &mut |_| ()).expect("added").stored, 1);
    };
    step("add", &|writer| add(writer, HARBOUR));
    step("correct", &|writer| add(writer, &HARBOUR.replace("topples", "topples again").replace("dawn", "dusk")));
    let [ferry, libya] = [story("ferry-wire"), story("libya-courier")];
    step("merge", &|writer| drop(writer.merge(&[ferry.clone(), libya.clone()]).expect("merged")));
    let merged = story("ferry-wire");
    step("split", &|writer| drop(writer.split(&merged, &["libya-courier".to_owned()]).expect("split")));
    let split = story("libya-courier");
    step("pin", &|writer| drop(writer.pin(&["libya-northgate".to_owned()], Some(&split)).expect("pinned")));
    step("remove", &|writer| {
        writer.remove(&["libya-courier".to_owned()]).expect("removed");
    });
    step("expire", &|writer| {
        writer.expire(1_581_000_000).expect("expired");
    });
    step("recluster", &|writer| writer.recluster(&mut |_| ()).expect("decided"));
}

#[tokio::test]
async fn nothing_is_read_of_those_who_may_not_send() {
    let served = Served::corpus();
    // A body that never comes: who has no token is answered all the same.
    let waits = || Body::from_stream(tokio_stream::pending::<Result<Vec<u8>, std::io::Error>>());
    let asks = |token: &str| {
        request(Method::POST, "/api/v1/articles")
            .header("content-type", "text/plain")
            .header("authorization", format!("Bearer {token}"))
    };
    let answer = served.send(asks("wrong").body(waits()).expect("a request")).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    let large = asks(TOKEN).header("content-length", "999999999").body(waits()).expect("a request");
    assert_eq!(served.send(large).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    let zipped = served.post("/api/v1/match", "text/plain", vec![0x1f, 0x8b, 8, 0], None).await;
    assert_eq!(zipped.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let foreign = request(Method::POST, "/api/v1/match")
        .header("content-type", "text/plain")
        .header("sec-fetch-site", "cross-site")
        .body(Body::from("A text."))
        .expect("a request");
    assert_eq!(served.send(foreign).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn parts_of_an_answer_make_the_whole() {
    let served = Served::corpus();
    for sort in ["relevance", "newest", "outlets"] {
        let whole = served.get(&format!("/api/v1/search?q=the&sort={sort}&limit=100")).await.json();
        let stories = whole["stories"].as_array().expect("stories");
        assert!(stories.len() > 10 && whole["found"].as_u64() == Some(stories.len() as u64));
        for offset in (0..stories.len() + 7).step_by(7) {
            let part = served.get(&format!("/api/v1/search?q=the&sort={sort}&limit=7&offset={offset}")).await.json();
            let end = stories.len().min(offset + 7);
            assert_eq!(part["stories"].as_array().expect("stories")[..], stories[offset.min(end)..end]);
            assert_eq!(part["found"], whole["found"]);
        }
    }
}

#[tokio::test]
async fn filters_alone_list_the_stories_that_pass_them() {
    let served = Served::corpus();
    let page = served.get("/search?q=&outlet=lakeside+herald&from=2020-02-01").await.text();
    let listed = served.get("/api/v1/stories?outlet=lakeside%20herald&from=2020-02-01").await.json();
    let stories = listed["stories"].as_array().expect("stories");
    assert!(!stories.is_empty());
    for story in stories {
        assert!(page.contains(&format!("/story/{}", story["id"].as_str().expect("an id"))));
    }
    assert!(page.contains(&format!("{} stories", stories.len())) || stories.len() == 1);
    for path in ["/search?q=the", "/?span=all", "/search?from=2019-01-01"] {
        let last = served.get(&format!("{path}&page=300")).await.text();
        assert!(last.contains("rel=\"prev\"") && !last.contains("rel=\"next\"") && last.contains("<h2>"), "{path}");
    }
    let mistaken = served.get("/search?from=soon").await.text();
    assert!(mistaken.contains("“soon” is no date"), "{mistaken}");
}

#[tokio::test]
async fn where_there_is_no_collection_the_page_says_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let served = Served::of(folder, ServerSettings::default());
    let page = served.get("/").await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(page.text().contains("samestory cluster PATH..."));
    assert_eq!(served.get("/api/v1/search?q=a").await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(served.get("/api/v1/health").await.header("content-type"), "application/problem+json");
}

#[tokio::test]
async fn methods_and_paths_that_are_none_are_told() {
    let served = Served::corpus();
    let answer = served.post("/api/v1/search?q=a", "text/plain", "", None).await;
    assert_eq!((answer.status, answer.header("allow")), (StatusCode::METHOD_NOT_ALLOWED, "GET,HEAD"));
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let answer = served.get("/api/v1/none").await;
    assert_eq!((answer.status, answer.header("content-type")), (StatusCode::NOT_FOUND, "application/problem+json"));
    let answer = served.get("/none").await;
    assert_eq!((answer.status, answer.header("content-type")), (StatusCode::NOT_FOUND, "text/html; charset=utf-8"));
    assert_eq!(served.get("/assets/../Cargo.toml").await.status, StatusCode::NOT_FOUND);
    assert_eq!(served.get("/assets/..%2f..%2fCargo.toml").await.status, StatusCode::NOT_FOUND);
}

/// The words of a command, in the shell's quotes; `$TOKEN` is that of the tests.
fn words_of(command: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    for c in command.chars() {
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), _) if c == open => quote = None,
            (None, ' ') if !word.is_empty() => words.push(std::mem::take(&mut word)),
            (None, ' ') => (),
            _ => word.push(c),
        }
    }
    words.push(word);
    words.iter().map(|word| word.replace("$TOKEN", TOKEN)).collect()
}

/// Whether a text is as it is shown, where `...` stands for any text.
fn is_as_shown(shown: &str, text: &str) -> bool {
    let parts: Vec<&str> = shown.split("...").collect();
    let mut rest = text;
    for (at, part) in parts.iter().enumerate() {
        let found = match at {
            0 => rest.starts_with(part).then_some(0),
            _ if at + 1 == parts.len() => rest.ends_with(part).then(|| rest.len() - part.len()),
            _ => rest.find(part),
        };
        let Some(place) = found else { return false };
        rest = &rest[place + part.len()..];
    }
    parts.len() > 1 || rest.is_empty()
}

#[tokio::test]
async fn the_examples_of_the_documentation_answer_as_it_says() {
    let served = Served::corpus();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/api.md");
    let text = std::fs::read_to_string(path).expect("docs/api.md");
    let mut lines = text.lines();
    let mut n_examples = 0;
    while let Some(line) = lines.next() {
        let Some(command) = line.strip_prefix("$ curl ") else { continue };
        let shown = lines.next().expect("an answer");
        let words = words_of(command);
        let behind = |option: &str| -> Vec<String> {
            words.windows(2).filter(|two| two[0] == option).map(|two| two[1].clone()).collect()
        };
        let address = words.iter().find_map(|word| word.strip_prefix("http://127.0.0.1:7878")).expect("an address");
        let body = behind("-d").pop();
        let mut asked = request(if body.is_some() { Method::POST } else { Method::GET }, address);
        for header in behind("-H") {
            let (name, value) = header.split_once(": ").expect("a header");
            asked = asked.header(name, value);
        }
        let answer = served.send(asked.body(Body::from(body.unwrap_or_default())).expect("a request")).await;
        assert!(is_as_shown(shown, &answer.text()), "{command}\nis answered by\n{}", answer.text());
        n_examples += 1;
    }
    assert!(n_examples > 7, "the page has examples");
}

#[test]
fn shown_texts_are_compared_in_order() {
    assert!(is_as_shown("a...c", "abc") && is_as_shown("abc", "abc") && is_as_shown("a...", "abc"));
    assert!(!is_as_shown("a...b", "abc") && !is_as_shown("ab", "abc") && !is_as_shown("c...a", "abca"));
}
