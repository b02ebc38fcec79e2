#!/usr/bin/env python3
"""What does a step of samestory-scale cost, and what does a lost executor?

    python benches/scale.py ARTICLES.jsonl [--sizes 125000,500000] [--local] [--kill STEP:SECONDS]... [--cluster]
        [--folder DIR] [-- OPTION...]

Runs the first so many articles of a file (all by default) through a cluster on this machine, one scheduler and two executors
of one task each, or with --local in one process, and prints for each step its rows, the bytes that it wrote to the job's
folder, the bytes that executors wrote for each other and for the driver (files below their work folders, which is what
moves between machines; files of less than a twentieth of a second may be missed, and those for the driver count to the
step behind), seconds; and the peak of anonymous memory
(`RssAnon` of /proc, looked at some twenty times a second) of each process. --kill kills the first executor with SIGKILL so many
seconds into a step and starts it again ten seconds later; each is a run of its own. The answers of all runs of a size are
held against each other, and with --cluster against those of `samestory cluster`. What follows -- is given to
`samestory-scale run`. Needs Linux. SCALE and SAMESTORY
name the programs (default: those in target/release).
"""
import argparse, hashlib, json, os, pathlib, shutil, signal, socket, subprocess, sys, tempfile, threading, time

SCALE = os.environ.get("SCALE", "target/release/samestory-scale")
SAMESTORY = os.environ.get("SAMESTORY", "target/release/samestory")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def anonymous(process):
    try:
        for line in open(f"/proc/{process.pid}/status"):
            if line.startswith("RssAnon"):
                return int(line.split()[1]) * 1024
    except (FileNotFoundError, ProcessLookupError):
        pass
    return 0


def sizes_below(folder, sizes):
    for root, _, files in os.walk(folder):
        for name in files:
            path = os.path.join(root, name)
            try:
                sizes[path] = max(sizes.get(path, 0), os.stat(path).st_size)
            except FileNotFoundError:
                pass


class Cluster:
    """One scheduler and two executors, and what they take."""

    def __init__(self, folder):
        self.folder = folder
        self.port = free_port()
        self.peaks, self.processes, self.sizes = {}, {}, {}
        self.start("scheduler", "scheduler", "--listen", f"127.0.0.1:{self.port}", "--executor-timeout", "15")
        time.sleep(1)
        self.ports = {name: (free_port(), free_port()) for name in ("executor 1", "executor 2")}
        for name in self.ports:
            self.start_executor(name)
        time.sleep(2)

    def start(self, name, *arguments):
        log = open(self.folder / f"{name}.log", "a")
        environment = {**os.environ, "SAMESTORY_LOG": "warn,ballista_scheduler=info"}
        self.processes[name] = subprocess.Popen([SCALE, *arguments], stderr=log, stdout=log, env=environment)

    def start_executor(self, name):
        port, grpc_port = self.ports[name]
        work = self.folder / name
        work.mkdir(exist_ok=True)
        self.start(name, "executor", "--scheduler", f"127.0.0.1:{self.port}", "--port", str(port), "--grpc-port",
                   str(grpc_port), "--work", str(work), "--heartbeat", "3")

    def look(self):
        for name, process in self.processes.items():
            self.peaks[name] = max(self.peaks.get(name, 0), anonymous(process))
        # The engine removes the files of a query soon after it.
        for name in self.ports:
            sizes_below(self.folder / name, self.sizes)

    def moved(self):
        return sum(list(self.sizes.values()))

    def stop(self):
        for process in self.processes.values():
            process.kill()
            process.wait()


def run(path, folder, local, kill, options):
    job = folder / "job"
    cluster = None if local else Cluster(folder)
    place = ["--local"] if local else ["--scheduler", f"df://127.0.0.1:{cluster.port}"]
    command = [SCALE, "run", str(path), "--job", str(job), "--json", "--partitions", "4", *place, *options]
    began = time.monotonic()
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    if cluster:
        cluster.processes["driver"] = process
    state = {"done": False, "killed": None, "peak": 0}
    moved, before = {}, 0

    def watch():
        while not state["done"]:
            state["peak"] = max(state["peak"], anonymous(process))
            if cluster:
                cluster.look()
                if kill and state["killed"] is None and any((job / "steps").glob(f"{kill[0]}.*.part")):
                    state.setdefault("since", time.monotonic())
                    if time.monotonic() - state["since"] >= kill[1]:
                        cluster.processes["executor 1"].send_signal(signal.SIGKILL)
                        cluster.processes["executor 1"].wait()
                        state["killed"] = time.monotonic()
                elif kill and state["killed"] and time.monotonic() - state["killed"] > 10 and not state.get("again"):
                    state["again"] = True
                    cluster.start_executor("executor 1")
            time.sleep(0.02)

    order = ["heads", "numbers", "signatures", "buckets", "candidate_copies", "verified_copies", "asked_halves",
             "template_halves", "evident_copies", "frequencies", "heaviest_terms", "far_postings", "candidates", "beyond",
             "compared", "judged_beyond", "linked", "stories", "places", "result"]
    watcher = threading.Thread(target=watch)
    watcher.start()
    said = []
    for line in process.stderr:
        said.append(line)
        name = line.split(" ")[0]
        if name in order:
            if cluster:
                now = cluster.moved()
                moved[name], before = now - before, now
    out = process.stdout.read()
    code = process.wait()
    state["done"] = True
    watcher.join()
    seconds = time.monotonic() - began
    if cluster:
        cluster.stop()
    if code not in (0, 1):
        raise SystemExit(f"{' '.join(command)} failed:\n{''.join(said[-5:])}")
    answer = json.loads(out)
    peaks = cluster.peaks if cluster else {"process": state["peak"]}
    return answer, moved, peaks, seconds, job, state["killed"] is not None


def answer_of(job):
    """Names of files do not tell, rows do: the articles with their stories and copies."""
    command = [SCALE, "stories", str(job)]
    return hashlib.md5(subprocess.run(command, check=True, capture_output=True).stdout).hexdigest()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("articles", type=pathlib.Path)
    parser.add_argument("--sizes", default="")
    parser.add_argument("--local", action="store_true")
    parser.add_argument("--kill", action="append", default=[])
    parser.add_argument("--cluster", action="store_true", help="hold the answer against `samestory cluster`")
    parser.add_argument("--folder", type=pathlib.Path)
    end = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    options, of_run = parser.parse_args(sys.argv[1:end]), sys.argv[end + 1:]
    kills = [None] + [(kill.split(":")[0], float(kill.split(":")[1])) for kill in options.kill]
    for size in options.sizes.split(","):
        with tempfile.TemporaryDirectory(dir=options.folder) as top:
            top = pathlib.Path(top)
            path = options.articles
            if size:
                path = top / "articles.jsonl"
                with open(options.articles, "rb") as whole, open(path, "wb") as part:
                    for _ in range(int(size)):
                        part.write(whole.readline())
            text = path.stat().st_size
            answers = {}
            for kill in kills:
                folder = pathlib.Path(tempfile.mkdtemp(dir=top))
                answer, moved, peaks, seconds, job, killed = run(path, folder, options.local, kill, of_run)
                what = f"killed {kill[1]:g} s into `{kill[0]}`" if kill else "undisturbed"
                if kill and not killed:
                    what += ": ended before"
                answers[what] = answer_of(job)
                print(f"{answer['articles']:,} articles, {text / 1e6:,.0f} MB: {what}, {seconds:.1f} s, {answer['stories']:,} stories, "
                      f"{answer['copies']['copies']:,} copies")
                if not kill:
                    print("\n| step | rows | MB written | MB moved | moved, share of text | seconds | us an article |")
                    print("|---|---|---|---|---|---|---|")
                    for step in answer["steps"]:
                        of = moved.get(step["step"], 0)
                        print(f"| {step['step']} | {step['rows']:,} | {step['bytes'] / 1e6:,.1f} | {of / 1e6:,.1f} | {of / text:.3f} | "
                              f"{step['seconds']:.1f} | {step['seconds'] / answer['articles'] * 1e6:.0f} |")
                    total = sum(moved.values())
                    print(f"| all | | | {total / 1e6:,.1f} | {total / text:.3f} | {seconds:.1f} | {seconds / answer['articles'] * 1e6:.0f} |\n")
                    print("; ".join(f"{name} {peak / 1e6:,.0f} MB" for name, peak in peaks.items()), flush=True)
                else:
                    for line in open(folder / "scheduler.log"):
                        if any(word in line for word in ("lost", "resubmi", "Resubmi", "Rolling", "expired", "dead")):
                            print("   ", line.strip()[:160])
                if kill is not kills[-1] or not options.cluster:
                    shutil.rmtree(folder)
            if options.cluster:
                collection = top / "collection"
                subprocess.run([SAMESTORY, "--collection", collection, "cluster", path], check=True, capture_output=True)
                rows = subprocess.run([SAMESTORY, "--collection", collection, "export"], check=True, capture_output=True).stdout
                told = "".join(f"{row['id']}\t{row['story']}\t{row.get('copy_of') or ''}\t{row.get('version_of') or ''}\n"
                               for row in map(json.loads, rows.splitlines()))
                answers["samestory cluster"] = hashlib.md5(told.encode()).hexdigest()
            for what, found in answers.items():
                print(f"{found}  {what}")
            if len(set(answers.values())) > 1:
                sys.exit("the answers differ")


main()
