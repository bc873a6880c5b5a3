# `make run` starts Photo-Lab, `make test` proves it, `make test-fleet` breaks what it stands on, `make lint` reads it.

PYTHON ?=
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test test-fleet lint lock
.DEFAULT_GOAL := run

run: $(VENV)/.requirements-train.done
	@exec $(BIN)/python -m photolab_site.run

test: $(VENV)/.requirements-dev.done
	@exec $(BIN)/python manage.py test --testrunner=tests.runner.CountingRunner --parallel 2 --exclude-tag=fleet $(TESTS)

test-fleet: $(VENV)/.requirements-dev.done
	@exec $(BIN)/python manage.py test --testrunner=tests.fleet.runner.FleetRunner --tag=fleet $(or $(TESTS),tests.fleet)

lint: $(VENV)/.requirements-dev.done
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# Writes down each package with the digests of its files; keeps versions that are locked while the pins allow them.
lock: requirements-web.lock requirements.lock

requirements-web.lock: requirements-web.txt FORCE
requirements.lock: requirements-dev.txt FORCE
%.lock: $(VENV)/.requirements-dev.done
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		$(filter %.txt,$^) -o $@

# A stamp keeps the sum of the requirements that were installed: only another sum installs again,
# not a newer time stamp, which every checkout gives.
$(VENV)/.%.done: FORCE | $(VENV)/.made
	@sum=$$(cat requirements*.txt | cksum); \
	if [ "$$sum" != "$$(cat $@ 2>/dev/null)" ]; then \
		echo "Photo-Lab: installing $*.txt into $(VENV) (the first time takes some minutes) ..."; \
		$(BIN)/python -m pip install --disable-pip-version-check -r $*.txt && echo "$$sum" > $@; \
	fi

$(VENV)/.made:
	@for python in $(PYTHON) python3.11 python3; do \
		if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			echo "Photo-Lab: making $(VENV) with $$($$python --version) ..."; \
			$$python -m venv $(VENV) && touch $@ && exit 0; \
			echo "Photo-Lab: $$python could not make $(VENV); on Debian, install python3-venv." >&2; \
			exit 1; \
		fi; \
	done; \
	echo "Photo-Lab needs Python 3.11 or newer: install python3.11, or name one by PYTHON=..." >&2; \
	exit 1

.PHONY: FORCE
FORCE:
