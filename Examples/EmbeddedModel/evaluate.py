"""Accuracy on the held-out items, with Wilson intervals.

    python3 evaluate.py --folder WORK [--count 500] [--quick]
"""

import argparse
import json
import math
import re
import time
from pathlib import Path

import torch
from tokenizers import Tokenizer

import heldout
from examples import Encoder
from generate import answer_all
from model import Config, Qwen3
from tasks import Item

BUDGETS = (8, 16, 32, 64)


def wilson(right: int, count: int) -> tuple[float, float]:
    """The 95 % interval of a share."""
    z, share = 1.96, right / count
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return max(0.0, middle - half), min(1.0, middle + half)


def answer_text(encoder: Encoder, turn: list[int]) -> str:
    """What follows the thinking, without the end-of-turn token."""
    text = encoder.tokenizer.decode([token for token in turn if token != encoder.stop], skip_special_tokens=False)
    return text.split("</think>")[-1].strip("\n")


def right(item: Item, answer: str) -> bool:
    """Numbers by value, everything else exactly."""
    if item.task in heldout.NUMERIC:
        return re.findall(r"\d+", answer)[-1:] == re.findall(r"\d+", item.answer)
    return answer == item.answer


def load(folder: Path) -> tuple[Qwen3, Encoder, int]:
    content = torch.load(folder / "checkpoint.pt", map_location="cpu")
    model = Qwen3(Config(**content["config"]))
    # As exported: rounded to bfloat16, computed in float32.
    model.load_state_dict({name: w.bfloat16().float() for name, w in content["average"].items()})
    return model.eval(), Encoder(Tokenizer.from_file(str(folder / "tokenizer.json"))), content["tokens"]


def measure(model, encoder, items: list[Item], thinking: bool | None, budget=None, wrong_shown=0, batch=125, **sampling):
    """Right answers, mean tokens of a turn."""
    good = spent = 0
    for at in range(0, len(items), batch):
        part = items[at : at + batch]
        prompts = [sum(encoder.prompt(item, thinking), []) for item in part]
        turns = answer_all(model, encoder, prompts, budget, **sampling)
        for item, turn in zip(part, turns):
            answer = answer_text(encoder, turn)
            spent += len(turn)
            if right(item, answer):
                good += 1
            elif wrong_shown > 0:
                wrong_shown -= 1
                print("   wrong:", repr(item.messages[-1]["content"]), "→", repr(encoder.tokenizer.decode(turn, skip_special_tokens=False)),
                      "wanted", repr(item.answer), flush=True)  # fmt: skip
    return good, spent / len(items)


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--folder", required=True)
    arguments.add_argument("--count", type=int, default=heldout.PER_TASK)
    arguments.add_argument("--steps", type=int, nargs="*", default=list(heldout.STEPS))
    arguments.add_argument("--budgets", type=int, nargs="*", default=list(BUDGETS))
    arguments.add_argument("--only", default="", help="a regular expression on the names of the sets")
    arguments.add_argument("--temperature", type=float, default=0.0)
    arguments.add_argument("--wrong", type=int, default=0, help="wrong answers to show of each set")
    arguments.add_argument("--threads", type=int, default=1)
    options = arguments.parse_args()
    torch.set_num_threads(options.threads)
    folder = Path(options.folder)
    model, encoder, tokens = load(folder)
    print(f"{tokens} tokens trained, {sum(p.numel() for p in model.parameters())} parameters", flush=True)
    results = []

    def report(name: str, items: list[Item], mode: str, thinking, budget=None):
        label = f"{name} {mode}"
        if not re.search(options.only, label):
            return
        began = time.time()
        good, spent = measure(model, encoder, items, thinking, budget, options.wrong, temperature=options.temperature)
        low, high = wilson(good, len(items))
        results.append({"set": name, "mode": mode, "right": good, "count": len(items), "low": low, "high": high, "tokens": spent})
        print(f"{label:32} {good / len(items):6.1%}  [{low:.1%}, {high:.1%}]  {spent:5.1f} tokens  "
              f"{time.time() - began:.0f} s", flush=True)  # fmt: skip

    sets = heldout.all_tasks()
    for name, items in sets.items():
        items = items[: options.count]
        steps = items[0].steps
        if steps and steps not in options.steps:
            continue
        report(name, items, "thinking", None)
        report(name, items, "off", False)
        if steps:
            for budget in options.budgets:
                report(name, items, f"budget-{budget}", None, budget)
    (folder / "results.json").write_text(json.dumps({"tokens": tokens, "results": results}, indent=1))


if __name__ == "__main__":
    main()
