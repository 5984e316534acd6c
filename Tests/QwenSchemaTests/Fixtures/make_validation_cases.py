"""Schemas, values, and what Python's jsonschema says to them: one JSON object a line.

pip install jsonschema; python3 make_validation_cases.py > validation_cases.jsonl
"""

import json
import random

from jsonschema import Draft202012Validator

rng = random.Random(4)
KEYS = ["a", "b", "c", "a/b", "~d"]


def value(depth=0):
    kind = rng.randrange(9 if depth < 3 else 6)
    if kind == 0:
        return None
    if kind == 1:
        return rng.random() < 0.5
    if kind == 2:
        return rng.choice([0, 1, 2, 3, -4, 7, 10, 100, 12345678901234567890])
    if kind == 3:
        return rng.choice([0.0, 1.0, 1.5, -2.5, 3.25, 1e3])
    if kind in (4, 5):
        return rng.choice(["", "a", "abc", "é", "🧑‍🚀", "x1", "2024-01-01", "null", "1"])
    if kind in (6, 7):
        return {key: value(depth + 1) for key in rng.sample(KEYS, rng.randrange(4))}
    return [value(depth + 1) for _ in range(rng.randrange(4))]


TYPES = ["null", "boolean", "integer", "number", "string", "array", "object"]


def schema(depth=0):
    if rng.random() < 0.05:
        return depth > 0 or rng.random() < 0.7  # the reference places a nested false at its parent
    made = {}
    if rng.random() < 0.7:
        made["type"] = rng.choice(TYPES) if rng.random() < 0.8 else rng.sample(TYPES, 2)
    for _ in range(rng.randrange(1, 4)):
        keyword = rng.choice(["number", "string", "array", "object", "enum", "any", "ref"] if depth < 3 else ["number", "string"])
        if keyword == "number":
            name = rng.choice(["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"])
            made[name] = rng.choice([1, 2, 3, 0.5, 1.5] if name == "multipleOf" else [0, 1, 2.5, -3, 12345678901234567891])
        elif keyword == "string":
            name = rng.choice(["minLength", "maxLength", "pattern"])
            made[name] = rng.choice(["^a", "[0-9]", "^\\d{4}-\\d{2}-\\d{2}$", "b|x"]) if name == "pattern" else rng.randrange(4)
        elif keyword == "array":
            name = rng.choice(["items", "minItems", "maxItems", "uniqueItems", "prefixItems", "contains"])
            made[name] = {"items": lambda: schema(depth + 1), "contains": lambda: schema(depth + 1),
                          "prefixItems": lambda: [schema(depth + 1) for _ in range(2)], "uniqueItems": lambda: True,
                          }.get(name, lambda: rng.randrange(4))()
        elif keyword == "object":
            made["properties"] = {key: schema(depth + 1) for key in rng.sample(KEYS, rng.randrange(1, 4))}
            name = rng.choice(["required", "additionalProperties", "minProperties", "maxProperties", "propertyNames",
                               "patternProperties", "dependentRequired"])
            made[name] = {"required": lambda: rng.sample(KEYS, rng.randrange(1, 3)),
                          "additionalProperties": lambda: rng.choice([False, schema(depth + 1)]),
                          "propertyNames": lambda: {"maxLength": 2}, "patternProperties": lambda: {"^a": schema(depth + 1)},
                          "dependentRequired": lambda: {"a": ["b"]}}.get(name, lambda: rng.randrange(3))()
        elif keyword == "enum":
            if rng.random() < 0.5:
                made["enum"] = [value(2) for _ in range(3)]
            else:
                made["const"] = value(2)
        elif keyword == "any":
            name = rng.choice(["anyOf", "oneOf", "allOf", "not", "if"])
            if name == "not":
                made[name] = schema(depth + 1)
            elif name == "if":
                made |= {"if": schema(depth + 1), "then": schema(depth + 1), "else": schema(depth + 1)}
            else:
                made[name] = [schema(depth + 1) for _ in range(2)]
        else:
            made["$ref"] = "#/$defs/" + rng.choice(["text", "~0d~1"])
    if depth == 0:
        made["$defs"] = {"text": {"type": "string", "maxLength": 3}, "~d/": {"type": ["integer", "null"]}}
    return made


def pointer(path):
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


valid = invalid = 0
while valid < 200 or invalid < 300:
    one, instance = schema(), value()
    errors = sorted({pointer(error.absolute_path) for error in Draft202012Validator(one).iter_errors(instance)})
    if errors and invalid >= 300 or not errors and valid >= 200:
        continue
    valid, invalid = (valid, invalid + 1) if errors else (valid + 1, invalid)
    print(json.dumps({"schema": one, "value": instance, "pointers": errors}, ensure_ascii=False))
