"""PubMed files with bytes flipped, stretches lost, tags crossed: the same ones on every machine."""

from __future__ import annotations

import gzip
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from citations import citation

SAMPLE = Path(__file__).resolve().parents[3] / "litcoin_batch" / "sample" / "sample99n0001.xml"
_BOOK = (
    '<PubmedBookArticle><BookDocument><PMID Version="1">{pmid}</PMID><Book><BookTitle>A Book</BookTitle></Book>'
    "<ArticleTitle>Chapter on gene {pmid}</ArticleTitle><Abstract><AbstractText>Aspirin.</AbstractText></Abstract>"
    "</BookDocument></PubmedBookArticle>"
)
_RECORD = re.compile(rb"<(PubmedArticle|PubmedBookArticle|DeleteCitation)>.*?</\1>", re.DOTALL)
_TAG = re.compile(rb"<[^<>]*>")


def whole_file() -> bytes:
    """The sample's citations, one of a book, bare ones without white space between them, and deletions."""
    sample = SAMPLE.read_bytes()
    end = sample.rindex(b"</PubmedArticleSet>")
    bare = "".join(citation(pmid, f"gene {pmid} & <i>aspirin</i>") for pmid in range(1, 6)) + citation(6, None)
    deletions = "".join(f'<PMID Version="1">{pmid}</PMID>' for pmid in range(201, 205))
    more = _BOOK.format(pmid=101) + bare + f"\n<DeleteCitation>{deletions}</DeleteCitation>\n"
    return sample[:end] + more.encode() + sample[end:]


@dataclass(frozen=True)
class Mutant:
    """``data`` is the file; ``text`` what it holds uncompressed, None where the compressed bytes were hit.

    ``intact``: numbers of the records (from 0, in ``records``) that no mutation touched.
    """

    name: str
    data: bytes
    text: bytes | None
    kinds: tuple[str, ...]
    intact: frozenset[int]


def records(whole: bytes) -> list[tuple[int, int]]:
    """Begin and end of each record element."""
    return [match.span() for match in _RECORD.finditer(whole)]


def mutants(n: int, seed: int = 1) -> Iterator[Mutant]:
    """In turn: plain, compressed after the mutation, compressed before it."""
    whole, seeded = whole_file(), random.Random(seed)
    packed = gzip.compress(whole, mtime=0)
    spans = records(whole)
    for number in range(n):
        layer = ("plain", "packed after", "plain", "packed before")[number % 4]
        if layer == "packed before":
            kinds, data = _mutate_packed(packed, seeded)
            yield Mutant(f"pubmed26n{number:04d}.xml.gz", data, None, kinds, frozenset())
            continue
        kinds, text, touched = _mutate(whole, seeded)
        intact = frozenset(
            i for i, (begin, end) in enumerate(spans) if not any(b < end and e > begin for b, e in touched)
        )
        data = gzip.compress(text, 1, mtime=0) if layer == "packed after" else text
        yield Mutant(
            f"pubmed26n{number:04d}.xml" + (".gz" if layer == "packed after" else ""), data, text, kinds, intact
        )


def _mutate(whole: bytes, seeded: random.Random) -> tuple[tuple[str, ...], bytes, list[tuple[int, int]]]:
    """Kinds, the mutated text, and the stretches of ``whole`` that were touched."""
    edits: list[tuple[int, int, bytes]] = []
    kinds = []
    for _ in range(seeded.randint(1, 4)):
        kind = seeded.choice(tuple(BYTE_EDITS))
        found = BYTE_EDITS[kind](whole, seeded)
        # Edits that overlap would have to be told apart: a later one gives way.
        if all(e <= begin or b >= end for b, e, _ in found for begin, end, _ in edits):
            edits += found
            kinds.append(kind)
    data = whole
    for begin, end, new in sorted(edits, reverse=True):
        data = data[:begin] + new + data[end:]
    return tuple(kinds), data, [(begin, max(end, begin + 1)) for begin, end, _ in edits]


def _flip(whole: bytes, seeded: random.Random) -> list[tuple[int, int, bytes]]:
    at = seeded.randrange(len(whole))
    return [(at, at + 1, bytes([whole[at] ^ 1 << seeded.randrange(8)]))]


def _overwrite(whole: bytes, seeded: random.Random) -> list[tuple[int, int, bytes]]:
    at, n = seeded.randrange(len(whole)), seeded.randint(2, 60)
    return [(at, min(at + n, len(whole)), seeded.randbytes(n))]


def _lose(whole: bytes, seeded: random.Random) -> list[tuple[int, int, bytes]]:
    at = seeded.randrange(len(whole))
    return [(at, min(at + seeded.randint(1, 3_000), len(whole)), b"")]


def _cut(whole: bytes, seeded: random.Random) -> list[tuple[int, int, bytes]]:
    return [(seeded.randrange(len(whole)), len(whole), b"")]


def _cross_neighbours(whole: bytes, seeded: random.Random) -> list[tuple[int, int, bytes]]:
    tags = [m.span() for m in _TAG.finditer(whole)]
    at = seeded.randrange(len(tags) - 1)
    return _swapped(whole, tags[at], tags[at + 1])


def _cross_far(whole: bytes, seeded: random.Random) -> list[tuple[int, int, bytes]]:
    tags = [m.span() for m in _TAG.finditer(whole)]
    one, two = sorted(seeded.sample(range(len(tags)), 2))
    return _swapped(whole, tags[one], tags[two])


def _swapped(whole: bytes, one: tuple[int, int], two: tuple[int, int]) -> list[tuple[int, int, bytes]]:
    return [(*one, whole[slice(*two)]), (*two, whole[slice(*one)])]


def _lose_tag(whole: bytes, seeded: random.Random) -> list[tuple[int, int, bytes]]:
    return [(*seeded.choice([m.span() for m in _TAG.finditer(whole)]), b"")]


BYTE_EDITS = {
    "flip": _flip,
    "overwrite": _overwrite,
    "lose": _lose,
    "cut": _cut,
    "cross neighbours": _cross_neighbours,
    "cross far": _cross_far,
    "lose tag": _lose_tag,
}


def _mutate_packed(packed: bytes, seeded: random.Random) -> tuple[tuple[str, ...], bytes]:
    kind = seeded.choice(("flip", "cut", "overwrite", "append"))
    at = seeded.randrange(len(packed))
    if kind == "flip":
        data = packed[:at] + bytes([packed[at] ^ 1 << seeded.randrange(8)]) + packed[at + 1 :]
    elif kind == "cut":
        data = packed[:at]
    elif kind == "overwrite":
        data = packed[:at] + seeded.randbytes(20) + packed[at + 20 :]
    else:
        data = packed + seeded.randbytes(seeded.randint(1, 50))
    return (kind,), data
