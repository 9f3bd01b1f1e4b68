"""Which mentions of two entities carry their relation."""

import numpy as np

from litcoin_batch.model.batching.pairs import SENTENCES_APART, Pairs
from litcoin_batch.model.decoding import _best_mention_pair


def pairs(left, right, sentences_apart):
    """One entity pair."""
    features = np.zeros((len(left), 4), int)
    features[:, SENTENCES_APART] = sentences_apart
    entity = np.array([0])
    return Pairs(
        left=np.array(left), right=np.array(right), pair=np.zeros(len(left), int), entity_1=entity, entity_2=entity + 1,
        mention_features=features, place_features=features[:, :2], pair_features=features[:1], spans=features, context=features,
    )  # fmt: skip


def test_a_sentence_that_names_both_carries_what_a_louder_pair_of_two_sentences_says():
    # Instances 0 and 2 stand in the title and the second sentence, 1 beside 2.
    two = pairs([0, 1], [2, 2], [1, 0])
    logits = np.array([[0.0, 9.0], [0.0, 1.0]])
    assert _best_mention_pair(two, logits, np.array([1]), np.array([0])).tolist() == [1]


def test_where_no_sentence_names_both_the_loudest_pair_carries_it():
    apart = pairs([0, 1], [2, 2], [2, 1])
    logits = np.array([[0.0, 1.0], [0.0, 9.0]])
    assert _best_mention_pair(apart, logits, np.array([1]), np.array([0])).tolist() == [1]
