"""Who may import whom: rooms that meet only in ``schema``, one home for torch and one for Spark.

``benchmark`` measures them all, and none of them knows of it; ``pages`` draws what it is given.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
OWN = "litcoin_batch"
FILES = sorted(path for folder in (OWN, "jobs", "training") for path in (REPOSITORY / folder).rglob("*.py"))
VAGUE_NAMES = {"utils", "helpers", "common", "base", "manager", "processor"}

_SCHEMA = f"{OWN}.schema"
_NUMBERS = {"numpy", "pyarrow"}
_MODEL = {"torch", "transformers", "tokenizers", "safetensors"}
_SPARK = {"pyspark", "py4j"}
# Place -> what its files may import besides the standard library and each other. The first place that fits counts.
ALLOWED = {
    f"{OWN}/__init__.py": {OWN},
    f"{OWN}/schema.py": set(),
    f"{OWN}/extras.py": set(),
    f"{OWN}/scoring.py": {_SCHEMA},
    f"{OWN}/settings.py": {_SCHEMA, "click", "yaml"},
    f"{OWN}/config.py": {f"{OWN}.readers", f"{OWN}.settings"},
    # Above all rooms; what a verb's module imports is what that verb needs installed.
    f"{OWN}/commands": {OWN, *_SPARK, "click", "duckdb", "_duckdb", "yaml"},
    f"{OWN}/readers": {_SCHEMA, "lxml", "pyarrow"},
    f"{OWN}/text": {_SCHEMA, "numpy", "tokenizers"},
    f"{OWN}/concepts": {_SCHEMA, f"{OWN}.text", *_NUMBERS, "marisa_trie"},
    f"{OWN}/model": {_SCHEMA, f"{OWN}.text", f"{OWN}.concepts", *_NUMBERS, *_MODEL},
    f"{OWN}/warehouse": {
        *(
            _SCHEMA,
            f"{OWN}.readers",
            f"{OWN}.text",
            *(f"{OWN}.concepts.{name}" for name in ("opening", "vocabularies")),
            *(f"{OWN}.model.{name}" for name in ("annotator", "checkpoint", "cpu")),
        ),
        *(
            "pyspark",
            "py4j",
            "pyarrow",
            "numpy",
            "pandas",
            "deltalake",
            "duckdb",
            "boto3",
            "botocore",
            "s3transfer",
            "awscrt",
        ),
    },
    # What the readers read back: they share its rules.
    f"{OWN}/writers": {_SCHEMA, f"{OWN}.readers.parts.rows", "lxml"},
    f"{OWN}/reports": {"numpy", "matplotlib"},
    # What its own measurements need: all rooms, and the libraries that the baselines are made of.
    "jobs/benchmarks": {OWN, "benchmarks", "pandas", "duckdb", *_NUMBERS, *_SPARK, *_MODEL},
    **{f"jobs/{verb}.py": {f"{OWN}.commands"} for verb in ("annotate", "query", "maintain", "export", "topics")},
    "jobs": {
        OWN,
        "benchmarks",
        *_SPARK,
        "pandas",
        *_NUMBERS,
        "deltalake",
        "duckdb",
        "lxml",
        "click",
        "yaml",
        "polars",
        "pubmed_parser",
    },
    "training": {
        *(
            f"{OWN}.{room}"
            for room in ("schema", "scoring", "config", "readers", "text", "concepts", "model", "reports")
        ),
        *(*_NUMBERS, *_MODEL, "lxml", "click", "yaml", "tqdm", "matplotlib", "gensim"),
    },
}


def imported(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and full module name of every import."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            # `from package import module` names the module, not the package.
            names = [f"{OWN}.{alias.name}" for alias in node.names] if node.module == OWN else [node.module or "."]
            yield from ((node.lineno, name) for name in names)


def is_allowed(name: str, place: str) -> bool:
    if name.split(".")[0] in sys.stdlib_module_names or name == f"{OWN}.__version__":
        return True
    allowed = ALLOWED[place] | {place.replace("/", ".")}
    return any(f"{name}.".startswith(f"{one}.") for one in allowed)


def test_files_import_only_what_their_place_allows():
    wrong = []
    for path in FILES:
        name = path.relative_to(REPOSITORY).as_posix()
        place = next(place for place in ALLOWED if name == place or name.startswith(f"{place}/"))
        found = imported(ast.parse(path.read_text(encoding="utf-8")))
        wrong += [f"{name}:{line} imports {module}" for line, module in found if not is_allowed(module, place)]
    assert wrong == []


def test_imports_stand_outside_functions():
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in FILES}
    functions = [(p, f) for p, tree in trees.items() for f in ast.walk(tree) if isinstance(f, ast.FunctionDef)]
    assert [f"{path.name}:{line}" for path, f in functions for line, _ in imported(f)] == []


def test_no_file_or_folder_has_a_name_that_says_nothing():
    assert len(FILES) > 30
    assert [path for path in FILES if {path.stem, path.parent.name} & VAGUE_NAMES] == []
