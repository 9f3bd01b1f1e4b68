"""The same citations as an unharmed file of every format."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from citations import citation

PMIDS = tuple(range(101, 117))


@dataclass(frozen=True)
class Whole:
    """An unharmed file: ``prefix``, one stretch of bytes for each of ``PMIDS``, ``suffix``."""

    prefix: bytes
    records: tuple[bytes, ...]
    suffix: bytes = b""

    @property
    def data(self) -> bytes:
        return self.prefix + b"".join(self.records) + self.suffix

    def intact(self, touched: Sequence[tuple[int, int]]) -> frozenset[int]:
        """PMIDs of the records that lie clear of these stretches."""
        found, at = set(), len(self.prefix)
        for pmid, record in zip(PMIDS, self.records, strict=True):
            # A neighbour's line break, comma or quote is a part of the record, too.
            if all(end < at - 2 or begin > at + len(record) + 2 for begin, end in touched):
                found.add(pmid)
            at += len(record)
        return frozenset(found)


def row(pmid: int) -> dict:
    return {"pmid": pmid, "title": f"Größe of gene {pmid}", "abstract": f'Gene "A{pmid}" binds, <i>p</i> & b.', "year": 2020, "journal": "J"}  # fmt: skip


def _each(template: Callable[[int], str], between: str = "") -> tuple[bytes, ...]:
    texts = [template(pmid) + (between if pmid != PMIDS[-1] else "") for pmid in PMIDS]
    return tuple(text.encode() for text in texts)


def _bioc(pmid: int) -> dict:
    r = row(pmid)
    mention = {
        "infons": {"type": "Gene", "identifier": "1"},
        "locations": [{"offset": 0, "length": 5}],
        "text": "Größe",
    }
    passages = [
        {"offset": 0, "text": r["title"], "annotations": [mention]},
        {"offset": len(r["title"]) + 1, "text": r["abstract"]},
    ]
    return {"id": str(pmid), "infons": {}, "passages": passages, "relations": []}


def _bioc_xml(pmid: int) -> str:
    passages = "".join(f"<passage><offset>{p['offset']}</offset><text>{_escaped(p['text'])}</text></passage>" for p in _bioc(pmid)["passages"])  # fmt: skip
    return f"<document><id>{pmid}</id>{passages}</document>\n"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _csv(pmid: int, delimiter: str = ",") -> str:
    return delimiter.join(f'"{str(cell).replace(chr(34), chr(34) * 2)}"' for cell in row(pmid).values()) + "\n"


def _tagged(pattern: str) -> Callable[[int], str]:
    return lambda pmid: pattern.format(pmid=pmid, **{k: v for k, v in row(pmid).items() if k != "pmid"})


PLAIN = {
    "pubmed.xml": Whole(b"<?xml version='1.0'?>\n<PubmedArticleSet>\n", _each(lambda n: citation(n, _escaped(row(n)["abstract"])) + "\n"), b"</PubmedArticleSet>\n"),
    "bioc.xml": Whole(b"<collection><source>S</source>\n", _each(_bioc_xml), b"</collection>\n"),
    "bioc.json": Whole(b'{"source": "S", "documents": [', _each(lambda n: json.dumps(_bioc(n)), ", "), b"]}"),
    "bioc.lines.json": Whole(b"", _each(lambda n: json.dumps({"PubTator3": [_bioc(n)]}) + "\n")),
    "x.PubTator": Whole(b"", _each(_tagged("{pmid}|t|{title}\n{pmid}|a|{abstract}\n{pmid}\t0\t5\tGröße\tGene\t1\n\n"))),
    "rows.jsonl": Whole(b"", _each(lambda n: json.dumps(row(n)) + "\n")),
    "array.json": Whole(b"[", _each(lambda n: json.dumps(row(n)), ",\n"), b"]"),
    "pretty.json": Whole(b"[\n", _each(lambda n: json.dumps(row(n), indent=2), ",\n"), b"\n]\n"),
    "rows.csv": Whole(b"pmid,title,abstract,year,journal\n", _each(_csv)),
    "abstracts.tsv": Whole(b"abstract_id\ttitle\tabstract\n", _each(lambda n: "\t".join(_csv(n, "\t").split("\t")[:3]) + "\n")),
    "x.nbib": Whole(b"\n", _each(_tagged("PMID- {pmid}\nOWN - NLM\nTI  - {title}\nAB  - {abstract}\n\n"))),
    "x.ris": Whole(b"", _each(_tagged("TY  - JOUR\nTI  - {title}\nAB  - {abstract}\nDB  - PubMed\nAN  - {pmid}\nER  - \n\n"))),
}  # fmt: skip


def as_parquet(table: pa.Table) -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out, row_group_size=4)
    return out.getvalue()


def _tar() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for pmid in PMIDS:
            info, data = tarfile.TarInfo(f"{pmid}.jsonl"), json.dumps(row(pmid)).encode()
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def _zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for pmid in PMIDS:
            archive.writestr(zipfile.ZipInfo(f"{pmid}.jsonl"), json.dumps(row(pmid)))
    return out.getvalue()


ROWS = pa.Table.from_pylist([row(pmid) for pmid in PMIDS])
PACKED = {
    "rows.parquet": as_parquet(ROWS),
    "x.tar": _tar(),
    "x.tar.gz": gzip.compress(_tar(), mtime=0),
    "x.zip": _zip(),
    "rows.jsonl.gz": gzip.compress(PLAIN["rows.jsonl"].data, mtime=0),
}
