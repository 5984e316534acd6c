#!/bin/sh
# Everything from nothing: tokenizer, training, figures, export. Goes on from the last checkpoint when run again.
#   ./reproduce.sh WORK     (WORK: a folder for the checkpoint, outside the repository)
set -eu
work=${1:?folder for the checkpoint and the result}
cd "$(dirname "$0")"
python3 train.py --folder "$work"
python3 export.py --folder "$work" --out "$work/export" --check
python3 evaluate.py --folder "$work"
