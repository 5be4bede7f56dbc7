# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Every target first installs what it needs (root, on Debian or Ubuntu); the second run
# finds it there. PYTHON=3.12 make unit takes that Python instead of the newest.

CHECK = .venv/bin/python -m tools.check
UV = .venv/bin/uv pip compile --quiet --universal --generate-hashes --no-header \
	--no-emit-index-url --no-config --upgrade
# As the tests have it (tools/stage.py): .venv first, the collection from .build alone.
ENVIRON = PATH="$(CURDIR)/.venv/bin:$$PATH" PYTHONPATH="$(CURDIR)/.build" \
	ANSIBLE_COLLECTIONS_PATH="$(CURDIR)/.build" ANSIBLE_HOME="$(CURDIR)/.cache/ansible"

.PHONY: help
help: ## Say what there is
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile | expand -t 22

.PHONY: setup
setup: ## Install what the other targets need, and no more
	@python3 -m tools.setup

.PHONY: test
test: setup ## Linters, ansible-test sanity, unit and integration tests, Molecule
	@$(CHECK) lint sanity unit integration molecule

.PHONY: lint
lint: setup ## Formatters and linters
	@$(CHECK) lint

.PHONY: sanity
sanity: setup ## ansible-test sanity, without containers
	@$(CHECK) sanity

.PHONY: unit
unit: setup ## Unit tests
	@$(CHECK) unit

.PHONY: integration
integration: setup ## Integration tests against real libvirt daemons
	@$(CHECK) integration

.PHONY: molecule
molecule: setup ## Molecule's scenarios of the roles and playbooks
	@$(CHECK) molecule

.PHONY: matrix
matrix: setup ## Unit tests on ansible-core 2.16, 2.19 and the newest
	@$(CHECK) matrix

.PHONY: demo
demo: setup ## Show the main job
	@$(ENVIRON) demo/run

.PHONY: bench
bench: ## Benchmarks, beside community.libvirt
	@python3 -m tools.setup bench
	@$(ENVIRON) ANSIBLE_COLLECTIONS_PATH="$(CURDIR)/.build:$(CURDIR)/.build/bench" \
		benchmarks/run

.PHONY: docs
docs: setup ## The plugins' pages as HTML, in .build/docs
	@mkdir -p .build/docs/rst
	@$(ENVIRON) .venv/bin/antsibull-docs collection --use-current --fail-on-error \
		--squash-hierarchy --cleanup everything --dest-dir .build/docs/rst hypervisor.connect
	@.venv/bin/sphinx-build -q -W --keep-going -c docs/docsite -d .build/docs/doctrees \
		.build/docs/rst .build/docs/html
	@echo "docs: .build/docs/html/index.html"

.PHONY: build
build: setup ## The collection's archive, in .build/dist
	@$(ENVIRON) .venv/bin/ansible-galaxy collection build --force --output-path .build/dist

.PHONY: lock
lock: setup ## Lock the newest versions of what requirements/*.in ask for
	$(UV) --python-version 3.10 requirements/uv.in -o requirements/uv.txt
	$(UV) --python-version 3.10 requirements/dev.in -o requirements/dev.txt
	$(UV) --python-version 3.10 requirements/clients.in -o requirements/clients.txt
	$(UV) --python-version 3.10 requirements/matrix-2.16.in -o requirements/matrix-2.16.txt
	$(UV) --python-version 3.11 requirements/matrix-2.19.in -o requirements/matrix-2.19.txt
	$(UV) --python-version 3.12 requirements/matrix-2.21.in -o requirements/matrix-2.21.txt
	$(UV) --python-version 3.10 --no-deps requirements/bench.in -o requirements/bench.txt

.PHONY: clean
clean: ## Remove all that the other targets made in the checkout
	rm -rf .venv .build .cache .ansible .mypy_cache .pytest_cache .ruff_cache .hypothesis
	rm -rf tests/output
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
