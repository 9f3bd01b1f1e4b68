"""Training documents edited by rule: a verb of the opposite sign, or a negation, and the relation follows.

Only where one sentence alone names both ends and one cue stands between them, so that nothing else in the document
still says what was said. Made in memory from the training documents of a run; ``source`` says so.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from litcoin_batch.schema import Annotation, Document, Mention, Relation
from litcoin_batch.text.sentences import split_document

FIRST_PMID = 920_000_000
SOURCE = "rule-made edit of"
_MAX_GAP_CHARS = 110
_FLIPPED = {"Positive_Correlation": "Negative_Correlation", "Negative_Correlation": "Positive_Correlation"}
_OPPOSITES = (
    ("increased", "decreased"), ("increases", "decreases"), ("increase in", "decrease in"), ("increase of", "decrease of"), ("enhanced", "reduced"), ("enhances", "reduces"),
    ("upregulated", "downregulated"), ("up-regulated", "down-regulated"), ("upregulates", "downregulates"), ("up-regulates", "down-regulates"), ("upregulation", "downregulation"),
    ("stimulated", "inhibited"), ("stimulates", "inhibits"), ("activated", "inhibited"), ("activates", "inhibits"), ("promoted", "suppressed"), ("promotes", "suppresses"),
    ("elevated", "lowered"), ("higher", "lower"), ("induced", "suppressed"), ("induces", "suppresses"), ("aggravated", "attenuated"), ("exacerbated", "ameliorated"), ("worsened", "improved"),
    ("agonist", "antagonist"), ("activator", "inhibitor"), ("activation", "inhibition"), ("caused", "prevented"), ("causes", "prevents"), ("overexpression", "silencing"), ("up-regulation", "down-regulation"),
)  # fmt: skip
_SWAPS = {a: b for pair in _OPPOSITES for a, b in (pair, pair[::-1])}
_SWAP = re.compile(rf"\b({'|'.join(sorted(_SWAPS, key=len, reverse=True))})\b")
_STATES = re.compile(
    r"\b(was|were|is|are) (?=(?:significantly |strongly |closely |positively |directly |highly |also )?(?:associated|correlated|linked|related|involved|implicated|increased|decreased|reduced|elevated|induced|inhibited|effective)\b)"
)
_BASES = {
    "increase": "increased", "decrease": "decreased", "reduce": "reduced", "enhance": "enhanced", "induce": "induced", "inhibit": "inhibited", "suppress": "suppressed", "activate": "activated",
    "stimulate": "stimulated", "promote": "promoted", "prevent": "prevented", "attenuate": "attenuated", "cause": "caused", "block": "blocked", "improve": "improved", "bind to": "bound to",
    "interact with": "interacted with", "interfere with": "interfered with", "abolish": "abolished", "upregulate": "upregulated", "downregulate": "downregulated", "mediate": "mediated",
}  # fmt: skip
_PRESENT = {
    base.replace(" ", "s ", 1) if " " in base else base + ("es" if base.endswith("sh") else "s"): base
    for base in _BASES
}
_PAST = {past: base for base, past in _BASES.items()}
_ACTS = re.compile(rf"(?<=\w )({'|'.join(sorted((*_PAST, *_PRESENT), key=len, reverse=True))})\b(?! by\b)")
_ANY = re.compile(rf"\b({'|'.join(sorted((*_PAST, *_PRESENT, *_SWAPS), key=len, reverse=True))})\b")
# A participle behind one of these is no verb of its own.
_BEFORE_PARTICIPLE = frozenset(
    "a an the of with by in for to and or was were is are be been being had has have from at on through via when than as not".split()
)


@dataclass(frozen=True, slots=True)
class Edit:
    """Of ``Document.text[start:end]``, by ``text``; ``flips``: signs turn, otherwise what is said becomes denied."""

    start: int
    end: int
    text: str
    flips: bool


def edited_documents(documents: Sequence[Document], seed: int, per_document: int = 2) -> list[Document]:
    """At most ``per_document`` edits of each document, one edit in each copy; equal for equal ``seed``."""
    made: list[Document] = []
    for document in documents:
        rng = random.Random(f"{seed}:{document.pmid}")
        possible = list(_possible(document))
        rng.shuffle(possible)
        for edit, changed in possible[:per_document]:
            made.append(_apply(document, edit, changed, FIRST_PMID + len(made)))
    return made


def _possible(document: Document) -> Iterator[tuple[Edit, set[tuple[str, str]]]]:
    """Edits, and the pairs whose relation each changes."""
    sentences = split_document(document)
    mentions = [[m for m in document.gold.mentions if start <= m.start < end] for start, end in sentences]
    ids = [{i for m in inside for i in m.entity_ids} for inside in mentions]
    related = {r.pair: r.type for r in document.gold.relations}
    for (start, end), inside, own in zip(sentences, mentions, ids, strict=True):
        for edit in _edits(document.text, start, end):
            if any(m.start < edit.end and edit.start < m.end for m in inside):
                continue
            pairs = {pair for pair in related if own.issuperset(pair) and _between(document.text, inside, pair, edit)}
            if edit.flips and len(pairs) > 1 and edit.text.endswith("or"):  # the inhibitor of one of them only
                continue
            if not pairs or any(sum(other.issuperset(pair) for other in ids) > 1 for pair in pairs):
                continue
            if edit.flips and not all(related[pair] in _FLIPPED for pair in pairs):
                continue
            if not edit.flips and any(related[pair] in ("Cotreatment", "Comparison") for pair in pairs):
                continue
            yield edit, pairs


def _edits(text: str, start: int, end: int) -> Iterator[Edit]:
    """Of a sentence; none where it holds a second cue, whose part in the finding nobody knows, or denies already."""
    sentence = text[start:end]
    if re.search(r"\b(?:not|no|nor|neither|without|failed|unaffected|lack)\b", sentence):
        return
    swaps = list(_SWAP.finditer(sentence))
    if len(swaps) == 1:
        (found,) = swaps
        yield Edit(start + found.start(), start + found.end(), _SWAPS[found[0]], True)
    for found in _STATES.finditer(sentence):
        yield Edit(start + found.start(), start + found.end(), found[1] + " not ", False)
    for found in _ACTS.finditer(sentence):
        before = sentence[: found.start()].split()[-1].lower()
        if before in _BEFORE_PARTICIPLE or before.endswith("ly"):
            continue
        base = _PRESENT.get(found[1])
        denied = f"does not {base}" if base else f"did not {_PAST[found[1]]}"
        yield Edit(start + found.start(), start + found.end(), denied, False)


def _between(text: str, mentions: Sequence[Mention], pair: tuple[str, str], edit: Edit) -> bool:
    """Whether the edit, and no other verb behind it, stands between two near mentions of the pair."""
    one, two = ([m for m in mentions if i in m.entity_ids] for i in pair)
    for a in one:
        for b in two:
            first, second = sorted((a, b), key=lambda m: m.start)
            near = second.start - first.end <= _MAX_GAP_CHARS
            if (
                near
                and first.end <= edit.start
                and edit.end <= second.start
                and not _ANY.search(text, edit.end, second.start)
            ):
                return True
    return False


def _apply(document: Document, edit: Edit, changed: set[tuple[str, str]], pmid: int) -> Document:
    text = document.text[: edit.start] + edit.text + document.text[edit.end :]
    shift = len(text) - len(document.text)
    mentions = tuple(
        replace(m, start=m.start + shift, end=m.end + shift) if m.start >= edit.end else m
        for m in document.gold.mentions
    )
    cut = len(document.title or "") + (shift if edit.end <= len(document.title or "") else 0)
    gold = Annotation(pmid, mentions, tuple(_follow(document.gold.relations, edit.flips, changed)))
    return replace(
        document, pmid=pmid, title=text[:cut], abstract=text[cut + 1 :], source=f"{SOURCE} {document.pmid}", gold=gold
    )


def _follow(relations: Sequence[Relation], flips: bool, changed: set[tuple[str, str]]) -> Iterator[Relation]:
    for relation in relations:
        if relation.pair not in changed:
            yield relation
        elif flips:
            yield replace(relation, type=_FLIPPED[relation.type])
