# make setup   the environment in .venv, with everything the project and its tests need
# make demo    a network on an emulated microcontroller, layer by layer and patch by patch
# make test    all tests but the heavy ones
# make lint    formatting, style and types
# make heavy   the tests that take minutes, and the property tests with new examples
# make bench-schedule   benchmarks/schedule.md: the arena of the best schedules, planned and measured
# make bench-kernels    benchmarks/kernels.md: instructions a MAC of the kernels, alone and in whole networks
# make fuzz-jpeg      100,000 damaged JPEG files through the decoder, under the sanitizers
# make bench-qemu       benchmarks/qemu.md: real networks booted in QEMU, beside Unicorn
# make bench-tuning     benchmarks/tuning.md: what `mcupatch tune` gains at tight budgets
# make docs    the documentation site, in build/docs/index.html
# make pictures   docs/pictures: the report's pictures of two networks of the tutorials
# make clean   remove what was built, the environment included

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.mcupatch-setup
NATIVE_SOURCES := $(wildcard src/runtime/kernels/*.[ch] src/runtime/rows/*.c src/runtime/include/mcupatch/*.h \
                             src/runtime/include/mcupatch/rows/*.h src/emulator/*.[ch] \
                             src/scheduler/*.cc src/scheduler/*.h)
C_FILES := $(shell find src tests python -name '*.[ch]' -o -name '*.cc')
STRICT := python/mcupatch/errors.py python/mcupatch/ir python/mcupatch/schedule python/mcupatch/memory \
          python/mcupatch/target
RUN_TESTS := $(BIN)/python -m pytest -n 2

.PHONY: setup demo test bench-schedule bench-kernels bench-qemu bench-tuning fuzz-jpeg lint docs pictures heavy clean

setup: $(STAMP)

$(STAMP): pyproject.toml setup.py CMakeLists.txt $(NATIVE_SOURCES)
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 14))' || { \
	  echo "mcupatch needs Python 3.10 to 3.13; '$(PYTHON)' is $$($(PYTHON) --version 2>&1). Try: make setup PYTHON=python3.11" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "'$(PYTHON)' cannot make a virtual environment: its modules venv and ensurepip are missing." \
	       "On Debian and Ubuntu install python3-venv, or name another one: make setup PYTHON=/path/to/python3" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@

demo: setup
	$(BIN)/mcupatch demo

test: setup
	@$(RUN_TESTS) -m "not heavy" tests && echo "make test: all tests passed."

heavy: setup
	@$(RUN_TESTS) -m "not heavy" --new-examples tests/property
	@$(RUN_TESTS) -m heavy tests && echo "make heavy: all tests passed."

bench-schedule: setup
	$(BIN)/python -m benchmarks.schedule_table $(if $(wildcard ../shared/models),--models ../shared/models)

bench-kernels: setup
	$(BIN)/python -m benchmarks.kernel_table $(if $(wildcard ../shared/models),--models ../shared/models)

bench-qemu: setup
	$(BIN)/python -m benchmarks.qemu_table $(if $(wildcard ../shared/models),--models ../shared/models)

bench-tuning: setup
	$(BIN)/python -m benchmarks.tuning_table --models $(or $(wildcard ../shared/models),models)

fuzz-jpeg: setup
	$(BIN)/python -m tests.fuzz.fuzz_jpeg --runs 100000

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict --follow-imports=silent $(STRICT)
	$(if $(C_FILES),$(BIN)/clang-format --dry-run -Werror $(C_FILES))

docs: setup
	@$(BIN)/python -m sphinx -q -W --keep-going -c docs . build/docs && echo "make docs: build/docs/index.html"

pictures: setup
	$(BIN)/python docs/draw_pictures.py

clean:
	rm -rf $(VENV) build dist demo-out python/*.egg-info python/mcupatch/_native .pytest_cache .mypy_cache .ruff_cache \
	       .hypothesis
