"""Relation corpora in formats of their own: events to signs, curated labels to pairs."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zipfile
from pathlib import Path

import pytest

from litcoin_batch.schema import ConfigError, ContractError
from training.data.corpora import read_corpora
from training.data.curated_relations import read_bc6pm, read_biorelex, read_chemdisgene, read_comagc
from training.data.event_relations import parse_standoff, read_event_archives

TEXT = "Title of it\n\nA blocks the breakdown of B. C did not induce D. A may raise C. B binds D.\n"


def placed(key: str, type: str, word: str, after: int = 0) -> str:
    at = TEXT.index(word, after)
    return f"{key}\t{type} {at} {at + len(word)}\t{word}\n"


A1 = placed("T1", "Gene", "A", 12) + placed("T2", "Gene", "B") + placed("T3", "Gene", "C") + placed("T4", "Gene", "D")
A2 = (
    placed("T9", "Negative_regulation", "blocks") + placed("T10", "Breakdown", "breakdown")
    + placed("T11", "Positive_regulation", "induce") + placed("T12", "Positive_regulation", "raise") + placed("T13", "Binding", "binds")
    + "E1\tBreakdown:T10 Theme:T2\nE2\tNegative_regulation:T9 Cause:T1 Theme:E1\nE3\tPositive_regulation:T11 Cause:T3 Theme:T4\n"
    + "E4\tPositive_regulation:T12 Cause:T1 Theme:T3\nE5\tBinding:T13 Theme:T2 Theme2:T4\nM1\tNegation E3\nM2\tSpeculation E4\n"
)  # fmt: skip


def said(document) -> dict[str, tuple[str, str | None]]:
    return {"".join(i.split(":")[1] for i in r.pair): (r.type, r.subject) for r in document.gold.relations}


def test_events_hand_their_sign_on_and_modifications_deny_or_doubt():
    document = parse_standoff(TEXT, A1, A2, "x.a2")
    assert (
        all(document.text[m.start : m.end] == m.text for m in document.gold.mentions)
        and len(document.gold.mentions) == 4
    )
    assert said(document) == {
        "ab": ("Positive", "Gene:a"), "cd": ("Denied", "Gene:c"), "ac": ("Unclear", "Gene:a"), "bd": ("Binding", "Gene:b"),
    }  # fmt: skip


def test_a_pair_that_is_denied_here_and_affirmed_there_is_unclear():
    again = A2 + placed("T14", "Positive_regulation", "raise") + "E6\tPositive_regulation:T14 Cause:T3 Theme:T4\n"
    assert said(parse_standoff(TEXT, A1, again, "x.a2"))["cd"][0] == "Unclear"


def test_archives_are_read_by_their_pmids_and_strange_ones_refused(tmp_path):
    path = tmp_path / "cg.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for suffix, text in (("txt", TEXT), ("a1", A1), ("a2", A2)):
            info = tarfile.TarInfo(f"d/train/PMID-1234567.{suffix}")
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
    assert [d.pmid for d in read_event_archives([path])] == [1234567]
    with pytest.raises(ContractError, match="Theme without"):
        parse_standoff(TEXT, "T1\tTheme without\n", A2, "x.a2")


def test_chemdisgene_keeps_the_sign_of_a_chemical_upon_a_gene(tmp_path):
    row = {
        "docid": "5", "title": "x and G.", "abstract": "",
        "entity": [{"start": 0, "end": 1, "type": "Chemical", "mention": "x", "id": "MESH:C1"}, {"start": 6, "end": 7, "type": "Gene", "mention": "G", "id": "9"}],
        "relation": [{"type": f"chem_gene:{kind}", "subj": "MESH:C1", "obj": "9"} for kind in ("affects^binding", "decreases^activity")],
    }  # fmt: skip
    path = tmp_path / "c.json.gz"
    path.write_bytes(gzip.compress(json.dumps([row]).encode()))
    (document,) = read_chemdisgene([path])
    assert [(r.pair, r.type, r.subject) for r in document.gold.relations] == [
        (("9", "MESH:C1"), "decreases", "MESH:C1")
    ]
    row["relation"][0]["type"] = "chem_gene:increases^expression"
    path.write_bytes(gzip.compress(json.dumps([row]).encode()))
    assert read_chemdisgene([path])[0].gold.relations[0].type == "mixed"


def test_the_other_readers(tmp_path):
    passage = {"text": "G1 binds G2.", "offset": 0, "infons": {"type": "title"}, "annotations": [
        {"text": g, "infons": {"identifier": g}, "locations": [{"offset": at, "length": 2}]} for g, at in (("G1", 0), ("G2", 9))
    ]}  # fmt: skip
    document = {
        "id": "3",
        "passages": [passage],
        "relations": [{"infons": {"Gene1": "G2", "Gene2": "G1", "relation": "PPIm"}}],
    }
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        archive.writestr("PMtask_Relations_TestSet.json", json.dumps({"documents": [document]}))
    assert [r.pair for r in read_bc6pm([tmp_path / "p.zip"])[0].gold.relations] == [("G1", "G2")]

    entities = [
        {"label": "protein", "names": {n: {"is_mentioned": True, "mentions": [[at, at + 1]]}}}
        for n, at in (("P", 0), ("Q", 15))
    ]
    row = {"text": "P does not bind Q.", "entities": entities, "interactions": [{"participants": [0, 1], "label": -1}]}
    entities[1]["names"]["Q"]["mentions"] = [[16, 17]]
    (tmp_path / "b.json").write_text(json.dumps([row]))
    assert [r.type for r in read_biorelex([tmp_path / "b.json"])[0].gold.relations] == ["denied"]

    unit = '<c><annotation_unit><sentence pmid="8.s1">G up in K.</sentence><gene range="0-0">G</gene><cancer_term range="8-8">K</cancer_term><annotation><CGE value="increased"/><CCS value="normalTOcancer"/></annotation></annotation_unit></c>'
    (tmp_path / "m.xml").write_text(unit)
    (found,) = read_comagc([tmp_path / "m.xml"])
    assert (found.pmid, [r.type for r in found.gold.relations]) == (8, ["increased normalTOcancer"])


def test_an_unknown_reader_is_refused(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("- {name: x, reader: telepathy, files: [], complete: [], labels: {}, parts_per_epoch: 1}")
    with pytest.raises(ConfigError, match="telepathy.*bionlp13_events"):
        read_corpora(path, tmp_path, frozenset())


@pytest.mark.parametrize("name", ["auxiliary_relations", "auxiliary_unstated"])
def test_the_shipped_configurations_name_only_labels_that_occur(name, shared_data):
    path = Path(__file__).parents[3] / "conf" / f"{name}.yaml"
    for corpus in read_corpora(path, shared_data / "aux", frozenset()):
        found = {r.type for d in corpus.documents for r in d.gold.relations}
        assert found & set(corpus.relations.names), corpus.name
