"""How the house is built: files of each folder, the longest files and functions, and who imports whom between rooms.

python jobs/measure_house.py
"""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

import click

ROOTS = ("litcoin_batch", "training", "jobs", "tests")
# Files in a folder, lines of a module and of a function: what CONTRIBUTING.md asks for.
MOST_FILES, MOST_LINES, MOST_FUNCTION_LINES = 12, 250, 40


@click.command(help=__doc__)
@click.argument("repository", default=".", type=click.Path(path_type=Path, exists=True, file_okay=False))
def main(repository: Path) -> None:
    files = {
        path: path.read_text(encoding="utf-8") for root in ROOTS for path in sorted((repository / root).rglob("*.py"))
    }
    folders: dict[str, int] = defaultdict(int)
    functions: list[tuple[int, str]] = []
    edges: set[tuple[str, str]] = set()
    for path, text in files.items():
        name = path.relative_to(repository)
        folders[name.parent.as_posix()] += path.name != "__init__.py"
        tree = ast.parse(text)
        functions += [
            (node.end_lineno - node.lineno + 1, f"{name}:{node.lineno} {node.name}")
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno
        ]
        if name.parts[0] == "litcoin_batch" and name.stem != "__init__":
            edges |= {(room(module_of(name)), room(module)) for module in imported(tree)}
    lines = sorted(
        ((text.count("\n"), str(path.relative_to(repository))) for path, text in files.items()), reverse=True
    )
    click.echo(f"{len(files)} files, {sum(n for n, _ in lines)} lines, {len(folders)} folders")
    for folder, n in sorted(folders.items()):
        click.echo(f"  {n:3d} {folder}{'   more than ' + str(MOST_FILES) if n > MOST_FILES else ''}")
    _tell("lines of files", lines, MOST_LINES)
    _tell("lines of functions", sorted(functions, reverse=True), MOST_FUNCTION_LINES)
    click.echo("rooms import:")
    for one, other in sorted(edges):
        if one != other:
            click.echo(f"  {one} -> {other}")
    click.echo(f"circles between rooms: {', '.join(map(' -> '.join, circles(edges))) or 'none'}")


def _tell(what: str, counts: list[tuple[int, str]], most: int) -> None:
    click.echo(
        f"{what}: {sum(n > most for n, _ in counts)} of {len(counts)} over {most}; median {counts[len(counts) // 2][0]}"
    )
    for n, name in counts[:5]:
        click.echo(f"  {n:4d} {name}")


def module_of(name: Path) -> str:
    return ".".join(name.with_suffix("").parts)


def imported(tree: ast.AST) -> set[str]:
    """Modules of the package that are imported."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("litcoin_batch."):
            found.add(f"{node.module}")
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name.startswith("litcoin_batch.")}
    return found


def room(module: str) -> str:
    """``litcoin_batch.warehouse.tables.views`` -> ``warehouse``; modules beside the rooms are rooms of their own."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else parts[0]


def circles(edges: set[tuple[str, str]]) -> list[tuple[str, str]]:
    """Pairs of rooms that reach each other."""
    reach = {one: {b for a, b in edges if a == one and b != one} for one in {a for a, _ in edges}}
    for _ in reach:
        for one in reach:
            reach[one] |= {far for near in list(reach[one]) for far in reach.get(near, ())}
    return sorted((a, b) for a in reach for b in reach[a] if a < b and a in reach.get(b, ()))


if __name__ == "__main__":
    main()
