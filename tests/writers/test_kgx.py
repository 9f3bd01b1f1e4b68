"""Nodes and edges: ids with their prefixes, what acts upon what, and nothing lost in silence."""

from __future__ import annotations

import doctest
import json
from collections import Counter

import pytest

from annotated_documents import annotated
from litcoin_batch.schema import ENTITY_TYPES, RELATION_TYPES
from litcoin_batch.writers import LeftOut, biolink, write

GENE, CHEMICAL, DISEASE = "GeneOrGeneProduct", "ChemicalEntity", "DiseaseOrPhenotypicFeature"


@pytest.fixture(scope="module")
def graph():
    parts = list(write([annotated(7), annotated(8, title="BRCA1 BRCA1")], "kgx"))
    rows = {
        file: [json.loads(p.text) for p in parts if getattr(p, "file", None) == file]
        for file in ("nodes.jsonl", "edges.jsonl")
    }
    return rows["nodes.jsonl"], rows["edges.jsonl"], [part for part in parts if isinstance(part, LeftOut)]


def test_every_end_of_an_edge_is_a_node_and_every_node_an_end(graph):
    nodes, edges, _ = graph
    ends = {edge[end] for edge in edges for end in ("subject", "object")}
    assert Counter(node["id"] for node in nodes) == Counter(ends)
    assert ends == {"MESH:D001241", "MESH:D007052", "MESH:D001943", "NCBIGene:5743", "DBSNP:rs6025"}


def test_an_effect_says_what_acts_upon_what_and_how(graph):
    _, edges, _ = graph
    inhibits = [e for e in edges if (e["subject"], e["object"]) == ("MESH:D001241", "NCBIGene:5743")]
    assert len(inhibits) == 2
    assert inhibits[0] == {
        **inhibits[0],
        "category": ["biolink:ChemicalAffectsGeneAssociation"],
        "predicate": "biolink:affects",
        "qualified_predicate": "biolink:causes",
        "object_aspect_qualifier": "activity_or_abundance",
        "object_direction_qualifier": "decreased",
        "original_predicate": "BioRED:Negative_Correlation",
        "publications": ["PMID:7"],
        "has_confidence_score": 0.625,
    }
    (raises, _) = [e for e in edges if e["subject"] == "DBSNP:rs6025"]
    assert (raises["predicate"], raises["object"]) == (
        "biolink:associated_with_increased_likelihood_of",
        "MESH:D001943",
    )
    assert len({edge["id"] for edge in edges}) == len(edges)


def test_relations_of_local_ids_are_left_out_and_named(graph):
    _, edges, left_out = graph
    assert [(one.what, one.place) for one in left_out] == [
        ("relation", f"PMID {pmid}: D001241 local:7:1") for pmid in (7, 8)
    ]
    assert not [edge for edge in edges if "local" in json.dumps(edge)]


def test_the_product_of_a_conversion_derives_from_what_acts():
    statement = biolink.statement_of("Conversion", CHEMICAL, CHEMICAL)
    assert (statement.predicate, statement.reversed_) == ("biolink:derives_from", True)
    assert biolink.statement_of("Conversion", None, CHEMICAL).predicate == "biolink:related_to"


def test_each_label_of_the_model_has_its_word():
    assert set(biolink.CATEGORIES) == set(ENTITY_TYPES)
    assert set(biolink.UNDIRECTED) == set(RELATION_TYPES)


def test_the_examples_of_curies_are_true():
    failed, tried = doctest.testmod(biolink)
    assert (failed, tried > 2) == (0, True)
