"""The trained checkpoint as a Qwen3 checkpoint, checked against transformers.

    python3 export.py --folder WORK --out DIRECTORY
"""

import argparse
import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import save_file

from evaluate import load
from template import render
from tokenizer import END, MARKUP, SPECIAL, STOP


def configuration(model, end: int, stop: int) -> dict:
    c = model.config
    return {
        "architectures": ["Qwen3ForCausalLM"],
        "attention_bias": False,
        "attention_dropout": 0.0,
        "bos_token_id": end,
        "eos_token_id": stop,
        "head_dim": c.head_dim,
        "hidden_act": "silu",
        "hidden_size": c.hidden,
        "initializer_range": 0.02,
        "intermediate_size": c.ff,
        "max_position_embeddings": c.positions,
        "max_window_layers": c.layers,
        "model_type": "qwen3",
        "num_attention_heads": c.heads,
        "num_hidden_layers": c.layers,
        "num_key_value_heads": c.kv_heads,
        "rms_norm_eps": c.norm_eps,
        "rope_scaling": None,
        "rope_theta": c.rope_theta,
        "sliding_window": None,
        "tie_word_embeddings": True,
        "torch_dtype": "bfloat16",
        "use_cache": True,
        "use_sliding_window": False,
        "vocab_size": c.vocabulary,
    }


def tokenizer_configuration(tokenizer, positions: int) -> dict:
    added = {
        str(tokenizer.token_to_id(token)): {
            "content": token, "lstrip": False, "normalized": False, "rstrip": False, "single_word": False,
            "special": token in SPECIAL,
        }
        for token in SPECIAL + MARKUP
    }  # fmt: skip
    return {
        "add_bos_token": False,
        "add_prefix_space": False,
        "added_tokens_decoder": added,
        "additional_special_tokens": SPECIAL[1:],
        "bos_token": None,
        "chat_template": (Path(__file__).parent / "chat_template.jinja").read_text(encoding="utf-8"),
        "clean_up_tokenization_spaces": False,
        "eos_token": STOP,
        "errors": "replace",
        "model_max_length": positions,
        "pad_token": END,
        "split_special_tokens": False,
        "tokenizer_class": "Qwen2Tokenizer",
        "unk_token": None,
    }


def write(path: Path, value: dict) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def export(folder: Path, out: Path) -> None:
    model, encoder, tokens = load(folder)
    out.mkdir(parents=True, exist_ok=True)
    write(out / "config.json", configuration(model, encoder.end, encoder.stop))
    write(out / "tokenizer_config.json", tokenizer_configuration(encoder.tokenizer, model.config.positions))
    write(out / "generation_config.json", {
        "bos_token_id": encoder.end, "do_sample": True, "eos_token_id": [encoder.stop, encoder.end],
        "pad_token_id": encoder.end, "temperature": 0.6, "top_k": 20, "top_p": 0.95,
    })  # fmt: skip
    shutil.copy(folder / "tokenizer.json", out / "tokenizer.json")
    weights = {name: w.bfloat16().contiguous() for name, w in model.state_dict().items()}
    save_file(weights, str(out / "model.safetensors"), metadata={"format": "pt"})
    print(f"{tokens} tokens, {(out / 'model.safetensors').stat().st_size} bytes")


def check(folder: Path, out: Path) -> None:
    """The same logits, ids and prompts as transformers gives from the exported files."""
    from transformers import AutoTokenizer, Qwen3ForCausalLM

    model, encoder, _ = load(folder)
    theirs = Qwen3ForCausalLM.from_pretrained(out, dtype=torch.float32).eval()
    their_tokenizer = AutoTokenizer.from_pretrained(out)
    messages = [{"role": "user", "content": "Start with 47, add 38, 乘以3。 Mia's naïve test…"}]
    for thinking in (None, True, False):
        text = render(messages, None, thinking)
        switch = {} if thinking is None else {"enable_thinking": thinking}
        their_text = their_tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True, **switch)
        assert text == their_text, (text, their_text)
        assert encoder.encode(text) == their_tokenizer(text, add_special_tokens=False).input_ids
    ids = torch.tensor([encoder.encode(render(messages))])
    size = ids.shape[1]
    causal = torch.zeros(1, 1, size, size).masked_fill_(torch.ones(size, size, dtype=torch.bool).triu(1), float("-inf"))
    with torch.no_grad():
        ours = model.logits(model.hidden(ids, torch.arange(size).unsqueeze(0), causal))
        gap = (ours - theirs(ids).logits).abs().max().item()
    assert gap < 1e-3, gap
    print(f"transformers agrees: logits within {gap:.1e}")


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--folder", required=True)
    arguments.add_argument("--out", required=True)
    arguments.add_argument("--check", action="store_true", help="needs transformers")
    options = arguments.parse_args()
    export(Path(options.folder), Path(options.out))
    if options.check:
        check(Path(options.folder), Path(options.out))
