"""Every format read as a stream: packing, block size and line ends change nothing; a cut shows."""

from __future__ import annotations

import gzip
import io
import tracemalloc

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from litcoin_batch.readers import FORMATS, pubtator, read_stream
from litcoin_batch.readers.parts import streams
from litcoin_batch.schema import Document, Reject

PMIDS = range(1, 40)


def title(pmid: int) -> str:
    return f"Größe {pmid * 7919 % 10007} 😀"


def as_parquet() -> bytes:
    out = io.BytesIO()
    pq.write_table(
        pa.table({"pmid": list(PMIDS), "title": [title(n) for n in PMIDS], "abstract": ["Text."] * len(PMIDS)}), out
    )
    return out.getvalue()


def joined(row: str, before: str = "", after: str = "", between: str = "") -> bytes:
    rows = [
        row.replace("{n}", str(n)).replace("TITLE", title(n)).replace("OFFSET", str(len(title(n)) + 1)) for n in PMIDS
    ]
    return (before + between.join(rows) + after).encode()


FILES = {
    "pubmed": joined(
        "<PubmedArticle><MedlineCitation><PMID>{n}</PMID><Article><ArticleTitle>TITLE</ArticleTitle><Abstract>"
        "<AbstractText>Text.</AbstractText></Abstract></Article></MedlineCitation></PubmedArticle>\n",
        "<PubmedArticleSet>",
        "</PubmedArticleSet>",
    ),
    "pubtator": joined("{n}|t|TITLE\n{n}|a|Text.\n\n"),
    "bioc": joined(
        '{"id": "{n}", "passages": [{"offset": 0, "text": "TITLE"}, {"offset": OFFSET, "text": "Text."}]}',
        '{"documents": [',
        "]}",
        between=",\n",
    ),
    "litcoin": joined('{n}\t"TITLE"\tText.\n', "abstract_id\ttitle\tabstract\n"),
    "jsonl": joined('{"pmid": {n}, "title": "TITLE", "abstract": "Text."}\n'),
    "csv": joined("{n},TITLE,Text.\n", "pmid,title,abstract\n"),
    "parquet": as_parquet(),
    "medline": joined("PMID- {n}\nOWN - NLM\nTI  - TITLE\nAB  - Text.\n\n"),
    "ris": joined("TY  - JOUR\nTI  - TITLE\nAB  - Text.\nDB  - PubMed\nAN  - {n}\nER  - \n\n"),
}


class Trickle(io.RawIOBase):
    """A stream that hands on at most ``n`` bytes at a time, as sockets do."""

    def __init__(self, data: bytes, n: int) -> None:
        self._data, self._n = io.BytesIO(data), n

    def read(self, size: int = -1) -> bytes:
        return self._data.read(self._n if size < 0 else min(size, self._n))


def read(data: bytes, format: str = "auto") -> list[Document | Reject]:
    return list(read_stream(io.BytesIO(data), "x", format))


@pytest.mark.parametrize(("format", "data"), FILES.items(), ids=FILES)
def test_every_format_says_the_same(format, data):
    assert [(d.pmid, d.text, d.record) for d in read(data)] == [(n, f"{title(n)} Text.", n) for n in PMIDS]
    assert read(data) == read(data, format)


@pytest.mark.parametrize(("format", "data"), FILES.items(), ids=FILES)
def test_packing_and_block_size_change_nothing(monkeypatch, format, data):
    expected = read(data)
    for name in ("BLOCK_BYTES", "GZIP_BLOCK_BYTES"):
        monkeypatch.setattr(streams, name, 11)
    half = len(data) // 2
    members = gzip.compress(data[:half]) + gzip.compress(data[half:])
    for packed in (data, gzip.compress(data), members, members + b"\0" * 30):
        for n in (1, 13, 1 << 20):
            assert list(read_stream(Trickle(packed, n), "x")) == expected


@pytest.mark.parametrize(("format", "data"), FILES.items(), ids=FILES)
def test_a_truncated_gzip_keeps_a_beginning_and_says_so(format, data):
    expected = read(data)
    packed = gzip.compress(data)
    for cut in range(len(packed) // 3, len(packed), len(packed) // 9):
        *documents, reject = read(packed[:cut], format)
        assert documents == expected[: len(documents)]
        assert isinstance(reject, Reject) and "gzip stream is truncated" in reject.reason


@pytest.mark.parametrize("format", [name for name in FORMATS if name != "parquet"])
def test_a_byte_order_mark_and_windows_line_ends_change_nothing(format):
    data = FILES[format]
    assert read(b"\xef\xbb\xbf" + data) == read(data)
    assert read(data.replace(b"\n", b"\r\n")) == read(data)


@pytest.mark.parametrize("format", [name for name in FORMATS if name != "parquet"])
def test_invalid_utf8_costs_its_record_only(format):
    bad = title(20).encode()
    items = read(FILES[format].replace(bad, bad.replace("ö".encode(), b"\xf6")))
    assert [item.pmid for item in items if isinstance(item, Document)] == [n for n in PMIDS if n != 20]
    assert [item.record for item in items if isinstance(item, Reject)] == [20]


def test_every_format_has_its_file():
    assert set(FILES) == set(FORMATS)


def test_pubtator_blocks_are_bounded(monkeypatch):
    monkeypatch.setattr(pubtator, "MAX_BLOCK_BYTES", 1 << 20)
    endless = b"7|t|A\n" + (b"7\t" + b"x" * 2_000 + b"\n") * 8_000 + b"8|t|Next\n"
    tracemalloc.start()
    reject, document = read(endless)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "longer than" in reject.reason and document.pmid == 8
    assert peak < 8 << 20 < len(endless)
