#!/usr/bin/env python3
"""Learns the pair model of samestory-cluster from the pairs that `cargo run --release --example pairs` writes.

    python training/train.py PAIRS.bin MODELS [--ablation]

Writes into the folder MODELS: `pairs.model`, learned from all sets, which is shipped as
crates/samestory-cluster/data/pairs.model; and `without-FAMILY.model` for each family of sets, learned from the others.
With --ablation also `no-FEATURES.model` and `no-FEATURES-without-FAMILY.model`, which lack a family of features.
Packages: training/requirements.txt. The same pairs give the same models: seeds are fixed, one thread sums.

Every set weighs the same, two of one family half each, and in a set positive pairs weigh PRIOR and negative ones the
rest. Views of a set (see the example `pairs`) weigh as VIEWS says. Boosted trees with LightGBM; a feature with a sign may only
move the log odds that way.
"""
import collections, struct, sys
from pathlib import Path

import lightgbm
import numpy as np
from sklearn.isotonic import IsotonicRegression

PRIOR = 0.05
VIEWS = {"plain": 1.0, "stream": 1.0, "flat": 0.3, "small": 1.0, "tiny": 0.25}
# 116 articles of six events, and the 85 of the sample corpus, say less than the other sets.
LIGHT = {"groundnews-2022": 0.3, "stories": 0.5}
TREES = 250
KNOTS = [-8, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 8]
PARAMETERS = dict(
    objective="binary", num_leaves=15, learning_rate=0.06, min_data_in_leaf=100, feature_fraction=0.6,
    bagging_fraction=0.8, bagging_freq=1, lambda_l2=5, seed=1, num_threads=2, deterministic=True, force_row_wise=True,
    verbose=-1,
)
DIGITS = 5
# As crates/samestory-cluster/src/score.rs.
THIN = -16.0
# As crates/samestory-cluster/src/model.rs.
PRIOR_TRUST = 0.6


def family(name):
    first = name.split("-")[0]
    return "emergent" if first == "fnc1" else first


def read(path):
    """Names of the features; for each (set, view) labels, weights and features."""
    blob = Path(path).read_bytes()
    head, _, rest = blob.partition(b"\n")
    kind, _, names = head.decode().partition(" ")
    assert kind == "samestory-pairs-1", "not a file of pairs"
    names = names.split("|")
    groups = collections.defaultdict(list)
    at, floats = 0, 4 * (len(names) + 1)
    while at < len(rest):
        length = rest[at]
        name = rest[at + 1 : at + 1 + length]
        groups[name].append(rest[at + 1 + length : at + 2 + length + floats])
        at += 2 + length + floats
    out = {}
    row = np.dtype([("same", "u1"), ("weight", "<f4"), ("features", "<f4", len(names))])
    for name, rows in groups.items():
        table = np.frombuffer(b"".join(rows), dtype=row)
        out[tuple(name.decode().split(" "))] = (table["same"].astype(float), table["weight"].astype(float), table["features"])
    return names, out


def signs(path):
    """Family and sign of each feature, from the table in features.rs."""
    found = {}
    for line in Path(path).read_text().splitlines():
        if line.strip().startswith('feature("'):
            name, group, sign = line.split('"')[1], line.split("Family::")[1].split(",")[0], line.split(",")[2]
            found[name] = (group.lower(), int(sign))
    return found


def learn(groups, names, table, without=None, lacking=None):
    keep = [at for at, name in enumerate(names) if table[name][0] != lacking]
    X, y, w = [], [], []
    for (name, view), (same, weight, features) in groups.items():
        if family(name) == without or view not in VIEWS:
            continue
        mass = VIEWS[view] * LIGHT.get(name, 1.0) * (0.5 if family(name) == "allsides" else 1.0) * 1e5
        share = np.where(same > 0, PRIOR / max(weight[same > 0].sum(), 1e-9), (1 - PRIOR) / max(weight[same == 0].sum(), 1e-9))
        X.append(features[:, keep]); y.append(same); w.append(share * weight * mass)
    X, y, w = np.vstack(X), np.concatenate(y), np.concatenate(w)
    parameters = dict(PARAMETERS, monotone_constraints=[table[names[at]][1] for at in keep])
    return lightgbm.train(parameters, lightgbm.Dataset(X, y, weight=w, free_raw_data=True), TREES), keep


def text_of(value):
    return f"{value:.{DIGITS}g}"


def tree_line(tree, keep):
    """Nodes in preorder, as crates/samestory-cluster/src/model.rs describes them."""
    nodes = []

    def add(node):
        at = len(nodes)
        if "leaf_value" in node and "split_feature" not in node:
            nodes.append(text_of(node["leaf_value"]))
            return at
        nodes.append(None)
        left = add(node["left_child"])
        right = add(node["right_child"])
        feature = keep[node["split_feature"]]
        nodes[at] = f"{feature}:{text_of(node['threshold'])}:{left}:{right}:{text_of(node['internal_value'])}"
        return at

    add(tree["tree_structure"])
    return "tree " + " ".join(nodes)


def write(path, booster, keep, names, calibration, comment):
    lines = [f"# {line}" for line in comment]
    lines += ["samestory-pairs 1", "features " + "|".join(names), f"prior {PRIOR}"]
    lines += ["calibration " + " ".join(f"{knot}:{text_of(rate)}" for knot, rate in calibration), "bias 0"]
    lines += [tree_line(tree, keep) for tree in booster.dump_model()["tree_info"]]
    Path(path).write_text("\n".join(lines) + "\n")


def prior_shift(log_odds, weight):
    """As crates/samestory-cluster/src/prior.rs and model.rs."""
    prior, trained_pairs = PRIOR, 200.0
    odds = lambda p: np.log(p / (1 - p))
    for _ in range(60):
        expected = (weight / (1 + np.exp(-(log_odds + odds(prior) - odds(PRIOR))))).sum()
        prior = min((trained_pairs * PRIOR + expected) / (trained_pairs + weight.sum()), 0.5)
    return PRIOR_TRUST * (odds(prior) - odds(PRIOR))


def calibrate(groups, boosters):
    """Log odds and what they come true as on sets that were left out, over all their pairs: isotonic regression, told at
    KNOTS."""
    z, y, w = [], [], []
    for (name, view), (same, weight, features) in groups.items():
        if view == "plain" and family(name) in boosters:
            booster, keep = boosters[family(name)]
            log_odds = booster.predict(features[:, keep], raw_score=True)
            thin_same, thin_weight, _ = groups.get((name, "thin"), (np.zeros(0), np.zeros(0), None))
            log_odds = np.concatenate([log_odds, np.full(len(thin_same), THIN)])
            weight = np.concatenate([weight, thin_weight])
            z.append(log_odds + prior_shift(log_odds, weight))
            y.append(np.concatenate([same, thin_same])); w.append(weight)
    z, y, w = np.concatenate(z), np.concatenate(y), np.concatenate(w)
    fit = IsotonicRegression(y_min=1e-4, y_max=0.995).fit(z, y, sample_weight=w)
    rates = []
    for knot in KNOTS:
        near = fit.predict(np.linspace(knot - 0.5, knot + 0.5, 21)).mean()
        rates.append(float(np.log(near / (1 - near))))
    return list(zip(KNOTS, np.maximum.accumulate(rates)))


def main():
    arguments = [argument for argument in sys.argv[1:] if argument != "--ablation"]
    pairs, models = Path(arguments[0]), Path(arguments[1])
    models.mkdir(parents=True, exist_ok=True)
    names, groups = read(pairs)
    table = signs(Path(__file__).resolve().parent.parent / "crates/samestory-cluster/src/features.rs")
    sets = sorted({name for name, _ in groups})
    families = sorted({family(name) for name in sets} - {"stories"})
    lacking = [None] + (sorted({group for group, _ in table.values()}) if "--ablation" in sys.argv else [])
    for group in lacking:
        left_out = {out: learn(groups, names, table, out, group) for out in families}
        calibration = calibrate(groups, left_out)
        comment = [
            "The pair model of samestory-cluster, learned by training/train.py; how good it is: docs/evaluation.md.",
            f"{TREES} trees of at most {PARAMETERS['num_leaves']} leaves, LightGBM {lightgbm.__version__}, seed {PARAMETERS['seed']}.",
        ]
        rows = ", ".join(f"{name} {sum(len(groups[key][0]) for key in groups if key[0] == name)}" for name in sets)
        prefix = f"no-{group}-" if group else ""
        for out, (booster, keep) in left_out.items():
            write(models / f"{prefix}without-{out}.model", booster, keep, names, calibration, comment + [f"Without the sets of {out}. Rows: {rows}."])
        booster, keep = learn(groups, names, table, None, group)
        write(models / (f"no-{group}.model" if group else "pairs.model"), booster, keep, names, calibration, comment + [f"Rows: {rows}."])
        print(group or "all features", "calibration", calibration, flush=True)


if __name__ == "__main__":
    main()
