"""What a vocabulary costs a worker: ``python training/concepts/measure_vocabulary.py --vocabulary FOLDER``.

Each way to hold the names is opened in a process of its own, beside another that has it open, and asked for the same
names: seconds to open, memory of its own and in all (Linux counts them in /proc/self/smaps_rollup), microseconds a
name, bytes on disk. ``--invent 2500000 --work DIR`` first compiles so many invented names, by the command that people
use, into DIR/vocabulary.
"""

from __future__ import annotations

import json
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import click

# Started by its path, a command finds the repository it stands in.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from litcoin_batch.concepts.vocabularies.entries import Entry
from litcoin_batch.concepts.vocabularies.vocabulary import SHIPPED, Vocabulary
from litcoin_batch.schema import ENTITY_TYPES

N_ASKED = 20_000
_OF_ORGANISMS = (ENTITY_TYPES[0], ENTITY_TYPES[5])
Find = Callable[[str, str], object]


@click.command()
@click.option("--vocabulary", "folder", type=click.Path(path_type=Path), help="Folder; the shipped one without it.")
@click.option(
    "--others/--alone", default=True, show_default=True, help="Also SQLite and a dictionary of the same entries."
)
@click.option("--invent", type=click.IntRange(1000), help="Measure a vocabulary of so many invented names.")
@click.option("--work", type=click.Path(path_type=Path), help="With --invent: where tables and vocabulary go.")
@click.option("--way", hidden=True, help="In the process of one way: which.")
@click.option("--beside", hidden=True, type=click.Path(path_type=Path), help="In the process of one way: its file.")
def main(
    folder: Path | None, others: bool, invent: int | None, work: Path | None, way: str | None, beside: Path | None
) -> None:
    """Print one line of JSON for each way."""
    if way:
        click.echo(json.dumps(measure(way, folder, beside)))
        sys.stdout.flush()
        sys.stdin.read()  # holds what it opened until the other is done
        return
    if invent:
        if work is None or folder is not None:
            raise click.UsageError("--invent goes with --work and without --vocabulary")
        folder = compile_invented(invent, work)
    with tempfile.TemporaryDirectory() as temporary:
        database = Path(temporary) / "names.sqlite"
        vocabulary = Vocabulary.open(folder)
        database.with_suffix(".json").write_text(json.dumps(sample(vocabulary)))
        if others:
            write_database(vocabulary, database)
        for one in ("vocabulary", "sqlite", "dict") if others else ("vocabulary",):
            arguments = ["--way", one, "--beside", str(database)] + (["--vocabulary", str(folder)] if folder else [])
            # What both have open counts as shared, as it is with the workers of a host.
            companion = [sys.executable, __file__, *arguments]
            with subprocess.Popen(companion, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
                other.stdout.readline()
                subprocess.run(companion, check=True, stdin=subprocess.DEVNULL)
                other.stdin.close()


def compile_invented(n_names: int, work: Path) -> Path:
    """Tables of seeded names of every type, three to a concept, compiled by training/concepts/build_vocabulary.py."""
    work.mkdir(parents=True, exist_ok=True)
    chosen = random.Random(11)
    syllables = [a + b + c for a in "bdfgklmnprstv" for b in "aeiou" for c in ("", "l", "n", "r", "x")]
    taxa = (9606, 10090, 10116, 7955, 7227)
    with (work / "names.tsv").open("w", encoding="utf-8") as stream:
        stream.write("surface\ttype\tconcept_id\ttaxon\n")
        for i in range(n_names):
            concept = i // 3
            type_ = ENTITY_TYPES[concept % len(ENTITY_TYPES)]
            # The number makes each name one of its own, the syllables make it as long as names are.
            name = "".join(chosen.choices(syllables, k=chosen.randint(2, 6))) + f" {i:x}q"
            concept_id = {"GeneOrGeneProduct": "", "OrganismTaxon": "", "SequenceVariant": "rs"}.get(type_, "C")
            taxon = taxa[concept % len(taxa)] if type_ in _OF_ORGANISMS else ""
            stream.write(f"{name}\t{type_}\t{concept_id}{concept + 1}\t{taxon}\n")
    source = {"name": "invented", "layout": "table", "files": ["names.tsv"], "licence": "none"}
    (work / "recipe.yaml").write_text(json.dumps({"sources": [source]}), encoding="utf-8")
    build = Path(__file__).with_name("build_vocabulary.py")
    folder = work / "vocabulary"
    command = [sys.executable, str(build), "--recipe", str(work / "recipe.yaml"), "--output", str(folder)]
    subprocess.run(command, check=True, stdout=sys.stderr)
    return folder


def measure(way: str, folder: Path | None, database: Path) -> dict:
    """What this process pays for ``way`` beyond what it had before; seconds on the clock and of the processor."""
    asked = json.loads(database.with_suffix(".json").read_text())
    before = memory()
    clock, processor = time.perf_counter(), time.process_time()
    find = WAYS[way](folder, database)
    open_sec, open_cpu_sec = time.perf_counter() - clock, time.process_time() - processor
    processor = time.process_time()
    n_found = sum(1 for type_, key in asked if find(key, type_))
    find_sec = time.process_time() - processor
    after = memory()
    n_bytes = size_of(folder or SHIPPED) if way == "vocabulary" else database.stat().st_size
    return {
        "way": way,
        "open_sec": round(open_sec, 3),
        "open_cpu_sec": round(open_cpu_sec, 3),
        **{f"{name}_mb": round((after[name] - before[name]) / 1e6, 1) for name in after},
        "find_us": round(find_sec / len(asked) * 1e6, 2),
        "found": n_found,
        "mb_on_disk": round(n_bytes / 1e6, 1),
    }


def sample(vocabulary: Vocabulary) -> list[tuple[str, str]]:
    """Names that are there, and as many that are not; seeded."""
    chosen = random.Random(7).choices(range(len(vocabulary)), k=N_ASKED // 2)
    known = [vocabulary.name_of(number) for number in chosen]
    return known + [(type_, key + "zq") for type_, key in known]


def memory() -> dict[str, int]:
    """Bytes that each such process has for itself, and all that it sees in memory: pages of mapped files are shared."""
    lines = (line.split() for line in Path("/proc/self/smaps_rollup").read_text().splitlines())
    n_bytes = {words[0]: int(words[1]) * 1024 for words in lines if words[-1] == "kB"}
    private = n_bytes["Private_Clean:"] + n_bytes["Private_Dirty:"]
    return {"private": private, "anonymous": n_bytes["Anonymous:"], "resident": n_bytes["Rss:"]}


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


def write_database(vocabulary: Vocabulary, path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE names (name TEXT, concept TEXT, taxon INT, kind TEXT, source TEXT, count INT)")
        rows = (
            (str(ENTITY_TYPES.index(type_)) + key, e.concept_id, e.taxon, e.kind, e.source, e.count)
            for type_ in ENTITY_TYPES
            for key in vocabulary.names(type_)
            for e in vocabulary.find(key, type_)
        )
        database.executemany("INSERT INTO names VALUES (?, ?, ?, ?, ?, ?)", rows)
        database.execute("CREATE INDEX by_name ON names (name)")


def open_vocabulary(folder: Path | None, database: Path) -> Find:
    return Vocabulary.open(folder).find


def open_sqlite(folder: Path | None, database: Path) -> Find:
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    query = "SELECT concept, taxon, kind, source, count FROM names WHERE name = ?"

    def find(key: str, type_: str) -> list:
        return connection.execute(query, (str(ENTITY_TYPES.index(type_)) + key,)).fetchall()

    return find


def open_dict(folder: Path | None, database: Path) -> Find:
    names: dict[tuple[str, str], list[Entry]] = {}
    query = "SELECT name, concept, taxon, kind, source, count FROM names"
    for name, concept, taxon, kind, source, count in sqlite3.connect(database).execute(query):
        type_ = ENTITY_TYPES[int(name[0])]
        names.setdefault((type_, name[1:]), []).append(
            Entry(concept_id=concept, type=type_, taxon=taxon, kind=kind, source=source, marks=(), count=count)
        )
    return lambda key, type_: names.get((type_, key))


WAYS = {"vocabulary": open_vocabulary, "sqlite": open_sqlite, "dict": open_dict}


if __name__ == "__main__":
    main()
