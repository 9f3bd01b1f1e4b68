import json

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import load_file
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

from litcoin_batch.model.annotator import allowed_type_pairs
from litcoin_batch.model.batching.batches import padded_len
from litcoin_batch.model.checkpoint import Checkpoint, verify_checkpoint
from litcoin_batch.readers import read_gold
from litcoin_batch.schema import ENTITY_TYPES, ConfigError
from tiny_models import TYPE_PAIRS, documents, tiny_backbone
from toy_gold import write_gold
from training import pretrain_embeddings, train
from training.average import main as average_main
from training.data.examples import epoch_batches, prepare, stack
from training.data.piece_vocabulary import SPECIAL, load_embeddings, shrink_vocabulary, train_tokenizer
from training.data.training_data import related_types
from training.evaluate import main as evaluate_main

SETTINGS = (
    "--set",
    "epochs=3",
    "--set",
    "n_pieces=300",
    "--set",
    "pair_width=16",
    "--set",
    "batch_pieces=512",
    "--no-bf16",
)


@pytest.fixture
def gold(tmp_path):
    return write_gold(tmp_path / "train.txt", range(100, 112)), write_gold(tmp_path / "dev.txt", range(200, 204))


def run_train(gold, output, *more, encoder="lstm"):
    arguments = [
        "--encoder",
        encoder,
        "--train",
        str(gold[0]),
        "--dev",
        str(gold[1]),
        "--output",
        str(output),
        "--device",
        "cpu",
    ]
    return CliRunner().invoke(train.main, [*arguments, *SETTINGS, *more])


def test_a_run_leaves_a_checkpoint_that_scores(gold, tmp_path):
    result = run_train(gold, tmp_path / "out")
    assert result.exit_code == 0, result.output
    verify_checkpoint(tmp_path / "out")
    names = {path.name for path in (tmp_path / "out").iterdir()}
    told = {"README.md", "config.json", "curves.jsonl", "curves.png", "manifest.json", "metrics.json"}
    assert names == {*told, "input_ranges.safetensors", "model.safetensors", "tokenizer.json"}
    scored = CliRunner().invoke(
        evaluate_main,
        [
            "--checkpoint",
            str(tmp_path / "out"),
            "--gold",
            str(gold[1]),
            "--precision",
            "float32",
            "--json",
            str(tmp_path / "figures.json"),
        ],
    )
    assert scored.exit_code == 0, scored.output
    figures, kept = (
        json.loads((tmp_path / "figures.json").read_text()),
        json.loads((tmp_path / "out" / "metrics.json").read_text()),
    )
    assert figures["ner"] == kept["ner"] and figures["gold_entities"] == kept["gold_entities"]
    for level in ("pair", "pair_type", "pair_type_novelty"):
        assert {"precision", "recall", "f1"} <= figures["gold_entities"][level].keys() & figures["predicted_entities"][
            level
        ].keys()
    assert figures["gold_mentions"]["concepts"]["n_gold"] == figures["ner"]["n_gold"] > 0
    assert set(ENTITY_TYPES) <= figures["ner"]["per_type"].keys()


def test_training_learns_what_can_be_learnt(gold, tmp_path):
    result = run_train(
        gold, tmp_path / "out", "--set", "epochs=25", "--set", "dropout=0.1", "--set", "lr=0.01", "--set", "average=0.8"
    )
    assert result.exit_code == 0, result.output
    figures = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert figures["ner"]["f1"] > 0.95 and figures["gold_entities"]["pair_type"]["f1"] > 0.95


def test_resuming_equals_an_undisturbed_run(gold, tmp_path, monkeypatch):
    assert run_train(gold, tmp_path / "whole").exit_code == 0
    save = train.save_state

    def interrupted(folder, model, average, optimizer, progress):
        save(folder, model, average, optimizer, progress)
        if progress["epoch"] == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(train, "save_state", interrupted)
    assert run_train(gold, tmp_path / "halves").exit_code != 0
    monkeypatch.setattr(train, "save_state", save)
    refused = run_train(gold, tmp_path / "halves", "--seed", "2")
    assert refused.exit_code == 1 and "another seed" in refused.output
    assert run_train(gold, tmp_path / "halves").exit_code == 0
    whole, halves = (load_file(tmp_path / name / "model.safetensors") for name in ("whole", "halves"))
    assert all(torch.equal(weight, halves[name]) for name, weight in whole.items())


def test_transformers_train_from_a_local_folder(gold, tmp_path):
    folder = tiny_backbone(tmp_path / "backbone")
    result = run_train(
        gold,
        tmp_path / "out",
        "--backbone",
        str(folder),
        "--set",
        "epochs=1",
        "--set",
        "n_pieces=0",
        encoder="transformer",
    )
    assert result.exit_code == 0, result.output
    assert verify_checkpoint(tmp_path / "out").startswith("transformer-")


def test_evaluation_documents_are_refused(gold, tmp_path):
    leak = write_gold(tmp_path / "leak.txt", [100, 200])
    result = run_train((leak, gold[1]), tmp_path / "out")
    assert result.exit_code == 1 and "PMID 200" in result.output and "leak" in result.output
    (tmp_path / "held_out.txt").write_text("7\n105\n")
    result = run_train(gold, tmp_path / "out", "--exclude-pmids", str(tmp_path / "held_out.txt"))
    assert result.exit_code == 1 and "PMID 105" in result.output


@pytest.mark.parametrize(("change", "word"), [("epoch=3", "the recipe has epochs"), ("epochs=many", "a whole number")])
def test_wrong_settings_are_named(gold, tmp_path, change, word):
    result = run_train(gold, tmp_path / "out", "--set", change)
    assert result.exit_code == 1 and word in result.output


def test_partial_labels_leave_other_types_open(gold):
    document = read_gold([gold[0]])[0]
    tokenizer = train_tokenizer([document.text], 300)
    (whole,), (partial,) = (
        prepare([document], tokenizer),
        prepare([document], tokenizer, ("GeneOrGeneProduct",), relations=None),
    )
    disease = ENTITY_TYPES.index("DiseaseOrPhenotypicFeature")
    assert (whole.allowed.sum(axis=1) == 1).all() and partial.relations is None
    gene = partial.allowed.sum(axis=1) == 1
    assert (partial.allowed[gene] == whole.allowed[gene]).all() and 0 < gene.sum() < len(gene)
    assert partial.allowed[~gene][:, [0, 1 + 2 * disease, 2 + 2 * disease]].all()
    assert not partial.allowed[~gene][:, 1:3].any()


def test_a_run_goes_on_from_recognition_alone(gold, tmp_path):
    result = run_train(gold, tmp_path / "first", "--stage", "recognition")
    assert result.exit_code == 0, result.output
    history = [json.loads(line) for line in (tmp_path / "first" / "curves.jsonl").read_text().splitlines()]
    assert not any("pair_loss" in row for row in history) and history[-1]["tag_loss"] < history[0]["tag_loss"]
    result = run_train(gold, tmp_path / "second", "--init", str(tmp_path / "first"), "--set", "epochs=1")
    assert result.exit_code == 0, result.output
    first, second = (Checkpoint.load(tmp_path / name) for name in ("first", "second"))
    row = json.loads((tmp_path / "second" / "curves.jsonl").read_text())
    assert row["tag_loss"] < history[0]["tag_loss"] and row["pair_loss"] > 0
    assert (
        second.config.training["first_stage"]["pair_weight"] == 0
        and "went on from" in (tmp_path / "second" / "README.md").read_text()
    )
    assert (
        second.config.training["init"] == first.model_id and second.tokenizer.get_vocab() == first.tokenizer.get_vocab()
    )


def test_trainings_that_began_alike_are_averaged(gold, tmp_path):
    assert run_train(gold, tmp_path / "first", "--stage", "recognition").exit_code == 0
    for seed in ("1", "2"):
        assert (
            run_train(
                gold, tmp_path / seed, "--init", str(tmp_path / "first"), "--seed", seed, "--store", "float32"
            ).exit_code
            == 0
        )

    def average(*names):
        folders = [argument for name in names for argument in ("--checkpoint", str(tmp_path / name))]
        return CliRunner().invoke(
            average_main,
            [
                *folders,
                "--dev",
                str(gold[1]),
                "--output",
                str(tmp_path / "mean"),
                "--store",
                "float32",
                "--device",
                "cpu",
            ],
        )

    result = average("1", "2")
    assert result.exit_code == 0, result.output
    one, two, mean = (Checkpoint.load(tmp_path / name) for name in ("1", "2", "mean"))
    for name, weight in mean.model.state_dict().items():
        assert torch.allclose(weight, (one.model.state_dict()[name] + two.model.state_dict()[name]) / 2, atol=1e-6)
    assert set(mean.config.training["average_of"]) == {one.model_id, two.model_id} and mean.config.training["init"]
    assert "did not begin from one checkpoint" in average("1", "first").output
    assert "give two or more" in average("1").output


def test_a_start_of_another_kind_is_refused(gold, tmp_path):
    assert run_train(gold, tmp_path / "lstm").exit_code == 0
    result = run_train(gold, tmp_path / "rnn", "--init", str(tmp_path / "lstm"), encoder="rnn")
    assert result.exit_code == 1 and "found lstm" in result.output
    result = run_train(gold, tmp_path / "wide", "--init", str(tmp_path / "lstm"), "--set", "pair_width=24")
    assert result.exit_code == 1 and "another shape" in result.output


def test_parts_of_the_heads_are_left_behind(gold, tmp_path):
    assert run_train(gold, tmp_path / "whole").exit_code == 0
    result = run_train(
        gold, tmp_path / "lean", "--init", str(tmp_path / "whole"), "--set", "without=reader", "--set", "epochs=1"
    )
    assert result.exit_code == 0, result.output
    whole, lean = (Checkpoint.load(tmp_path / name) for name in ("whole", "lean"))
    left = whole.model.state_dict().keys() - lean.model.state_dict().keys()
    assert left and all(name.startswith(("pair_head.reader.", "pair_head.read.")) for name in left)
    # Ranges were observed of what is there, and of nothing else.
    assert lean.input_ranges and not any("reader" in name for name in lean.input_ranges)


def test_embeddings_are_learnt_once_and_shared(gold, tmp_path):
    arguments = ["--train", str(gold[0]), "--dev", str(gold[1]), "--pieces", "300", "--epochs", "1"]
    for name in ("one", "two"):
        result = CliRunner().invoke(pretrain_embeddings.main, [*arguments, "--output", str(tmp_path / name)])
        assert result.exit_code == 0, result.output
    tokenizer, weights = load_embeddings(tmp_path / "one")
    assert torch.equal(weights, load_embeddings(tmp_path / "two")[1]) and weights.std() == pytest.approx(1, abs=1e-3)
    assert run_train(gold, tmp_path / "out", "--embeddings", str(tmp_path / "one")).exit_code == 0
    trained = Checkpoint.load(tmp_path / "out")
    assert trained.tokenizer.get_vocab() == tokenizer.get_vocab()
    # Stored in 16 bits; what training may not move is otherwise as it was.
    torch.testing.assert_close(trained.model.encoder.embedding.weight, weights, atol=2e-3, rtol=2e-3)
    refused = run_train(gold, tmp_path / "other", "--embeddings", str(tmp_path / "nowhere"))
    assert refused.exit_code == 1 and "nowhere" in refused.output


def test_pair_targets_are_the_gold_relations(gold):
    gold_documents = read_gold([gold[0]])[:4]
    tokenizer = train_tokenizer([d.text for d in gold_documents], 300)
    examples = prepare(gold_documents, tokenizer)
    batch = stack(examples, 0, allowed_type_pairs(TYPE_PAIRS), 3)
    assert int((batch.target > 0).sum()) == sum(len(d.gold.relations) for d in gold_documents)
    assert ((batch.novel >= 0) == (batch.target > 0)).all()
    related = [
        frozenset((examples[d].entities.ids[a - base], examples[d].entities.ids[b - base]))
        for a, b, target in zip(batch.pairs.entity_1, batch.pairs.entity_2, batch.target, strict=True)
        if target > 0
        for d in [batch.instances.entity_document[a]]
        for base in [int((batch.instances.entity_document < d).sum())]
    ]
    assert sorted(map(sorted, related)) == sorted(sorted(r.pair) for d in gold_documents for r in d.gold.relations)


def test_epochs_see_every_example_once_within_the_bound(gold):
    examples = prepare(read_gold([gold[0]]), train_tokenizer([d.text for d in documents()], 300))
    batches = epoch_batches(examples, 256, np.random.default_rng(0))
    assert sorted(i for batch in batches for i in batch) == list(range(len(examples)))
    for batch in batches:
        longest = max(padded_len(examples[i].pieces.n_pieces) for i in batch)
        assert len(batch) == 1 or longest * len(batch) <= 256


def test_a_cut_vocabulary_spells_the_same_words():
    texts = [d.text for d in documents()]
    characters = sorted(set("".join(texts).lower()) - {" "})
    words = sorted({w for t in texts for w in t.lower().split()})
    pieces = [*SPECIAL, *characters, *(f"##{c}" for c in characters), *(w for w in words if len(w) > 1)]
    tokenizer = Tokenizer(WordPiece({p: i for i, p in enumerate(pieces)}, unk_token="[UNK]"))
    tokenizer.normalizer, tokenizer.pre_tokenizer = BertNormalizer(lowercase=True), BertPreTokenizer()
    smaller, kept = shrink_vocabulary(tokenizer, texts, 110)
    assert smaller.get_vocab_size() == len(kept) == 110 < len(pieces)
    assert [pieces[i] for i in kept] == [smaller.id_to_token(i) for i in range(110)]
    for text in texts:
        whole, cut = tokenizer.encode(text), smaller.encode(text)
        assert smaller.token_to_id("[UNK]") not in cut.ids
        assert "".join(t.removeprefix("##") for t in cut.tokens) == "".join(t.removeprefix("##") for t in whole.tokens)


def test_only_wordpiece_vocabularies_are_cut():
    with pytest.raises(ConfigError, match="BPE"):
        shrink_vocabulary(train_tokenizer([d.text for d in documents()], 300), [], 100)


def test_vocabularies_are_the_same_each_time():
    texts = [d.text for d in documents()]
    assert train_tokenizer(texts, 300).get_vocab() == train_tokenizer(texts, 300).get_vocab()


def test_related_types_need_two_cases(gold):
    assert related_types(read_gold([gold[0]])) == [("DiseaseOrPhenotypicFeature", "GeneOrGeneProduct")]
    assert related_types(read_gold([gold[0]])[1:2]) == []


def test_a_backbone_that_is_not_there_is_named(gold, tmp_path):
    result = run_train(gold, tmp_path / "out", "--backbone", str(tmp_path / "nowhere"), encoder="transformer")
    assert result.exit_code == 1 and "nowhere" in result.output
    result = run_train(gold, tmp_path / "out", encoder="transformer")
    assert result.exit_code == 1 and "--backbone" in result.output
