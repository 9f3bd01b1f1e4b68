from click.testing import CliRunner

from litcoin_batch.readers import read_gold
from toy_gold import write_gold
from training.hold_out import main


def test_documents_are_on_one_side_each(tmp_path):
    gold = [write_gold(tmp_path / f"{first}.txt", range(first, first + 3)) for first in (100, 200)]
    (tmp_path / "pmids.txt").write_text("101\n202")
    options = ["--gold", gold[0], "--gold", gold[1], "--pmids", tmp_path / "pmids.txt", "--output", tmp_path / "out"]
    result = CliRunner().invoke(main, [*map(str, options)])
    assert result.exit_code == 0 and "4 to train on, 2 held out" in result.output
    train, held_out = (read_gold([tmp_path / "out" / f"fold_{name}.PubTator"]) for name in ("train", "dev"))
    assert [d.pmid for d in train] == [100, 102, 200, 201] and [d.pmid for d in held_out] == [101, 202]
    assert train + held_out != [] and all(d.gold.mentions for d in train + held_out)
    (tmp_path / "pmids.txt").write_text("101 999")
    result = CliRunner().invoke(main, [*map(str, options)])
    assert result.exit_code == 1 and "999" in result.output
