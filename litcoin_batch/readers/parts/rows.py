"""What every reader checks alike: PMIDs, text, and gold annotation against the text."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from litcoin_batch.schema import Annotation, Document, Mention, RecordError, Relation

MAX_PMID = 2**63 - 1  # Parquet and SQL keep it as a 64-bit integer
FIRST_FOREIGN_PMID = 2**62  # far above real PMIDs, which count from 1
# As databases, people and pandas write it: 123, "PMID: 123", "MED:123", a page of PubMed, 123.0.
_PMID = re.compile(
    r"(?:(?:pmid|pubmed|med)\s*[:#]?\s*|https?://(?:www\.)?(?:pubmed\.ncbi\.nlm\.nih\.gov|ncbi\.nlm\.nih\.gov/pubmed"
    r"|europepmc\.org/(?:article|abstract)/med|identifiers\.org/pubmed[:/])/?)?([0-9]{1,19})(?:\.0{1,9})?/?",
    re.IGNORECASE,
)
_MISSING = frozenset(("", "nan", "none", "null", "<na>", "nat", "na", "n/a", "#n/a"))
_NO_ID = ("", "-")
_GENE_NUMBERS = re.compile("[0-9]+(?:;[0-9]+)+")
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # what XML cannot carry


@dataclass(frozen=True, slots=True)
class Rules:
    """How documents are read. ``foreign_ids``: see ``to_pmid``.

    ``gold``: a record whose annotation cannot be read is rejected; without it annotations are not looked at.
    ``fallback_texts``: PubMed's OtherAbstract and VernacularTitle stand in where abstract and title are missing.
    """

    foreign_ids: bool = False
    gold: bool = True
    fallback_texts: bool = False


DEFAULT_RULES = Rules()


def to_pmid(value: object, foreign_ids: bool = False) -> int:
    """A PMID from a number or digits, or from one of the ways in which they are written (``_PMID``).

    With ``foreign_ids``, an id of another kind (``PMC12``, ``10491763.s3``) is hashed to a number
    from ``FIRST_FOREIGN_PMID`` on: stable, and never a real PMID. Raises ``RecordError`` otherwise.
    """
    written = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()
    match = None if isinstance(value, bool) else _PMID.fullmatch(written)
    if match and 0 < int(match[1]) <= MAX_PMID:
        return int(match[1])
    if foreign_ids and isinstance(value, str) and written and not written.isdigit():
        hashed = int.from_bytes(hashlib.sha256(written.encode("utf-8", "surrogatepass")).digest()[:8], "big")
        return FIRST_FOREIGN_PMID + hashed % FIRST_FOREIGN_PMID
    if is_missing(value):
        raise RecordError("record without PMID")
    raise RecordError(f"PMID {str(value)[:40]!r} is not a positive whole number below 2**63")


def is_missing(value: object) -> bool:
    """True for nothing, white space, and what pandas and SQL clients write where there is nothing."""
    if value is None or (not isinstance(value, str) and value != value):
        return True
    return isinstance(value, str) and value.strip().lower() in _MISSING


def to_text(value: object, name: str) -> str | None:
    """``value`` as it is, None where it is blank; raises ``RecordError`` for what is no text."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise RecordError(f"{name} is {type(value).__name__}, expected text")
    if bad := _UNPRINTABLE.search(value):
        raise RecordError(f"{name} holds the character U+{ord(bad[0]):04X} at {bad.start()}")
    return value if value.strip() else None


def split_ids(ids: str) -> tuple[str, ...]:
    """Concept ids of a mention: a comma separates several, ``|`` is part of variant ids, ``-`` is none.

    A semicolon separates NCBI Gene numbers (LitCoin has ``5595;5594`` where BioRED has ``5595,5594``, and
    its relations name each); elsewhere it is part of the id, as in tmVar's ``c|SUB|T|920|G;Gene:23417``.
    """
    parts = [part.strip() for part in ids.split(",")]
    single = [i for part in parts for i in (part.split(";") if _GENE_NUMBERS.fullmatch(part) else [part])]
    return tuple(i for i in single if i not in _NO_ID)


def to_novel(value: str) -> bool:
    if value not in ("Novel", "No"):
        raise RecordError(f"novelty {value[:40]!r}, expected 'Novel' or 'No'")
    return value == "Novel"


def to_mention(document: Document, span: tuple[str, str], type: str, text: str, ids: str) -> Mention:
    """A mention whose offsets give its text; raises ``RecordError`` naming it otherwise."""
    begin, end = span
    if not re.fullmatch("[0-9]{1,9} [0-9]{1,9}", f"{begin} {end}"):
        raise RecordError(f"mention {text[:80]!r}: offsets {begin[:20]!r}, {end[:20]!r} are not numbers")
    start, stop = int(begin), int(end)
    found = document.text[start:stop]
    if found != text or start >= stop:
        raise RecordError(f"mention {text[:80]!r} at {start}-{stop}: the document has {found[:80]!r} there")
    if not type:
        raise RecordError(f"mention {text[:80]!r} at {start}-{stop} has no type")
    return Mention(start, stop, type, text, split_ids(ids))


def with_gold(document: Document, mentions: Iterable[Mention], relations: Iterable[Relation]) -> Document:
    """The document with its annotation in the order that ``Annotation`` promises."""
    gold = Annotation(
        document.pmid,
        tuple(sorted(mentions, key=lambda m: (m.start, m.end, m.type, m.entity_ids))),
        tuple(sorted(relations, key=lambda r: (r.pair, r.type, r.novel))),
    )
    return replace(document, gold=gold)
