PYTHON ?= python3
BIN := .venv/bin

.PHONY: verify test lint figures docs browser trials clean

verify: .venv/.stamp
	$(BIN)/quod verify

test: .venv/.stamp browser
	$(BIN)/pytest -n 2

lint: .venv/.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

figures: .venv/.stamp
	$(BIN)/quod figure all

# The site, into site/; a link that leads nowhere or a formula that cannot be read ends it, as it does in the tests.
docs: .venv/.stamp
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

# The tests of the report open it in Chromium. Where apt-get and root are there, a missing one is installed; elsewhere, or without
# a network, nothing is, and pytest says that it leaves these tests out.
browser:
	@if command -v chromedriver >/dev/null || ! command -v apt-get >/dev/null || test "$$(id -u)" != 0; then :; else \
	    echo "installing chromium for the tests of the report" && apt-get update -qq && \
	    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium chromium-driver >/dev/null || \
	    echo "chromium could not be installed"; fi

trials: .venv/.stamp
	$(BIN)/python tests/trials/kill_at_random.py

clean:
	rm -rf .venv quod-report site .mypy_cache .pytest_cache .ruff_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.stamp: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install -q --no-compile --disable-pip-version-check -c constraints.txt -e '.[test,lint,examples,networks,docs]'
	# All but torch, which few commands import, and what no one runs: compiling it takes as long as all the rest.
	$(BIN)/python -m compileall -q -j 0 -x '/(torch|torchgen|tests)/' .venv/lib || true
	touch $@
