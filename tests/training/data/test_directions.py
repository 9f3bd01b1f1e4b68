import numpy as np
import pytest
import torch

from litcoin_batch.model.annotator import allowed_type_pairs
from litcoin_batch.readers import read_gold
from litcoin_batch.schema import ConfigError
from tiny_models import TYPE_PAIRS, tiny_model
from toy_gold import write_gold
from training.data.directions import directed, read_directions
from training.data.examples import DIRECTED_PAIRS, EVERY_PAIR, prepare, stack

HEADER = "pmid\tentity_1_id\tentity_2_id\tsubject_id\n"


def test_directions_follow_the_pair_in_either_order(tmp_path):
    (tmp_path / "d.tsv").write_text(HEADER + "100\tD001943\t672\t672\n100\t7157\tD001943\tD001943\n")
    (document,) = directed(read_gold([write_gold(tmp_path / "gold.txt", [100])]), read_directions([tmp_path / "d.tsv"]))
    subjects = {r.pair: r.subject for r in document.gold.relations}
    assert subjects == {("672", "D001943"): "672", ("7157", "D001943"): "D001943"}


@pytest.mark.parametrize(
    ("rows", "place"),
    [
        ("pmid\ta\tb\tc\n", "columns"),
        (HEADER + "1\ta\tb\tc\n", "line 2"),
        (HEADER + "1\ta\tb\ta\nx\ta\tb\ta\n", "line 3"),
    ],
)
def test_what_is_no_table_of_directions_is_refused_with_its_place(tmp_path, rows, place):
    (tmp_path / "d.tsv").write_text(rows)
    with pytest.raises(ConfigError, match=place):
        read_directions([tmp_path / "d.tsv"])


def test_subjects_are_learnt_by_the_order_of_the_pair(tmp_path):
    _, tokenizer, config = tiny_model("rnn", tmp_path)
    gold = read_gold([write_gold(tmp_path / "gold.txt", [100])])
    rows = "100\tD001943\t672\t672\n"
    (tmp_path / "d.tsv").write_text(HEADER + rows)
    documents = directed(gold, read_directions([tmp_path / "d.tsv"]))
    type_pairs = allowed_type_pairs(TYPE_PAIRS)
    examples = prepare(documents, tokenizer, relations=DIRECTED_PAIRS)
    batch = stack(examples, config.pad_id, type_pairs, 3)
    ids = examples[0].entities.ids
    found = {
        (ids[a], ids[b]): s
        for a, b, s in zip(batch.pairs.entity_1, batch.pairs.entity_2, batch.subject.tolist(), strict=True)
    }
    # Genes come before diseases; the second relation has no row and so nobody acts; all other pairs are unrelated.
    assert found[("672", "D001943")] == 1 and found[("7157", "D001943")] == 0
    assert sorted(found.values())[-2:] == [0, 1] and min(found.values()) == -1
    turned = stack(
        prepare(directed(gold, {(100, ("672", "D001943")): "D001943"}), tokenizer, relations=DIRECTED_PAIRS),
        config.pad_id,
        type_pairs,
        3,
    )
    assert np.flatnonzero(turned.subject.numpy() == 2).tolist() == np.flatnonzero(batch.subject.numpy() == 1).tolist()
    silent = stack(prepare(documents, tokenizer, relations=EVERY_PAIR), config.pad_id, type_pairs, 3)
    assert torch.equal(silent.subject, torch.full_like(silent.subject, -1))
