# make demo   a virtual environment, an installation, and the demo's report
# make test   the whole test suite
# make check  lint, types and the import contract
# make core   the C++ tests of the compiled core, under address and undefined-behaviour sanitizers
# make docs   the documentation, in docs/_build
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
SOURCES := $(shell find core src -type f -not -name '*.pyc' -not -name '*.so') CMakeLists.txt pyproject.toml constraints.txt

.PHONY: demo test check core docs clean

demo: $(VENV)/.installed
	$(BIN)/topolens demo

test: $(VENV)/.installed-test
	$(BIN)/python -m pytest --doctest-modules --pyargs topolens tests

check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

core: $(patsubst core/tests/%.cpp,build/core/%,$(wildcard core/tests/*.cpp))
	for test in $^; do $$test || exit 1; done

build/core/%: core/tests/%.cpp $(wildcard core/include/topolens/*.hpp)
	mkdir -p $(@D)
	$(CXX) -std=c++20 -O1 -g -Wall -Wextra -fsanitize=address,undefined -fno-sanitize-recover=all -pthread \
	  -Icore/include $< -o $@

docs: $(VENV)/.installed-docs
	$(BIN)/sphinx-build -W --keep-going -b html docs docs/_build/html

clean:
	rm -rf $(VENV) build docs/_build

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"

$(VENV)/.installed: $(BIN)/python $(SOURCES)
	$(BIN)/python -m pip install --quiet -c constraints.txt .
	touch $@

$(VENV)/.installed-%: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet -c constraints.txt --group $*
	touch $@
