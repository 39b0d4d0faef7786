# Few verbs: run, serve, test, check, encoder, lock, clean.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# Which build of torch is right depends on the machine (CPU, or which CUDA): it stands in no lock.
TORCH := 2.13.0
TORCH_PARTS := torch cuda-bindings cuda-pathfinder cuda-toolkit nvidia-cublas nvidia-cuda-cccl nvidia-cuda-cupti \
	nvidia-cuda-nvrtc nvidia-cuda-runtime nvidia-cudnn-cu13 nvidia-cufft nvidia-cufile nvidia-curand \
	nvidia-cusolver nvidia-cusparse nvidia-cusparselt-cu13 nvidia-nccl-cu13 nvidia-nvjitlink \
	nvidia-nvshmem-cu13 nvidia-nvtx triton

.PHONY: run serve test check format encoder lock clean

run: $(READY)  ## everything from sources to recommendations, once
	$(BIN)/jobfinder run

serve: $(READY)  ## Dagster's UI and daemon, MLflow's UI, on localhost
	$(BIN)/jobfinder serve

test: $(READY)  ## the whole test suite
	$(BIN)/python -m pytest -n 2 --dist loadgroup

check: $(READY)  ## lint, format, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The lock holds names, versions and hashes only; pip takes the index from its own configuration.
$(READY): requirements.lock pyproject.toml setup.cfg
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'jobfinder needs Python 3.11 or newer: make PYTHON=python3.12 run')"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $(READY)

encoder: $(READY)  ## the optional transformer: pinned beside the lock, torch from pip's own index
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-encoder.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check torch==$(TORCH)

lock:  ## resolve pyproject.toml anew (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
		--no-emit-index-url --extra dev --extra export --extra notebooks --output-file requirements.lock pyproject.toml
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
		--no-emit-index-url --extra encoder --constraints requirements.lock \
		$$(sed -n 's/^\([a-z0-9._-]*\)==.*/--no-emit-package \1/p' requirements.lock) \
		$(TORCH_PARTS:%=--no-emit-package %) --output-file requirements-encoder.lock pyproject.toml

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache
