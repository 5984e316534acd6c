"""Writes q8_0_rows.blocks: rows of 128 floats (little-endian), each followed by the four blocks of Q8_0 that gguf makes of them.

Needs numpy and gguf (0.19). Run in this directory.
"""

import gguf
import numpy as np

random = np.random.default_rng(7)
rows = [random.normal(size=128) for _ in range(8)]
rows += [random.normal(size=128) * 10.0**power for power in (-12, -8, -7, -6, -5, -4, -2, 2, 4, 6)]
# Halves between integers: the scale is a power of two.
rows += [np.concatenate([[127], random.integers(-254, 255, 127) / 2]) * 2.0**power for power in (-20, -9, 0, 3)]
# One number much larger than the rest; equal ones; zeros.
for position in (0, 31, 77):
    row = random.normal(size=128) / 100
    row[position] = -3
    rows.append(row)
rows += [np.full(128, 0.1), -np.full(128, 1e-5), np.zeros(128), np.tile([0.5, -0.5], 64)]
rows.append(np.concatenate([np.zeros(64), random.normal(size=64)]))

with open("q8_0_rows.blocks", "wb") as file:
    for row in np.array(rows, dtype="<f4"):
        file.write(row.tobytes())
        file.write(gguf.quantize(row[None], gguf.GGMLQuantizationType.Q8_0).tobytes())
