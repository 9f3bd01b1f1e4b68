"""One bad file among good ones: it is one reject, whatever is wrong with it, and all others are annotated."""

import os

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable

from litcoin_batch.readers import Rules
from litcoin_batch.schema import Document, Reject
from litcoin_batch.warehouse.files.local_files import find_local, path_of
from litcoin_batch.warehouse.files.storage import StoredFile, find_files
from litcoin_batch.warehouse.nightly.reading import file_tasks, ingest
from litcoin_batch.warehouse.nightly.reading.file_tasks import Part, parts_of
from litcoin_batch.warehouse.nightly.reading.ingest import parse_file
from warehouses import annotate

NAMES = [
    "a:b 2026-11-26T10:15:00.jsonl",
    "wh [1]{2}*?.jsonl",
    "50%25 #ü'\".jsonl",
    "new\nline.jsonl",
    "back\\slash.jsonl",
]


def line(pmid):
    return f'{{"pmid": {pmid}, "title": "gene a{pmid}", "abstract": "geneA binds geneB."}}\n'


def write_parquet(path, pmids, kind=None, **options):
    table = pa.table({"pmid": pa.array(pmids, kind), "title": ["t"] * len(pmids), "abstract": ["geneA"] * len(pmids)})
    pq.write_table(table, path, **options)


def damage_a_page(path):
    """The bytes of one column's page overwritten."""
    start = pq.ParquetFile(path).metadata.row_group(0).column(1).data_page_offset
    data = bytearray(path.read_bytes())
    data[start + 20 : start + 60] = b"\xff" * 40
    path.write_bytes(bytes(data))


def test_a_run_over_files_of_every_kind_of_trouble(spark, tmp_path):
    """Names with any character, Parquet types that differ, a damaged page, what cannot be opened, and what is no file."""
    folder = tmp_path / "in"
    folder.mkdir()
    for pmid, name in enumerate(NAMES, start=1):
        (folder / name).write_text(line(pmid))
    with open(os.fsencode(folder) + b"/latin\xfc.jsonl", "w") as stream:
        stream.write(line(6))
    for pmid, kind in enumerate((pa.int32(), pa.uint64(), pa.float64(), pa.string()), start=11):
        write_parquet(folder / f"{kind}.parquet", [str(pmid) if kind == pa.string() else pmid], kind)
    write_parquet(folder / "damaged.parquet", list(range(1000, 3000)), use_dictionary=False, compression="gzip")
    damage_a_page(folder / "damaged.parquet")
    (folder / "cut.parquet").write_bytes((folder / "int32.parquet").read_bytes()[:-20])
    pq.write_table(pa.table({"pmid": [1], "text": ["x"]}), folder / "other.parquet")
    (folder / "dangling.xml").symlink_to(folder / "nowhere")
    (folder / "loop").symlink_to(folder)
    os.mkfifo(folder / "pipe.jsonl")
    record = annotate(spark, tmp_path / "out", folder)
    assert {s.source: s.annotated for s in record.sources if s.annotated} == {
        **dict.fromkeys(NAMES, 1),
        "latin\\xfc.jsonl": 1,
        **{f"{kind}.parquet": 1 for kind in ("int32", "uint64", "double", "string")},
    }
    rejects = DeltaTable(tmp_path / "out" / "rejects").to_pyarrow_table().to_pylist()
    reasons = {row["source"]: (row["record"], row["reason"]) for row in rejects}
    assert len(rejects) == len(reasons) == record.n_rejected == 5
    assert reasons["damaged.parquet"][0] == 1
    assert reasons["damaged.parquet"][1].startswith("row group 0, rows 1 to 2000 cannot be read")
    assert reasons["cut.parquet"][1].startswith("Parquet cannot be read")
    assert reasons["other.parquet"] == (0, "Parquet cannot be read: no column title, abstract; found: pmid, text")
    assert "cannot be opened" in reasons["dangling.xml"][1]
    assert "is no plain file" in reasons["pipe.jsonl"][1]
    fates = (record.n_annotated, record.n_without_text, record.n_deleted, record.n_superseded, record.n_rejected)
    assert record.n_records == sum(fates) == 15


def test_what_raises_while_a_file_is_read_is_its_own_reject(monkeypatch):
    def broken(stream, source, format, rules):
        yield Document(1, "a", "b", source, 1)
        raise ZeroDivisionError("of all things")

    monkeypatch.setattr(ingest, "read_stream", broken)
    (batch,) = parse_file("file:/x", "x", b"bytes", "auto")
    document, reject = batch.to_pylist()
    assert (document["pmid"], document["reason"]) == (1, None)
    assert reject["record"] == 2 and reject["reason"] == "file cannot be read further: ZeroDivisionError: of all things"


def test_a_file_that_vanished_is_a_reject_of_its_own(tmp_path):
    part = Part(f"file:{tmp_path}/gone.jsonl", 9)
    (reject,) = ingest._items(part, "gone.jsonl", "auto", Rules(), None)
    assert reject == Reject("gone.jsonl", 0, "file cannot be read: FileNotFoundError: No such file or directory")


def test_large_parquet_files_are_read_by_several_tasks_with_the_same_records(monkeypatch, tmp_path):
    write_parquet(tmp_path / "a.parquet", list(range(1, 101)), row_group_size=10)
    (file,) = find_local(str(tmp_path / "a.parquet"))
    monkeypatch.setattr(file_tasks, "_MAX_TASK_BYTES", file.n_bytes // 3)
    parts = parts_of([StoredFile(*file)])
    assert len(parts) > 2
    items = [i for p in parts for i in ingest._items(p, "a", "auto", Rules(), None)]
    assert [(d.pmid, d.record) for d in items] == [(n, n) for n in range(1, 101)]


def test_files_are_found_by_name_folder_pattern_and_address(spark, tmp_path):
    for name in ("a [1].xml", "b.xml", "c.xml.gz", ".hidden", "_SUCCESS", "b.xml.md5"):
        (tmp_path / name).write_text("x")
    (tmp_path / "below" / "deep").mkdir(parents=True)
    (tmp_path / "below" / "deep" / "d.xml").write_text("x")

    def found(*paths):
        return [file.name for file in find_files(spark, [str(path) for path in paths])]

    assert sorted(found(tmp_path)) == ["a [1].xml", "b.xml", "c.xml.gz", "d.xml"]
    assert found(tmp_path / "a [1].xml") == found((tmp_path / "a [1].xml").as_uri()) == ["a [1].xml"]
    assert found(f"{tmp_path}/{{b,c}}.xml*") == ["b.xml", "b.xml.md5", "c.xml.gz"]
    assert found(tmp_path / ".hidden") == [".hidden"]


def test_names_that_are_no_unicode_find_their_way_back(tmp_path):
    path = os.fsencode(tmp_path) + b"/\xe4\xff.xml"
    with open(path, "w") as stream:
        stream.write("x")
    (file,) = find_local(str(tmp_path))
    assert file.uri.endswith("/\\xe4\\xff.xml") and os.fsencode(path_of(file.uri)) == path
