"""What keeps the house in order: tiers of tests, targets of make, extras that errors name."""

import ast
import re
import tomllib
from pathlib import Path

import conftest
import pytest

import litcoin_batch
from litcoin_batch.commands import terminal
from measure_house import circles, imported, module_of, room

REPOSITORY = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
TEST_FILES = {path.stem for path in (REPOSITORY / "tests").rglob("test_*.py")}


def test_files_that_the_tiers_name_are_there():
    assert {*conftest.LONG, *conftest.STARTS_SPARK, *conftest.SLOW} - TEST_FILES == set()


def test_every_test_is_in_one_tier(request):
    tiers = {"fast", "spark", "slow"}
    assert all(len(tiers & {mark.name for mark in item.iter_markers()}) == 1 for item in request.session.items)
    assert request.node.get_closest_marker("fast")


def test_two_test_files_never_have_one_name():
    paths = list((REPOSITORY / "tests").rglob("test_*.py"))
    assert len(paths) == len(TEST_FILES)


def test_each_target_of_make_says_what_it_is_for():
    makefile = (REPOSITORY / "Makefile").read_text()
    targets = set(re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[1].split())
    told = set(re.findall(r"^([a-z]+):.*## \S", makefile, re.MULTILINE))
    assert targets - told == {"java"}


@pytest.mark.parametrize("extra", sorted(set(terminal.EXTRAS.values())))
def test_an_extra_that_an_error_names_brings_the_package(extra):
    brought = {re.split(r"[=\[]", line)[0] for line in PROJECT["optional-dependencies"][extra]}
    named = {package for package, one in terminal.EXTRAS.items() if one == extra}
    assert brought & named


def test_the_extra_all_is_what_the_commands_need():
    (line,) = PROJECT["optional-dependencies"]["all"]
    assert set(re.search(r"\[(.*)\]", line)[1].split(",")) == set(terminal.EXTRAS.values())


def test_every_pin_is_in_the_lock():
    normal = lambda line: re.sub(r"[-_.]+", "-", re.sub(r"\[.*\]", "", line).lower())  # noqa: E731
    lock = {normal(line) for line in (REPOSITORY / "requirements.lock").read_text().splitlines()}
    pins = [line for lines in PROJECT["optional-dependencies"].values() for line in lines if "==" in line]
    wanted = {normal(line) for line in [*PROJECT["dependencies"], *pins]}

    assert wanted - lock == set()


def test_rooms_make_no_circle():
    package = sorted((REPOSITORY / "litcoin_batch").rglob("*.py"))
    edges = {
        (room(module_of(path.relative_to(REPOSITORY))), room(module))
        for path in package
        for module in imported(ast.parse(path.read_text()))
    }
    assert ("model", "text") in edges
    assert circles(edges) == []
    assert circles(edges | {("schema", "warehouse")})


def test_the_changelog_begins_with_this_version():
    heads = re.findall(r"^## (\S+)", (REPOSITORY / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert heads[0] == litcoin_batch.__version__
