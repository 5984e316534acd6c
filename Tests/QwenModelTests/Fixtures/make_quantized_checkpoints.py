#!/usr/bin/env python3
"""Write tiny checkpoints in the quantised layouts that safetensors files come in, with answers from transformers.

    python make_quantized_checkpoints.py [OUTPUT_FOLDER]

Needs torch, transformers, numpy and safetensors. Each layout is packed here from its definition; the answers are those of the
dequantised model in float32. Beside what make_tiny_checkpoints.py writes, golden.json holds

    weights[name].shape     the dequantised matrix' shape, [outputs, inputs]
    weights[name].first     its first eight values
    weights[name].fnv1a     FNV-1a (64 bits) over all its values' float32 bytes, little-endian, row by row

by the names that the matrices have in an unquantised checkpoint.
"""
import json
import pathlib
import sys

import numpy as np
import torch
from safetensors.torch import save_file
from transformers import Qwen3Config, Qwen3ForCausalLM, Qwen3MoeConfig, Qwen3MoeForCausalLM

from make_tiny_checkpoints import BASE, DEFAULT_ROPE, SMALLEST_MARGIN, answer, draw, save_configuration, stored_weights

SEED = 20250721


def fnv1a(values):
    """Of the bytes of a float32 array."""
    digest = 0xCBF29CE484222325
    for byte in np.ascontiguousarray(values, dtype="<f4").tobytes():
        digest = ((digest ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return f"{digest:016x}"


def int32(values):
    return torch.from_numpy(np.ascontiguousarray(values.astype(np.uint32)).view(np.int32).copy())


def words_along_last(integers, bits):
    """Packs along the last axis, the first integer in the lowest bits; 32 must be a multiple of bits."""
    per_word = 32 // bits
    grouped = integers.astype(np.uint64).reshape(*integers.shape[:-1], -1, per_word)
    return (grouped << (np.arange(per_word, dtype=np.uint64) * bits)).sum(axis=-1)


def stream_along_last(integers, bits):
    """Packs along the last axis into one stream of bits, the lowest first: words of 32 bits (3, 5 and 6 bits straddle)."""
    places = (integers.astype(np.uint64)[..., None] >> np.arange(bits, dtype=np.uint64)) & 1
    stream = places.reshape(*integers.shape[:-1], -1, 32)
    return (stream << np.arange(32, dtype=np.uint64)).sum(axis=-1)


def group_scales(weights, group, bits, symmetric, dtype):
    """Scale and zero point of each group of inputs: arrays of [outputs, groups]; the scale as it is stored."""
    grouped = weights.reshape(weights.shape[0], -1, group)
    top = 2**bits - 1
    if symmetric:
        scale = np.abs(grouped).max(axis=-1) * 2 / top
        zero = np.full(scale.shape, 2 ** (bits - 1))
    else:
        low, high = np.minimum(grouped.min(axis=-1), 0), np.maximum(grouped.max(axis=-1), 0)
        scale = (high - low) / top
        zero = np.clip(np.round(-low / scale), 0, top).astype(np.int64)
    stored = torch.from_numpy(scale).to(dtype)
    return stored, stored.float().numpy(), zero.astype(np.int64)


def to_integers(weights, scale, zero, bits):
    return np.clip(np.round(weights / scale) + zero, 0, 2**bits - 1).astype(np.int64)


def gptq(weights, generator, bits, group, v2=False, desc_act=False, symmetric=False):
    outputs, inputs = weights.shape
    group_of = np.arange(inputs) // group
    order = np.arange(inputs)
    if desc_act:
        order = torch.randperm(inputs, generator=generator).numpy()
        # Column order[i] is the i-th to be quantised and belongs to group i // group.
        group_of = np.empty(inputs, dtype=np.int64)
        group_of[order] = np.arange(inputs) // group
    stored, scale, zero = group_scales(weights[:, order], group, bits, symmetric, torch.float16)
    # Version 1 stores the zero point less one, and wraps.
    if not v2:
        zero = np.maximum(zero, 1)
    integers = to_integers(weights, scale[:, group_of], zero[:, group_of], bits)
    values = scale[:, group_of] * (integers - zero[:, group_of]).astype(np.float32)
    tensors = {
        "qweight": int32(words_along_last(integers, bits).T),
        "qzeros": int32(words_along_last((zero if v2 else zero - 1).T, bits)),
        "scales": stored.T.contiguous(),
        "g_idx": torch.from_numpy(group_of.astype(np.int32)),
    }
    return values, tensors


AWQ_ORDER = [0, 2, 4, 6, 1, 3, 5, 7]


def awq(weights, generator, group):
    stored, scale, zero = group_scales(weights, group, 4, False, torch.float16)
    wide_scale, wide_zero = np.repeat(scale, group, axis=1), np.repeat(zero, group, axis=1)
    integers = to_integers(weights, wide_scale, wide_zero, 4)
    values = (integers - wide_zero).astype(np.float32) * wide_scale

    def packed(columns):
        # columns: [rows, outputs]; nibble i of a word holds its column AWQ_ORDER[i].
        shuffled = columns.reshape(columns.shape[0], -1, 8)[:, :, AWQ_ORDER].reshape(columns.shape)
        return int32(words_along_last(shuffled, 4))

    return values, {"qweight": packed(integers.T), "qzeros": packed(zero.T), "scales": stored.T.contiguous()}


def fp8(weights, generator, scale_type=torch.float32, block=128):
    outputs, inputs = weights.shape
    rows, columns = -(-outputs // block), -(-inputs // block)
    scales = np.empty((rows, columns), dtype=np.float32)
    for row in range(rows):
        for column in range(columns):
            part = weights[row * block : (row + 1) * block, column * block : (column + 1) * block]
            scales[row, column] = np.abs(part).max() / 448
    stored = torch.from_numpy(scales).to(scale_type)
    wide = np.repeat(np.repeat(stored.float().numpy(), block, axis=0), block, axis=1)[:outputs, :inputs]
    eighths = torch.from_numpy(weights / wide).clamp(-448, 448).to(torch.float8_e4m3fn)
    return eighths.float().numpy() * wide, {"weight": eighths, "weight_scale_inv": stored}


def mlx(weights, generator, bits, group, dtype=torch.bfloat16):
    grouped = weights.reshape(weights.shape[0], -1, group)
    low, high = grouped.min(axis=-1), grouped.max(axis=-1)
    stored_scale = torch.from_numpy((high - low) / (2**bits - 1)).to(dtype)
    stored_bias = torch.from_numpy(low).to(dtype)
    scale, bias = (np.repeat(v.float().numpy(), group, axis=1) for v in (stored_scale, stored_bias))
    integers = np.clip(np.round((weights - bias) / scale), 0, 2**bits - 1).astype(np.int64)
    words = words_along_last(integers, bits) if 32 % bits == 0 else stream_along_last(integers, bits)
    packed = torch.from_numpy(words.astype(np.uint32))
    values = scale * integers.astype(np.float32) + bias
    return values, {"weight": packed, "scales": stored_scale, "biases": stored_bias}


def compressed(weights, generator, bits, group, symmetric, dtype=torch.bfloat16):
    outputs, inputs = weights.shape
    group = group or inputs
    stored, scale, zero = group_scales(weights, group, bits, symmetric, dtype)
    wide_scale, wide_zero = np.repeat(scale, group, axis=1), np.repeat(zero, group, axis=1)
    integers = to_integers(weights, wide_scale, wide_zero, bits)
    values = (integers - wide_zero).astype(np.float32) * wide_scale

    def padded(array):
        per_word = 32 // bits
        return np.pad(array, [(0, 0), (0, -array.shape[1] % per_word)])

    tensors = {
        "weight_packed": int32(words_along_last(padded(integers), bits)),
        "weight_scale": stored,
        "weight_shape": torch.tensor([outputs, inputs], dtype=torch.int64),
    }
    if not symmetric:
        # Packed along the outputs: [outputs · bits / 32, groups].
        tensors["weight_zero_point"] = int32(words_along_last(padded(zero.T), bits).T)
    return values, tensors


def is_projection(name):
    return name.endswith("_proj.weight")


def everything(name):
    return is_projection(name) or name in ("model.embed_tokens.weight", "lm_head.weight")


QWEN3 = (Qwen3Config, Qwen3ForCausalLM)
MOE = (Qwen3MoeConfig, Qwen3MoeForCausalLM)
SHAPE = dict(hidden_size=64, intermediate_size=96, head_dim=16, num_hidden_layers=2)
MOE_SHAPE = SHAPE | dict(num_experts=4, num_experts_per_tok=2, moe_intermediate_size=32, norm_topk_prob=True)
GPTQ = dict(quant_method="gptq", group_size=32, damp_percent=0.1, true_sequential=True)
PACKED = dict(quant_method="compressed-tensors", format="pack-quantized", quantization_status="compressed", ignore=["lm_head"])


def packed_group(bits, group, symmetric):
    weights = dict(num_bits=bits, type="int", symmetric=symmetric, dynamic=False, actorder=None, observer="minmax",
                   strategy="group" if group else "channel", group_size=group)  # fmt: skip
    return dict(config_groups=dict(group_0=dict(targets=["Linear"], weights=weights, input_activations=None)))


# name: (classes, shape, type of the rest, which matrices, name → (packer, arguments), what config.json says of it)
CHECKPOINTS = {
    "gptq-4bit": (QWEN3, SHAPE | dict(tie_word_embeddings=True), torch.float16, is_projection,
                  lambda name: (gptq, dict(bits=4, group=32, symmetric=True)),
                  dict(quantization_config=GPTQ | dict(bits=4, desc_act=False, sym=True))),
    "gptq-4bit-desc-act": (QWEN3, SHAPE | dict(tie_word_embeddings=False), torch.float16, is_projection,
                           lambda name: (gptq, dict(bits=4, group=32, desc_act=True)),
                           dict(quantization_config=GPTQ | dict(bits=4, desc_act=True, sym=False))),
    "gptq-8bit-v2": (QWEN3, SHAPE | dict(tie_word_embeddings=True), torch.bfloat16, is_projection,
                     lambda name: (gptq, dict(bits=8, group=32, v2=True)),
                     dict(quantization_config=GPTQ | dict(bits=8, desc_act=False, sym=False, checkpoint_format="gptq_v2"))),
    "gptq-2bit": (QWEN3, SHAPE | dict(tie_word_embeddings=True), torch.float16, is_projection,
                  lambda name: (gptq, dict(bits=2, group=32)),
                  dict(quantization_config=GPTQ | dict(bits=2, desc_act=False, sym=False, checkpoint_format="gptq"))),
    "gptq-4bit-moe": (MOE, MOE_SHAPE | dict(tie_word_embeddings=False), torch.bfloat16, is_projection,
                      lambda name: (gptq, dict(bits=4, group=32)),
                      dict(quantization_config=GPTQ | dict(bits=4, desc_act=False, sym=False))),
    "awq-4bit": (QWEN3, SHAPE | dict(tie_word_embeddings=False), torch.float16,
                 lambda name: is_projection(name) and "layers.1.mlp" not in name,
                 lambda name: (awq, dict(group=32)),
                 dict(quantization_config=dict(quant_method="awq", bits=4, group_size=32, version="gemm", zero_point=True,
                                               modules_to_not_convert=["layers.1.mlp"]))),
    "fp8-blocks": (QWEN3, dict(hidden_size=160, intermediate_size=144, head_dim=16, num_hidden_layers=1,
                               tie_word_embeddings=True), torch.bfloat16, is_projection,
                   lambda name: (fp8, dict(scale_type=torch.bfloat16 if "mlp" in name else torch.float32)),
                   dict(quantization_config=dict(quant_method="fp8", fmt="e4m3", activation_scheme="dynamic",
                                                 weight_block_size=[128, 128]))),
    "mlx-4bit-mixed": (QWEN3, SHAPE | dict(tie_word_embeddings=True, intermediate_size=128), torch.bfloat16, everything,
                       lambda name: (mlx, dict(bits=8, group=32) if "q_proj" in name or "embed" in name
                                     else dict(bits=6, group=32) if "down_proj" in name else dict(bits=4, group=64)),
                       "mlx"),
    "mlx-2bit": (QWEN3, SHAPE | dict(tie_word_embeddings=False), torch.float16, everything,
                 lambda name: (mlx, dict(bits=2, group=32, dtype=torch.float16)), "mlx"),
    "mlx-3bit": (QWEN3, SHAPE | dict(tie_word_embeddings=False), torch.bfloat16, everything,
                 lambda name: (mlx, dict(bits=3, group=32)), "mlx"),
    "mlx-5bit": (QWEN3, SHAPE | dict(tie_word_embeddings=True), torch.bfloat16, everything,
                 lambda name: (mlx, dict(bits=5, group=32)), "mlx"),
    "mlx-4bit-moe": (MOE, MOE_SHAPE | dict(tie_word_embeddings=False), torch.bfloat16,
                     lambda name: everything(name) or name.endswith("mlp.gate.weight"),
                     lambda name: (mlx, dict(bits=8 if name.endswith("mlp.gate.weight") else 4, group=32)), "mlx"),
    "packed-4bit": (QWEN3, SHAPE | dict(tie_word_embeddings=False), torch.bfloat16, is_projection,
                    lambda name: (compressed, dict(bits=4, group=32, symmetric=True)),
                    dict(quantization_config=PACKED | packed_group(4, 32, True))),
    "packed-4bit-zero-points": (QWEN3, SHAPE | dict(tie_word_embeddings=True), torch.bfloat16, is_projection,
                                lambda name: (compressed, dict(bits=4, group=32, symmetric=False)),
                                dict(quantization_config=PACKED | packed_group(4, 32, False))),
    "packed-8bit-channel": (QWEN3, SHAPE | dict(tie_word_embeddings=True, intermediate_size=88), torch.float16, is_projection,
                            lambda name: (compressed, dict(bits=8, group=None, symmetric=True, dtype=torch.float16)),
                            dict(quantization_config=PACKED | packed_group(8, None, True))),
}  # fmt: skip


def mlx_configuration(packed):
    """What mlx-lm writes: the commonest setting, and each module that has another."""
    settings = {name.removesuffix(".weight"): (arguments["bits"], arguments["group"]) for name, arguments in packed.items()}
    commonest = max(set(settings.values()), key=list(settings.values()).count)
    quantization = dict(group_size=commonest[1], bits=commonest[0], mode="affine")
    for name, (bits, group) in settings.items():
        if (bits, group) != commonest:
            quantization[name] = dict(group_size=group, bits=bits)
    return dict(quantization=quantization, quantization_config=quantization)


def stacked(tensors):
    """MLX keeps a layer's experts in one array: mlp.experts.N.x → mlp.switch_mlp.x with the expert first."""
    experts, rest = {}, {}
    for name, tensor in tensors.items():
        if ".mlp.experts." in name:
            prefix, suffix = name.split(".mlp.experts.")
            number, suffix = suffix.split(".", 1)
            experts.setdefault(f"{prefix}.mlp.switch_mlp.{suffix}", {})[int(number)] = tensor
        else:
            rest[name] = tensor
    return rest | {name: torch.stack([parts[i] for i in range(len(parts))]) for name, parts in experts.items()}


def fill(model, values):
    """Puts dequantised matrices, named as in a checkpoint, into a model of transformers 5."""
    state = model.state_dict()
    with torch.no_grad():
        for name, tensor in values.items():
            if ".mlp.experts." in name:
                prefix, suffix = name.split(".mlp.experts.")
                number, suffix = suffix.split(".", 1)
                kind = suffix.split("_proj")[0]
                if kind == "down":
                    state[f"{prefix}.mlp.experts.down_proj"][int(number)] = tensor
                else:
                    both = state[f"{prefix}.mlp.experts.gate_up_proj"][int(number)]
                    half = both.shape[0] // 2
                    both[:half] = tensor if kind == "gate" else both[:half]
                    both[half:] = tensor if kind == "up" else both[half:]
            else:
                state[name].copy_(tensor)


def main(output):
    for number, (name, entry) in enumerate(CHECKPOINTS.items()):
        (configuration_class, model_class), shape, dtype, is_quantised, packer_of, settings = entry
        generator = torch.Generator().manual_seed(SEED + number)
        folder = output / name
        folder.mkdir(parents=True, exist_ok=True)
        configuration = configuration_class(**(BASE | shape), rope_parameters=dict(DEFAULT_ROPE))
        configuration.architectures = [model_class.__name__]
        configuration._attn_implementation = "eager"
        model = model_class(configuration).eval().float()
        with torch.no_grad():
            for parameter_name, parameter in model.named_parameters():
                parameter.copy_(draw(parameter_name, parameter.shape, generator).to(dtype).float())

        written, values, digests, packed_as = {}, {}, {}, {}
        for tensor_name, tensor in stored_weights(model, dtype).items():
            if not is_quantised(tensor_name):
                written[tensor_name] = tensor
                continue
            packer, arguments = packer_of(tensor_name)
            packed_as[tensor_name] = arguments
            dequantised, tensors = packer(tensor.float().numpy(), generator, **arguments)
            dequantised = np.ascontiguousarray(dequantised, dtype=np.float32)
            values[tensor_name] = torch.from_numpy(dequantised)
            digests[tensor_name] = dict(
                shape=list(dequantised.shape), first=dequantised.ravel()[:8].tolist(), fnv1a=fnv1a(dequantised)
            )
            for suffix, part in tensors.items():
                written[f"{tensor_name.removesuffix('.weight')}.{suffix}"] = part.contiguous()
        fill(model, values)
        if settings == "mlx":
            settings = mlx_configuration(
                {n.replace(".mlp.experts.0.", ".mlp.switch_mlp."): a for n, a in packed_as.items()
                 if ".mlp.experts." not in n or ".experts.0." in n}
            )  # fmt: skip
            written = stacked(written)
        save_file(written, folder / "model.safetensors", metadata=dict(format="pt"))
        save_configuration(configuration, folder, dtype)
        config = json.loads((folder / "config.json").read_text()) | settings
        (folder / "config.json").write_text(json.dumps(config, indent=1))

        cases = []
        for length in (1, 5, 40):
            while True:
                case = answer(model, torch.randint(3, configuration.vocab_size, (1, length), generator=generator))
                if case["min_margin"] >= SMALLEST_MARGIN:
                    break
            cases.append(case)
        golden = dict(made_with="transformers, float32, eager attention", weights=digests, cases=cases)
        (folder / "golden.json").write_text(json.dumps(golden))
        size = sum(file.stat().st_size for file in folder.iterdir())
        print(f"{name}: {size:,} bytes, smallest margin {min(case['min_margin'] for case in cases):.4f}")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "Quantized"))
