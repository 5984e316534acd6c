#!/usr/bin/env python3
"""Write python_dumps.json: JSON texts with what Python makes of them.

    python make_python_dumps.py > python_dumps.json

Each entry holds `text`, a JSON text, and `dumps`, which is json.dumps(json.loads(text), ensure_ascii=False);
`indented` is the same with indent=4. Nothing but Python's own json module is needed.
"""
import json
import random
import struct

random.seed(20250429)

NUMBERS = """0 -0 1 -1 1.0 -0.0 0.1 1e5 1E5 1e+5 1e15 1e16 1e17 123456789012345678 1234567890123456789012345678901234567890
1e-3 1e-4 1e-5 0.0001 0.00001 0.00012345 123456.789e3 1e22 1e23 9007199254740993 9007199254740993.0 1E400 -1E400 1e-400
4.9e-324 2.2250738585072014e-308 1.7976931348623157e308 1.7976931348623159e308 0.30000000000000004 5e-324 100.00
12345678901234567890 1.5e300 -1.5e-300 99999999999999990.0 9999999999999998.0 10000000000000000.0 0e10 -0e10 0.0e-5""".split()


def random_double():
    while True:
        value = struct.unpack("<d", random.getrandbits(64).to_bytes(8, "little"))[0]
        if value == value and abs(value) != float("inf"):
            return value


NUMBERS += [f"{random_double():.17g}" for _ in range(400)]
NUMBERS += [repr(random.uniform(-1, 1) * 10 ** random.randint(-8, 20)) for _ in range(400)]

STRINGS = [
    "", "plain", "quote \" backslash \\ slash /", "".join(chr(c) for c in range(32)), "\x7f", "\u2028\u2029", "é", "e\u0301",
    "日本語", "😀", "<&>'", "\ufeff", "\ufffd", "a\r\nb", "\u0000", "<|im_end|>", "👩‍👩‍👧‍👦", "\ud7ff\ue000\U0010ffff",
]

texts = list(NUMBERS)
texts += [json.dumps(s) for s in STRINGS] + [json.dumps(s, ensure_ascii=False) for s in STRINGS]
texts += [
    '{"b":1,"a":[true,false,null,{}],"":[],"nested":{"x":{"y":[[],[[]]]}}}',
    ' [ 1 , 2.50 , "\\/" , "\\u00e9" , "\\ud83d\\ude00" ] ',
    '{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"n":{"type":"number","minimum":1e2}}}}}',
    json.dumps({f"key {i}": {"index": i, "text": STRINGS[i % len(STRINGS)]} for i in range(40)}),
]

entries = []
for text in texts:
    value = json.loads(text)
    entries.append(
        dict(
            text=text,
            dumps=json.dumps(value, ensure_ascii=False),
            indented=json.dumps(value, ensure_ascii=False, indent=4),
        )
    )
print(json.dumps(entries, indent=0))
