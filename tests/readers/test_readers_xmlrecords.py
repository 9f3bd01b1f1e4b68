"""Cutting XML into records: the same as a parse of the whole file, in linear time, whatever the block size."""

from __future__ import annotations

import io
import random
import time

import pytest
from lxml import etree

from litcoin_batch.readers import read_stream
from litcoin_batch.readers.parts import byte_window, streams, xmlrecords
from litcoin_batch.schema import Document, Reject

HEAD, TAIL = b"<PubmedArticleSet>", b"</PubmedArticleSet>"
START, END = b"<PubmedArticle>", b"</PubmedArticle>"
TITLED = (
    b"<MedlineCitation><PMID>1</PMID><Article><ArticleTitle>"
    + b"x" * 200
    + b"</ArticleTitle></Article></MedlineCitation>"
)

TRAPS = (
    "word ",
    "\n\u00a0 ",
    "<!-- </PubmedArticle> <PubmedArticle> -->",
    "<!-- <!ENTITY -->",
    "<![CDATA[</PubmedArticle><PubmedArticle>]]>",
    "<![CDATA[ <!-- ]]>",
    "<?skip </PubmedArticleSet> ?>",
    "<i>in</i>",
    "<sup a='>'>2</sup>",
    "<PubmedArticleTitle>no record</PubmedArticleTitle>",
    "&lt;PubmedArticle&gt;",
    "αβ😀",
)
GAPS = ("", "\n", " " * 600, "<!-- <PubmedArticle> -->", "<!---->", "<?p </PubmedArticle>?>")


def read(data: bytes) -> list[Document | Reject]:
    return list(read_stream(io.BytesIO(data), "x.xml", "pubmed"))


def random_file(seeded: random.Random) -> bytes:
    """A well-formed file full of what looks like the beginnings and ends of records."""
    records = []
    for pmid in range(1, seeded.randint(2, 9)):
        title, abstract = ("".join(seeded.choices(TRAPS, k=seeded.randint(0, 6))) for _ in range(2))
        text = f"<ArticleTitle>{title}</ArticleTitle><Abstract><AbstractText>{abstract}</AbstractText></Abstract>"
        space = seeded.choice(("", " ", "\n"))
        record = f"<PubmedArticle{space}><MedlineCitation><PMID>{pmid}</PMID><Article>{text}</Article></MedlineCitation></PubmedArticle{space}>"
        records.append(record + seeded.choice(GAPS))
    return f"<?xml version='1.0'?>{seeded.choice(GAPS)}<PubmedArticleSet>{''.join(records)}</PubmedArticleSet>".encode()


def parsed_whole(data: bytes) -> list[tuple[int, str, str]]:
    parser = etree.XMLParser(remove_comments=True, remove_pis=True, resolve_entities=False, no_network=True)
    found = []
    for citation in etree.fromstring(data, parser).iterfind("PubmedArticle/MedlineCitation"):
        texts = citation.find("Article/ArticleTitle"), citation.find("Article/Abstract/AbstractText")
        found.append((int(citation.findtext("PMID")), *(" ".join("".join(text.itertext()).split()) for text in texts)))
    return found


@pytest.mark.parametrize("block_bytes", [1, 7, 64, 1 << 20])
def test_records_equal_a_whole_file_parse_at_any_block_size(monkeypatch, block_bytes):
    monkeypatch.setattr(streams, "BLOCK_BYTES", block_bytes)
    monkeypatch.setattr(byte_window, "BLOCK_BYTES", block_bytes)
    monkeypatch.setattr(xmlrecords, "HEAD_BYTES", 1_000)
    monkeypatch.setattr(xmlrecords, "_LOOKAHEAD_BYTES", 300)
    seeded = random.Random(block_bytes)
    for _ in range(60):
        data = random_file(seeded)
        found = [(item.pmid, item.title or "", item.abstract or "") for item in read(data)]
        assert found == parsed_whole(data) != []


def test_a_lost_end_tag_swallows_no_record_of_another_kind():
    book = b"<PubmedBookArticle><BookDocument><PMID>2</PMID></BookDocument></PubmedBookArticle>"
    first, second, *rest = read(HEAD + START + TITLED + book + END + START + TITLED + END + TAIL)
    assert isinstance(first, Reject) and "no end before <PubmedBookArticle>" in first.reason
    assert (second.pmid, rest[-1].pmid) == (2, 1)


@pytest.mark.parametrize(
    ("inside", "n_items"),
    [
        (b"<!--" * 100_000, 1),
        (START + b"<?" * 100_000 + END, 1),
        (START + b"<![CDATA[" * 50_000 + END, 1),
        (b"<!-- -->x" * 50_000, 1),
        ((START + TITLED) * 5_000, 5_000),
        ((START + TITLED) * 5_000 + END, 5_000),
        (START * 10_000 + END, 10_000),
        (START + b"".join(b"<a%d:b/>" % i for i in range(60_000)) + END, 1),
    ],
    ids=["comments", "instructions", "cdata", "gaps", "no ends", "one end", "starts", "prefixes"],
)
def test_hostile_bytes_cost_linear_time(inside, n_items):
    begin = time.process_time()
    items = read(HEAD + inside + TAIL)
    assert time.process_time() - begin < 5  # quadratic time: 10 s to minutes
    assert len(items) == n_items and any(isinstance(item, Reject) for item in items)


def test_hostile_prologues_cost_linear_time():
    begin = time.process_time()
    items = [item for opening in (b"<!-- ", b"<?x ", b"<!DOCTYPE x ", b'<a b="') for item in read(opening * 60_000)]
    assert time.process_time() - begin < 5
    assert [item.record for item in items] == [0] * 4
