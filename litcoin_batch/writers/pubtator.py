"""PubTator as BioRED has it: title, abstract, mentions, relations with novelty, a blank line.

It holds no scores, no direction and no evidence: a sixth column of a relation is a mention to other readers.
"""

from __future__ import annotations

from collections.abc import Iterator

from litcoin_batch.schema import Document, Mention, RecordError, Relation
from litcoin_batch.writers.parts import Part, annotation_of, joined_ids

_NO_ID = "-"  # an empty last column is lost where readers strip lines
# Whatever ``str.splitlines`` takes for the end of a line; offsets stay right with one space for each.
_LINE_ENDS = str.maketrans(dict.fromkeys("\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029", " "))


def pubtator_text(document: Document) -> str:
    """One block with its blank line. Raises ``RecordError`` for what a line of PubTator cannot hold."""
    annotation = annotation_of(document)
    pmid = str(document.pmid)
    lines = [f"{pmid}|t|{_in_line(document.title or '')}", f"{pmid}|a|{_in_line(document.abstract or '')}"]
    lines += ["\t".join((pmid, *_mention(mention))) for mention in annotation.mentions]
    lines += ["\t".join((pmid, *_relation(relation))) for relation in annotation.relations]
    return "\n".join((*lines, "", ""))


def _mention(mention: Mention) -> tuple[str, ...]:
    ids = joined_ids(mention)
    if "\t" in mention.text:
        raise RecordError("a mention holds a tab, which separates columns")
    if ids == "-1":
        raise RecordError("the concept id -1 means none in PubTator")
    return str(mention.start), str(mention.end), _in_line(mention.text), mention.type, ids or _NO_ID


def _relation(relation: Relation) -> tuple[str, ...]:
    return relation.type, *relation.pair, "Novel" if relation.novel else "No"


def _in_line(text: str) -> str:
    return text.translate(_LINE_ENDS)


class PubTator:
    """PubTator, with relations."""

    files = ("annotations.pubtator",)

    def begin(self) -> Iterator[Part]:
        return iter(())

    def add(self, document: Document) -> Iterator[Part]:
        yield Part(self.files[0], pubtator_text(document))

    def end(self) -> Iterator[Part]:
        return iter(())
