#!/usr/bin/env python3
"""Compare `qwen chat` with guesses and without, in turn, on a text that repeats and on one that does not.

    python compare_speculation.py MODEL --qwen QWEN [--draft DRAFT] [--rounds 4] [--tokens 200]

Prints, for each text, the median speed of decoding with and without, their ratio with the range over neighbouring runs, and how
many guesses came true. The answers must be the same.
"""
import argparse, json, statistics, subprocess

parser = argparse.ArgumentParser()
parser.add_argument("model")
parser.add_argument("--qwen", required=True)
parser.add_argument("--draft")
parser.add_argument("--rounds", type=int, default=4)
parser.add_argument("--tokens", type=int, default=200)
parser.add_argument("--threads", type=int, default=2)
arguments = parser.parse_args()

LIST = "".join(f"{name} has {count} apples and lives in {town}.\n" for name, count, town in (
    ("Ada", 17, "Turin"), ("Ben", 4, "Porto"), ("Cleo", 23, "Graz"), ("Dan", 8, "Ghent"), ("Eve", 31, "Malmo"),
    ("Finn", 12, "Brno"), ("Gus", 9, "Lyon"), ("Hana", 27, "Split"), ("Ida", 5, "Bergen"), ("Jan", 19, "Gdansk")))
TEXTS = {
    "repeats": (f"Copy this text word for word:\n\n{LIST}", ["--temperature", "0"]),
    "does not repeat": ("Tell a long story about a lighthouse keeper.", ["--temperature", "0.9", "--seed", "5"]),
}


def run(text, flags, speculation):
    command = [arguments.qwen, "chat", "--model", arguments.model, "--json", "--speculation", speculation]
    command += ["--max-tokens", str(arguments.tokens), "--threads", str(arguments.threads), *flags]
    if arguments.draft and speculation != "off":
        command += ["--draft", arguments.draft]
    return json.loads(subprocess.run([*command, text], check=True, capture_output=True, text=True).stdout)


for name, (text, flags) in TEXTS.items():
    speeds = {"auto": [], "off": []}
    for round in range(arguments.rounds):
        for which in ("auto", "off") if round % 2 == 0 else ("off", "auto"):
            reply = run(text, flags, which)
            speeds[which].append(reply["usage"]["tokens_per_second"])
            if which == "auto":
                guessed = reply
            else:
                plain = reply
        if guessed["text"] != plain["text"]:
            raise SystemExit(f"{name}: the answers differ")
    ratios = [a / b for a, b in zip(speeds["auto"], speeds["off"])]
    auto, off = statistics.median(speeds["auto"]), statistics.median(speeds["off"])
    usage = guessed["usage"]
    print(
        f"{name}: {auto:.1f} tok/s with guesses, {off:.1f} without: {auto / off:.3f} "
        f"({min(ratios):.3f} to {max(ratios):.3f}); {usage['accepted_tokens']} of {usage['proposed_tokens']} guesses came"
    )
