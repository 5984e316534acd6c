"""A byte-level BPE of about a thousand entries, with Qwen's normaliser, pre-tokeniser and control tokens."""

import random
import re

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

import tasks
import words
from template import EARLY_STOP, render

PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
MARKUP = ["<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>", "<think>", "</think>"]
END, STOP = SPECIAL[0], SPECIAL[2]


def separated(text: str) -> str:
    """The text as the merges may see it.

    Copying a name must not depend on what stands before it: ` Lima` has to end in the tokens of `Lima`. So no merge
    joins a space to a capital, and no merge joins two Chinese characters.
    """
    for token in SPECIAL + MARKUP:
        text = text.replace(token, "\n")
    text = re.sub(r" (?=[A-Z])", "\n", text)
    return re.sub(r"([\u3000-\u303f\u4e00-\u9fff\uff00-\uffef])", "\n\\1\n", text)


def corpus(seed: int, items: int):
    rng = random.Random(seed)
    for index in range(items):
        kind = index % 8
        if kind < 2:
            item = tasks.running(rng, rng.randint(1, 6))
        elif kind < 5:
            item = tasks.tool_item(rng, *tasks.tool_set(rng))
        else:
            item = (tasks.extraction, tasks.talk, tasks.refusal)[kind - 5](rng)
        yield separated(render(item.messages, item.tools) + item.trace + "\n" + item.answer)
        if index % 40 == 0:
            yield separated(EARLY_STOP)
        if index % 80 == 0:  # every listed word once: the lists are long, so each stays rare in the items
            for name in vars(words).values():
                if isinstance(name, (list, str)):
                    yield from (separated(word) for word in name)


def train(size: int, seed: int = 11, items: int = 12_000) -> Tokenizer:
    """`size` counts the control tokens too; their ids come last, as in Qwen's vocabulary."""
    tokenizer = Tokenizer(models.BPE(dropout=None, unk_token=None, fuse_unk=False, byte_fallback=False))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(PATTERN), behavior="isolated", invert=False),
        pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False),
    ])
    tokenizer.decoder = decoders.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)
    tokenizer.post_processor = processors.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)
    trainer = trainers.BpeTrainer(
        vocab_size=size - len(SPECIAL) - len(MARKUP),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        min_frequency=20,
        show_progress=False,
    )
    tokenizer.train_from_iterator(corpus(seed, items), trainer)
    tokenizer.add_tokens([AddedToken(t, special=True, normalized=False) for t in SPECIAL])
    tokenizer.add_tokens([AddedToken(t, special=False, normalized=False) for t in MARKUP])
    return tokenizer
