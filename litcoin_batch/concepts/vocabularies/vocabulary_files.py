"""The files of a compiled vocabulary: one folder, checked before it is used, mapped and never loaded.

    manifest.json    version, SHA-256 and size of every other file, vocabulary_id, sources with release and licence, counts
    names.marisa     trie of type + folded name -> number of the name (marisa-trie: 4 to 5 bytes a name)
    spans.bin        how many entries each name has, one byte a name, and where every 64th name's entries begin
    entries.bin      the entries, name by name: number of the concept, number of the kind
    concepts.marisa  trie of type + concept id -> number of the concept
    taxa.bin         the organism of each concept, a number into the manifest's list
    facts.bin        preferred name, current and former ids, MeSH trees, orthologues: 64 concepts at a time, deflated

Numbers are little-endian and as wide as the counts in the manifest need. Nothing is pickled.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import os
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import marisa_trie

from litcoin_batch.concepts.names import folding
from litcoin_batch.schema import ENTITY_TYPES, ContractError

FORMAT = 1
MANIFEST = "manifest.json"
FILES = ("names.marisa", "spans.bin", "entries.bin", "concepts.marisa", "taxa.bin", "facts.bin")
BLOCK = 64
MOST_ENTRIES = 255
_FACTS_SEPARATOR = "\x1f"


class Kind(NamedTuple):
    """What the entries of one number have in common; ``count`` is rounded down to one of ``COUNTS``."""

    kind: str
    source: str
    count: int = 0  # type: ignore[assignment]  # a tuple has a method of this name


COUNTS = (0, 1, 2, 3, 5, 10, 20, 50, 100)


def rounded(count: int) -> int:
    return max(c for c in COUNTS if c <= count)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a concept besides its names. ``written_id``: the one of its current and former ids that
    annotators write, where that is not this one. ``human``: the NCBI Gene ids of a gene's human orthologues;
    ``animals``: those of a human gene in other organisms.
    """

    name: str = ""
    current_id: str = ""
    written_id: str = ""
    former_ids: tuple[str, ...] = ()
    trees: tuple[str, ...] = ()
    human: tuple[str, ...] = ()
    animals: tuple[str, ...] = ()

    def to_line(self) -> str:
        lists = map(" ".join, (self.former_ids, self.trees, self.human, self.animals))
        values = (self.name, self.current_id, self.written_id, *lists)
        return _FACTS_SEPARATOR.join(v.replace("\n", " ") for v in values).rstrip(_FACTS_SEPARATOR)

    @classmethod
    def of_line(cls, line: str) -> Facts:
        values = line.split(_FACTS_SEPARATOR)
        name, current_id, written_id, *lists = values + [""] * (7 - len(values))
        return cls(name, current_id, written_id, *(tuple(v.split()) for v in lists))


@dataclass(slots=True)
class Contents:
    """What a vocabulary is written from: nothing of it is in any order that matters.

    ``names``: type -> folded name -> (concept id, kind) of each of its entries, the best first.
    ``concepts``: (type, concept id) -> taxon (0 for none) and facts. ``everyday``: folded names that are words of
    everyday English. ``without``: entity types that it has on purpose no name of. ``about``: what the manifest says besides.
    """

    names: Mapping[str, Mapping[str, Sequence[tuple[str, Kind]]]]
    concepts: Mapping[tuple[str, str], tuple[int, Facts]]
    everyday: Sequence[str] = ()
    without: Sequence[str] = ()
    about: dict = field(default_factory=dict)


def type_letter(type_: str) -> str:
    return "gdcvol"[ENTITY_TYPES.index(type_)]


TYPE_OF_LETTER = {type_letter(t): t for t in ENTITY_TYPES}


def write_vocabulary(folder: str | os.PathLike[str], contents: Contents) -> str:
    """Write ``contents`` into ``folder``; returns the ``vocabulary_id``. Equal contents give equal files."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MANIFEST).unlink(missing_ok=True)
    concepts = marisa_trie.Trie([type_letter(t) + c for t, c in contents.concepts])
    concepts.save(str(folder / "concepts.marisa"))
    names = marisa_trie.Trie([type_letter(t) + n for t, of_type in contents.names.items() for n in of_type])
    names.save(str(folder / "names.marisa"))
    taxa = sorted({taxon for taxon, _ in contents.concepts.values()})
    kinds = sorted({k for of_type in contents.names.values() for entries in of_type.values() for _, k in entries})
    widths = {"concept": width(len(concepts)), "kind": width(len(kinds)), "taxon": width(len(taxa))}
    n_entries = _write_entries(folder, contents.names, (names, concepts), kinds, widths)
    _write_concepts(folder, contents.concepts, concepts, taxa, widths)
    counts = {
        "names": len(names),
        "entries": n_entries,
        "concepts": len(concepts),
        "entries_cut": sum(
            max(0, len(entries) - MOST_ENTRIES) for of_type in contents.names.values() for entries in of_type.values()
        ),
        "names_of_type": {t: len(contents.names.get(t, ())) for t in ENTITY_TYPES},
        "concepts_of_type": {t: sum(1 for type_, _ in contents.concepts if type_ == t) for t in ENTITY_TYPES},
    }
    about = {"counts": counts, "widths": widths, "taxa": taxa, "kinds": kinds, "everyday": sorted(contents.everyday)}
    return _seal(folder, {**about, "without": sorted(contents.without), **contents.about})


def _write_entries(
    folder: Path,
    names: Mapping[str, Mapping[str, Sequence[tuple[str, Kind]]]],
    tries: tuple[marisa_trie.Trie, marisa_trie.Trie],
    kinds: Sequence[Kind],
    widths: Mapping[str, int],
) -> int:
    numbers, concepts = tries
    raw_kinds = {kind: i.to_bytes(widths["kind"], "little") for i, kind in enumerate(kinds)}
    ordered = [("", "")] * len(numbers)
    for type_, of_type in names.items():
        letter = type_letter(type_)
        for name in of_type:
            ordered[numbers[letter + name]] = type_, name
    counts, starts, n_entries = bytearray(), bytearray(), 0
    with (folder / "entries.bin").open("wb") as stream:
        for i, (type_, name) in enumerate(ordered):
            if i % BLOCK == 0:
                starts += n_entries.to_bytes(4, "little")
            entries = names[type_][name][:MOST_ENTRIES]
            letter = type_letter(type_)
            for concept_id, kind in entries:
                stream.write(concepts[letter + concept_id].to_bytes(widths["concept"], "little") + raw_kinds[kind])
            counts.append(len(entries))
            n_entries += len(entries)
    (folder / "spans.bin").write_bytes(bytes(counts + starts))
    return n_entries


def _write_concepts(
    folder: Path,
    facts_of: Mapping[tuple[str, str], tuple[int, Facts]],
    concepts: marisa_trie.Trie,
    taxa: Sequence[int],
    widths: Mapping[str, int],
) -> None:
    number_of_taxon = {taxon: i for i, taxon in enumerate(taxa)}
    lines, places = [""] * len(concepts), bytearray(len(concepts) * widths["taxon"])
    for (type_, concept_id), (taxon, facts) in facts_of.items():
        i = concepts[type_letter(type_) + concept_id]
        lines[i] = facts.to_line()
        place = i * widths["taxon"]
        places[place : place + widths["taxon"]] = number_of_taxon[taxon].to_bytes(widths["taxon"], "little")
    (folder / "taxa.bin").write_bytes(bytes(places))
    blocks = [zlib.compress("\n".join(lines[i : i + BLOCK]).encode(), 9) for i in range(0, len(lines), BLOCK)]
    ends, end = bytearray(), 0
    for block in blocks:
        end += len(block)
        ends += end.to_bytes(4, "little")
    (folder / "facts.bin").write_bytes(bytes(ends) + b"".join(blocks))


def width(n_values: int) -> int:
    """How many bytes a number below ``n_values`` needs."""
    return max(1, ((n_values - 1).bit_length() + 7) // 8)


def _seal(folder: Path, about: dict) -> str:
    files: dict[str, dict[str, Any]] = {
        name: {"sha256": _sha256(folder / name), "bytes": (folder / name).stat().st_size} for name in sorted(FILES)
    }
    identity = hashlib.sha256("".join(facts["sha256"] for facts in files.values()).encode())
    identity.update(json.dumps([about["taxa"], about["kinds"], about["everyday"], folding.VERSION]).encode())
    manifest = {
        "format": FORMAT,
        "folding": folding.VERSION,
        "vocabulary_id": f"vocabulary-{identity.hexdigest()[:12]}",
        "files": files,
        **about,
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False) + "\n", encoding="utf-8")
    return manifest["vocabulary_id"]


def verify_vocabulary(folder: str | os.PathLike[str]) -> str:
    """Check that all files are there and unchanged; returns the ``vocabulary_id``. Raises ``ContractError``."""
    return read_manifest(folder)["vocabulary_id"]


def read_manifest(folder: str | os.PathLike[str]) -> dict:
    """The manifest of a folder whose files are all as it says. Raises ``ContractError`` naming what is not."""
    folder = Path(folder)
    path = folder / MANIFEST
    if not path.is_file():
        raise ContractError(
            f"vocabulary {folder}: no {MANIFEST}; expected a folder written by training/concepts/build_vocabulary.py"
        )
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        found = {name: manifest[name] for name in ("format", "folding")}
        files = {name: (manifest["files"][name]["sha256"], manifest["files"][name]["bytes"]) for name in FILES}
        missing = {t for t, n in manifest["counts"]["names_of_type"].items() if not n} - set(manifest["without"])
        manifest["vocabulary_id"], manifest["everyday"], manifest["kinds"], manifest["taxa"], manifest["widths"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ContractError(f"{path}: not the manifest of a vocabulary ({error!r})") from error
    for name, expected in (("format", FORMAT), ("folding", folding.VERSION)):
        if found[name] != expected:
            raise ContractError(
                f"{path}: {name} version {found[name]!r}, this version of litcoin-batch reads {expected}; build it anew"
            )
    if missing:
        raise ContractError(
            f"{path}: no names of type {', '.join(sorted(missing))}; expected all six types, or the missing ones under 'without'"
        )
    for name, (sha256, n_bytes) in files.items():
        _verify_file(folder / name, sha256, n_bytes)
    return manifest


def _verify_file(path: Path, sha256: str, n_bytes: int) -> None:
    if not path.is_file():
        raise ContractError(f"{path}: missing, though {MANIFEST} lists it")
    if path.stat().st_size != n_bytes:
        raise ContractError(f"{path}: {path.stat().st_size} bytes, expected {n_bytes}; the vocabulary is damaged")
    if _sha256(path) != sha256:
        raise ContractError(f"{path}: SHA-256 differs from {MANIFEST}; the vocabulary is damaged")


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def mapped(path: Path) -> mmap.mmap | bytes:
    """The bytes of a file, shared by all processes of the host."""
    if not path.stat().st_size:
        return b""
    with path.open("rb") as stream:
        return mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)


def mapped_trie(path: Path) -> marisa_trie.Trie:
    trie = marisa_trie.Trie()
    trie.mmap(str(path))
    return trie


def block_of_facts(facts: mmap.mmap | bytes, block: int, n_blocks: int) -> list[str]:
    """The lines of ``BLOCK`` concepts, to be read by ``Facts.of_line``."""
    start = int.from_bytes(facts[(block - 1) * 4 : block * 4], "little") if block else 0
    end = int.from_bytes(facts[block * 4 : block * 4 + 4], "little")
    base = n_blocks * 4
    return zlib.decompress(facts[base + start : base + end]).decode().split("\n")


def sha256_of_files(paths: Iterable[str | os.PathLike[str]]) -> str:
    """One digest for the contents of several files, in this order."""
    return hashlib.sha256("".join(_sha256(Path(path)) for path in paths).encode()).hexdigest()
