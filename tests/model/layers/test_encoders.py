import itertools

import pytest
import torch

from litcoin_batch.model.batching.batches import collate
from litcoin_batch.model.cpu.recurrence import Direction
from litcoin_batch.model.layers.encoders import TransformerEncoder, central_window, window_starts
from litcoin_batch.text.pieces import split_pieces
from tiny_models import documents, tiny_backbone, tiny_model
from training.learning.assemble import load_backbone


@pytest.mark.parametrize("kind", ["rnn", "lstm", "transformer"])
def test_padding_and_company_change_nothing(kind, tmp_path):
    model, tokenizer, config = tiny_model(kind, tmp_path)
    # Only the last document is longer than one window, whose borders depend on the padded length.
    pieces = split_pieces(documents(4), tokenizer)
    together = collate(pieces, config.pad_id)
    with torch.inference_mode():
        joint = model.encoder(together.ids, together.shapes, together.mask)
        for row, p in enumerate(pieces):
            alone = collate([p], config.pad_id)
            own = model.encoder(alone.ids, alone.shapes, alone.mask)
            torch.testing.assert_close(joint[row, : p.n_pieces], own[0, : p.n_pieces], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("cell", ["rnn", "lstm"])
def test_recurrence_equals_torchs_bidirectional_module(cell, tmp_path):
    model, tokenizer, config = tiny_model(cell, tmp_path)
    encoder = model.encoder
    batch = collate(split_pieces(documents(1), tokenizer), config.pad_id)
    n = int(batch.mask.sum())
    with torch.inference_mode():
        x = encoder.input(encoder.embedding(batch.ids) + encoder.shape(batch.shapes))[:, :n]
        for ahead, behind, norm in zip(encoder.forwards, encoder.backwards, encoder.norms, strict=True):
            both = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM}[cell](
                x.shape[-1], encoder.width // 2, bidirectional=True, batch_first=True
            )
            weights = ahead.state_dict() | {f"{k}_reverse": v for k, v in behind.state_dict().items()}
            both.load_state_dict(weights)
            x = norm(x + both(x)[0])
        ours = encoder(batch.ids, batch.shapes, batch.mask)[:, :n]
    torch.testing.assert_close(ours, x, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("kind", [torch.nn.RNN, torch.nn.LSTM])
@pytest.mark.parametrize("backward", [False, True])
def test_a_direction_computes_what_torchs_kernel_computes(kind, backward):
    torch.manual_seed(4)
    cell = kind(6, 5)
    mask = torch.arange(9)[:, None] < torch.tensor([9, 4, 7, 0])
    x = torch.randn(9, 4, 6)
    given = x.clone()
    with torch.no_grad():
        found = Direction(cell)(x, mask, backward)
        for row, n in enumerate(mask.sum(dim=0).tolist()[:3]):
            own = x[:n, row].flip(0) if backward else x[:n, row]
            expected = cell(own)[0]
            torch.testing.assert_close(found[:n, row], expected.flip(0) if backward else expected, atol=1e-6, rtol=1e-5)
    assert torch.equal(x, given)


@pytest.mark.parametrize("cell", ["rnn", "lstm"])
def test_training_and_inference_compute_the_same(cell, tmp_path):
    model, tokenizer, config = tiny_model(cell, tmp_path)
    batch = collate(split_pieces(documents(4), tokenizer), config.pad_id)
    assert len(set(batch.mask.sum(dim=1).tolist())) > 1
    in_training = model.encoder(batch.ids, batch.shapes, batch.mask)
    assert in_training.requires_grad
    results = []
    with torch.inference_mode():
        results.append(model.encoder(batch.ids, batch.shapes, batch.mask))
        model.encoder.part_products()
        results.append(model.encoder(batch.ids, batch.shapes, batch.mask))
    assert torch.equal(*results)
    real = batch.mask[:, : results[0].shape[1]]
    torch.testing.assert_close(results[0][real], in_training.detach()[real], atol=1e-5, rtol=1e-5)


def test_one_window_equals_the_hugging_face_model(tmp_path):
    backbone, tokenizer, special = load_backbone(str(tiny_backbone(tmp_path)))
    encoder = TransformerEncoder(backbone, 64, (special["begin"], special["end"])).eval()
    backbone.eval()
    batch = collate(split_pieces(documents(4)[3:], tokenizer), special["pad"])
    ids = batch.ids[batch.mask]
    whole = torch.cat([torch.tensor([special["begin"]]), ids, torch.tensor([special["end"]])])[None]
    with torch.inference_mode():
        expected = backbone(input_ids=whole).last_hidden_state[0, 1:-1]
        found = encoder(batch.ids, batch.shapes, batch.mask)[0, : len(ids)]
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(("n_pieces", "room"), [(62, 62), (63, 62), (100, 62), (1000, 62), (5008, 510)])
def test_windows_cover_everything_and_overlap(n_pieces, room):
    starts = window_starts(n_pieces, room)
    chosen = central_window(n_pieces, room, starts)
    assert starts[0] == 0 and starts[-1] + room >= n_pieces
    assert all(b - a <= room // 2 + 1 for a, b in itertools.pairwise(starts))
    assert all(starts[w] <= i < starts[w] + room for i, w in enumerate(chosen))


def test_long_documents_are_not_truncated(tmp_path):
    model, tokenizer, config = tiny_model("transformer", tmp_path)
    pieces = split_pieces(documents(), tokenizer)[-1]
    assert pieces.n_pieces > 2 * model.encoder.window
    batch = collate([pieces], config.pad_id)
    with torch.inference_mode():
        before = model.encoder(batch.ids, batch.shapes, batch.mask)
        batch.ids[0, pieces.n_pieces - 1] = 5 if batch.ids[0, pieces.n_pieces - 1] != 5 else 6
        after = model.encoder(batch.ids, batch.shapes, batch.mask)
    assert not torch.equal(before[0, pieces.n_pieces - 1], after[0, pieces.n_pieces - 1])
    assert before[0, : pieces.n_pieces].abs().sum(dim=-1).min() > 0
