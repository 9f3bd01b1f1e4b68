"""Gold documents as examples of training: their targets, their batches, the pieces that spell them."""

import numpy as np
import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

from litcoin_batch.model.annotator import allowed_type_pairs
from litcoin_batch.model.batching.batches import padded_len
from litcoin_batch.readers import read_gold
from litcoin_batch.schema import ENTITY_TYPES, ConfigError
from tiny_models import TYPE_PAIRS, documents
from toy_gold import write_gold
from training.data.examples import epoch_batches, prepare, stack
from training.data.piece_vocabulary import SPECIAL, shrink_vocabulary, train_tokenizer
from training.data.training_data import related_types


@pytest.fixture(scope="module")
def gold(tmp_path_factory):
    """Documents that are related, gene by gene and disease by disease."""
    return read_gold([write_gold(tmp_path_factory.mktemp("gold") / "train.txt", range(100, 112))])


def test_partial_labels_leave_other_types_open(gold):
    document = gold[0]
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


def test_pair_targets_are_the_gold_relations(gold):
    some = gold[:4]
    tokenizer = train_tokenizer([d.text for d in some], 300)
    examples = prepare(some, tokenizer)
    batch = stack(examples, 0, allowed_type_pairs(TYPE_PAIRS), 3)
    assert int((batch.target > 0).sum()) == sum(len(d.gold.relations) for d in some)
    assert ((batch.novel >= 0) == (batch.target > 0)).all()
    related = [
        frozenset((examples[d].entities.ids[a - base], examples[d].entities.ids[b - base]))
        for a, b, target in zip(batch.pairs.entity_1, batch.pairs.entity_2, batch.target, strict=True)
        if target > 0
        for d in [batch.instances.entity_document[a]]
        for base in [int((batch.instances.entity_document < d).sum())]
    ]
    assert sorted(map(sorted, related)) == sorted(sorted(r.pair) for d in some for r in d.gold.relations)


def test_epochs_see_every_example_once_within_the_bound(gold):
    examples = prepare(gold, train_tokenizer([d.text for d in documents()], 300))
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
    assert related_types(gold) == [("DiseaseOrPhenotypicFeature", "GeneOrGeneProduct")]
    assert related_types(gold[1:2]) == []
