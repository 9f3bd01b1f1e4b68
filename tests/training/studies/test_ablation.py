import json

import pytest
from click.testing import CliRunner

from litcoin_batch.schema import ConfigError
from toy_gold import write_gold
from training.studies.ablation import main, read_variants, table

VARIANTS = """
base: {epochs: 1, n_pieces: 300, pair_width: 16, batch_pieces: 512}
variants:
  - {name: all levers}
  - {name: no reading, set: {without: reader}}
"""


def test_every_variant_is_trained_once(tmp_path):
    train, dev = write_gold(tmp_path / "train.txt", range(100, 106)), write_gold(tmp_path / "dev.txt", range(200, 203))
    more = write_gold(tmp_path / "more.txt", range(300, 302))
    (tmp_path / "variants.yaml").write_text(VARIANTS + f"  - {{name: more documents, train: [{more}]}}\n")
    arguments = [
        "--variants",
        tmp_path / "variants.yaml",
        "--encoder",
        "rnn",
        "--train",
        train,
        "--dev",
        dev,
        "--output",
        tmp_path / "out",
    ]
    first = CliRunner().invoke(main, [*map(str, arguments), "--device", "cpu"])
    assert first.exit_code == 0, first.output
    scores = json.loads((tmp_path / "out" / "ablation.json").read_text())
    assert [row["name"] for row in scores] == ["all levers", "no reading", "more documents"]
    card = (tmp_path / "out" / "no-reading.seed-1" / "config.json").read_text()
    assert json.loads(card)["heads"]["without"] == ["reader"]
    card = (tmp_path / "out" / "more-documents.seed-1" / "config.json").read_text()
    assert json.loads(card)["training"]["train_files"] == ["train.txt", "more.txt"]
    again = CliRunner().invoke(main, [*map(str, arguments), "--device", "cpu"])
    assert again.exit_code == 0 and "seed 1\n" not in again.output and "| no reading |" in again.output


def test_differences_are_in_points_of_the_first():
    names = (
        "ner",
        "pair",
        "pair_type",
        "pair_type_novelty",
        "type_accuracy",
        "novelty_accuracy",
        "end_to_end_pair_type",
    )
    one = {1: dict.fromkeys(names, 0.5), 2: dict.fromkeys(names, 0.6)}
    two = {1: dict.fromkeys(names, 0.52), 2: dict.fromkeys(names, 0.56)}
    lines = table([{"name": "a", "seeds": one}, {"name": "b", "seeds": two}]).splitlines()
    assert lines[2] == "| a |" + " 55.0 |" * 7 and lines[3] == "| b |" + " -1.0 |" * 7
    assert "2 seeds" in lines[-1]


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("[]", "base and variants"),
        ("{base: {}, variants: [{set: {}}]}", "expected name"),
        ("{base: {}, variants: [{name: a}, {name: a}]}", "name of its own"),
        ("{base: {wheels: 4}, variants: [{name: a}]}", "wheels"),
    ],
)
def test_wrong_variants_are_named(tmp_path, content, word):
    path = tmp_path / "variants.yaml"
    path.write_text(content)
    with pytest.raises(ConfigError, match=word):
        read_variants(path, "rnn")


def test_the_shipped_variants_fit_the_recipe(request):
    variants = read_variants(request.config.rootpath / "conf" / "ablation.yaml", "rnn")
    assert variants[0][0] == "all levers" and len(variants) > 10
