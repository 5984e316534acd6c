#!/usr/bin/env python3
"""Write codebooks.h: the codebooks of the IQ1, IQ2 and IQ3 block formats, which are part of those formats.

    python make_codebooks.py

Needs numpy and gguf (PyPI), whose dequantiser holds the published values.
"""
import pathlib

import gguf.quants as quants
import numpy as np

BOOKS = [("iq2_xxs", "IQ2_XXS", 2), ("iq2_xs", "IQ2_XS", 2), ("iq2_s", "IQ2_S", 2), ("iq3_xxs", "IQ3_XXS", 4), ("iq3_s", "IQ3_S", 4),
         ("iq1", "IQ1_S", 2)]

lines = [
    "// Made by make_codebooks.py: the codebooks of the IQ1, IQ2 and IQ3 block formats. Do not edit.",
    "//",
    "// Each entry stands for 8 elements of 2 bits (IQ1, IQ2) or 4 of 4 bits (IQ3), the first in the lowest bits; an element is the",
    "// number of a value.",
    "#ifndef QWEN_CODEBOOKS_H",
    "#define QWEN_CODEBOOKS_H",
    "",
    "#include <stdint.h>",
    "",
]
for name, kind, bits in BOOKS:
    cls = getattr(quants, kind)
    cls.init_grid()
    grid = np.asarray(cls.grid).reshape(cls.grid_shape)
    codes = np.searchsorted(np.array(cls.grid_map), grid)
    words = (codes << (bits * np.arange(codes.shape[1]))).sum(axis=1)
    lines += [f"static const uint16_t codebook_{name}[{len(words)}] = {{"]
    lines += ["    " + " ".join(f"0x{w:04x}," for w in words[i:i + 14]) for i in range(0, len(words), 14)]
    lines += ["};", ""]
lines += ["#endif", ""]
(pathlib.Path(__file__).parent / "codebooks.h").write_text("\n".join(lines))
