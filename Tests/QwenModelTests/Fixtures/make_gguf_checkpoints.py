#!/usr/bin/env python3
"""Write tiny GGUF models whose tensors are of every type, with answers from transformers.

    python make_gguf_checkpoints.py [OUTPUT_FOLDER]

Needs torch, transformers, numpy, safetensors and gguf. Quantised tensors are random blocks: random bytes with scales that give
values of a sensible size. gguf-py says what their values are, and transformers what the model with these values answers, in
float32. golden.json is as make_quantized_checkpoints.py writes it.
"""
import json
import pathlib
import sys

import gguf
import numpy as np
import torch
from gguf.quants import dequantize
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    Qwen2MoeConfig,
    Qwen2MoeForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
    Qwen3MoeConfig,
    Qwen3MoeForCausalLM,
)

from make_quantized_checkpoints import fill, fnv1a
from make_tiny_checkpoints import BASE, DEFAULT_ROPE, SMALLEST_MARGIN, answer, draw, stored_weights

SEED = 20251124
# Where the scale lies in a block, where the minimum, and how many scales the minimum is for values around zero.
SCALES = dict(
    Q8_0=(0, None, 0), Q4_0=(0, None, 0), Q4_1=(0, 2, -7.5), Q5_0=(0, None, 0), Q5_1=(0, 2, -15.5), Q2_K=(80, 82, 1.5),
    Q3_K=(108, None, 0), Q4_K=(0, 2, 7.5), Q5_K=(0, 2, 15.5), Q6_K=(208, None, 0), IQ4_NL=(0, None, 0), IQ4_XS=(0, None, 0),
    IQ2_XXS=(0, None, 0), IQ2_XS=(0, None, 0), IQ2_S=(0, None, 0), IQ3_XXS=(0, None, 0), IQ3_S=(0, None, 0),
    IQ1_S=(0, None, 0), TQ1_0=(52, None, 0), TQ2_0=(64, None, 0),
)  # fmt: skip
LAYER = dict(
    input_layernorm="attn_norm", post_attention_layernorm="ffn_norm",
    **{f"self_attn.{k}_proj": f"attn_{v}" for k, v in dict(q="q", k="k", v="v", o="output").items()},
    **{f"self_attn.{k}_norm": f"attn_{k}_norm" for k in "qk"},
    **{f"mlp.{k}_proj": f"ffn_{k}" for k in ("gate", "up", "down")},
    **{"mlp.gate": "ffn_gate_inp", "mlp.shared_expert_gate": "ffn_gate_inp_shexp"},
    **{f"mlp.shared_expert.{k}_proj": f"ffn_{k}_shexp" for k in ("gate", "up", "down")},
)  # fmt: skip

MODELS = {
    "qwen3-all-types": (
        "qwen3", Qwen3Config, Qwen3ForCausalLM,
        dict(hidden_size=256, head_dim=64, intermediate_size=256, tie_word_embeddings=False, vocab_size=64),
        "Q4_K Q8_0 Q4_0 Q4_1 Q5_0 Q5_1 Q2_K Q3_K Q6_K Q5_K IQ4_NL IQ4_XS MXFP4 IQ2_XXS IQ3_S BF16".split(),
    ),
    "qwen3moe": (
        "qwen3moe", Qwen3MoeConfig, Qwen3MoeForCausalLM,
        dict(hidden_size=256, head_dim=64, num_hidden_layers=1, num_experts=4, num_experts_per_tok=2, tie_word_embeddings=True,
             moe_intermediate_size=256, norm_topk_prob=True, vocab_size=64, intermediate_size=256),
        "IQ3_XXS IQ2_XS IQ2_S IQ1_S IQ1_M Q4_K Q6_K F16".split(),
    ),
    "llama": (
        "llama", LlamaConfig, LlamaForCausalLM,
        dict(hidden_size=256, num_attention_heads=4, intermediate_size=256, num_hidden_layers=1, tie_word_embeddings=True,
             vocab_size=64),
        "Q8_0 Q5_1 TQ2_0 F32 TQ1_0 Q4_1 Q6_K Q5_0".split(),
    ),
    "qwen2moe": (
        "qwen2moe", Qwen2MoeConfig, Qwen2MoeForCausalLM,
        dict(hidden_size=64, num_attention_heads=4, num_hidden_layers=1, num_experts=4, num_experts_per_tok=2,
             tie_word_embeddings=False, moe_intermediate_size=32, shared_expert_intermediate_size=64, norm_topk_prob=False,
             vocab_size=64, intermediate_size=128),
        "Q8_0 Q4_0 Q5_0 Q4_1 Q8_0 Q5_1 IQ4_NL Q8_0 F16 Q4_0 Q8_0 Q5_0".split(),
    ),
}  # fmt: skip


def random_blocks(kind, shape, generator):
    """Bytes [rows, bytes of a row] and their values."""
    if kind in ("F32", "F16", "BF16"):
        values = torch.from_numpy(generator.normal(0, 0.06, shape).astype(np.float32))
        dtype = dict(F32=torch.float32, F16=torch.float16, BF16=torch.bfloat16)[kind]
        stored = values.to(dtype)
        return stored.view(torch.uint8).numpy().reshape(shape[0], -1), stored.float().numpy()
    number = gguf.GGMLQuantizationType[kind]
    elements, size = gguf.GGML_QUANT_SIZES[number]
    blocks = generator.integers(0, 256, (int(np.prod(shape)) // elements, size), dtype=np.uint8)
    if kind == "MXFP4":
        blocks[:, 0] = generator.integers(118, 122, len(blocks))
    elif kind == "IQ1_M":
        for place, nibble in zip((49, 51, 53, 55), np.array([0x1400]).view(np.uint8)[[0, 0, 1, 1]] >> np.array([0, 4, 0, 4])):
            blocks[:, place] = blocks[:, place] & 15 | (nibble & 15) << 4
    else:
        scale, minimum, ratio = SCALES[kind]
        for unit in (1.0, None):
            if unit is None:
                unit = 0.06 / dequantize(blocks, number).std()
                units = unit * generator.uniform(0.8, 1.25, len(blocks))
            else:
                units = np.full(len(blocks), unit)
            blocks[:, scale:scale + 2] = units.astype("<f2").view(np.uint8).reshape(-1, 2)
            if minimum is not None:
                blocks[:, minimum:minimum + 2] = (ratio * units).astype("<f2").view(np.uint8).reshape(-1, 2)
    return blocks.reshape(shape[0], -1), dequantize(blocks, number).astype(np.float32).reshape(shape)


def permuted(rows, heads):
    """The order in which files of Llama have the rows of q and k, as llama.cpp's converter writes them."""
    return rows.reshape(heads, 2, rows.shape[0] // heads // 2, -1).swapaxes(1, 2).reshape(rows.shape)


def main(output):
    for number, (name, (architecture, configuration_class, model_class, shape, kinds)) in enumerate(MODELS.items()):
        generator = np.random.default_rng(SEED + number)
        torch_generator = torch.Generator().manual_seed(SEED + number)
        base = {k: v for k, v in BASE.items() if k != "use_sliding_window"} if architecture == "llama" else BASE
        configuration = configuration_class(**(base | shape), rope_parameters=dict(DEFAULT_ROPE))
        configuration._attn_implementation = "eager"
        model = model_class(configuration).eval().float()
        with torch.no_grad():
            for parameter_name, parameter in model.named_parameters():
                parameter.copy_(draw(parameter_name, parameter.shape, torch_generator))

        folder = output / name
        folder.mkdir(parents=True, exist_ok=True)
        writer = gguf.GGUFWriter(str(folder / "model.gguf"), architecture)
        heads = configuration.num_attention_heads
        head = getattr(configuration, "head_dim", None) or configuration.hidden_size // heads
        writer.add_context_length(configuration.max_position_embeddings)
        writer.add_embedding_length(configuration.hidden_size)
        writer.add_block_count(configuration.num_hidden_layers)
        writer.add_feed_forward_length(configuration.intermediate_size)
        writer.add_head_count(heads)
        writer.add_head_count_kv(configuration.num_key_value_heads)
        writer.add_layer_norm_rms_eps(configuration.rms_norm_eps)
        writer.add_rope_freq_base(1e6)
        writer.add_eos_token_id(2)
        if architecture == "llama":
            writer.add_rope_dimension_count(head)
        else:
            writer.add_key_length(head)
            writer.add_value_length(head)
        if architecture == "qwen2moe":
            writer.add_expert_shared_feed_forward_length(configuration.shared_expert_intermediate_size)
        if architecture in ("qwen2moe", "qwen3moe"):
            writer.add_expert_count(configuration.num_experts)
            writer.add_expert_used_count(configuration.num_experts_per_tok)
            writer.add_expert_feed_forward_length(configuration.moe_intermediate_size)
        writer.add_tokenizer_model("no_vocab")

        values, digests, stacks, kinds = {}, {}, {}, list(kinds)
        for tensor_name, tensor in stored_weights(model, torch.float32).items():
            if tensor_name == "lm_head.weight" and configuration.tie_word_embeddings:
                continue
            parts = tensor_name.split(".")
            if tensor.ndim == 1 or tensor_name.endswith("mlp.gate.weight"):
                raw, kind, value = tensor.numpy(), "F32", tensor.numpy()
            elif tensor_name.endswith("mlp.shared_expert_gate.weight"):
                # llama.cpp's converter drops the dimension of 1.
                raw, kind, value = tensor.numpy()[0], "F32", tensor.numpy()
            elif "experts" in parts:
                stack = (parts[2], parts[6].removesuffix("_proj"))
                kind = stacks[stack][0] if stack in stacks else kinds.pop(0)
                raw, value = random_blocks(kind, tensor.shape, generator)
                stacks.setdefault(stack, (kind, []))[1].append(raw)
            else:
                kind = kinds.pop(0)
                raw, value = random_blocks(kind, tensor.shape, generator)
            values[tensor_name] = torch.from_numpy(value.copy())
            if tensor.ndim == 2:
                digests[tensor_name] = dict(shape=list(value.shape), first=value.ravel()[:8].tolist(), fnv1a=fnv1a(value))
            if "experts" in parts:
                continue
            if parts[-2] in ("q_proj", "k_proj") and architecture == "llama":
                raw = permuted(raw, heads if parts[-2] == "q_proj" else configuration.num_key_value_heads)
            gguf_name = {
                "model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight",
                "lm_head.weight": "output.weight",
            }.get(tensor_name) or f"blk.{parts[2]}.{LAYER['.'.join(parts[3:-1])]}.{parts[-1]}"  # fmt: skip
            number_of_kind = gguf.GGMLQuantizationType[kind]
            if tensor.ndim == 1 or kind == "F32":
                writer.add_tensor(gguf_name, np.ascontiguousarray(raw).view("<f4"))
            else:
                writer.add_tensor(gguf_name, np.ascontiguousarray(raw), raw_dtype=number_of_kind)
        for (layer, projection), (kind, raws) in stacks.items():
            writer.add_tensor(
                f"blk.{layer}.ffn_{projection}_exps.weight", np.stack(raws), raw_dtype=gguf.GGMLQuantizationType[kind]
            )
        assert not kinds, kinds
        fill(model, values)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()

        cases = []
        for length in (1, 5, 40):
            while True:
                ids = torch.randint(3, configuration.vocab_size, (1, length), generator=torch_generator)
                case = answer(model, ids)
                if case["min_margin"] >= SMALLEST_MARGIN:
                    break
            cases.append(case)
        golden = dict(made_with="gguf-py; transformers, float32, eager attention", weights=digests, cases=cases)
        (folder / "golden.json").write_text(json.dumps(golden))
        size = sum(file.stat().st_size for file in folder.iterdir())
        print(f"{name}: {size:,} bytes, smallest margin {min(case['min_margin'] for case in cases):.4f}")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "GGUF"))
