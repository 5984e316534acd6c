"""Random JSON Schemas, answered by a hot model and judged by somebody else's validator.

    swift build -c release --package-path Examples --product qwen
    pip install "jsonschema[format]"
    python3 Tests/Structured/random_schemas.py [--count 200] [--seed 7] [--temperature 1.5] [-- MORE FLAGS OF qwen generate]

Every answer must parse and satisfy its schema, in Python's jsonschema with formats asserted. Numbers are compared as exact
decimals: in binary floats 0.3 is no multiple of 0.1. Python's datetime begins with the year 1, and RFC 3339 with the year 0,
so that another leap year stands for it. A schema may be refused, as one that cannot be enforced, instead.
"""

import argparse
import decimal
import json
import pathlib
import random
import subprocess
import sys

import jsonschema

NAMES = ["id", "name", "nickname", "na", "age", "tags", "ref", "x-y", "größe", "is_ok"]
PROMPTS = ["Give me the data.", "Start with 12. Multiply by 7.", "Hello!", "Describe a person as JSON."]
PATTERNS = [r"^[A-Z]{2,5}$", r"^\d{3}-\d{4}$", "^(cat|dog|bird)s?$", "^[a-f0-9]{8}$", "^x[^y]{0,5}y$"]
VALUES = ["red", "green", "blue", "re", 1, 2.5, None, True, [1, 2], {"a": "b"}]
CONSTANTS = ['a"b\\c', "é😀", 0, -1.5, False, "\n\t"]


def scalar():
    low = random.randint(-999, 999)
    return random.choice(
        [
            lambda: {"type": "string", "maxLength": random.randint(0, 12)},
            lambda: {"type": "string", "minLength": random.randint(1, 4), "maxLength": random.randint(4, 20)},
            lambda: {"type": "integer", "minimum": low, "maximum": low + random.randint(0, 5000)},
            lambda: {"type": "integer", "minimum": 0, "maximum": 10000, "multipleOf": random.choice([2, 3, 5, 7, 10, 25])},
            lambda: {"type": "number", "multipleOf": random.choice([0.25, 0.1, 0.125, 0.01]), "exclusiveMinimum": -50, "maximum": 1000},
            lambda: {"type": "number", "minimum": low},
            lambda: {"type": "boolean"},
            lambda: {"enum": random.sample(VALUES, random.randint(1, 5))},
            lambda: {"type": "string", "pattern": random.choice(PATTERNS)},
            lambda: {"type": "string", "format": random.choice(["date", "time", "date-time", "uuid", "ipv4", "ipv6"])},
            lambda: {"type": ["null", "boolean"]},
            lambda: {"const": random.choice(CONSTANTS)},
        ]
    )()


def schema(depth):
    kind = random.random()
    if depth <= 0 or kind < 0.55:
        return scalar()
    if kind < 0.70:
        array = {"type": "array", "items": schema(depth - 1), "minItems": random.randint(0, 2), "maxItems": random.randint(2, 4)}
        if random.random() < 0.2:
            array["uniqueItems"] = True
        return array
    if kind < 0.76:
        places = [schema(depth - 1) for _ in range(random.randint(1, 3))]
        return {"type": "array", "prefixItems": places, "items": False, "minItems": 1}
    if kind < 0.84:
        return {random.choice(["anyOf", "oneOf"]): [schema(depth - 1) for _ in range(random.randint(2, 3))]}
    names = random.sample(NAMES, random.randint(1, 5))
    required = [name for name in names if random.random() < 0.6]
    properties = {name: schema(depth - 1) for name in names}
    object = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    extra = random.random()
    if extra < 0.10:
        object["dependentRequired"] = {names[0]: [names[-1]]}
    elif extra < 0.20:
        object["minProperties"] = 1
    elif extra < 0.30:
        object["maxProperties"] = max(len(required), 2)
    elif extra < 0.38:
        object["patternProperties"] = {"^z[0-9]$": schema(depth - 1)}
        object["maxProperties"] = len(names) + 2
    elif extra < 0.44:
        object["if"] = {"properties": {names[0]: {"type": "string"}}, "required": [names[0]]}
        object["then"] = {"required": [names[-1]]}
    return object


def whole_schema():
    while True:
        result = schema(3)
        if result.get("type") == "object" or random.random() < 0.15:
            return result


def exact(text):
    return json.loads(text, parse_float=decimal.Decimal)


def formats_with_year_zero():
    original = jsonschema.Draft202012Validator.FORMAT_CHECKER
    formats = jsonschema.FormatChecker(())
    formats.checkers = dict(original.checkers)
    for name in ["date", "date-time"]:
        check, raises = original.checkers[name]

        def shifted(value, check=check):
            return check("0004" + value[4:] if isinstance(value, str) and value.startswith("0000") else value)

        formats.checkers[name] = (shifted, raises)
    return formats


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--temperature", type=float, default=1.5)
    parser.add_argument("--qwen", default=pathlib.Path(__file__).parents[2] / "Examples/.build/release/qwen")
    parser.add_argument("flags", nargs="*", help="for qwen generate, behind --")
    options = parser.parse_args()

    random.seed(options.seed)
    requests = [json.dumps({"schema": whole_schema(), "prompt": random.choice(PROMPTS)}) for _ in range(options.count)]
    command = [options.qwen, "generate", "--jsonl", "--temperature", str(options.temperature), "--seed", str(options.seed)]
    command += ["--thinking", "off"] + options.flags
    output = subprocess.run(command, input="\n".join(requests) + "\n", stdout=subprocess.PIPE, text=True).stdout

    formats = formats_with_year_zero()
    counts = dict.fromkeys(["valid", "refused", "cut off", "wrong"], 0)
    answers = output.splitlines()
    assert len(answers) == len(requests), f"{len(answers)} answers to {len(requests)} requests"
    for request, line in zip(requests, answers):
        schema = exact(request)["schema"]
        answer = json.loads(line)
        problem = ""
        if "error" in answer:
            verdict = "refused" if "cannot be enforced" in answer["error"] else "wrong"
            problem = answer["error"]
        elif answer["finishReason"] != "stop":
            verdict = "cut off"
        else:
            try:
                jsonschema.Draft202012Validator(schema, format_checker=formats).validate(exact(answer["text"]))
                verdict = "valid"
            except (json.JSONDecodeError, jsonschema.ValidationError) as error:
                verdict = "wrong"
                problem = str(error).splitlines()[0]
        counts[verdict] += 1
        if verdict != "valid":
            print(f"{verdict}: {problem}\n  schema: {json.loads(request)['schema']}\n  answer: {answer.get('text')}")
    print(", ".join(f"{count} {verdict}" for verdict, count in counts.items()))
    return 1 if counts["wrong"] or counts["cut off"] or counts["refused"] * 20 > options.count else 0


if __name__ == "__main__":
    sys.exit(main())
