PYTHON ?= python3
BIN := .venv/bin

.PHONY: verify test lint figures clean

verify: .venv/.stamp
	$(BIN)/quod verify

test: .venv/.stamp
	$(BIN)/pytest -n 2

lint: .venv/.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

figures: .venv/.stamp
	$(BIN)/quod figure all

clean:
	rm -rf .venv quod-report .mypy_cache .pytest_cache .ruff_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.stamp: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install -q --no-compile --disable-pip-version-check -c constraints.txt -e '.[test,lint,examples,networks]'
	# All but torch, which few commands import, and what no one runs: compiling it takes as long as all the rest.
	$(BIN)/python -m compileall -q -j 0 -x '/(torch|torchgen|tests)/' .venv/lib || true
	touch $@
