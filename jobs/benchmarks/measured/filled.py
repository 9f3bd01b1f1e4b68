"""A warehouse of many documents written straight into its tables, as a baseline of the model that computes nothing leaves them.

A baseline of a million documents takes hours on a shared machine; the nights after it do not ask who wrote what is there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.corpus import CITATIONS_PER_FILE, FIRST_PMID, Corpus
from litcoin_batch.warehouse.tables.commits import TableWriter
from litcoin_batch.warehouse.tables.declared import PAIRS, TABLES
from litcoin_batch.warehouse.tables.log import ANNOTATE, EMPTY
from litcoin_batch.warehouse.tables.places import VIEWS_FOLDER
from litcoin_batch.warehouse.tables.schemas import SCHEMAS, arrow_schema
from litcoin_batch.warehouse.tables.views import scripts

RUN_ID = "filled"
# So that files have about the size that a run gives them.
_DOCUMENTS_PER_FILE = 200_000
_N_MENTIONS, _N_RELATIONS = 12, 6

_PAIRS = """
SELECT entity_1_id, min(entity_1_type) AS entity_1_type, min(entity_1_text) AS entity_1_text, entity_2_id, min(entity_2_type) AS entity_2_type,
  min(entity_2_text) AS entity_2_text, type, count(*) AS n_documents, 2025 AS first_year, 2025 AS last_year, 0.0 AS novel_share,
  1 - exp(sum(CAST(round(ln(1 - score) / 1e-9) AS BIGINT)) * 1e-9) AS score, max(score) AS best_score, min(pmid) AS best_pmid,
  arg_min(evidence[1].text, pmid) AS best_evidence, min(model_id) AS model_id, NULL AS vocabulary_id, min(run_id) AS run_id
FROM read_parquet($files) GROUP BY entity_1_id, entity_2_id, type ORDER BY entity_1_id, entity_2_id, type"""


def fill(warehouse: Path, corpus: Corpus, n_documents: int, n_concepts: int, model_id: str, year: int) -> None:
    """One run that has read ``n_documents`` of the corpus, each text made its own by its PMID."""
    log = TableWriter(str(warehouse))
    log.create()
    paths: dict[str, list[str]] = {table: [] for table in TABLES}
    for number, start in enumerate(range(0, n_documents, _DOCUMENTS_PER_FILE)):
        pmids = np.arange(start, min(start + _DOCUMENTS_PER_FILE, n_documents)) + FIRST_PMID
        for table, rows in _tables(pmids, corpus, n_concepts, model_id, year):
            paths[table].append(_write(warehouse, table, number, rows))
    with duckdb.connect() as connection:
        files = [str(warehouse / "relations" / path) for path in paths["relations"]]
        pairs = connection.sql(_PAIRS, params={"files": files}).to_arrow_table().select(list(PAIRS))
    paths["pairs"].append(_write(warehouse, "pairs", 0, pairs.cast(arrow_schema(SCHEMAS["pairs"]))))
    versions = {table: log.add(table, paths[table]) for table in TABLES if table != "runs"}
    row = {"run_id": RUN_ID, "run_number": 1, "work": ANNOTATE, "model_id": model_id, "baseline": year}
    # The quality gates of later nights look at these.
    counts = {f"n_{table}": _n_rows(warehouse, table, paths[table]) for table in ("mentions", "relations")}
    counts |= {"n_records": n_documents, "n_annotated": n_documents}
    state = log.commit(EMPTY, [{**row, **counts, "tables": versions}])
    (warehouse / VIEWS_FOLDER).mkdir()
    for engine, script in scripts(log, state).items():
        (warehouse / VIEWS_FOLDER / f"{engine}.sql").write_text(script)


def _n_rows(warehouse: Path, table: str, paths: list[str]) -> int:
    return sum(pq.read_metadata(warehouse / table / path).num_rows for path in paths)


def _write(warehouse: Path, table: str, number: int, rows: pa.Table) -> str:
    path = Path(f"{RUN_ID}-0", f"part-{number:05d}.parquet")
    (warehouse / table / path).parent.mkdir(parents=True, exist_ok=True)
    # As Spark does: one group of rows.
    pq.write_table(rows, warehouse / table / path, compression="zstd", row_group_size=len(rows) + 1)
    return str(path)


def _tables(
    pmids: np.ndarray, corpus: Corpus, n_concepts: int, model_id: str, year: int
) -> Iterator[tuple[str, pa.Table]]:
    texts = [corpus.texts[pmid % len(corpus.texts)] for pmid in pmids]
    shas = [
        hashlib.sha256(f"{title} {pmid} {abstract}".encode()).hexdigest()
        for pmid, (title, abstract) in zip(pmids, texts, strict=True)
    ]
    yield "documents", _documents(pmids, texts, shas, year)
    made = {"model_id": model_id, "vocabulary_id": None, "run_id": RUN_ID}
    mentions, relations = _found(pmids, n_concepts)
    of = {"mentions": np.repeat(pmids, _N_MENTIONS), "relations": relations.pop("pmid")}
    flat = {"mentions": mentions, "relations": relations}
    for table in flat:
        yield table, _conformed(table, {"pmid": of[table], **flat[table], **made})
    nested = {table: _nested(table, of[table], pmids, flat[table]) for table in flat}
    yield "annotations", _conformed("annotations", {"pmid": pmids, "text_sha256": shas, **nested, **made})


def _documents(pmids: np.ndarray, texts: list, shas: list[str], year: int) -> pa.Table:
    files = (pmids - FIRST_PMID) // CITATIONS_PER_FILE + 1
    columns = {
        "pmid": pmids,
        "version": 1,
        "title": [f"{title} {pmid}" for pmid, (title, _) in zip(pmids, texts, strict=True)],
        "abstract": [abstract for _, abstract in texts],
        "year": 2025,
        "journal": "Journal of Measurements",
        "revised": None,
        "source": [f"pubmed{year}n{file:04d}.xml.gz" for file in files],
        "source_order": year * 1_000_000 + files,
        "deleted": False,
        "text_sha256": shas,
        "record": (pmids - FIRST_PMID) % CITATIONS_PER_FILE + 1,
        "fate": "annotated",
        "run_number": 1,
        "is_current": True,
        "run_id": RUN_ID,
    }
    return _conformed("documents", columns)


def _found(pmids: np.ndarray, n_concepts: int) -> tuple[dict, dict]:
    """Columns of mentions, so many for each document, and of relations, between neighbours among its first concepts."""
    rng = np.random.default_rng(int(pmids[0]))
    # Concepts by the order of their ids as texts.
    names = np.sort(np.array([f"FREE:{n}" for n in range(1, n_concepts)]))
    place = np.argsort(np.argsort(np.array([f"FREE:{n}" for n in range(1, n_concepts)])))
    numbers = (n_concepts ** rng.random((len(pmids), _N_MENTIONS))).astype(np.int64)
    ids, places = pa.array(names), place[numbers - 1]
    start = np.tile(np.arange(_N_MENTIONS) * 9, len(pmids))
    kind = "GeneOrGeneProduct"
    one_each = np.arange(places.size + 1, dtype=np.int32)
    mentions = {
        "start": start,
        "end": start + 7,
        "type": kind,
        "text": "protein",
        "entity_ids": pa.ListArray.from_arrays(pa.array(one_each), ids.take(pa.array(places.ravel()))),
        "resolved": True,
        "score": 0.9,
        "id_score": 1.0,
    }
    ordered = np.sort(places, axis=1)[:, : _N_RELATIONS + 1]
    first, second = ordered[:, :-1].ravel(), ordered[:, 1:].ravel()
    differ = first != second
    relations = {
        "pmid": np.repeat(pmids, _N_RELATIONS)[differ],
        "entity_1_id": ids.take(pa.array(first[differ])),
        "entity_1_type": kind,
        "entity_1_text": "protein",
        "entity_2_id": ids.take(pa.array(second[differ])),
        "entity_2_type": kind,
        "entity_2_text": "protein",
        "type": "Association",
        "score": 0.8,
        "novel": False,
        "novel_score": 0.6,
        "subject": None,
        "evidence": _sentences(rng, int(differ.sum())),
    }
    return mentions, relations


def _sentences(rng: np.random.Generator, n: int) -> pa.Array:
    """One for each relation; they differ as real ones do, so that they take room."""
    words = pa.array([f"word{number}" for number in range(3_000)])
    picked = [words.take(pa.array(rng.integers(0, len(words), n))) for _ in range(12)]
    text = pc.binary_join_element_wise(*picked, " ")
    zero = pa.repeat(pa.scalar(0, pa.int32()), n)
    structs = pa.StructArray.from_arrays([zero, pc.utf8_length(text), text], ["start", "end", "text"])
    return pa.ListArray.from_arrays(pa.array(np.arange(n + 1, dtype=np.int32)), structs)


def _conformed(table: str, columns: Mapping[str, object]) -> pa.Table:
    """Single values repeated; the declared columns in their order."""
    schema = arrow_schema(SCHEMAS[table])
    n_rows = len(columns["pmid"])  # type: ignore[arg-type]
    return pa.table({field.name: _array(columns[field.name], field.type, n_rows) for field in schema}, schema=schema)


def _array(values: object, kind: pa.DataType, n_rows: int) -> pa.Array:
    if isinstance(values, pa.Array):
        return values.cast(kind)
    if isinstance(values, np.ndarray | list):
        return pa.array(values).cast(kind)
    return pa.nulls(n_rows, kind) if values is None else pa.repeat(pa.scalar(values, kind), n_rows)


def _nested(table: str, of: np.ndarray, pmids: np.ndarray, flat: Mapping[str, object]) -> pa.Array:
    """The rows of each document as a list of structs."""
    kind = arrow_schema(SCHEMAS["annotations"]).field(table).type
    fields = [kind.value_type.field(i) for i in range(kind.value_type.num_fields)]
    arrays = [_array(flat[field.name], field.type, len(of)) for field in fields]
    offsets = pa.array(np.searchsorted(of, [*pmids, pmids[-1] + 1]).astype(np.int32))
    return pa.ListArray.from_arrays(offsets, pa.StructArray.from_arrays(arrays, fields=fields)).cast(kind)
