# LesionLab. `make` lists the goals; `make app` is all that is needed to start.
# Works with GNU make 3.81 (the one that macOS has) and later.

# Change these on the command line: make app PORT=8502 PYTHON=python3.12
PORT = 8501
PYTHON = python3
# Tests at the same time: some wait more than they compute.
WORKERS = 3

VENV = .venv
PY = $(VENV)/bin/python
AUDIT_VENV = .venv-audit
# Stamps: installing runs again only when a requirements file is newer than its stamp …
APP_STAMP = $(VENV)/.installed
DEV_STAMP = $(VENV)/.installed-dev
# … or when the environment's Python no longer starts (say, the system's Python was upgraded).
ifneq ($(shell $(PY) -c 'print(1)' 2>/dev/null),1)
BROKEN = broken-venv
endif

.DEFAULT_GOAL = help
.PHONY: help app desktop venv test lint tests format audit clean broken-venv

help: ## List these goals
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo "  PORT=$(PORT)  PYTHON=$(PYTHON)    for example: make app PORT=8502 PYTHON=python3.12"

app: $(APP_STAMP) ## Install on the first run, then start the app
	@$(PY) -c 'import socket, sys; sys.exit(socket.socket().connect_ex(("127.0.0.1", $(PORT))) == 0)' \
	  || { echo "Port $(PORT) is already in use (is LesionLab running in another window?)." \
	            "Stop that program, or choose another port: make app PORT=$$(( $(PORT) + 1 ))"; exit 1; }
	@echo "LesionLab: http://127.0.0.1:$(PORT)    (Ctrl+C stops it)"
	@exec $(PY) -m streamlit run app.py --server.port $(PORT)

desktop: $(APP_STAMP) ## The app in a window of its own
	@exec $(PY) -m desktop

venv: $(APP_STAMP) ## Only install what the app needs, into .venv

test: lint tests ## Everything that CI runs: lint, format, types, tests

lint: $(DEV_STAMP)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

# Compiled modules are kept, for the many processes that tests start.
tests: $(DEV_STAMP)
	PYTHONDONTWRITEBYTECODE= $(PY) -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

format: $(DEV_STAMP) ## Format the code and fix what the linter can fix
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

audit: $(APP_STAMP) ## Known vulnerabilities of what is installed; its licences into sbom.json
	@$(PYTHON) -m venv $(AUDIT_VENV)
	$(AUDIT_VENV)/bin/python -m pip install --disable-pip-version-check -q -r requirements-audit.txt
	$(AUDIT_VENV)/bin/cyclonedx-py environment $(PY) --output-format JSON --output-file sbom.json
	$(AUDIT_VENV)/bin/pip-audit --path "$$($(PY) -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"

clean: ## Remove .venv and caches; data/, runs/ and weights/ stay
	rm -rf $(VENV) $(AUDIT_VENV) sbom.json .pytest_cache .mypy_cache .ruff_cache tests/browser/screens
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(APP_STAMP): requirements.txt $(BROKEN)
	@command -v $(PYTHON) >/dev/null \
	  || { echo "LesionLab needs Python 3.11 or newer, and there is no '$(PYTHON)' on this machine." \
	            "Install it from https://www.python.org/downloads/ or name another:" \
	            "make app PYTHON=/path/to/python3.12"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "LesionLab needs Python 3.11 or newer, and '$(PYTHON)' is older:" \
	            "$$($(PYTHON) --version 2>&1). Name a newer one: make app PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null \
	  || { echo "This Python cannot make virtual environments: its venv module is missing." \
	            "On Debian or Ubuntu: sudo apt install python3-venv"; exit 1; }
	@echo "Installing into $(VENV). The first time this downloads much and takes some minutes."
	@$(PY) -c '' 2>/dev/null || $(PYTHON) -m venv --clear $(VENV)
	$(PY) -m pip install --disable-pip-version-check -r requirements.txt
	@$(PY) -m core prepare || echo "The app will say more when it starts."
	@touch $@

$(DEV_STAMP): requirements-dev.txt $(APP_STAMP)
	$(PY) -m pip install --disable-pip-version-check -r requirements-dev.txt
	@touch $@
