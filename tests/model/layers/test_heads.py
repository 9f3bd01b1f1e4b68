import numpy as np
import pytest
import torch
from torch import nn

from litcoin_batch.model.annotator import allowed_type_pairs
from litcoin_batch.model.batching.batches import ROW_STEP, Mixing, collate, plan_batches
from litcoin_batch.model.batching.entities import join_instances, link_entities
from litcoin_batch.model.batching.pairs import (
    BEFORE_EDGES,
    BEHIND_EDGES,
    CONTEXT_WORDS,
    COUNT_EDGES,
    GAP_EDGES,
    SENTENCE_GAP_EDGES,
    SHARED_EDGES,
    build_pairs,
    keep_pairs,
    split_pairs,
)
from litcoin_batch.model.layers.heads import PARTS, FeatureSum, HeadConfig, TagHead
from litcoin_batch.model.layers.pooling import log_sum_exp, pool_words
from litcoin_batch.model.network import JointModel
from litcoin_batch.schema import ConfigError
from litcoin_batch.text.pieces import split_pieces
from tiny_models import TYPE_PAIRS, documents, tiny_model
from toy_gold import gold_mentions


@pytest.fixture(scope="module")
def setting(tmp_path_factory):
    model, tokenizer, config = tiny_model("lstm", tmp_path_factory.mktemp("model"))
    pieces = split_pieces(documents(5), tokenizer)
    entities = link_entities([gold_mentions(d) for d in documents(5)], pieces)
    return model, config, pieces, entities


def pairs_of(setting, rows, nearest=3):
    _model, config, pieces, entities = setting
    batch = collate([pieces[i] for i in rows], config.pad_id)
    instances = join_instances([entities[i] for i in rows])
    return batch, instances, build_pairs(batch, instances, allowed_type_pairs(TYPE_PAIRS), nearest)


def test_pairs_are_those_a_loop_finds(setting):
    _, _, _, entities = setting
    _, _instances, pairs = pairs_of(setting, [0, 1])
    allowed = allowed_type_pairs(TYPE_PAIRS)
    expected, base = set(), 0
    for document in entities:
        for i in range(len(document.ids)):
            for j in range(i + 1, len(document.ids)):
                if allowed[document.types[i], document.types[j]]:
                    expected.add(frozenset((base + i, base + j)))
        base += len(document.ids)
    found = [frozenset(p) for p in zip(pairs.entity_1.tolist(), pairs.entity_2.tolist(), strict=True)]
    assert len(found) == len(set(found)) and set(found) == expected


@pytest.mark.parametrize("nearest", [1, 2, 1_000])
def test_mention_pairs_are_the_nearest_of_each_two_sentences(setting, nearest):
    _, _, pieces, _ = setting
    _, instances, pairs = pairs_of(setting, [0, 1, 4], nearest)
    sentence = [
        int(pieces[[0, 1, 4][d]].word_sentences[w]) for d, w in zip(instances.document, instances.first, strict=True)
    ]
    n_left_out = 0
    for pair, (one, two) in enumerate(zip(pairs.entity_1, pairs.entity_2, strict=True)):
        best = {}
        for a in np.flatnonzero(instances.entity == one).tolist():
            for b in np.flatnonzero(instances.entity == two).tolist():
                gap = max(0, instances.first[a] - instances.stop[b], instances.first[b] - instances.stop[a])
                place = min(sentence[a], sentence[b]), max(sentence[a], sentence[b])
                rank = (place[1] - place[0], gap, min(a, b), max(a, b))
                n_left_out += place in best
                best[place] = min(best.get(place, (*rank, a, b)), (*rank, a, b))
        expected = [(a, b) for *_, a, b in sorted(best.values())[:nearest]]
        rows = np.flatnonzero(pairs.pair == pair)
        assert list(zip(pairs.left[rows], pairs.right[rows], strict=True)) == expected
    assert n_left_out and (np.diff(pairs.pair) >= 0).all()


def test_features_and_contexts_are_those_a_loop_finds(setting):
    _, _, pieces, _ = setting
    batch, instances, pairs = pairs_of(setting, [0, 1, 4])
    sentences = [
        int(pieces[[0, 1, 4][d]].word_sentences[w]) for d, w in zip(instances.document, instances.first, strict=True)
    ]
    count = np.bincount(instances.entity)
    for pair, (one, two, features) in enumerate(
        zip(pairs.entity_1, pairs.entity_2, pairs.pair_features.tolist(), strict=True)
    ):
        own = [
            abs(sentences[a] - sentences[b])
            for a in np.flatnonzero(instances.entity == one)
            for b in np.flatnonzero(instances.entity == two)
        ]
        expected = [
            (count[one], COUNT_EDGES),
            (count[two], COUNT_EDGES),
            (own.count(0), SHARED_EDGES),
            (min(own), SENTENCE_GAP_EDGES),
        ]
        assert features == [int(np.digitize(n, edges)) for n, edges in expected], pair
    assert len(set(pairs.mention_features[:, 1])) > 1
    for row, (a, b) in enumerate(zip(pairs.left, pairs.right, strict=True)):
        first, last = sorted((a, b), key=lambda i: instances.first[i])
        p, base = batch.pieces[instances.document[a]], batch.first_word[instances.document[a]]
        expected = [
            np.digitize(max(0, instances.first[last] - instances.stop[first]), GAP_EDGES),
            np.digitize(abs(sentences[a] - sentences[b]), SENTENCE_GAP_EDGES),
            a == last,
            (sentences[a] == 0) + 2 * (sentences[b] == 0),
        ]
        assert pairs.mention_features[row].tolist() == [int(n) for n in expected]
        behind = len(p.sentence_words) - 1 - sentences[last]
        expected = [np.digitize(sentences[last], BEFORE_EDGES), np.digitize(behind, BEHIND_EDGES)]
        assert pairs.place_features[row].tolist() == [int(n) for n in expected]
        seen = {
            base + w
            for i in (a, b)
            for w in range(p.n_words)
            if instances.first[i] - CONTEXT_WORDS <= w < instances.stop[i] + CONTEXT_WORDS
            and p.word_sentences[w] == sentences[i]
        }
        one, two, three, four = pairs.context[row].tolist()
        assert one < two <= three <= four
        assert sorted([*range(one, two), *range(three, four)]) == sorted(seen)
        assert pairs.spans[row].tolist() == [base + n for i in (a, b) for n in (instances.first[i], instances.stop[i])]


def test_pairs_that_are_kept_stay_what_they_are(setting):
    _, _instances, pairs = pairs_of(setting, [0, 1])
    keep = np.arange(pairs.n_pairs) % 2 == 1
    kept = keep_pairs(pairs, keep)
    assert kept.n_pairs == keep.sum() > 2
    for new, old in enumerate(np.flatnonzero(keep)):
        assert (kept.entity_1[new], kept.entity_2[new]) == (pairs.entity_1[old], pairs.entity_2[old])
        assert (kept.left[kept.pair == new] == pairs.left[pairs.pair == old]).all()


def test_pair_logits_do_not_depend_on_the_batch(setting):
    model = setting[0]
    batch, instances, pairs = pairs_of(setting, [0, 1])
    with torch.inference_mode():
        joint = model.pair_logits(model.words(batch), instances, pairs).pair
        alone = []
        for row in (0, 1):
            one, its_instances, its_pairs = pairs_of(setting, [row])
            alone.append(model.pair_logits(model.words(one), its_instances, its_pairs).pair)
    torch.testing.assert_close(joint, torch.cat(alone), atol=1e-4, rtol=1e-4)


def test_parts_give_the_same_logits_as_the_whole(setting):
    model = setting[0]
    batch, instances, pairs = pairs_of(setting, [0, 1])
    with torch.inference_mode():
        words = model.words(batch)
        whole = model.pair_logits(words, instances, pairs)
        parts = list(split_pairs(pairs, 3))
        assert len(parts) > 3
        for part, rows, some in parts:
            found = model.pair_logits(words, instances, some)
            torch.testing.assert_close(found.pair, whole.pair[part], atol=1e-5, rtol=1e-5)
            torch.testing.assert_close(
                found.mention_pair, whole.mention_pair[torch.from_numpy(rows)], atol=1e-5, rtol=1e-5
            )
    assert sorted(np.concatenate([rows for _, rows, _ in parts]).tolist()) == list(range(len(pairs.pair)))


@pytest.mark.parametrize("part", PARTS)
def test_every_part_decides_something(setting, part):
    model, _, _, _ = setting
    batch, instances, pairs = pairs_of(setting, [0, 1])
    config = HeadConfig(16, 0.1, without=(part,))
    torch.manual_seed(3)
    smaller = JointModel(model.encoder, config).eval()
    known = smaller.state_dict()
    # The same weights wherever the shapes allow: what is left to differ is the part.
    known |= {
        name: weight
        for name, weight in model.state_dict().items()
        if name in known and weight.shape == known[name].shape
    }
    smaller.load_state_dict(known)
    results = []
    with torch.inference_mode():
        for one in (model, smaller):
            words = one.words(batch)
            scores = one.pair_logits(words, instances, pairs)
            # Without features the layers above mention pairs have another shape.
            results.append(
                (one.tag_log_probabilities(words, batch)[0], scores.mention_pair if part == "features" else scores.pair)
            )
    (tags, pair), (other_tags, other_pair) = results
    on_tags = part in ("transitions", "document_words")
    assert torch.allclose(tags, other_tags) != on_tags and torch.allclose(pair, other_pair) == on_tags


def test_unknown_parts_are_refused():
    with pytest.raises(ConfigError, match="the parts are transitions"):
        HeadConfig(without=("wheels",))


def test_words_are_means_of_their_pieces(setting):
    _, config, pieces, _ = setting
    batch = collate(pieces, config.pad_id)
    vectors = torch.randn(*batch.ids.shape, 5)
    pooled = pool_words(vectors, batch)
    for row, p in enumerate(pieces):
        for word in range(p.n_words):
            mean = vectors[row, : p.n_pieces][torch.from_numpy(p.word_of_piece == word)].mean(dim=0)
            torch.testing.assert_close(pooled.rows[pooled.first[row] + word], mean)
    n_words = sum(p.n_words for p in pieces)
    assert len(pooled.rows) % ROW_STEP == 0 and not pooled.rows[n_words:].any()
    # As encoders leave them: steps first, fewer of them, and documents that are none; or steps before and behind.
    steps = torch.randn(max(p.n_pieces for p in pieces), 8, 5)
    steps[:, : len(vectors)] = vectors.transpose(0, 1)[: len(steps)]
    inner = nn.functional.pad(vectors, (0, 0, 1, 2))[:, 1:-2]
    odd = nn.functional.pad(vectors, (0, 1))[..., :-1]
    for lying in (steps.transpose(0, 1)[: len(vectors)], inner, odd):
        assert torch.equal(pool_words(lying, batch).rows, pooled.rows)


def test_words_are_tagged_by_themselves_and_by_the_mean_of_their_like():
    torch.manual_seed(1)
    head = TagHead(6, HeadConfig(8)).eval()
    words, group = torch.randn(16, 6), torch.tensor([0, 1, 0, 2, 1, 0, 3])
    means = torch.stack([words[:7][group == g].mean(dim=0) for g in group])
    first = head.layers[1]
    expected = head.layers[2:](nn.functional.linear(torch.cat([words[:7], means], dim=1), first.weight, first.bias))
    with torch.inference_mode():
        torch.testing.assert_close(head(words, group), expected)
        head.part_products()
        torch.testing.assert_close(head(words, group), expected)


def test_features_add_up():
    features = FeatureSum((3, 2, 4), 5)
    rows = torch.tensor([[2, 1, 3], [0, 0, 0], [1, 1, 2]])
    sums, which = features(rows)
    expected = sum(table(rows[:, i]) for i, table in enumerate(features.tables))
    assert len(sums) == 24 and torch.equal(sums[which], expected)


def test_log_sum_exp_by_group():
    values, group = torch.randn(50, 3) * 30, torch.randint(0, 7, (50,))
    group[:7] = torch.arange(7)
    expected = torch.stack([values[group == g].logsumexp(dim=0) for g in range(7)])
    torch.testing.assert_close(log_sum_exp(values, group, 7), expected)


def test_batches_hold_every_document_once_within_the_bound():
    lengths = np.random.default_rng(0).integers(1, 700, 300).tolist()
    batches = list(plan_batches(lengths, 4096))
    assert sorted(i for batch in batches for i in batch) == list(range(300))
    for batch in batches:
        padded = {-(-lengths[i] // 16) * 16 for i in batch}
        assert len(padded) == 1 and (len(batch) == 1 or padded.pop() * len(batch) <= 4096)


def test_batches_of_mixed_lengths_are_full_and_waste_little():
    lengths = np.random.default_rng(0).integers(100, 500, 300).tolist()
    batches = list(plan_batches(lengths, 4096, Mixing(0.9, row_step=8)))
    assert sorted(i for batch in batches for i in batch) == list(range(300))
    assert all(len(batch) % 8 == 0 for batch in batches[:-1])
    padded = sum(max(lengths[i] for i in batch) * -(-len(batch) // 8) * 8 for batch in batches)
    assert padded <= 1.1 * sum(lengths)
    apart = list(plan_batches(lengths, 4096))
    assert len(batches) < len(apart)
    # One far longer than all others stays alone.
    assert [len(batch) for batch in plan_batches([9_000] + [600] * 8, 4096, Mixing(0.9, row_step=8, filling=0.5))] == [
        1,
        8,
    ]
    # A document that alone exceeds the bound is in no larger company than the step.
    assert [len(batch) for batch in plan_batches([9_000] * 9, 4096, Mixing(0.9, row_step=8))] == [8, 1]
