#!/usr/bin/env python3
"""Write qwen.bpe, Qwen's vocabulary in the form that this target embeds, from Hugging Face's tokenizer.json.

    python make_vocabulary.py path/to/tokenizer.json

In Qwen's vocabulary the id of a token is the rank of its merge, so a token is told by the two tokens it is made of.
All numbers are little-endian:

    8 bytes      "QWENBPE1"
    u32          merges
    u32          added tokens
    256 bytes    the byte that each of the ids 0 ..< 256 stands for
    6 bytes each the merges: left id (u24), right id (u24); merge number i makes the id 256 + i
    each         the added tokens: flags (u8: 1 = special), length (u8), UTF-8; ids go on after the merges

The script fails unless the file read back gives the vocabulary, the merges and the added tokens it came from, and unless
every token's bytes, merged by the rules, give that token again (which lets the encoder look whole words up).
"""

import json
import pathlib
import struct
import sys


def byte_alphabet():
    """The character that a byte-level vocabulary writes for each byte (GPT-2's table)."""
    visible = [*range(33, 127), *range(161, 173), *range(174, 256)]
    table = {byte: chr(byte) for byte in visible}
    hidden = (byte for byte in range(256) if byte not in table)
    return table | {byte: chr(256 + i) for i, byte in enumerate(hidden)}


def pack(tokenizer):
    model, added = tokenizer["model"], tokenizer["added_tokens"]
    vocabulary, merges = model["vocab"], model["merges"]
    byte_of = {character: byte for byte, character in byte_alphabet().items()}
    token_of = {i: token for token, i in vocabulary.items()}
    out = bytearray(b"QWENBPE1" + struct.pack("<II", len(merges), len(added)))
    out += bytes(byte_of[token_of[i]] for i in range(256))
    for i, (left, right) in enumerate(merges):
        assert vocabulary[left + right] == 256 + i, (left, right)
        out += vocabulary[left].to_bytes(3, "little") + vocabulary[right].to_bytes(3, "little")
    for i, token in enumerate(added):
        assert token["id"] == 256 + len(merges) + i, token
        assert not any(token[key] for key in ("single_word", "lstrip", "rstrip", "normalized")), token
        content = token["content"].encode()
        out += bytes([token["special"], len(content)]) + content
    return bytes(out)


def unpack(data):
    merge_count, added_count = struct.unpack_from("<II", data, 8)
    assert data[:8] == b"QWENBPE1"
    tokens = [bytes([byte]) for byte in data[16:272]]
    merges, at = [], 272
    for _ in range(merge_count):
        left, right = (int.from_bytes(data[at + k : at + k + 3], "little") for k in (0, 3))
        merges.append((left, right))
        tokens.append(tokens[left] + tokens[right])
        at += 6
    added = []
    for _ in range(added_count):
        special, length = data[at], data[at + 1]
        added.append((data[at + 2 : at + 2 + length].decode(), bool(special)))
        at += 2 + length
    assert at == len(data)
    return tokens, merges, added


def merge(token, byte_id, rank):
    parts = [byte_id[byte] for byte in token]
    while len(parts) > 1:
        best = min((rank.get(pair, 1 << 30), i) for i, pair in enumerate(zip(parts, parts[1:])))
        if best[0] == 1 << 30:
            break
        parts[best[1] : best[1] + 2] = [best[0]]
    return parts


def main():
    tokenizer = json.loads(pathlib.Path(sys.argv[1]).read_text())
    data = pack(tokenizer)

    tokens, merges, added = unpack(data)
    alphabet = byte_alphabet()
    spelled = ["".join(alphabet[byte] for byte in token) for token in tokens]
    assert {token: i for i, token in enumerate(spelled)} == tokenizer["model"]["vocab"]
    assert [[spelled[a], spelled[b]] for a, b in merges] == tokenizer["model"]["merges"]
    assert added == [(token["content"], token["special"]) for token in tokenizer["added_tokens"]]

    byte_id = {token[0]: i for i, token in enumerate(tokens[:256])}
    rank = {pair: 256 + i for i, pair in enumerate(merges)}
    for i, token in enumerate(tokens):
        assert merge(token, byte_id, rank) == [i], (i, token)

    (pathlib.Path(__file__).parent / "qwen.bpe").write_bytes(data)
    print(len(merges), "merges,", len(added), "added tokens,", len(data), "bytes")


main()
