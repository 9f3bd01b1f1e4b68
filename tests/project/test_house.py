"""What keeps the house in order: tiers of tests, targets of make, extras that errors name."""

import ast
import re
import tomllib
from pathlib import Path

import conftest
import pytest

import litcoin_batch
from litcoin_batch.extras import EXTRAS
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


def test_names_of_tests_are_the_same_in_every_process(request):
    # Two processes have to collect the same; what gzip packs carries the second in which it did, unless told mtime=0.
    packed = [
        item.nodeid
        for item in request.session.items
        if re.search(r"\\x1f\\x8b\\x08\\x00(?!\\x00\\x00\\x00\\x00)", item.nodeid)
    ]
    assert packed == []


def test_two_test_files_never_have_one_name():
    paths = list((REPOSITORY / "tests").rglob("test_*.py"))
    assert len(paths) == len(TEST_FILES)


def test_each_target_of_make_says_what_it_is_for():
    makefile = (REPOSITORY / "Makefile").read_text()
    targets = set(re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[1].split())
    told = set(re.findall(r"^([a-z]+):.*## \S", makefile, re.MULTILINE))
    assert targets - told == {"java"}


@pytest.mark.parametrize("extra", sorted(set(EXTRAS.values())))
def test_an_extra_that_an_error_names_brings_the_package(extra):
    brought = {re.split(r"[=\[]", line)[0] for line in PROJECT["optional-dependencies"][extra]}
    named = {package for package, one in EXTRAS.items() if one == extra}
    assert brought & named


def test_the_extra_all_is_what_the_commands_need():
    (line,) = PROJECT["optional-dependencies"]["all"]
    assert set(re.search(r"\[(.*)\]", line)[1].split(",")) == set(EXTRAS.values())


def test_every_pin_is_in_the_lock():
    normal = lambda line: re.sub(r"[-_.]+", "-", re.sub(r"\[.*\]", "", line).lower())  # noqa: E731
    lock = {normal(line) for line in (REPOSITORY / "requirements.lock").read_text().splitlines()}
    pins = [line for lines in PROJECT["optional-dependencies"].values() for line in lines if "==" in line]
    wanted = {normal(line) for line in [*PROJECT["dependencies"], *pins]}

    assert wanted - lock == set()


TREES = {
    path: ast.parse(path.read_text(encoding="utf-8"))
    for folder in ("litcoin_batch", "training", "jobs")
    for path in sorted((REPOSITORY / folder).rglob("*.py"))
}
MANY = 6
AXES = "batch|documents|pieces|words|steps|rows|groups|columns|pairs|instances|entities|queries|tags|classes|heads|mentions|types"
# A tuple of axes that nothing calls a shape; what is mapped to another shape ("-> (pairs, width)") was called one.
BARE_SHAPE = re.compile(
    rf"(?<!Shape: )(?<!-> )\((?:real |mention )?(?:{AXES}),(?: [A-Za-z0-9_ .*+]+(?:, [A-Za-z0-9_ .*+]+)*)?\)"
)


def records() -> set[str]:
    """Names of dataclasses and named tuples of ``MANY`` fields and more."""
    return {
        node.name
        for tree in TREES.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        and any("dataclass" in ast.unparse(one) for one in node.decorator_list)
        | any(ast.unparse(base) == "NamedTuple" for base in node.bases)
        and sum(isinstance(one, ast.AnnAssign) for one in node.body) >= MANY
    }


def built_by_place(tree: ast.AST, names: set[str]) -> list[int]:
    """Lines where one of ``names`` is called with ``MANY`` values and more that no keyword names."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and len(node.args) >= MANY]
    return [call.lineno for call in calls if ast.unparse(call.func).rpartition(".")[2] in names]


def test_records_of_many_fields_are_built_by_keyword():
    names = records()
    assert {"Relation", "Pairs", "Recipe"} <= names
    assert built_by_place(ast.parse("schema.Relation(1, 2, 3, 4, 5, 6)"), names)
    assert [f"{path}:{line}" for path, tree in TREES.items() for line in built_by_place(tree, names)] == []


def test_shapes_are_told_in_one_form():
    told = [
        (path, ast.get_docstring(node) or "")
        for path, tree in TREES.items()
        if {"model", "learning"} & set(path.parts)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
    ]
    assert BARE_SHAPE.search("``vectors`` (batch, pieces, width)") and BARE_SHAPE.search("(pairs,) of each")
    assert sum("Shape: (" in text for _, text in told) > 40
    assert [f"{path}: {found[0]}" for path, text in told if (found := BARE_SHAPE.search(text))] == []


CHANGES = (
    *(
        "a new input format",
        "a new relation type",
        "another encoder",
        "a column more",
        "another source of concept names",
    ),
    *("a quality gate", "a chart of a page", "a baseline of the benchmark", "an option of S3", "a rule of the night"),
)


def test_each_named_change_has_one_file_that_is_there():
    text = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
    first = {
        change: re.search(r"`([\w./]+\.py)`", row)[1]
        for change, row in re.findall(r"^\| ([^|]+) \| (.+) \|$", text, re.M)
        if change in CHANGES
    }
    assert first.keys() == set(CHANGES)
    assert [path for path in first.values() if not (REPOSITORY / path.replace("FORMAT", "bioc")).is_file()] == []


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
