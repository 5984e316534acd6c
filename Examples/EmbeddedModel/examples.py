"""Items to token ids: the four ways in which an item is shown, and rows of several items for training."""

import random
from dataclasses import dataclass

import torch
from tokenizers import Tokenizer

import tasks
from tasks import Item
from template import EARLY_STOP, render
from tokenizer import END, STOP

ROWS = (128, 192, 256, 640)
"""Row lengths: an example goes into the shortest that holds it, so that attention stays cheap."""


@dataclass
class Example:
    """A prefix that other examples may share, and the rest; `learn` is each token's weight in the loss, 0 in prompts."""

    prefix: list[int]
    ids: list[int]
    learn: list[float]


class Encoder:
    def __init__(self, tokenizer: Tokenizer):
        self.tokenizer = tokenizer
        self.early_stop = self.encode(EARLY_STOP)
        self.end, self.stop = tokenizer.token_to_id(END), tokenizer.token_to_id(STOP)

    def encode(self, text: str) -> list[int]:
        return self.tokenizer.encode(text, add_special_tokens=False).ids

    def prompt(self, item: Item, thinking: bool | None, switch: str = "") -> tuple[list[int], list[int]]:
        """The system turn, empty where there is none, and the rest of the prompt."""
        messages = item.messages
        if switch:
            last = max(index for index, message in enumerate(messages) if message["role"] == "user")
            asked = {"role": "user", "content": f"{messages[last]['content']} {switch}"}
            messages = messages[:last] + [asked] + messages[last + 1 :]
        text = render(messages, item.tools, thinking)
        split = text.index("<|im_start|>user")
        return (self.encode(text[:split]) if split else []), self.encode(text[split:])

    def trace(self, item: Item) -> list[int]:
        return self.encode(f"<think>\n{item.trace}\n</think>\n\n")

    def example(self, item: Item, mode: str, rng: random.Random) -> Example:
        """- `think`: trace and answer. `plain`: thinking is switched off in the prompt.
        - `cut`: the trace breaks off, Qwen's early-stop sentence follows, then the answer.
        - `switch`: `/no_think` in the user's message; the model writes the empty think block itself.
        """
        answer = self.encode(item.answer + STOP)
        if mode == "think":
            prefix, ids = self.prompt(item, None, "/think" if rng.random() < 0.03 else "")
            parts = [(ids, False), (self.trace(item) + answer, True)]
        elif mode == "plain":
            prefix, ids = self.prompt(item, False)
            parts = [(ids, False), (answer, True)]
        elif mode == "switch":
            prefix, ids = self.prompt(item, None, "/no_think")
            parts = [(ids, False), (self.encode("<think>\n\n</think>\n\n") + answer, True)]
        else:
            prefix, ids = self.prompt(item, None)
            trace = self.encode(f"<think>\n{item.trace}")
            cut = rng.randint(1, len(trace))
            parts = [(ids, False), (trace[:cut], True), (self.early_stop, False), (answer, True)]
        return Example(
            prefix,
            [token for part, _ in parts for token in part],
            weights(item, mode, [learned for part, learned in parts for _ in part]),
        )


def weights(item: Item, mode: str, learned: list[bool]) -> list[float]:
    """More for the few tokens that decide: whether a tool fits, and a short sum without thinking."""
    out = [float(flag) for flag in learned]
    direct = mode in ("plain", "switch") and (item.task == "single" or 0 < item.steps <= 2)
    if direct or item.task == "tool-absent":
        out = [3 * weight for weight in out]
    elif item.task == "tool":
        for index in [i for i, weight in enumerate(out) if weight][:4]:
            out[index] = 3.0
    return out


MODES = ("think", "plain", "cut", "switch")
FIRST = {
    # task: (weight, weights of the modes)
    "running": (0.52, (76, 9, 13, 2)),
    "single": (0.05, (60, 30, 5, 5)),
    "product": (0.08, (85, 5, 8, 2)),
    "json": (0.13, (40, 45, 8, 7)),
    "talk": (0.04, (45, 45, 5, 5)),
    "refusal": (0.04, (45, 45, 5, 5)),
    "tools": (0.09, (45, 42, 8, 5)),
}
"""The first mixture, by drawn groups: several requests under one list of tools count as one. Mostly arithmetic."""

SECOND = {
    "running": (0.50, (70, 15, 13, 2)),
    "single": (0.06, (45, 45, 5, 5)),
    "product": (0.05, (85, 5, 8, 2)),
    "json": (0.15, (40, 45, 8, 7)),
    "talk": (0.04, (45, 45, 5, 5)),
    "refusal": (0.05, (45, 45, 5, 5)),
    "repeat": (0.06, (30, 60, 5, 5)),
    "tools": (0.09, (45, 42, 8, 5)),
}
"""The second: once sums are learnt, more of what needs copying."""

TOOL_BRANCHES = 8


class Source:
    """Draws examples for training; never an item whose key is held out."""

    def __init__(self, encoder: Encoder, held_out: set[tuple], shares: dict):
        self.encoder, self.held_out, self.shares = encoder, held_out, shares

    def item(self, rng: random.Random, make) -> Item:
        while True:
            item = make()
            if item.key not in self.held_out:
                return item

    def steps(self, rng: random.Random, progress: float) -> int:
        """Operations of a running sum: short ones first, all lengths up to twelve later."""
        longest = min(12, 2 + int(progress * 60))
        return rng.randint(1, longest) if rng.random() < 0.75 else rng.randint(1, min(3, longest))

    def group(self, rng: random.Random, progress: float) -> list[Example]:
        """One example, or several under one list of tools."""
        names = list(self.shares)
        task = rng.choices(names, [self.shares[name][0] for name in names])[0]
        modes = self.shares[task][1]
        if task == "tools":
            setting = tasks.tool_set(rng)
            makes = [lambda: tasks.tool_item(rng, *setting)] * TOOL_BRANCHES
        else:
            make = {
                "running": lambda: tasks.running(rng, self.steps(rng, progress)),
                "single": lambda: tasks.single(rng),
                "product": lambda: tasks.product(rng),
                "json": lambda: tasks.extraction(rng),
                "talk": lambda: tasks.talk(rng),
                "repeat": lambda: tasks.repeat(rng),
                "refusal": lambda: tasks.refusal(rng),
            }[task]
            makes = [make]
        examples = []
        for make in makes:
            item = self.item(rng, make)
            mode = rng.choices(MODES, modes)[0]
            if item.steps > 3 and mode in ("plain", "switch") and rng.random() < 0.5:
                mode = "think"  # direct answers to long chains cannot be learnt: few are enough
            if task in ("running", "json") and rng.random() < 0.05:
                earlier = self.item(rng, lambda: tasks.talk(rng))
                item.messages = earlier.messages + [{"role": "assistant", "content": earlier.answer}] + item.messages
            examples.append(self.encoder.example(item, mode, rng))
        return examples

    def batch(self, rng: random.Random, tokens: int, progress: float) -> dict[int, list[list[list[Example]]]]:
        """Rows by length, filled with about `tokens` tokens in all. A row is a list of groups that share a prefix."""
        open_rows = {length: [] for length in ROWS}
        room = {length: [] for length in ROWS}
        drawn = 0
        while drawn < tokens:
            group = self.group(rng, progress)
            while group:
                used, taken = len(group[0].prefix), 0
                length = next((n for n in ROWS if used + sum(len(e.ids) for e in group) <= n), ROWS[-1])
                while taken < len(group) and used + len(group[taken].ids) <= length:
                    used, taken = used + len(group[taken].ids), taken + 1
                if taken == 0:  # longer than any row
                    group = group[1:]
                    continue
                for index in range(max(0, len(room[length]) - 8), len(room[length])):
                    if room[length][index] >= used:
                        open_rows[length][index].append(group[:taken])
                        room[length][index] -= used
                        break
                else:
                    open_rows[length].append([group[:taken]])
                    room[length].append(length - used)
                drawn += used
                group = group[taken:]
        return {length: rows for length, rows in open_rows.items() if rows}


def tensors(rows: list[list[list[Example]]], length: int, pad: int):
    """ids, positions, additive mask [rows, 1, length, length], targets and their weights (0 where nothing is learnt).

    A token sees the earlier tokens of its own example and of the prefix that the example shares.
    """
    count = len(rows)
    ids = torch.full((count, length), pad)
    targets = torch.zeros((count, length), dtype=torch.long)
    weights = torch.zeros((count, length))
    positions = torch.zeros((count, length), dtype=torch.long)
    owner = torch.full((count, length), -1)  # which group
    branch = torch.zeros((count, length), dtype=torch.long)  # 0 is the shared prefix
    for r, row in enumerate(rows):
        at = 0
        for g, group in enumerate(row):
            start = len(group[0].prefix)
            if start:
                ids[r, at : at + start] = torch.tensor(group[0].prefix)
                positions[r, at : at + start] = torch.arange(start)
                owner[r, at : at + start] = g
                at += start
            for b, example in enumerate(group, 1):
                size = len(example.ids)
                here = slice(at, at + size)
                ids[r, here] = torch.tensor(example.ids)
                positions[r, here] = torch.arange(start, start + size)
                owner[r, here], branch[r, here] = g, b
                targets[r, at : at + size - 1] = torch.tensor(example.ids[1:])
                weights[r, at : at + size - 1] = torch.tensor(example.learn[1:])
                at += size
    same = owner.unsqueeze(2) == owner.unsqueeze(1)
    seen = (branch.unsqueeze(2) == branch.unsqueeze(1)) | (branch == 0).unsqueeze(1)
    allowed = same & seen & torch.ones(length, length, dtype=torch.bool).tril()
    mask = torch.zeros(count, 1, length, length).masked_fill_(~allowed.unsqueeze(1), float("-inf"))
    return ids, positions, mask, targets, weights
