"""Which mentions of two entities carry their relation."""

import numpy as np

from litcoin_batch.model.annotator import _best_mention_pair
from litcoin_batch.model.batches import Pairs


def pairs(left, right, sentence):
    """One entity pair."""
    none = np.zeros((len(left), 4), int)
    entity = np.array([0])
    return Pairs(
        np.array(left), np.array(right), np.zeros(len(left), int), entity, entity + 1, none, none[:1], none[:, :2], np.array(sentence)
    )  # fmt: skip


def test_a_sentence_that_names_both_carries_what_a_louder_pair_of_two_sentences_says():
    # Instances 0 and 2 stand in the title and the second sentence, 1 beside 2.
    two = pairs([0, 1], [2, 2], [[0, 4], [4, 9], [4, 9]])
    logits = np.array([[0.0, 9.0], [0.0, 1.0]])
    assert _best_mention_pair(two, logits, np.array([1]), np.array([0])).tolist() == [1]


def test_where_no_sentence_names_both_the_loudest_pair_carries_it():
    apart = pairs([0, 1], [2, 2], [[0, 4], [4, 9], [9, 12]])
    logits = np.array([[0.0, 1.0], [0.0, 9.0]])
    assert _best_mention_pair(apart, logits, np.array([1]), np.array([0])).tolist() == [1]
