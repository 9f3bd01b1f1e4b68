"""What the READMEs say: commands have the options that are written down, links lead somewhere, the first one is short."""

from __future__ import annotations

import importlib
import importlib.util
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from litcoin_batch.commands import front_door

REPOSITORY = Path(__file__).resolve().parents[2]
FOLDERS = ("litcoin_batch", "training", "jobs", "conf", "docker", "tests")
DOCUMENTS = [
    REPOSITORY / "README.md",
    REPOSITORY / "CONTRIBUTING.md",
    *sorted(path for folder in FOLDERS for path in (REPOSITORY / folder).rglob("*.md")),
]
# Beginnings of commands that no test tries, and why.
NOT_RUN_HERE = {
    "make ": "installs into .venv; .ci/run calls one of them",
    "export ": "a setting of the shell",
    "data=": "a setting of the shell",
    "pairs=": "a setting of the shell",
    "made=": "a setting of the shell",
    "gold=": "a setting of the shell",
    "pip install": "needs a package index",
    "python3.11 -m venv": "needs a package index",
    "packed/bin/venv-pack": "not among the packages of the tests",
    "tar ": "a program of the system",
    "duckdb ": "DuckDB's command line is not among the packages; tests read the script of its views in its library",
    "python -c": "the line above it in Python; tests read that script so",
}


def commands(path: Path) -> Iterator[str]:
    """Indented lines and shell blocks of a document, continued lines in one, without comments."""
    text = path.read_text(encoding="utf-8").replace("\\\n", " ")
    # What a document sets for the commands below it.
    for name, value in re.findall(r'^    (\w+)="(.*)"$', text, re.MULTILINE):
        text = text.replace(f"${name}", value)
    fenced = re.findall(r"^```(?:sh|bash)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    plain = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    for line in [*plain.splitlines(), *("    " + line for block in fenced for line in block.splitlines())]:
        if line.startswith("    ") and (found := re.sub(r"\s+#\s.*", "", line).strip()):
            yield found


ALL = [(path.relative_to(REPOSITORY).as_posix(), line) for path in DOCUMENTS for line in commands(path)]
TRIED = [(place, line) for place, line in ALL if not line.startswith(tuple(NOT_RUN_HERE))]


def script(path: str) -> click.Command:
    place = REPOSITORY / path
    if path.startswith("training/"):
        return importlib.import_module(path.removesuffix(".py").replace("/", ".")).main
    spec = importlib.util.spec_from_file_location(f"readme_{place.stem}", place)
    assert spec and spec.loader, f"{path}: no such file"
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module.main


def parsed(line: str) -> tuple[click.Command, list[str]]:
    """The command that a line calls, and its arguments; what Spark itself is told is left out."""
    words = shlex.split(re.sub(r"\$\w+", "1", line))  # a variable of a loop is a number
    while "=" in words[0]:
        words.pop(0)
    if words[0] == "litcoin-batch":
        command = front_door.main.get_command(click.Context(front_door.main), words[1])
        assert command, f"{words[1]}: no such verb"
        return command, words[2:]
    at = next((i for i, word in enumerate(words) if re.fullmatch(r"(jobs|training)/[\w/]+\.py", word)), None)
    assert at is not None, f"{line!r}: neither a command of ours nor one of those that are not run here"
    return script(words[at]), words[at + 1 :]


def try_options(command: click.Command, arguments: list[str]) -> None:
    if isinstance(command, click.Group) and arguments and not arguments[0].startswith("-"):
        inner = command.get_command(click.Context(command), arguments[0])
        assert inner, f"{arguments[0]}: no such subcommand"
        return try_options(inner, arguments[1:])
    try:
        command.make_context(command.name, list(arguments))
    except click.BadParameter as error:
        # An example's file is not there; that the option is known is what is asked.
        if "does not exist" not in error.message:
            raise


def refusal(line):
    """What the command of a line says against its options; None where it takes them."""
    try:
        try_options(*parsed(line))
    except click.UsageError as error:
        return error.message
    return None


@pytest.mark.parametrize(("place", "line"), TRIED)
def test_a_command_has_the_options_that_a_document_gives_it(place, line):
    assert refusal(line) is None


def test_an_option_that_a_command_has_not_is_found():
    assert "--werehouse" in refusal("litcoin-batch annotate in/ --werehouse w")


def test_what_is_not_run_is_still_written_somewhere():
    assert len(TRIED) > 30
    assert [start for start in NOT_RUN_HERE if not any(line.startswith(start) for _, line in ALL)] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(REPOSITORY).as_posix())
def test_links_lead_to_files_and_headings(path):
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
        if re.match(r"https?:|mailto:", target):
            continue
        name, _, heading = target.partition("#")
        place = (path.parent / name).resolve() if name else path
        assert place.exists(), f"{target}: nothing there"
        if heading:
            heads = re.findall(r"^#+ (.*)$", place.read_text(encoding="utf-8"), re.MULTILINE)
            anchors = {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}
            assert heading in anchors, f"{target}: no such heading"


def test_the_first_document_can_be_read_at_once():
    assert len((REPOSITORY / "README.md").read_text(encoding="utf-8").splitlines()) <= 200


def test_files_that_the_documents_name_are_there():
    named = re.compile(r"`((?:litcoin_batch|training|jobs|tests|conf|docker)/[\w./-]+\.(?:py|yaml|conf|sql|sh|md))`")
    missing = [
        f"{path.relative_to(REPOSITORY)}: {name}"
        for path in DOCUMENTS
        for name in named.findall(path.read_text(encoding="utf-8"))
        if not (REPOSITORY / name).exists() and not re.search(r"[A-Z]{4,}", name)
    ]
    assert missing == []
