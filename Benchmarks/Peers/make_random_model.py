#!/usr/bin/env python3
"""Write a Qwen3 checkpoint of a published shape with random weights, as safetensors and, on request, as GGUF.

    python make_random_model.py 0.6B OUT_DIR [--gguf] [--layers N]

Needs: numpy, and PyPI's `gguf` for --gguf. Speed does not depend on the values, so random weights do for timing; they are
drawn so that activations stay finite. The GGUF file (OUT_DIR/model-BF16.gguf) holds the same BF16 matrices, with float32
norms as llama.cpp wants them, and no vocabulary: llama-bench needs none.

The mixture of experts is too large to be made whole in most memories: `30B-A3B --layers 2` has the work of its layers, with the
output layer of all 48.
"""
import argparse, json, pathlib
import numpy as np

#         hidden    ff  layers heads kv head_dim  tied
SHAPES = {
    "0.6B": (1024, 3072, 28, 16, 8, 128, True),
    "1.7B": (2048, 6144, 28, 16, 8, 128, True),
    "4B": (2560, 9728, 36, 32, 8, 128, True),
    "8B": (4096, 12288, 36, 32, 8, 128, False),
    "30B-A3B": (2048, 768, 48, 32, 4, 128, False),
}
#            experts, of which for a token
MIXTURES = {"30B-A3B": (128, 8)}
VOCABULARY = 151936

parser = argparse.ArgumentParser()
parser.add_argument("shape", choices=SHAPES)
parser.add_argument("out", type=pathlib.Path)
parser.add_argument("--gguf", action="store_true", help="write OUT_DIR/model-BF16.gguf too")
parser.add_argument("--layers", type=int, help="cut to this many layers")
parser.add_argument("--seed", type=int, default=1)
arguments = parser.parse_args()
hidden, ff, layers, heads, kv_heads, head_dim, tied = SHAPES[arguments.shape]
layers = arguments.layers or layers
experts, active = MIXTURES.get(arguments.shape, (0, 0))
arguments.out.mkdir(parents=True, exist_ok=True)
random = np.random.default_rng(arguments.seed)


def bf16(*shape, scale):
    """Random normals as BF16 bits (truncated: these are random numbers already)."""
    values = random.standard_normal(shape, dtype=np.float32) * np.float32(scale)
    return (values.view(np.uint32) >> 16).astype(np.uint16)


def ones(n):
    return np.full(n, 0x3F80, np.uint16)


def feed_forward(i):
    """(Hugging Face name, GGUF name, BF16 bits) of the matrices after a layer's attention; experts as a stack."""
    parts = (("gate_proj", "ffn_gate", ff, hidden), ("up_proj", "ffn_up", ff, hidden), ("down_proj", "ffn_down", hidden, ff))
    hf, gg = f"model.layers.{i}.mlp.", f"blk.{i}."
    if experts:
        yield hf + "gate.weight", gg + "ffn_gate_inp.weight", bf16(experts, hidden, scale=hidden**-0.5)
    for name, short, rows, columns in parts:
        if experts:
            stack = bf16(experts, rows, columns, scale=columns**-0.5)
            yield hf + "experts.{}." + name + ".weight", gg + short + "_exps.weight", stack
        else:
            yield hf + name + ".weight", gg + short + ".weight", bf16(rows, columns, scale=columns**-0.5)


def tensors():
    """(Hugging Face name, GGUF name, BF16 bits) of every tensor; of a stack of experts the first name has a gap."""
    yield "model.embed_tokens.weight", "token_embd.weight", bf16(VOCABULARY, hidden, scale=0.06)
    for i in range(layers):
        hf, gg = f"model.layers.{i}.", f"blk.{i}."
        for name, short, rows, columns in (
            ("self_attn.q_proj", "attn_q", heads * head_dim, hidden),
            ("self_attn.k_proj", "attn_k", kv_heads * head_dim, hidden),
            ("self_attn.v_proj", "attn_v", kv_heads * head_dim, hidden),
            ("self_attn.o_proj", "attn_output", hidden, heads * head_dim),
        ):
            yield hf + name + ".weight", gg + short + ".weight", bf16(rows, columns, scale=columns**-0.5)
        yield from feed_forward(i)
        for name, short, n in (
            ("input_layernorm", "attn_norm", hidden),
            ("post_attention_layernorm", "ffn_norm", hidden),
            ("self_attn.q_norm", "attn_q_norm", head_dim),
            ("self_attn.k_norm", "attn_k_norm", head_dim),
        ):
            yield hf + name + ".weight", gg + short + ".weight", ones(n)
    yield "model.norm.weight", "output_norm.weight", ones(hidden)
    if not tied:
        yield "lm_head.weight", "output.weight", bf16(VOCABULARY, hidden, scale=hidden**-0.5)


made = list(tensors())
header, offset = {}, 0
for name, _, bits in made:
    for index, part in enumerate(bits if bits.ndim == 3 else [bits]):
        header[name.format(index)] = {
            "dtype": "BF16",
            "shape": list(part.shape),
            "data_offsets": [offset, offset + part.nbytes],
        }
        offset += part.nbytes
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
with open(arguments.out / "model.safetensors", "wb") as file:
    file.write(len(text).to_bytes(8, "little") + text)
    for _, _, bits in made:
        bits.tofile(file)
config = {
    "architectures": ["Qwen3MoeForCausalLM" if experts else "Qwen3ForCausalLM"],
    "model_type": "qwen3_moe" if experts else "qwen3",
    "vocab_size": VOCABULARY,
    "hidden_size": hidden,
    "intermediate_size": ff,
    "num_hidden_layers": layers,
    "num_attention_heads": heads,
    "num_key_value_heads": kv_heads,
    "head_dim": head_dim,
    "hidden_act": "silu",
    "max_position_embeddings": 40960,
    "rms_norm_eps": 1e-6,
    "rope_theta": 1000000.0,
    "rope_scaling": None,
    "tie_word_embeddings": tied,
    "attention_bias": False,
    "use_sliding_window": False,
    "bos_token_id": 151643,
    "eos_token_id": 151645,
    "torch_dtype": "bfloat16",
}
if experts:
    config |= {
        "num_experts": experts,
        "num_experts_per_tok": active,
        "moe_intermediate_size": ff,
        "norm_topk_prob": True,
        "decoder_sparse_step": 1,
        "mlp_only_layers": [],
    }
(arguments.out / "config.json").write_text(json.dumps(config, indent=1))

if arguments.gguf:
    import gguf

    writer = gguf.GGUFWriter(str(arguments.out / "model-BF16.gguf"), "qwen3moe" if experts else "qwen3")
    writer.add_name(f"random {arguments.shape}")
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(hidden)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(ff)
    if experts:
        writer.add_expert_count(experts)
        writer.add_expert_used_count(active)
        writer.add_expert_feed_forward_length(ff)
    writer.add_head_count(heads)
    writer.add_head_count_kv(kv_heads)
    writer.add_key_length(head_dim)
    writer.add_value_length(head_dim)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_freq_base(1e6)
    writer.add_vocab_size(VOCABULARY)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_BF16)
    writer.add_tokenizer_model("no_vocab")
    for _, name, bits in made:
        if bits.ndim == 1 or "gate_inp" in name:  # floats in published files
            writer.add_tensor(name, (bits.astype(np.uint32) << 16).view(np.float32))
        else:
            bytes = bits.view(np.uint8).reshape(*bits.shape[:-1], -1)
            writer.add_tensor(name, bytes, raw_dtype=gguf.GGMLQuantizationType.BF16)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
print(f"wrote {arguments.out}: {offset / 1e9:.3f} GB of weights")
