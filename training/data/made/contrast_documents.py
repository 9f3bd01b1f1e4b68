"""Rule-made documents that only reading tells apart: two at a time, alike but for what a sentence says of a pair.

Their ``source`` is ``SOURCE`` and their PMIDs start at ``FIRST_PMID``, above all that PubMed gives. Fully annotated, ids made up.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from litcoin_batch.schema import Annotation, Document, Mention, Relation
from training.data.made import contrast_templates as templates
from training.data.made.contrast_names import Entity, draw_entity
from training.data.made.contrast_templates import BANKS, CLAUSES, SCENES, Clause, Scene

SOURCE = "rule-made"
FIRST_PMID = 900_000_000
_SLOT = re.compile(r"<([ABCgdclo])>")
_PLAIN_WORD = re.compile(r"[a-z]{3,}\b")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a statement is made: ``frame`` "finding", "background", "question" or "denial", ``sign`` that of its words."""

    frame: str
    sign: int


@dataclass(frozen=True, slots=True)
class Statement:
    """A clause or scene about entities, by slot."""

    says: Clause | Scene
    entities: dict[str, Entity]


def contrast_documents(n: int, seed: int) -> list[Document]:
    """``n`` documents, an even number of them pairs one after the other; equal for equal ``seed``."""
    documents: list[Document] = []
    while len(documents) < n:
        documents += make_pair(f"{seed}:{len(documents)}", FIRST_PMID + len(documents))
    return documents[:n]


def make_pair(seed: str, pmid: int) -> list[Document]:
    """Two documents with PMIDs ``pmid`` and ``pmid + 1``: the same surroundings, the main statement with two outcomes."""
    rng = random.Random(seed)
    if rng.random() < 0.68:
        clause = rng.choice(CLAUSES)
        statement = Statement(clause, draw_entities(clause.kinds + "g" * ("<C>" in clause.text), rng))
        told = [(statement, outcome) for outcome in _two_outcomes(clause, rng)]
    else:
        first = rng.choice(SCENES)
        second = rng.choice([s for s in SCENES if s.kinds == first.kinds])
        entities = draw_entities(first.kinds, rng)
        told = [
            (Statement(scene, entities), Outcome(rng.choice(("finding", "finding", "background")), 1))
            for scene in (first, second)
        ]
    return [
        _Writer(random.Random(seed), random.Random(f"{seed}:{i}")).document(pmid + i, *main)
        for i, main in enumerate(told)
    ]


def draw_entities(kinds: str, rng: random.Random, taken: Sequence[Entity] = ()) -> dict[str, Entity]:
    """One entity each of ``kinds`` for the slots A, B, C, none of them called as one of ``taken``."""
    names = {e.name.lower() for e in taken}
    drawn = {}
    for slot, kind in zip("ABC", kinds, strict=False):
        entity = draw_entity(kind, rng)
        while entity.name.lower() in names:
            entity = draw_entity(kind, rng)
        names.add(entity.name.lower())
        drawn[slot] = entity
    return drawn


def _two_outcomes(clause: Clause, rng: random.Random) -> list[Outcome]:
    true = [s for s in clause.signs() if s]
    found = [Outcome("finding", s) for s in true]
    if not any(f"{{{name}}}" in clause.text for name in BANKS):  # a text without a word of sign cannot deny by itself
        others = [Outcome(frame, true[0]) for frame in ("denial", "question", "background", "denial")]
    else:
        others = [Outcome("finding", 0)] * 3 + [
            Outcome(f, rng.choice(true)) for f in ("denial", "question", "background")
        ]
    if len(found) == 2 and rng.random() < 0.5:
        return rng.sample(found, 2)
    return rng.sample([rng.choice(found), rng.choice(others)], 2)


def relations_of(statement: Statement, outcome: Outcome) -> list[Relation]:
    says, entities = statement.says, statement.entities
    if outcome.frame in ("question", "denial"):
        return []
    if isinstance(says, Scene):
        rows = [row.split() for row in says.relations]
    else:
        label = says.label(outcome.sign)
        rows = [["A", "B", label, says.acts]] if label else []
    return [
        Relation.between(
            entities[a].id, entities[b].id, label, outcome.frame != "background",
            subject=entities[acts].id if acts in entities else None,
        )
        for a, b, label, acts in rows
    ]  # fmt: skip


@dataclass
class _Writer:
    """``rng`` draws the surroundings, ``words`` the wording of the main statement: two writers with equal ``rng`` differ in that alone."""

    rng: random.Random
    words: random.Random
    text: str = ""
    mentions: list[Mention] = field(default_factory=list)
    relations: list[Relation] = field(default_factory=list)
    defined: set[str] = field(default_factory=set)
    organism: Entity | None = None
    others: list[Entity] = field(default_factory=list)

    def document(self, pmid: int, statement: Statement, outcome: Outcome) -> Document:
        rng, entities = self.rng, statement.entities
        self.organism = draw_entity("o", rng)
        self.others = list(entities.values())
        plan, title, told = self._plan(statement), rng.choice(templates.TITLES) + ".", rng.random() < 0.25
        # A generator for each sentence: what one of a pair draws in the main sentence moves nothing behind it.
        seeds = [rng.random() for _ in plan]
        if told and outcome.frame == "finding":
            self._sentence(self._wording(statement, outcome, self.words), entities, self.words)
        else:
            self._sentence(title, entities, random.Random(rng.random()))
        title = self.text
        self.text += " "
        for (kind, item), seed in zip(plan, seeds, strict=True):
            own = random.Random(seed)
            if kind == "main":
                self._state(statement, outcome, self.words)
            elif kind == "side":
                side, side_outcome = item
                self._state(side, side_outcome, own)
            else:
                self._sentence(item, entities, own)
        relations = tuple(sorted(self.relations, key=lambda r: (r.pair, r.type)))
        mentions = tuple(sorted(self.mentions, key=lambda m: (m.start, m.end, m.type)))
        gold = Annotation(pmid, mentions, relations)
        return Document(pmid, title, self.text[len(title) + 1 :], SOURCE, 1, gold=gold)

    def _plan(self, statement: Statement) -> list[tuple[str, Any]]:
        """Aim, methods, statements in any order, closing; drawn before anything is written, so that both of a pair agree."""
        rng = self.rng
        middle: list[tuple[str, Any]] = [("main", None)]
        for _ in range(rng.choice((0, 0, 1, 1, 2))):
            clause = rng.choice(CLAUSES)
            entities = draw_entities(clause.kinds + "g" * ("<C>" in clause.text), rng, self.others)
            if rng.random() < 0.5 and clause.kinds[0] == statement.says.kinds[0]:
                entities["A"] = statement.entities["A"]
            self.others += entities.values()
            middle.append(("side", (Statement(clause, entities), rng.choice(_two_outcomes(clause, rng)))))
        middle += [("filler", text) for text in rng.sample(templates.FILLERS, rng.randint(0, 2))]
        rng.shuffle(middle)
        first: list[tuple[str, Any]] = [("aim", rng.choice(templates.AIMS))] if rng.random() < 0.6 else []
        first += [("filler", text) for text in rng.sample(templates.FILLERS, rng.randint(0, 2))]
        last: list[tuple[str, Any]] = [("closing", rng.choice(templates.CLOSINGS))] if rng.random() < 0.5 else []
        return first + middle + last

    def _state(self, statement: Statement, outcome: Outcome, rng: random.Random) -> None:
        opening = {
            "finding": templates.FINDING,
            "background": templates.BACKGROUND,
            "question": templates.QUESTION,
            "denial": templates.DENIAL,
        }
        text = self._wording(statement, outcome, rng)
        if (after := templates.AFTER.get(outcome.frame)) and rng.random() < 0.3:
            text = text.removesuffix(".") + rng.choice(after) + "."
        else:
            text = rng.choice(opening[outcome.frame]) + text
        self._sentence(text, statement.entities, rng)
        self.relations += relations_of(statement, outcome)

    @staticmethod
    def _wording(statement: Statement, outcome: Outcome, rng: random.Random) -> str:
        text = statement.says.text + rng.choice(templates.TAILS) + "."
        return re.sub(r"\{(\w+)\}", lambda m: rng.choice(BANKS[m[1]][outcome.sign]), text)

    def _sentence(self, text: str, entities: dict[str, Entity], rng: random.Random) -> None:
        """Adds it to the text, a space before it where the title or abstract has begun."""
        text = re.sub(r"\[([^\]]*)\]", lambda m: rng.choice(m[1].split("|")), text)
        if self.text and not self.text.endswith(" "):
            self.text += " "
        begin, at = len(self.text), 0
        for slot in _SLOT.finditer(text):
            self._write(text[at : slot.start()], begin)
            at = slot.end()
            self._name(self._entity(slot[1], entities, rng), begin, text[at : at + 1] == "-", rng)
        self._write(text[at:], begin)

    def _entity(self, slot: str, entities: dict[str, Entity], rng: random.Random) -> Entity:
        if slot in entities:
            return entities[slot]
        if slot == "o":
            return self.organism
        # Nothing that this document names elsewhere: it must be related to nothing.
        (entity,) = draw_entities(slot, rng, self.others).values()
        self.others.append(entity)
        return entity

    def _write(self, text: str, begin: int) -> None:
        self.text += text[:1].upper() + text[1:] if len(self.text) == begin else text

    def _name(self, entity: Entity, begin: int, compound: bool, rng: random.Random) -> None:
        first = entity.id not in self.defined
        name = entity.short if entity.short and not first and rng.random() < 0.7 else entity.name
        if len(self.text) == begin and _PLAIN_WORD.match(name):
            name = name[0].upper() + name[1:]
        self._mention(entity, name)
        if entity.short and first and not compound:
            self.defined.add(entity.id)
            self.text += " ("
            self._mention(entity, entity.short)
            self.text += ")"

    def _mention(self, entity: Entity, name: str) -> None:
        start = len(self.text)
        self.text += name
        self.mentions.append(Mention(start, len(self.text), entity.type, name, (entity.id,)))


def contrast_pairs(n: int, seed: int) -> Iterator[tuple[Document, Document]]:
    """As ``contrast_documents``, the pairs as such."""
    documents = contrast_documents(2 * n, seed)
    yield from zip(documents[::2], documents[1::2], strict=True)
