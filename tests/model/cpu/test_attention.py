"""Attention as we ask for it against torch's fused kernel."""

import pytest
import torch
import transformers

from litcoin_batch.model.cpu.attention import mask_by_one_row


def backbone(**settings):
    torch.manual_seed(0)
    config = transformers.AutoConfig.for_model(
        "bert",
        vocab_size=50,
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=96,
        **settings,
    )
    return transformers.AutoModel.from_config(config).eval()


@pytest.mark.parametrize("lengths", [[9, 9], [9, 4], [3, 1]])
def test_they_compute_what_the_fused_kernel_computes(lengths):
    ids = torch.arange(18).view(2, 9)
    mask = (torch.arange(9) < torch.tensor(lengths)[:, None]).long()
    fused, one_row = backbone(), backbone()
    mask_by_one_row(one_row)
    assert len({model.config._attn_implementation for model in (fused, one_row)}) == 2
    with torch.inference_mode():
        expected, same = (model(ids, attention_mask=mask).last_hidden_state[mask.bool()] for model in (fused, one_row))
    assert torch.equal(same, expected)


def test_one_row_is_handed_on_where_it_says_all(monkeypatch):
    seen = []
    kernel = torch.nn.functional.scaled_dot_product_attention
    monkeypatch.setattr(
        torch.nn.functional,
        "scaled_dot_product_attention",
        lambda *args, attn_mask, **more: (seen.append(attn_mask), kernel(*args, attn_mask=attn_mask, **more))[1],
    )
    mask = torch.tensor([[1, 1, 0]])
    for model, rows in ((backbone(), 1), (backbone(is_decoder=True), 3)):
        mask_by_one_row(model)
        model(torch.arange(3)[None], attention_mask=mask)
        assert {m.shape[2] for m in seen} == {rows}
        seen.clear()


def test_models_with_attention_of_their_own_keep_it():
    model = backbone(attn_implementation="eager")
    mask_by_one_row(model)
    assert model.config._attn_implementation == "eager"
