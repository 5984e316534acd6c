#!/usr/bin/env python3
"""Compare `qwen bench` with llama.cpp on the same file, in turn: A B B A A B …

    python compare.py MODEL.gguf --qwen QWEN --peer LLAMA_CPP_BIN --runs RUNS.jsonl [--types Q8_0 …] [--tests …] [--rounds 5]
    python compare.py --runs RUNS.jsonl [--plot OUT.svg]

MODEL.gguf is what make_random_model.py --gguf writes; LLAMA_CPP_BIN is a folder with llama-bench, llama-batched-bench and
llama-quantize, which writes the other types beside the model. Every run is added to RUNS.jsonl at once, so that a long
comparison can be made in several calls; the table, and the plot, are of all that the file holds.

The table has the medians, the ratio of the medians with the range of the ratios of neighbouring runs, and for decoding the
share of the memory's speed, which is measured before each run. Before its first round a test tries the peer's settings (flash
attention and repacked weights, each off and on; after a quarter of the context) and keeps the fastest. "load" and "first" are
the time from the start of the process to its end after one computed token, where less is better and the ratio is theirs to ours:
with our weights in memory before the first pass, and with weights that come into memory while the model is used. "memory" is the
process' peak while it decodes.
"""
import argparse, itertools, json, os, pathlib, statistics, subprocess, tempfile, time

parser = argparse.ArgumentParser()
parser.add_argument("model", type=pathlib.Path, nargs="?", help="the BF16 file; without it, only report")
parser.add_argument("--runs", type=pathlib.Path, required=True)
parser.add_argument("--qwen")
parser.add_argument("--peer", type=pathlib.Path)
parser.add_argument("--types", nargs="*", default=["Q8_0", "Q4_0", "Q4_K_M", "BF16"])
parser.add_argument("--tests", nargs="*", default=["prefill", "decode", "deep", "batch", "load", "first"])
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--rounds", type=int, default=5)
parser.add_argument("-p", "--prompt", type=int, default=512)
parser.add_argument("-n", "--generate", type=int, default=64)
parser.add_argument("-d", "--depth", type=int, default=4096)
parser.add_argument("-b", "--batch", type=int, default=8)
parser.add_argument("--plot", type=pathlib.Path, help="write the ratios as a picture")
arguments = parser.parse_args()
NAMES = {
    "prefill": f"prefill {arguments.prompt}",
    "decode": f"decode {arguments.generate}",
    "deep": f"decode {arguments.generate} after {arguments.depth}",
    "batch": f"{arguments.batch} at once",
    "load": "load, first token",
    "first": "first token, load later",
}


TIMES = ("load", "first")


def run(*command):
    """What a command prints, and its peak memory in bytes."""
    with tempfile.TemporaryFile() as output:
        command = [str(word) for word in command]
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        if status != 0:
            raise SystemExit(f"{' '.join(command)} ended with {status}")
        output.seek(0)
        return output.read().decode(), usage.ru_maxrss * 1024


def file(kind):
    if kind == "BF16":
        return arguments.model
    path = arguments.model.with_name(arguments.model.stem.replace("BF16", "") + f"{kind}.gguf")
    if not path.exists():
        run(arguments.peer / "llama-quantize", arguments.model, path, kind, arguments.threads)
    return path


def flags(test, depth):
    return {
        "prefill": ["-p", arguments.prompt, "-n", 0],
        "decode": ["-p", 0, "-n", arguments.generate],
        "deep": ["-p", 0, "-n", arguments.generate, "-d", depth],
        "batch": ["-p", 0, "-n", arguments.generate, "-b", arguments.batch],
        "load": ["-p", 1, "-n", 0, "--no-warmup"],
        "first": ["-p", 1, "-n", 0, "--no-warmup"],
    }[test]


def ours(path, test):
    start = time.monotonic()
    command = [arguments.qwen, "bench", "--model", path, *flags(test, arguments.depth), "-t", arguments.threads]
    if test == "first":
        command.append("--defer-weights")
    output, memory = run(*command, "-r", 1, "--json")
    (result,) = json.loads(output)
    value = time.monotonic() - start if test in TIMES else result["avg_ts"]
    found = {"value": value, "memory": memory}
    if "share_of_read" in result:
        found |= {"share": result["share_of_read"], "read": statistics.median(result["samples_read_gb_per_s"])}
    return found


def theirs(path, test, setting, depth=arguments.depth):
    flash, repack = setting
    threads = ["-t", arguments.threads, "-fa", flash]
    if test == "batch":
        repack = ["--repack" if repack else "--no-repack"]
        size = ["-c", arguments.batch * (arguments.generate + 16), "-npp", 1]
        size += ["-ntg", arguments.generate, "-npl", arguments.batch]
        bench = arguments.peer / "llama-batched-bench"
        output, memory = run(bench, "-m", path, *size, *threads, *repack, "--output-format", "jsonl")
        (result,) = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
        return {"value": result["speed_tg"], "memory": memory}
    start = time.monotonic()
    command = [arguments.peer / "llama-bench", "-m", path, *flags(test, depth), *threads, "--repack", int(repack)]
    output, memory = run(*command, "-r", 1, "-o", "json")
    (result,) = json.loads(output)
    return {"value": time.monotonic() - start if test in TIMES else result["avg_ts"], "memory": memory}


def recorded():
    return [json.loads(line) for line in arguments.runs.read_text().splitlines()] if arguments.runs.exists() else []


def record(**entry):
    with open(arguments.runs, "a") as out:
        out.write(json.dumps(entry) + "\n")


def best_setting(kind, path, test):
    """The peer's fastest setting, tried once for each file and test."""
    for entry in recorded():
        if entry["who"] == "setting" and (entry["type"], entry["test"]) == (kind, test):
            return entry["flash"], entry["repack"]
    settings = itertools.product(("off", "on"), (True,) if kind == "BF16" else (True, False))
    value = lambda setting: theirs(path, test, setting, arguments.depth // 4)["value"]
    flash, repack = min(settings, key=value) if test in TIMES else max(settings, key=value)
    record(type=kind, test=test, who="setting", flash=flash, repack=repack)
    return flash, repack


def measure():
    for kind, test in itertools.product(arguments.types, arguments.tests):
        path = file(kind)
        setting = best_setting(kind, path, test)
        for round in range(arguments.rounds):
            for who in ("ours", "theirs") if round % 2 == 0 else ("theirs", "ours"):
                result = ours(path, test) if who == "ours" else theirs(path, test, setting)
                record(type=kind, test=test, who=who, **result)


def cells():
    """The cells of the table that have been measured: (type, test), our runs, their runs, in the table's order."""
    runs = recorded()
    for kind, test in itertools.product(arguments.types, arguments.tests):
        both = [[run for run in runs if (run["type"], run["test"], run["who"]) == (kind, test, who)] for who in ("ours", "theirs")]
        if all(both):
            yield kind, test, *both


def middle(runs, key):
    return statistics.median(run[key] for run in runs)


def report():
    """Prints the table; returns the ratios."""
    ratios = {}
    print("| file | test | swift-qwen | llama.cpp | ratio | share of read speed |")
    print("|---|---|---|---|---|---|")
    for kind, test, a, b in cells():
        row = lambda name, unit, key, factor, ratio, share="": print(
            f"| {kind} | {name} | {factor * middle(a, key):.3g} {unit} | {factor * middle(b, key):.3g} {unit} | {ratio} | {share} |"
        )
        ratio = middle(a, "value") / middle(b, "value")
        between = [x["value"] / y["value"] for x, y in zip(a, b)]
        if test in TIMES:
            ratio, between = 1 / ratio, [1 / x for x in between]
        ratios[kind, test] = ratio
        share = ""
        if "share" in a[0]:
            share = f"{100 * middle(a, 'share'):.0f} % of {middle(a, 'read'):.0f} GB/s"
        text = f"{ratio:.2f} ({min(between):.2f}–{max(between):.2f})"
        if test in TIMES:
            row(NAMES[test], "s", "value", 1, text)
        else:
            row(NAMES[test], "tok/s", "value", 1, text, share)
        if test == "decode":
            row("memory", "GB", "memory", 1e-9, f"{middle(b, 'memory') / middle(a, 'memory'):.2f}")
    return ratios


def plot(ratios):
    """Bars of the ratios, a group for each test; a line where both are as fast."""
    tests = [test for test in arguments.tests if any(found == test for _, found in ratios)]
    colors = ["#4477aa", "#66ccee", "#228833", "#ccbb44"]
    group = 28 * len(arguments.types) + 24
    width, height, top = group * len(tests) + 50, 270, max(2, *ratios.values()) * 1.05
    place = lambda ratio: 220 - 200 * ratio / top
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" font-size="11">']
    parts.append(f'<rect width="{width}" height="{height}" fill="#fff"/>')
    for tick in range(int(top) + 1):
        parts.append(f'<text x="8" y="{place(tick) + 4:.0f}">{tick}×</text>')
        dash = "" if tick == 1 else ' stroke-dasharray="2 4"'
        parts.append(f'<path d="M30 {place(tick):.1f}H{width - 10}" stroke="#888"{dash}/>')
    for i, test in enumerate(tests):
        for j, kind in enumerate(arguments.types):
            ratio = ratios.get((kind, test), 0)
            x, y = 40 + group * i + 28 * j, place(ratio)
            parts.append(f'<rect x="{x}" y="{y:.1f}" width="24" height="{220 - y:.1f}" fill="{colors[j % 4]}"/>')
            parts.append(f'<text x="{x + 12}" y="{y - 3:.1f}" text-anchor="middle" font-size="9">{ratio:.2f}</text>')
        parts.append(f'<text x="{40 + group * i}" y="236">{NAMES[test]}</text>')
    for j, kind in enumerate(arguments.types):
        parts.append(f'<text x="{40 + 80 * j}" y="258" fill="{colors[j % 4]}">{kind}</text>')
    arguments.plot.write_text("\n".join(parts + ["</svg>"]) + "\n")


if arguments.model:
    measure()
ratios = report()
if arguments.plot and ratios:
    plot(ratios)
