"""JSON lines, CSV and Parquet; and telling formats apart by content."""

from __future__ import annotations

import csv
import gzip
import io
import json
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from litcoin_batch.readers import FORMATS, read_path, read_stream
from litcoin_batch.schema import ConfigError, Document, Reject

ROWS = [
    {
        "pmid": 1,
        "title": 'Say "no", twice',
        "abstract": "A\nb\tc",
        "year": 2020,
        "journal": "J",
        "revised": "2024-02-29",
        "version": 2,
    },
    {
        "pmid": 2**53 + 1,
        "title": "é",
        "abstract": None,
        "year": None,
        "journal": None,
        "revised": None,
        "version": None,
    },
    {
        "pmid": 3,
        "title": None,
        "abstract": "w " * 100_000,
        "year": None,
        "journal": None,
        "revised": None,
        "version": None,
    },
]
EXPECTED = [
    Document(1, ROWS[0]["title"], "A\nb\tc", "x", 1, version=2, year=2020, journal="J", revised=date(2024, 2, 29)),
    Document(2**53 + 1, "é", None, "x", 2),
    Document(3, None, ROWS[2]["abstract"], "x", 3),
]


def as_jsonl(rows: list[dict]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def as_csv(rows: list[dict], delimiter: str = ",") -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def as_parquet(rows: list[dict], **options) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), out, **options)
    return out.getvalue()


def as_tsv(rows: list[dict]) -> bytes:
    return as_csv(rows, "\t")


WRITERS = {"jsonl": as_jsonl, "csv": as_csv, "tsv": as_tsv, "parquet": as_parquet}


def read(data: bytes, format: str = "auto") -> list[Document | Reject]:
    return list(read_stream(io.BytesIO(data), "x", format))


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_formats_agree(write, pack):
    assert read(pack(write(ROWS))) == EXPECTED


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [("pmid", "", "PMID"), ("pmid", "x9", "'x9'"), ("pmid", "-1", "'-1'"), ("pmid", str(2**63), "2**63"),
     ("title", "a\x00b", "U+0000")],
)  # fmt: skip
def test_a_bad_row_is_rejected_alone(write, field, value, reason):
    rows = [{k: "" if v is None else str(v) for k, v in row.items()} for row in ROWS]
    before, bad, after = read(write([rows[0], {**rows[1], field: value}, rows[2]]))
    assert isinstance(bad, Reject) and reason in bad.reason and bad.record == 2 and bad.excerpt
    assert (before, after) == (EXPECTED[0], EXPECTED[2])


@pytest.mark.parametrize("line", [b"{", b"[1]", b"3", b'{"pmid": 2}', b'{"pmid": true, "title": "t"}', b'{"pmid": 2, "title": 5}',
                                  b'{"pmid": 2, "title": "\xff"}', b'{"pmid": 2, "title": "\\ud800"}', b'{"pmid": 2.5, "title": "t"}'])  # fmt: skip
def test_bad_json_lines(line):
    good = as_jsonl(ROWS[:1])
    items = read(good + line + b"\n\n" + good)
    assert [isinstance(item, Reject) for item in items] == [False, True, False]
    assert [item.record for item in items] == [1, 2, 3]


@pytest.mark.parametrize(
    "line", [b"2,only two cells", b'2,"never closed,abstract', b"2,\xff,abstract", b'2,"a"b,abstract', b"2,a,b,c"]
)
def test_bad_csv_lines(line):
    data = b"pmid,title,abstract\n1,a,b\n" + line + b"\n3,c,d\n4,e,f"
    items = read(data)
    assert [item.pmid for item in items if isinstance(item, Document)] == [1, 3, 4]
    assert [item.record for item in items if isinstance(item, Reject)] == [2]


def test_stray_quotes_cost_linear_time():
    data = b"pmid,title,abstract\n" + b'2,"open,x\n' + b"".join(b"%d,t,a\n" % pmid for pmid in range(10, 5_010))
    items = read(data)
    assert [item.pmid for item in items[1:]] == list(range(10, 5_010))
    assert "more than" in items[0].reason


def test_a_truncated_table_keeps_what_is_complete():
    packed = gzip.compress(
        as_jsonl([{"pmid": n, "title": f"{n * 7919 % 10007}", "abstract": "a"} for n in range(1, 3_000)])
    )
    *documents, reject = read(packed[: len(packed) // 2])
    assert [d.pmid for d in documents] == list(range(1, len(documents) + 1)) and len(documents) > 1_000
    assert isinstance(reject, Reject) and "truncated" in reject.reason


def test_parquet_is_read_in_row_groups_and_loses_only_the_damaged_one():
    rows = [{"pmid": n, "title": f"{n * 7919 % 10007} title", "abstract": None} for n in range(1, 301)]
    whole = as_parquet(rows, row_group_size=100, compression="gzip", use_dictionary=False)
    start = pq.ParquetFile(io.BytesIO(whole)).metadata.row_group(1).column(1).data_page_offset
    damaged = whole[: start + 20] + b"\xff" * 200 + whole[start + 220 :]
    assert len(read(whole)) == 300
    items = read(damaged)
    (reject,) = [item for item in items if isinstance(item, Reject)]
    assert "row group 1, rows 101 to 200" in reject.reason
    kept = [*range(1, 101), *range(201, 301)]
    assert [(item.pmid, item.record) for item in items if isinstance(item, Document)] == [(n, n) for n in kept]


def test_unreadable_parquet_is_one_reject():
    for data in (as_parquet([{"id": 1}]), as_parquet(ROWS)[:-10], b"PAR1" + b"x" * 100 + b"PAR1"):
        (reject,) = read(data)
        assert isinstance(reject, Reject) and reject.record == 0 and "Parquet" in reject.reason


SAMPLES = {
    "pubmed": [
        b"<?xml version='1.0'?>\n<!-- x --><PubmedArticleSet></PubmedArticleSet>",
        b"<PubmedXArticleSet><PubmedArticle></PubmedArticle>",
    ],
    "bioc": [b"<collection><source/></collection>", b'{"documents": []}', b'[{"id": "1", "passages": []}]'],
    "pubtator": [b"1|t|A title\n1|a|Text\n", b"\n\nPMC1|t|A title\n"],
    "litcoin": [b"abstract_id\ttitle\tabstract\n"],
    "jsonl": [b'{"pmid": 1, "title": "a", "abstract": "<PubmedArticle>"}\n'],
    "csv": [b"PMID,Title,abstract\n", b"title\tabstract\tpmid\n", b'\xef\xbb\xbf"pmid","title","abstract"\n'],
    "parquet": [as_parquet(ROWS[:1])],
    "medline": [b"\nPMID- 1\nOWN - NLM\nTI  - A title\n"],
    "ris": [b"TY  - JOUR\nTI  - A title\nUR  - https://pubmed.ncbi.nlm.nih.gov/1/\nER  - \n"],
}


def test_formats_are_told_by_content_not_by_name(tmp_path):
    for format, samples in SAMPLES.items():
        for i, sample in enumerate(samples):
            path = tmp_path / f"{format}{i}.xml.csv.json"
            path.write_bytes(gzip.compress(sample))
            assert list(read_path(path)) == list(read_path(path, format)), (format, sample)
    assert set(SAMPLES) == set(FORMATS)


@pytest.mark.parametrize(
    ("data", "seen"),
    [
        (b"<html><body>Not found</body></html>", "<html>"),
        (b"once upon a time", "once upon a time"),
        (b"%PDF-1.7 ...", "a PDF"),
        (b"BZh91AY", "bzip2"),
        (b'{"tokens": []}', "no column pmid, title, abstract; found: tokens"),
        (b'[{"pmid": 1, "headline": "x"}]', "no column"),
        (b"pmid,headline,abstract\n1,a,b\n", "no column title; found: pmid, headline, abstract"),
        (b"PMID;Title\n1;a\n", "no column abstract; found: pmid, title"),
        (as_parquet([{"pmid": 1, "title": "a"}]), "no column abstract; found: pmid, title"),
        (b"id\tabstract_id\toffset_start\toffset_finish\ttype\tmention\tentity_ids\n", "abstracts_"),
        ("pmid,title".encode("utf-16"), "UTF-16"),
        (gzip.compress(gzip.compress(b"pmid,title,abstract", mtime=0), mtime=0), "gzip within gzip"),
    ],
)
def test_what_cannot_be_read_is_named(data, seen):
    (reject,) = read(data)
    assert seen in reject.reason and reject.record == 0


def test_of_an_unknown_file_the_known_formats_are_said():
    (reject,) = read(b"once upon a time")
    assert all(format in reject.reason for format in FORMATS)


@pytest.mark.parametrize("format", FORMATS)
def test_a_file_of_another_format_is_rejected_not_raised(format):
    others = [sample for name, samples in SAMPLES.items() for sample in samples[:1] if name != format]
    items = [item for other in others for item in read(other, format)]
    assert items and all(isinstance(item, Reject) for item in items)


def test_unknown_format_names_stop():
    with pytest.raises(ConfigError, match="'xml'"):
        read_stream(io.BytesIO(b""), "x", "xml")
