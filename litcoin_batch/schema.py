"""The only types that travel between reading, annotating and keeping.

Everything is half-open, counted in Unicode code points, and refers to ``Document.text``.
Gold and predicted annotations are the same type, so that scoring compares like with like.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import date

# BioRED's labels (Luo et al. 2022, doi:10.1093/bib/bbac282), in the order of the model's outputs.
ENTITY_TYPES = (
    "GeneOrGeneProduct",
    "DiseaseOrPhenotypicFeature",
    "ChemicalEntity",
    "SequenceVariant",
    "OrganismTaxon",
    "CellLine",
)
RELATION_TYPES = (
    "Association",
    "Positive_Correlation",
    "Negative_Correlation",
    "Bind",
    "Cotreatment",
    "Comparison",
    "Drug_Interaction",
    "Conversion",
)

LOCAL_PREFIX = "local:"
_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")


class LitcoinBatchError(Exception):
    """Root of the errors this package raises on purpose."""


class RecordError(LitcoinBatchError):
    """One record cannot be used: reject it with this reason, go on with the next."""


class ContractError(LitcoinBatchError):
    """A table, checkpoint or lexicon is not what it claims to be: stop."""


class ConfigError(LitcoinBatchError):
    """The user's settings cannot be followed: stop before any work starts."""


@dataclass(frozen=True, slots=True)
class Mention:
    """One span of ``Document.text`` that names concepts.

    ``entity_ids`` is empty where the source gives none; several ids mean that one span names
    several concepts. ``score`` and ``id_score`` lie in [0, 1] and say how sure the span with its
    type and, given those, the concept ids are; gold mentions carry 1.
    """

    start: int
    end: int
    type: str
    text: str
    entity_ids: tuple[str, ...] = ()
    score: float = 1.0
    id_score: float = 1.0

    def naming(self, entity_ids: tuple[str, ...], id_score: float = 1.0) -> Mention:
        """The same with other concepts. Every mention comes by here: ``dataclasses.replace`` would look at each field anew."""
        return Mention(
            start=self.start,
            end=self.end,
            type=self.type,
            text=self.text,
            entity_ids=entity_ids,
            score=self.score,
            id_score=id_score,
        )

    @property
    def resolved(self) -> bool:
        """True where every id is a concept of a vocabulary, none local to the document."""
        return bool(self.entity_ids) and not any(is_local(i) for i in self.entity_ids)


@dataclass(frozen=True, slots=True)
class Evidence:
    """A sentence of the document that carries a relation: ``text == Document.text[start:end]``."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Relation:
    """One undirected relation of a document; ``entity_1_id <= entity_2_id`` (see ``between``).

    ``score`` is the probability of this type for the pair, ``novel_score`` that the finding is new.
    ``subject``: the one of the two ids that acts upon the other; None where neither does or nobody knows.
    """

    entity_1_id: str
    entity_2_id: str
    type: str
    novel: bool
    score: float = 1.0
    novel_score: float = 1.0
    evidence: tuple[Evidence, ...] = ()
    subject: str | None = None

    @classmethod
    def between(cls, a: str, b: str, type: str, novel: bool, **rest) -> Relation:
        """The relation of ``a`` and ``b`` in either order."""
        return cls(min(a, b), max(a, b), type, novel, **rest)

    @property
    def pair(self) -> tuple[str, str]:
        return self.entity_1_id, self.entity_2_id


@dataclass(frozen=True, slots=True)
class Annotation:
    """What a document says: mentions sorted by (start, end, type), relations sorted by (pair, type)."""

    pmid: int
    mentions: tuple[Mention, ...] = ()
    relations: tuple[Relation, ...] = ()

    def entities(self) -> dict[str, Mention]:
        """Concept id -> the first mention that names it: its type and text stand for the entity."""
        first: dict[str, Mention] = {}
        for mention in self.mentions:
            for entity_id in mention.entity_ids:
                first.setdefault(entity_id, mention)
        return first


@dataclass(frozen=True, slots=True)
class Document:
    """One version of one citation, or one instruction to delete it (``deleted``).

    ``record`` is the 1-based position in ``source``; ``source_order`` sorts files (see
    ``readers.pubmed.source_order``). ``gold`` is set by formats that carry annotations. ``notes`` say
    what else the record held and how it was taken, in words that are the same for all records of the kind.
    """

    pmid: int
    title: str | None
    abstract: str | None
    source: str = ""
    record: int = 0
    source_order: int | None = None
    version: int = 1
    year: int | None = None
    journal: str | None = None
    revised: date | None = None
    deleted: bool = False
    gold: Annotation | None = None
    notes: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Title, one space, abstract: the only string that offsets refer to."""
        return f"{self.title or ''} {self.abstract or ''}"

    @property
    def text_sha256(self) -> str:
        """Hex digest of ``text`` in UTF-8: equal texts need no second annotation."""
        return hashlib.sha256(self.text.encode("utf-8")).hexdigest()


@dataclass(frozen=True, slots=True)
class Reject:
    """A record that cannot be used. ``record`` is its 1-based position, 0 for the source as a whole."""

    source: str
    record: int
    reason: str
    excerpt: str = ""


def is_local(entity_id: str) -> bool:
    """True for ids that mean something inside one document only."""
    return entity_id.startswith(LOCAL_PREFIX)


def local_id(pmid: int, ordinal: int) -> str:
    """The id of the ``ordinal``-th unresolved entity of a document, e.g. ``local:10491763:2``."""
    return f"{LOCAL_PREFIX}{pmid}:{ordinal}"


def check_run_id(run_id: str) -> None:
    """Raises ``ConfigError`` for one that cannot be part of a file's name everywhere."""
    if not _RUN_ID.fullmatch(run_id):
        raise ConfigError(f"run id {run_id!r}: expected letters, digits and - _ only, at most 100")
