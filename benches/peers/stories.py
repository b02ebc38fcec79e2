#!/usr/bin/env python3
"""Stories by scikit-learn, beside ours: how good at its best, and how fast.

    python benches/peers/stories.py ARTICLES.jsonl                          # seconds, and ours as a ratio
    python benches/peers/stories.py --gold SET.jsonl...                     # best BCubed F1 of each set

What a data scientist would write: tf-idf over words and word pairs of title and text (logarithmic counts, English stop
words out, terms of one article out), cosines of articles at most seven days apart (of all, where a date is missing),
average linkage inside what the cosines above a threshold connect. Articles are objects with `id`, `title`, `text`,
`published` and, for --gold, `story`; a JSONL file may be compressed with Zstandard if the package `zstandard` is there.

With --gold every threshold is tried, and the best on the very labels is printed: more than a user could know.
Without it, `samestory bench stories` (SAMESTORY names the program; default target/release/samestory) runs behind it on the
same file, from texts in memory to stories, as the peer does. Packages: benches/peers/requirements.txt.
"""
import argparse, collections, datetime, io, json, os, subprocess, time

import numpy as np
import scipy.sparse as sparse
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import squareform
from sklearn.feature_extraction.text import TfidfVectorizer

DAYS = 7
LEAST_COSINE = 0.05
THRESHOLDS = (0.05, 0.06, 0.08, 0.1, 0.12, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4)
DEFAULT = 0.15
ROWS = 1000
# Larger groups are not refined: a square matrix of them would not fit.
LARGEST_GROUP = 4000


def articles_of(path):
    if path.endswith(".zst"):
        import zstandard

        with open(path, "rb") as file:
            text = io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(file), encoding="utf-8")
            return [json.loads(line) for line in text]
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def day_of(article):
    try:
        moment = datetime.datetime.fromisoformat(article["published"].replace("Z", "+00:00"))
        return moment.replace(tzinfo=moment.tzinfo or datetime.timezone.utc).timestamp() / 86400
    except (KeyError, AttributeError, TypeError, ValueError):
        return np.nan


def vectors_of(articles):
    weigh = TfidfVectorizer(sublinear_tf=True, stop_words="english", ngram_range=(1, 2), min_df=2, dtype=np.float32)
    return weigh.fit_transform(f"{a.get('title') or ''} {a.get('text') or ''}" for a in articles)


def cosines_of(vectors, days):
    """The upper triangle of cosines, in order of time with the undated last; and that order."""
    order = np.argsort(days, kind="stable")
    vectors, days = vectors[order], days[order]
    n_dated = int((~np.isnan(days)).sum())
    blocks = []
    for start in range(0, len(days), ROWS):
        stop = min(start + ROWS, len(days))
        first = int(np.searchsorted(days[:n_dated], days[start] - DAYS)) if start < n_dated else 0
        found = (vectors[start:stop] @ vectors[first:stop].T).tocoo()
        row, column = found.row + start, found.col + first
        apart = days[row] - days[column]
        keep = (found.data >= LEAST_COSINE) & (column < row) & ~(apart > DAYS)
        blocks.append((found.data[keep], row[keep], column[keep]))
        if start < n_dated < stop:
            # Undated rows of this block meet the dated ones before the window too.
            late, early = vectors[n_dated:stop], vectors[:first]
            found = (late @ early.T).tocoo()
            keep = found.data >= LEAST_COSINE
            blocks.append((found.data[keep], found.row[keep] + n_dated, found.col[keep]))
    data, row, column = (np.concatenate(part) for part in zip(*blocks))
    return sparse.coo_matrix((data, (column, row)), shape=(len(days), len(days))).tocsr(), order


def clusters_of(cosines, threshold):
    strong = cosines.multiply(cosines >= threshold)
    n_groups, group = connected_components(strong, directed=False)
    label = group.astype(np.int64)
    both = (cosines + cosines.T).tocsr()
    by_group = np.argsort(group, kind="stable")
    for members in np.split(by_group, np.flatnonzero(np.diff(group[by_group])) + 1):
        if 2 < len(members) <= LARGEST_GROUP:
            distance = 1 - both[members][:, members].toarray()
            np.fill_diagonal(distance, 0)
            tree = linkage(squareform(np.clip(distance, 0, 1), checks=False), "average")
            label[members] = n_groups + fcluster(tree, 1 - threshold, "distance")
            n_groups = label.max() + 1
    return label


def bcubed_f1(gold, label):
    both, of_gold, of_label = collections.Counter(zip(gold, label)), collections.Counter(gold), collections.Counter(label)
    precision = sum(n * n / of_label[cluster] for (_, cluster), n in both.items()) / len(gold)
    recall = sum(n * n / of_gold[story] for (story, _), n in both.items()) / len(gold)
    return 2 * precision * recall / (precision + recall)


def best_f1(path):
    articles = articles_of(path)
    cosines, order = cosines_of(vectors_of(articles), np.array([day_of(article) for article in articles]))
    labelled = [at for at, number in enumerate(order) if articles[number].get("story") is not None]
    gold = [str(articles[order[at]]["story"]) for at in labelled]
    scores = {}
    for threshold in THRESHOLDS:
        label = clusters_of(cosines, threshold)
        scores[threshold] = bcubed_f1(gold, [int(label[at]) for at in labelled])
    threshold = max(scores, key=scores.get)
    print(f"{os.path.basename(path)}: best F1 {scores[threshold]:.3f} at {threshold}", flush=True)
    return scores[threshold]


def race(path):
    articles = articles_of(path)
    days = np.array([day_of(article) for article in articles])
    start = time.perf_counter()
    vectors = vectors_of(articles)
    weighed = time.perf_counter()
    cosines, _ = cosines_of(vectors, days)
    compared = time.perf_counter()
    clusters_of(cosines, DEFAULT)
    stop = time.perf_counter()
    print(f"scikit-learn: terms {weighed - start:.1f} s, cosines {compared - weighed:.1f} s, linkage {stop - compared:.1f} s, all {stop - start:.1f} s", flush=True)
    program = os.environ.get("SAMESTORY", "target/release/samestory")
    timing = json.loads(subprocess.run([program, "bench", "stories", path, "--runs", "1", "--json"], check=True, capture_output=True).stdout)
    seconds = timing["steps"][-1]["seconds"]
    print(f"samestory: all {seconds:.1f} s, {(stop - start) / seconds:.1f} times as fast")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gold", action="store_true", help="score labelled sets")
    parser.add_argument("files", nargs="+")
    arguments = parser.parse_args()
    if arguments.gold:
        print(f"mean {np.mean([best_f1(path) for path in arguments.files]):.4f}")
    else:
        for path in arguments.files:
            race(path)


if __name__ == "__main__":
    main()
