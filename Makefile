# One command for each thing that contributors and CI do. `make help` lists them.

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?=
HOST ?= 127.0.0.1
PORT ?= 8000
SUITE ?=
LOOP ?=
ARGS ?=
TARGET ?=
SECONDS ?= 60
# What the extension is built as; BUILD= makes a debug build.
BUILD ?= --release

STAMPS := $(VENV)/.stamps
# What is only checked is not linked: any file may stand for the C++ library of the fuzzer.
WITHOUT_LIBFUZZER := CUSTOM_LIBFUZZER_PATH=$(abspath fuzz/Cargo.toml)
RUST := Cargo.toml Cargo.lock $(shell find crates -name '*.rs' -o -name '*.toml')
CHECKED := python tests conformance bench examples

# Cargo links the extension's own tests against the Python of the environment.
export PYO3_PYTHON := $(abspath $(BIN)/python)
LIBPYTHON = $(shell $(BIN)/python -c 'import sysconfig; print(sysconfig.get_config_var("LIBDIR"))')

.DEFAULT_GOAL := help
.PHONY: help run build test lint lint-rust lint-python test-rust test-python
.PHONY: documented faults fuzz stress valgrind bench bench-loop bench-start bench-setup conformance conformance-quick clean profiled

help: ## List the targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## Build, then serve examples/burgers on 127.0.0.1:8000.
	@echo
	@echo "  The burgers: http://$(HOST):$(PORT), the menu: http://$(HOST):$(PORT)/docs"
	@echo
	@echo "  Try, in another terminal:"
	@echo "    curl http://$(HOST):$(PORT)/awaits/1"
	@echo "    $(BIN)/python examples/burgers/orders.py     twenty orders at once, and who waited for whom"
	@echo
	@echo "  Ctrl-C stops."
	@echo
	@$(BIN)/jebi run examples/burgers/main.py --host $(HOST) --port $(PORT) $(ARGS)

build: $(STAMPS)/extension ## Build the release extension into .venv.

profiled: $(STAMPS)/profiled ## Build the extension as it is published, laid out by a profile.

test: lint test-rust test-python conformance-quick ## Build and run everything: what CI runs.

lint: lint-rust lint-python ## Formatting, lints, types, the stub.

lint-rust: $(STAMPS)/base
	cargo fmt --check
	cargo fmt --check --manifest-path fuzz/Cargo.toml
	cargo clippy --locked --workspace --all-targets -- -D warnings
	$(WITHOUT_LIBFUZZER) cargo clippy --locked --manifest-path fuzz/Cargo.toml -- -D warnings

lint-python: $(STAMPS)/test $(STAMPS)/extension
	@! grep -rnE --include='*.py' --include='*.pyi' '# (noqa(: [A-Z0-9, ]+)?|type: ignore(\[[a-z, -]+\])?)$$' $(CHECKED) \
		|| { echo 'lint: what silences a lint says why, behind it on its line' >&2; exit 1; }
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy python/jebi tests conformance
	$(BIN)/python -m mypy.stubtest jebi._engine --mypy-config-file pyproject.toml

test-rust: $(STAMPS)/base
	LD_LIBRARY_PATH="$(LIBPYTHON):$$LD_LIBRARY_PATH" cargo test --locked --workspace $(ARGS)

test-python: $(STAMPS)/test $(STAMPS)/extension ## The Python tests: make test-python ARGS='-k loop'.
	$(BIN)/pytest $(ARGS)

faults: $(STAMPS)/test $(STAMPS)/extension ## Load and faults against real servers, as a table: ARGS=pipelined.
	PYTHONPATH=python $(BIN)/python -m tests.faults $(ARGS)

documented: $(STAMPS)/test $(STAMPS)/extension ## 2,000 requests of schemathesis, answered as documented.
	PYTHONPATH=python $(BIN)/python -m tests.documented $(ARGS)

stress: $(STAMPS)/test $(STAMPS)/extension ## A minute of random operations on the loop: STRESS_SEED=n repeats one.
	STRESS_SECONDS=$${STRESS_SECONDS:-60} $(BIN)/pytest -s tests/stress/test_storm.py $(ARGS)

fuzz: ## Fuzz the codecs: TARGET=http1_requests SECONDS=3600; without a target, each of them.
	fuzz/run.sh $(SECONDS) $(TARGET)

valgrind: $(STAMPS)/test $(STAMPS)/extension ## The loop's tests under valgrind, which has to find nothing: ARGS=tests/loop/test_order.py.
	PYTHONMALLOC=malloc valgrind --quiet --leak-check=no --error-exitcode=9 \
		--suppressions=tests/loop/valgrind.supp \
		$(BIN)/python -m pytest -k 'not asyncio' -m 'not beyond_valgrind' -o timeout=600 -o faulthandler_timeout=900 \
		$(or $(ARGS),tests/loop)

conformance: $(STAMPS)/base $(STAMPS)/extension ## Others' suites: SUITE=fastapi ARGS='-k depends'.
	$(BIN)/python -m conformance $(if $(LOOP),--loop $(LOOP)) $(SUITE) $(if $(ARGS),-- $(ARGS))

conformance-quick: $(STAMPS)/base $(STAMPS)/extension
	$(BIN)/python -m conformance fastapi-tutorial fastapi-documents uvicorn cpython-asyncio anyio

bench: $(STAMPS)/profiled ## Measure Jebi, built as it is published, and its peers side by side.
	$(BIN)/python -m bench $(ARGS)

bench-loop: $(STAMPS)/profiled ## Measure event loops side by side: ARGS='--scenario tcp-*'.
	$(BIN)/python -m bench.loop $(ARGS)

bench-start: $(STAMPS)/profiled ## Measure start-up and idle memory: ARGS='--scenario many'.
	$(BIN)/python -m bench.start $(ARGS)

bench-setup: $(STAMPS)/base ## Install the peers of the benchmarks.
	bench/setup.sh

clean: ## Remove everything that was built, and the environment.
	rm -rf $(VENV) target .cache .mypy_cache .pytest_cache .ruff_cache python/jebi/_engine*.so
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Files whose age says whether there is anything to do.

$(STAMPS)/venv:
	@python=$${PYTHON:-$(PYTHON)}; python=$${python:-$$(scripts/find-python)} || exit 1; \
	echo "environment: $(VENV), with $$($$python --version)"; \
	$$python -m venv $(VENV)
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/base: requirements/base.txt | $(STAMPS)/venv
	$(BIN)/python -m pip install --disable-pip-version-check --progress-bar on -r $<
	@touch $@

$(STAMPS)/test: requirements/ecosystem.txt requirements/clients.txt requirements/test.txt requirements/base.txt | $(STAMPS)/base
	$(BIN)/python -m pip install --disable-pip-version-check --progress-bar on -r $<
	@touch $@

$(STAMPS)/extension: $(RUST) pyproject.toml | $(STAMPS)/base
	@echo "extension: building with cargo (a few minutes the first time)"
	VIRTUAL_ENV=$(abspath $(VENV)) $(BIN)/maturin develop --locked $(BUILD)
	@touch $@

# An instrumented build, a profile of what it did while bench/training ran, and the build by that.
$(STAMPS)/profiled: $(RUST) pyproject.toml $(wildcard bench/training/*.py) | $(STAMPS)/base
	@echo "extension: building twice, with a profile (some minutes)"
	rustup component add llvm-tools
	VIRTUAL_ENV=$(abspath $(VENV)) $(BIN)/maturin develop --locked --release --pgo
	@touch $(STAMPS)/extension $@
