"""Damaged and hostile bytes: nothing raises, nothing is lost in silence, the rest is read."""

from __future__ import annotations

import gzip
import io
import random
import re
import tracemalloc

import pytest

from litcoin_batch.readers import FORMATS, read_stream
from litcoin_batch.readers.parts.streams import EXCERPT_CHARS, ByteSource, excerpt, lines
from litcoin_batch.schema import Document, Reject

N = 12
CITATION = (
    '<PubmedArticle><MedlineCitation><PMID Version="1">{n}</PMID><Article><ArticleTitle>Title of {n}</ArticleTitle>'
    "<Abstract><AbstractText>Gene <i>A{n}</i> binds.</AbstractText></Abstract></Article></MedlineCitation></PubmedArticle>\n"
)
HEAD = b'<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE PubmedArticleSet SYSTEM "https://x.invalid/p.dtd">\n<PubmedArticleSet>\n'
TAIL = b"</PubmedArticleSet>\n"
RECORDS = [CITATION.format(n=n).encode() for n in range(101, 101 + N)]
WHOLE = HEAD + b"".join(RECORDS) + TAIL


def read(data: bytes, format: str = "auto") -> list[Document | Reject]:
    return list(read_stream(io.BytesIO(data), "x.xml", format))


def pmids(items: list[Document | Reject]) -> list[int]:
    return [item.pmid for item in items if isinstance(item, Document)]


def rejects(items: list[Document | Reject]) -> list[Reject]:
    return [item for item in items if isinstance(item, Reject)]


ALL = list(range(101, 101 + N))


def test_undamaged():
    assert pmids(read(WHOLE)) == pmids(read(gzip.compress(WHOLE))) == ALL
    assert rejects(read(WHOLE)) == []


def test_a_cut_anywhere_keeps_what_is_complete_and_gives_one_reject():
    last = WHOLE.index(b"</PubmedArticleSet>") + len(b"</PubmedArticleSet>")
    for cut in range(len(HEAD), last, 37):
        items = read(WHOLE[:cut])
        n_complete = WHOLE[:cut].count(b"</PubmedArticle>")
        assert pmids(items) == ALL[:n_complete]
        (reject,) = rejects(items)
        assert "cut" in reject.reason and reject.excerpt and reject.record == n_complete + 1


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_truncated_gzip_keeps_what_is_complete(share):
    random_words = random.Random(1)
    records = [r.replace(b"binds", b"%x" % random_words.getrandbits(4000)) for r in RECORDS]
    packed = gzip.compress(HEAD + b"".join(records) + TAIL)
    items = read(packed[: int(len(packed) * share)])
    assert pmids(items) == ALL[: len(pmids(items))] and len(pmids(items)) >= int(N * share) - 2
    assert [r.reason.startswith("gzip stream is truncated") for r in rejects(items)] == [True]


def test_gzip_damage_in_the_middle_and_in_the_checksum():
    packed = bytearray(gzip.compress(WHOLE, compresslevel=0))
    wrong_sum = packed[:-6] + bytes([packed[-6] ^ 1]) + packed[-5:]
    items = read(bytes(wrong_sum))
    assert pmids(items) == ALL and "gzip stream is damaged" in rejects(items)[-1].reason
    packed[10:15] = b"\xff" * 5
    assert "gzip stream is damaged" in rejects(read(bytes(packed)))[0].reason
    assert pmids(read(gzip.compress(WHOLE[:700]) + gzip.compress(WHOLE[700:]))) == ALL
    assert "not gzip" in rejects(read(gzip.compress(WHOLE) + b"tail"))[0].reason


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<ArticleTitle>Title of 105", b"<ArticleTitle>Title \x0b of 105"),
        (b"<ArticleTitle>Title of 105", b"<ArticleTitle>Title \xff\xfe of 105"),
        (b"<ArticleTitle>Title of 105", b"<ArticleTitle>Title &bomb; of 105"),
        (b"<ArticleTitle>Title of 105", b"<ArticleTitle>Title &#0; of 105"),
        (b"<i>A105</i>", b"<i>A105</AbstractText></i>"),
        (b"<i>A105</i>", b"<i>A105"),
        (b"<i>A105</i>", b"<!-- <i>A105</i>"),
        (b"<i>A105</i>", b"<![CDATA[ <i>A105</i>"),
        (b">105</PMID>", b">abc</PMID>"),
    ],
)
def test_one_bad_citation_costs_itself_only(old, new):
    assert WHOLE.count(old) == 1
    items = read(WHOLE.replace(old, new))
    assert pmids(items) == [pmid for pmid in ALL if pmid != 105]
    (reject,) = rejects(items)
    assert reject.record == 5 and reject.reason and "<PubmedArticle>" in reject.excerpt


def test_lost_tags_cost_one_reject_per_citation():
    no_end = WHOLE.replace(RECORDS[4], RECORDS[4].replace(b"</PubmedArticle>", b"</PubmedArtXcle>"))
    no_start = WHOLE.replace(RECORDS[4], RECORDS[4].replace(b"<PubmedArticle>", b"<PubmedArtXcle>"))
    neither = WHOLE.replace(b"</PubmedArticle>\n" + RECORDS[4], b"\n" + RECORDS[4].removeprefix(b"<PubmedArticle>"))
    for data, lost in ((no_end, {105}), (no_start, {105}), (neither, {104, 105})):
        items = read(data)
        assert pmids(items) == [pmid for pmid in ALL if pmid not in lost]
        assert len(rejects(items)) in (1, len(lost))
    last_without_end = WHOLE.replace(b"</PubmedArticle>\n</PubmedArticleSet>", b"\n</PubmedArticleSet>")
    items = read(last_without_end)
    assert pmids(items) == ALL[:-1] and [r.record for r in rejects(items)] == [N]


def test_a_damaged_deletion_is_counted_by_pmid():
    deletion = b"<DeleteCitation><PMID>1</PMID><PMID>2</PMID><PMID>3</DeleteCitation>"
    items = read(HEAD + RECORDS[0] + deletion + TAIL)
    assert [item.record for item in items] == [1, 2, 3, 4] and len(rejects(items)) == 3


def test_damaged_prologues_do_not_cost_the_citations():
    for old, new in ((b"<PubmedArticleSet>", b"<PubmedArtXcleSet>"), (b"utf-8", b"utX-8"), (b"<!DOCTYPE", b"<DOCTYPE")):
        items = read(WHOLE.replace(old, new, 1), "pubmed")
        assert pmids(items) == ALL and rejects(items)


@pytest.mark.parametrize(
    "subset",
    [
        '<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">',
        '<!ENTITY x SYSTEM "file:///etc/hostname">',
        '<!ENTITY % p SYSTEM "http://x.invalid/e.dtd"> %p;',
    ],
)
def test_entity_declarations_are_refused(subset):
    bomb = f"<!DOCTYPE PubmedArticleSet [{subset}]><PubmedArticleSet>".encode()
    (reject,) = read(bomb + b"".join(RECORDS).replace(b"Gene", b"&b;&x;") + TAIL)
    assert "entities" in reject.reason and reject.record == 0
    harmless = HEAD.replace(b'SYSTEM "https://x.invalid/p.dtd"', b"[<!ELEMENT PMID (#PCDATA)>]")
    assert pmids(read(harmless + b"".join(RECORDS) + TAIL)) == ALL


def test_mutations_never_raise_and_lose_nothing_in_silence():
    seeded, n_mutated = random.Random(7), 0
    for _ in range(150):
        data = bytearray(WHOLE)
        for _ in range(seeded.randint(1, 3)):
            at, kind = seeded.randrange(len(HEAD), len(data) - len(TAIL)), seeded.choice(("flip", "drop", "cross"))
            if kind == "flip":
                data[at] ^= 1 << seeded.randrange(8)
            elif kind == "drop":
                del data[at : at + seeded.randint(1, 400)]
            else:
                tags = [m.span() for m in re.finditer(rb"<[^<>]*>", data)]
                i = seeded.randrange(3, len(tags) - 2)
                (a, b), (c, d) = tags[i], tags[i + 1]
                data[a:d] = data[c:d] + data[b:c] + data[a:b]
        items = read(bytes(data))
        intact = [pmid for pmid, record in zip(ALL, RECORDS, strict=True) if record.strip() in data]
        n_mutated += len(intact) < N
        texts = {item.pmid: item.abstract for item in items if isinstance(item, Document)}
        assert [texts.get(pmid) for pmid in intact] == [f"Gene A{pmid} binds." for pmid in intact]
        assert len(items) >= len(re.findall(rb"<MedlineCitation>", data))
    assert n_mutated > 100


def test_flips_in_prologue_and_end_never_raise():
    places = [*range(len(HEAD)), *range(len(WHOLE) - len(TAIL), len(WHOLE))]
    found = []
    for at in places:
        data = bytearray(WHOLE)
        data[at] ^= 0x15
        found.append(pmids(read(bytes(data), "pubmed")))
    assert found == [ALL] * len(places)


def peak_memory(packed: bytes) -> tuple[int, int]:
    """Number of items and bytes held at most while reading them."""
    tracemalloc.start()
    n = sum(1 for _ in read_stream(io.BytesIO(packed), "x"))
    size = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return n, size


def test_memory_is_flat():
    n_records, record = 800, RECORDS[0].replace(b"binds", b"b" * 30_000)
    whole = HEAD + record * n_records + TAIL
    n, peak = peak_memory(gzip.compress(whole, 1))
    assert n == n_records and peak < 8 << 20 < len(whole) / 2


def test_a_gzip_bomb_is_read_in_bounded_memory(monkeypatch):
    monkeypatch.setattr("litcoin_batch.readers.parts.xmlrecords.MAX_RECORD_BYTES", 2 << 20)
    n, peak = peak_memory(gzip.compress(HEAD + b" " * (40 << 20) + RECORDS[0] + TAIL))
    assert n == 1 and peak < 25 << 20


def test_an_endless_citation_is_rejected_and_the_next_read(monkeypatch):
    monkeypatch.setattr("litcoin_batch.readers.parts.xmlrecords.MAX_RECORD_BYTES", 3 << 20)
    endless = b"<PubmedArticle><MedlineCitation><PMID>1</PMID>" + b"x" * (9 << 20)
    items = read(HEAD + endless + RECORDS[0] + RECORDS[1] + TAIL)
    assert pmids(items) == [101, 102] and any("longer than" in r.reason for r in rejects(items))


@pytest.mark.parametrize("format", ["auto", *FORMATS])
@pytest.mark.parametrize("data", [b"", b" \n", gzip.compress(b"")], ids=["nothing", "blank", "gzip of nothing"])
def test_empty_files(data, format):
    (reject,) = read(data, format)
    assert "empty file" in reject.reason and reject.record == 0


@pytest.mark.parametrize("format", FORMATS)
def test_noise_never_raises(format):
    seeded = random.Random(3)
    shapes = [
        b"%s",
        b"<PubmedArticleSet>%s",
        b"\x1f\x8b%s",
        b'{"documents":[%s',
        b"PAR1%sPAR1",
        b"1|t|%s\n",
        b"pmid,title,abstract\n%s",
        b'"' * 50 + b"%s",
    ]
    n_items = 0
    for shape in shapes:
        noise = seeded.randbytes(2_000) + b'<>"\t,|\n{[' * 20
        n_items += len(read(shape % noise, format))
    assert n_items >= len(shapes)


def test_deeply_nested_input_never_raises():
    assert isinstance(read(b"[" * 100_000, "jsonl")[0], Reject)
    assert isinstance(read(b'{"documents":' + b"[" * 100_000, "bioc")[0], Reject)
    assert rejects(read(HEAD + b"<PubmedArticle>" + b"<a>" * 10_000 + b"</PubmedArticle>" + TAIL))


def test_lines_are_cut_at_their_limit():
    found = list(lines(ByteSource(io.BytesIO(b"short\n" + b"x" * 5_000_000 + b"\nlast")), max_bytes=1_000))
    assert [(len(line.raw), bool(line.damage)) for line in found] == [(6, False), (1_000, True), (4, False)]


def test_excerpts_are_short_and_printable():
    found = excerpt(b"\x00a\xffb\x1b" + b"x" * 10_000)
    assert found.startswith("\\x00a\\xffb\\x1b") and len(found) <= 4 * EXCERPT_CHARS
