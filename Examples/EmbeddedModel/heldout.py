"""The held-out items: fixed seeds of their own, and the keys that training leaves out.

`python3 heldout.py FILE [--count N]` (`-` for standard output) writes down the first N of each set, one JSON object a line: set,
steps, messages, tools, answer, match ("number": the last number in the answer counts; "exact": its text).
"""

import argparse
import json
import random
import sys

import tasks
from tasks import Item

PER_TASK = 500
STEPS = tuple(range(1, 11))
NUMERIC = ("running", "single", "product")  # tasks whose answers count by the last number in them


def running(steps: int, count: int = PER_TASK) -> list[Item]:
    rng = random.Random(9_000_000 + steps)
    return distinct(lambda: tasks.running(rng, steps), count)


def tools(kind: str, count: int = PER_TASK) -> list[Item]:
    rng = random.Random(f"held out {kind}")
    return distinct(lambda: tasks.tool_item(rng, *tasks.tool_set(rng), kind=kind), count)


def other(task: str, count: int = PER_TASK) -> list[Item]:
    rng = random.Random(f"held out {task}")
    make = {"single": tasks.single, "product": tasks.product, "json": tasks.extraction}[task]
    return distinct(lambda: make(rng), count)


def distinct(make, count: int) -> list[Item]:
    items = {}
    while len(items) < count:
        item = make()
        items.setdefault(item.key, item)
    return list(items.values())


def all_tasks(count: int = PER_TASK) -> dict[str, list[Item]]:
    """Every held-out set by its name."""
    sets = {f"running-{steps}": running(steps, count) for steps in STEPS}
    sets |= {"tool-call": tools("call", count), "tool-result": tools("result", count), "tool-absent": tools("absent", count)}
    return sets | {task: other(task, count) for task in ("json", "product", "single")}


def keys() -> set[tuple]:
    return {item.key for items in all_tasks().values() for item in items}


def write(path: str, count: int) -> None:
    out = sys.stdout if path == "-" else open(path, "w", encoding="utf-8")
    with out:
        for name, items in all_tasks(count).items():
            for item in items:
                match = "number" if item.task in NUMERIC else "exact"
                line = {"set": name, "steps": item.steps, "messages": item.messages, "tools": item.tools}
                line |= {"answer": item.answer, "match": match}
                out.write(json.dumps(line, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("file")
    arguments.add_argument("--count", type=int, default=PER_TASK)
    options = arguments.parse_args()
    write(options.file, options.count)
