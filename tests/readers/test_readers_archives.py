"""Tar and zip archives: the same as their members one by one."""

import gzip
import io
import tarfile
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from litcoin_batch.readers import read_stream
from litcoin_batch.schema import Document, Reject


def parquet(pmid):
    out = io.BytesIO()
    pq.write_table(pa.table({"pmid": [pmid], "title": ["T"], "abstract": ["A"]}), out)
    return out.getvalue()


MEMBERS = {
    "corpus/Train.PubTator": b"1|t|T\n1|a|A\n\n2|t|T\n2|a|A\n",
    "corpus/rows.jsonl": b'{"pmid": 3, "title": "T", "abstract": "A"}\n',
    "corpus/rows.jsonl.gz": gzip.compress(b'{"pmid": 4, "title": "T", "abstract": "A"}\n'),
    "corpus/rows.parquet": parquet(5),
    "pubmed26n0007.xml": b"<PubmedArticleSet><PubmedArticle><MedlineCitation><PMID>6</PMID><Article><ArticleTitle>T</ArticleTitle>"
    b"<Abstract><AbstractText>A</AbstractText></Abstract></Article></MedlineCitation></PubmedArticle></PubmedArticleSet>",
    "corpus/._rows.jsonl": b"what macOS adds",
    "__MACOSX/x": b"and this",
    "corpus/rows.jsonl.md5": b"a checksum",
    "corpus/README": b"Read me.",
}


def tar(members=MEMBERS, format=tarfile.GNU_FORMAT):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def zipped(members=MEMBERS, kind=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", kind) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


ARCHIVES = {
    "tar": tar(),
    "tar.gz": gzip.compress(tar()),
    "ustar": tar(format=tarfile.USTAR_FORMAT),
    "pax": tar(format=tarfile.PAX_FORMAT),
    "zip": zipped(),
    "stored": zipped(kind=zipfile.ZIP_STORED),
}


def read(data):
    return list(read_stream(io.BytesIO(data), "x"))


@pytest.mark.parametrize("data", ARCHIVES.values(), ids=ARCHIVES)
def test_members_are_read_in_their_own_formats(data):
    *documents, reject = read(data)
    assert [(d.pmid, d.text, d.source, d.record) for d in documents] == [(n, "T A", "x", n) for n in range(1, 7)]
    assert documents[-1].source_order == 26_000_007
    assert reject.record == 7 and reject.reason.startswith("member corpus/README: unknown format")


def test_members_whose_names_are_hidden_are_read_but_those_of_systems():
    row = b'{"pmid": %d, "title": "T"}\n'
    members = {
        "_out/.a.jsonl": row % 1,
        ".b.jsonl": row % 2,
        ".DS_Store": b"x",
        "_SUCCESS": b"",
        "_delta_log/0.json": b"{}",
    }
    assert [d.pmid for d in read(zipped(members))] == [1, 2]


def test_a_bad_record_says_in_which_member_it_is():
    bad = {
        "a.jsonl": b'{"pmid": 1, "title": "T"}\n{"pmid": 0, "title": "T"}\n',
        "b.jsonl": b'{"pmid": 2, "title": "T"}\n',
    }
    one, reject, other = read(tar(bad))
    assert (one.pmid, other.pmid, other.record) == (1, 2, 3)
    assert reject.record == 2 and reject.reason.startswith("member a.jsonl, record 2: PMID '0'")


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_a_cut_tar_keeps_what_is_complete_and_says_so(share):
    members = {f"{n}.jsonl": b'{"pmid": %d, "title": "T"}\n' % n for n in range(1, 20)}
    data = tar(members)[: 19 * 1024]  # without the padding at the end
    *documents, last = read(data[: int(len(data) * share) // 512 * 512 + 100])
    assert documents and [d.pmid for d in documents] == list(range(1, len(documents) + 1))
    assert isinstance(last, Reject) and "damaged" in last.reason


def test_a_damaged_member_of_a_zip_costs_itself_only():
    members = {f"{n}.jsonl": b'{"pmid": %d, "title": "T"}\n' % n for n in (1, 2, 3)}
    data = zipped(members, zipfile.ZIP_STORED).replace(b'"pmid": 2', b'"pmid": 7', 1)
    items = read(data)
    assert [item.pmid for item in items if isinstance(item, Document) and item.pmid != 7] == [1, 3]
    assert any(isinstance(item, Reject) and item.reason.startswith("member 2.jsonl: damaged") for item in items)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (tar({"a.tar": tar()}), "member a.tar: an archive within an archive"),
        (zipped({"[Content_Types].xml": b"", "xl/workbook.xml": b""}), "an Excel workbook"),
        (zipped({}), "an archive without files"),
        (zipped()[:-30], "archive is damaged at its beginning"),
    ],
)
def test_what_cannot_be_read_of_an_archive_is_named(data, reason):
    (reject,) = read(data)
    assert reason in reject.reason


def test_a_link_is_named_and_not_followed():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        link = tarfile.TarInfo("passwords.jsonl")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    (reject,) = read(out.getvalue())
    assert "member passwords.jsonl: not a plain file but a link" in reject.reason
