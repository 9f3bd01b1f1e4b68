import csv
import json

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from litcoin_batch.model.batching.batches import collate
from litcoin_batch.model.batching.entities import join_instances
from litcoin_batch.model.batching.pairs import build_pairs
from litcoin_batch.readers import read_gold
from litcoin_batch.schema import RELATION_TYPES, Annotation, Document
from tiny_models import documents
from toy_gold import gold_mentions
from training.data.examples import prepare
from training.data.piece_vocabulary import train_tokenizer
from training.studies.deck_protocol import ALL_TYPES, Rows, main, pairs_of_rows, split

SMALL = ("--set", "pair_width=16", "--set", "batch_pieces=512", "--set", "n_pieces=300", "--no-bf16", "--device", "cpu")


def litcoin(folder, n_documents=10, kind=lambda pmid, row, entity_id: "Association"):
    """A LitCoin folder of the toy texts: in each document the first entity is related to every other one."""
    folder.mkdir()
    tables = {"abstracts": [("abstract_id", "title", "abstract")], "entities": [], "relations": []}
    tables["entities"].append(("id", "abstract_id", "offset_start", "offset_finish", "type", "mention", "entity_ids"))
    tables["relations"].append(("id", "abstract_id", "type", "entity_1_id", "entity_2_id", "novel"))
    for pmid in range(100, 100 + n_documents):
        document = documents(2)[pmid % 2]
        mentions = gold_mentions(document)
        tables["abstracts"].append((pmid, document.title, document.abstract))
        tables["entities"] += [
            (i, pmid, m.start, m.end, m.type, m.text, m.entity_ids[0]) for i, m in enumerate(mentions)
        ]
        first, *others = dict.fromkeys(m.entity_ids[0] for m in mentions)
        tables["relations"] += [
            (i, pmid, kind(pmid, i, other), first, other, "Novel") for i, other in enumerate(others)
        ]
    for name, rows in tables.items():
        with (folder / f"{name}_train.csv").open("w", newline="") as stream:
            csv.writer(stream, delimiter="\t").writerows(rows)
    return folder


def run(folder, output, *more):
    result = CliRunner().invoke(
        main, ["--litcoin", str(folder), "--encoder", "lstm", "--output", str(output), *SMALL, *more]
    )
    assert result.exit_code == 0, result.output
    return json.loads(output.read_text())


def rows_of(n):
    rng = np.random.default_rng(n)
    return Rows(np.sort(rng.integers(0, 30, n)), rng.integers(0, 9, (n, 2)), rng.integers(0, 8, n))


@pytest.mark.parametrize("by", ["rows", "document"])
def test_splits_cover_and_do_not_meet(by):
    rows = rows_of(400)
    taught, held_out = split(rows, by, 1)
    assert sorted([*taught, *held_out]) == list(range(400))
    names = np.arange(400) if by == "rows" else rows.document
    assert not set(names[taught]) & set(names[held_out])
    assert len(set(names[held_out])) == round(0.2 * len(set(names)))
    assert all((a == b).all() for a, b in zip(split(rows, by, 1), (taught, held_out), strict=True))
    assert len(split(rows, by, 2)[1]) != len(held_out) or (split(rows, by, 2)[1] != held_out).any()


def test_rows_find_their_pairs():
    tokenizer = train_tokenizer([d.text for d in documents()], 300)
    gold = [
        Document(d.pmid, d.title, d.abstract, gold=Annotation(d.pmid, tuple(gold_mentions(d)))) for d in documents(2)
    ]
    examples = prepare(gold, tokenizer)
    n_entities = [len(e.entities.ids) for e in examples]
    rows = Rows(
        np.asarray([1, 0, 1, 5, 1, 0]), np.asarray([[0, 2], [1, 3], [0, 2], [0, 1], [1, 1], [-1, 2]]), np.arange(6)
    )
    batch = collate([e.pieces for e in examples], 0)
    pairs, place, chosen = pairs_of_rows(
        build_pairs(batch, join_instances([e.entities for e in examples]), ALL_TYPES, 3), n_entities, np.arange(2), rows
    )
    # Document 5 is not in the batch; nothing is related to itself or to what is not mentioned.
    assert chosen.tolist() == [0, 1, 2] and pairs.n_pairs == 2
    base = np.cumsum([0, *n_entities])
    for row, at in zip(chosen, place, strict=True):
        found = sorted((pairs.entity_1[at], pairs.entity_2[at]))
        assert found == (rows.ends[row] + base[rows.document[row]]).tolist()


def test_what_rows_teach_is_learnt(tmp_path):
    kinds = ("Association", "Positive_Correlation", "Bind", "Negative_Correlation")
    folder = litcoin(tmp_path / "data", kind=lambda pmid, row, _: kinds[row % 4])
    figures = run(
        folder,
        tmp_path / "out.json",
        "--set",
        "epochs=30",
        "--set",
        "dropout=0",
        "--set",
        "lr=0.01",
        "--set",
        "average=0.5",
    )
    # The same sentences recur in every document, so that held-out rows can be known.
    assert figures["accuracy"] == 1.0 > figures["accuracy_majority"]
    assert (
        figures["n_taught"] + figures["n_held_out"]
        == len((folder / "relations_train.csv").read_text().splitlines()) - 1
    )
    assert figures["n_pairs_seen_in_training"] == 0 == figures["n_unreachable"]
    assert sum(counts["total"] for counts in figures["per_type"].values()) == figures["n_held_out"]


def test_held_out_labels_change_nothing_but_the_count(tmp_path, monkeypatch):
    weights = []
    monkeypatch.setattr(
        "training.studies.deck_protocol.Trainer.predict",
        lambda self, examples, rows: weights.append(self.model.state_dict()) or np.zeros(len(rows), int),
    )
    gold = [
        (d.pmid, r.pair)
        for d in read_gold([litcoin(tmp_path / "probe") / "abstracts_train.csv"], "litcoin")
        for r in d.gold.relations
    ]
    rows = Rows(np.arange(len(gold)), np.zeros((len(gold), 2), int), np.zeros(len(gold), int))
    held_out = [gold[i] for i in split(rows, "rows", 1)[1]]
    changed = litcoin(
        tmp_path / "changed",
        kind=lambda pmid, _, one: "Bind" if any(pmid == p and one in pair for p, pair in held_out) else "Association",
    )
    first = run(tmp_path / "probe", tmp_path / "a.json", "--set", "epochs=1")
    second = run(changed, tmp_path / "b.json", "--set", "epochs=1")
    assert all(torch.equal(w, weights[1][name]) for name, w in weights[0].items())
    assert first["accuracy"] == 1.0 and second["accuracy"] == 0.0 and RELATION_TYPES[0] == "Association"


def test_a_missing_folder_is_named(tmp_path):
    arguments = ["--litcoin", str(tmp_path / "nowhere"), "--encoder", "lstm", "--output", str(tmp_path / "o.json")]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 1 and "nowhere" in result.output
