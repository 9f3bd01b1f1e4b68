"""An XML file as a stream of records (citations, BioC documents) that fail one by one.

A file is cut at its record tags in the byte stream and every record is parsed by itself. A record
that parses alone is exactly what a parser of the whole file would have seen, since XML is read from
left to right; only where that fails are comments, CDATA and processing instructions taken apart.
Damage therefore costs the records it touches and no other, memory holds one record, and entities
cannot expand: the parser never sees a document type declaration.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Mapping
from typing import NamedTuple

from lxml import etree

from litcoin_batch.readers.parts.byte_window import ByteWindow
from litcoin_batch.readers.parts.streams import ByteSource
from litcoin_batch.readers.parts.xmlhead import COMMENT, HEAD, parser_for

MAX_RECORD_BYTES = 64 << 20  # the largest real citation is below 2 MB
HEAD_BYTES = 1 << 20
_LOOKAHEAD_BYTES = 4096
_TAG_BYTES = 256  # longer than any token searched for: what may hang over the end of the buffer

_PREFIX = re.compile(rb"[<\s/]([A-Za-z_][\w.-]*):[A-Za-z_]")
_MAX_PREFIXES = 100  # more namespaces than that in one record cost the parser quadratic time
# Between the end of a file and the beginning of the next.
_SEAM = re.compile(
    rb"""\xef\xbb\xbf|\x00|\x1a|<!DOCTYPE(?:"[^"]*"|'[^']*'|[^"'\[>])*+(?:\[[^\]]*\]\s*)?>""",
)
_TERMINATORS = {b"<!--": b"-->", b"<![CDATA[": b"]]>", b"<?": b"?>"}


class Damage(NamedTuple):
    """A stretch of the file that is no record: why, and its bytes; ``refused`` if nothing else is read."""

    reason: str
    raw: bytes
    refused: bool = False


class _Token(NamedTuple):
    """``begin`` and ``end`` count from the reading position, ``before`` is the text since the last token."""

    kind: str  # special | start | root | end | overlong | eof
    name: bytes
    begin: int
    end: int
    before: bytes


class XmlRecords:
    """Iterates over parsed record elements and ``Damage``, in file order.

    ``tags_by_root`` maps the root elements of the format to the names of their records; a record
    name may be the root itself. ``between`` matches what may stand outside records.
    """

    def __init__(
        self,
        stream: ByteSource,
        tags_by_root: Mapping[str, tuple[str, ...]],
        between: re.Pattern[bytes] | None = None,
    ) -> None:
        self._stream = stream
        self._tags_by_root = tags_by_root
        self._between = between
        self._window = ByteWindow(stream)
        self._closed = False  # the root's end tag has been seen, or the root is a record
        self._cut = False  # the end of the file has been reported as damage

    def __iter__(self) -> Iterator[etree._Element | Damage]:
        refusal = yield from self._open()
        if refusal is not None:
            yield refusal
            return
        while not self._window.is_exhausted(_LOOKAHEAD_BYTES):
            match = self._start.match(self._window.data, self._window.at)
            if match:
                self._window.at = match.start(1) - 1
                yield self._record(match)
            else:
                yield from self._gap()
        yield from self._close()

    def _open(self) -> Generator[Damage, None, Damage | None]:
        """Read the prologue; yields what is odd about it, returns a ``Damage`` to refuse the file."""
        while len(self._window.data) < HEAD_BYTES and self._window.fill():
            pass
        head = HEAD.match(self._window.data)
        root = head["root"].decode("utf-8", "replace") if head else ""
        self._compile(self._tags_by_root.get(root) or self._guess_tags())
        first = self._start_anywhere.search(self._window.data)
        prologue = COMMENT.sub(b"", self._window.data[: first.start() if first else len(self._window.data)])
        if b"<!ENTITY" in prologue:
            return Damage("refused: the document type declares entities", prologue, refused=True)
        if head is not None and root in self._tags_by_root:
            self._window.at = head.end()
            self._closed = head["attributes"].rstrip().endswith(b"/")
        elif first is None:
            seen = f"root element <{root}>" if root else "no root element"
            expected = ", ".join(self._tags_by_root)
            return Damage(f"{seen}, expected one of {expected}", self._window.data, refused=True)
        elif head and first.start() == head.start("root") - 1:
            self._window.at = first.start()
            self._closed = True
        self._parser, problem = parser_for(self._window.data)
        if problem:
            yield Damage(problem, self._window.data[:_TAG_BYTES])
        return None

    def _guess_tags(self) -> tuple[str, ...]:
        """The record names of a file whose root is damaged: the first set that occurs."""
        for tags in self._tags_by_root.values():
            if any(re.search(rb"<%s[\s/>]" % tag.encode(), self._window.data) for tag in tags):
                return tags
        return next(iter(self._tags_by_root.values()))

    def _compile(self, tags: tuple[str, ...]) -> None:
        names = b"|".join(tag.encode() for tag in tags)
        ends = b"|".join([names, *(root.encode() for root in self._tags_by_root)])
        special = b"|".join(re.escape(token) for token in _TERMINATORS)
        self._roots = {root.encode() for root in self._tags_by_root}
        self._names = [tag.encode() for tag in tags]
        self._start = re.compile(rb"\s*<(%s)(?=[\s/>])(?P<empty>[^<>]*/>)?" % names)
        self._start_anywhere = re.compile(rb"<(?:%s)(?=[\s/>])" % names)
        roots = b"|".join(root.encode() for root in self._tags_by_root)
        self._token = re.compile(
            rb"(?P<special>%s)|</(?P<end>%s)\s*>|<(?P<start>%s)(?=[\s/>])|<(?P<root>%s)(?:\s[^<>]*)?/?>"
            % (special, ends, names, roots)
        )

    def _record(self, start: re.Match) -> etree._Element | Damage:
        """The record at the reading position, supposing that the next end tag of its name is its own."""
        name = start[1]
        needle = b"</" + name + b">"
        if start["empty"]:
            end = start.end() - self._window.at
        elif (end := self._window.find(needle, 0, MAX_RECORD_BYTES)) >= 0:
            end += len(needle)
        inside = self._window.at + 1, self._window.at + end
        # A start below this one: an end tag is lost. Its own name first, it is the likeliest.
        if any(self._window.data.find(b"<" + tag, *inside) >= 0 for tag in (name, *self._names) if end > 0):
            return self._record_by_tokens(name)
        try:
            record = self._parse(self._window.slice(0, max(end, 0)))
        except etree.XMLSyntaxError:
            return self._record_by_tokens(name)
        self._window.at += end
        return record

    def _record_by_tokens(self, name: bytes) -> etree._Element | Damage:
        """The record at the reading position, token by token, as far as its end, the next start or the root's end."""
        tag = f"<{name.decode()}>"
        for token in self._tokens(len(name) + 1):
            if token.kind == "overlong":
                return Damage(f"{tag} is longer than {MAX_RECORD_BYTES} bytes", self._window.take(token.end))
            if token.kind == "eof":
                self._cut = True
                return Damage(f"{self._stream.damage or 'file is cut'}: it ends inside {tag}", self._window.take())
            if token.kind == "end" and token.name == name:
                raw = self._window.take(token.end)
                try:
                    return self._parse(raw)
                except etree.XMLSyntaxError as error:
                    return Damage(f"XML is not well-formed: {error.msg}", raw)
            if token.kind in ("start", "root") or (token.kind == "end" and token.name in self._roots):
                break
        self._closed |= token.kind == "root"  # the damage says that what is around it was cut
        slash = "/" if token.kind == "end" else ""
        return Damage(f"{tag} has no end before <{slash}{token.name.decode()}>", self._window.take(token.begin))

    def _gap(self) -> Iterator[Damage]:
        """Skip to the next record or the end; anything but white space and comments is damage.

        Files are written one behind the other, too: declaration, document type and root of the next begin anew.
        """
        found = []
        for token in self._tokens(0):
            if stray := self._stray(token.before):
                found.append(stray)
            if token.kind == "special" and self._window.slice(token.begin, token.end).startswith(b"<?xml "):
                self._parser, problem = parser_for(self._window.slice(token.begin, token.end))
                found += [problem.encode()] if problem else []
            if token.kind == "end" and token.name not in self._roots:
                found.append(b"</" + token.name + b">")
            if token.kind == "root":
                found += [] if self._closed else [self._window.slice(token.begin, token.end)]
                self._compile(self._tags_by_root[token.name.decode()])
            if token.kind in ("root", "end") and token.name in self._roots:
                self._closed = token.kind == "end" or self._window.slice(token.begin, token.end).endswith(b"/>")
            if token.kind in ("start", "root", "overlong", "eof"):
                break
        self._window.take(token.begin if token.kind == "start" else token.end)
        if stray := b"".join(found):
            self._cut |= token.kind == "eof" and not self._closed
            where = f" ({self._stream.damage or 'file is cut'})" if self._cut else ""
            yield Damage(f"text that belongs to no record{where}", stray)

    def _stray(self, text: bytes) -> bytes:
        """What of the text between records belongs to nothing."""
        if self._closed and b"<!ENTITY" not in text:
            text = _SEAM.sub(b"", text)
        if self._between and text.strip():
            text = self._between.sub(b"", text)
        return text if text.strip() else b""

    def _tokens(self, offset: int) -> Iterator[_Token]:
        """Tokens outside comments, CDATA and instructions; the last one is ``overlong`` or ``eof``.

        The reading position stays. An opening without its terminator is damage, hence no opening.
        """
        searched = offset
        while True:
            match = self._token.search(self._window.data, self._window.at + searched)
            if match is None:
                searched = max(searched, len(self._window) - _TAG_BYTES)
                if searched > MAX_RECORD_BYTES:
                    yield _Token("overlong", b"", searched, searched, self._window.slice(offset, searched))
                    return
                if not self._window.fill():
                    size = len(self._window)
                    yield _Token("eof", b"", size, size, self._window.slice(offset, size))
                    return
                continue
            kind = match.lastgroup or ""
            name = match[kind]
            begin, end = match.start() - self._window.at, match.end() - self._window.at
            searched = end
            if kind == "special":
                closing = self._window.find(_TERMINATORS[name], end, MAX_RECORD_BYTES)
                if closing < 0:
                    continue
                searched = end = closing + len(_TERMINATORS[name])
            yield _Token(kind, name, begin, end, self._window.slice(offset, begin))
            offset = end

    def _parse(self, raw: bytes) -> etree._Element:
        try:
            return etree.fromstring(raw, self._parser)
        except etree.XMLSyntaxError as error:
            prefixes = set(_PREFIX.findall(raw)) if "Namespace prefix" in (error.msg or "") else ()
            if not 0 < len(prefixes) <= _MAX_PREFIXES:
                raise
        # The prefix was declared on the root, or nowhere: its meaning is of no interest here.
        declared = b"".join(b' xmlns:%s="urn:prefix"' % prefix for prefix in prefixes)
        return etree.fromstring(b"<r" + declared + b">" + raw + b"</r>", self._parser)[0]

    def _close(self) -> Iterator[Damage]:
        if self._cut:
            return
        if not self._closed:
            reason = self._stream.damage or "file is cut"
            yield Damage(f"{reason}: the end tag of the root element is missing", self._window.data[-_TAG_BYTES:])
        elif self._stream.damage:
            yield Damage(self._stream.damage, self._window.data[-_TAG_BYTES:])
