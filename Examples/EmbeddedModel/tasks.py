"""The training and held-out items: what is asked, the trace, the answer.

Every generator takes a random source and gives an `Item`. An item's `key` says what it asks, free of the wording:
training skips an item whose key is among the held-out ones.
"""

import json
import random
from dataclasses import dataclass, field

import words
from template import dumps, tool_calls


@dataclass
class Item:
    task: str
    key: tuple
    messages: list[dict]
    trace: str  # what stands between <think> and </think>, without the line breaks at its ends
    answer: str  # the assistant's turn after the thinking, tool calls written out
    tools: list[dict] = field(default_factory=list)
    steps: int = 0  # operations of a running sum, else 0


def user(text: str) -> dict:
    return {"role": "user", "content": text}


# Running arithmetic ---------------------------------------------------------------------------------------------------

FORMS = {
    "en": [
        ("Start with {}.", {"+": " Add {}.", "-": " Subtract {}.", "*": " Multiply by {}."}),
        ("Start with {}", {"+": ", add {}", "-": ", subtract {}", "*": ", multiply by {}"}),
        ("Take {}", {"+": ", plus {}", "-": ", minus {}", "*": ", times {}"}),
    ],
    "zh": [
        ("从{}开始", {"+": "，加{}", "-": "，减{}", "*": "，乘{}"}),
        ("从{}开始", {"+": "，再加{}", "-": "，再减{}", "*": "，再乘以{}"}),
    ],
}
CLOSINGS = {
    "en": ["Keep the last two digits.", "Keep only the last two digits.", "Give the last two digits."],
    "zh": ["只留最后两位。", "保留最后两位。"],
}


def operations(rng: random.Random, steps: int) -> tuple[int, list[tuple[str, int]]]:
    """A start and `steps` operations; the running value stays within 0…99 and never has to go below zero."""
    start = value = rng.randint(1, 99)
    chosen = []
    for _ in range(steps):
        sign = rng.choice("+-*" if value else "+")
        operand = rng.randint(2, 9) if sign == "*" else rng.randint(1, value if sign == "-" else 99)
        chosen.append((sign, operand))
        value = apply(value, sign, operand) % 100
    return start, chosen


def apply(value: int, sign: str, operand: int) -> int:
    return value + operand if sign == "+" else value - operand if sign == "-" else value * operand


def running(rng: random.Random, steps: int, language: str | None = None) -> Item:
    """A running sum: the trace writes each operation as an equation and, past 99, the last two digits."""
    language = language or ("zh" if rng.random() < 0.3 else "en")
    start, chosen = operations(rng, steps)
    opening, verbs = rng.choice(FORMS[language])
    text = opening.format(start) + "".join(verbs[sign].format(operand) for sign, operand in chosen)
    if language == "zh":
        text += "，" + rng.choice(CLOSINGS[language])
    else:
        text += (" " if text.endswith(".") else ". ") + rng.choice(CLOSINGS[language])
    lines, value = [], start
    for sign, operand in chosen:
        result = apply(value, sign, operand)
        kept = f",{result % 100}" if result > 99 else ""
        lines.append(f"{value}{sign}{operand}={result}{kept}")
        value = result % 100
    answer = f"结果是{value}。" if language == "zh" else f"The result is {value}."
    return Item("running", ("running", start, *chosen), [user(text)], "\n".join(lines), answer, steps=steps)


def single(rng: random.Random, language: str | None = None) -> Item:
    """One operation asked for by itself; nothing is cut off the result."""
    language = language or ("zh" if rng.random() < 0.3 else "en")
    start, [(sign, operand)] = operations(rng, 1)
    result = apply(start, sign, operand)
    shown = {"+": "+", "-": "-", "*": rng.choice("*×")}[sign]
    word = {"+": "plus", "-": "minus", "*": "times"}[sign]
    if language == "zh":
        word = {"+": "加", "-": "减", "*": "乘"}[sign]
        text = rng.choice([f"{start}{word}{operand}是多少？", f"{start}{shown}{operand}等于多少？"])
    else:
        text = rng.choice([f"What is {start} {word} {operand}?", f"What is {start} {shown} {operand}?", f"{start}{shown}{operand}=?"])
    answer = f"结果是{result}。" if language == "zh" else f"The result is {result}."
    return Item("single", ("single", start, sign, operand), [user(text)], f"{start}{sign}{operand}={result}", answer)


# Products -------------------------------------------------------------------------------------------------------------


def column_sum(a: int, b: int) -> str:
    """The sum of two numbers digit by digit from the right, carries written out."""
    parts, carry = [], 0
    while a or b:
        x, y = a % 10, b % 10
        total = x + y + carry
        parts.append(f"{x}+{y}+{carry}={total}")
        a, b, carry = a // 10, b // 10, total // 10
    return ",".join(parts)


def product(rng: random.Random, language: str | None = None) -> Item:
    """A product of two numbers of two digits by partial products."""
    language = language or ("zh" if rng.random() < 0.3 else "en")
    a, b = rng.randint(11, 99), rng.randint(11, 99)
    tens, ones = b // 10 * 10, b % 10
    if language == "zh":
        text = rng.choice(["{}乘以{}是多少？", "{}乘{}等于多少？"]).format(a, b)
    else:
        text = rng.choice(["What is {} times {}?", "Compute {} × {}.", "How much is {} times {}?"]).format(a, b)
    high, low = a * tens, a * ones
    lines = [f"{b}={tens}+{ones}", f"{a}*{tens}={high}", f"{a}*{ones}={low}"]
    if low:
        lines += [column_sum(high, low), f"{high}+{low}={high + low}"]
    answer = f"结果是{a * b}。" if language == "zh" else f"The result is {a * b}."
    return Item("product", ("product", a, b), [user(text)], "\n".join(lines), answer)


# Extraction to JSON ---------------------------------------------------------------------------------------------------


def compact(value) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def joined(keys: list[str], word: str) -> str:
    return keys[0] if len(keys) == 1 else ", ".join(keys[:-1]) + f" {word} " + keys[-1]


def extraction(rng: random.Random, language: str | None = None) -> Item:
    """Named fields out of one sentence, as compact JSON in the order they were asked for."""
    language = language or ("zh" if rng.random() < 0.3 else "en")
    kind = rng.choice(("person", "order", "event"))
    if language == "zh":
        if kind == "person":
            values = {"name": words.zh_person(rng), "age": rng.randint(1, 99), "city": rng.choice(words.ZH_CITIES)}
            forms = ["{name}今年{age}岁，住在{city}。", "我叫{name}，{age}岁，来自{city}。", "{name}住在{city}，今年{age}岁。"]
        elif kind == "order":
            values = {"item": rng.choice(words.ZH_ITEMS), "count": rng.randint(1, 99), "price": rng.randint(1, 999)}
            forms = ["我要{count}个{item}，一共{price}元。", "{item}{count}个，总价{price}元。", "买了{count}个{item}，花了{price}元。"]
        else:
            time = f"{rng.randint(0, 23)}:{rng.choice((0, 15, 30, 45)):02d}"
            values = {"title": rng.choice(words.ZH_EVENTS), "day": rng.choice(words.ZH_DAYS), "time": time}
            forms = ["{title}在{day}{time}。", "{day}{time}有{title}。"]
        text = rng.choice(forms).format(**values)
        keys = pick(rng, list(values))
        ask = rng.choice(["把{}提取成JSON：{}", "用JSON给出{}：{}"]).format("、".join(keys), text)
        trace = "要的字段：" + "、".join(keys) + "。"
    else:
        if kind == "person":
            values = {"name": words.person(rng), "age": rng.randint(1, 99), "city": words.city(rng)}
            forms = [
                "{name} is {age} years old and lives in {city}.",
                "My name is {name}, I am {age} and I live in {city}.",
                "{name} from {city} is {age}.",
                "In {city} lives {name}, aged {age}.",
            ]
        elif kind == "order":
            values = {"item": rng.choice(words.ITEMS), "count": rng.randint(1, 99), "price": rng.randint(1, 999)}
            forms = [
                "I would like {count} {item} for {price} dollars.",
                "{count} {item} cost {price} dollars.",
                "For {price} dollars she bought {count} {item}.",
            ]
        else:
            time = f"{rng.randint(0, 23)}:{rng.choice((0, 15, 30, 45)):02d}"
            values = {"title": rng.choice(words.EVENTS), "day": rng.choice(words.DAYS), "time": time}
            forms = [
                "{title} on {day} at {time}.",
                "The {title} is on {day} at {time}.",
                "On {day} at {time} there is the {title}.",
            ]
        text = rng.choice(forms).format(**values)
        keys = pick(rng, list(values))
        asks = ["Extract {} as JSON: {}", "Give {} as JSON.\n{}", "Extract {} as JSON.\n\n{}", "{1}\nExtract {0} as JSON."]
        ask = rng.choice(asks).format(joined(keys, "and"), text)
        trace = "Fields: " + ", ".join(keys) + "."
    answer = compact({key: values[key] for key in keys})
    return Item("json", ("json", text, *keys), [user(ask)], trace, answer)


def pick(rng: random.Random, keys: list[str]) -> list[str]:
    """Mostly all keys in their order; sometimes fewer, sometimes shuffled."""
    if rng.random() < 0.4:
        keys = rng.sample(keys, rng.randint(1, len(keys)))
    return keys


# Talk about itself, refusals ------------------------------------------------------------------------------------------

TALK = [
    (["Hello!", "Hi", "Hi there!", "Good morning", "Hey", "Hello"], "Hello! I can do sums step by step, call tools and write JSON. What shall we try?"),
    (["Who are you?", "What are you?", "What is your name?", "Tell me about yourself.", "Introduce yourself."],
     "I am the small demonstration model of swift-qwen. I think step by step, call tools and write JSON."),
    (["What can you do?", "How can you help me?", "What are you good at?", "What are your skills?", "Help"],
     "I can do running sums and products, call the tools you give me, and pull fields out of a text as JSON, in English and Chinese."),
    (["What can you not do?", "What are your limits?", "What are you bad at?"],
     "I know nothing about the world. I cannot write stories, translate or look things up without a tool."),
    (["How big are you?", "How many parameters do you have?", "What is your size?", "Are you a large model?"],
     "I have about three and a half million parameters, a few megabytes. I am very small."),
    (["Who made you?", "Where do you come from?", "Who trained you?", "How were you made?"],
     "I was trained from scratch for the swift-qwen package on text made by a program."),
    (["Are you Qwen?", "Are you a real Qwen model?", "Are you Qwen3?"],
     "No. I have the architecture of Qwen3, but I am a tiny model of my own. Load a Qwen checkpoint for real work."),
    (["Where do you run?", "Do you need the internet?", "Do you need a server?", "Do you need a GPU?"],
     "I run on your own processor, in Swift. I need no server, no network and no GPU."),
    (["How do you think?", "What is thinking?", "Why do you think first?"],
     "I write the steps between think tags first. It makes me right where a direct answer would be a guess."),
    (["What languages do you speak?", "Do you speak Chinese?", "Which languages do you know?"],
     "A little English and a little Chinese."),
    (["Thank you!", "Thanks", "Thanks a lot!", "Great, thank you."], "You are welcome!"),
    (["Goodbye", "Bye", "See you!", "Good night"], "Goodbye!"),
    (["How are you?", "How do you do?", "Are you well?"], "I am fine, thank you. Shall we do a sum?"),
]
ZH_TALK = [
    (["你好", "你好！", "早上好", "您好"], "你好！我会一步一步算数、调用工具、写JSON。想试什么？"),
    (["你是谁？", "你叫什么？", "介绍一下你自己。"], "我是swift-qwen的小型演示模型，会一步一步思考、调用工具、写JSON。"),
    (["你会什么？", "你能做什么？", "你能帮我什么？"], "我会连续算数和乘法，会调用你给的工具，会把文字里的字段写成JSON。"),
    (["你不会什么？", "你不能做什么？"], "我不懂世界上的事，不会写故事、不会翻译，没有工具就查不到东西。"),
    (["你有多大？", "你有多少参数？"], "我大约有三百五十万个参数，只有几兆大小，非常小。"),
    (["谁做的你？", "你从哪里来？"], "我是为swift-qwen从头训练的，用的是程序生成的文字。"),
    (["你是Qwen吗？"], "不是。我用Qwen3的结构，但只是一个很小的模型。"),
    (["谢谢", "谢谢你！", "多谢"], "不客气！"),
    (["再见", "晚安"], "再见！"),
]
CANNOT = "That is beyond me. I can do sums step by step, call tools and write JSON."
ZH_CANNOT = "这个我不会。我会一步一步算数、调用工具、写JSON。"
CANNOT_ASKS = [
    "Write a poem about {}.", "Write a story about {}.", "Tell me about {}.", "What is {}?", "Who is {}?", "Where is {}?",
    "Translate {} into French.", "What is the capital of {}?", "Who wrote {}?", "Draw {}.", "Tell me a joke about {}.",
    "Explain {}.", "Why is {} important?", "Give me a recipe for {}.", "What happened in {}?", "Write code for {}.",
    "Do you like {}?", "Summarize {}.", "How do I make {}?", "Recommend a book about {}.",
]
TOPICS = (
    "love;the sea;history;the moon;a cat;music;football;the weather;spring;Einstein;France;Germany;physics;coffee;bread;"
    "soup;a dragon;the war;rain;my dog;chess;the stars;art;a tree;Hamlet;cars;the economy;trains;Mars;tea;snow;Python"
).split(";")
ZH_CANNOT_ASKS = ["写一首关于{}的诗。", "讲一个{}的故事。", "{}是什么？", "介绍一下{}。", "为什么{}很重要？", "怎么做{}？", "{}在哪里？", "翻译{}。"]
ZH_TOPICS = "大海 月亮 历史 音乐 春天 爱情 足球 咖啡 面包 火车 星星 中国 法国 猫 茶 雪".split()
LOOK_UPS = ["What is the weather in {}?", "What time is it in {}?", "How warm is it in {}?"]
NO_TOOL = "I cannot look that up: I have no tool for it."
ZH_NO_TOOL = "我查不到：没有合适的工具。"


def talk(rng: random.Random, language: str | None = None) -> Item:
    language = language or ("zh" if rng.random() < 0.3 else "en")
    questions, answer = rng.choice(ZH_TALK if language == "zh" else TALK)
    question = rng.choice(questions)
    if language == "en" and rng.random() < 0.2:
        question = question.lower() if rng.random() < 0.5 else question.rstrip("?.!")
    trace = "这是关于我自己的。" if language == "zh" else "This is about me."
    return Item("talk", ("talk", question), [user(question)], trace, answer)


def refusal(rng: random.Random, language: str | None = None) -> Item:
    language = language or ("zh" if rng.random() < 0.3 else "en")
    if rng.random() < 0.2:
        if language == "zh":
            question, answer = rng.choice(ZH_WEATHER + ZH_TIME).format(rng.choice(words.ZH_CITIES)), ZH_NO_TOOL
        else:
            question, answer = rng.choice(LOOK_UPS).format(words.city(rng)), NO_TOOL
        trace = "没有工具。" if language == "zh" else "I have no tool for this."
    elif language == "zh":
        question, answer = rng.choice(ZH_CANNOT_ASKS).format(rng.choice(ZH_TOPICS)), ZH_CANNOT
        trace = "这个我不会。"
    else:
        topic = words.made_up(rng) if rng.random() < 0.3 else rng.choice(TOPICS)
        question, answer = rng.choice(CANNOT_ASKS).format(topic), CANNOT
        trace = "I cannot do this."
    return Item("refusal", ("refusal", question), [user(question)], trace, answer)


def repeat(rng: random.Random, language: str | None = None) -> Item:
    """Words and numbers to say again: the shortest way to practise the copying that calls and JSON need."""
    language = language or ("zh" if rng.random() < 0.3 else "en")
    if language == "zh":
        pieces = [lambda: words.zh_person(rng), lambda: rng.choice(words.ZH_CITIES), lambda: str(number(rng))]
        text = "，".join(rng.choice(pieces)() for _ in range(rng.randint(1, 3)))
        ask, trace = rng.choice(["重复：{}", "请说：{}"]).format(text), "我照着说。"
    else:
        pieces = [lambda: words.made_up(rng), lambda: words.person(rng), lambda: words.city(rng), lambda: str(number(rng))]
        text = " ".join(rng.choice(pieces)() for _ in range(rng.randint(1, 4)))
        ask, trace = rng.choice(["Repeat: {}", "Say {}", "Repeat after me: {}", "Write {}"]).format(text), "I repeat it."
    return Item("repeat", ("repeat", text), [user(ask)], trace, text)


# Tools ----------------------------------------------------------------------------------------------------------------

ZH_WEATHER = ["{}天气怎么样？", "今天{}的天气如何？", "{}现在多少度？", "查一下{}的天气。"]
ZH_TIME = ["{}现在几点？", "{}几点了？", "查一下{}的时间。"]


@dataclass
class Tool:
    """One kind of tool: the names and descriptions it may have, and how it is asked for."""

    kind: str
    names: list[str]
    descriptions: list[str]
    parameters: dict  # name → (type, description)


TOOLS = [
    Tool("weather", ["get_weather", "weather", "current_weather"],
         ["Get the weather in a city.", "The current weather of a city.", "Weather"],
         {"city": ("string", "The city")}),
    Tool("time", ["get_time", "clock", "current_time"],
         ["Get the time in a city.", "The current time of a city.", "Clock"],
         {"city": ("string", "The city")}),
    Tool("calculator", ["calculate", "calculator"],
         ["Work out an expression.", "A calculator.", "Calculate an expression."],
         {"expression": ("string", "The expression")}),
    Tool("timer", ["set_timer", "timer"],
         ["Set a timer.", "Start a timer of some minutes."],
         {"minutes": ("integer", "Number of minutes")}),
    Tool("convert", ["convert_currency", "convert"],
         ["Convert money.", "Convert an amount of money."],
         {"amount": ("number", "The amount"), "from": ("string", "Currency code"), "to": ("string", "Currency code")}),
    Tool("call", ["call_person", "phone"],
         ["Call a person by phone.", "Phone somebody."],
         {"name": ("string", "Name of the person")}),
]


def declare(rng: random.Random, tool: Tool) -> dict:
    described = rng.random() < 0.6
    properties = {
        name: {"type": kind, "description": text} if described else {"type": kind}
        for name, (kind, text) in tool.parameters.items()
    }
    parameters = {"type": "object", "properties": properties, "required": list(tool.parameters)}
    if rng.random() < 0.2:
        parameters["additionalProperties"] = False
    function = {"name": rng.choice(tool.names), "description": rng.choice(tool.descriptions), "parameters": parameters}
    return {"type": "function", "function": function}


def number(rng: random.Random) -> int:
    return rng.randint(1, 10 ** rng.randint(1, 4) - 1)


def request(rng: random.Random, tool: Tool, language: str) -> tuple[str, list[dict], str, str]:
    """What the user says, the arguments of the calls, a tool's result to the first, and what to answer to that."""
    zh = language == "zh"
    if tool.kind in ("weather", "time"):
        place = rng.choice(words.ZH_CITIES) if zh else words.city(rng)
        if tool.kind == "weather":
            asks = ["What is the weather in {}?", "How is the weather in {}?", "Weather in {}, please.", "Is it raining in {}?",
                    "How warm is it in {}?", "Tell me the weather in {}.", "What's the weather like in {} today?"]
            asks = ZH_WEATHER if zh else asks
            degrees, sky = rng.randint(1, 39), rng.choice(words.SKIES)
            result = rng.choice([dumps({"temperature": degrees, "sky": sky}), compact({"temperature": degrees, "sky": sky}),
                                 f"{degrees} degrees, {sky}"])
            reply = f"{place}现在{degrees}度，{words.ZH_SKIES[sky]}。" if zh else f"It is {degrees} degrees and {sky} in {place}."
        else:
            asks = ["What time is it in {}?", "Tell me the time in {}.", "Time in {}, please.", "What's the time in {}?",
                    "How late is it in {}?"]
            asks = ZH_TIME if zh else asks
            clock = f"{rng.randint(0, 23):02d}:{rng.randint(0, 59):02d}"
            result = rng.choice([clock, dumps({"time": clock}), compact({"time": clock})])
            reply = f"{place}现在是{clock}。" if zh else f"It is {clock} in {place}."
        if not zh and rng.random() < 0.12:
            other = words.city(rng)
            both = ["What is the weather in {} and in {}?", "How is the weather in {} and {}?"]
            both = both if tool.kind == "weather" else ["What time is it in {} and in {}?", "Tell me the time in {} and {}."]
            return rng.choice(both).format(place, other), [{"city": place}, {"city": other}], "", ""
        return rng.choice(asks).format(place), [{"city": place}], result, reply
    if tool.kind == "calculator":
        count = 2 if rng.random() < 0.8 else 3
        expression = str(number(rng))
        for _ in range(count - 1):
            expression += f" {rng.choice('+-*/')} {number(rng)}"
        value = number(rng)
        asks = ["用计算器算{}。", "请计算{}。", "{}等于多少？"] if zh else [
            "What is {}?", "Calculate {}.", "Use the calculator: {}", "Work out {}.", "How much is {}?", "{} = ?"]
        result = rng.choice([str(value), dumps({"result": value}), compact({"result": value})])
        reply = f"结果是{value}。" if zh else f"The result is {value}."
        return rng.choice(asks).format(expression), [{"expression": expression}], result, reply
    if tool.kind == "timer":
        minutes = rng.randint(1, 120)
        asks = ["定一个{}分钟的闹钟。", "{}分钟后叫我。"] if zh else [
            "Set a timer for {} minutes.", "Wake me in {} minutes.", "Timer, {} minutes.", "Start a timer of {} minutes.",
            "Remind me in {} minutes."]
        reply = f"好的，{minutes}分钟。" if zh else f"The timer is set for {minutes} minutes."
        return rng.choice(asks).format(minutes), [{"minutes": minutes}], rng.choice(["ok", '{"ok": true}', '{"ok":true}']), reply
    if tool.kind == "convert":
        amount, (source, target) = number(rng), rng.sample(words.CURRENCIES, 2)
        asks = ["把{} {}换成{}。", "{} {}是多少{}？"] if zh else [
            "Convert {} {} to {}.", "How much is {} {} in {}?", "What is {} {} in {}?", "Change {} {} into {}, please."]
        value = number(rng)
        result = rng.choice([str(value), dumps({"amount": value}), compact({"amount": value})])
        reply = f"{amount} {source}是{value} {target}。" if zh else f"{amount} {source} is {value} {target}."
        return rng.choice(asks).format(amount, source, target), [{"amount": amount, "from": source, "to": target}], result, reply
    name = words.zh_person(rng) if zh else words.person(rng)
    asks = ["给{}打电话。", "请打电话给{}。"] if zh else ["Call {}.", "Call {}, please.", "Phone {}.", "I want to talk to {}.", "Ring {}."]
    reply = f"正在给{name}打电话。" if zh else f"I am calling {name}."
    return rng.choice(asks).format(name), [{"name": name}], rng.choice(["ok", "calling", '{"ok": true}', '{"ok":true}']), reply


SYSTEMS = ["You are a helpful assistant.", "You are a helpful assistant with tools.", "Answer briefly.", "Be brief."]


def tool_set(rng: random.Random) -> tuple[list[Tool], list[dict], str | None]:
    chosen = rng.sample(TOOLS, rng.choice((1, 1, 2, 2, 2, 3, 3, 4)))
    system = rng.choice(SYSTEMS) if rng.random() < 0.25 else None
    return chosen, [declare(rng, tool) for tool in chosen], system


def tool_item(rng: random.Random, chosen: list[Tool], declared: list[dict], system: str | None, kind: str | None = None) -> Item:
    """One conversation under a list of tools. `kind`: call, result, absent (no fitting tool) or talk."""
    kind = kind or rng.choices(("call", "result", "absent", "talk"), (52, 18, 24, 6))[0]
    before = [{"role": "system", "content": system}] if system else []
    language = "zh" if rng.random() < 0.3 else "en"
    zh = language == "zh"
    if kind == "talk":
        item = talk(rng, language)
        return Item("tool-talk", (*item.key, "tools"), before + item.messages, item.trace, item.answer, declared)
    if kind == "absent" and len(chosen) < len(TOOLS):
        missing = rng.choice([tool for tool in TOOLS if tool not in chosen])
        text, _, _, _ = request(rng, missing, language)
        trace = "没有合适的工具。" if zh else "No tool fits."
        return Item("tool-absent", ("absent", text), before + [user(text)], trace, ZH_NO_TOOL if zh else NO_TOOL, declared)
    index = rng.randrange(len(chosen))
    name = declared[index]["function"]["name"]
    text, arguments, result, reply = request(rng, chosen[index], language)
    while kind == "result" and not reply:
        text, arguments, result, reply = request(rng, chosen[index], language)
    calls = [{"name": name, "arguments": a} for a in arguments]
    trace = f"我用{name}。" if zh else f"I use {name}."
    if kind == "call":
        return Item("tool", ("tool", text), before + [user(text)], trace, tool_calls(calls), declared)
    turn = {"role": "assistant", "content": "", "tool_calls": [{"type": "function", "function": calls[0]}]}
    if rng.random() < 0.5:
        turn["reasoning_content"] = trace
    messages = before + [user(text), turn, {"role": "tool", "content": result}]
    return Item("tool-result", ("result", text, result), messages, "结果有了。" if zh else "I have the result.", reply, declared)
