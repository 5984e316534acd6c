#!/usr/bin/env python3
"""Write the answers that Hugging Face transformers gives on the embedded checkpoint, as golden.json beside this script.

Needs torch, transformers, jinja2 and safetensors. Computed in float32 from the stored bfloat16 values, as the engine does, so
that only the order of sums differs.

cases[i].messages, tools, enable_thinking, add_generation_prompt    what apply_chat_template was given
cases[i].input_ids      its ids
cases[i].logits_last    every logit at the prompt's last position
cases[i].greedy         the ids that greedy decoding appends, up to and with the token that ends the turn
cases[i].text           their text, without that token
cases[i].nll            the mean negative log-likelihood of input_ids[1:], in nats
cases[i].min_margin     the smallest gap between the best and the second logit on the greedy path
"""
import json
import pathlib

import torch
from transformers import AutoTokenizer, Qwen3ForCausalLM

HERE = pathlib.Path(__file__).parent
CHECKPOINT = HERE / "../../../Sources/CQwenEmbedded/checkpoint"
MOST_TOKENS = 200

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Get the weather in a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


def user(text):
    return {"role": "user", "content": text}


CASES = [
    ([user("Start with 47. Add 38. Subtract 9.")], None, True),
    ([user("Start with 47. Add 38. Subtract 9.")], None, False),
    ([user("从12开始，加30，乘3，减7，只留最后两位。")], None, True),
    ([user("What is 47 times 38?")], None, True),
    ([user("Who are you?")], None, False),
    ([user("Ada is 36 years old and lives in Paris. Give name and age as JSON.")], None, False),
    ([{"role": "system", "content": "Be brief."}, user("What is the weather in Paris?")], [WEATHER], True),
    (
        [
            user("What is the weather in Paris?"),
            {
                "role": "assistant",
                "content": "",
                "tool_calls": [{"type": "function", "function": {"name": "get_weather", "arguments": {"city": "Paris"}}}],
            },
            {"role": "tool", "content": '{"weather": "sunny", "temperature": 21}'},
        ],
        [WEATHER],
        False,
    ),
    # Two turns and something it was not trained on.
    ([user("Who are you?"), {"role": "assistant", "content": "A model."}, user("naïve 🙂 \t  Größe…")], None, True),
]


def answer(model, ids):
    """The last logits, the greedy path and its smallest margin, the likelihood of the prompt."""
    tokens, greedy, margin = torch.tensor([ids]), [], float("inf")
    with torch.no_grad():
        logits = model(tokens).logits[0]
        nll = torch.nn.functional.cross_entropy(logits[:-1], tokens[0, 1:]).item()
        last = logits[-1]
        step = last
        while len(greedy) < MOST_TOKENS:
            best = torch.topk(step, 2).values
            margin = min(margin, (best[0] - best[1]).item())
            greedy.append(step.argmax().item())
            if greedy[-1] == model.config.eos_token_id:
                break
            step = model(torch.tensor([ids + greedy])).logits[0, -1]
    return last.tolist(), greedy, margin, nll


def main():
    torch.manual_seed(0)
    model = Qwen3ForCausalLM.from_pretrained(CHECKPOINT, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(CHECKPOINT)
    cases = []
    for messages, tools, thinking in CASES:
        text = tokenizer.apply_chat_template(
            messages, tools=tools, enable_thinking=thinking, add_generation_prompt=True, tokenize=False
        )
        ids = tokenizer(text, add_special_tokens=False).input_ids
        last, greedy, margin, nll = answer(model, ids)
        output = tokenizer.decode(greedy[:-1], skip_special_tokens=False)
        print(f"{margin:7.3f}", repr(output))
        cases.append(
            {
                "messages": messages,
                "tools": tools or [],
                "enable_thinking": thinking,
                "add_generation_prompt": True,
                "input_ids": ids,
                "logits_last": [float(f"{x:.6g}") for x in last],
                "greedy": greedy,
                "text": output,
                "nll": nll,
                "min_margin": margin,
            }
        )
    lines = ",\n".join(json.dumps(case, ensure_ascii=False, separators=(",", ":")) for case in cases)
    (HERE / "golden.json").write_text('{"cases":[\n' + lines + "\n]}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
