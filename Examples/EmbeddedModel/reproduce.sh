#!/bin/sh
# Everything from nothing: tokenizer, training, export, figures. Goes on from the last checkpoint when run again.
#   ./reproduce.sh WORK          hours on two cores (WORK: a folder for the checkpoint, outside the repository)
#   ./reproduce.sh WORK smoke    a minute: the same path with a few steps, to see that everything is there
set -eu
work=${1:?folder for the checkpoint and the result}
cd "$(dirname "$0")"
case ${2:-} in
smoke) train="--tokens 40000 --workers 1" evaluate="--count 2 --steps 1 2 --budgets 8" ;;
'') train="" evaluate="" ;;
*) echo "usage: reproduce.sh WORK [smoke]" >&2 && exit 64 ;;
esac
# shellcheck disable=SC2086
{
    python3 train.py --folder "$work" $train
    python3 export.py --folder "$work" --out "$work/export" --check
    python3 evaluate.py --folder "$work" $evaluate
}
