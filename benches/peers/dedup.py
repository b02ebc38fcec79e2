#!/usr/bin/env python3
"""Copies by the tools one would pick instead, beside ours: how fast from texts to pairs, and how many they find.

    python benches/peers/dedup.py ARTICLES.jsonl [--limit 10000] [--peers rensa,gaoya,datasketch] [--bands 16,32]

What their users write: lower-cased words, shingles of five of them, signatures of 128 values, buckets, candidate pairs.
Each gets the texts in memory, so that reading stands outside the clock, and as many threads as it takes by itself. Ours
is `samestory bench dedup` on the same articles (SAMESTORY names the program; default target/release/samestory): all
steps behind reading, which go on to exact checks and groups. A pair counts as found if its exact Jaccard, over the same
shingles for all, is 0.6 or more; recall is the share of such pairs that any of the tools here has found.

Articles are objects with `id` and `text`, one a line. Packages: benches/peers/requirements.txt.
"""
import argparse, collections, itertools, json, os, re, subprocess, tempfile, time

N_HASHES = 128
WIDTH = 5
JACCARD = 0.6
WORD = re.compile(r"\w+")


def shingles_of(text):
    words = WORD.findall(text.lower())
    return [" ".join(words[at : at + WIDTH]) for at in range(max(1, len(words) - WIDTH + 1))]


def pairs_in(groups):
    """Every pair of two members of one group."""
    found = set()
    for group in groups:
        found.update(itertools.combinations(sorted(group), 2))
    return found


def rensa(texts, bands):
    import rensa

    sets = [shingles_of(text) for text in texts]
    signatures = rensa.RMinHash.from_token_sets(sets, num_perm=N_HASHES, seed=42)
    lsh = rensa.RMinHashLSH(JACCARD, N_HASHES, bands)
    lsh.insert_pairs(list(enumerate(signatures)))
    return pairs_in({at, other} for at, met in enumerate(lsh.query_all(signatures)) for other in met if other != at)


def gaoya(texts, bands):
    import gaoya

    index = gaoya.minhash.MinHashStringIndex(
        hash_size=32, jaccard_threshold=JACCARD, num_bands=bands, band_size=N_HASHES // bands,
        analyzer="word", lowercase=True, ngram_range=(WIDTH, WIDTH),
    )
    index.par_bulk_insert_docs(list(range(len(texts))), texts)
    return pairs_in({at, other} for at, met in enumerate(index.par_bulk_query(texts)) for other in met if other != at)


def datasketch(texts, bands):
    from datasketch import MinHash, MinHashLSH

    sets = [[shingle.encode() for shingle in shingles_of(text)] for text in texts]
    signatures = list(MinHash.generator(sets, num_perm=N_HASHES))
    lsh = MinHashLSH(num_perm=N_HASHES, params=(bands, N_HASHES // bands))
    with lsh.insertion_session() as session:
        for at, signature in enumerate(signatures):
            session.insert(at, signature)
    met = ((at, lsh.query(signature)) for at, signature in enumerate(signatures))
    return pairs_in({at, other} for at, others in met for other in others if other != at)


def ours(path, ids):
    program = os.environ.get("SAMESTORY", "target/release/samestory")
    report = subprocess.run([program, "bench", "dedup", "--json", "--runs", "3", path], capture_output=True, check=False)
    steps = json.loads(report.stdout)["steps"]
    seconds = sum(step["seconds"] for step in steps if not step["step"].startswith(("read", "all")))
    with tempfile.TemporaryDirectory() as folder:
        pairs = os.path.join(folder, "pairs.jsonl")
        subprocess.run([program, "dedup", "--pairs", pairs, path], capture_output=True, check=False)
        with open(pairs, encoding="utf-8") as lines:
            named = [json.loads(line) for line in lines]
    return seconds, {tuple(sorted((ids[pair["a"]], ids[pair["b"]]))) for pair in named}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("articles")
    parser.add_argument("--limit", type=int, default=None)
    parser.add_argument("--peers", default="rensa,gaoya,datasketch")
    parser.add_argument("--bands", default="16,32")
    settings = parser.parse_args()

    with open(settings.articles, encoding="utf-8") as lines:
        kept = list(itertools.islice(lines, settings.limit))
    articles = [json.loads(line) for line in kept]
    texts = [article.get("text") or "" for article in articles]
    ids = {article["id"]: at for at, article in enumerate(articles)}
    megabytes = sum(len(text.encode()) for text in texts) / 1e6
    print(f"{len(texts)} articles, {megabytes:.1f} MB of text")

    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as same:
        same.writelines(kept)
        same.flush()
        runs = [("samestory", *ours(same.name, ids))]
    tools = {"rensa": rensa, "gaoya": gaoya, "datasketch": datasketch}
    for name in settings.peers.split(","):
        for bands in map(int, settings.bands.split(",")):
            began = time.perf_counter()
            found = tools[name](texts, bands)
            runs.append((f"{name}, {bands} bands", time.perf_counter() - began, found))

    sets = collections.defaultdict(frozenset)

    def is_copy(pair):
        for at in pair:
            if at not in sets:
                sets[at] = frozenset(shingles_of(texts[at]))
        a, b = (sets[at] for at in pair)
        return len(a & b) >= JACCARD * len(a | b)

    true = {pair for pair in set().union(*(found for *_, found in runs)) if is_copy(pair)}
    print(f"{len(true)} pairs of Jaccard {JACCARD} or more were found by any")
    print("| tool | seconds | MB/s | times ours | pairs met | recall |")
    print("|---|---|---|---|---|---|")
    for name, seconds, found in runs:
        recall = len(found & true) / max(1, len(true))
        print(f"| {name} | {seconds:.2f} | {megabytes / seconds:.1f} | {seconds / runs[0][1]:.1f} | {len(found)} | {recall:.3f} |")


if __name__ == "__main__":
    main()
