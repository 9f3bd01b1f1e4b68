"""What pandas, web services and databases write: the same citation in every one of their ways."""

from __future__ import annotations

import io
import json
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from litcoin_batch.readers import read_stream
from litcoin_batch.schema import Document, Reject

TITLE, ABSTRACT = "Metformin in mice", "Metformin lowers glucose. It is old."
ROW = {"pmid": 12345, "title": TITLE, "abstract": ABSTRACT, "year": 2020, "journal": "J Inv"}
OTHER = {"pmid": 12346, "title": "B", "abstract": None, "year": None, "journal": None}


def read(data: bytes | str, format: str = "auto") -> list[Document | Reject]:
    return list(read_stream(io.BytesIO(data.encode() if isinstance(data, str) else data), "x", format))


def parquet(**columns) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


SPLIT = {"columns": list(ROW), "index": [0, 1], "data": [list(ROW.values()), list(OTHER.values())]}
LAYOUTS = {
    "lines": json.dumps(ROW) + "\n" + json.dumps(OTHER) + "\n",
    "array": json.dumps([ROW, OTHER]),
    "pretty array": json.dumps([ROW, OTHER], indent=2),
    "pretty, one behind the other": json.dumps(ROW, indent=1) + "\n" + json.dumps(OTHER, indent=1),
    "without any space between": json.dumps(ROW) + json.dumps(OTHER),
    "arrays one behind the other": json.dumps([ROW]) + "\n" + json.dumps([OTHER]),
    "an answer": json.dumps({"version": "6.9", "hitCount": 2, "resultList": {"result": [ROW, OTHER]}}),
    "another": json.dumps({"meta": {"count": 2}, "results": [ROW, OTHER]}, indent=1),
    "answers, one on each line": json.dumps({"total": 2, "data": [ROW]}) + "\n" + json.dumps({"data": [OTHER]}),
    "text sequence": f"\x1e{json.dumps(ROW)}\n\x1e{json.dumps(OTHER)}\n",
    "pandas split": json.dumps(SPLIT),
    "pandas columns": json.dumps({name: {"0": ROW[name], "1": OTHER[name]} for name in ROW}),
    "pandas index": json.dumps({"0": ROW, "1": OTHER}),
    "pandas table": json.dumps({"schema": {"fields": []}, "data": [ROW, OTHER]}),
}


@pytest.mark.parametrize("text", LAYOUTS.values(), ids=LAYOUTS)
def test_json_says_the_same_in_every_layout(text):
    assert read(text) == [
        Document(12345, TITLE, ABSTRACT, "x", 1, year=2020, journal="J Inv"),
        Document(12346, "B", None, "x", 2),
    ]


def inverted(text: str) -> dict[str, list[int]]:
    places: dict[str, list[int]] = {}
    for place, word in enumerate(text.split()):
        places.setdefault(word, []).append(place)
    return places


EXPORTS = {
    "Europe PMC": {"id": "12345", "source": "MED", "pmid": "12345", "title": TITLE, "abstractText": ABSTRACT,
                   "pubYear": "2020", "journalInfo": {"volume": "1", "journal": {"title": "J Inv", "issn": "1"}}},
    "Semantic Scholar": {"paperId": "ab", "externalIds": {"DOI": "10.1/x", "PubMed": "12345"}, "title": TITLE,
                         "abstract": ABSTRACT, "year": 2020, "journal": {"name": "J Inv", "pages": "1-2"}},
    "OpenAlex": {"id": "https://openalex.org/W1", "ids": {"pmid": "https://pubmed.ncbi.nlm.nih.gov/12345"},
                 "display_name": TITLE, "abstract_inverted_index": inverted(ABSTRACT), "publication_year": 2020,
                 "primary_location": {"source": {"display_name": "J Inv"}}},
    "BioASQ": {"pmid": "12345", "title": TITLE, "abstractText": ABSTRACT, "year": "2020", "journal": "J Inv"},
    "flattened by pandas": {"externalIds.PubMed": 12345.0, "title": TITLE, "abstract": ABSTRACT, "year": 2020.0,
                            "journal.name": "no field of ours", "journalTitle": "J Inv"},
}  # fmt: skip


@pytest.mark.parametrize("row", EXPORTS.values(), ids=EXPORTS)
def test_exports_are_read_by_their_own_keys(row):
    for text in (json.dumps(row), json.dumps([row], indent=1)):
        (document,) = read(text)
        assert document == Document(12345, TITLE, ABSTRACT, "x", 1, year=2020, journal="J Inv")


NBIB = f"""
PMID- 12345
OWN - NLM
LR  - 20240102
DP  - 2020 Oct-Dec
TI  - Metformin in
      mice
AB  - {ABSTRACT[:16]}
      {ABSTRACT[17:]}
JT  - J Inv

PMID- 12346
TI  - B
"""
RIS = f"""TY  - JOUR
AU  - Doe, J
TI  - {TITLE}
AB  - {ABSTRACT}
PY  - 2020/10//
JO  - J Inv
%s
ER  -\x20

"""


def test_medline_is_read_with_its_folded_lines():
    one, other = read(NBIB)
    assert one == Document(12345, TITLE, ABSTRACT, "x", 1, year=2020, journal="J Inv", revised=date(2024, 1, 2))
    assert other == Document(12346, "B", None, "x", 2)


@pytest.mark.parametrize(
    "where",
    [
        "DB  - PubMed\nAN  - 12345",
        "AN  - PMID: 12345",
        "UR  - https://pubmed.ncbi.nlm.nih.gov/12345/",
        "N1  - PMID: 12345",
    ],
)
def test_ris_is_read_where_it_says_its_pmid(where):
    assert read(RIS % where) == [Document(12345, TITLE, ABSTRACT, "x", 1, year=2020, journal="J Inv")]


@pytest.mark.parametrize(
    "where", ["AN  - 12345", "DB  - Embase\nAN  - 12345", "N1  - PMID: 1\nN1  - PMID: 2", "DO  - 10.1/12345"]
)
def test_ris_without_a_certain_pmid_is_rejected(where):
    (reject,) = read(RIS % where)
    assert isinstance(reject, Reject) and "record without PMID" in reject.reason and "TI" in reject.reason


CSV_EXPORTS = {
    "PubMed": 'PMID,Title,Authors,Citation,First Author,Journal/Book,Publication Year,Create Date,PMCID,NIHMS ID,DOI\n'
    f'12345,{TITLE},"Doe J","J Inv. 2020","Doe J",J Inv,2020,2020/10/01,,,\n',
    "Europe PMC": "SOURCE,EXT_ID,PMCID,TITLE,JOURNAL,PUBLICATION_YEAR\n" + f"MED,12345,,{TITLE},J Inv,2020\n",
    "Scopus": f"Authors,Title,Year,Source title,Abstract,PubMed ID\nDoe J,{TITLE},2020,J Inv,{ABSTRACT},12345\n",
    "Web of Science": f"Article Title\tSource Title\tAbstract\tPublication Year\tPubmed Id\n{TITLE}\tJ Inv\t{ABSTRACT}\t2020\t12345\n",
    "a German Excel": f"PMID;Title;Abstract;Year;Journal\n12345;{TITLE};{ABSTRACT};2020;J Inv\n",
    "pandas with its index": f",pmid,title,abstract,year,journal\n0,12345.0,{TITLE},{ABSTRACT},2020.0,J Inv\n",
}  # fmt: skip


@pytest.mark.parametrize(("name", "text"), CSV_EXPORTS.items(), ids=CSV_EXPORTS)
def test_exports_as_csv(name, text):
    abstract = None if name in ("PubMed", "Europe PMC") else ABSTRACT
    assert read(text) == [Document(12345, TITLE, abstract, "x", 1, year=2020, journal="J Inv")]


def test_europe_pmc_has_ids_that_are_no_pmids():
    document, reject = read("SOURCE,EXT_ID,TITLE,ABSTRACT\nMED,5,a,b\nPPR,6,c,d\n")
    assert document.pmid == 5
    assert isinstance(reject, Reject) and reject.reason == "record without PMID"


@pytest.mark.parametrize("nothing", ["", "NaN", "nan", "None", "<NA>", "NULL", "NaT"])
def test_what_pandas_writes_for_nothing_is_nothing(nothing):
    (document,) = read(
        f"pmid,title,abstract,year,journal,revised,version\n7.0,A,{nothing},{nothing},{nothing},{nothing},{nothing}\n"
    )
    assert document == Document(7, "A", None, "x", 1)
    (reject,) = read(f"pmid,title,abstract\n{nothing},A,b\n")
    assert reject.reason == "record without PMID"


def test_nan_in_json_is_nothing():
    assert read('{"pmid": 7.0, "title": "A", "abstract": NaN, "year": NaN}') == [Document(7, "A", None, "x", 1)]


ODD = {
    "journal": ({"name": "J Inv", "pages": "1"}, "J Inv"), "year": ("2015 Oct-Dec", 2015), "revised": ("2015/03/01", date(2015, 3, 1)),
}  # fmt: skip


@pytest.mark.parametrize(("field", "value", "expected"), [(k, *v) for k, v in ODD.items()])
def test_optional_values_of_another_shape_are_understood(field, value, expected):
    (document,) = read(json.dumps({"pmid": 7, "title": "A", "abstract": "b", field: value}))
    assert getattr(document, field) == expected and document.notes == ()


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [("year", "n.d.", None), ("year", [2020], None), ("year", True, None), ("version", "v2", 1), ("version", 0, 1),
     ("journal", ["J"], None), ("journal", "a\x00b", None), ("revised", "soon", None), ("revised", "2020-13-01", None)],
)  # fmt: skip
def test_optional_values_that_nobody_understands_cost_no_record(field, value, expected):
    (document,) = read(json.dumps({"pmid": 7, "title": "A", "abstract": "b", field: value}))
    assert getattr(document, field) == expected
    assert document.notes == (f"{field} not understood, left empty",)


@pytest.mark.parametrize(
    "written",
    [
        "7",
        7,
        7.0,
        "7.0",
        "PMID:7",
        "pmid 7",
        "https://pubmed.ncbi.nlm.nih.gov/7",
        "https://www.ncbi.nlm.nih.gov/pubmed/7/",
        "MED:7",
    ],
)
def test_pmids_as_they_are_written(written):
    (document,) = read(json.dumps({"pmid": written, "title": "A", "abstract": "b"}))
    assert document.pmid == 7


@pytest.mark.parametrize("written", ["7.5", "7,0", "PMC7", "doi:7", "7 8", "-7", "0", True, [7]])
def test_what_is_no_pmid_is_none(written):
    (reject,) = read(json.dumps({"pmid": written, "title": "A", "abstract": "b"}))
    assert isinstance(reject, Reject) and str(written) in reject.reason


@pytest.mark.parametrize(
    "column",
    [pa.array([7], pa.int32()), pa.array([7], pa.uint64()), pa.array([7.0]), pa.array(["7"]), pa.array(["7"]).dictionary_encode(), pa.array([b"7"]),
     pa.array([Decimal("7")], pa.decimal128(20, 0)), pa.array([Decimal("7.00")], pa.decimal128(20, 2))],
    ids=str,
)  # fmt: skip
def test_parquet_pmids_of_any_type(column):
    assert read(parquet(pmid=column, title=["A"], abstract=["b"])) == [Document(7, "A", "b", "x", 1)]


def test_parquet_of_bytes_and_of_values_that_python_cannot_hold():
    far = pa.array([2**62, 2**62, 0], pa.timestamp("us"))
    whole, broken, late = read(parquet(pmid=[7, 8, 9], title=[b"A", b"\xff", b"C"], abstract=["b"] * 3, revised=far))
    assert whole == Document(7, "A", "b", "x", 1, notes=("revised not understood, left empty",))
    assert isinstance(broken, Reject) and broken.reason.endswith(
        "; title: invalid UTF-8: byte 0xFF; revised: date value out of range"
    )
    assert (late.title, late.revised, late.notes) == ("C", date(1970, 1, 1), ())


def test_lists_of_rows_may_stand_among_lines_of_rows():
    lines = [json.dumps({**ROW, "pmid": 1}), json.dumps([{**ROW, "pmid": n} for n in (2, 3)]), "[]"]
    *documents, reject = read("\n".join(lines))
    assert [(d.pmid, d.record) for d in documents] == [(1, 1), (2, 2), (3, 3)]
    assert reject.reason == "a JSON list, expected an object"


def test_an_object_is_no_abstract_unless_it_places_words():
    (reject,) = read(json.dumps({**ROW, "abstract": {"p": "text"}}))
    assert "no index of words to places" in reject.reason


def test_parquet_of_semantic_scholar_has_its_pmid_in_a_struct():
    data = parquet(externalids=[{"PubMed": "7", "DOI": "x"}], title=["A"], abstract=["b"], year=[2020.0])
    assert read(data) == [Document(7, "A", "b", "x", 1, year=2020)]


def test_a_broken_row_of_a_list_costs_itself_only():
    rows = [{**ROW, "pmid": n} for n in range(1, 8)]
    for indent in (None, 1):
        text = json.dumps(rows, indent=indent)
        broken = text.replace('"pmid": 3', '"pmid" 3', 1).replace('"pmid": 6', '"pmid": 6,,', 1)
        items = read(broken)
        assert [item.pmid if isinstance(item, Document) else None for item in items] == [1, 2, None, 4, 5, None, 7]
        assert [item.record for item in items] == list(range(1, 8))


@pytest.mark.parametrize("cut", range(20, 560, 30))
def test_a_cut_list_keeps_what_is_complete_and_says_so(cut):
    text = json.dumps([{**ROW, "pmid": n} for n in range(1, 6)])
    *documents, reject = read(text[:cut])
    assert not any(isinstance(d, Reject) for d in documents)
    assert [d.pmid for d in documents] == list(range(1, text[:cut].count("}") + 1))
    assert isinstance(reject, Reject) and "cut" in reject.reason
