"""The front door: names of the package and verbs of the command line, each imported when it is asked for."""

import subprocess
import sys

import pytest
from click.testing import CliRunner

import litcoin_batch
from litcoin_batch.commands import front_door

HEAVY = "{'torch', 'pyspark', 'lxml', 'numpy', 'transformers'} & set(sys.modules)"


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_importing_the_package_or_the_front_door_imports_nothing_heavy():
    assert python(f"import sys, litcoin_batch, litcoin_batch.commands.front_door; print({HEAVY})") == "set()"


def test_reading_files_imports_neither_torch_nor_spark():
    code = "import sys; from litcoin_batch import Document, read_path; print({'torch', 'pyspark'} & set(sys.modules))"
    assert python(code) == "set()"


@pytest.mark.parametrize("name", litcoin_batch.__all__)
def test_each_exported_name_is_there(name):
    assert getattr(litcoin_batch, name).__name__ == name
    assert name in dir(litcoin_batch)


def test_another_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = litcoin_batch.nothing


@pytest.mark.parametrize(
    ("name", "package", "extra"), [("Annotator", "torch", "model"), ("annotate", "pyspark", "spark")]
)
def test_a_name_that_misses_a_package_names_the_extra_that_brings_it(name, package, extra):
    code = f"import sys; sys.modules['{package}'] = None\ntry: from litcoin_batch import {name}\nexcept ImportError as e: print(e)"
    assert python(code) == f"{name} needs {package}, which is not installed: pip install 'litcoin-batch[{extra}]'"


def test_help_lists_all_verbs_and_what_they_do():
    told = CliRunner().invoke(front_door.main, ["--help"]).output
    assert all(f"  {verb} " in told for verb in [*front_door.VERBS, *front_door.IN_THE_REPOSITORY])


@pytest.mark.parametrize("verb", [*front_door.VERBS, *front_door.IN_THE_REPOSITORY])
def test_each_verb_has_help(verb):
    done = CliRunner().invoke(front_door.main, [verb, "--help"])
    assert (done.exit_code, "--help" in done.output) == (0, True), done.output


def test_a_verb_that_misses_a_package_names_the_extra_that_brings_it(monkeypatch):
    def missing(name):
        raise ModuleNotFoundError("No module named 'torch'", name="torch.nn")

    monkeypatch.setattr(front_door.importlib, "import_module", missing)
    done = CliRunner().invoke(front_door.main, ["annotate", "--help"])
    assert done.exit_code == 1
    assert "annotate needs torch, which is not installed: pip install 'litcoin-batch[model]'" in done.output


def test_a_missing_module_of_our_own_is_no_missing_extra(monkeypatch):
    def missing(name):
        raise ModuleNotFoundError("No module named 'litcoin_batch.reader'", name="litcoin_batch.reader")

    monkeypatch.setattr(front_door.importlib, "import_module", missing)
    with pytest.raises(ModuleNotFoundError):
        CliRunner().invoke(front_door.main, ["annotate", "--help"], catch_exceptions=False)
