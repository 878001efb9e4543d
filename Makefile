# What one can do here. `make help` lists it.
#
# Needs cargo, python3 (3.11 or later) and a C compiler. What one uses goes into .venv: a release
# build. What tests use goes into .venv-test: a debug build of the sources.

PYTHON ?= python3
VENV ?= .venv
TEST_VENV ?= .venv-test
BIN := $(VENV)/bin
TEST_BIN := $(TEST_VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help demo test test-rust test-python test-c bench check fuzz evidence mutants coverage clean

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# ---- Python environments -------------------------------------------------------------------------

%/.tools: pyproject.toml Makefile
	$(PYTHON) -m venv $*
	$*/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	$*/bin/python -m pip install --quiet "maturin>=1.16,<2" --group test
	$*/bin/python -m pip install --quiet --no-deps "lifetimes==0.11.3" # the orders of CDNOW
	@touch $@

.PHONY: native native-release
native: $(TEST_VENV)/.tools
	VIRTUAL_ENV=$(abspath $(TEST_VENV)) $(TEST_BIN)/maturin develop --quiet

native-release: $(VENV)/.tools
	rm -rf target/wheels
	$(BIN)/maturin build --release --quiet --interpreter $(BIN)/python --out target/wheels
	$(BIN)/python -m pip install --quiet --no-deps --force-reinstall target/wheels/*.whl

# ---- what people do ------------------------------------------------------------------------------

demo: native-release ## The customers of a real shop: 69,659 orders of CDNOW, as a page
	$(BIN)/python examples/cdnow.py demo
	$(BIN)/crm report demo/cdnow.csv --currency USD --amount-is line -o demo/report.html --force
	@echo "Open demo/report.html"

# Not optimised: the core is then built in a fifth of the time. Its unit tests and examples are small.
PLAIN = cargo --config 'profile.dev.package.crm-core.opt-level=0'

test: ## Everything that can fail: Rust, Python, C
	$(MAKE) --keep-going test-rust test-python test-c

# The whole workspace at once, so that the doors share one optimised build of the core. crm-py has no unit tests. The examples use the core
# without its optional dependencies, as a small service does.
test-rust:
	@status=0; \
	cargo test --quiet --no-fail-fast --workspace --test '*' || status=1; \
	cargo test --quiet --no-fail-fast --workspace --doc || status=1; \
	$(PLAIN) test --quiet --no-fail-fast --workspace --exclude crm-py --lib || status=1; \
	$(PLAIN) test --quiet -p crm-core --no-default-features --examples || status=1; \
	exit $$status

test-python: native
	$(TEST_BIN)/python -m pytest --quiet --numprocesses auto --dist loadfile --no-loadscope-reorder

.PHONY: test-spark
test-spark: native ## crm.spark on two worker processes; needs Java and pyspark, and says so where they are missing
	@if ! java -version >/dev/null 2>&1; then \
		echo "NOT TESTED: crm.spark, because there is no Java"; \
	elif ! $(TEST_BIN)/python -c "import pyspark, pyarrow" 2>/dev/null; then \
		echo "NOT TESTED: crm.spark, because there is no pyspark: $(TEST_BIN)/pip install 'pyspark>=3.5' pyarrow"; \
	else \
		$(TEST_BIN)/python -m pytest --quiet tests/spark; \
	fi

.PHONY: axe
axe: ## axe-core from npm, with which test_report_browser.py looks at the page
	mkdir -p target/axe
	cd target/axe && npm pack --silent axe-core@4 && tar -xzf axe-core-*.tgz

test-c:
	@if [ -x tests/c/run.sh ]; then tests/c/run.sh; fi

PREFIX ?= /usr/local
INSTALL_FOLDERS = PREFIX="$(PREFIX)" LIBDIR="$(LIBDIR)" INCLUDEDIR="$(INCLUDEDIR)" DESTDIR="$(DESTDIR)"
ARCHIVE = crm-$(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)-$(shell uname -m)-linux

.PHONY: install uninstall archive
install: ## The C library, header, pkg-config and CMake files: PREFIX=/usr/local DESTDIR=
	cargo build --quiet --release -p crm-ffi --lib
	$(INSTALL_FOLDERS) crates/crm-ffi/install/install.sh install target/release

uninstall: ## What `make install` installed, with the same PREFIX
	$(INSTALL_FOLDERS) crates/crm-ffi/install/install.sh uninstall target/release

archive: ## The installed tree of the C library, without symbols, as target/crm-VERSION-MACHINE-linux.tar.gz
	cargo build --quiet --release -p crm-ffi --lib
	rm -rf target/$(ARCHIVE)
	PREFIX=$(CURDIR)/target/$(ARCHIVE) STRIP=strip \
		crates/crm-ffi/install/install.sh install target/release
	tar -C target -czf target/$(ARCHIVE).tar.gz $(ARCHIVE)
	@ls -l target/$(ARCHIVE).tar.gz target/$(ARCHIVE)/lib

.PHONY: doxygen
doxygen: ## The reference of the C library as pages, in target/doxygen (needs doxygen)
	mkdir -p target
	doxygen docs/c/Doxyfile
	@echo "Open target/doxygen/html/index.html"

.PHONY: docs
docs: $(TEST_VENV)/.tools ## The documents as a site, in target/docs
	$(TEST_BIN)/python -m pip install --quiet --group docs
	$(TEST_BIN)/sphinx-build --quiet --fail-on-warning --keep-going docs target/docs
	@echo "Open target/docs/index.html"

bench: native-release ## Speed beside polars and DuckDB, written to benches/RESULTS.md (a quarter of an hour)
	@if [ -x benches/run.sh ]; then PYTHON=$(abspath $(BIN)/python) benches/run.sh; else cargo bench; fi

.PHONY: bench-spark
bench-spark: native-release ## crm.spark beside Spark SQL on two executors; needs Java and pyspark
	$(BIN)/python benches/spark.py

.PHONY: check-speed
check-speed: ## Instructions of ten hot paths against benches/instructions.json (needs valgrind, a minute)
	$(PYTHON) benches/check_speed.py

.PHONY: generated
generated: ## Files that follow from the sources: reference, header, fingerprints, what Python exports
	CRM_BLESS=1 cargo test --quiet -p crm-tests -p crm-ffi -p crm-py --test reference --test tables --test header
	$(PYTHON) tests/python/exports.py

check: native ## What a reviewer would say: format, lints, docs, types
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --quiet -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --quiet
	$(TEST_BIN)/ruff format --check python tests/python tests/spark examples/python/*.py docs/*.py
	$(TEST_BIN)/ruff check python tests/python tests/spark examples/python docs
	$(TEST_BIN)/mypy
	$(TEST_BIN)/python -m mypy.stubtest crm_core._native

fuzz: ## Hostile input, for a while (needs cargo-fuzz and a nightly compiler)
	fuzz/run.sh

evidence: native-release ## Long simulations and slow second computations that no other command runs (an hour)
	cargo test --release --quiet --workspace --exclude crm-py -- --ignored
	$(BIN)/python tests/python/season_evidence.py
	$(BIN)/python tests/python/kinds_evidence.py
	$(BIN)/python tests/python/forecast_evidence.py
	$(BIN)/python tests/python/model_evidence.py --choice --seasons
	$(BIN)/python tests/python/reading_evidence.py
	$(BIN)/python tests/python/people_evidence.py
	$(BIN)/python tests/python/title_evidence.py
	$(BIN)/python tests/python/campaign_evidence.py
	$(BIN)/python tests/python/covariate_evidence.py --shops 100
	$(BIN)/python tests/python/demand_evidence.py

SEED ?= 1

mutants: native ## Planted faults that tests must notice, a random sample: SEED=3 is another (an hour)
	$(PYTHON) tests/mutants/run.py --seed $(SEED) --jobs 2
	$(TEST_BIN)/python tests/mutants/python.py --seed $(SEED)

coverage: ## Lines that no Rust test runs (needs cargo-llvm-cov)
	@if cargo llvm-cov --version >/dev/null 2>&1 \
		&& ls "$$(rustc --print sysroot)"/lib/rustlib/*/bin/llvm-profdata >/dev/null 2>&1; then \
		cargo llvm-cov --workspace --exclude crm-py --summary-only; \
	else \
		echo "Coverage needs: cargo install cargo-llvm-cov; rustup component add llvm-tools"; \
	fi

clean: ## Back to the sources
	cargo clean
	rm -rf $(VENV) $(TEST_VENV) demo python/crm_core/_native*.so
