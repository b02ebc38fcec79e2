#!/usr/bin/env python3
"""How do time, memory and disk grow with the number of articles?

    python benches/growth.py CORPUS... [--sizes 125000,250000,500000,1000000] [--commands dedup,cluster] [--words 400] [--keep FOLDER]

Runs `samestory dedup` and `samestory cluster` on generated news (crates/samestory/examples/generate.rs; learned from
CORPUS) of each size, each in a process of its own, and prints what each stage took, the peak of anonymous memory
(`RssAnon` of /proc, looked at fifty times a second) and the size of the collection; then, for each doubling, by how much
each grew, and the slope of memory from the second size to the last. Needs Linux. SAMESTORY and GENERATE name the
programs (default: those in target/release). Articles that a smaller size has a larger one has too. --keep leaves the largest
collection in a folder, for `cargo bench --bench search`.
"""
import argparse, json, os, pathlib, shutil, subprocess, tempfile, time

PROGRAM = os.environ.get("SAMESTORY", "target/release/samestory")
GENERATE = os.environ.get("GENERATE", "target/release/examples/generate")


def peak_of(process):
    """Peak of anonymous memory until the process ends, in bytes."""
    peak = 0
    status = f"/proc/{process.pid}/status"
    while process.poll() is None:
        try:
            for line in open(status):
                if line.startswith("RssAnon"):
                    peak = max(peak, int(line.split()[1]) * 1024)
        except (FileNotFoundError, ProcessLookupError):
            break
        time.sleep(0.02)
    return peak


def run(command, path, folder, keep):
    collection = keep or folder / "collection"
    arguments = [PROGRAM, "--collection", str(collection), command, "--json", str(path)]
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(arguments, stdout=out, stderr=subprocess.DEVNULL)
        peak = peak_of(process)
        if process.wait() != 0:
            raise SystemExit(f"{' '.join(arguments)} failed")
        out.seek(0)
        report = json.load(out)
    disk = sum(file.stat().st_blocks * 512 for file in collection.rglob("*") if file.is_file())
    if not keep:
        shutil.rmtree(collection, ignore_errors=True)
    times = {stage["stage"]: stage["seconds"] for stage in report["stages"]}
    return {"times": {**times, "all": report["seconds"]}, "memory": peak, "disk": disk}


def table(head, rows):
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print(flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", nargs="+")
    parser.add_argument("--sizes", default="125000,250000,500000,1000000")
    parser.add_argument("--commands", default="dedup,cluster")
    parser.add_argument("--words", default="400")
    parser.add_argument("--keep", type=pathlib.Path)
    options = parser.parse_args()
    if options.keep and options.keep.exists():
        parser.error(f"{options.keep} is there already")
    if options.keep and "cluster" not in options.commands.split(","):
        parser.error("--keep needs `cluster` among the commands")
    sizes = [int(size) for size in options.sizes.split(",")]
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        whole = folder / "whole.jsonl"
        largest = ["--articles", str(max(sizes)), "--words", options.words, "--output", str(whole)]
        subprocess.run([GENERATE, *options.corpus, *largest], check=True)
        for command in options.commands.split(","):
            found = []
            for size in sizes:
                path = folder / "part.jsonl"
                with open(whole, "rb") as lines, open(path, "wb") as part:
                    for _, line in zip(range(size), lines):
                        part.write(line)
                path.read_bytes()
                keep = options.keep if command == "cluster" and size == max(sizes) else None
                found.append(run(command, path, folder, keep))
                path.unlink()
                times = found[-1]["times"]
                print(f"{command} {size}: {times['all']:.1f} s, {found[-1]['memory'] / 1e6:.0f} MB", flush=True)
            stages = list(found[0]["times"])
            head = [command, *(f"{size:,}" for size in sizes), *(f"{b // a}x of {a:,}" for a, b in zip(sizes, sizes[1:]))]

            def row(name, values, form):
                values = list(values)
                growth = [f"{b / a:.2f}" if a else "" for a, b in zip(values, values[1:])]
                return [name, *(form(value) for value in values), *growth]

            rows = [row(f"{stage}, s", (one["times"][stage] for one in found), lambda s: f"{s:.2f}") for stage in stages]
            rows.append(row("peak memory, MB", (one["memory"] for one in found), lambda b: f"{b / 1e6:.0f}"))
            if any(one["disk"] for one in found):
                rows.append(row("disk, MB", (one["disk"] for one in found), lambda b: f"{b / 1e6:.0f}"))
            table(head, rows)
            if len(sizes) > 1:
                at = min(1, len(sizes) - 2)
                slope = (found[-1]["memory"] - found[at]["memory"]) / (sizes[-1] - sizes[at])
                print(f"memory from {sizes[at]:,} on: {slope / 1e3:.2f} KB an article\n", flush=True)


if __name__ == "__main__":
    main()
