#!/usr/bin/env python3
"""Compare `qwen bench` with llama.cpp's `llama-bench` on the same weights, in turn: A B B A A B …

    python compare.py MODEL_DIR --qwen QWEN --peer LLAMA_BENCH [--threads 2] [--rounds 4] [-p 512] [-n 64] [-d 0 4096]

MODEL_DIR is what make_random_model.py --gguf writes. Prints, for each test, the medians, the ratio of the medians with the
range of the ratios of neighbouring runs, and for decoding the share of the memory's speed, measured before each run. The
peer runs with flash attention off and on, and the faster of the two counts.
"""
import argparse, json, pathlib, statistics, subprocess

parser = argparse.ArgumentParser()
parser.add_argument("model", type=pathlib.Path)
parser.add_argument("--qwen", required=True)
parser.add_argument("--peer", required=True)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--rounds", type=int, default=4)
parser.add_argument("-p", "--prompt", type=int, default=512)
parser.add_argument("-n", "--generate", type=int, default=64)
parser.add_argument("-d", "--depths", type=int, nargs="*", default=[0])
arguments = parser.parse_args()


def run(command):
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def ours(prompt, generate, depth):
    flags = ["-p", prompt, "-n", generate, "-d", depth, "-t", arguments.threads, "-r", 1, "--json"]
    (test,) = run([arguments.qwen, "bench", "--model", str(arguments.model), *map(str, flags)])
    return test


def theirs(prompt, generate, depth, flash):
    flags = ["-p", prompt, "-n", generate, "-d", depth, "-t", arguments.threads, "-r", 1, "-fa", flash, "-o", "json"]
    (test,) = run([arguments.peer, "-m", str(arguments.model / "model-BF16.gguf"), *map(str, flags)])
    return test


tests = [(arguments.prompt, 0, 0)] + [(0, arguments.generate, depth) for depth in arguments.depths]
print("| test | swift-qwen tok/s | llama.cpp tok/s | ratio | share of read speed |")
print("|---|---|---|---|---|")
for prompt, generate, depth in tests:
    flash = max((0, 1), key=lambda flash: theirs(prompt, generate, depth, flash)["avg_ts"])
    a, b, shares, reads = [], [], [], []
    for round in range(arguments.rounds):
        for mine in (True, False) if round % 2 == 0 else (False, True):
            if mine:
                test = ours(prompt, generate, depth)
                a.append(test["avg_ts"])
                if generate:
                    shares.append(test["share_of_read"])
                    reads += test["samples_read_gb_per_s"]
            else:
                b.append(theirs(prompt, generate, depth, flash)["avg_ts"])
    ratios = [x / y for x, y in zip(a, b)]
    name = f"prefill {prompt}" if prompt else f"decode {generate}" + (f" after {depth}" if depth else "")
    share = f"{100 * statistics.median(shares):.0f} % of {statistics.median(reads):.0f} GB/s" if shares else ""
    print(
        f"| {name} | {statistics.median(a):.1f} | {statistics.median(b):.1f} | "
        f"{statistics.median(a) / statistics.median(b):.2f} ({min(ratios):.2f}–{max(ratios):.2f}) | {share} |",
        flush=True,
    )
