"""A stream of JSON values of whatever layout, one at a time and in flat memory.

One value or many, one on each line, concatenated, pretty-printed, in a list, or in a list within an object (an answer
of a web service). Damage costs the records it touches: reading goes on where the next record begins.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

from litcoin_batch.readers.parts.streams import BLOCK_BYTES, ByteSource

MAX_VALUE_CHARS = 64 << 20  # of one record: it is held in memory
_EXCERPT_CHARS = 1_200
_MAX_DEPTH = 4  # lists and objects around a list of records
# What may stand between values; RS begins a record of RFC 7464.
_BETWEEN = re.compile(r"[\s,\x1e\ufeff]*")
_FIRST_KEY = re.compile(r'\{\s*("(?:[^"\\]|\\.){1,200}")\s*:')
_NEXT_OBJECT = re.compile(r'(?:[}\]\n]\s*,?\s*)(\{\s*")')
_WHITE = re.compile(r"\s*")
_MARGIN_CHARS = 16  # longer than any literal or escape of JSON that may be cut
_KEY_CHARS = 256


class BrokenJson(NamedTuple):
    """A stretch of text in the place of a record."""

    reason: str


class Layout(NamedTuple):
    """``lists``: keys of objects whose list holds the records; ``holders``: keys of objects that hold such an object.

    ``is_record``: whether an object is a record, not part of one; asked where the way in was lost, and of objects
    that have a key of ``lists``.
    """

    lists: Collection[str]
    holders: Collection[str]
    is_record: Callable[[dict], bool]


class _Broken(Exception):
    pass


class _Fragment(_Broken):
    """A piece of a value that has been told to be cut."""


def json_values(stream: ByteSource, layout: Layout) -> Iterator[tuple[object, bytes]]:
    """Records as they are parsed, or ``BrokenJson``; and how the text of each begins."""
    return _Values(stream, layout).read()


class _Values:
    def __init__(self, stream: ByteSource, layout: Layout) -> None:
        self._stream, self._layout = stream, layout
        self._decode = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode
        self._parse = json.JSONDecoder().raw_decode
        self._text, self._at, self._ended = "", 0, False
        self._first_key: str | None = None  # of the last sound record
        self._is_lost = False  # behind damage, where lists and objects around the records are not known
        self._is_cut = False  # the end of the file has been reported as damage

    def read(self) -> Iterator[tuple[object, bytes]]:
        while char := self._next():
            if self._is_lost and char not in "{[":
                self._go_on()  # the rest of what is around the records
            else:
                yield from self._value(0)
        if self._stream.damage and not self._is_cut:
            yield BrokenJson(self._stream.damage), self._text[-_EXCERPT_CHARS:].encode("utf-8", "surrogateescape")

    def _value(self, depth: int) -> Iterator[tuple[object, bytes]]:
        """The records of the value at ``_at``; behind damage, where the next record begins."""
        begin = self._peek()
        try:
            if self._text[self._at] == "[" and depth < _MAX_DEPTH:
                yield from self._list(depth)
            elif self._text[self._at] == "{" and depth < _MAX_DEPTH:
                yield from self._object(depth)
            else:
                yield self._parsed(), begin
        except _Broken as error:
            if not isinstance(error, _Fragment):
                yield BrokenJson(str(error)), self._peek() or begin
            self._is_lost = True
            self._go_on()

    def _list(self, depth: int) -> Iterator[tuple[object, bytes]]:
        self._at += 1
        while char := self._next():
            if char == "]":
                self._at += 1
                return
            yield from self._value(depth + 1)
        self._check_end("a list has no end")

    def _object(self, depth: int) -> Iterator[tuple[object, bytes]]:
        """The object itself, or the records in it, list by list."""
        begin = self._peek()
        whole = self._try_whole()
        if whole is not None:
            found = list(self._unpacked(whole, 0))
            if found != [whole]:
                for record in found:
                    yield record, json.dumps(record)[:_EXCERPT_CHARS].encode("utf-8", "surrogatepass")
                return
            self._remember(begin)
            yield whole, begin
            return
        yield from self._by_keys(depth, begin)

    def _try_whole(self) -> dict | None:
        """Where it is short enough to lie in what has been read, as nearly all do."""
        try:
            found, end = self._parse(self._text, self._at)
        except (ValueError, RecursionError):
            return None
        self._at = end
        return found

    def _unpacked(self, whole: dict, level: int) -> Iterator[object]:
        lists = [whole[key] for key in self._layout.lists if _holds_records(whole.get(key))]
        holders = [whole[key] for key in self._layout.holders if isinstance(whole.get(key), dict)]
        if level > _MAX_DEPTH or not (lists or holders) or self._layout.is_record(whole):
            yield whole
            return
        for records in lists:
            yield from records
        for holder in holders:
            yield from self._unpacked(holder, level + 1)

    def _by_keys(self, depth: int, begin: bytes) -> Iterator[tuple[object, bytes]]:
        """The object key by key, so that a list of records is never held as a whole."""
        self._at += 1
        known: dict = {}
        is_container = False
        while (char := self._next(_WHITE)) != "}":
            if not char:
                self._check_end("an object has no end")
                return
            if known or is_container:
                self._expect(",")
            self._next(_WHITE)
            key = self._parsed()
            self._expect(":")
            opening = self._next(_WHITE)
            if key in self._layout.lists and opening == "[" and self._starts_with_object():
                is_container = True
                yield from self._list(depth)
            elif key in self._layout.holders and opening == "{":
                is_container = True
                yield from self._object(depth + 1)
            else:
                known[key] = self._parsed()
        self._at += 1
        if not is_container:
            self._remember(begin)
            yield known, begin

    def _expect(self, char: str) -> None:
        found = self._next(_WHITE)
        if not found:
            self._check_end("an object has no end")
        if found != char:
            raise _Broken(f"JSON is not well-formed: expected '{char}' in an object, found '{found}'")
        self._at += 1

    def _check_end(self, what: str) -> None:
        """Raises ``_Broken``, once in a file: all that is around a cut lacks its end."""
        if not self._is_cut:
            self._is_cut = True
            raise _Broken(f"{self._stream.damage or 'JSON is cut'}: {what}")

    def _starts_with_object(self) -> bool:
        """Whether the list at ``_at`` is one of objects, or empty."""
        self._have(_MARGIN_CHARS)
        at = _behind(_WHITE, self._text, self._at + 1)
        while at >= len(self._text) and self._fill():
            at = _behind(_WHITE, self._text, self._at + 1)
        return self._text[at : at + 1] in ("{", "]")

    def _parsed(self) -> object:
        """The value at ``_at``, which moves behind it; ``_at`` stays where the value is broken."""
        while True:
            try:
                found, end = self._parse(self._text, self._at)
            except json.JSONDecodeError as error:
                self._read_on_or_raise(error)
            except (ValueError, RecursionError) as error:
                raise _Broken(f"JSON cannot be parsed: {error}") from error
            else:
                # A number may go on in what is not read yet.
                if end < len(self._text) or not self._fill():
                    self._at = end
                    return found

    def _read_on_or_raise(self, error: json.JSONDecodeError) -> None:
        """An error near the end of what was read may come of what was not read yet."""
        if len(self._text) - self._at > MAX_VALUE_CHARS:
            raise _Broken(f"a JSON value is longer than {MAX_VALUE_CHARS} characters") from error
        near_end = error.pos > len(self._text) - _MARGIN_CHARS or error.msg.startswith("Unterminated")
        if near_end and self._fill():
            return
        if near_end and self._text[self._at : self._at + 1] not in ("]", "}", ":"):
            kind, self._is_cut = _Fragment if self._is_cut else _Broken, True
            raise kind(f"{self._stream.damage or 'JSON is cut'}: it ends inside a value") from error
        raise _Broken(f"JSON is not well-formed: {error.msg}") from error

    def _go_on(self) -> None:
        """To where the next record begins: like the last one, or else the next object; or to the end."""
        searched = self._at + 1
        like_last = rf"()(\{{\s*{re.escape(self._first_key)}\s*:)" if self._first_key else None
        pattern = re.compile(like_last) if like_last else _NEXT_OBJECT
        while True:
            for match in pattern.finditer(self._text, searched):
                self._at = match.start(match.lastindex or 0)
                if self._is_promising():
                    return
                searched = match.end()
            self._at = max(searched, len(self._text) - _KEY_CHARS) if self._text else 0
            if not self._fill():
                self._at = len(self._text)
                return
            searched = self._at

    def _is_promising(self) -> bool:
        """False for a sound object that is no record: a part of the one that was lost."""
        try:
            found, _ = self._parse(self._text, self._at)
        except (ValueError, RecursionError):
            return True
        return isinstance(found, dict) and (self._layout.is_record(found) or self._is_container(found))

    def _is_container(self, found: dict) -> bool:
        return next(self._unpacked(found, 0), None) is not found

    def _remember(self, begin: bytes) -> None:
        match = _FIRST_KEY.match(begin.decode("utf-8", "surrogateescape"))
        self._first_key = match[1] if match else self._first_key

    def _next(self, passed: re.Pattern[str] = _BETWEEN) -> str:
        """The next character behind what is ``passed``; empty at the end."""
        while True:
            self._at = _behind(passed, self._text, self._at)
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._fill():
                return ""

    def _have(self, n: int) -> None:
        while len(self._text) - self._at < n and self._fill():
            pass

    def _fill(self) -> bool:
        """Read on, in longer steps where a value is long; False at the end."""
        if self._ended:
            return False
        block = self._stream.read(max(BLOCK_BYTES, len(self._text) - self._at))
        self._ended = not block
        more = self._decode(block, self._ended)
        self._text, self._at = self._text[self._at :] + more, 0
        return bool(more) or not self._ended

    def _peek(self) -> bytes:
        return self._text[self._at : self._at + _EXCERPT_CHARS].encode("utf-8", "surrogateescape")


def _holds_records(value: object) -> bool:
    return isinstance(value, list) and (not value or isinstance(value[0], dict))


def _behind(passed: re.Pattern[str], text: str, at: int) -> int:
    match = passed.match(text, at)
    return match.end() if match else at
