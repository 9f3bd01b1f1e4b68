"""A knowledge graph in KGX's JSON Lines: one edge per relation of a document, one node per concept of an edge.

Local ids mean something in one document only: a relation of such a concept is left out, and counted.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from litcoin_batch.readers.parts.rows import FIRST_FOREIGN_PMID
from litcoin_batch.schema import Document, Mention, Relation
from litcoin_batch.writers.biolink import CATEGORIES, curie_of, statement_of
from litcoin_batch.writers.parts import LeftOut, Part, annotation_of, json_line

NODES, EDGES = "nodes.jsonl", "edges.jsonl"
KNOWLEDGE_SOURCE = "infores:litcoin-batch"
_NAMES_PER_NODE = 16  # counted; memory stays that of the concepts, not of what they are called


def kgx_edge(relation: Relation, pmid: int, entities: Mapping[str, Mention]) -> dict[str, Any] | str:
    """The edge as KGX has it, or why there is none. ``entities``: as ``Annotation.entities`` gives them."""
    first, second = (_end(entity_id, entities) for entity_id in relation.pair)
    if first is None or second is None:
        return "an end has no id of a vocabulary"
    (one, one_type), (two, two_type) = first, second
    if relation.subject == relation.entity_2_id:
        one, one_type, two, two_type = two, two_type, one, one_type
    statement = statement_of(relation.type, one_type if relation.subject else None, two_type)
    if statement is None:
        return f"relation type {relation.type} has no predicate"
    subject, object_ = (two, one) if statement.reversed_ else (one, two)
    edge = {
        "id": _edge_id(relation, pmid),
        "category": [statement.category],
        "subject": subject,
        "predicate": statement.predicate,
        "object": object_,
        "original_predicate": f"BioRED:{relation.type}",
        "knowledge_level": "not_provided",
        "agent_type": "text_mining_agent",
        "primary_knowledge_source": KNOWLEDGE_SOURCE,
        "has_confidence_score": relation.score,
        "novel": relation.novel,
        "novel_score": relation.novel_score,
    }
    if statement.direction:
        edge["qualified_predicate"] = "biolink:causes"
        edge["object_aspect_qualifier"] = "activity_or_abundance"
        edge["object_direction_qualifier"] = statement.direction
    if pmid < FIRST_FOREIGN_PMID:
        edge["publications"] = [f"PMID:{pmid}"]
    if relation.evidence:
        edge["supporting_text"] = [sentence.text for sentence in relation.evidence]
    return edge


def _end(entity_id: str, entities: Mapping[str, Mention]) -> tuple[str, str] | None:
    mention = entities.get(entity_id)
    if mention is None or mention.type not in CATEGORIES:
        return None
    curie = curie_of(entity_id, mention.type)
    return (curie, mention.type) if curie else None


def _edge_id(relation: Relation, pmid: int) -> str:
    """The same in each export, and of no other relation."""
    key = "\t".join((str(pmid), relation.type, *relation.pair))
    return f"litcoin-batch:{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()[:20]}"


def kgx_node(curie: str, type: str, name: str) -> dict[str, Any]:
    return {"id": curie, "category": [CATEGORIES[type]], "name": name}


class Kgx:
    """Keeps how often each concept of an edge is called what: nodes come last, by their most frequent type and name."""

    files = (NODES, EDGES)

    def __init__(self) -> None:
        self._names: dict[str, Counter[tuple[str, str]]] = {}

    def begin(self) -> Iterator[Part]:
        return iter(())

    def add(self, document: Document) -> Iterator[Part | LeftOut]:
        annotation = annotation_of(document)
        entities = annotation.entities()
        of_edges = set()
        for relation in annotation.relations:
            edge = kgx_edge(relation, document.pmid, entities)
            if isinstance(edge, str):
                yield LeftOut("relation", edge, f"PMID {document.pmid}: {' '.join(relation.pair)}")
                continue
            of_edges |= set(relation.pair)
            yield Part(EDGES, json_line(edge))
        for mention in annotation.mentions:
            for entity_id in of_edges & set(mention.entity_ids):
                if curie := curie_of(entity_id, entities[entity_id].type):
                    self._count(curie, mention)

    def _count(self, curie: str, mention: Mention) -> None:
        names = self._names.setdefault(curie, Counter())
        key = mention.type, mention.text
        if mention.type in CATEGORIES and (key in names or len(names) < _NAMES_PER_NODE):
            names[key] += 1

    def end(self) -> Iterator[Part]:
        for curie in sorted(self._names):
            (type, name), _ = min(self._names[curie].items(), key=lambda item: (-item[1], item[0]))
            yield Part(NODES, json_line(kgx_node(curie, type, name)))
