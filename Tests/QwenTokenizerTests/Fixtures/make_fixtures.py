#!/usr/bin/env python3
"""Write the tokenizer fixtures with Hugging Face `tokenizers`.

    pip install tokenizers
    python make_fixtures.py path/to/oracle/data

qwen_cases.jsonl: every tenth case of the oracle's tokenizer_cases.jsonl, all of its hand-made ones, and what NFC makes of
each text. small_tokenizer.json: a vocabulary of 600 entries trained on the oracle's texts, with added tokens of every
kind; small_cases.jsonl: texts with the ids that it gives.
"""

import json
import pathlib
import random
import sys

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

ORACLE, HERE = pathlib.Path(sys.argv[1]), pathlib.Path(__file__).parent
NFC = normalizers.NFC()


def write(name, rows):
    lines = "".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows)
    (HERE / name).write_text(lines)
    print(name, len(rows), "rows,", len(lines), "bytes")


cases = [json.loads(line) for line in (ORACLE / "tokenizer_cases.jsonl").open()]
chosen = cases[:45] + cases[45::11]
write("qwen_cases.jsonl", [case | {"nfc": NFC.normalize_str(case["text"])} for case in chosen])

pattern = json.loads((ORACLE / "tokenizer.json").read_text())["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"]
small = Tokenizer(models.BPE())
small.normalizer = NFC
small.pre_tokenizer = pre_tokenizers.Sequence(
    [
        pre_tokenizers.Split(Regex(pattern), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ]
)
small.decoder = decoders.ByteLevel()
trainer = trainers.BpeTrainer(
    vocab_size=600,
    special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
    initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    show_progress=False,
)
small.train_from_iterator((case["text"] for case in cases), trainer)
small.add_tokens(
    [
        AddedToken("<think>", normalized=False),
        AddedToken("</think>", normalized=False),
        AddedToken("<think>…", normalized=False),
        AddedToken("\u00e9>", normalized=True),
        AddedToken("one two", normalized=True),
    ]
)
small.save(str(HERE / "small_tokenizer.json"), pretty=False)

rng = random.Random(1)
pieces = ["<think>", "</think>", "<think>…", "é>", "e\u0301>", "one two", ">\u0338", "\u0338", "<|im_end|>", "<|im_", " ", "\n"]
rows = []
for case in rng.sample(cases, 120):
    text = case["text"]
    for _ in range(rng.randint(0, 3)):
        at = rng.randint(0, len(text))
        text = text[:at] + rng.choice(pieces) + text[at:]
    rows.append({"text": text, "ids": small.encode(text, add_special_tokens=False).ids})
write("small_cases.jsonl", rows)
