"""Queries of mention pairs: what they look at, that they change nothing, and that they learn."""

import numpy as np
import pytest
import torch
from transformers import BertConfig
from transformers.models.bert.modeling_bert import BertLayer

from litcoin_batch.model.annotator import allowed_type_pairs
from litcoin_batch.model.batching.batches import collate
from litcoin_batch.model.batching.entities import join_instances, link_entities
from litcoin_batch.model.batching.pairs import build_pairs, keep_pairs
from litcoin_batch.model.layers.heads import HeadConfig
from litcoin_batch.model.layers.pooling import Words
from litcoin_batch.model.layers.reader import DISTANCE_EDGES, Reader, ReaderConfig, plan_blocks
from litcoin_batch.schema import ConfigError
from litcoin_batch.text.pieces import split_pieces
from tiny_models import TYPE_PAIRS, documents, tiny_model
from toy_gold import gold_mentions
from training.learning.assemble import READER_NAMES

WIDTH, CONFIG = 12, ReaderConfig(n_layers=2, width=8, inner=16, n_heads=2, dropout=0.0)


@pytest.fixture(scope="module")
def setting(tmp_path_factory):
    model, tokenizer, config = tiny_model("rnn", tmp_path_factory.mktemp("model"))
    pieces = split_pieces(documents(2), tokenizer)
    entities = link_entities([gold_mentions(d) for d in documents(2)], pieces)
    return model, config, pieces, entities


def pairs_of(setting, rows=(0, 1)):
    _, config, pieces, entities = setting
    batch = collate([pieces[i] for i in rows], config.pad_id)
    instances = join_instances([entities[i] for i in rows])
    return batch, instances, build_pairs(batch, instances, allowed_type_pairs(TYPE_PAIRS), 3)


def opinionated(config=CONFIG, width=WIDTH):
    """A reader whose distances matter as well."""
    torch.manual_seed(5)
    reader = Reader(width, config)
    for layer in reader.layers:
        torch.nn.init.normal_(layer.own)
        torch.nn.init.normal_(layer.other)
    return reader.eval()


def words_of(batch, width=WIDTH):
    n = len(batch.word_group)
    return Words(torch.randn(n + -n % 16, width, generator=torch.Generator().manual_seed(3)), batch.first_word)


def means_of(words, instances):
    base = words.first[instances.document]
    return torch.stack(
        [words.rows[b + f : b + s].mean(dim=0) for b, f, s in zip(base, instances.first, instances.stop, strict=True)]
    )


def distance(place, first, stop):
    gap = place - first if place < first else max(0, place - stop + 1)
    return len(DISTANCE_EDGES) + int(np.sign(gap) * np.digitize(abs(gap), DISTANCE_EDGES))


def read_by_loop(reader, words, means, instances, pairs):
    """One mention pair, query, head and word after another."""
    text, results = reader.narrow(words.rows), []
    for row in range(len(pairs.pair)):
        ends = [pairs.left[row], pairs.right[row]]
        kinds = torch.tensor([int(instances.entity_type[instances.entity[i]]) for i in ends])
        queries = reader.start(reader.narrow(means[ends]) + reader.kind(kinds) + reader.role.weight)
        one, two, three, four = pairs.context[row].tolist()
        places = [*range(one, two), *range(three, four)]
        spans = pairs.spans[row].reshape(2, 2).tolist()
        for layer in reader.layers:
            depth = text.shape[1] // layer.n_heads
            found = torch.zeros_like(queries)
            for side in (0, 1):
                for head in range(layer.n_heads):
                    part = slice(head * depth, (head + 1) * depth)
                    seen = torch.cat([text[places], queries])
                    scores = layer.key(seen)[:, part] @ layer.query(queries[side])[part] / depth**0.5
                    for i, place in enumerate(places):
                        scores[i] += layer.own[head, distance(place, *spans[side])]
                        scores[i] += layer.other[head, distance(place, *spans[1 - side])]
                    found[side, part] = scores.softmax(dim=0) @ layer.value(seen)[:, part]
            queries = layer.mixed(queries + layer.mix(found))
            queries = layer.norm(queries + layer.second(torch.nn.functional.gelu(layer.first(queries))))
        results.append(queries.flatten())
    return torch.stack(results)


def test_reader_is_what_a_plain_loop_computes(setting, monkeypatch):
    batch, instances, pairs = pairs_of(setting)
    reader, words = opinionated(), words_of(batch)
    means = means_of(words, instances)
    assert len({tuple(row) for row in pairs.context.tolist()}) > 3
    with torch.no_grad():
        expected = read_by_loop(reader, words, means, instances, pairs)
        torch.testing.assert_close(reader(words, means, instances, pairs), expected, atol=1e-5, rtol=1e-5)
        monkeypatch.setattr("litcoin_batch.model.layers.reader.PAIRS_IN_CACHE", 3)
        assert len(plan_blocks(instances.document[pairs.left], pairs, len(words.rows), torch.device("cpu"))[1]) > 4
        torch.testing.assert_close(reader(words, means, instances, pairs), expected, atol=1e-5, rtol=1e-5)


def test_a_layer_is_the_transformers_own_where_text_does_not_see_the_queries(setting):
    """With the weights of a BERT layer, over a pair's words and its two queries, distances not yet learnt."""
    batch, instances, pairs = pairs_of(setting)
    config = BertConfig(hidden_size=WIDTH, num_attention_heads=3, intermediate_size=20, hidden_act="gelu", attn_implementation="eager")  # fmt: skip
    torch.manual_seed(2)
    theirs = BertLayer(config).eval()
    reader = Reader(WIDTH, ReaderConfig(1, 0, 20, 3, 0.0)).eval()
    weights = theirs.state_dict()
    (ours,) = reader.layers
    ours.load_state_dict(
        ours.state_dict()
        | {f"{name}.{kind}": weights[f"{foreign}.{kind}"] for name, foreign in READER_NAMES.items() for kind in ("weight", "bias")}
    )  # fmt: skip
    words = words_of(batch)
    means = means_of(words, instances)
    with torch.no_grad():
        found = reader(words, means, instances, pairs).view(len(pairs.pair), 2, WIDTH)
        for row in range(len(pairs.pair)):
            ends = [pairs.left[row], pairs.right[row]]
            kinds = torch.tensor([int(instances.entity_type[instances.entity[i]]) for i in ends])
            queries = reader.start(means[ends] + reader.kind(kinds) + reader.role.weight)
            one, two, three, four = pairs.context[row].tolist()
            together = torch.cat([words.rows[one:two], words.rows[three:four], queries])[None]
            output = theirs(together)
            output = output if isinstance(output, torch.Tensor) else output[0]
            torch.testing.assert_close(found[row], output[0, -2:], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("rows", [(0,), (1,), (1, 0)])
def test_company_changes_no_bit_of_what_a_pair_reads(setting, rows):
    reader = opinionated()
    vectors = [
        torch.randn(p.n_words, WIDTH, generator=torch.Generator().manual_seed(i)) for i, p in enumerate(setting[2])
    ]

    def read(rows):
        batch, instances, pairs = pairs_of(setting, rows)
        joined = torch.cat([vectors[i] for i in rows])
        words = Words(torch.nn.functional.pad(joined, (0, 0, 0, -len(joined) % 16)), batch.first_word)
        found = reader(words, means_of(words, instances), instances, pairs)
        document = instances.document[pairs.left]
        return {i: found[torch.from_numpy(document == place)] for place, i in enumerate(rows)}

    with torch.inference_mode():
        whole, part = read((0, 1)), read(rows)
    for i in rows:
        assert len(part[i]) > 3 and torch.equal(part[i], whole[i])


def test_pairs_change_neither_the_words_nor_each_other(setting):
    model = setting[0]
    batch, instances, pairs = pairs_of(setting)
    with torch.inference_mode():
        words = model.words(batch)
        before = words.rows.clone()
        whole = model.pair_logits(words, instances, pairs).pair
        assert torch.equal(words.rows, before)
        for pair in range(pairs.n_pairs):
            alone = keep_pairs(pairs, np.arange(pairs.n_pairs) == pair)
            found = model.pair_logits(words, instances, alone).pair
            torch.testing.assert_close(found[0], whole[pair], atol=1e-4, rtol=1e-4)


def test_words_outside_of_the_context_do_not_matter_and_words_inside_do(setting):
    batch, instances, pairs = pairs_of(setting, (0,))
    reader, words = opinionated(), words_of(batch)
    means = means_of(words, instances)
    with torch.inference_mode():
        before = reader(words, means, instances, pairs)
        word = int(pairs.context[0, 0])
        words.rows[word] += 3.0
        changed = (reader(words, means, instances, pairs) != before).any(dim=1)
    inside = [any(s <= word < e for s, e in row.reshape(2, 2)) for row in pairs.context]
    assert changed.tolist() == inside and len(set(inside)) == 2


def test_gradients_reach_every_part_of_the_reader_and_the_words(setting):
    batch, instances, pairs = pairs_of(setting)
    reader, words = opinionated().train(), words_of(batch)
    words.rows.requires_grad_()
    reader(words, means_of(words, instances), instances, pairs).pow(3).sum().backward()
    untouched = [name for name, p in reader.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    # A constant added to every key changes no softmax.
    assert [name for name in untouched if not name.endswith("key.bias")] == []
    assert words.rows.grad.abs().sum() > 0


def test_a_batch_without_pairs_is_read_as_nothing(setting):
    batch, instances, pairs = pairs_of(setting)
    none = keep_pairs(pairs, np.zeros(pairs.n_pairs, bool))
    reader, words = opinionated(), words_of(batch)
    assert reader(words, means_of(words, instances), instances, none).shape == (0, 16)


def test_a_reader_starts_as_the_last_layers_of_its_transformer(tmp_path):
    heads = HeadConfig(16, 0.1, reader=ReaderConfig(2, 0, 48, 2))
    model, *_ = tiny_model("transformer", tmp_path, heads)
    layers = model.encoder.backbone.encoder.layer
    assert len(layers) == 2
    for ours, theirs in zip(model.pair_head.reader.layers, layers, strict=True):
        assert torch.equal(ours.query.weight, theirs.attention.self.query.weight)
        assert torch.equal(ours.second.bias, theirs.output.dense.bias) and not ours.own.any()


@pytest.mark.parametrize("settings", [{"n_layers": 0}, {"width": 10, "n_heads": 4}])
def test_impossible_readers_are_refused(settings):
    with pytest.raises(ConfigError, match="a layer or more"):
        ReaderConfig(**settings)
