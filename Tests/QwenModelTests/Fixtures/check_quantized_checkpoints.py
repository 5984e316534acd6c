#!/usr/bin/env python3
"""Unpack the checkpoints of make_quantized_checkpoints.py with the packages that define their layouts.

    python check_quantized_checkpoints.py [--autoawq FOLDER] [--gptqmodel FOLDER]

Needs torch, numpy, safetensors, mlx and compressed-tensors; the folders are the unpacked source distributions of PyPI's autoawq
and gptqmodel, of which one file each is used (both want a GPU to be installed). Every matrix must have the values whose digest
golden.json holds.
"""
import argparse
import ast
import importlib.util
import json
import pathlib
import textwrap

import numpy as np
import torch
from safetensors.torch import load_file

from make_quantized_checkpoints import fnv1a


def mlx_values(parts, config, module):
    import mlx.core as mx

    setting = config["quantization"] | config["quantization"].get(module, {})

    def array(tensor):
        return mx.array(tensor.view(torch.int32).numpy().view(np.uint32) if tensor.dtype == torch.uint32 else tensor.float().numpy())

    return np.array(
        mx.dequantize(
            array(parts["weight"]), array(parts["scales"]), array(parts["biases"]),
            group_size=setting["group_size"], bits=setting["bits"], stream=mx.cpu,
        )
    )  # fmt: skip


def compressed_values(parts, config, module):
    from compressed_tensors.compressors.pack_quantized.helpers import unpack_from_int32

    weights = config["quantization_config"]["config_groups"]["group_0"]["weights"]
    shape, scale = parts["weight_shape"].tolist(), parts["weight_scale"].float()
    integers = unpack_from_int32(parts["weight_packed"], weights["num_bits"], shape).int()
    group = shape[1] // scale.shape[1]
    zero = torch.zeros_like(scale, dtype=torch.int32)
    if "weight_zero_point" in parts:
        zero = unpack_from_int32(parts["weight_zero_point"], weights["num_bits"], scale.shape, packed_dim=0).int()
    wide_zero, wide_scale = zero.repeat_interleave(group, 1), scale.repeat_interleave(group, 1)
    return ((integers - wide_zero).float() * wide_scale).numpy()


def fp8_values(parts, config, module):
    weight, scale = parts["weight"].float(), parts["weight_scale_inv"].float()
    wide = scale.repeat_interleave(128, 0).repeat_interleave(128, 1)[: weight.shape[0], : weight.shape[1]]
    return (weight * wide).numpy()


def awq_values(folder):
    spec = importlib.util.spec_from_file_location("packing", pathlib.Path(folder) / "awq/utils/packing_utils.py")
    packing = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(packing)

    def values(parts, config, module):
        settings = config["quantization_config"]
        return packing.dequantize_gemm(
            parts["qweight"], parts["qzeros"], parts["scales"].float(), settings["bits"], settings["group_size"]
        ).T.numpy()  # fmt: skip

    return values


def gptq_values(folder):
    """The package's own loop, taken out of its class, which cannot be made without the package's kernels."""
    source = (pathlib.Path(folder) / "gptqmodel/nn_modules/qlinear/__init__.py").read_text()
    space = dict(t=torch, torch=torch, _torch_right_shift=torch.bitwise_right_shift, _torch_left_shift=torch.bitwise_left_shift)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef) and node.name in ("dequantize_weight", "_dequantize_from_codes"):
            exec(textwrap.dedent(ast.get_source_segment(source, node)), space)

    def values(parts, config, module):
        settings = config["quantization_config"]
        bits = settings["bits"]
        qzeros = parts["qzeros"]
        if settings.get("checkpoint_format") != "gptq_v2":
            # The package turns version 1 into version 2 by adding one to each packed zero point.
            ones = sum(1 << shift for shift in range(0, 32, bits))
            qzeros = (qzeros.long() + ones).to(torch.int32)
        shifts = torch.arange(0, 32, bits, dtype=torch.int32)

        class Layer:
            planar = False
            bits = settings["bits"]
            pack_factor, maxq, in_features = 32 // bits, 2**bits - 1, parts["g_idx"].shape[0]
            dequant_dtype = torch.int32
            wf_unsqueeze_zero, wf_unsqueeze_neg_one = shifts[None, None, :], shifts[None, :, None]
            qweight, scales, g_idx = parts["qweight"], parts["scales"].float(), parts["g_idx"]
            _init_wf_unsqueeze_buffers = staticmethod(lambda: None)
            _dequantize_from_codes = space["_dequantize_from_codes"]

        layer = Layer()
        layer.qzeros = qzeros
        return space["dequantize_weight"](layer).T.numpy()

    return values


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--autoawq")
    options.add_argument("--gptqmodel")
    options = options.parse_args()
    methods = dict(mlx=mlx_values, packed=compressed_values, fp8=fp8_values)
    if options.autoawq:
        methods["awq"] = awq_values(options.autoawq)
    if options.gptqmodel:
        methods["gptq"] = gptq_values(options.gptqmodel)
    for folder in sorted((pathlib.Path(__file__).parent / "Quantized").iterdir()):
        values = methods.get(folder.name.split("-")[0])
        if not values:
            print(f"{folder.name}: not checked")
            continue
        config = json.loads((folder / "config.json").read_text())
        golden = json.loads((folder / "golden.json").read_text())
        tensors = load_file(folder / "model.safetensors")
        for name, wanted in golden["weights"].items():
            module, expert = name.removesuffix(".weight"), None
            if folder.name.startswith("mlx") and ".mlp.experts." in module:
                prefix, rest = module.split(".mlp.experts.")
                expert, projection = rest.split(".")
                module = f"{prefix}.mlp.switch_mlp.{projection}"
            parts = {key.removeprefix(module + "."): t for key, t in tensors.items() if key.startswith(module + ".")}
            if expert is not None:
                parts = {key: tensor[int(expert)] for key, tensor in parts.items()}
            found = np.ascontiguousarray(values(parts, config, module), dtype=np.float32)
            assert list(found.shape) == wanted["shape"], (folder.name, name, found.shape)
            assert fnv1a(found) == wanted["fnv1a"], (folder.name, name, found.ravel()[:8], wanted["first"])
        print(f"{folder.name}: {len(golden['weights'])} matrices are equal")


if __name__ == "__main__":
    main()
