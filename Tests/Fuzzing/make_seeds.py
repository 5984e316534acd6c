#!/usr/bin/env python3
"""Write the inputs from which the fuzzers start, one folder a target.

    python3 make_seeds.py OUTPUT_FOLDER

Needs nothing but Python: they are made of the tests' fixtures and, for GGUF, written here. What an input looks like stands in the
targets under Sources/Fuzz.
"""
import json
import os
import pathlib
import struct
import sys

TESTS = pathlib.Path(__file__).resolve().parent.parent
MODELS = TESTS / "QwenModelTests" / "Fixtures"
LONGEST = 16384

# The format's numbers, and the elements and bytes of a block.
TYPES = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 10: (256, 84), 11: (256, 110),
    12: (256, 144), 13: (256, 176), 14: (256, 210), 16: (256, 66), 17: (256, 74), 18: (256, 98), 19: (256, 50), 20: (32, 18),
    21: (256, 110), 22: (256, 82), 23: (256, 136), 29: (256, 56), 30: (1, 2), 34: (256, 54), 35: (256, 66), 39: (32, 17),
}  # fmt: skip


def header(path):
    """The JSON text at the beginning of a safetensors file."""
    data = path.read_bytes()
    return data[8 : 8 + struct.unpack("<Q", data[:8])[0]]


def checkpoints():
    for config in sorted(MODELS.glob("**/config.json")):
        if (weights := config.parent / "model.safetensors").exists():
            yield config.parent.name, config.read_bytes(), header(weights)


def safetensors():
    fixture = MODELS / "qwen3-untied-f16-sharded"
    shards = [header(path) for path in sorted(fixture.glob("*.safetensors"))]
    index = (fixture / "model.safetensors.index.json").read_text()
    for number in (1, 2):
        index = index.replace(f"model-0000{number}-of-00002", str(number))
    yield b"\0".join([index.encode(), *shards])
    # As the target's configuration has it: width 4, one layer.
    shapes = {"model.embed_tokens": [4, 4], "model.norm": [4], "self_attn.q_proj": [2, 4], "self_attn.k_proj": [2, 4]}
    shapes |= {"self_attn.v_proj": [2, 4], "self_attn.o_proj": [4, 2], "self_attn.q_norm": [2], "self_attn.k_norm": [2]}
    shapes |= {"mlp.gate_proj": [2, 4], "mlp.up_proj": [2, 4], "mlp.down_proj": [4, 2]}
    shapes |= {"input_layernorm": [4], "post_attention_layernorm": [4]}
    for dtype, size in (("F32", 4), ("BF16", 2), ("F16", 2)):
        tensors, end = {"__metadata__": {"format": "pt"}}, 0
        for name, shape in shapes.items():
            count = size * shape[0] * (shape[1] if len(shape) > 1 else 1)
            full = name if name.startswith("model.") else f"model.layers.0.{name}"
            tensors[full + ".weight"] = dict(dtype=dtype, shape=shape, data_offsets=[end, end + count])
            end += count
        text = json.dumps(tensors, separators=(",", ":")).encode()
        yield struct.pack("<Q", len(text)) + text + bytes(end)
        both = {name: "1.safetensors" for name in tensors if name != "__metadata__"}
        index = json.dumps(dict(metadata=dict(total_size=end), weight_map=both)).encode()
        yield index + b"\0" + text


class GGUF:
    """A file without its data, which the target adds as zeros."""

    def __init__(self, version=3):
        self.version, self.entries, self.tensors, self.end = version, [], [], 0

    @staticmethod
    def text(value):
        return struct.pack("<Q", len(value.encode())) + value.encode()

    def add(self, key, value, number=None):
        def scalar(value):
            kind = 7 if isinstance(value, bool) else 4 if isinstance(value, int) else 6 if isinstance(value, float) else 8
            kind = number or kind
            formats = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
            return kind, self.text(value) if kind == 8 else struct.pack("<" + formats[kind], value)

        if isinstance(value, list):
            elements = [scalar(element) for element in value]
            kind = elements[0][0] if elements else 4
            body = struct.pack("<IIQ", 9, kind, len(value)) + b"".join(text for _, text in elements)
        else:
            kind, text = scalar(value)
            body = struct.pack("<I", kind) + text
        self.entries.append(self.text(key) + body)

    def tensor(self, name, shape, kind=0):
        elements, size = TYPES[kind]
        place = struct.pack("<IQ", kind, self.end)
        dimensions = b"".join(struct.pack("<Q", dimension) for dimension in reversed(shape))
        self.tensors.append(self.text(name) + struct.pack("<I", len(shape)) + dimensions + place)
        count = size
        for dimension in shape:
            count *= dimension
        self.end += (count // elements + 31) // 32 * 32

    def bytes(self):
        head = struct.pack("<IQQ", self.version, len(self.tensors), len(self.entries))
        file = b"GGUF" + head + b"".join(self.entries + self.tensors)
        return file + bytes(-len(file) % 32)

    def input(self, *more):
        """With the KiB of zeros that its data needs."""
        sizes = [self.end] + [part.end for part in more]
        return bytes([min(255, max(sizes) // 1024 + 1)]) + b"".join(part.bytes() for part in (self, *more))


def metadata(file, architecture, width, experts=0):
    file.add("general.architecture", architecture)
    file.add("general.alignment", 32)
    for key, value in dict(block_count=1, context_length=16, embedding_length=width, feed_forward_length=4).items():
        file.add(f"{architecture}.{key}", value)
    for key, value in dict(head_count=2, head_count_kv=1, key_length=2, layer_norm_rms_epsilon=1e-6).items():
        file.add(f"{architecture}.attention.{key}", value)
    file.add(f"{architecture}.rope.freq_base", 1e6)
    if experts:
        for key, value in dict(expert_count=experts, expert_used_count=1, expert_feed_forward_length=4).items():
            file.add(f"{architecture}.{key}", value)


def vocabulary(file):
    file.add("tokenizer.ggml.model", "gpt2")
    file.add("tokenizer.ggml.pre", "qwen2")
    file.add("tokenizer.ggml.tokens", ["a", "b", "ab", "<|im_start|>", "<|im_end|>", "<think>", "</think>", "[PAD]"])
    file.add("tokenizer.ggml.token_type", [1, 1, 1, 3, 3, 4, 4, 5], number=5)
    file.add("tokenizer.ggml.merges", ["a b"])
    file.add("tokenizer.ggml.eos_token_id", 4)
    file.add("tokenizer.ggml.bos_token_id", 0xFFFFFFFF)
    file.add("tokenizer.ggml.add_bos_token", False)
    file.add("tokenizer.chat_template", "{{'<|im_start|>' + message['role'] + '\\n<|im_end|>'}}{{ '<|im_start|>assistant\\n' }}")


def weights(file, architecture, width, kinds, experts=0, skip=()):
    """All weights; those with long rows are of the given types in turn."""
    heads = 2 * (width // 2 if architecture in ("qwen2", "llama") else 2)
    keys = heads // 2
    layer = dict(attn_norm=[width], attn_q=[heads, width], attn_k=[keys, width], attn_v=[keys, width])
    layer |= dict(attn_output=[width, heads], ffn_norm=[width])
    if architecture.startswith("qwen3"):
        layer |= dict(attn_q_norm=[2], attn_k_norm=[2])
    if experts:
        layer |= dict(ffn_gate_inp=[experts, width], ffn_gate_exps=[experts, 4, width], ffn_up_exps=[experts, 4, width])
        layer |= dict(ffn_down_exps=[experts, width, 4])
    else:
        layer |= dict(ffn_gate=[4, width], ffn_up=[4, width], ffn_down=[width, 4])
    shapes = {"token_embd.weight": [8, width], "output_norm.weight": [width]}
    shapes |= {f"blk.0.{name}.weight": shape for name, shape in layer.items()}
    if architecture == "qwen2":
        shapes |= {f"blk.0.attn_{name}.bias": [rows] for name, rows in dict(q=heads, k=keys, v=keys).items()}
    for position, (name, shape) in enumerate(shapes.items()):
        if name in skip:
            continue
        fits = len(shape) > 1 and shape[-1] == width
        file.tensor(name, shape, kinds[position % len(kinds)] if fits else 0)


def gguf():
    wide = [kind for kind in TYPES if kind not in (0, 1)]
    models = [("qwen3", 4, [0], 0), ("qwen3", 4, [1, 30], 0), ("qwen2", 4, [0], 0), ("llama", 4, [0], 0)]
    models += [("qwen3moe", 4, [0], 2), ("qwen3", 32, [2, 3, 6, 7, 8, 20, 39], 0), ("qwen3moe", 32, [8], 2)]
    models += [("qwen2moe", 4, [0], 2)]
    models += [("qwen3", 256, wide[start : start + 6], 0) for start in range(0, len(wide), 6)]
    for number, (architecture, width, kinds, experts) in enumerate(models):
        file = GGUF(version=2 + number % 2)
        metadata(file, architecture, width, experts)
        vocabulary(file)
        weights(file, architecture, width, kinds, experts)
        yield file.input()
    yarn = GGUF()
    metadata(yarn, "qwen3", 4)
    yarn.add("qwen3.rope.scaling.type", "yarn")
    yarn.add("qwen3.rope.scaling.factor", 2.0)
    yarn.add("qwen3.rope.scaling.original_context_length", 8)
    weights(yarn, "qwen3", 4, [0])
    yield yarn.input()
    first, second = GGUF(), GGUF()
    metadata(first, "qwen3", 4)
    for position, part in enumerate((first, second)):
        part.add("split.no", position, number=2)
        part.add("split.count", 2, number=2)
        part.add("split.tensors.count", 13, number=5)
    names = ["token_embd.weight", "output_norm.weight"]
    weights(first, "qwen3", 4, [0], skip=names)
    for name, shape in zip(names, ([8, 4], [4])):
        second.tensor(name, shape)
    yield first.input(second)
    every = GGUF()
    for number, value in enumerate([1, -1, 1, -1, 1, -1, 1.0, True, "text", [1, 2], 1, -1, 1.0]):
        every.add(f"key.{number}", value, number=None if number in (8, 9) else number)
    every.add("list", ["one", "two"])
    yield every.input()


def adapters():
    for folder in sorted((MODELS / "adapters").glob("*/")):
        if (config := folder / "adapter_config.json").exists():
            yield b"\0" + config.read_bytes() + b"\0" + header(folder / "adapter_model.safetensors")
            kept = json.loads(config.read_text())
            keys = "r lora_alpha peft_type bias use_rslora use_dora fan_in_fan_out rank_pattern alpha_pattern".split()
            text = json.dumps({key: kept[key] for key in keys if key in kept})
            yield b"\1" + text.encode() + b"\0" + header(folder / "adapter_model.safetensors")
    yield (MODELS / "adapters" / "plain.gguf").read_bytes()
    file = GGUF()
    for key, value in {"general.type": "adapter", "general.architecture": "qwen3", "adapter.type": "lora"}.items():
        file.add(key, value)
    file.add("adapter.lora.alpha", 8.0)
    file.tensor("blk.0.attn_q.weight.lora_a", [2, 32])
    file.tensor("blk.0.attn_q.weight.lora_b", [64, 2])
    yield file.bytes() + bytes(file.end)


def tokenizers():
    yield (TESTS / "QwenTokenizerTests" / "Fixtures" / "small_tokenizer.json").read_bytes()
    small = json.loads((TESTS / "QwenTokenizerTests" / "Fixtures" / "small_tokenizer.json").read_text())
    vocab = {token: position for position, token in enumerate(["a", "b", "c", "ab", "abc", "Ġ", "ĠH", "H", "Ã", "¤"])}
    for merges in (["a b", "ab c", "Ġ H"], [["a", "b"], ["ab", "c"]]):
        small["model"] |= dict(vocab=vocab, merges=merges)
        small["added_tokens"] = [dict(id=10, content="<|im_start|>", special=True, normalized=False)]
        yield json.dumps(small).encode()


def outputs():
    texts = [
        "<think>\nHm.\n</think>\n\nYes.", "Plain text.", "<think>\n\n</think>\n\nNo.<|im_end|>", "a <think> b </think>",
        '<tool_call>\n{"name": "weather", "arguments": {"city": "Paris", "days": 2}}\n</tool_call>',
        '<tool_call>\n{"name": "f", "arguments": {}}\n</tool_call>\n<tool_call>\n{"name": "g", "arguments": {"x": [1.50]}}',
        '<tool_call>\n{"arguments": {"a": "</tool_call>"}, "name": "f"}\n</tool_call> after',
        "<tool_call>\n<function=weather>\n<parameter=city>\nParis\n</parameter>\n<parameter=days>\n2\n</parameter>\n"
        "</function>\n</tool_call>",
        "<tool_call><function=f></function></tool_call>", "<tool_call>\nnonsense\n</tool_call>\n", "é\u0301\r\n\U0001f469",
    ]  # fmt: skip
    for number, text in enumerate(texts):
        for first in (0, 1, 10, 12):
            yield bytes([first, number]) + text.encode()


def constraints():
    lines = (TESTS / "QwenSchemaTests" / "Fixtures" / "validation_cases.jsonl").read_text().splitlines()
    for line in lines[:: max(1, len(lines) // 200)]:
        case = json.loads(line)
        yield json.dumps(case["schema"]).encode() + b"\0" + json.dumps(case["value"]).encode()
    schemas = [
        dict(type="object", properties=dict(a=dict(type="integer", minimum=-5, maximum=1000), b=dict(enum=["x", 1, None]))),
        {"$defs": {"t": {"type": "array", "items": {"$ref": "#/$defs/t"}}}, "$ref": "#/$defs/t"},
        dict(anyOf=[dict(type="string", pattern="^a+$"), dict(type="number", multipleOf=0.5)]),
        dict(type="array", prefixItems=[dict(const=1)], minItems=1, maxItems=3, uniqueItems=True),
        dict(type="string", format="date-time", minLength=2, maxLength=40),
        dict(allOf=[dict(required=["a"]), {"not": dict(required=["b"])}], patternProperties={"^x": dict(type="null")}),
    ]  # fmt: skip
    for schema in schemas:
        yield json.dumps(schema).encode() + b'\0{"a":1}'
    for pattern in [r"(a+)+b", r"[^\d\s]{2,5}|\u00e9", r"^(?:foo|ba[rz])*$", r"\p{L}+(?=x)", r"(?<n>a)\k<n>", r"\w{0,1000000000}"]:
        yield b"/" + pattern.encode() + b"\0" + b"aab"
    grammars = [
        'root ::= term (("+" | "-") term)* # sum\nterm ::= number | "(" root ")"\nnumber ::= [0-9]+ ("." [0-9]{1,2})?\0(1+2)-3.5',
        'root ::= "a" root "b" | ""\0aabb', 'root ::= "\\x41" [^a-z\\u00e9]{2,} ("x"?){3}\0ABC',
    ]  # fmt: skip
    for grammar in grammars:
        yield b"=" + grammar.encode()


def templates():
    tools = '{{- "return a json object with function name and arguments within <tool_call></tool_call> XML tags:\\n<tool_call>\\n" }}'
    parts = [
        "{% if message.content is string %}<|im_start|>", "<|im_end|>", "last_query_index", "enable_thinking is false",
        "'<think>\\n\\n</think>\\n\\n'", "'<|im_start|>assistant\\n'",
    ]  # fmt: skip
    yield (tools + "".join(parts)).encode()
    yield "".join(parts[:2] + parts[-1:]).encode()
    yield b"<tool_call>\\n<function=example_function_name>\\n<parameter=example_parameter_1>\\n<|im_start|><|im_end|>"
    config = TESTS.parent / "Sources" / "CQwenEmbedded" / "checkpoint" / "tokenizer_config.json"
    yield json.loads(config.read_text())["chat_template"].encode()


def texts():
    for case in json.loads((TESTS / "QwenJSONTests" / "Fixtures" / "python_dumps.json").read_text())[::20]:
        yield case["text"].encode()
    # Other people's suite, where it lies beside the repository.
    oracle = pathlib.Path(os.environ.get("QWEN_ORACLE", TESTS.parent.parent / "shared" / "oracle"))
    for path in sorted((oracle / "data" / "json-test-suite").glob("**/*.json")):
        yield path.read_bytes()
    yield b'{"a":[1,-0.5e+10,"\\ud83d\\ude00\\u0000",true,false,null,{}],"b":{"c":""}}'


def main():
    folder = pathlib.Path(sys.argv[1])
    inputs = dict(
        json=texts(), safetensors=safetensors(), gguf=gguf(), tokenizer=tokenizers(), adapter=adapters(), output=outputs(),
        constraint=constraints(), template=templates(),
        checkpoint=(b"\0" + config + b'\0{"eos_token_id":[1]}\0' + text for _, config, text in checkpoints()),
    )  # fmt: skip
    for target, seeds in inputs.items():
        (folder / target).mkdir(parents=True, exist_ok=True)
        for number, seed in enumerate(seeds):
            if len(seed) <= LONGEST:
                (folder / target / f"{number:03}").write_bytes(seed)


if __name__ == "__main__":
    main()
