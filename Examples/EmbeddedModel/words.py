"""The closed word lists of the tasks, and made-up names for copying beyond them."""

import random

FIRST = (
    "Mia Noah Emma Liam Ava Leo Nora Theo Ines Omar Lena Hugo Sara Ivan Maya Aron Cora Dario Elsa Felix Gina Hana Iris "
    "Jonas Kira Luca Marta Nils Olga Pablo Rosa Simon Tara Vera Yusuf Zoe Amir Bella Carlos Diana"
).split()
LAST = (
    "Torres Novak Berg Silva Kim Patel Rossi Meyer Costa Lind Marin Duarte Fischer Haas Ito Jensen Keller Lopez Moreau "
    "Nagy Olsen Park Quist Ramos Santos Tanaka Urban Vidal Weber Young"
).split()
CITIES = (
    "Lima Oslo Rome Paris Cairo Delhi Tokyo Madrid Berlin Vienna Lisbon Dublin Athens Prague Warsaw Quito Bogota Havana "
    "Nairobi Lagos Accra Dakar Tunis Amman Doha Dubai Mumbai Hanoi Manila Seoul Osaka Kyoto Sydney Perth Toronto Boston "
    "Denver Dallas Austin Chicago Seattle London Geneva Zurich Milan Turin Naples Porto Seville Bergen Malmo Riga Tallinn "
    "Sofia Ankara Baku Kabul Kathmandu Jakarta Caracas"
).split()
ZH_CITIES = "北京 上海 广州 深圳 南京 天津 杭州 成都 西安 武汉 东京 巴黎 伦敦 罗马 柏林 利马 开罗 首尔 马德里 纽约 苏州 大连 青岛 长沙 海口".split()
ZH_FAMILY = "王李张刘陈杨黄周吴林"
ZH_GIVEN = "小明丽华伟芳强文海天安平雨雪春山"
ITEMS = (
    "apples pens books cups lamps chairs tables plates shirts boots hats bags keys bikes phones towels candles bottles "
    "ropes stamps clocks brushes pillows mirrors"
).split()
ZH_ITEMS = "苹果 书 笔 杯子 椅子 桌子 帽子 手机 雨伞 钥匙".split()
EVENTS = "Concert Meeting Dinner Lecture Workshop Picnic Match Exam Party Interview Breakfast Review Rehearsal".split()
ZH_EVENTS = "会议 晚饭 考试 讲座 比赛 音乐会 面试".split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
ZH_DAYS = "星期一 星期二 星期三 星期四 星期五 星期六 星期日".split()
SKIES = "sunny cloudy rainy windy foggy snowy clear".split()
CURRENCIES = "USD EUR GBP JPY CNY INR CHF SEK".split()
ZH_SKIES = {"sunny": "晴", "cloudy": "多云", "rainy": "有雨", "windy": "有风", "foggy": "有雾", "snowy": "有雪", "clear": "晴"}

ONSETS = "b c d f g h j k l m n p r s t v w z br cr dr gr pl st tr".split()
VOWELS = "a e i o u a e i o ai ea".split()
CODAS = ["", "", "", "n", "r", "l", "s", "m"]


def made_up(rng: random.Random) -> str:
    """A pronounceable name that no list holds: copying it cannot be remembered."""
    syllables = "".join(rng.choice(ONSETS) + rng.choice(VOWELS) for _ in range(rng.choice((1, 2, 2, 2))))
    return (syllables + rng.choice(CODAS) + rng.choice(("", "a", "o", "ia", "en"))).capitalize()


def city(rng: random.Random) -> str:
    return made_up(rng) if rng.random() < 0.4 else rng.choice(CITIES)


def person(rng: random.Random) -> str:
    first = made_up(rng) if rng.random() < 0.3 else rng.choice(FIRST)
    if rng.random() < 0.5:
        return first
    return first + " " + (made_up(rng) if rng.random() < 0.3 else rng.choice(LAST))


def zh_person(rng: random.Random) -> str:
    return rng.choice(ZH_FAMILY) + "".join(rng.choice(ZH_GIVEN) for _ in range(rng.choice((1, 2))))
