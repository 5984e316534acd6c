"""Batched generation with a key-value cache, and thinking budgets as the Swift package applies them."""

import torch

from examples import Encoder
from model import Qwen3


@torch.no_grad()
def continue_all(
    model: Qwen3, prompts: list[list[int]], limit: int, stop: int, temperature: float = 0.0, seed: int = 0
) -> list[list[int]]:
    """New ids of each prompt, `stop` included where it came; greedy at temperature 0, else top-k 20 and top-p 0.95."""
    count, widest = len(prompts), max(map(len, prompts))
    ids = torch.zeros((count, widest), dtype=torch.long)
    hidden_keys = torch.ones((count, widest), dtype=torch.bool)
    for row, prompt in enumerate(prompts):
        ids[row, widest - len(prompt) :] = torch.tensor(prompt)
        hidden_keys[row, widest - len(prompt) :] = False
    positions = torch.arange(widest).expand(count, -1) - hidden_keys.sum(1, keepdim=True)
    positions = positions.clamp(min=0)
    caches = [[] for _ in model.model.layers]
    causal = torch.ones(widest, widest, dtype=torch.bool).triu(1)
    mask = torch.zeros(count, 1, widest, widest).masked_fill_(causal | hidden_keys[:, None, None, :], float("-inf"))
    mask[:, 0].diagonal(dim1=1, dim2=2).zero_()
    hidden = model.hidden(ids, positions, mask, caches)
    out: list[list[int]] = [[] for _ in prompts]
    running = torch.ones(count, dtype=torch.bool)
    generator = torch.Generator().manual_seed(seed)
    mask = torch.zeros(count, 1, 1, widest).masked_fill_(hidden_keys[:, None, None, :], float("-inf"))
    last = positions[:, -1:]
    for _ in range(limit):
        chosen = choose(model.logits(hidden[:, -1]), temperature, generator)
        for row in running.nonzero().flatten().tolist():
            out[row].append(int(chosen[row]))
        running &= chosen != stop
        if not running.any():
            break
        last = last + 1
        mask = torch.cat((mask, torch.zeros(count, 1, 1, 1)), dim=3)
        hidden = model.hidden(chosen.unsqueeze(1), last, mask, caches)
    return out


def choose(logits: torch.Tensor, temperature: float, generator: torch.Generator) -> torch.Tensor:
    if temperature == 0:
        return logits.argmax(-1)
    top, indices = (logits / temperature).topk(20, dim=-1)
    weights = top.softmax(-1)
    weights[weights.cumsum(-1) - weights > 0.95] = 0
    return indices.gather(1, torch.multinomial(weights, 1, generator=generator)).flatten()


def answer_all(
    model: Qwen3, encoder: Encoder, prompts: list[list[int]], budget: int | None = None, limit: int = 320, **sampling
) -> list[list[int]]:
    """Whole turns. A trace still open after `budget` tokens is closed with the early-stop sentence."""
    if budget is None:
        return continue_all(model, prompts, limit, encoder.stop, **sampling)
    closing = encoder.tokenizer.token_to_id("</think>")
    turns = continue_all(model, prompts, budget, encoder.stop, **sampling)
    open_rows = []
    for row, turn in enumerate(turns):
        if closing not in turn and encoder.stop not in turn:
            turn += encoder.early_stop
        if encoder.stop not in turn:
            open_rows.append(row)
    if open_rows:
        rest = continue_all(model, [prompts[r] + turns[r] for r in open_rows], 96, encoder.stop, **sampling)
        for row, more in zip(open_rows, rest):
            turns[row] += more
    return turns
