#!/usr/bin/env python3
"""Write tiny random checkpoints with the answers that Hugging Face transformers gives for them.

    python make_tiny_checkpoints.py [OUTPUT_FOLDER]

Needs torch, transformers and safetensors. The weights are drawn in float32 and rounded to the stored type; the answers are
computed in float32 from the stored values, so that an exact implementation differs by the order of its sums alone.

Each folder holds config.json, the weights, and golden.json:
    cases[i].input_ids      the prompt
    cases[i].logits_last    every logit at the prompt's last position
    cases[i].logits_rows    {position: the first 16 logits} for some more positions
    cases[i].greedy         the ids that greedy decoding appends
    cases[i].nll            the mean negative log-likelihood of input_ids[1:], in nats; null for one id
    cases[i].min_margin     the smallest gap between the best and the second logit on the greedy path
"""
import json
import pathlib
import sys

import torch
from safetensors.torch import save_file
from transformers import (
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen2MoeConfig,
    Qwen2MoeForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
    Qwen3MoeConfig,
    Qwen3MoeForCausalLM,
)

SEED = 20250429
GREEDY_TOKENS = 16
# A prompt whose greedy path has two logits closer than this is drawn anew: the order of sums could decide it.
SMALLEST_MARGIN = 0.01

BASE = dict(
    vocab_size=128,
    hidden_size=32,
    intermediate_size=64,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
    max_position_embeddings=512,
    rms_norm_eps=1e-6,
    bos_token_id=1,
    eos_token_id=2,
    attention_dropout=0.0,
    use_sliding_window=False,
)
DEFAULT_ROPE = dict(rope_type="default", rope_theta=1e6)
YARN = dict(rope_type="yarn", rope_theta=1e6, factor=4.0, original_max_position_embeddings=16)

# name: (configuration class, model class, changes to BASE, rotary parameters, stored type, files, prompt lengths)
CHECKPOINTS = {
    "qwen3-tied-bf16": (
        Qwen3Config,
        Qwen3ForCausalLM,
        dict(head_dim=16, tie_word_embeddings=True),
        DEFAULT_ROPE,
        torch.bfloat16,
        1,
        (1, 5, 40),
    ),
    "qwen3-untied-f16-sharded": (
        Qwen3Config,
        Qwen3ForCausalLM,
        dict(head_dim=16, tie_word_embeddings=False, num_key_value_heads=4, intermediate_size=48),
        DEFAULT_ROPE,
        torch.float16,
        2,
        (1, 5, 40),
    ),
    "qwen3-yarn-f32": (
        Qwen3Config,
        Qwen3ForCausalLM,
        dict(head_dim=16, tie_word_embeddings=True, intermediate_size=40, max_position_embeddings=64),
        YARN,
        torch.float32,
        1,
        (1, 7, 48),
    ),
    "qwen3-moe-bf16": (
        Qwen3MoeConfig,
        Qwen3MoeForCausalLM,
        dict(
            head_dim=16,
            tie_word_embeddings=False,
            num_experts=8,
            num_experts_per_tok=3,
            moe_intermediate_size=16,
            norm_topk_prob=True,
        ),
        DEFAULT_ROPE,
        torch.bfloat16,
        1,
        (1, 5, 40),
    ),
    "qwen3-moe-mixed-f32": (
        Qwen3MoeConfig,
        Qwen3MoeForCausalLM,
        dict(
            head_dim=8,
            tie_word_embeddings=True,
            num_hidden_layers=3,
            intermediate_size=24,
            num_experts=4,
            num_experts_per_tok=2,
            moe_intermediate_size=12,
            norm_topk_prob=False,
            mlp_only_layers=[1],
        ),
        DEFAULT_ROPE,
        torch.float32,
        1,
        (1, 5, 40),
    ),
    "qwen2-bias-bf16": (
        Qwen2Config,
        Qwen2ForCausalLM,
        dict(tie_word_embeddings=True),
        DEFAULT_ROPE,
        torch.bfloat16,
        1,
        (1, 5, 40),
    ),
    "qwen2-moe-bf16": (
        Qwen2MoeConfig,
        Qwen2MoeForCausalLM,
        dict(
            tie_word_embeddings=False,
            num_experts=8,
            num_experts_per_tok=3,
            moe_intermediate_size=16,
            shared_expert_intermediate_size=24,
            norm_topk_prob=False,
        ),
        DEFAULT_ROPE,
        torch.bfloat16,
        1,
        (1, 5, 40),
    ),
}


def draw(name, shape, generator):
    """Weights large enough that every layer matters to the answer."""
    noise = torch.randn(shape, generator=generator)
    if name.endswith("norm.weight"):
        return 1 + 0.2 * noise
    if name.endswith("bias"):
        return 0.3 * noise
    if "embed_tokens" in name:
        return 0.06 * noise
    return 1.3 / shape[-1] ** 0.5 * noise


def stored_weights(model, dtype):
    """The weights by the names that checkpoints on the Hub use."""
    weights = {name: tensor.detach().to(dtype).contiguous() for name, tensor in model.state_dict().items()}
    if model.config.tie_word_embeddings:
        del weights["lm_head.weight"]
    # transformers 5 holds the experts of a layer in one tensor; checkpoints have one per expert and projection.
    for name in [name for name in weights if name.endswith("mlp.experts.gate_up_proj")]:
        prefix = name.removesuffix("gate_up_proj")
        for expert, both in enumerate(weights.pop(name)):
            gate, up = both.chunk(2, dim=0)
            weights[f"{prefix}{expert}.gate_proj.weight"] = gate.contiguous()
            weights[f"{prefix}{expert}.up_proj.weight"] = up.contiguous()
        for expert, down in enumerate(weights.pop(prefix + "down_proj")):
            weights[f"{prefix}{expert}.down_proj.weight"] = down.contiguous()
    return weights


def save_weights(weights, folder, files):
    if files == 1:
        save_file(weights, folder / "model.safetensors", metadata=dict(format="pt"))
        return
    weight_map = {}
    for number in range(files):
        file = f"model-{number + 1:05d}-of-{files:05d}.safetensors"
        part = {name: weights[name] for name in sorted(weights)[number::files]}
        save_file(part, folder / file, metadata=dict(format="pt"))
        weight_map |= dict.fromkeys(part, file)
    total = sum(tensor.numel() * tensor.element_size() for tensor in weights.values())
    index = dict(metadata=dict(total_size=total), weight_map=weight_map)
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=1))


def save_configuration(configuration, folder, dtype):
    """In the layout of published checkpoints, but for one that keeps the layout of transformers 5."""
    values = configuration.to_dict()
    for key in ("transformers_version", "_name_or_path", "id2label", "label2id", "problem_type", "return_dict",
                "output_hidden_states", "output_attentions", "chunk_size_feed_forward", "is_encoder_decoder"):
        values.pop(key, None)
    values["dtype"] = str(dtype).removeprefix("torch.")
    if folder.name != "qwen3-moe-mixed-f32":
        values["torch_dtype"] = values.pop("dtype")
        values.pop("layer_types", None)
        rope = values.pop("rope_parameters")
        values["rope_theta"] = rope.pop("rope_theta")
        values["rope_scaling"] = rope if rope["rope_type"] != "default" else None
        if "num_local_experts" in values:
            values["num_experts"] = values.pop("num_local_experts")
    (folder / "config.json").write_text(json.dumps(values, indent=1))


def rounded(row):
    return [round(value, 5) for value in row.tolist()]


def answer(model, ids):
    """One case of golden.json for a prompt of shape [1, length]."""
    with torch.no_grad():
        logits = model(ids).logits[0].float()
        length = ids.shape[1]
        nll = torch.nn.functional.cross_entropy(logits[:-1], ids[0, 1:]).item() if length > 1 else None
        text, greedy, margin = ids, [], float("inf")
        for _ in range(GREEDY_TOKENS):
            best = model(text).logits[0, -1].float().topk(2)
            margin = min(margin, (best.values[0] - best.values[1]).item())
            greedy.append(best.indices[0].item())
            text = torch.cat([text, best.indices[:1].view(1, 1)], dim=1)
    rows = sorted({0, length // 3, length // 2, length - 1})
    return dict(
        input_ids=ids[0].tolist(),
        logits_last=rounded(logits[-1]),
        logits_rows={str(row): rounded(logits[row, :16]) for row in rows},
        greedy=greedy,
        nll=nll,
        min_margin=margin,
    )


def main(output):
    for number, (name, entry) in enumerate(CHECKPOINTS.items()):
        configuration_class, model_class, changes, rope, dtype, files, lengths = entry
        generator = torch.Generator().manual_seed(SEED + number)
        folder = output / name
        folder.mkdir(parents=True, exist_ok=True)
        configuration = configuration_class(**(BASE | changes), rope_parameters=dict(rope))
        configuration.architectures = [model_class.__name__]
        configuration._attn_implementation = "eager"
        model = model_class(configuration).eval().float()
        with torch.no_grad():
            for parameter_name, parameter in model.named_parameters():
                parameter.copy_(draw(parameter_name, parameter.shape, generator).to(dtype).float())

        save_weights(stored_weights(model, dtype), folder, files)
        save_configuration(configuration, folder, dtype)
        cases = []
        for length in lengths:
            while True:
                case = answer(model, torch.randint(3, configuration.vocab_size, (1, length), generator=generator))
                if case["min_margin"] >= SMALLEST_MARGIN:
                    break
            cases.append(case)
        golden = dict(made_with="transformers, float32, eager attention", cases=cases)
        (folder / "golden.json").write_text(json.dumps(golden))
        size = sum(file.stat().st_size for file in folder.iterdir())
        print(f"{name}: {size:,} bytes, smallest margin {min(case['min_margin'] for case in cases):.4f}")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent))
