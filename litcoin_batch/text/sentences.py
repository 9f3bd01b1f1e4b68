"""Sentence spans of titles and abstracts, by rules written for biomedical English.

Own rules instead of a dependency: offsets into the unchanged text, linear time, and the field's own
abbreviations and section labels are the whole task.
"""

from __future__ import annotations

import re

from litcoin_batch.schema import Document
from litcoin_batch.text.reading import Reading, read_document

# A full stop after these never ends a sentence.
_NEVER = frozenset(
    "e.g i.e vs cf viz fig figs eq eqs ref refs tab suppl approx ca dr prof mr mrs ms st var "
    "subsp resp incl vol pp ed eds subg cv str substr ssp sv pv bv supp".split()
)
# After these, and after single letters and dotted letters (E. coli, U.S.), it ends one only where
# a word follows that opens sentences: "Candida spp. We grew", but "Streptomyces sp. MK-30".
_SOMETIMES = frozenset("al sp spp nov ser etc inc ltd corp co dept univ seq jr sr".split())
_OPENERS = frozenset(
    "A After All Also Although Among An And As At Because Before Both But By Conclusion Conversely "
    "Currently Despite During Each Eight Finally Five For Four From Furthermore Given Hence Here "
    "However If Importantly In Interestingly It Its Like More Moreover Most Nevertheless Nine No "
    "None Of On One Only Our Out Overall Patients Previous Previously Recent Recently Results "
    "Several Seven Similarly Since Six Some Studies Subsequently Such Ten That The Their Then There "
    "Therefore These They This Those Three Through Thus To Together Two Under Unlike Upon Using "
    "We What When Where Whereas Whether Which While With Within".split()
)
_SECTION_WORDS = frozenset(
    "AIM AIMS BACKGROUND CASE CONCLUSION CONCLUSIONS CONTEXT DESIGN DISCUSSION FINDINGS IMPLICATIONS "
    "IMPORTANCE INTERPRETATION INTERVENTION INTERVENTIONS INTRODUCTION LIMITATIONS MATERIAL MATERIALS "
    "MEASUREMENTS METHOD METHODS OBJECTIVE OBJECTIVES OUTCOME OUTCOMES PARTICIPANTS PATIENTS PURPOSE "
    "RATIONALE RESULT RESULTS SETTING SIGNIFICANCE SUBJECTS SUMMARY".split()
)

# Between these and a full stop a single letter belongs to the word: "at 37 degrees C. Cells", "hepatitis B. Treatment".
_BEFORE_LETTER = frozenset(
    "degrees degree hepatitis influenza vitamin vitamins group groups type types grade class stage phase factor protein "
    "subunit chain panel immunoglobulin apolipoprotein cytochrome haemophilia hemophilia".split()
)
# "given i.v. Rats died", but "given i.v. Gd-DTPA": the word after the next tells.
_VERBS = frozenset(
    "was were is are had has have did died showed received underwent can could may might will would do does".split()
)
_LOWER_DOTTED = re.compile(r"(?:[a-z]\.)+[a-z]|spp?")
_NAME_AND_VERB = re.compile(r"\s*[A-Z][a-z]{2,30} ([a-z]{2,10})\b")
_LETTER_BEHIND = re.compile(r"(?:\b([a-z]{4,16}) |°)[A-Z]\Z")
_UNIT_BEHIND = re.compile(r"\d ?[hdsgl]\Z")  # "killed at 24 h. Livers were removed"
# A reference behind the stop: "as before.[12] We", "as before.1,2 We".
_CITED = r"(?<=[a-z]{4}\.)(?:\[\d{1,3}(?:[,–-] ?\d{1,3}){0,9}\]|\(\d{1,3}(?:[,–-] ?\d{1,3}){0,9}\)|\d{1,2}(?:[,–-]\d{1,2}){0,9})(?=\s+[A-Z])"
# A heading that stands behind a full stop without a space: capitals, or a colon after it.
_HEADING = re.compile(
    rf"(?:{'|'.join(sorted(_SECTION_WORDS))})\b(?! [a-z])|([A-Z][a-z]{{2,14}})(?: and [a-z]{{3,12}})?:"
)

# Repetitions are bounded, so that a page of dots takes linear time. The alternatives come after a set of characters,
# which is what the regex engine can look for fast; what must stand before them is looked at behind it.
_STOP = re.compile(
    r"[.!?\n](?:(?<!\n)[.!?]{0,7}[\"'”’)\]]{0,8}(?=\s)|(?<=[a-z0-9%)\]]\.)(?=[A-Z])"
    rf"|{_CITED}|(?<=\n)[^\S\n]*\n)"
)
_LABEL = re.compile(r"(?<!\S)[A-Z][A-Z/&,() -]{2,60}:(?=\s|[A-Z][a-z])")
_NOT_BEFORE_GLUED = frozenset("0123456789%]")  # "v1.In" is no end of a sentence; before a heading it is
_WORD = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")
_DOTTED = re.compile(r"(?:[^\W\d_]\.)*[^\W\d_]")
# Letters that a word of neither set above has.
_MORE_THAN_ABBREVIATIONS = 1 + max(map(len, _NEVER | _SOMETIMES))
# How far to look back for the word before a full stop: longer words are no abbreviations.
_LOOK_BACK_CHARS = 24


def split_sentences(text: str) -> list[tuple[int, int]]:
    """Half-open spans, sorted, disjoint, without surrounding white space.

    They cover every character that is not white space. A section label ("RESULTS:") opens a
    sentence and stays with it. Takes time linear in the length of ``text``.
    """
    # Few abstracts have labels, or any colon.
    labels = _LABEL.finditer(text) if ":" in text else ()
    cuts = {match.start() for match in labels if _is_section(match.group())}
    begin = 0
    for match in _STOP.finditer(text):
        if _ends_sentence(text, begin, match):
            begin = match.end()
            cuts.add(begin)
    spans, start = [], 0
    for end in (*sorted(cuts), len(text)):
        chunk = text[start:end]
        trimmed = chunk.strip()
        if trimmed:
            first = start + len(chunk) - len(chunk.lstrip())
            spans.append((first, first + len(trimmed)))
        start = end
    return spans


def split_document(document: Document) -> list[tuple[int, int]]:
    """Spans over ``document.text``; title and abstract never share a sentence, markup ends none."""
    reading = read_document(document)
    return [reading.stored(span) for span in split_reading(reading)]


def split_reading(reading: Reading) -> list[tuple[int, int]]:
    """The same as spans over what is read."""
    shift = reading.n_title_chars + 1
    title, abstract = reading.text[: shift - 1], reading.text[shift:]
    return split_sentences(title) + [(start + shift, end + shift) for start, end in split_sentences(abstract)]


def _is_section(label: str) -> bool:
    return not _SECTION_WORDS.isdisjoint(_WORD.findall(label))


def _ends_sentence(text: str, begin: int, match: re.Match[str]) -> bool:
    """Whether the stop that ``match`` found closes the sentence that opened at ``begin``."""
    stop = match.group()
    if stop[0] == "\n":
        return True
    # "... of patients. The": what is said below of most stops, seen at once.
    before, after = (
        text[max(0, match.start() - _MORE_THAN_ABBREVIATIONS) : match.start()],
        text[match.end() : match.end() + 2],
    )
    if (
        stop == "."
        and len(before) == _MORE_THAN_ABBREVIATIONS
        and before.isalpha()
        and after[:1].isspace()
        and "A" <= after[1:] <= "Z"
    ):
        return True
    following = _next_token(text, match.end())
    if match.end() < len(text) and not text[match.end()].isspace():
        return (following in _OPENERS and text[match.start() - 1] not in _NOT_BEFORE_GLUED) or _is_heading(
            text, match.end()
        )
    if not _can_open(following):
        return False
    if stop[0] != "." or len(stop.rstrip("\"'”’)]")) > 1:
        return True
    word = _word_before(text, begin, match.start())
    lowered = word.lower()
    if lowered in _NEVER:
        return False
    # "Salmonella enterica ser. Dublin", but "a kinase of Ser. MINK was".
    if (lowered in _SOMETIMES and word != "Ser") or _DOTTED.fullmatch(word) or word == "°C":
        return following in _OPENERS or _opens_all_the_same(text, match, word)
    if lowered in ("no", "nos"):
        return not following[0].isdigit()
    # "1. First we ..." is an item's number, not a sentence.
    numbered = word.isdigit() and len(word) <= 2 and not text[begin : match.start()].strip()[2:]
    return not numbered


def _opens_all_the_same(text: str, match: re.Match[str], word: str) -> bool:
    """Whether a sentence ends with an abbreviation or a letter, though the next word does not say so."""
    if _LOWER_DOTTED.fullmatch(word):
        found = _NAME_AND_VERB.match(text, match.end())
        return found is not None and found[1] in _VERBS
    following = _next_token(text, match.end())
    if not following[1:2].islower():
        return False
    looked_at = max(0, match.start() - _LOOK_BACK_CHARS), match.start()
    behind = _LETTER_BEHIND.search(text, *looked_at)
    return (behind is not None and behind[1] in (None, *_BEFORE_LETTER)) or bool(_UNIT_BEHIND.search(text, *looked_at))


def _is_heading(text: str, position: int) -> bool:
    found = _HEADING.match(text, position)
    return found is not None and (found[1] is None or found[1].upper() in _SECTION_WORDS)


def _word_before(text: str, begin: int, stop: int) -> str:
    window = text[max(begin, stop - _LOOK_BACK_CHARS) : stop]
    words = window.split()
    return words[-1].lstrip("([{\"'“‘") if words and not window[-1].isspace() else ""


def _next_token(text: str, position: int) -> str:
    """The next run of characters without white space or comma, cut at a bounded length."""
    window = text[position : position + 2 * _LOOK_BACK_CHARS].split(maxsplit=1)
    return window[0].rstrip(",;:") if window else ""


def _can_open(token: str) -> bool:
    """True for what may open a sentence: a lower-case word only if it is a symbol (p53, mTOR, β-actin)."""
    # As nearly every sentence does; the pattern would say the same.
    if "A" <= token[:1] <= "Z":
        return True
    first = _WORD.search(token)
    if first is None:
        return False
    word = first.group()
    if "α" <= word[0] <= "ω" and len(word) > 1:
        return True  # β-actin
    return not word[0].islower() or any(c.isdigit() or c.isupper() for c in word)
