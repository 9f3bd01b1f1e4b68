"""Linear layers in 8 bits: against plain arithmetic, and where they may be used."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest
import torch
from click.testing import CliRunner
from torch import nn

from litcoin_batch.model.annotator import Annotator
from litcoin_batch.model.checkpoint import Checkpoint, verify_checkpoint
from litcoin_batch.model.cpu import int8
from litcoin_batch.model.cpu.hardware import choose_precision, largest_int8_weight
from litcoin_batch.model.cpu.int8 import (
    EXTRA_CHANNELS,
    Int8Gelu,
    Int8Input,
    Int8Linear,
    observed_ranges,
    split_channels,
    to_int8,
)
from litcoin_batch.model.layers.heads import HeadConfig
from litcoin_batch.schema import ConfigError, ContractError
from tiny_models import documents, tiny_checkpoint
from training.observe_ranges import main as observe_main

needs_int8 = pytest.mark.skipif(
    not largest_int8_weight(), reason="this processor has no instructions for 8-bit products"
)


@pytest.fixture(scope="module")
def ranged(tmp_path_factory):
    """A transformer checkpoint that knows the ranges of its inputs."""
    return with_ranges("transformer", tmp_path_factory.mktemp("int8"))


@pytest.fixture(scope="module")
def ranged_lstm(tmp_path_factory):
    return with_ranges("lstm", tmp_path_factory.mktemp("int8"))


def with_ranges(encoder, where, heads=HeadConfig(16, 0.1)):
    folder = tiny_checkpoint(encoder, where, heads)
    before = verify_checkpoint(folder)
    lines = folder.parent / "abstracts.jsonl"
    lines.write_text(
        "".join(f'{{"pmid": {d.pmid}, "title": "{d.title}", "abstract": "{d.abstract}"}}\n' for d in documents())
    )
    done = CliRunner().invoke(observe_main, ["--checkpoint", str(folder), "--documents", str(lines)])
    assert done.exit_code == 0, done.output
    assert done.output.strip() == verify_checkpoint(folder) != before
    return folder


def inputs(n_rows: int, far: int) -> torch.Tensor:
    """Rows whose channel ``far`` reaches twenty times as far as the others."""
    rows = torch.randn(n_rows, 48, generator=torch.Generator().manual_seed(n_rows))
    rows[:, far] *= 20
    return rows


def in_8_bits(layer: nn.Linear, low: torch.Tensor, high: torch.Tensor) -> Int8Linear:
    return Int8Linear(layer, Int8Input(low, high))


def linear_layers(module: nn.Module) -> dict[str, nn.Linear]:
    return {name: part for name, part in module.named_modules() if isinstance(part, nn.Linear)}


def as_told(rows: torch.Tensor, given: Int8Input, low: torch.Tensor, high: torch.Tensor) -> torch.Tensor:
    """Rows rounded to the steps of ``given``, in plain arithmetic: each channel, from ``low`` to ``high``, in as many parts as it has."""
    parts, _ = split_channels(torch.maximum(-low, high))
    bottom, top = -given.zero * given.step, (255 - given.zero) * given.step
    total = torch.zeros_like(rows)
    for part in range(int(parts.max())):
        left = rows - rows.clamp(part * bottom, part * top)
        steps = torch.round((left / given.step).double()).clamp(-given.zero, 255 - given.zero)
        total += torch.where(part < parts, steps * given.step, 0.0).float()
    return total


def plain_product(layer: nn.Linear, rows: torch.Tensor) -> torch.Tensor:
    scale = layer.weight.abs().amax(dim=1) / largest_int8_weight()
    return rows @ (torch.round(layer.weight / scale[:, None]) * scale[:, None]).T + layer.bias


@needs_int8
def test_a_layer_in_8_bits_is_near_to_the_layer_and_exact_on_its_own_grid():
    torch.manual_seed(3)
    layer, rows = nn.Linear(48, 40), inputs(64, far=5)
    # Ranges that reach a little farther: what is just at the bounds lies halfway between two steps.
    low, high = 1.01 * rows.amin(dim=0), 1.01 * rows.amax(dim=0)
    small = in_8_bits(layer, low, high)
    exact = layer(rows)
    assert 0 < (small(rows) - exact).abs().max() < 0.02 * exact.abs().max()
    told = as_told(rows, small.given, low, high)
    assert (told - rows).abs().max() < 0.51 * small.given.step
    assert torch.allclose(small(rows), plain_product(layer, told), atol=1e-4)


@pytest.fixture(params=[64, 127])
def reach(request, monkeypatch):
    """How far weights reach, of those that the processor can add."""
    if request.param > largest_int8_weight():
        pytest.skip("this processor adds two products in 16 bits")
    monkeypatch.setattr(int8, "largest_int8_weight", lambda: request.param)
    return request.param


@needs_int8
def test_the_largest_products_are_summed_exactly(reach):
    """Where two of them are added in 16 bits on the way, they must fit."""
    n = 400
    layer = nn.Linear(n, 2, bias=False)
    with torch.no_grad():
        layer.weight[:] = torch.tensor([[1.0], [-1.0]])
    small = in_8_bits(layer, torch.zeros(n), torch.full((n,), 2.0))
    assert small(torch.full((16, n), 2.0)).unique(dim=0).tolist() == [pytest.approx([2.0 * n, -2.0 * n])]


@needs_int8
def test_finer_weights_are_nearer(monkeypatch):
    torch.manual_seed(7)
    layer, rows = nn.Linear(48, 40), inputs(64, far=5)
    errors = []
    for reach in (16, 64):
        monkeypatch.setattr(int8, "largest_int8_weight", lambda reach=reach: reach)
        small = in_8_bits(layer, rows.amin(dim=0), rows.amax(dim=0))
        errors.append((small(rows) - layer(rows)).square().mean())
    assert errors[1] < errors[0] / 4


@needs_int8
def test_layers_that_see_the_same_rows_round_them_once_and_take_any_of_them():
    torch.manual_seed(6)
    both = nn.ModuleDict({"one": nn.Linear(48, 8), "other": nn.Linear(48, 8)})
    rows = inputs(64, far=5)
    bounds = torch.stack([rows.amin(dim=0), rows.amax(dim=0)])
    to_int8(both, linear_layers(both), {"one": bounds, "other": bounds / 2}, ["one", "other"])
    assert both["one"].given is both["other"].given
    given = both["other"].taking(rows)
    assert given is both["one"].taking(rows)
    for layer in both.values():
        assert torch.equal(layer(given[16:48]), layer(rows)[16:48])


def test_bytes_are_kept_from_the_first_to_the_last_layer_of_a_tensor_and_no_longer():
    rows = inputs(64, far=5)
    alone, shared = (Int8Input(rows.amin(dim=0), rows.amax(dim=0), n_takers) for n_takers in (1, 2))
    before = alone(rows), shared(rows)
    assert shared(rows) is before[1] and torch.equal(*before)
    rows.neg_()
    assert not torch.equal(alone(rows), before[0]) and torch.equal(shared(rows), alone(rows))


@needs_int8
def test_continuing_far_reaching_channels_makes_the_rest_finer():
    torch.manual_seed(4)
    layer, rows = nn.Linear(48, 40, bias=False), inputs(64, far=5)
    low, high = rows.amin(dim=0), rows.amax(dim=0)
    continued = in_8_bits(layer, low, high)
    whole = in_8_bits(layer, torch.full_like(low, float(low.min())), torch.full_like(high, float(high.max())))
    errors = [(small(rows) - layer(rows)).square().mean() for small in (continued, whole)]
    assert errors[0] < errors[1] / 4


@needs_int8
def test_inputs_beyond_the_bounds_are_held_to_them():
    layer = nn.Linear(16, 3)
    small = in_8_bits(layer, -torch.ones(16), torch.ones(16))
    assert torch.equal(small(torch.full((2, 16), 50.0)), small(torch.full((2, 16), 1.0)))


@needs_int8
def test_a_feed_forward_part_hands_on_bytes_and_neighbours_round_their_input_once(ranged):
    model = Checkpoint.load(ranged).model
    backbone = model.encoder.backbone
    rows = torch.randn(2, 7, backbone.config.hidden_size)
    layers = linear_layers(backbone)
    with observed_ranges(layers) as ranges, torch.no_grad():
        exact = backbone(inputs_embeds=rows).last_hidden_state
    to_int8(backbone, layers, ranges)
    first = backbone.encoder.layer[0]
    attention = first.attention.self
    assert (
        attention.query.given is attention.key.given is attention.value.given is not first.attention.output.dense.given
    )
    with torch.no_grad():
        handed = first.intermediate(rows)
        assert handed.dtype == torch.uint8 and handed.shape[:2] == rows.shape[:2]
        found = backbone(inputs_embeds=rows).last_hidden_state
    assert 0 < (found - exact).abs().max() < 0.05 * exact.abs().max()


@needs_int8
def test_bytes_of_a_gelu_are_those_of_its_32_bit_results():
    torch.manual_seed(5)
    first, second, rows = nn.Linear(48, 32), nn.Linear(32, 40), inputs(64, far=5)
    with torch.no_grad():
        first.weight[3] *= 30
    wide = nn.functional.gelu(first(rows)).detach()
    one = in_8_bits(first, rows.amin(dim=0), rows.amax(dim=0))
    two = in_8_bits(second, wide.amin(dim=0), wide.amax(dim=0))
    assert len(two.given.again)
    apart = two.given(nn.functional.gelu(one(rows)))
    fused = Int8Gelu(first, one.given, two.given)(rows)
    assert fused.shape == apart.shape
    assert (fused.int() - apart.int()).abs().max() <= 1


@needs_int8
def test_memory_does_not_grow_with_the_numbers_of_rows_met():
    code = (
        "import torch; from torch import nn; from litcoin_batch.model.cpu.int8 import Int8Input, Int8Linear\n"
        "from litcoin_batch.model.cpu.memory import give_back_memory, settle_kernels\n"
        "torch.set_num_threads(1); settle_kernels()\n"
        "resident = lambda: give_back_memory() or int(open('/proc/self/statm').read().split()[1]) * 4096\n"
        "reach = torch.full((512,), 3.0); layer = Int8Linear(nn.Linear(512, 256), Int8Input(-reach, reach))\n"
        "seen = [(layer(torch.zeros(16 * n, 512)), resident())[1] for n in range(1, 401)]\n"
        "print(seen[399] - seen[99])"
    )
    environment = {name: value for name, value in os.environ.items() if name != "ONEDNN_PRIMITIVE_CACHE_CAPACITY"}
    done = subprocess.run(
        [sys.executable, "-c", f"import torch\nwith torch.inference_mode(): exec({code!r})"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) < 40_000_000


def test_parts_of_a_channel_reach_no_farther_than_told_and_are_no_more_than_allowed():
    reach = torch.tensor([1.0, 1.2, 0.0, 30.0, 7.0])
    for extra in (0, 3, EXTRA_CHANNELS):
        parts, bound = split_channels(reach, extra)
        assert int(parts.sum()) - len(reach) <= extra and int(parts.min()) == 1
        assert (reach / parts <= bound + 1e-5).all()
    assert split_channels(reach, 0)[1] == pytest.approx(30.0)


def test_ranges_are_the_mean_of_those_of_each_call():
    model = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 2))
    some = [torch.randn(3, 400, 4, generator=torch.Generator().manual_seed(i)) for i in range(3)]
    with observed_ranges(linear_layers(model)) as ranges:
        for rows in some:
            model(rows)
    flat = torch.stack([rows.reshape(-1, 4) for rows in some])
    assert set(ranges) == {"0", "2"}
    torch.testing.assert_close(ranges["0"], torch.stack([flat.amin(dim=1).mean(dim=0), flat.amax(dim=1).mean(dim=0)]))
    model(100 * some[0])
    assert float(ranges["0"].abs().max()) < 50, "observed after the block ended"
    # The same rows a few at a time are calls of 1,024 rows at least; what is left over has no say, unless there is nothing else.
    rows = torch.cat([rows.reshape(-1, 4) for rows in some])
    for n, whole in ((3_600, 1_024), (1_000, 1_000)):
        with observed_ranges(linear_layers(model)) as ranges:
            for few in rows[:n].split(64):
                model(few)
        groups = rows[:n].split(whole)[: n // whole]
        torch.testing.assert_close(
            ranges["0"], torch.stack([torch.stack([g.amin(dim=0), g.amax(dim=0)]) for g in groups]).mean(dim=0)
        )


def test_ranges_of_another_model_are_refused():
    model = nn.Sequential(nn.Linear(4, 6), nn.Linear(6, 2))
    with pytest.raises(ContractError, match="do not fit the model: 1"):
        to_int8(model, linear_layers(model), {"0": torch.zeros(2, 4)})


@needs_int8
@pytest.mark.parametrize("checkpoint", ["ranged", "ranged_lstm"])
def test_a_checkpoint_with_ranges_finds_nearly_the_same_in_8_bits(checkpoint, request):
    folder = request.getfixturevalue(checkpoint)
    exact, small = (
        Annotator.load(folder, device="cpu", precision=p).annotate(documents(10)) for p in ("float32", "int8")
    )
    spans = [{(a.pmid, m.start, m.end, m.type): m.score for a in found for m in a.mentions} for found in (exact, small)]
    same = spans[0].keys() & spans[1].keys()
    assert len(same) > 0.9 * len(spans[0])
    apart = sorted(abs(spans[0][span] - spans[1][span]) for span in same)
    assert apart[int(0.95 * len(apart))] < 0.05
    # With 64 steps of weights (no VNNI) one word of an untrained model is moved as far as .15.
    assert 0 < apart[-1] < (0.1 if largest_int8_weight() == 127 else 0.2)


@needs_int8
@pytest.mark.parametrize("part", ["reader", "document_words"])
def test_heads_without_a_part_compute_in_8_bits_as_well(part, tmp_path):
    folder = with_ranges("lstm", tmp_path, HeadConfig(16, 0.1, without=(part,)))
    exact, small = (
        Annotator.load(folder, device="cpu", precision=p).annotate(documents()) for p in ("float32", "int8")
    )
    pairs = [{(a.pmid, r.pair): r.score for a in found for r in a.relations} for found in (exact, small)]
    same = pairs[0].keys() & pairs[1].keys()
    assert len(same) > 0.5 * len(pairs[0]) > 5 and any(pairs[0][pair] != pairs[1][pair] for pair in same)


@needs_int8
def test_a_recurrence_takes_its_inputs_as_bytes_rounded_once_for_both_directions(ranged_lstm):
    loaded = Checkpoint.load(ranged_lstm)
    loaded.model.to_int8(loaded.input_ranges)
    encoder = loaded.model.encoder
    for ahead, behind in zip(encoder.forwards, encoder.backwards, strict=True):
        assert isinstance(ahead.input, Int8Linear) and ahead.input.given is behind.input.given


@needs_int8
@pytest.mark.parametrize("checkpoint", ["ranged", "ranged_lstm"])
def test_company_changes_not_a_bit_in_8_bits(checkpoint, request):
    folder, many = request.getfixturevalue(checkpoint), documents(23)
    expected = Annotator.load(folder, device="cpu", precision="int8").annotate(many)
    alone = Annotator.load(folder, device="cpu", batch_pieces=1, precision="int8")
    assert [alone.annotate([d])[0] for d in many] == expected


def test_8_bits_need_ranges_and_a_processor(ranged, tmp_path, monkeypatch):
    able = {"avx512_vnni": True, "avx512_bf16": True, "cpu_name": "AMD EPYC"}
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: able)
    bare = shutil.copytree(tiny_checkpoint("transformer", tmp_path), tmp_path / "bare")
    assert Annotator.load(bare, device="cpu").precision == "bfloat16"
    with pytest.raises(ConfigError, match="lacks the ranges"):
        Annotator.load(bare, device="cpu", precision="int8")
    assert Checkpoint.load(ranged).input_ranges
    able["avx512_vnni"] = False
    assert Annotator.load(ranged, device="cpu").precision == "bfloat16"
    with pytest.raises(ConfigError, match="no instructions"):
        Annotator.load(ranged, device="cpu", precision="int8")


def test_8_bits_are_taken_without_instructions_of_their_own_and_weights_reach_half_as_far(monkeypatch):
    able = {"avx2": True, "avx512_vnni": True, "cpu_name": "Intel"}
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: able)
    assert largest_int8_weight() == 127
    able["avx512_vnni"] = False
    assert largest_int8_weight() == 64
    assert choose_precision("auto", torch.device("cpu"), ranged=True, recurrent=True) == "int8"
    assert choose_precision("auto", torch.device("cpu"), ranged=False) == "float32"


def test_of_a_recurrent_encoder_16_bits_win_where_they_are_fast(ranged_lstm, monkeypatch):
    able = {"avx512_vnni": True, "avx512_bf16": True, "cpu_name": "AMD EPYC"}
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: able)
    assert Annotator.load(ranged_lstm, device="cpu").precision == "bfloat16"
    able["avx512_bf16"] = False
    assert Annotator.load(ranged_lstm, device="cpu").precision == "int8"


def test_documents_without_text_give_no_ranges(tmp_path):
    folder = tiny_checkpoint("lstm", tmp_path)
    lines = tmp_path / "abstracts.jsonl"
    lines.write_text('{"pmid": 1, "title": "", "abstract": ""}\n')
    done = CliRunner().invoke(observe_main, ["--checkpoint", str(folder), "--documents", str(lines)])
    assert done.exit_code == 1 and "no text in" in done.output
