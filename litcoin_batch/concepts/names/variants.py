"""Sequence variants by their syntax: dbSNP numbers and HGVS-like changes to BioRED's ids.

The ids are those of tmVar (Wei et al. 2018, doi:10.1093/bioinformatics/btx541) as BioRED's gold
has them: ``rs6025``, ``c|SUB|G|1691|A``, ``p|SUB|R|506|Q``, ``c|DEL|35|G``, ``c|INS|217_218|C``,
``c|DUP|899|C|``, ``p|FS|N|102|D|4``, ``p|INDEL|770|GY``, ``p|Allele|R|104``; a missing part stays empty.
What HGVS writes and tmVar has no word for keeps the shape: ``c|INV|76_83|``, ``p|EXT|X|110|Q|17``.
"""

from __future__ import annotations

import re
from functools import lru_cache

from litcoin_batch.concepts.names.variant_forms import (
    ALTERNATIVES,
    BETWEEN_CHANGES,
    DNA_FORMS,
    EITHER,
    GENE,
    LENGTH,
    LENGTH_KINDS,
    NUMBERS,
    PREFIX,
    PROTEIN_FORMS,
    PROTEIN_POSITION_FORMS,
    REFERENCE,
    RS,
    amino_acids,
    nucleotide,
)

# A longer mention is prose; the bound also keeps the forms from backtracking for long.
_MAX_CHARS = 120


def is_rs(variant_id: str) -> bool:
    return variant_id.startswith("rs")


@lru_cache(maxsize=65536)
def variant_ids(text: str) -> tuple[str, ...]:
    """What the syntax of a mention allows, the likelier reading first; () where it is no variant.

    "G135C" reads as a nucleotide change or as an amino acid change: two ids. A mention of several
    changes gives those of all, one after the other.
    """
    return tuple(reading for readings in variant_changes(text) for reading in readings)


@lru_cache(maxsize=65536)
def variant_changes(text: str) -> tuple[tuple[str, ...], ...]:
    """The readings of each change that a mention names: "T790M/C797S" and "V600E/K" are two changes.

    A change that is written in nucleotides and again in amino acids, "c.1799T>A (p.Val600Glu)", is one.
    """
    rs = RS.search(text)
    if rs is not None:
        return ((f"rs{rs.group(1)}",),)
    text = _tidy(text)
    if len(text) > _MAX_CHARS:
        return ()
    readings = _one_change(text)
    if readings:
        return (readings,)
    return _alternatives(text) or _several_changes(text) or _after_gene(text)


def _one_change(text: str) -> tuple[str, ...]:
    prefix = PREFIX.match(text)
    body = text[prefix.end() :] if prefix else text
    level = prefix.group(1) if prefix else ""
    if body.startswith("(") and body.endswith(")") and ")" not in body[1:-1] and (level or "+" not in body):
        body = body[1:-1]
    if level == "r":
        body = body.replace("a", "A").replace("c", "C").replace("g", "G").replace("u", "T")
    readings = []
    if level != "p":
        readings.append(_dna(body, level or "c"))
    if level == "p" or (not level and (not any(readings) or EITHER.fullmatch(body))):
        readings.append(_protein(body, level))
    if not any(readings):
        readings.append(_length(body, level or "c"))
    return tuple(reading for reading in readings if reading)


def _alternatives(text: str) -> tuple[tuple[str, ...], ...]:
    """ "V600E/K", "G12D/V/C": one place, several outcomes."""
    match = ALTERNATIVES.fullmatch(text)
    if match is None:
        return ()
    outcomes = (match["first"], *match["others"][1:].split("/"))
    changes = [_one_change(f"{match['before']}{outcome}") for outcome in outcomes]
    levels = set.intersection(*({reading[0] for reading in readings} for readings in changes))
    return tuple(tuple(r for r in readings if r[0] in levels) for readings in changes) if levels else ()


def _several_changes(text: str) -> tuple[tuple[str, ...], ...]:
    parts = [part.strip("[] ") for part in BETWEEN_CHANGES.split(text.removesuffix(")") if "(" in text else text)]
    if len(parts) < 2:
        return ()
    level = PREFIX.match(parts[0])
    changes: list[tuple[str, ...]] = []
    for part in parts:
        bare = part.replace("[", "")
        if level and not PREFIX.match(bare) and (level.group(1) == "p" or not bare[:1].isalpha()):
            bare = f"{level.group(0)}{bare}"
        balanced = f"{bare})" if bare.count("(") > bare.count(")") else bare
        readings = tuple(r for rs in _after_gene(balanced) for r in rs) or _one_change(balanced)
        if not readings:
            return ()
        translated = _translation(changes[-1], readings) if changes else ()
        if translated:
            changes[-1] += translated
        else:
            changes.append(readings)
    return tuple(changes)


def _translation(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    """The readings of ``second`` that say in amino acids what ``first`` says in nucleotides, or the reverse."""
    levels = {reading[0] for reading in first}
    if levels == {"p"}:
        return second if all(reading[0] != "p" for reading in second) else ()
    return tuple(reading for reading in second if reading[0] == "p") if "p" not in levels else ()


def _after_gene(text: str) -> tuple[tuple[str, ...], ...]:
    """What is left without a reference sequence or a gene: "NM_000179.2(MSH2):c.3254delC", "BRAFV600E"."""
    rest = REFERENCE.sub("", text)
    if rest != text:
        return variant_changes(rest if PREFIX.match(rest) or not rest[:1].isdigit() else f"g.{rest}")
    match = GENE.fullmatch(text)
    return variant_changes(match["change"] or match["glued"]) if match else ()


def _tidy(text: str) -> str:
    text = " ".join(text.split()).strip(" ,;")
    text = text.replace("\u2212", "-").replace("\u2013", "-").replace("\u2192", ">").replace("\u2011", "-")
    text = re.sub(r" ?(?:-+ ?>|=>) ?", ">", text)
    text = re.sub(r"(?<=[ACGT]) ?to ?(?=[ACGT]$)", " to ", text)
    return re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", text)


def _protein(body: str, level: str) -> str:
    forms = PROTEIN_FORMS + PROTEIN_POSITION_FORMS if level else PROTEIN_FORMS
    for kind, form in forms:
        match = form.fullmatch(body)
        if match is None:
            continue
        part = {name: value or "" for name, value in match.groupdict().items()}
        ref, pos = amino_acids(part.get("ref", "")), part["pos"]
        if kind in ("FS", "EXT"):
            return f"p|{kind}|{ref}|{pos}|{amino_acids(part['alt'])}|{part['stop']}"
        if kind == "SUB":
            alt = ref if part["alt"] == "=" else part["alt"] if part["alt"] == "?" else amino_acids(part["alt"])
            return f"p|SUB|{ref}|{pos}|{alt}"
        if kind == "Allele":
            return f"p|Allele|{ref}|{pos}"
        where = f"{pos}_{part['pos2']}" if part.get("pos2") else pos
        deleted = ref + amino_acids(part.get("ref2", ""))
        if kind == "DEL":
            return f"p|DEL|{where}|{deleted}"
        seq = part.get("seq", "")
        seq = seq if seq.isdigit() else amino_acids(seq)
        return f"p|DUP|{where}|{seq or deleted}|" if kind == "DUP" else f"p|{kind}|{where}|{seq}"
    return ""


def _dna(body: str, level: str) -> str:
    for kind, form in DNA_FORMS:
        match = form.fullmatch(body)
        if match is None:
            continue
        part = match.groupdict(default="")
        pos = part["pos"].replace(" ", "")
        if pos[:4].lower() == "exon":
            pos = pos.capitalize()
        if kind in ("DEL", "INS", "DUP", "INDEL"):
            pos = _as_range(pos)
        if kind == "SUB":
            ref = nucleotide(part["ref"])
            return f"{level}|SUB|{ref}|{pos}|{ref if part['alt'] == '=' else nucleotide(part['alt'])}"
        if kind == "Allele":
            return f"{level}|Allele|{part['ref']}|{pos}"
        seq = nucleotide(part["seq"])
        return f"{level}|{kind}|{pos}|{seq}" + (f"|{part.get('stop', '')}" if kind == "DUP" else "")
    return ""


def _as_range(pos: str) -> str:
    """ "118-119" is a range, "609-28" a place in an intron."""
    first, dash, last = pos.partition("-")
    if dash and first.isdigit() and last.isdigit() and int(first) < int(last):
        return f"{first}_{last}"
    return pos


def _length(body: str, level: str) -> str:
    match = LENGTH.fullmatch(body)
    if match is None:
        return ""
    kind = LENGTH_KINDS[match["kind"].lower()]
    seq = NUMBERS.get(match["seq"].lower(), match["seq"]) + {"kb": "K", "mb": "MB"}.get(match["unit"].lower(), "")
    return f"{level}|{kind}||{seq}" + ("|" if kind == "DUP" else "")
