"""Attention document by document against torch's fused kernel."""

import pytest
import torch
import transformers

from litcoin_batch.model.attention import _lengths, attend_by_document


def backbone(**settings):
    torch.manual_seed(0)
    config = transformers.AutoConfig.for_model("bert", vocab_size=50, hidden_size=64, num_hidden_layers=2, num_attention_heads=2, intermediate_size=96, **settings)
    return transformers.AutoModel.from_config(config).eval()


@pytest.mark.parametrize("lengths", [[9, 9], [9, 4], [3, 1]])
def test_it_computes_what_the_fused_kernel_computes(lengths):
    ids = torch.arange(18).view(2, 9)
    mask = (torch.arange(9) < torch.tensor(lengths)[:, None]).long()
    fused, ours = backbone(), backbone()
    attend_by_document(ours)
    assert ours.config._attn_implementation != fused.config._attn_implementation == "sdpa"
    with torch.inference_mode():
        expected, found = (model(ids, attention_mask=mask).last_hidden_state[mask.bool()] for model in (fused, ours))
    torch.testing.assert_close(found, expected)


def test_models_with_attention_of_their_own_keep_it():
    model = backbone(attn_implementation="eager")
    attend_by_document(model)
    assert model.config._attn_implementation == "eager"


def test_only_padding_at_the_end_is_taken_for_padding():
    places = torch.arange(4)
    padding = (places < torch.tensor([[4], [2]]))[:, None, None].expand(2, 1, 4, 4)
    assert _lengths(padding, 2, 4) == [4, 2]
    assert _lengths(None, 2, 4) == [4, 4]
    causal = (places <= places[:, None]).expand(2, 1, 4, 4)
    assert _lengths(causal, 2, 4) is None
    in_front = padding.flip(-1)
    assert _lengths(in_front, 2, 4) is None
    assert _lengths(padding.float(), 2, 4) is None
