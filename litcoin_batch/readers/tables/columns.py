"""Which column or JSON key is a document's PMID, title, abstract: our names, and those of well-known exports.

Only names whose meaning is certain: those of PubMed, Europe PMC, Semantic Scholar, OpenAlex, Scopus, Web of Science,
BioASQ and CORD-19. Names are compared without letter case, blanks and punctuation; a dot goes down into an object.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from litcoin_batch.readers.parts.rows import is_missing
from litcoin_batch.schema import RecordError

# Field -> the names it goes by, the most trusted first.
NAMES: dict[str, tuple[str, ...]] = {
    "pmid": ("pmid", "pubmedid", "pubmed", "ids.pmid", "externalids.pubmed", "medlinepmid"),
    "title": ("title", "articletitle", "papertitle", "displayname"),
    "abstract": ("abstract", "abstracttext", "abstractinvertedindex"),
    "year": ("year", "pubyear", "publicationyear", "publishtime", "publicationdate", "pubdate"),
    "journal": (
        *("journal", "journaltitle", "journalbook", "sourcetitle", "publicationname"),
        *("journalinfo.journal.title", "primarylocation.source.displayname", "hostvenue.displayname", "venue"),
    ),
    "revised": ("revised", "daterevised", "dateofrevision"),
    "version": ("version",),
}
NEEDED = ("pmid", "title", "abstract")
# Europe PMC's id, a PMID where the source is MEDLINE.
_EUROPE_PMC_IDS = (("extid", "source"), ("id", "source"))
# Exports that are known to hold no abstracts: the columns that tell them.
_WITHOUT_ABSTRACTS = (
    {"pmid", "title", "journalbook", "publicationyear"},  # PubMed: Save, format CSV
    {"source", "extid", "title"},  # Europe PMC: Export list
)
# What holds the records of an answer, and what holds that.
RECORD_LISTS = frozenset(("results", "result", "data", "articles", "records", "papers", "docs", "documents", "rows"))
LIST_HOLDERS = frozenset(("resultList", "response", "hits", "resultlist"))
_OTHER = re.compile(r"[^a-z0-9.]+")
_MAX_INVERTED_WORDS = 1_000_000
_MAX_SHOWN = 20


@lru_cache(maxsize=4096)
def plain(name: str) -> str:
    """A column's name as ``NAMES`` has it."""
    return _OTHER.sub("", name.strip().lower())


def is_known(name: str) -> bool:
    """Whether some field goes by this name, or lies below it."""
    return plain(name).split(".")[0] in _FIRST_PARTS


_FIRST_PARTS = frozenset(name.split(".")[0] for names in NAMES.values() for name in names) | {"extid", "id", "source"}


def fields_of(row: Mapping[str, object]) -> dict[str, object]:
    """Our fields that the row has, with the first of their names that holds something; None where all are empty."""
    named = {plain(name): value for name, value in row.items() if isinstance(name, str)}
    fields: dict[str, object] = {}
    for field, names in NAMES.items():
        for name in names:
            found, value = _look_up(named, name)
            if found and is_missing(fields.get(field)):
                fields[field] = value if not is_missing(value) else None
    if "pmid" not in fields:
        for name, source in _EUROPE_PMC_IDS:
            if name in named and str(named.get(source)).upper() in ("MED", "MEDLINE"):
                fields["pmid"] = named[name]
    if isinstance(fields.get("abstract"), Mapping) or _is_inverted(named):
        fields["abstract"] = _unfold(fields["abstract"])
    return fields


def _look_up(named: Mapping[str, object], name: str) -> tuple[bool, object]:
    if name in named:
        return True, named[name]
    head, dot, rest = name.partition(".")
    below = named.get(head)
    if not dot or not isinstance(below, Mapping):
        return False, None
    return _look_up({plain(key): value for key, value in below.items() if isinstance(key, str)}, rest)


def _is_inverted(named: Mapping[str, object]) -> bool:
    """OpenAlex's index as text, as a delimited file carries it."""
    value = named.get("abstractinvertedindex")
    return isinstance(value, str) and "abstract" not in named and not is_missing(value)


def _unfold(index: Any) -> str:
    """The text of OpenAlex's ``abstract_inverted_index``: word -> its places."""
    try:
        index = json.loads(index) if isinstance(index, str) else index
        places = [(int(place), word) for word, of_word in index.items() for place in of_word or ()]
        if len(places) > _MAX_INVERTED_WORDS:
            raise RecordError(f"abstract_inverted_index has {len(places)} words, more than {_MAX_INVERTED_WORDS}")
        return " ".join(word for _, word in sorted(places))
    except (AttributeError, TypeError, ValueError, RecursionError) as error:
        raise RecordError(f"abstract is no text and no index of words to places: {str(index)[:80]}") from error


def missing_columns(names: Iterable[str]) -> str | None:
    """What a table with these columns lacks, said with what it has; None where it can be read."""
    names = list(names)
    known = {plain(name) for name in names}
    fields = fields_of(dict.fromkeys(names))
    if {"extid", "source"} <= known:
        fields["pmid"] = None
    needed: tuple[str, ...] = NEEDED
    if any(columns <= known for columns in _WITHOUT_ABSTRACTS):
        needed = ("pmid", "title")
    # Objects are looked into row by row: what lies below a column, its name does not say.
    heads = {name.split(".")[0] for name in known}
    lacking = [
        n for n in needed if n not in fields and not any("." in a and a.split(".")[0] in heads for a in NAMES[n])
    ]
    if not lacking:
        return None
    shown = ", ".join(names[:_MAX_SHOWN]) + (" ..." if len(names) > _MAX_SHOWN else "")
    return f"no column {', '.join(lacking)}; found: {shown[:300]}"
