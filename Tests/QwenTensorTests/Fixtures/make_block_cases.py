#!/usr/bin/env python3
"""Write random quantised blocks with the numbers that gguf-py makes of them: block_cases.json.

    python make_block_cases.py

Needs numpy and gguf. Every format has four blocks of random bytes, drawn anew until all their numbers are finite; `bytes` and
`values` (float32, little-endian) are hexadecimal.
"""
import json
import pathlib

import gguf
import numpy as np
from gguf.quants import dequantize

FORMATS = "Q8_0 Q4_0 Q4_1 Q5_0 Q5_1 Q2_K Q3_K Q4_K Q5_K Q6_K IQ4_NL IQ4_XS MXFP4 IQ2_XXS IQ2_XS IQ2_S IQ3_XXS IQ3_S IQ1_S IQ1_M TQ1_0 TQ2_0".split()

rng = np.random.default_rng(20250728)
cases = {}
for name in FORMATS:
    kind = gguf.GGMLQuantizationType[name]
    elements, size = gguf.GGML_QUANT_SIZES[kind]
    blocks = []
    while len(blocks) < 4:
        block = rng.integers(0, 256, (1, size), dtype=np.uint8)
        with np.errstate(all="ignore"):
            values = dequantize(block, kind).astype("<f4")
        if np.isfinite(values).all():
            blocks.append((block, values))
    cases[name] = dict(
        elements=elements,
        bytes=b"".join(block.tobytes() for block, _ in blocks).hex(),
        values=b"".join(values.tobytes() for _, values in blocks).hex(),
    )
path = pathlib.Path(__file__).parent / "block_cases.json"
path.write_text(json.dumps(dict(made_with="gguf-py", formats=cases), indent=0))
