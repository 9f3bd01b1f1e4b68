# Everything that a target needs is put into .venv, in this folder; nothing has to be activated.

VENV := .venv
BIN := $(abspath $(VENV))/bin
READY := $(VENV)/ready
WAREHOUSE := warehouse
# Files of tests in two processes, in the order of tests/conftest.py: first those without Spark, whose classes are kept meanwhile.
PYTEST_ARGS ?= -n 2 --dist loadfile --no-loadscope-reorder
FAST_ARGS ?= -n 2 --dist loadfile

# Another Spark or other packages of this host, found through the environment, would mix with those in .venv.
RUN := env -u SPARK_HOME -u SPARK_CONF_DIR -u PYTHONPATH -u PYTHONHOME \
	PATH="$(BIN):$$PATH" PYSPARK_PYTHON="$(BIN)/python" PYSPARK_DRIVER_PYTHON="$(BIN)/python"

.PHONY: help demo test check fast format settings java
.DEFAULT_GOAL := help

help: ## This list.
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: java $(READY) ## Annotate the embedded sample and print its first relations.
	@$(RUN) SPARK_LOCAL_HOSTNAME=localhost "$(BIN)/spark-submit" --conf spark.log.level=ERROR \
	  jobs/annotate.py --warehouse $(WAREHOUSE) $(DEMO_ARGS)

test: java check ## All that a change has to pass: check, then every test; some of them: PYTEST_ARGS="tests/jobs/test_sql.py -x".
	@$(RUN) "$(BIN)/python" tests/support/quick_spark.py & \
	$(RUN) "$(BIN)/python" -m pytest $(PYTEST_ARGS); passed=$$?; wait; exit $$passed

check: $(READY) ## Lint, format and types, in less than a minute.
	@"$(BIN)/ruff" check --quiet .
	@"$(BIN)/ruff" format --quiet --check .
	@"$(BIN)/mypy" --no-error-summary

fast: $(READY) ## The tests that start neither Spark nor a training.
	@$(RUN) "$(BIN)/python" -m pytest -m fast $(FAST_ARGS)

format: $(READY) ## Put the code into its format and mend what the linter can mend.
	@"$(BIN)/ruff" check --quiet --fix .
	@"$(BIN)/ruff" format --quiet .

settings: $(READY) ## Write conf/*.yaml anew from the dataclasses where the settings stand.
	@"$(BIN)/python" jobs/write_settings.py

$(READY): pyproject.toml requirements.lock
	@set -e; \
	for python in $(PYTHON) python3.11 python3; do \
	  if "$$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then found="$$python"; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "Python 3.11 is needed, and neither python3.11 nor python3 is one; give one by: make PYTHON=/path/to/python3.11" >&2; exit 1; \
	fi; \
	if ! "$$found" -m venv --clear $(VENV); then \
	  echo "$$found cannot make a virtual environment; on Debian and Ubuntu: apt-get install python3.11-venv" >&2; exit 1; \
	fi; \
	echo "Installing into $(VENV), once; this takes a few minutes"; \
	"$(BIN)/python" -m pip install --quiet --disable-pip-version-check -c requirements.lock setuptools; \
	"$(BIN)/python" -m pip install --quiet --disable-pip-version-check -c requirements.lock --no-build-isolation -e '.[all,train,test]'; \
	touch $@

# Spark 4 runs on Java 17 and later.
java:
	@java="$${JAVA_HOME:+$$JAVA_HOME/bin/}java"; \
	major=$$("$$java" -version 2>&1 | sed -n 's/.*version "\(1\.\)\{0,1\}\([0-9]*\).*/\2/p' | head -n 1); \
	if [ "$${major:-0}" -lt 17 ]; then \
	  echo "Java 17 or later is needed: $$java is $${major:+Java }$${major:-not there}; install it, or set JAVA_HOME to it" >&2; exit 1; \
	fi
