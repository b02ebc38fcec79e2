#!/usr/bin/env python3
"""Does watching feeds all day keep its memory, and end with the stories of `add`?

    python benches/soak.py ARTICLES.jsonl [--articles 2400] [--feeds 50] [--minutes 10] [--before N]

Serves the articles (JSONL with id, title, text, url, source, published) as RSS at a port of this machine, outlet by outlet on
so many feeds, each article from its moment of a day of 24 hours on, which passes in so many minutes; a feed shows its newest
100. Two programs watch it: one from beginning to end, of which the peak of anonymous memory (`RssAnon` of /proc, ten times
a second) is told for each hour, and one that is killed in the middle of the day and started again. Then the feeds, with all
articles in them, are added by `samestory add`, and the three are compared as sets of sets of articles. With --before, each
collection holds that many articles of the file from before that day, and where that is more than are decided together by
themselves, `samestory recluster` is run on all three before they are compared. Ends with 1 where stories differ, or, in a
collection of that size, where the last hour took more than 1.1 times the memory of the first after the warm-up, a quarter of
the day: in a smaller one an article is held against ever more others, the more there are. Needs Linux. SAMESTORY names the
program (default: target/release/samestory).
"""
import argparse, datetime, email.utils, hashlib, html, http.server, json, os, pathlib, signal, subprocess, sys, tempfile, threading, time, zlib

PROGRAM = os.environ.get("SAMESTORY", "target/release/samestory")
HOURS = 24
WARM_UP = 6
SHOWN = 100
# Up to so many articles, all stories are decided together by themselves (samestory::DECIDED_TOGETHER).
TOGETHER = 30_000


def entry(article):
    text = "".join(f"<p>{html.escape(line)}</p>" for line in article["text"].split("\n") if line.strip())
    published = article.get("published")
    date = ""
    if published:
        moment = datetime.datetime.fromisoformat(published.replace("Z", "+00:00"))
        date = f"<pubDate>{email.utils.format_datetime(moment)}</pubDate>"
    link = f"<link>{html.escape(article['url'])}</link>" if article.get("url") else ""
    return (
        f"<item><title>{html.escape(article['title'] or '')}</title><guid isPermaLink=\"false\">{html.escape(article['id'])}</guid>{link}{date}"
        f"<source url=\"https://feeds.example/\">{html.escape(article['source'])}</source><description>{html.escape(text)}</description></item>\n"
    )


def document(entries):
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"><channel><title>A day</title><link>https://feeds.example/</link>\n'
    return (head + "".join(entries) + "</channel></rss>\n").encode()


class Day:
    """The articles of a day on their feeds, and how far the day is."""

    def __init__(self, articles, feeds, seconds):
        self.feeds = [[] for _ in range(feeds)]
        for number, article in enumerate(articles):
            # The same for every run and machine.
            feed = zlib.crc32(article["source"].encode()) % feeds
            self.feeds[feed].append(((number + 1) / len(articles) * 0.98, entry(article)))
        self.seconds = seconds
        self.began = None

    def start(self):
        self.began = time.monotonic()

    def passed(self):
        return (time.monotonic() - self.began) / self.seconds if self.began else 0.0

    def shown(self, feed):
        passed = self.passed()
        return [text for moment, text in self.feeds[feed] if moment <= passed][-SHOWN:][::-1]


def serve(day):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = document(day.shown(int(self.path.rsplit("/", 1)[1])))
            tag = '"' + hashlib.blake2b(body, digest_size=8).hexdigest() + '"'
            known = self.headers.get("If-None-Match") == tag
            self.send_response(304 if known else 200)
            self.send_header("ETag", tag)
            if not known:
                self.send_header("Content-Type", "application/rss+xml")
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if not known:
                self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


class Watch:
    """A program that watches, and its memory by the hour."""

    def __init__(self, collection, feeds, day, log):
        self.collection, self.day, self.log = collection, day, log
        every = max(1, round(day.seconds / HOURS / 5))
        settle = max(1, round(day.seconds / HOURS / 2))
        self.command = [PROGRAM, "--collection", str(collection), "watch", "--jsonl", "--every", f"{every}s", "--settle", f"{settle}s"]
        self.command += ["--host-delay", "0ms", "--allow-private", "127.0.0.1", str(feeds)]
        self.peaks = [0] * (HOURS + 1)
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL, stderr=self.log)
        threading.Thread(target=self.measure, args=(self.process,), daemon=True).start()

    def measure(self, process):
        status = f"/proc/{process.pid}/status"
        while process.poll() is None:
            try:
                memory = next(int(line.split()[1]) for line in open(status) if line.startswith("RssAnon"))
            except (FileNotFoundError, ProcessLookupError, StopIteration):
                return
            hour = min(HOURS, int(self.day.passed() * HOURS))
            self.peaks[hour] = max(self.peaks[hour], memory * 1024)
            time.sleep(0.1)

    def stop(self, how):
        self.process.send_signal(how)
        return self.process.wait()


def rows(collection):
    out = subprocess.run([PROGRAM, "--collection", str(collection), "export"], stdout=subprocess.PIPE, check=True).stdout
    return [json.loads(line) for line in out.splitlines()]


def stories(collection):
    found = {}
    for row in rows(collection):
        found.setdefault(row["story"], set()).add(row["id"])
    return {frozenset(ids) for ids in found.values()}


def quiet(*arguments):
    subprocess.run([PROGRAM, *map(str, arguments)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("articles_file")
    parser.add_argument("--articles", type=int, default=2400)
    parser.add_argument("--feeds", type=int, default=50)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--before", type=int, default=0)
    options = parser.parse_args()
    articles = [json.loads(line) for line in open(options.articles_file)]
    articles = [article for article in articles if article.get("published") and article.get("source")]
    articles.sort(key=lambda article: (article["published"], article["id"]))
    first = max(options.before, (len(articles) - options.articles) // 2)
    before, articles = articles[first - options.before : first], articles[first : first + options.articles]
    day = Day(articles, options.feeds, options.minutes * 60)
    port = serve(day)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "feeds.txt").write_text("".join(f"http://127.0.0.1:{port}/feed/{number}\n" for number in range(options.feeds)))
        (folder / "all").mkdir()
        for number, feed in enumerate(day.feeds):
            (folder / "all" / f"{number:03}.rss").write_bytes(document([text for _, text in feed]))
        (folder / "before.jsonl").write_text("".join(json.dumps(article) + "\n" for article in before))
        if before:
            for name in ["steady", "killed", "added"]:
                quiet("--collection", folder / name, "add", folder / "before.jsonl")
        with open(folder / "log", "wb") as log:
            day.start()
            steady = Watch(folder / "steady", folder / "feeds.txt", day, log)
            killed = Watch(folder / "killed", folder / "feeds.txt", day, log)
            while day.passed() < 0.5:
                time.sleep(0.1)
            killed.stop(signal.SIGKILL)
            killed.start()
            while day.passed() < 1.0:
                time.sleep(0.1)
            # All has come; what is left is to decide it together.
            time.sleep(max(30, day.seconds / HOURS * 2))
            codes = [watch.stop(signal.SIGTERM) for watch in (steady, killed)]
        sys.stderr.write((folder / "log").read_text())
        began = time.monotonic()
        quiet("--collection", folder / "added", "add", folder / "all")
        took = time.monotonic() - began
        if options.before >= TOGETHER:
            for name in ["steady", "killed", "added"]:
                quiet("--collection", folder / name, "recluster")
        ours, restarted, added = (stories(folder / name) for name in ["steady", "killed", "added"])
        print(f"{len(articles)} articles on {options.feeds} feeds in {options.minutes:g} minutes, {options.before} before; `add` of all took {took:.1f} s")
        print("peak of anonymous memory by the hour, MB: " + " ".join(f"{peak / 1e6:.0f}" for peak in steady.peaks[:HOURS]))
        ratio = steady.peaks[HOURS - 1] / steady.peaks[WARM_UP]
        print(f"last hour to hour {WARM_UP}: {ratio:.2f}")
        several = sum(len(story) > 1 for story in added)
        print(f"stories: {len(added)} by `add`, {several} of them of several articles")
        for name, found in [("watched", ours), ("watched, killed in the middle", restarted)]:
            print(f"{name}: {len(found)} stories, {len(found ^ added)} sets that are not in both")
        flat = ratio <= 1.1 or options.before < TOGETHER
        sys.exit(0 if codes == [0, 0] and ours == added == restarted and flat else 1)


if __name__ == "__main__":
    main()
