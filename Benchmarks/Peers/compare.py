#!/usr/bin/env python3
"""Compare `qwen bench` with llama.cpp on the same file, in turn: A B B A A B …

    python compare.py MODEL.gguf --qwen QWEN --peer LLAMA_CPP_BIN [--types Q8_0 Q4_0 Q4_K_M BF16] [--rounds 4] [--plot OUT.svg]

MODEL.gguf is what make_random_model.py --gguf writes; LLAMA_CPP_BIN is a folder with llama-bench, llama-batched-bench and
llama-quantize, which writes the other types beside the model. Prints, for each type and test, the medians, the ratio of the
medians with the range of the ratios of neighbouring runs, and for decoding the share of the memory's speed, measured before
each run. The peer runs with flash attention off and on, and the faster of the two counts. "load" is the time from the start
of the process to the first computed token in milliseconds, where less is better; "memory" is the process' peak in megabytes
in the prefill test.
"""
import argparse, json, os, pathlib, statistics, subprocess, tempfile, time

parser = argparse.ArgumentParser()
parser.add_argument("model", type=pathlib.Path)
parser.add_argument("--qwen", required=True)
parser.add_argument("--peer", type=pathlib.Path, required=True)
parser.add_argument("--types", nargs="*", default=["Q8_0", "Q4_0", "Q4_K_M", "BF16"])
parser.add_argument("--tests", nargs="*", default=["prefill", "decode", "deep", "batch", "load"])
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--rounds", type=int, default=4)
parser.add_argument("-p", "--prompt", type=int, default=512)
parser.add_argument("-n", "--generate", type=int, default=64)
parser.add_argument("-d", "--depth", type=int, default=4096)
parser.add_argument("-b", "--batch", type=int, default=8)
parser.add_argument("--plot", type=pathlib.Path, help="write the ratios as a picture")
arguments = parser.parse_args()
peak = {}


def run(command, who):
    """What a command prints; its peak memory is remembered."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen([str(word) for word in command], stdout=output, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        if status != 0:
            raise SystemExit(f"{command} ended with {status}")
        peak[who] = usage.ru_maxrss / 1e3
        output.seek(0)
        return output.read().decode()


def file(kind):
    if kind == "BF16":
        return arguments.model
    path = arguments.model.with_name(arguments.model.stem.replace("BF16", "") + f"{kind}.gguf")
    if not path.exists():
        quantize = [arguments.peer / "llama-quantize", arguments.model, path, kind, arguments.threads]
        subprocess.run([str(word) for word in quantize], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return path


def ours(path, test):
    flags = {
        "prefill": ["-p", arguments.prompt, "-n", 0],
        "decode": ["-p", 0, "-n", arguments.generate],
        "deep": ["-p", 0, "-n", arguments.generate, "-d", arguments.depth],
        "batch": ["-p", 0, "-n", arguments.generate, "-b", arguments.batch],
    }[test]
    (result,) = json.loads(
        run([arguments.qwen, "bench", "--model", path, *flags, "-t", arguments.threads, "-r", 1, "--json"], "ours")
    )
    return result


def theirs(path, test, flash):
    threads = ["-t", arguments.threads, "-fa", flash]
    if test == "batch":
        size = arguments.batch * (arguments.generate + 16)
        flags = ["-c", size, "-npp", 1, "-ntg", arguments.generate, "-npl", arguments.batch, "--output-format", "jsonl"]
        output = run([arguments.peer / "llama-batched-bench", "-m", path, *flags, *threads], "theirs")
        (result,) = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
        return result["speed_tg"]
    flags = {
        "prefill": ["-p", arguments.prompt, "-n", 0],
        "decode": ["-p", 0, "-n", arguments.generate],
        "deep": ["-p", 0, "-n", arguments.generate, "-d", arguments.depth],
    }[test]
    (result,) = json.loads(
        run([arguments.peer / "llama-bench", "-m", path, *flags, *threads, "-r", 1, "-o", "json"], "theirs")
    )
    return result["avg_ts"]


def load(path, mine):
    start = time.monotonic()
    if mine:
        run([arguments.qwen, "bench", "--model", path, "-p", 1, "-n", 0, "-t", arguments.threads, "-r", 1], "load")
    else:
        bench = [arguments.peer / "llama-bench", "-m", path, "-p", 1, "-n", 0, "-t", arguments.threads, "-r", 1]
        run(bench, "load")
    return 1e3 * (time.monotonic() - start)


def plot(ratios):
    """Bars of the ratios, a group for each test; a line where both are as fast."""
    tests = [test for test in arguments.tests if test != "load"]
    colors = ["#4477aa", "#66ccee", "#228833", "#ccbb44"]
    width, height, top = 120 * len(tests) + 60, 260, max(3, *ratios.values())
    place = lambda ratio: 220 - 190 * ratio / top
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" font-size="11">']
    for tick in range(int(top) + 1):
        parts.append(f'<text x="8" y="{place(tick) + 4:.0f}">{tick}×</text>')
        dash = "" if tick == 1 else ' stroke-dasharray="2 4"'
        parts.append(f'<path d="M30 {place(tick):.1f}H{width - 10}" stroke="#888"{dash}/>')
    for i, test in enumerate(tests):
        for j, kind in enumerate(arguments.types):
            ratio = ratios.get((kind, test), 0)
            x = 40 + 120 * i + 25 * j
            parts.append(f'<rect x="{x}" y="{place(ratio):.1f}" width="22" height="{220 - place(ratio):.1f}" fill="{colors[j % 4]}"/>')
        parts.append(f'<text x="{40 + 120 * i}" y="236">{names[test]}</text>')
    for j, kind in enumerate(arguments.types):
        parts.append(f'<text x="{40 + 80 * j}" y="252" fill="{colors[j % 4]}">{kind}</text>')
    arguments.plot.write_text("\n".join(parts + ["</svg>"]) + "\n")


names = {
    "prefill": f"prefill {arguments.prompt}",
    "decode": f"decode {arguments.generate}",
    "deep": f"decode after {arguments.depth}",
    "batch": f"{arguments.batch} at once",
    "load": "load",
}
ratios = {}
print("| file | test | swift-qwen | llama.cpp | ratio | share of read speed |")
print("|---|---|---|---|---|---|")
for kind in arguments.types:
    path = file(kind)
    for test in arguments.tests:
        a, b, shares, reads = [], [], [], []
        if test != "load":
            flash = max(("off", "on"), key=lambda flash: theirs(path, test, flash))
        for round in range(arguments.rounds):
            for mine in (True, False) if round % 2 == 0 else (False, True):
                if test == "load":
                    (a if mine else b).append(load(path, mine))
                elif mine:
                    result = ours(path, test)
                    a.append(result["avg_ts"])
                    if "share_of_read" in result:
                        shares.append(result["share_of_read"])
                        reads += result["samples_read_gb_per_s"]
                else:
                    b.append(theirs(path, test, flash))
        between = [x / y for x, y in zip(a, b)]
        ratio = ratios[kind, test] = statistics.median(a) / statistics.median(b)
        share = f"{100 * statistics.median(shares):.0f} % of {statistics.median(reads):.0f} GB/s" if shares else ""
        unit = "ms" if test == "load" else "tok/s"
        print(
            f"| {kind} | {names[test]} | {statistics.median(a):.1f} {unit} | {statistics.median(b):.1f} {unit} | "
            f"{ratio:.2f} ({min(between):.2f}–{max(between):.2f}) | {share} |",
            flush=True,
        )
        if test == "prefill":
            print(f"| {kind} | memory | {peak['ours']:.0f} MB | {peak['theirs']:.0f} MB | {peak['ours'] / peak['theirs']:.2f} | |")
if arguments.plot:
    plot(ratios)
