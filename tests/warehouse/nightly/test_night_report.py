"""The report of a night: its numbers by hand, and the page that shows them."""

from __future__ import annotations

import json

import pytest

from citations import citation, write_file
from html_page import Reader
from litcoin_batch.reports.night import night_page
from litcoin_batch.warehouse.nightly import night_report
from litcoin_batch.warehouse.nightly.runs import Run
from warehouses import annotate


@pytest.fixture(scope="module")
def night(spark, tmp_path_factory):
    folder = tmp_path_factory.mktemp("night")
    source = write_file(
        folder,
        "pubmed26n0001.xml",
        citation(1, "aspirin and gene"),
        citation(2, "poison <b>&"),
        citation("x", "no"),
        citation(3, None),
        delete=(9,),
    )
    record = annotate(spark, folder / "w", source, run_id="night-1")
    with Run(spark, str(folder / "w")) as run:
        facts = night_report.describe(run.stored, record)
        night_report.keep(run.storage, "night-1", facts, night_page(facts))
    return folder / "w", facts


def test_the_numbers_are_those_of_the_tables(night):
    warehouse, facts = night
    run = facts["run"]
    assert (run["n_records"], run["n_annotated"], run["n_without_text"], run["n_deleted"], run["n_rejected"]) == (
        5,
        1,
        1,
        1,
        2,
    )
    # "aspirin", "and" and "gene" of the fake model: scores of n / (n + 1) for n letters.
    assert facts["mentions"]["by_type"] == {"ChemicalEntity": 2, "GeneOrGeneProduct": 1}
    assert facts["mentions"]["by_score"] == [0] * 15 + [1, 1, 1, 0, 0]
    assert facts["mentions"]["mean_score"] == pytest.approx((7 / 8 + 3 / 4 + 4 / 5) / 3)
    assert facts["relations"]["by_type"] == {"Bind": 2}
    assert {r["kind"].split(":")[0]: r["n"] for r in facts["rejects"]} == {
        "RuntimeError": 1,
        "PMID 'x' is not a positive whole number below N**N": 1,
    }
    assert [f["status"] for f in facts["files"]] == ["new"] and facts["drift"] == {"mentions": None, "relations": None}
    assert json.loads((warehouse / "reports" / "night-1.json").read_text()) == json.loads(json.dumps(facts))


def test_the_page_shows_them_and_escapes_what_came_in(night):
    warehouse, _facts = night
    markup = (warehouse / "reports" / "night-1.html").read_text()
    page = Reader(markup)
    assert ["deleted", "1", "20.0 %"] in page.tables["Records by fate"]
    assert "poison <b>&" in page.text and "<b>" not in markup
    assert page.tables["The last runs, newest first"][1][:4] == ["night-1", "5", "1", "2"]
    assert not [
        value for _, name, value in page.attributes if name in ("src", "href") and str(value).startswith("http")
    ]


def test_drift_is_the_distance_of_shares():
    def night_of(by_type, by_score):
        n = sum(by_type.values())
        return {"n": n, "by_type": by_type, "by_score": by_score, "mean_score": by_score[1] / n}

    earlier = [night_of({"Bind": 6, "Association": 2}, [4, 4]), night_of({"Bind": 2}, [0, 2])]
    found = night_report.drift(night_of({"Association": 4}, [1, 3]), earlier)
    # Bind 0 against 8 of 10, Association 1 against 2 of 10; scores 1/4 and 3/4 against 4/10 and 6/10.
    assert found == pytest.approx({"types": 0.8, "scores": 0.15, "mean_score": 0.75 - 0.6, "nights": 2})
    assert night_report.drift(night_of({"Bind": 1}, [0, 1]), []) is None
