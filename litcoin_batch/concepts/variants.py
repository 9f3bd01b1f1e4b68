"""Sequence variants by their syntax: dbSNP numbers and HGVS-like changes to BioRED's ids.

The ids are those of tmVar (Wei et al. 2018, doi:10.1093/bioinformatics/btx541) as BioRED's gold
has them: ``rs6025``, ``c|SUB|G|1691|A``, ``p|SUB|R|506|Q``, ``c|DEL|35|G``, ``c|INS|217_218|C``,
``c|DUP|899|C|``, ``p|FS|N|102|D|4``, ``p|Allele|R|104``; a missing part stays empty.
"""

from __future__ import annotations

import re
from functools import lru_cache

_AMINO_ACIDS = {
    "A": "ala alanine", "R": "arg arginine", "N": "asn asparagine",
    "D": "asp aspartate aspartic(?: acid)?", "C": "cys cysteine", "Q": "gln glutamine",
    "E": "glu glutamate glutamic(?: acid)?", "G": "gly glycine", "H": "his histidine",
    "I": "ile isoleucine", "L": "leu leucine", "K": "lys lysine", "M": "met methionine",
    "F": "phe phenylalanine", "P": "pro proline", "S": "ser serine", "T": "thr threonine",
    "W": "trp tryptophan", "Y": "tyr tyrosine", "V": "val valine", "X": "ter stop",
}  # fmt: skip
_NAMES = {
    name.split("(")[0]: letter
    for letter, names in _AMINO_ACIDS.items()
    for name in re.findall(r"[a-z]+(?:\(\?: acid\)\?)?", names)
}
_NUCLEOTIDES = {
    "adenine": "A", "cytosine": "C", "cytidine": "C", "guanine": "G", "guanosine": "G",
    "thymine": "T", "thymidine": "T", "uracil": "T",
}  # fmt: skip

_NAMED = r"(?i:{})(?![a-z])(?: acid)?".format("|".join(sorted(_NAMES, key=len, reverse=True)))
_AA = rf"(?:{_NAMED}|[ACDEFGHIKLMNPQRSTVWYX*])"
_NT = r"(?:[ACGTU]|(?i:{})(?![a-z]))".format("|".join(sorted(_NUCLEOTIDES, key=len, reverse=True)))
_SEQ = r"[ACGTUN]+|\d+"
_POS = r"(?:IVS ?\d+ ?|Ex ?\d+ ?)?(?:[-+*] ?)?\d+(?: ?[-+] ?\d+)?"
_RANGE = rf"{_POS}(?:_{_POS})?"
_WHERE = (
    r"(?:,? ?(?:substitution|mutation|transition|transversion|change|allele|polymorphism))?"
    r"(?: was identified)?,? ?(?:(?:at|in|of|on|for) )?(?:the )?"
    r"(?:(?:amino acid|aa|residue|codon|nucleotide|nt|base|position|c\.) ?)*"
)
_GLOSS = r"(?: \([A-Za-z]{1,3}\))?(?: residue)?"
_TO = rf"{_GLOSS} ?(?:>|/|-to-|to|by|with|-|into) ?(?:an? )?"

_RS = re.compile(r"(?<![A-Za-z])rs ?(\d{2,})(?!\d)", re.IGNORECASE)
_PREFIX = re.compile(r"([cgmnrp])\. ?(?=\S)")

# Each protein form starts at an amino acid or a position; `_compile` lets white space be loose.
_PROTEIN = (
    ("FS", rf"(?P<ref>{_AA})[- ]?(?P<pos>\d+) ?(?P<alt>{_AA})? ?fs ?(?:[X*]|Ter)?(?P<stop>\d*)"),
    ("DEL", rf"(?P<ref>{_AA})(?P<pos>\d+)(?:[-_](?P<ref2>{_AA})(?P<pos2>\d+))? ?del(?:etion)?"),
    ("SUB", rf"(?P<ref>{_AA})[- (]*(?P<pos>[-+]?\d+)[) ]*(?:-to-|to |>|-)? ?(?P<alt>{_AA})"),
    ("SUB", rf"(?P<pos>[-+]?\d+) ?(?P<ref>{_AA}) ?[>/] ?(?P<alt>{_AA})"),
    ("SUB", rf"(?P<ref>{_AA}){_TO}(?P<alt>{_AA}){_GLOSS} ?{_WHERE}(?P<pos>\d+)"),
    ("SUB", rf"(?P<ref>{_NAMED}){_TO}(?P<alt>{_NAMED})(?P<pos>)"),
    ("SUB", rf"(?:codon|residue|amino acid) (?P<pos>\d+),? (?P<ref>{_NAMED}){_TO}(?P<alt>{_NAMED})"),
    ("SUB", rf"(?P<alt>{_NAMED}) for (?P<ref>{_NAMED}){_WHERE}(?P<pos>\d+)"),
    ("Allele", rf"(?P<ref>{_NAMED})[- ]?(?P<pos>\d+)"),
    ("Allele", rf"(?P<pos>\d+)[- ]?(?P<ref>{_NAMED})"),
)
_DNA = (
    ("SUB", rf"(?P<pos>{_POS}) ?(?P<ref>{_NT}) ?[>/] ?(?P<alt>{_NT})"),
    ("SUB", rf"(?P<ref>{_NT}) ?(?P<pos>{_POS}) ?(?:>|/|to )? ?(?P<alt>{_NT})"),
    ("SUB", rf"\(?(?P<ref>{_NT}){_TO}(?P<alt>{_NT})\)?{_WHERE}(?P<pos>{_POS})"),
    ("SUB", rf"(?P<ref>{_NT}) ?(?:>|/|to) ?(?P<alt>{_NT})(?P<pos>)"),
    ("INDEL", rf"(?P<pos>{_RANGE}) ?(?:delins|del(?:{_SEQ})?ins|ins/del|indel) ?(?P<seq>{_SEQ})?"),
    ("DEL", rf"(?P<pos>{_RANGE}) ?del(?:etion)? ?(?P<seq>{_SEQ})?(?: ?bp)?"),
    ("DEL", rf"del(?:etion)? ?(?P<pos>{_RANGE}) ?(?P<seq>{_SEQ})?"),
    ("INS", rf"(?P<pos>{_RANGE}) ?ins(?:ertion)? ?(?P<seq>{_SEQ})?"),
    ("INS", rf"ins(?:ertion)? ?(?P<pos>{_RANGE}) ?(?P<seq>{_SEQ})?"),
    ("DUP", rf"(?P<pos>{_RANGE}) ?dup(?:lication)? ?(?P<seq>{_SEQ})?"),
    ("DUP", r"dup(?P<pos>) ?(?P<seq>\d+) ?bp"),
    ("DEL", rf"deletion(?: of)? ?\(?(?P<seq>{_SEQ})(?: ?bp)?\)?(?: {_WHERE}(?P<pos>{_RANGE}))?"),
    ("DEL", r"(?P<seq>[ACGT]+) deletion(?P<pos>)"),
    ("DEL", r"(?:[Dd]elta|\u0394) ?(?P<seq>\d+)(?P<pos>)"),
    ("Allele", rf"(?P<pos>{_POS}) ?(?P<ref>[ACGT])(?P=ref)?"),
    ("Allele", rf"(?P<ref>[ACGT]) allele {_WHERE}(?P<pos>{_POS})"),
)
_LENGTH = re.compile(
    r"(?P<seq>\d+(?:\.\d+)?) ?-?(?:bp|base[- ]pairs?|bases?|nucleotides?|nt)(?: \w+)?"
    r"[- ](?P<kind>deletion|insertion/deletion|insertion|duplication)", re.IGNORECASE
)  # fmt: skip
# A longer mention is prose; the bound also keeps the forms above from backtracking for long.
_MAX_CHARS = 120
_LENGTH_KINDS = {
    "deletion": "DEL", "insertion": "INS", "duplication": "DUP", "insertion/deletion": "INDEL",
}  # fmt: skip
_PROTEIN_FORMS = tuple((kind, re.compile(form)) for kind, form in _PROTEIN)
_DNA_FORMS = tuple((kind, re.compile(form)) for kind, form in _DNA)


def is_rs(variant_id: str) -> bool:
    return variant_id.startswith("rs")


@lru_cache(maxsize=65536)
def variant_ids(text: str) -> tuple[str, ...]:
    """What the syntax of a mention allows, the likelier reading first; () where it is no variant.

    "G135C" reads as a nucleotide change or as an amino acid change: two ids.
    """
    rs = _RS.search(text)
    if rs is not None:
        return (f"rs{rs.group(1)}",)
    text = _tidy(text)
    if len(text) > _MAX_CHARS:
        return ()
    prefix = _PREFIX.match(text)
    body = text[prefix.end() :] if prefix else text
    level = prefix.group(1) if prefix else ""
    if body.startswith("(") and body.endswith(")"):
        body = body[1:-1]
    readings = []
    if level != "p":
        readings.append(_dna(body, level or "c"))
    if level in ("p", ""):
        readings.append(_protein(body))
    if not any(readings):
        readings.append(_length(body, level or "c"))
    return tuple(reading for reading in readings if reading)


def _tidy(text: str) -> str:
    text = " ".join(text.split()).strip(" ,;")
    text = text.replace("\u2212", "-").replace("\u2013", "-").replace("\u2192", ">")
    return re.sub(r" ?(?:-+ ?>|=>) ?", ">", text)


def _protein(body: str) -> str:
    for kind, form in _PROTEIN_FORMS:
        match = form.fullmatch(body)
        if match is None:
            continue
        part = match.groupdict(default="")
        ref, pos = _amino_acid(part["ref"]), part["pos"]
        alt = _amino_acid(part.get("alt", ""))
        if kind == "FS":
            return f"p|FS|{ref}|{pos}|{alt}|{part['stop']}"
        if kind == "DEL":
            if part["pos2"]:
                return f"p|DEL|{pos}_{part['pos2']}|{ref}{_amino_acid(part['ref2'])}"
            return f"p|DEL|{pos}|{ref}"
        return f"p|Allele|{ref}|{pos}" if kind == "Allele" else f"p|SUB|{ref}|{pos}|{alt}"
    return ""


def _dna(body: str, level: str) -> str:
    for kind, form in _DNA_FORMS:
        match = form.fullmatch(body)
        if match is None:
            continue
        part = match.groupdict(default="")
        pos = part["pos"].replace(" ", "")
        if kind in ("DEL", "INS", "DUP", "INDEL"):
            pos = _as_range(pos)
        if kind == "SUB":
            return f"{level}|SUB|{_nucleotide(part['ref'])}|{pos}|{_nucleotide(part['alt'])}"
        if kind == "Allele":
            return f"{level}|Allele|{part['ref']}|{pos}"
        end = "|" if kind == "DUP" else ""
        return f"{level}|{kind}|{pos}|{part['seq']}{end}"
    return ""


def _as_range(pos: str) -> str:
    """ "118-119" is a range, "609-28" a place in an intron."""
    first, dash, last = pos.partition("-")
    if dash and first.isdigit() and last.isdigit() and int(first) < int(last):
        return f"{first}_{last}"
    return pos


def _length(body: str, level: str) -> str:
    match = _LENGTH.fullmatch(body)
    if match is None:
        return ""
    kind = _LENGTH_KINDS[match["kind"].lower()]
    return f"{level}|{kind}||{match['seq']}" + ("|" if kind == "DUP" else "")


def _amino_acid(name: str) -> str:
    if len(name) <= 1:
        return name.replace("*", "X")
    return _NAMES[name.lower().removesuffix(" acid")]


def _nucleotide(name: str) -> str:
    return _NUCLEOTIDES.get(name.lower(), name).replace("U", "T")
