"""Training: from nothing or from the last checkpoint, counted in tokens, so that a pause changes nothing.

    python3 train.py --folder WORK --workers 2
"""

import argparse
import copy
import os
import random
import time
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
import torch.nn.functional as F
from tokenizers import Tokenizer

import heldout
import tokenizer as tokenization
from examples import FIRST, SECOND, Encoder, Source, tensors
from model import Config, Qwen3
from muon import Muon

SEED = 20_250_429
VOCABULARY = 1280



@dataclass
class Stage:
    """One sweep of the learning rate over one mixture. Sizes in tokens, padding included."""

    start: int
    end: int
    batch: int  # of a step, all workers together; doubled while the rate falls
    peak: float  # of the learning rate, as a share of the options' rates
    shares: dict

    WARM = 400_000
    FLAT = 0.6

    def progress(self, tokens: int) -> float:
        return (tokens - self.start) / (self.end - self.start)

    def rate(self, tokens: int) -> float:
        """A short warm-up, flat, then linear to zero."""
        progress = self.progress(tokens)
        warm = min(1.0, (tokens - self.start + 10_000) / self.WARM)
        return self.peak * warm * (1.0 if progress < self.FLAT else max(0.0, (1 - progress) / (1 - self.FLAT)))


def stages(tokens: int) -> list[Stage]:
    first = min(10_000_000, tokens)
    return [Stage(0, first, 8192, 1.0, FIRST)] + ([Stage(first, tokens, 4096, 0.6, SECOND)] if tokens > first else [])


class State:
    """All that a checkpoint holds."""

    def __init__(self, model: Qwen3):
        self.model, self.average = model, copy.deepcopy(model)
        inner = [p for name, p in model.named_parameters() if p.dim() == 2 and "embed" not in name]
        outer = [p for name, p in model.named_parameters() if p.dim() != 2 or "embed" in name]
        self.muon = Muon(inner)
        self.adam = torch.optim.AdamW(outer, lr=1.0, betas=(0.9, 0.95), weight_decay=0.0)
        self.step = self.tokens = 0

    def save(self, path: Path) -> None:
        content = {
            "config": self.model.config.to_json(), "model": self.model.state_dict(),
            "average": self.average.state_dict(), "muon": self.muon.buffers, "adam": self.adam.state_dict(),
            "step": self.step, "tokens": self.tokens,
        }  # fmt: skip
        torch.save(content, path.with_suffix(".new"))
        os.replace(path.with_suffix(".new"), path)

    def load(self, path: Path) -> None:
        content = torch.load(path, map_location="cpu")
        self.model.load_state_dict(content["model"])
        self.average.load_state_dict(content["average"])
        for mine, stored in zip(self.muon.buffers, content["muon"]):
            mine.copy_(stored)
        self.adam.load_state_dict(content["adam"])
        self.step, self.tokens = content["step"], content["tokens"]


def backward(model: Qwen3, batch: dict, pad: int, rows_at_once: int) -> tuple[float, float, int]:
    """Gradients of the summed loss over a batch; the sum, its weights and the tokens seen."""
    total, learnt, seen = 0.0, 0.0, 0
    for length, rows in batch.items():
        size = max(1, rows_at_once // length)
        for at in range(0, len(rows), size):
            ids, positions, mask, targets, weights = tensors(rows[at : at + size], length, pad)
            kept = weights.flatten() > 0
            if not kept.any():
                continue
            with torch.autocast("cpu", torch.bfloat16):
                hidden = model.hidden(ids, positions, mask.bfloat16()).flatten(0, 1)[kept]
                logits = model.logits(hidden)
            loss = F.cross_entropy(logits.float(), targets.flatten()[kept], reduction="none") @ weights.flatten()[kept]
            loss.backward()
            total, learnt, seen = total + loss.item(), learnt + weights.sum().item(), seen + ids.numel()
    return total, learnt, seen


def worker(rank: int, options: argparse.Namespace) -> None:
    torch.set_num_threads(options.threads)
    folder = Path(options.folder)
    if options.workers > 1:
        from datetime import timedelta

        # A pause of one worker must not end the run.
        store = dist.FileStore(str(folder / "rendezvous"), options.workers)
        dist.init_process_group("gloo", store=store, rank=rank, world_size=options.workers, timeout=timedelta(days=7))
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    encoder = Encoder(tokenizer)
    held_out = heldout.keys()
    torch.manual_seed(SEED)
    shape = dict(zip(("hidden", "layers", "heads", "kv_heads", "head_dim", "ff"), options.shape))
    state = State(Qwen3(Config(tokenizer.get_vocab_size(), **shape)))
    path = folder / "checkpoint.pt"
    if path.exists():
        state.load(path)
    parameters = list(state.model.parameters())
    log = open(folder / "log.txt", "a", buffering=1) if rank == 0 else None
    if log:
        count = sum(p.numel() for p in parameters)
        print(f"{time.strftime('%H:%M:%S')} start: {count} parameters, {state.tokens} tokens done", file=log)
    since, then, shown_loss, shown_tokens = time.time(), state.tokens, 0.0, 0
    plan = stages(options.tokens)
    while state.tokens < options.tokens:
        stage = next(stage for stage in plan if state.tokens < stage.end)
        rng = random.Random(f"{SEED} {state.step} {rank}")
        falling = 2 if stage.progress(state.tokens) > stage.FLAT else 1
        source = Source(encoder, held_out, stage.shares)
        batch = source.batch(rng, falling * stage.batch // options.workers, state.tokens / 4_000_000)
        total, learnt, seen = backward(state.model, batch, encoder.end, options.rows_at_once)
        sums = torch.tensor([total, learnt, seen], dtype=torch.float64)
        flat = torch.cat([p.grad.flatten() for p in parameters])
        if options.workers > 1:
            dist.all_reduce(sums)
            dist.all_reduce(flat)
        flat /= sums[1].item()
        for p, part in zip(parameters, flat.split([p.numel() for p in parameters])):
            p.grad = part.view_as(p)
        scale = stage.rate(state.tokens)
        state.muon.step(options.muon_rate * scale)
        for group in state.adam.param_groups:
            group["lr"] = options.adam_rate * scale
        state.adam.step()
        for p in parameters:
            p.grad = None
        with torch.no_grad():
            keep = min(0.99, (state.step + 1) / (state.step + 10))
            for mean, p in zip(state.average.parameters(), parameters):
                mean.lerp_(p, 1 - keep)
        state.step += 1
        state.tokens += int(sums[2])
        shown_loss, shown_tokens = shown_loss + sums[0].item(), shown_tokens + sums[1].item()
        if log and state.step % 20 == 0:
            speed = (state.tokens - then) / (time.time() - since)
            print(f"{time.strftime('%H:%M:%S')} step {state.step} tokens {state.tokens} loss {shown_loss / shown_tokens:.4f} "
                  f"rate {scale:.3f} {speed:.0f} tokens/s", file=log)
            since, then, shown_loss, shown_tokens = time.time(), state.tokens, 0.0, 0
        if rank == 0 and state.step % options.save_every == 0:
            state.save(path)
    if rank == 0:
        state.save(path)


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--folder", required=True)
    arguments.add_argument("--tokens", type=int, default=24_000_000)
    arguments.add_argument("--workers", type=int, default=2)
    arguments.add_argument("--threads", type=int, default=1, help="of each worker")
    arguments.add_argument("--rows-at-once", type=int, default=4096, help="tokens of one forward pass")
    arguments.add_argument("--shape", type=int, nargs=6, default=[256, 4, 8, 4, 32, 768])
    arguments.add_argument("--muon-rate", type=float, default=0.02)
    arguments.add_argument("--adam-rate", type=float, default=0.004)
    arguments.add_argument("--save-every", type=int, default=50)
    options = arguments.parse_args()
    folder = Path(options.folder)
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "tokenizer.json").exists():
        tokenization.train(VOCABULARY).save(str(folder / "tokenizer.json"))
    (folder / "rendezvous").unlink(missing_ok=True)
    if options.workers == 1:
        (folder / "train.pid").write_text(str(os.getpid()))
        worker(0, options)
        return
    context = mp.start_processes(worker, (options,), options.workers, join=False, start_method="spawn")
    (folder / "train.pid").write_text(" ".join(map(str, context.pids())))
    while not context.join():
        pass


if __name__ == "__main__":
    main()
