"""A stream seen through a window that moves on: the bytes from the reading position as far as they are needed."""

from __future__ import annotations

from litcoin_batch.readers.parts.streams import BLOCK_BYTES, ByteSource

_MAX_STEP_BYTES = 8 << 20


class ByteWindow:
    """``data`` from ``at`` on is what is yet to be dealt with; distances count from there."""

    def __init__(self, stream: ByteSource) -> None:
        self.data = b""
        self.at = 0
        self._stream = stream
        self._base = 0  # position in the file where ``data`` begins
        self._without: dict[bytes, tuple[int, int]] = {}  # needle -> where in the file none begins
        self._ended = False  # the stream has no more bytes

    def __len__(self) -> int:
        return len(self.data) - self.at

    def fill(self) -> bool:
        """Read on, in longer steps where much is held; False at the end."""
        block = self._stream.read(min(max(BLOCK_BYTES, len(self)), _MAX_STEP_BYTES))
        self._ended = not block
        if block:
            self.data = self.data[self.at :] + block
            self._base += self.at
            self.at = 0
        return bool(block)

    def is_exhausted(self, lookahead: int) -> bool:
        """Whether nothing is left; else so many bytes lie ready, or all there are."""
        while len(self) < lookahead and not self._ended:
            self.fill()
        return self.at >= len(self.data)

    def take(self, n: int | None = None) -> bytes:
        """Move the reading position on by ``n`` bytes, or to the end of the window."""
        raw = self.data[self.at :] if n is None else self.data[self.at : self.at + n]
        self.at += len(raw)
        return raw

    def slice(self, begin: int, end: int) -> bytes:
        return self.data[self.at + begin : self.at + end]

    def find(self, needle: bytes, offset: int, limit: int) -> int:
        """Distance to ``needle``, searched from ``offset`` on; -1 where there is none, or none within ``limit``.

        No stretch is searched twice, or bytes full of openings without ends would cost quadratic time.
        """
        origin = self._base + self.at
        begin = place = origin + offset
        low, high = self._without.get(needle, (0, -1))
        if low <= begin <= high:
            begin, place = low, high
        while (found := self.data.find(needle, place - self._base)) < 0:
            place = max(place, self._base + len(self.data) - len(needle) + 1)
            if place - origin > limit or not self.fill():
                self._without[needle] = begin, place
                return -1
        self._without[needle] = begin, self._base + found
        return self._base + found - origin
