"""The recipe of a vocabulary: which sources, in which layout, under which licence (conf/vocabulary.yaml)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from litcoin_batch.concepts.vocabularies.lexicon_files import LONGEST_NAME_CHARS
from litcoin_batch.schema import ENTITY_TYPES, ConfigError
from training.data.vocabularies import derived_layouts, published_layouts
from training.data.vocabularies.vocabulary_compiler import Choice
from training.data.vocabularies.vocabulary_records import Options, Record

LAYOUTS: dict[str, Callable[[Sequence[Path], Options], Iterator[Record]]] = {
    layout.__name__: layout
    for layout in (
        *(published_layouts.mesh, published_layouts.gene_info, published_layouts.hgnc, published_layouts.taxonomy),
        *(published_layouts.cellosaurus, published_layouts.ctd, published_layouts.obo),
        *(published_layouts.gene_history, published_layouts.merged_taxa),
        *(derived_layouts.table, derived_layouts.aliases, derived_layouts.mesh_tables, derived_layouts.ontology_json),
        *(derived_layouts.names_of_organisms, derived_layouts.taxonomy_table, derived_layouts.cell_lines),
        *(derived_layouts.ortholog_symbols, derived_layouts.ensembl_genes, derived_layouts.symbols_with_synonyms),
    )
}
ORTHOLOGUES = "orthologues"
_FACTS = ("release", "licence", "credit")
_SOURCE_KEYS = {"name", "layout", "files", "taxa", "drop_types", "leave_out", "keep", "lend_to", "known_only", *_FACTS}
_RECIPE_KEYS = {"sources", "longest_name", "same_taxon", "everyday", "without"}


@dataclass(frozen=True, slots=True)
class Source:
    """``facts``: release, licence and credit, as the manifest repeats them. ``lend_to``: of orthologues, who borrows names."""

    name: str
    layout: str
    files: tuple[Path, ...]
    options: Options
    choice: Choice = Choice()
    lend_to: frozenset[str] = frozenset()
    facts: Mapping[str, str] = field(default_factory=dict)

    def records(self) -> Iterator[Record]:
        return LAYOUTS[self.layout](self.files, self.options)


@dataclass(frozen=True, slots=True)
class Recipe:
    """Which sources a vocabulary is compiled of, and what is left out."""

    sources: tuple[Source, ...]
    longest_name: int = LONGEST_NAME_CHARS
    everyday: tuple[str, ...] = ()
    without: tuple[str, ...] = ()


def read_recipe(path: Path, root: Path) -> Recipe:
    """``root``: the folder that file names are relative to, but for those that begin with "./": they lie beside the recipe.

    Raises ``ConfigError`` naming recipe, source, key and what was expected.
    """
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"recipe {path}: cannot be read: {' '.join(str(error).split())}") from error
    _check_keys(f"recipe {path}", values, {"sources"}, _RECIPE_KEYS)
    same_taxon = {str(k): str(v) for k, v in (values.get("same_taxon") or {}).items()}
    sources = tuple(_source(path, root, entry, same_taxon) for entry in values["sources"])
    names = [source.name for source in sources]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise ConfigError(f"recipe {path}: source {', '.join(repeated)} stands there twice; expected each name once")
    without = tuple(values.get("without") or ())
    if strangers := set(without) - set(ENTITY_TYPES):
        raise ConfigError(f"recipe {path}: without {sorted(strangers)}, expected some of {', '.join(ENTITY_TYPES)}")
    everyday = tuple(values.get("everyday") or ())
    if no_words := [word for word in everyday if not isinstance(word, str)]:
        raise ConfigError(
            f"recipe {path}: everyday {no_words[:5]}, expected words; write 'no', 'on' in quotation marks"
        )
    longest = values.get("longest_name", LONGEST_NAME_CHARS)
    if not isinstance(longest, int) or not 1 <= longest <= LONGEST_NAME_CHARS:
        raise ConfigError(f"recipe {path}: longest_name {longest!r}, expected a number from 1 to {LONGEST_NAME_CHARS}")
    return Recipe(sources, longest, everyday, without)


def _source(recipe: Path, root: Path, entry: Any, same_taxon: Mapping[str, str]) -> Source:
    name = entry.get("name") if isinstance(entry, dict) else None
    place = f"recipe {recipe}, source {name!r}"
    _check_keys(place, entry, {"name", "layout", "files", "licence"}, _SOURCE_KEYS)
    if entry["layout"] not in (*LAYOUTS, ORTHOLOGUES):
        raise ConfigError(f"{place}: layout {entry['layout']!r}, expected one of {', '.join((*LAYOUTS, ORTHOLOGUES))}")
    files = tuple(recipe.parent / f if f.startswith("./") else root / f for f in entry["files"])
    if absent := [str(f) for f in files if not f.is_file()]:
        raise ConfigError(f"{place}: no such file: {', '.join(absent)}")
    options = Options(_texts(entry.get("taxa")), same_taxon, _texts(entry.get("drop_types")))
    facts = {key: str(entry[key]) for key in _FACTS if key in entry}
    return Source(
        name=entry["name"],
        layout=entry["layout"],
        files=files,
        options=options,
        choice=Choice(
            _pattern(place, entry, "leave_out"), _pattern(place, entry, "keep"), bool(entry.get("known_only"))
        ),
        lend_to=_texts(entry.get("lend_to")),
        facts=facts,
    )


def _pattern(place: str, entry: Mapping, key: str) -> re.Pattern[str] | None:
    try:
        return re.compile("|".join(f"(?:{p})" for p in entry[key])) if entry.get(key) else None
    except re.error as error:
        raise ConfigError(f"{place}: {key}: not a regular expression: {error}") from error


def _texts(values: Sequence[object] | None) -> frozenset[str]:
    return frozenset(map(str, values or ()))


def _check_keys(place: str, values: object, needed: set[str], known: set[str]) -> None:
    if not isinstance(values, dict):
        raise ConfigError(f"{place}: expected `key: value` lines, found {type(values).__name__}")
    if missing := sorted(needed - set(values)):
        raise ConfigError(f"{place}: {', '.join(missing)} is missing; expected {', '.join(sorted(needed))}")
    if strangers := sorted(map(str, set(values) - known)):
        raise ConfigError(f"{place}: unknown key {', '.join(strangers)}; expected some of {', '.join(sorted(known))}")
