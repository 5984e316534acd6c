#!/usr/bin/env python3
"""Write sampling_cases.json: logits, sampling parameters, and the distribution that other implementations draw from.

    python make_sampling_cases.py > sampling_cases.json

Needs torch and transformers. Repetition penalty, temperature, top-k, top-p and min-p are transformers' own processors, in
the order in which its `generate` applies them; bias, presence and frequency penalty follow vLLM's `apply_penalties`
(repetition first, then frequency, then presence), computed here with numpy.
"""
import json

import numpy
import torch
from transformers.generation.logits_process import (
    MinPLogitsWarper,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

random = numpy.random.default_rng(20250429)
cases = []


def make(size, prompt=(), answer=(), spread=3.0, ties=False, masked=(), **parameters):
    logits = random.normal(0, spread, size).astype(numpy.float32)
    if ties:
        logits = numpy.round(logits)
    # Few digits, so that the fixture stays small; every value is exact as a float32.
    # In large vocabularies more of them, lest equal logits meet at the edge of a nucleus: torch breaks ties at random.
    grain = 64 if size <= 200 else 1 << 16
    logits = numpy.float32(numpy.round(logits * grain) / grain)
    logits[list(masked)] = -numpy.inf

    scores = logits.copy()
    for token, bias in parameters.get("logitBias", {}).items():
        scores[int(token)] += numpy.float32(bias)
    scores = torch.tensor(scores)[None]
    ids = torch.tensor([list(prompt) + list(answer)], dtype=torch.long)
    if "repetitionPenalty" in parameters:
        scores = RepetitionPenaltyLogitsProcessor(parameters["repetitionPenalty"])(ids, scores)
    counts = torch.tensor(numpy.bincount(list(answer), minlength=size) if answer else numpy.zeros(size, dtype=int))
    scores = scores - parameters.get("frequencyPenalty", 0) * counts
    scores = scores - parameters.get("presencePenalty", 0) * (counts > 0)

    if parameters.get("temperature") == 0:
        expected = {int(scores.argmax()): 1.0}
    else:
        if "temperature" in parameters:
            scores = TemperatureLogitsWarper(parameters["temperature"])(ids, scores)
        if parameters.get("topK"):
            scores = TopKLogitsWarper(parameters["topK"])(ids, scores)
        if "topP" in parameters and parameters["topP"] < 1:
            scores = TopPLogitsWarper(parameters["topP"])(ids, scores)
        if parameters.get("minP"):
            scores = MinPLogitsWarper(parameters["minP"])(ids, scores)
        probabilities = torch.softmax(scores[0].double(), 0)
        expected = {i: float(f"{p:.9g}") for i, p in enumerate(probabilities.tolist()) if p > 0}

    raw = torch.log_softmax(torch.tensor(logits).double(), 0)
    cases.append(
        dict(
            logits=[None if numpy.isinf(x) else float(x) for x in logits],
            prompt=list(prompt),
            answer=list(answer),
            parameters=parameters,
            expected=expected,
            logProbabilities=[float(f"{x:.9g}") if x > -1e30 else None for x in raw.tolist()],
        )
    )


make(40)
make(40, temperature=0.7)
make(40, temperature=1.9)
make(40, temperature=0.05)
make(40, temperature=0)
make(200, temperature=0.6, topK=20, topP=0.95)
make(200, temperature=0.7, topK=20, topP=0.8)
make(200, temperature=0.7, topP=0.8)
make(200, topP=0.5)
make(200, topP=0.999)
make(200, topP=0.01)
make(200, topK=1)
make(200, topK=199)
make(200, topK=500)
make(200, minP=0.1)
make(200, minP=1.0)
make(200, temperature=1.5, topK=50, topP=0.9, minP=0.05)
make(200, temperature=1.5, topP=0.9, minP=0.2)
make(60, ties=True, topK=7)
make(60, ties=True, topK=20, temperature=0.5)
make(60, masked=range(0, 60, 3), topK=10)
make(60, masked=range(1, 60), topP=0.9)
make(60, masked=range(0, 50), topK=20, topP=0.9, minP=0.01)
make(60, masked=range(0, 60, 2), temperature=1.2)
make(50, prompt=[3, 4, 5, 3], repetitionPenalty=1.3)
make(50, prompt=[3, 4, 5, 3], answer=[7, 8, 7], repetitionPenalty=1.05, temperature=0.7, topK=20, topP=0.8)
make(50, prompt=[1, 2], answer=[3, 3, 3, 9], presencePenalty=1.5)
make(50, prompt=[1, 2], answer=[3, 3, 3, 9], frequencyPenalty=0.75)
make(50, prompt=[1, 2], answer=[3, 3, 9, 1], frequencyPenalty=-0.5, presencePenalty=-1.0)
make(50, prompt=[1, 2], answer=[3, 3, 9, 1], frequencyPenalty=0.25, presencePenalty=0.5, repetitionPenalty=1.2)
make(50, logitBias={"3": 2.5, "7": -4.0, "11": 10.0})
make(50, prompt=[3], answer=[7], logitBias={"3": 2.5, "7": -4.0}, repetitionPenalty=1.4, temperature=0)
make(50, answer=[20, 20, 21], presencePenalty=1.0, temperature=0.7, topK=20, topP=0.8)
make(1, topK=5, topP=0.5)
make(3000, temperature=1.0, topP=0.95, spread=1.0)

print("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]")
