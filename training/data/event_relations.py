"""BioNLP Shared Task 2013 events (Cancer Genetics, Pathway Curation) as signed relations between names.

Standoff: ``.txt``, ``.a1`` (entities), ``.a2`` (triggers, events, modifications), https://2013.bionlp-st.org/. A regulation with a
cause and a theme relates the two; events inside it hand their sign on ("A inhibits the degradation of B" is positive).
Labels: Positive, Negative, Regulation (no sign), Binding, Denied (a ``Negation`` on it), Unclear (speculated, or said in two ways).
"""

from __future__ import annotations

import tarfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path, PurePosixPath

from litcoin_batch.schema import Annotation, ContractError, Document, Mention, Relation

FIRST_PMID = 930_000_000
_SIGNS = {
    "Positive_regulation": 1, "Activation": 1, "Negative_regulation": -1, "Inactivation": -1, "Degradation": -1, "Breakdown": -1,
    "Catabolism": -1, "Cell_death": -1, "Death": -1, "Regulation": 0, "Mutation": 0,
}  # fmt: skip
_REGULATIONS = ("Positive_regulation", "Negative_regulation", "Regulation", "Activation", "Inactivation")


@dataclass(frozen=True, slots=True)
class Event:
    """A trigger with its arguments: (role, id) each."""

    type: str
    arguments: tuple[tuple[str, str], ...]

    def of_role(self, role: str) -> list[str]:
        return [target for name, target in self.arguments if name.rstrip("0123456789") == role]


@dataclass
class Standoff:
    """One document: entities by id (type, start, end, text), events by id, negated and speculated event ids, equal entities."""

    entities: dict[str, tuple[str, int, int, str]] = field(default_factory=dict)
    triggers: dict[str, str] = field(default_factory=dict)
    events: dict[str, Event] = field(default_factory=dict)
    negated: set[str] = field(default_factory=set)
    speculated: set[str] = field(default_factory=set)


def read_event_archives(paths: Sequence[Path]) -> list[Document]:
    """All documents of ``.tar.gz`` archives that have events; names, not mentions, are what is related."""
    documents: list[Document] = []
    for path in paths:
        with tarfile.open(path) as archive:
            texts = {PurePosixPath(m.name): archive.extractfile(m).read().decode() for m in archive if m.isfile()}
        for name in sorted(n for n in texts if n.suffix == ".a2" and n.parent.name != "sample"):
            document = parse_standoff(
                texts[name.with_suffix(".txt")], texts[name.with_suffix(".a1")], texts[name], str(name)
            )
            documents.append(_numbered(document, FIRST_PMID + len(documents), name.stem))
    if not documents:
        raise ContractError(f"{', '.join(map(str, paths))}: no .a2 file, expected BioNLP standoff")
    return documents


def _numbered(document: Document, pmid: int, stem: str) -> Document:
    # Their names are PMIDs (with or without a prefix): those keep the guard against evaluation documents working.
    digits = "".join(c for c in stem.split("-")[-1] if c.isdigit())
    number = int(digits) if 5 <= len(digits) <= 8 else pmid
    gold = Annotation(number, document.gold.mentions, document.gold.relations)
    return Document(number, document.title, document.abstract, document.source, gold=gold)


def parse_standoff(text: str, a1: str, a2: str, source: str) -> Document:
    parsed = _parse(a1, a2, source)
    title, _, abstract = text.partition("\n")
    abstract = abstract.replace("\n", " ")
    names = {}
    mentions = []
    for key, (type, start, end, surface) in parsed.entities.items():
        names[key] = f"{type}:{' '.join(surface.lower().split())}"
        if end <= len(text):
            mentions.append(Mention(start, end, type, f"{title} {abstract}"[start:end], (names[key],)))
    said: dict[tuple[str, str], set[str]] = defaultdict(set)
    subject: dict[tuple[str, str], str] = {}
    for one, two, label in _said(parsed):
        if names[one] != names[two]:
            first, last = sorted((names[one], names[two]))
            pair = (first, last)
            said[pair].add(label)
            subject.setdefault(pair, names[one])
    relations = tuple(
        Relation(*pair, _one_label(labels), True, subject=subject[pair]) for pair, labels in sorted(said.items())
    )
    mentions.sort(key=lambda m: (m.start, m.end, m.type))
    return Document(0, title, abstract, source, gold=Annotation(0, tuple(mentions), relations))


def _parse(a1: str, a2: str, source: str) -> Standoff:
    parsed = Standoff()
    for line in filter(None, (*a1.splitlines(), *a2.splitlines())):
        key, *rest = line.split("\t")
        try:
            _enter(parsed, key, rest, line in a1)
        except (ValueError, IndexError) as error:
            raise ContractError(f"{source}: not a line of BioNLP standoff: {line!r}") from error
    return parsed


def _enter(parsed: Standoff, key: str, rest: list[str], given: bool) -> None:
    if key.startswith("T"):
        type, start, *_, end = rest[0].replace(";", " ").split()
        if given:
            parsed.entities[key] = (type, int(start), int(end), rest[1])
        else:
            parsed.triggers[key] = type
    elif key.startswith("E"):
        head, *arguments = rest[0].split()
        pairs = tuple((role, target) for role, _, target in (a.partition(":") for a in arguments))
        parsed.events[key] = Event(head.partition(":")[0], pairs)
    elif key.startswith("M"):
        kind, target = rest[0].split()
        {"Negation": parsed.negated, "Speculation": parsed.speculated}.get(kind, set()).add(target)


def _said(parsed: Standoff) -> Iterator[tuple[str, str, str]]:
    """Entity that acts, entity acted upon, label."""
    for key, event in parsed.events.items():
        if event.type in _REGULATIONS:
            sign = _SIGNS[event.type]
            for one, sign_1, asked_1 in _ends(parsed, event.of_role("Cause")):
                for two, sign_2, asked_2 in _ends(parsed, event.of_role("Theme")):
                    state = _state(parsed, key) or asked_1 or asked_2
                    yield one, two, state or {1: "Positive", -1: "Negative", 0: "Regulation"}[sign * sign_1 * sign_2]
        elif event.type == "Binding":
            for one, two in combinations([t for t in event.of_role("Theme") if t in parsed.entities], 2):
                yield one, two, _state(parsed, key) or "Binding"


def _state(parsed: Standoff, key: str) -> str:
    return "Unclear" if key in parsed.speculated else "Denied" if key in parsed.negated else ""


def _ends(parsed: Standoff, targets: Sequence[str], depth: int = 0) -> Iterator[tuple[str, int, str]]:
    """The entities that arguments lead to, the sign on the way, and "Denied" or "Unclear" if an event there is."""
    for target in targets:
        if target in parsed.entities:
            yield target, 1, ""
        elif target in parsed.events and depth < 4:
            event = parsed.events[target]
            inner = event.of_role("Theme") or event.of_role("Cause")
            for entity, sign, state in _ends(parsed, inner, depth + 1):
                yield entity, sign * _SIGNS.get(event.type, 1), _state(parsed, target) or state


def _one_label(labels: set[str]) -> str:
    firm = labels - {"Regulation"}
    return (
        next(iter(firm or labels))
        if len(firm or labels) == 1 and not (firm == {"Denied"} and len(labels) > 1)
        else "Unclear"
    )
