from dataclasses import replace

from fake_model import MODEL_ID, find
from litcoin_batch.schema import Annotation, Document, Mention, Relation
from litcoin_batch.warehouse.tables.nested_rows import SCHEMA, annotated_batch
from litcoin_batch.warehouse.tables.schemas import made_by

DOCUMENTS = [
    Document(1, "aspirin blocks gene", "and alien again"),
    Document(2, "nothing", None),
    Document(3, "aspirin alone", None),
]


def test_rows_are_the_annotations():
    annotations = [find(d) for d in DOCUMENTS]
    rows = annotated_batch(DOCUMENTS, annotations, MODEL_ID).to_pylist()
    assert [row["pmid"] for row in rows] == [1, 2, 3]
    assert [row["text_sha256"] for row in rows] == [d.text_sha256 for d in DOCUMENTS]
    found = [
        tuple(
            Mention(m["start"], m["end"], m["type"], m["text"], tuple(m["entity_ids"]), m["score"], m["id_score"])
            for m in row["mentions"]
        )
        for row in rows
    ]
    assert found == [a.mentions for a in annotations]
    assert [m["resolved"] for m in rows[0]["mentions"]] == [m.resolved for m in annotations[0].mentions]
    assert False in [m["resolved"] for m in rows[0]["mentions"]]


def test_rows_name_the_vocabulary_beside_the_model():
    for model_id, vocabulary_id in (("fake-1", None), (made_by("fake-1", "words-2+own-3"), "words-2+own-3")):
        row = annotated_batch(DOCUMENTS[:1], [find(DOCUMENTS[0])], model_id).to_pylist()[0]
        assert (row["model_id"], row["vocabulary_id"]) == (model_id, vocabulary_id)


def test_relations_carry_their_entities_and_evidence():
    annotation = find(DOCUMENTS[0])
    row = annotated_batch(DOCUMENTS[:1], [annotation], MODEL_ID).to_pylist()[0]
    assert len(row["relations"]) == len(annotation.relations) == 4
    entities = annotation.entities()
    for relation, kept in zip(annotation.relations, row["relations"], strict=True):
        assert (kept["entity_1_id"], kept["entity_2_id"]) == relation.pair
        assert kept["entity_1_text"] == entities[relation.entity_1_id].text
        assert kept["entity_2_type"] == entities[relation.entity_2_id].type
        evidence = kept["evidence"][0]
        assert evidence["text"] == DOCUMENTS[0].text[evidence["start"] : evidence["end"]]


def test_rows_say_how_sure_ids_are_and_which_end_acts():
    mention = Mention(0, 7, "ChemicalEntity", "aspirin", ("C:1",), 0.75, 0.25)
    relation = Relation("C:1", "G:1", "Bind", True, subject="G:1")
    row = annotated_batch(
        DOCUMENTS[:1], [Annotation(1, (mention,), (relation, replace(relation, subject=None)))], MODEL_ID
    )
    found = row.to_pylist()[0]
    assert [(m["score"], m["id_score"]) for m in found["mentions"]] == [(0.75, 0.25)]
    assert [r["subject"] for r in found["relations"]] == ["G:1", None]


def test_a_failure_is_an_error_and_no_lists():
    batch = annotated_batch(DOCUMENTS, [find(DOCUMENTS[0]), ValueError("bad"), find(DOCUMENTS[2])], MODEL_ID)
    rows = batch.to_pylist()
    assert [row["error"] for row in rows] == [None, "ValueError: bad", None]
    assert (rows[1]["mentions"], rows[1]["relations"]) == (None, None)
    assert [m["text"] for m in rows[2]["mentions"]] == ["aspirin", "alone"]


def test_no_documents_and_empty_annotations():
    assert annotated_batch([], [], MODEL_ID).num_rows == 0
    batch = annotated_batch(DOCUMENTS[1:2], [Annotation(2)], MODEL_ID)
    assert batch.schema == SCHEMA
    assert batch.to_pylist()[0]["mentions"] == [] == batch.to_pylist()[0]["relations"]
