#!/usr/bin/env python3
"""How long do signatures alone take, from shingle hashes that are there, beside rensa's?

    python benches/peers/signatures.py ARTICLES.jsonl [--limit 10000] [--runs 5]

128 values of every article's five-word shingles, each as often as it occurs, with as many threads as each takes by itself.
rensa gets lists of 64-bit hashes (`RMinHash.digest_matrix_from_token_hash_sets`), and one flat array as well
(`digest_matrix_from_flat_token_hashes`), which spares it reading Python's objects. Ours is the kernel "signature" of
`samestory bench dedup` on the same articles (SAMESTORY names the program; default target/release/samestory). The best of
several runs counts. Articles are objects with `id` and `text`, one a line. Packages: benches/peers/requirements.txt.
"""
import argparse, hashlib, itertools, json, os, subprocess, tempfile, time

import numpy
import rensa

from dedup import N_HASHES, shingles_of


def hashes_of(text):
    """Any hashes do: what a signature costs does not depend on them."""
    return [int.from_bytes(hashlib.blake2b(shingle.encode(), digest_size=8).digest()) for shingle in shingles_of(text)]


def best(runs, work):
    times = []
    for _ in range(runs):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("articles")
    parser.add_argument("--limit", type=int, default=None)
    parser.add_argument("--runs", type=int, default=5)
    settings = parser.parse_args()
    with open(settings.articles, encoding="utf-8") as lines:
        kept = list(itertools.islice(lines, settings.limit))

    program = os.environ.get("SAMESTORY", "target/release/samestory")
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as same:
        same.writelines(kept)
        same.flush()
        command = [program, "bench", "dedup", "--json", "--runs", str(settings.runs), same.name]
        report = json.loads(subprocess.run(command, capture_output=True, check=False).stdout)
    ours = next(kernel["seconds"] for kernel in report["kernels"] if kernel["step"] == "signature")

    sets = [hashes_of(json.loads(line).get("text") or "") for line in kept]
    flat = numpy.fromiter(itertools.chain.from_iterable(sets), dtype=numpy.uint64)
    ends = numpy.cumsum([len(one) for one in sets], dtype=numpy.uint64)
    offsets = numpy.concatenate([numpy.zeros(1, dtype=numpy.uint64), ends])
    rows = [
        ("samestory", ours),
        ("rensa, lists", best(settings.runs, lambda: rensa.RMinHash.digest_matrix_from_token_hash_sets(sets, N_HASHES, 42))),
        ("rensa, one array", best(settings.runs, lambda: rensa.RMinHash.digest_matrix_from_flat_token_hashes(flat, offsets, N_HASHES, 42))),
    ]
    print(f"{len(kept)} articles, {report['shingles']:,} shingles of ours, {len(flat):,} of rensa's")
    print("| signatures of | seconds | times ours |")
    print("|---|---|---|")
    for name, seconds in rows:
        print(f"| {name} | {seconds:.3f} | {seconds / ours:.1f} |")


if __name__ == "__main__":
    main()
