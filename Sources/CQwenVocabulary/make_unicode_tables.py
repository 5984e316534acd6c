#!/usr/bin/env python3
"""Write unicode_tables.c: what the pre-tokeniser and NFC need to know of each code point.

    pip install tokenizers
    python make_unicode_tables.py

The tables say what Hugging Face's `tokenizers` says, because its ids are the ones to equal: its regular expressions know
Unicode 16, its normaliser an older version. Python's unicodedata proposes (14.0 or later), `tokenizers` decides; a
character that its normaliser does not know yet stays as it is.
"""

import pathlib
import unicodedata

from tokenizers import Regex, normalizers, pre_tokenizers

SCALARS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
NFC = normalizers.NFC().normalize_str
NFD = normalizers.NFD().normalize_str
LETTER, NUMBER, SPACE = 1, 2, 3
NEEDS_A_LOOK, MAY_CHANGE = 4, 8


def matching(pattern):
    """The code points that a pattern of one character matches."""
    split, found = pre_tokenizers.Split(Regex(pattern), "removed"), set()
    for at in range(0, len(SCALARS), 4096):
        text = "".join(map(chr, SCALARS[at : at + 4096]))
        kept = set("".join(piece for piece, _ in split.pre_tokenize_str(text)))
        found |= {ord(character) for character in set(text) - kept}
    return found


def combining_class(scalar):
    """unicodedata's class where the normaliser moves the mark, else 0."""
    mark = chr(scalar)
    proposed = unicodedata.combining(mark)
    before, after = "a\u0345" + mark, "a" + mark + "\u0334"  # classes 240 and 1
    return proposed if proposed and (NFD(before) != before or NFD(after) != after) else 0


def two_stage(values, shift):
    blocks, first = {}, []
    for at in range(0, 0x110000, 1 << shift):
        block = tuple(values[at : at + (1 << shift)])
        first.append(blocks.setdefault(block, len(blocks)))
    assert len(blocks) <= 256
    return first, [value for block in blocks for value in block]


def array(kind, name, values):
    lines, line = [], ""
    for value in values:
        piece = f"{value},"
        if len(line) + len(piece) > 118:
            lines.append(line)
            line = ""
        line += piece
    return f"static const {kind} {name}[{len(values)}] = {{\n" + "\n".join([*lines, line]) + "\n};\n"


def main():
    letters, numbers, spaces = matching(r"\p{L}"), matching(r"\p{N}"), matching(r"\s")
    classes = [0] * 0x110000
    for scalar in SCALARS:
        classes[scalar] = combining_class(scalar)

    decompositions, compositions = {}, {}
    for scalar in SCALARS:
        if 0xAC00 <= scalar < 0xD7A4:
            continue  # Hangul syllables are computed
        text = chr(scalar)
        if NFD(text) != text:
            decompositions[scalar] = [ord(character) for character in NFD(text)]
            pair = [int(part, 16) for part in unicodedata.decomposition(text).split()]
            if len(pair) == 2 and NFC("".join(map(chr, pair))) == text:
                compositions[tuple(pair)] = scalar

    seconds = {second for _, second in compositions} | set(range(0x1161, 0x1176)) | set(range(0x11A8, 0x11C3))
    properties = [0] * 0x110000
    for scalar in SCALARS:
        flags = LETTER * (scalar in letters) or NUMBER * (scalar in numbers) or SPACE * (scalar in spaces)
        if NFC(chr(scalar)) != chr(scalar) or scalar in seconds:
            flags |= MAY_CHANGE
        if classes[scalar] or flags & MAY_CHANGE:
            flags |= NEEDS_A_LOOK
        properties[scalar] = flags

    keys = sorted(decompositions)
    starts, scalars = [0], []
    for key in keys:
        scalars += decompositions[key]
        starts.append(len(scalars))
    pairs = sorted(compositions)

    out = "// Made by make_unicode_tables.py; what the bits mean stands in CQwenVocabulary.h.\n\n"
    out += '#include "CQwenVocabulary.h"\n\n'
    for name, values in (("properties", properties), ("classes", classes)):
        first, second = two_stage(values, 7)
        out += array("uint8_t", name + "_blocks", first) + array("uint8_t", name + "_values", second)
    out += array("uint32_t", "decomposition_keys", keys) + array("uint16_t", "decomposition_starts", starts)
    out += array("uint32_t", "decomposition_scalars", scalars)
    out += array("uint64_t", "composition_keys", [f"{(a << 32) | b}u" for a, b in pairs])
    out += array("uint32_t", "composition_scalars", [compositions[pair] for pair in pairs])
    out += f"""
static const qwen_unicode_tables tables = {{
    properties_blocks, properties_values,
    classes_blocks, classes_values,
    {len(keys)}, decomposition_keys, decomposition_starts, decomposition_scalars,
    {len(pairs)}, composition_keys, composition_scalars,
}};

const qwen_unicode_tables *qwen_unicode(void) {{ return &tables; }}
"""
    (pathlib.Path(__file__).parent / "unicode_tables.c").write_text(out)
    print(len(keys), "decompositions,", len(pairs), "compositions,", len(out), "bytes of C")


main()
