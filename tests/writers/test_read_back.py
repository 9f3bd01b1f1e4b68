"""What is written is what readers read: ours, and those of others."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import bioc.biocjson
import bioc.biocxml
import bioc.pubtator
import pytest

from annotated_documents import annotated, corpus
from litcoin_batch.readers import read_gold, read_stream
from litcoin_batch.schema import Annotation, Document, Evidence, Mention, Relation
from litcoin_batch.writers import FORMATS, LeftOut, Part, files_of, write

ONE_SPACE = str.maketrans(dict.fromkeys("\u2028\r\n\x85", " "))


def texts(documents, format):
    """File name -> its text; nothing was left out."""
    files = dict.fromkeys(files_of(format), "")
    for part in write(documents, format):
        assert isinstance(part, Part), part
        files[part.file] += part.text
    return files


def text(documents, format):
    (only,) = texts(documents, format).values()
    return only


def read_back(documents, format):
    found = list(read_stream(io.BytesIO(text(documents, format).encode("utf-8")), "x"))
    assert [type(item) for item in found] == [Document] * len(documents)
    return found


def without_scores(annotation):
    """What PubTator can hold, with a space for each line end."""
    return Annotation(
        annotation.pmid,
        tuple(Mention(m.start, m.end, m.type, m.text.translate(ONE_SPACE), m.entity_ids) for m in annotation.mentions),
        tuple(Relation(*r.pair, r.type, r.novel) for r in annotation.relations),
    )


@pytest.mark.parametrize("format", ["bioc-xml", "bioc-json"])
def test_our_reader_gets_back_from_bioc_all_that_is_said(format):
    found = read_back(corpus(), format)
    assert [(d.pmid, d.title, d.abstract, d.gold) for d in found] == [
        (d.pmid, d.title, d.abstract, d.gold) for d in corpus()
    ]


def test_our_reader_gets_back_from_pubtator_what_it_can_hold():
    found = read_back(corpus(), "pubtator")
    assert [d.text for d in found] == [d.text.translate(ONE_SPACE) for d in corpus()]
    assert [d.gold for d in found] == [without_scores(d.gold) for d in corpus()]


@pytest.mark.parametrize(("format", "module"), [("bioc-xml", bioc.biocxml), ("bioc-json", bioc.biocjson)])
def test_the_public_reader_finds_mentions_and_relations_in_bioc(format, module):
    documents = corpus()
    collection = module.loads(text(documents, format))
    bioc.validate(collection)
    for found, document in zip(collection.documents, documents, strict=True):
        mentions = [
            (a.locations[0].offset, a.locations[0].end, a.infons["type"], a.text, a.infons["identifier"])
            for passage in found.passages
            for a in passage.annotations
        ]
        assert mentions == [
            (m.start, m.end, m.type, m.text, ",".join(m.entity_ids) or "-") for m in document.gold.mentions
        ]
        ends = [(r.infons["entity1"], r.infons["entity2"], r.infons["type"]) for r in found.relations]
        assert ends == [(*r.pair, r.type) for r in document.gold.relations]
        named = {a.id: a.infons["identifier"].split(",") for p in found.passages for a in p.annotations}
        for relation in found.relations:
            assert [relation.infons[n.role] in named[n.refid] for n in relation.nodes] == [True, True]


def test_the_public_reader_finds_mentions_and_relations_in_pubtator():
    documents = corpus()
    found = bioc.pubtator.loads(text(documents, "pubtator"))
    for block, document in zip(found, documents, strict=True):
        assert [(a.start, a.end, a.type, a.text, a.id) for a in block.annotations] == [
            (m.start, m.end, m.type, m.text, ",".join(m.entity_ids) or "-") for m in document.gold.mentions
        ]
        assert [(r.id1, r.id2, r.type, r.neg) for r in block.relations] == [
            (*r.pair, r.type, "Novel" if r.novel else "No") for r in document.gold.relations
        ]


def test_json_lines_hold_everything():
    for line, document in zip(text(corpus(), "jsonl").splitlines(), corpus(), strict=True):
        row = json.loads(line)
        mentions = [Mention(**{**m, "entity_ids": tuple(m["entity_ids"])}) for m in row["mentions"]]
        relations = [
            Relation(**{**r, "evidence": tuple(Evidence(**e) for e in r["evidence"])}) for r in row["relations"]
        ]
        assert Annotation(row["pmid"], tuple(mentions), tuple(relations)) == document.gold
    rows = list(read_stream(io.BytesIO(text(corpus(), "jsonl").encode()), "x"))
    assert [(d.pmid, d.title, d.abstract, d.year, d.journal) for d in rows] == [
        (d.pmid, d.title, d.abstract, d.year, d.journal) for d in corpus()
    ]


def test_csv_has_a_row_for_each_document_mention_and_relation():
    files = {name: list(csv.DictReader(io.StringIO(text, newline=""))) for name, text in texts(corpus(), "csv").items()}
    assert [int(row["pmid"]) for row in files["documents.csv"]] == [d.pmid for d in corpus()]
    mentions = [(d.pmid, m) for d in corpus() for m in d.gold.mentions]
    assert [(r["pmid"], r["text"], json.loads(r["entity_ids"]), r["id_score"]) for r in files["mentions.csv"]] == [
        (str(pmid), m.text, list(m.entity_ids), repr(m.id_score)) for pmid, m in mentions
    ]
    relations = [(d, r) for d in corpus() for r in d.gold.relations]
    assert [(r["entity_1_text"], r["type"], r["subject"], r["evidence"]) for r in files["relations.csv"]] == [
        (
            d.gold.entities()[r.entity_1_id].text,
            r.type,
            r.subject or "",
            json.dumps([e.text for e in r.evidence], ensure_ascii=False),
        )
        for d, r in relations
    ]


@pytest.mark.parametrize("format", FORMATS)
def test_no_document_is_a_file_too(format):
    assert sum(map(len, texts([], format).values())) == len("".join(texts([], format).values()))
    if format.startswith("bioc"):
        assert list(read_stream(io.BytesIO(text([], format).encode()), "x")) == []


def with_mention(document, **fields):
    first, *rest = document.gold.mentions
    return replace(document, gold=replace(document.gold, mentions=(replace(first, **fields), *rest)))


@pytest.mark.parametrize(
    ("format", "fields", "reason"),
    [
        ("pubtator", {"entity_ids": ("a,b",)}, "comma"),
        ("bioc-json", {"entity_ids": ("12;13",)}, "semicolon"),
        ("pubtator", {"entity_ids": ("-1",)}, "-1 means none"),
        ("jsonl", {"text": "another"}, "not what the text has"),
    ],
)
def test_what_a_format_cannot_hold_is_named_and_the_rest_written(format, fields, reason):
    odd, good = with_mention(annotated(7), **fields), annotated(8)
    parts = list(write([odd, good], format))
    (left_out,) = [part for part in parts if isinstance(part, LeftOut)]
    assert (left_out.what, left_out.place) == ("document", "PMID 7")
    assert reason in left_out.reason
    assert [part.text for part in parts if isinstance(part, Part)] == [
        part.text for part in write([good], format) if isinstance(part, Part)
    ]


@pytest.mark.parametrize("format", ["pubtator", "bioc-xml", "bioc-json"])
def test_a_real_corpus_comes_back_as_it_was(shared_data, format):
    documents = read_gold(shared_data / "biored" / "Dev.PubTator")
    assert [d.gold for d in read_back(documents, format)] == [d.gold for d in documents]
