"""Pieces to vectors: three encoders behind one call.

``encoder(ids, shapes, mask) -> (batch, pieces, encoder.width)``, vectors at masked places undefined; places behind the
longest document may be missing.
Each document is read once, whatever its length.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
import transformers  # loads what is asked of it and when: seconds, which recurrent encoders need not wait for
from torch import Tensor, nn

from litcoin_batch.model.batching.batches import LENGTH_STEP, ROW_STEP, Mixing, padded_len
from litcoin_batch.model.cpu.recurrence import STATES_STEP, Direction, add_rows, is_fast
from litcoin_batch.text.pieces import N_SHAPES

# Of one pass of a transformer on a CPU: with more, what one layer hands to the next leaves the cache (a tenth slower).
PIECES_IN_CACHE = 4_096


@dataclass(frozen=True, slots=True)
class RecurrentConfig:
    """``cell`` "rnn" (tanh) or "lstm"; widths per direction; ``frozen`` embeddings are not trained."""

    cell: str
    n_pieces: int
    embedding_width: int = 256
    hidden_width: int = 256
    n_layers: int = 2
    dropout: float = 0.3
    frozen: bool = False


class RecurrentEncoder(nn.Module):
    """Bidirectional vanilla RNN or LSTM over piece and word-shape embeddings.

    The backward direction runs over each document reversed within its own length, so that padding
    never enters a state.
    """

    def __init__(self, config: RecurrentConfig) -> None:
        super().__init__()
        cell = {"rnn": nn.RNN, "lstm": nn.LSTM}[config.cell]
        hidden = config.hidden_width
        self.embedding = nn.Embedding(config.n_pieces, config.embedding_width)
        self.embedding.weight.requires_grad_(not config.frozen)
        self.shape = nn.Embedding(N_SHAPES, config.embedding_width)
        nn.init.zeros_(self.shape.weight)
        self.input = nn.Linear(config.embedding_width, 2 * hidden)
        self.forwards = nn.ModuleList(cell(2 * hidden, hidden) for _ in range(config.n_layers))
        self.backwards = nn.ModuleList(cell(2 * hidden, hidden) for _ in range(config.n_layers))
        self.norms = nn.ModuleList(nn.LayerNorm(2 * hidden) for _ in range(config.n_layers))
        self.dropout = nn.Dropout(config.dropout)
        self.width = 2 * hidden
        for name, weight in [*self.forwards.named_parameters(), *self.backwards.named_parameters()]:
            # Orthogonal recurrences keep the gradient's length over hundreds of steps (Saxe et al. 2014).
            if "weight_hh" in name:
                for gate in weight.data.split(hidden):
                    nn.init.orthogonal_(gate)

    def halve_precision(self) -> None:
        self.to(torch.bfloat16)

    def part_products(self) -> None:
        """Make what recurrences do to their inputs linear layers of their own, in place and for inference only."""
        self.forwards, self.backwards = (
            nn.ModuleList(c if isinstance(c, Direction) else Direction(c) for c in cells)
            for cells in (self.forwards, self.backwards)
        )

    def mixing(self, device: torch.device) -> Mixing:
        """Documents of several lengths may share a batch: no place sees the padding behind a document."""
        return Mixing(shortest=0.95, row_step=STATES_STEP, filling=0.5, length_step=1)

    def n_padded(self, mask: Tensor) -> int:
        """Places that ``forward`` computes, real or not."""
        return len(mask) * self._n_steps(mask)

    def n_computed(self, mask: Tensor) -> int:
        """The same with the documents that the steps of a recurrence, and nothing else, make more of."""
        return padded_len(len(mask), STATES_STEP) * self._n_steps(mask)

    @staticmethod
    def _n_steps(mask: Tensor) -> int:
        """Steps behind the longest document are not taken, but for a round number of places in all."""
        n_steps = max(1, int(mask.sum(dim=1).max()))
        return n_steps if len(mask) % STATES_STEP == 0 else min(padded_len(n_steps, ROW_STEP), mask.shape[1])

    def forward(self, ids: Tensor, shapes: Tensor, mask: Tensor) -> Tensor:
        n_steps = self._n_steps(mask)
        # Steps first: each multiplies the states of all documents, which then lie side by side.
        ids, shapes, mask = (t[:, :n_steps].T.contiguous() for t in (ids, shapes, mask))
        x = self.input(self.dropout(self.embedding(ids) + self.shape(shapes)))
        for ahead, behind, norm in zip(self.forwards, self.backwards, self.norms, strict=True):
            h = self.dropout(x)
            # The residual lets the tanh recurrence refine its input instead of having to carry it.
            x = norm(_beside(x, _recur(ahead, h, mask, False), _recur(behind, h, mask, True)))
        return x.transpose(0, 1)


class TransformerEncoder(nn.Module):
    """Any Hugging Face encoder; documents longer than its window are covered by overlapping windows.

    Of the windows that cover a piece, the one in which it lies most central gives its vector.
    """

    def __init__(self, backbone: transformers.PreTrainedModel, window: int, special_ids: tuple[int, int]) -> None:
        """``window``: pieces per pass, the two special pieces ``special_ids`` (begin, end) included."""
        super().__init__()
        self.backbone = without_pooler(backbone)
        self.width = backbone.config.hidden_size
        self.window = window
        self.special_ids = special_ids
        self.shape = nn.Embedding(N_SHAPES, backbone.get_input_embeddings().embedding_dim)
        # Zero, so that training starts from exactly the pretrained function.
        nn.init.zeros_(self.shape.weight)

    @classmethod
    def from_config(cls, config: dict) -> TransformerEncoder:
        """Untrained weights in the shape ``backbone`` (a Hugging Face config as a dict) describes."""
        settings = dict(config["backbone"])
        backbone = transformers.AutoModel.from_config(
            transformers.AutoConfig.for_model(settings.pop("model_type"), **settings)
        )
        return cls(backbone, config["window"], tuple(config["special_ids"]))

    def halve_precision(self) -> None:
        self.to(torch.bfloat16)

    def mixing(self, device: torch.device) -> Mixing:
        """On a CPU ``forward`` parts a batch by length anyway, and what follows it gains by large batches; a GPU wants them here, too."""
        return Mixing(shortest=0.5) if device.type == "cpu" else Mixing()

    def part_products(self) -> None:
        """All of them are linear layers of their own."""

    def n_padded(self, mask: Tensor) -> int:
        """Places that ``forward`` computes, real or not, each once; the begin and end pieces it adds are not counted."""
        return sum(len(rows) * length for rows, length in _by_length(mask))

    def n_computed(self, mask: Tensor) -> int:
        """The same, those that several windows cover as often as they are computed."""
        room = self.window - 2
        return sum(
            len(rows) * min(length, room) * len(window_starts(length, room)) for rows, length in _by_length(mask)
        )

    def forward(self, ids: Tensor, shapes: Tensor, mask: Tensor) -> Tensor:
        if ids.device.type != "cpu":
            return self._forward(ids, shapes, mask)
        encoded = ids.new_zeros((*ids.shape, self.width), dtype=self.shape.weight.dtype)
        for rows, length in _by_length(mask):
            for some in rows.split(max(1, PIECES_IN_CACHE // length)):
                encoded[some, :length] = self._forward(*(t[some, :length] for t in (ids, shapes, mask))).to(
                    encoded.dtype
                )
        return encoded

    def _forward(self, ids: Tensor, shapes: Tensor, mask: Tensor) -> Tensor:
        room = self.window - 2
        n_pieces = ids.shape[1]
        if n_pieces <= room:
            return self._encode(ids, shapes, mask)[:, :n_pieces]
        starts = window_starts(n_pieces, room)
        source = torch.as_tensor(central_window(n_pieces, room, starts), device=ids.device)
        encoded = ids.new_zeros((*ids.shape, self.width), dtype=self.shape.weight.dtype)
        for index, start in enumerate(starts):
            part = slice(start, start + room)
            vectors = self._encode(ids[:, part], shapes[:, part], mask[:, part])
            chosen = torch.nonzero(source[part] == index).squeeze(1)
            encoded[:, chosen + start] = vectors[:, chosen].to(encoded.dtype)
        return encoded

    def _encode(self, ids: Tensor, shapes: Tensor, mask: Tensor) -> Tensor:
        """Shape: (batch, pieces, width) of one window; begin and end pieces are added and taken off again."""
        batch, n_pieces = ids.shape
        length = mask.sum(dim=1)
        begin, end = self.special_ids
        full = torch.cat([ids.new_full((batch, 1), begin), ids, ids.new_zeros((batch, 1))], dim=1)
        # The end piece follows the last real piece, so that padding stays at the end.
        full[torch.arange(batch, device=ids.device), length + 1] = end
        known = torch.arange(n_pieces + 2, device=ids.device) < (length + 2)[:, None]
        embedded = self.backbone.get_input_embeddings()(full)
        embedded = embedded + nn.functional.pad(self.shape(shapes) * mask[..., None], (0, 0, 1, 1))
        output = self.backbone(inputs_embeds=embedded, attention_mask=known.long())
        return output.last_hidden_state[:, 1:-1]


def _by_length(mask: Tensor) -> Iterator[tuple[Tensor, int]]:
    """Rows of one padded length each, and that length: attention sums over padding, too, zeros but in another order, so
    a document's must depend on the document alone.
    """
    lengths = -(-mask.sum(dim=1).clamp(min=1) // LENGTH_STEP) * LENGTH_STEP
    for length in lengths.unique().tolist():
        yield torch.nonzero(lengths == length).squeeze(1), min(length, mask.shape[1])


def without_pooler(backbone: transformers.PreTrainedModel) -> transformers.PreTrainedModel:
    """The sentence vector some encoders add is never used here; its weights are not kept."""
    if getattr(backbone, "pooler", None) is not None:
        backbone.pooler = None
    return backbone


def window_starts(n_pieces: int, room: int) -> list[int]:
    """First pieces of windows of ``room`` that cover ``n_pieces``, each at least half in its neighbour."""
    n_windows = 1 + max(0, -(-(n_pieces - room) // (room // 2)))
    if n_windows == 1:
        return [0]
    return [round(i * (n_pieces - room) / (n_windows - 1)) for i in range(n_windows)]


def central_window(n_pieces: int, room: int, starts: list[int]) -> list[int]:
    """For each piece the index of the window whose middle is nearest."""
    middles = torch.tensor(starts, dtype=torch.float64) + (room - 1) / 2
    return (torch.arange(n_pieces)[:, None] - middles).abs().argmin(dim=1).tolist()


def _beside(x: Tensor, left: Tensor, right: Tensor) -> Tensor:
    """``x`` plus ``left`` and ``right`` side by side; without gradients in place of ``x``, which nothing reads afterwards."""
    if torch.is_grad_enabled():
        return x + torch.cat([left, right], dim=-1)
    for half, part in zip(x.chunk(2, dim=-1), (left, right), strict=True):
        half += part
    return x


def _recur(cell: nn.RNNBase | Direction, x: Tensor, mask: Tensor, backward: bool) -> Tensor:
    """As ``Direction.forward``; where that does not serve, by the kernels of torch: forwards only, so that documents are reversed."""
    if isinstance(cell, Direction):
        return cell(x, mask, backward)
    if is_fast(cell.weight_hh_l0):
        return Direction(cell)(x, mask, backward)
    n, x, mask = x.shape[1], add_rows(x), add_rows(mask[..., None])[..., 0]
    if not backward:
        return cell(x)[0][:, :n]
    order = _reversed_within(mask)
    return _take(cell(_take(x, order))[0], order)[:, :n]


def _reversed_within(mask: Tensor) -> Tensor:
    """Shape: (steps, batch) index that reverses each document's real part and leaves padding where it is."""
    length = mask.sum(dim=0, keepdim=True)
    place = torch.arange(len(mask), device=mask.device)[:, None].expand_as(mask)
    return torch.where(place < length, length - 1 - place, place)


def _take(x: Tensor, order: Tensor) -> Tensor:
    """Steps of each document in another order; whole vectors are copied, which is faster than ``gather``."""
    rows = order * x.shape[1] + torch.arange(x.shape[1], device=x.device)
    return x.flatten(0, 1).index_select(0, rows.flatten()).view_as(x)
