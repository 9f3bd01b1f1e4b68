import numpy as np
import pytest
import torch

from litcoin_batch.model.batching.tags import N_TAGS
from litcoin_batch.model.checkpoint import Calibration
from litcoin_batch.schema import Annotation, ConfigError, Document, Mention
from tiny_models import documents
from toy_gold import gold_mentions
from training.data.corpora import cut, read_corpora, relabel
from training.data.examples import CLASSES, prepare, stack
from training.data.piece_vocabulary import train_tokenizer
from training.learning.calibration import (
    best_line,
    best_offset,
    best_temperature,
    expected_error,
    relation_odds,
)
from training.learning.losses import class_loss

CORPUS = """
- name: toy
  files: [toy.txt]
  complete: [ChemicalEntity]
  labels: {Chemical: ChemicalEntity}
  parts_per_epoch: 3
"""
PUBTATOR = "7|t|Aspirin heals.\n7|a|No aspirin in FAKE1.\n7\t0\t7\tAspirin\tChemical\tD1\n7\t18\t25\taspirin\tChemical\tD1\n7\t29\t34\tFAKE1\tFamily\t-\n\n8|t|Other.\n8|a|Text.\n\n"


def long_document():
    text = " ".join(f"{d.title} {d.abstract}" for d in documents(12))
    document = Document(9, "Title.", text)
    mentions = tuple(gold_mentions(document))
    return Document(9, "Title.", text, gold=Annotation(9, mentions))


def test_cutting_keeps_every_mention_and_sentence():
    whole = long_document()
    parts = cut(whole, 400)
    assert len(parts) > 3 and max(len(p.text) for p in parts[:-1]) < 800
    for part in parts:
        assert all(part.text[m.start : m.end] == m.text for m in part.gold.mentions)
    assert [m.text for p in parts for m in p.gold.mentions] == [m.text for m in whole.gold.mentions]
    assert "".join("".join(p.text.split()) for p in parts) == "".join(whole.text.split())


def test_short_documents_stay_whole():
    assert cut(long_document(), 10**6) == [long_document()]


def test_foreign_labels_leave_their_words_open(tmp_path):
    (tmp_path / "toy.txt").write_text(PUBTATOR)
    (tmp_path / "aux.yaml").write_text(CORPUS)
    (corpus,) = read_corpora(tmp_path / "aux.yaml", tmp_path, frozenset({8}))
    assert [d.pmid for d in corpus.documents] == [7] and corpus.parts_per_epoch == 3
    tokenizer = train_tokenizer([d.text for d in documents()], 300)
    (example,) = prepare(corpus.documents, tokenizer, corpus.complete, None)
    text = corpus.documents[0].text
    allowed = {text[a:b]: row for (a, b), row in zip(example.pieces.word_spans.tolist(), example.allowed, strict=True)}
    assert np.flatnonzero(allowed["Aspirin"]).tolist() == [5]
    assert allowed["FAKE1"].all()
    assert np.flatnonzero(~allowed["heals"]).tolist() == [5, 6] and len(allowed["heals"]) == N_TAGS


RELATED = """
  relations:
    between: [ChemicalEntity, DiseaseOrPhenotypicFeature]
    labels: {CID: [Positive_Correlation]}
    unlabelled: [none, Association]
"""


def related_corpus(folder):
    """Two sentences; aspirin causes ulcers in one, zinc stands beside them; the gene's pairs carry no labels."""
    title, abstract = "Aspirin gave ulcers, zinc did not.", "GENE1 was seen. Iron was given."
    text = f"{title} {abstract}"
    names = {
        "Aspirin": ("Chemical", "C1"),
        "ulcers": ("Disease", "D1"),
        "zinc": ("Chemical", "C2"),
        "Iron": ("Chemical", "C3"),
        "GENE1": ("Gene", "G1"),
    }
    lines = [f"7|t|{title}", f"7|a|{abstract}"]
    lines += [f"7\t{text.index(n)}\t{text.index(n) + len(n)}\t{n}\t{kind}\t{i}" for n, (kind, i) in names.items()]
    (folder / "toy.txt").write_text("\n".join([*lines, "7\tCID\tC1\tD1", "", ""]))
    labels = "{Chemical: ChemicalEntity, Disease: DiseaseOrPhenotypicFeature, Gene: GeneOrGeneProduct}"
    content = CORPUS.replace("[ChemicalEntity]", "[ChemicalEntity, DiseaseOrPhenotypicFeature, GeneOrGeneProduct]")
    (folder / "aux.yaml").write_text(content.replace("{Chemical: ChemicalEntity}", labels).rstrip() + RELATED)
    return read_corpora(folder / "aux.yaml", folder, frozenset())[0]


def test_pairs_of_foreign_labels_stay_partly_open(tmp_path):
    corpus = related_corpus(tmp_path)
    tokenizer = train_tokenizer([d.text for d in documents()], 300)
    (example,) = prepare(corpus.documents, tokenizer, corpus.complete, corpus.relations)
    batch = stack([example], 0, np.ones((6, 6), bool), 3)
    ids = example.entities.ids
    found = {
        frozenset((ids[a], ids[b])): {CLASSES[i] for i in np.flatnonzero(row)}
        for a, b, row in zip(batch.pairs.entity_1, batch.pairs.entity_2, batch.classes.numpy(), strict=True)
    }
    assert found == {
        frozenset(("C1", "D1")): {"Positive_Correlation"},
        frozenset(("C2", "D1")): {"none", "Association"},
    }
    assert sorted(batch.target.tolist()) == [-1, CLASSES.index("Positive_Correlation")] and batch.novel.tolist() == [
        -1,
        -1,
    ]
    assert len(batch.pairs.pair) == 2 and batch.pairs.pair_features.shape[0] == 2


def test_partial_classes_are_summed():
    logits = torch.randn(3, len(CLASSES))
    one = torch.zeros(3, len(CLASSES), dtype=torch.bool)
    one[range(3), [0, 4, 2]] = True
    expected = torch.nn.functional.cross_entropy(logits, torch.tensor([0, 4, 2]))
    torch.testing.assert_close(class_loss(logits, one), expected)
    smooth = torch.nn.functional.cross_entropy(logits, torch.tensor([0, 4, 2]), label_smoothing=0.1)
    torch.testing.assert_close(class_loss(logits, one, 0.1), smooth)
    both = one.clone()
    both[:, 7] = True
    p = torch.softmax(logits, dim=1)
    torch.testing.assert_close(class_loss(logits, both), -(p[range(3), [0, 4, 2]] + p[:, 7]).log().mean())


@pytest.mark.parametrize(
    ("old", "new"),
    [("CID: [Positive_Correlation]", "CID: [Causes]"), ("between: [ChemicalEntity, ", "between: [Drug, ")],
)
def test_wrong_relation_labels_are_named(tmp_path, old, new):
    related_corpus(tmp_path)
    (tmp_path / "aux.yaml").write_text((tmp_path / "aux.yaml").read_text().replace(old, new))
    with pytest.raises(ConfigError, match="toy.*(Causes|Drug)"):
        read_corpora(tmp_path / "aux.yaml", tmp_path, frozenset())


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [("complete", "finished", "finished"), ("{Chemical: ChemicalEntity}", "{Chemical: Drug}", "Drug")],
)
def test_wrong_corpus_files_are_named(tmp_path, old, new, word):
    (tmp_path / "toy.txt").write_text(PUBTATOR)
    (tmp_path / "aux.yaml").write_text(CORPUS.replace(old, new))
    with pytest.raises(ConfigError, match=f"toy.*{word}"):
        read_corpora(tmp_path / "aux.yaml", tmp_path, frozenset())


def test_labels_that_are_not_listed_become_ambiguous():
    gold = Annotation(1, (Mention(0, 1, "Odd", "a"),))
    assert relabel(Document(1, "a", None, gold=gold), {}).gold.mentions[0].type == "ambiguous"


def sharpened(factor):
    """Targets drawn from the softmax of logits that are then multiplied by ``factor``."""
    torch.manual_seed(0)
    logits = torch.randn(20_000, 4) * 2
    target = torch.multinomial(torch.softmax(logits, -1), 1).squeeze(1)
    return logits * factor, target


@pytest.mark.parametrize("factor", [0.7, 1.0, 2.5])
def test_temperature_undoes_sharpening(factor):
    logits, target = sharpened(factor)
    temperature = best_temperature(logits, target)
    assert temperature == pytest.approx(factor, abs=0.08)
    assert expected_error(logits / temperature, target) < 0.015


def test_overconfidence_has_a_large_error():
    assert expected_error(*sharpened(2.5)) > 0.1


def test_line_undoes_sharpening_and_a_shift():
    torch.manual_seed(0)
    logits = torch.randn(3_000, 2) * 3
    target = torch.multinomial(torch.softmax(logits, -1), 1).squeeze(1)
    bent = logits * 1.5 + torch.tensor([0.9, 0.0])
    temperature, offset = best_line(bent, target)
    assert (temperature, offset) == (pytest.approx(1.5, abs=0.15), pytest.approx(0.9, abs=0.2))
    assert expected_error((bent + torch.tensor([0.0, offset])) / temperature, target) < 0.02


def test_the_score_of_a_relation_found_is_the_share_that_is_right():
    torch.manual_seed(0)
    logits = torch.randn(20_000, 4) * 2 + torch.tensor([2.0, 0.0, 0.0, 0.0])
    target = torch.multinomial(torch.softmax(logits, -1), 1).squeeze(1)
    # An offset that finds more relations makes their scores too high.
    moved = logits - torch.tensor([1.5, 0.0, 0.0, 0.0])
    odds, right = relation_odds(moved, target)
    assert len(right) == int((moved.argmax(dim=1) > 0).sum())
    found = torch.softmax(moved, -1).max(dim=-1).values[moved.argmax(dim=1) > 0]
    assert found.mean() - right.double().mean() > 0.1
    temperature, offset = best_line(odds, right)
    score = Calibration(relation_temperature=temperature, relation_offset=offset).relation(found)
    for low in (0.2, 0.4, 0.6, 0.8):
        inside = (score >= low) & (score < low + 0.2)
        assert float(score[inside].mean()) == pytest.approx(float(right[inside].double().mean()), abs=0.04)
    assert torch.allclose(Calibration().relation(found), found, atol=1e-5)


def test_offset_finds_pairs_that_no_relation_hides():
    target = torch.tensor([0] * 50 + [1] * 50)
    logits = torch.zeros(100, 3)
    logits[:50, 0], logits[50:, 0], logits[50:, 1] = 2.0, 1.0, 0.5
    offset = best_offset(logits, target, 0)
    shifted = logits + torch.tensor([offset, 0.0, 0.0])
    assert -1.5 < offset < -0.5 and torch.equal(shifted.argmax(dim=1), target)
