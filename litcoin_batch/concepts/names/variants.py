"""Sequence variants by their syntax: dbSNP numbers and HGVS-like changes to BioRED's ids.

The ids are those of tmVar (Wei et al. 2018, doi:10.1093/bioinformatics/btx541) as BioRED's gold
has them: ``rs6025``, ``c|SUB|G|1691|A``, ``p|SUB|R|506|Q``, ``c|DEL|35|G``, ``c|INS|217_218|C``,
``c|DUP|899|C|``, ``p|FS|N|102|D|4``, ``p|INDEL|770|GY``, ``p|Allele|R|104``; a missing part stays empty.
What HGVS writes and tmVar has no word for keeps the shape: ``c|INV|76_83|``, ``p|EXT|X|110|Q|17``.
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
    "W": "trp tryptophan", "Y": "tyr tyrosine", "V": "val valine", "X": "ter stop", "U": "sec selenocysteine",
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

# A three-letter residue may be followed by what happens to it: "Asn102Aspfs*4".
_NAMED = r"(?i:%s)(?!(?!fs|del|dup|ins|ext)[a-z])(?: acid)?" % "|".join(sorted(_NAMES, key=len, reverse=True))
_AA = rf"(?:{_NAMED}|[ACDEFGHIKLMNPQRSTVWYX*])"
_NT = r"(?:[ACGTU]|(?i:%s)(?![a-z]))" % "|".join(sorted(_NUCLEOTIDES, key=len, reverse=True))
_SEQ = r"[ACGTUN]+|\d+"
_AAS = rf"(?:(?:{_NAMED})+|[ACDEFGHIKLMNPQRSTUVWYX*]+)"
_SPAN = rf"(?P<ref>{_AA})(?P<pos>\d+)(?:[-_](?P<ref2>{_AA})?(?P<pos2>\d+))?"
_STOP = r"(?:\(?(?:[X*]|(?i:ter|stop))\)? ?)?(?P<stop>\d*)\??"
_POS = r"(?:IVS ?\d+ ?|Ex ?\d+ ?)?(?:[-+*] ?)?\d+(?: ?[-+] ?\d+)?"
_RANGE = rf"{_POS}(?:_{_POS})?"
_UNSURE = r"(?:\([-+*?\d_]+\)|[-+*?\d]+)"
_WHERE = (
    r"(?:,? ?(?:substitution|mutation|transition|transversion|change|allele|polymorphism))?"
    r"(?: was identified)?,? ?(?:(?:at|in|of|on|for) )?(?:the )?"
    r"(?:(?:amino acid|aa|residue|codon|nucleotide|nt|base|position|c\.) ?)*"
)
_GLOSS = r"(?: \([A-Za-z]{1,3}\))?(?: residue)?"
_TO = rf"{_GLOSS} ?(?:>|/|-to-|to|by|with|-|into) ?(?:an? )?"

_RS = re.compile(r"(?<![A-Za-z])rs ?(\d{2,})(?!\d)", re.IGNORECASE)
_PREFIX = re.compile(r"([cgmnrp])(?:\. ?(?=\S)|(?=[-*]?\d+[ACGT]>))")
_REFERENCE = re.compile(
    r"(?:(?:[NX][CGMPRTW]_\d+|ENS[TPG]\d+|LRG_\d+(?:[tp]\d+)?|U?[A-Z]{1,2}\d{5,6})(?:\.\d+)?(?:\([\w-]+\))?|chr(?:\d+|[XYM]T?)|[A-Z][\w-]{1,14})"
    r" ?: ?(?=\S)"
)  # fmt: skip
# "BRAF V600E", "BRAF-p.V600E", "CDK4(R24C)"; glued to its gene a change needs two digits.
_GENE = re.compile(
    r"[A-Za-z][A-Za-z0-9-]{1,14}?(?:[ ^-]|(?P<open>\())(?P<change>[cgmnp]\..+|[A-Z][A-Za-z]{0,2}\d+.+?)(?(open)\))"
    r"|[A-Z]{2}[A-Z0-9]{0,6}?(?P<glued>[A-Z]\d{2,4}[A-Z*]|p\..+|c\.\d.+)"
)  # fmt: skip
# Amino acids or nucleotides: "A53T", but not "1841A>G", nor a place beyond most proteins.
_EITHER = re.compile(r"[ACGT] ?-? ?[12]?\d{1,3} ?[ACGT]")
_ALTERNATIVES = re.compile(r"(?P<before>.*\d)(?P<first>[A-Z*]|[A-Z][a-z]{2})(?P<others>(?:/(?:[A-Z*]|[A-Z][a-z]{2}))+)")
_BETWEEN_CHANGES = re.compile(
    r" ?[;,/+] ?(?=[A-Za-z\[(]|\d+(?:[-+]\d+)?[ACGTdi])| (?=[cgp]\.)|(?<=\d|[A-Za-z*)]) ?\((?=[cgmnp]\.|[A-Z][a-z]{0,2}\d)| ?\band\b ?|\] ?; ?\["
)

# Each protein form starts at an amino acid or a position; `_tidy` has made white space plain.
_PROTEIN = (
    ("FS", rf"(?P<ref>{_AA})[- ]?(?P<pos>\d+) ?(?P<alt>{_AA})? ?fs ?{_STOP}"),
    ("EXT", rf"(?P<ref>{_AA})(?P<pos>\d+)(?P<alt>{_AA})? ?ext ?-?{_STOP}"),
    ("INDEL", rf"{_SPAN} ?(?:delins|del ?ins|indel|>) ?(?P<seq>{_AAS})"),
    ("INS", rf"{_SPAN} ?ins(?:ertion)? ?(?P<seq>{_AAS}|\d+)?"),
    ("DUP", rf"{_SPAN} ?dup(?:lication)? ?(?P<seq>{_AAS}|\d+)?"),
    ("DEL", rf"{_SPAN} ?(?:del(?:etion)?) ?(?P<seq>{_AAS}|\d+)?"),
    ("DEL", rf"(?:\u0394|\u2206|[Dd]elta|(?i:del)) ?-?(?P<ref>{_AA}) ?(?P<pos>\d+)"),
    ("DEL", r"(?:\u0394|\u2206|[Dd]elta|del) ?(?P<pos>\d+)[-_/](?P<pos2>\d+)"),
    ("SUB", rf"(?P<ref>{_AA})(?P<pos>\d+)(?P<alt>[=?])"),
    ("SUB", rf"(?P<ref>{_AA})[- (]*(?P<pos>[-+]?\d+)[) ]*(?:-to-|to |>|-)? ?(?P<alt>{_AA})"),
    ("SUB", rf"(?P<pos>[-+]?\d+) ?(?P<ref>{_AA}) ?[>/] ?(?P<alt>{_AA})"),
    ("SUB", rf"(?P<ref>{_AA}){_TO}(?P<alt>{_AA}){_GLOSS} ?{_WHERE}(?P<pos>\d+)"),
    ("SUB", rf"(?P<ref>{_NAMED}){_TO}(?P<alt>{_NAMED})(?P<pos>)"),
    ("SUB", rf"(?P<ref>{_NAMED}) (?P<pos>\d+) (?:for|by|to) (?P<alt>{_NAMED})"),
    ("SUB", rf"(?:codon|residue|amino acid) (?P<pos>\d+),? (?P<ref>{_NAMED}){_TO}(?P<alt>{_NAMED})"),
    ("SUB", rf"(?P<alt>{_NAMED})(?: codon)? for (?P<ref>{_NAMED}){_WHERE}(?P<pos>\d+)"),
    ("Allele", rf"(?P<ref>{_NAMED})[- ]?(?P<pos>\d+)"),
    ("Allele", rf"(?P<pos>\d+)[- ]?(?P<ref>{_NAMED})"),
    ("Allele", r"(?P<ref>[ACDEFGHIKLMNPQRSTVWY]) ?(?P<pos>\d{2,})"),
    ("Allele", r"(?P<pos>\d{2,})(?P<ref>[DEFHIKLMNPQRSVWY])(?P=ref)?"),
)
# These read as changes of nucleotides unless "p." stands before them.
_PROTEIN_POSITIONS = (
    ("DEL", r"(?P<pos>\d+)(?:_(?P<pos2>\d+))?del"),
    ("DUP", r"(?P<pos>\d+)(?:_(?P<pos2>\d+))?dup"),
    ("INDEL", rf"(?P<pos>\d+)(?:_(?P<pos2>\d+))?delins(?P<seq>{_AAS})"),
    ("INS", rf"(?P<pos>\d+)_(?P<pos2>\d+)ins(?P<seq>{_AAS})"),
)
_DNA = (
    ("SUB", rf"(?P<pos>{_POS}) ?(?P<ref>{_NT}) ?(?:>|/|to ) ?(?P<alt>{_NT})"),
    ("SUB", rf"(?P<ref>{_NT}) ?(?P<pos>{_POS}) ?(?:>|/|to )? ?(?P<alt>{_NT})"),
    ("SUB", rf"\(?(?P<ref>{_NT}){_TO}(?P<alt>{_NT})\)?{_WHERE}(?P<pos>{_POS})"),
    ("SUB", rf"(?P<ref>{_NT}) ?(?:>|/|to) ?(?P<alt>{_NT})(?P<pos>)"),
    ("SUB", r"(?P<ref>[ACGT]{2,}) ?(?:>|to) ?(?P<alt>[ACGT]{2,})(?P<pos>)"),
    ("SUB", rf"(?P<pos>{_RANGE}) ?(?P<ref>[ACGT]{{2,}}) ?> ?(?P<alt>[ACGT]+)"),
    ("SUB", rf"(?P<pos>{_POS}) ?(?P<ref>{_NT})? ?(?P<alt>=)"),
    ("INDEL", rf"(?P<pos>{_RANGE}) ?(?:delins|del ?(?:{_SEQ})?ins|ins/del|indel) ?(?P<seq>{_SEQ})?"),
    ("INDEL", rf"(?P<pos>)ins/del ?(?P<seq>{_SEQ})(?: ?bp)?"),
    ("INV", rf"(?P<pos>{_RANGE}) ?inv(?P<seq>)"),
    ("DEL", rf"(?P<pos>{_UNSURE}_{_UNSURE})del(?P<seq>)"),
    ("DUP", rf"(?P<pos>{_UNSURE}_{_UNSURE})dup(?P<seq>)"),
    ("DUP", rf"(?P<pos>{_RANGE}) ?(?P<seq>[ACGT]*) ?[\[(](?P<stop>\d+)[\])]"),
    ("DUP", r"(?P<pos>)\((?P<seq>[ACGT]+)\) ?n?(?P<stop>\d*)"),
    ("DUP", r"(?P<pos>)(?P<seq>[ACGT]{2,})[- ]repeats?"),
    ("DEL", r"(?P<pos>(?i:exon) ?\d+)[- ]?(?i:del(?:etion)?)s?(?P<seq>)"),
    ("INS", r"(?P<pos>(?i:exon) ?\d+)[- ]?(?i:ins(?:ertion)?)s?(?P<seq>)"),
    ("DUP", r"(?P<pos>(?i:exon) ?\d+)[- ]?(?i:dup(?:lication)?)s?(?P<seq>)"),
    ("DEL", rf"(?P<pos>{_RANGE}) ?del(?:etion)? ?(?P<seq>{_SEQ})?(?: ?bp)?"),
    ("DEL", rf"del(?:etion)? ?(?P<pos>{_RANGE}) ?(?P<seq>{_SEQ})?"),
    ("INS", rf"(?P<pos>{_RANGE}) ?ins(?:ertion)? ?(?P<seq>{_SEQ})?"),
    ("INS", rf"ins(?:ertion)? ?(?P<pos>{_RANGE}) ?(?P<seq>{_SEQ})?"),
    ("DUP", rf"(?P<pos>{_RANGE}) ?dup(?:lication)? ?(?P<seq>{_SEQ})?"),
    ("DUP", r"dup(?P<pos>) ?(?P<seq>\d+) ?bp"),
    ("DEL", rf"deletion(?: of)? ?\(?(?P<seq>{_SEQ})(?: ?bp)?\)?(?: {_WHERE}(?P<pos>{_RANGE}))?"),
    ("DEL", rf"(?P<seq>[ACGT]+|{_NT}) deletion(?P<pos>)"),
    ("INS", rf"(?P<seq>[ACGT]+|{_NT}) insertion(?P<pos>)"),
    ("DEL", r"(?:[Dd]elta|\u0394) ?(?P<seq>\d+)(?P<pos>)"),
    ("Allele", rf"(?P<pos>{_POS}) ?(?P<ref>[ACGT])(?P=ref)?"),
    ("Allele", rf"(?P<ref>[ACGT]) allele {_WHERE}(?P<pos>{_POS})"),
)
_NUMBERS = {
    name: str(n) for n, name in enumerate("one two three four five six seven eight nine ten eleven twelve".split(), 1)
}  # fmt: skip
_LENGTH = re.compile(
    rf"(?P<seq>\d+(?:\.\d+)?|{'|'.join(_NUMBERS)}) ?-?(?P<unit>bp|base[- ]?pairs?|bases?|nucleotides?|nt|kb|Mb)(?: \w+)?"
    r"[- ](?P<kind>deletion|insertion/deletion|insertion|duplication)", re.IGNORECASE
)  # fmt: skip
# A longer mention is prose; the bound also keeps the forms above from backtracking for long.
_MAX_CHARS = 120
_LENGTH_KINDS = {
    "deletion": "DEL", "insertion": "INS", "duplication": "DUP", "insertion/deletion": "INDEL",
}  # fmt: skip
_PROTEIN_FORMS = tuple((kind, re.compile(form)) for kind, form in _PROTEIN)
_PROTEIN_POSITION_FORMS = tuple((kind, re.compile(form)) for kind, form in _PROTEIN_POSITIONS)
_DNA_FORMS = tuple((kind, re.compile(form)) for kind, form in _DNA)


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
    rs = _RS.search(text)
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
    prefix = _PREFIX.match(text)
    body = text[prefix.end() :] if prefix else text
    level = prefix.group(1) if prefix else ""
    if body.startswith("(") and body.endswith(")") and ")" not in body[1:-1] and (level or "+" not in body):
        body = body[1:-1]
    if level == "r":
        body = body.replace("a", "A").replace("c", "C").replace("g", "G").replace("u", "T")
    readings = []
    if level != "p":
        readings.append(_dna(body, level or "c"))
    if level == "p" or (not level and (not any(readings) or _EITHER.fullmatch(body))):
        readings.append(_protein(body, level))
    if not any(readings):
        readings.append(_length(body, level or "c"))
    return tuple(reading for reading in readings if reading)


def _alternatives(text: str) -> tuple[tuple[str, ...], ...]:
    """ "V600E/K", "G12D/V/C": one place, several outcomes."""
    match = _ALTERNATIVES.fullmatch(text)
    if match is None:
        return ()
    outcomes = (match["first"], *match["others"][1:].split("/"))
    changes = [_one_change(f"{match['before']}{outcome}") for outcome in outcomes]
    levels = set.intersection(*({reading[0] for reading in readings} for readings in changes))
    return tuple(tuple(r for r in readings if r[0] in levels) for readings in changes) if levels else ()


def _several_changes(text: str) -> tuple[tuple[str, ...], ...]:
    parts = [part.strip("[] ") for part in _BETWEEN_CHANGES.split(text.removesuffix(")") if "(" in text else text)]
    if len(parts) < 2:
        return ()
    level = _PREFIX.match(parts[0])
    changes: list[tuple[str, ...]] = []
    for part in parts:
        bare = part.replace("[", "")
        if level and not _PREFIX.match(bare) and (level.group(1) == "p" or not bare[:1].isalpha()):
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
    rest = _REFERENCE.sub("", text)
    if rest != text:
        return variant_changes(rest if _PREFIX.match(rest) or not rest[:1].isdigit() else f"g.{rest}")
    match = _GENE.fullmatch(text)
    return variant_changes(match["change"] or match["glued"]) if match else ()


def _tidy(text: str) -> str:
    text = " ".join(text.split()).strip(" ,;")
    text = text.replace("\u2212", "-").replace("\u2013", "-").replace("\u2192", ">").replace("\u2011", "-")
    text = re.sub(r" ?(?:-+ ?>|=>) ?", ">", text)
    text = re.sub(r"(?<=[ACGT]) ?to ?(?=[ACGT]$)", " to ", text)
    return re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", text)


def _protein(body: str, level: str) -> str:
    forms = _PROTEIN_FORMS + _PROTEIN_POSITION_FORMS if level else _PROTEIN_FORMS
    for kind, form in forms:
        match = form.fullmatch(body)
        if match is None:
            continue
        part = {name: value or "" for name, value in match.groupdict().items()}
        ref, pos = _amino_acids(part.get("ref", "")), part["pos"]
        if kind in ("FS", "EXT"):
            return f"p|{kind}|{ref}|{pos}|{_amino_acids(part['alt'])}|{part['stop']}"
        if kind == "SUB":
            alt = ref if part["alt"] == "=" else part["alt"] if part["alt"] == "?" else _amino_acids(part["alt"])
            return f"p|SUB|{ref}|{pos}|{alt}"
        if kind == "Allele":
            return f"p|Allele|{ref}|{pos}"
        where = f"{pos}_{part['pos2']}" if part.get("pos2") else pos
        deleted = ref + _amino_acids(part.get("ref2", ""))
        if kind == "DEL":
            return f"p|DEL|{where}|{deleted}"
        seq = part.get("seq", "")
        seq = seq if seq.isdigit() else _amino_acids(seq)
        return f"p|DUP|{where}|{seq or deleted}|" if kind == "DUP" else f"p|{kind}|{where}|{seq}"
    return ""


def _dna(body: str, level: str) -> str:
    for kind, form in _DNA_FORMS:
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
            ref = _nucleotide(part["ref"])
            return f"{level}|SUB|{ref}|{pos}|{ref if part['alt'] == '=' else _nucleotide(part['alt'])}"
        if kind == "Allele":
            return f"{level}|Allele|{part['ref']}|{pos}"
        seq = _nucleotide(part["seq"])
        return f"{level}|{kind}|{pos}|{seq}" + (f"|{part.get('stop', '')}" if kind == "DUP" else "")
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
    seq = _NUMBERS.get(match["seq"].lower(), match["seq"]) + {"kb": "K", "mb": "MB"}.get(match["unit"].lower(), "")
    return f"{level}|{kind}||{seq}" + ("|" if kind == "DUP" else "")


_EACH_AMINO_ACID = re.compile(r"(?i:%s)(?: acid)?" % "|".join(sorted(_NAMES, key=len, reverse=True)))


def _amino_acids(names: str) -> str:
    """One or several, by letters or by names, as letters."""
    if names.isupper() or names == "*" or len(names) <= 1:
        return names.replace("*", "X")
    return "".join(_NAMES[name.lower().removesuffix(" acid")] for name in _EACH_AMINO_ACID.findall(names))


def _nucleotide(name: str) -> str:
    return _NUCLEOTIDES.get(name.lower(), name).replace("U", "T")
