"""The hybrid Qwen3 chat format as a function: messages and tools to the text the model reads.

`python3 template.py CASES.jsonl` compares it with reference renders (one JSON object a line:
template, input, enable_thinking, ok, text).
"""

import json
import sys

EARLY_STOP = (
    "\n\nConsidering the limited time by the user, I have to give the solution based on the thinking directly now."
    "\n</think>\n\n"
)
"""What Qwen's documentation appends to a trace that used up its thinking budget."""

EMPTY_THINK = "<think>\n\n</think>\n\n"

TOOLS_HEAD = (
    "# Tools\n\nYou may call one or more functions to assist with the user query.\n\n"
    "You are provided with function signatures within <tools></tools> XML tags:\n<tools>"
)
TOOLS_TAIL = (
    "\n</tools>\n\nFor each function call, return a json object with function name and arguments within "
    "<tool_call></tool_call> XML tags:\n<tool_call>\n"
    '{"name": <function-name>, "arguments": <args-json-object>}\n</tool_call>'
)


def dumps(value) -> str:
    return json.dumps(value, ensure_ascii=False)


def tool_calls(calls: list[dict]) -> str:
    """Calls in Hermes form; each is {"name", "arguments"}."""
    blocks = []
    for call in calls:
        arguments = call["arguments"] if isinstance(call["arguments"], str) else dumps(call["arguments"])
        blocks.append(f'<tool_call>\n{{"name": "{call["name"]}", "arguments": {arguments}}}\n</tool_call>')
    return "\n".join(blocks)


def is_query(message: dict) -> bool:
    content = message["content"]
    wrapped = isinstance(content, str) and content.startswith("<tool_response>") and content.endswith("</tool_response>")
    return message["role"] == "user" and isinstance(content, str) and not wrapped


def render(messages: list[dict], tools: list[dict] | None = None, thinking: bool | None = None, prompt: bool = True):
    """The conversation as text, ending in the assistant's header where `prompt` is true.

    `thinking=False` is the hard switch: an empty think block is part of the prompt. True and None add nothing.
    """
    out, first = [], messages[0]
    system = first["content"] if first["role"] == "system" else None
    if tools:
        head = f"{system}\n\n" if system is not None else ""
        listed = "".join("\n" + dumps(tool) for tool in tools)
        out.append(f"<|im_start|>system\n{head}{TOOLS_HEAD}{listed}{TOOLS_TAIL}<|im_end|>\n")
    elif system is not None:
        out.append(f"<|im_start|>system\n{system}<|im_end|>\n")
    queries = [index for index, message in enumerate(messages) if is_query(message)]
    last_query = queries[-1] if queries else len(messages) - 1
    for index, message in enumerate(messages):
        role, content = message["role"], message.get("content")
        content = content if isinstance(content, str) else ""
        if role == "user" or (role == "system" and index > 0):
            out.append(f"<|im_start|>{role}\n{content}<|im_end|>\n")
        elif role == "assistant":
            reasoning = message.get("reasoning_content")
            if not isinstance(reasoning, str):
                reasoning = ""
                if "</think>" in content:
                    reasoning = content.split("</think>")[0].rstrip("\n").split("<think>")[-1].lstrip("\n")
                    content = content.split("</think>")[-1].lstrip("\n")
            if index > last_query and (index == len(messages) - 1 or reasoning):
                content = "<think>\n" + reasoning.strip("\n") + "\n</think>\n\n" + content.lstrip("\n")
                started = True
            else:
                started = bool(content)
            calls = [call.get("function", call) for call in message.get("tool_calls") or []]
            # The published template writes the line break before a first call only after content.
            gap = "\n" if calls and started and message.get("content") else ""
            out.append(f"<|im_start|>assistant\n{content}{gap}{tool_calls(calls)}<|im_end|>\n")
        elif role == "tool":
            opens = index == 0 or messages[index - 1]["role"] != "tool"
            closes = index == len(messages) - 1 or messages[index + 1]["role"] != "tool"
            out.append("<|im_start|>user" if opens else "")
            out.append(f"\n<tool_response>\n{content}\n</tool_response>")
            out.append("<|im_end|>\n" if closes else "")
    if prompt:
        out.append("<|im_start|>assistant\n" + (EMPTY_THINK if thinking is False else ""))
    return "".join(out)


def check(path: str) -> None:
    same = different = 0
    with open(path, encoding="utf-8") as lines:
        for case in map(json.loads, lines):
            if case["template"] != "hybrid" or not case["ok"]:
                continue
            i = case["input"]
            text = render(i["messages"], i.get("tools"), case["enable_thinking"], i.get("add_generation_prompt", True))
            if text == case["text"]:
                same += 1
            else:
                different += 1
                print(f"differs: {case['case']} {case['enable_thinking']}\n{text!r}\n{case['text']!r}")
    print(f"{same} renders equal, {different} differ")
    sys.exit(different > 0)


if __name__ == "__main__":
    check(sys.argv[1])
