#!/usr/bin/env python3
"""Compare what `qwen inspect --context --batch` plans with the peak memory of `qwen bench`.

    python check_memory_plan.py MODEL... --qwen QWEN [--context 1024 4096] [--batch 1 4]

Linux only: the peak is what the kernel counted for the process. Each sequence of the benchmark fills its context once; what an
engine keeps of conversations that have ended comes on top of a plan.
"""
import argparse, json, os, subprocess

parser = argparse.ArgumentParser()
parser.add_argument("models", nargs="+")
parser.add_argument("--qwen", required=True)
parser.add_argument("--context", type=int, nargs="*", default=[1024, 4096])
parser.add_argument("--batch", type=int, nargs="*", default=[1, 4])
parser.add_argument("--threads", type=int, default=2)
arguments = parser.parse_args()
GENERATED = 4


def peak(command):
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise SystemExit(f"{command} ended with {status}")
    return usage.ru_maxrss * 1024


for model in arguments.models:
    for context in arguments.context:
        for batch in arguments.batch:
            flags = ["--threads", str(arguments.threads)]
            inspect = [arguments.qwen, "inspect", "--json", "--context", str(context), "--batch", str(batch), *flags, model]
            plan = json.loads(subprocess.run(inspect, check=True, capture_output=True, text=True).stdout)["memory"]
            depth = context - GENERATED - 1
            bench = [arguments.qwen, "bench", "--model", model, "-p", "0", "-n", str(GENERATED), "-d", str(depth)]
            measured = peak([*bench, "-b", str(batch), "-r", "1", "--no-warmup", *flags])
            limit = (measured - plan["kv"]) / plan["weights"]
            print(
                f"{os.path.basename(model)}, {batch} × {context}: planned {plan['total'] / 1e6:.1f} MB, measured "
                f"{measured / 1e6:.1f} MB: {plan['total'] / measured - 1:+.1%}; without keys and values {limit:.3f} of the file",
                flush=True,
            )
