"""Files written one behind the other, annotation that nobody asked for, and texts that stand in for others."""

import io
import json

import pytest

from litcoin_batch.readers import Rules, read_stream
from litcoin_batch.readers.parts.rows import DEFAULT_RULES
from litcoin_batch.schema import Document, Reject

DOCTYPE = '<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle//EN" "https://x.invalid/p.dtd">\n'
DECLARATION = '<?xml version="1.0" ?>\n'
WITHOUT_GOLD = Rules(gold=False)


def article(pmid, more=""):
    return (
        f"<PubmedArticle><MedlineCitation><PMID>{pmid}</PMID><Article><ArticleTitle>T{pmid}</ArticleTitle></Article>{more}"
        "</MedlineCitation></PubmedArticle>\n"
    )


def batch(*pmids, before=DECLARATION + DOCTYPE):
    return f"{before}<PubmedArticleSet>\n{''.join(map(article, pmids))}</PubmedArticleSet>\n"


def collection(pmid):
    passages = f"<passage><offset>0</offset><text>T{pmid}</text></passage>"
    return (
        f'{DECLARATION}<!DOCTYPE collection SYSTEM "BioC.dtd">\n<collection><source>S</source><date/><key>k</key>'
        f"<document><id>{pmid}</id>{passages}</document></collection>\n"
    )


def read(text, rules=DEFAULT_RULES):
    data = text if isinstance(text, bytes) else text.encode()
    return list(read_stream(io.BytesIO(data), "x", rules=rules))


def pmids(items):
    return [item.pmid if isinstance(item, Document) else None for item in items]


SEAMS = {
    "whole files": batch(1, 2) + batch(3) + batch(4),
    "roots alone": batch(1, 2) + batch(3, 4, before=""),
    "a byte order mark": (batch(1) + "\ufeff" + batch(2, 3) + batch(4)),
    "no space": (batch(1, 2) + batch(3, 4)).replace("\n", ""),
    "another root": batch(1, 2) + f"<PubmedBookArticleSet>{article(3).replace('PubmedArticle', 'PubmedBookArticle')}"
    "</PubmedBookArticleSet>" + batch(4),
    "an empty batch": batch(1) + "<PubmedArticleSet/>" + batch(2, 3, 4),
    "BioC": "".join(map(collection, (1, 2, 3, 4))),
    "a document type with its own rules": batch(1, 2) + batch(3, 4, before="<!DOCTYPE PubmedArticleSet [<!ELEMENT PMID (#PCDATA)>]>"),
}  # fmt: skip


@pytest.mark.parametrize("text", SEAMS.values(), ids=SEAMS)
def test_what_stands_between_batches_is_no_record(text):
    items = read(text)
    assert [(item.pmid, item.record) for item in items] == [(n, n) for n in (1, 2, 3, 4)]


def test_each_batch_has_its_own_encoding():
    latin = batch(2, before='<?xml version="1.0" encoding="ISO-8859-1"?>').replace("T2", "Größe").encode("latin-1")
    _, two, three = read(batch(1).encode() + latin + batch(3).replace("T3", "Größe").encode())
    assert (two.title, three.title) == ("Größe", "Größe")


def test_a_batch_that_is_cut_before_the_next_begins_is_said():
    items = read(batch(1, 2).replace("</PubmedArticleSet>\n", "") + batch(3))
    assert pmids(items) == [1, 2, None, 3]
    inside = read(batch(1, 2)[:-80] + batch(3))
    assert pmids(inside) == [1, None, 3] and "before <PubmedArticleSet>" in inside[1].reason
    assert pmids(read(batch(1) + batch(2).replace("</PubmedArticleSet>\n", ""))) == [1, 2, None]


def test_entities_of_a_later_batch_are_no_seam():
    bomb = batch(2, before='<!DOCTYPE PubmedArticleSet [<!ENTITY a "ha">]>')
    items = read(batch(1) + bomb + batch(3))
    assert pmids(items) == [1, None, 2, 3]


PUBTATOR = "1|t|T\n1|a|A\n%s\n\n2|t|T\n2|a|A\n"


@pytest.mark.parametrize(
    "line", ["1\t0\t9\twrong\tGene\t1", "no annotation at all", "9\t0\t1\tT\tGene\t1", "1\tBind\tD1", "1\tx\xff"]
)
def test_annotation_that_nobody_asked_for_costs_no_document_of_pubtator(line):
    assert isinstance(read(PUBTATOR % line)[0], Reject)
    assert read(PUBTATOR % line, WITHOUT_GOLD) == [Document(1, "T", "A", "x", 1), Document(2, "T", "A", "x", 2)]


@pytest.mark.parametrize(
    ("key", "value"), [("annotations", [{"infons": {}}]), ("annotations", "none"), ("relations", [3]), ("offset", 77), ("offset", "b"), ("offset", None)]
)  # fmt: skip
def test_annotation_that_nobody_asked_for_costs_no_document_of_bioc(key, value):
    passages = [{"offset": 0, "text": "T"}, {"offset": 2, "text": "A"}]
    first = {**passages[0], key: value}
    text = json.dumps({"documents": [{"id": "1", "passages": [first, passages[1]]}]})
    assert isinstance(read(text)[0], Reject)
    (document,) = read(text, WITHOUT_GOLD)
    assert (document.text, document.gold) == ("T A", None)
    assert len(document.notes) == (key == "offset")


OTHER = '<OtherAbstract Type="PIP" Language="{}"><AbstractText>{}</AbstractText></OtherAbstract>'
SUMMARY = OTHER.replace("PIP", "plain-language-summary")


@pytest.mark.parametrize(
    ("others", "read_as", "note"),
    [
        (OTHER.format("eng", "English"), "English", "OtherAbstract read as the abstract"),
        (
            OTHER.format("fre", "Français") + OTHER.format("eng", "English"),
            "English",
            "OtherAbstract read as the abstract",
        ),
        (
            SUMMARY.format("eng", "Plain") + OTHER.format("eng", "English"),
            "English",
            "OtherAbstract read as the abstract",
        ),
        (OTHER.format("fre", "Français"), None, "OtherAbstract in another language left out"),
    ],
)
def test_other_abstracts_stand_in_on_request_and_are_said_to_be_left_out_otherwise(others, read_as, note):
    text = f"<PubmedArticleSet>{article(1, others)}</PubmedArticleSet>"
    (as_it_is,), (document,) = read(text), read(text, Rules(fallback_texts=True))
    assert as_it_is.abstract is None and as_it_is.notes == (note.replace("read as the abstract", "left out"),)
    assert document.abstract == read_as and document.notes == (note,)


def test_a_vernacular_title_stands_in_where_there_is_none():
    text = batch(1).replace(
        "<ArticleTitle>T1</ArticleTitle>",
        "<ArticleTitle>[Not Available].</ArticleTitle><VernacularTitle>Un titre.</VernacularTitle>",
    )
    (as_it_is,), (document,) = read(text), read(text, Rules(fallback_texts=True))
    assert as_it_is.title == "[Not Available]." and as_it_is.notes == ("VernacularTitle left out",)
    assert document.title == "Un titre." and document.notes == ("VernacularTitle read as the title",)


def test_an_abstract_of_its_own_needs_no_other():
    abstract = "<Abstract><AbstractText>A</AbstractText></Abstract>"
    text = (
        batch(1)
        .replace("</Article>", abstract + "</Article>")
        .replace("</MedlineCitation>", OTHER.format("eng", "B") + "</MedlineCitation>")
    )
    assert read(text, Rules(fallback_texts=True)) == [Document(1, "T1", "A", "x", 1)]
