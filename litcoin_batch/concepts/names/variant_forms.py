"""How texts write a sequence variant: HGVS, what came before it, and prose, as regular expressions over amino acids and nucleotides.

The groups of a form are what an id is made of: ``ref``, ``alt``, ``pos``, ``pos2``, ``seq``, ``stop``.
"""

from __future__ import annotations

import re

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

RS = re.compile(r"(?<![A-Za-z])rs ?(\d{2,})(?!\d)", re.IGNORECASE)
PREFIX = re.compile(r"([cgmnrp])(?:\. ?(?=\S)|(?=[-*]?\d+[ACGT]>))")
REFERENCE = re.compile(
    r"(?:(?:[NX][CGMPRTW]_\d+|ENS[TPG]\d+|LRG_\d+(?:[tp]\d+)?|U?[A-Z]{1,2}\d{5,6})(?:\.\d+)?(?:\([\w-]+\))?|chr(?:\d+|[XYM]T?)|[A-Z][\w-]{1,14})"
    r" ?: ?(?=\S)"
)  # fmt: skip
# "BRAF V600E", "BRAF-p.V600E", "CDK4(R24C)"; glued to its gene a change needs two digits.
GENE = re.compile(
    r"[A-Za-z][A-Za-z0-9-]{1,14}?(?:[ ^-]|(?P<open>\())(?P<change>[cgmnp]\..+|[A-Z][A-Za-z]{0,2}\d+.+?)(?(open)\))"
    r"|[A-Z]{2}[A-Z0-9]{0,6}?(?P<glued>[A-Z]\d{2,4}[A-Z*]|p\..+|c\.\d.+)"
)  # fmt: skip
# Amino acids or nucleotides: "A53T", but not "1841A>G", nor a place beyond most proteins.
EITHER = re.compile(r"[ACGT] ?-? ?[12]?\d{1,3} ?[ACGT]")
ALTERNATIVES = re.compile(r"(?P<before>.*\d)(?P<first>[A-Z*]|[A-Z][a-z]{2})(?P<others>(?:/(?:[A-Z*]|[A-Z][a-z]{2}))+)")
BETWEEN_CHANGES = re.compile(
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
NUMBERS = {
    name: str(n) for n, name in enumerate("one two three four five six seven eight nine ten eleven twelve".split(), 1)
}  # fmt: skip
LENGTH = re.compile(
    rf"(?P<seq>\d+(?:\.\d+)?|{'|'.join(NUMBERS)}) ?-?(?P<unit>bp|base[- ]?pairs?|bases?|nucleotides?|nt|kb|Mb)(?: \w+)?"
    r"[- ](?P<kind>deletion|insertion/deletion|insertion|duplication)", re.IGNORECASE
)  # fmt: skip
LENGTH_KINDS = {
    "deletion": "DEL", "insertion": "INS", "duplication": "DUP", "insertion/deletion": "INDEL",
}  # fmt: skip
PROTEIN_FORMS = tuple((kind, re.compile(form)) for kind, form in _PROTEIN)
PROTEIN_POSITION_FORMS = tuple((kind, re.compile(form)) for kind, form in _PROTEIN_POSITIONS)
DNA_FORMS = tuple((kind, re.compile(form)) for kind, form in _DNA)

_EACH_AMINO_ACID = re.compile(r"(?i:%s)(?: acid)?" % "|".join(sorted(_NAMES, key=len, reverse=True)))


def amino_acids(names: str) -> str:
    """One or several, by letters or by names, as letters."""
    if names.isupper() or names == "*" or len(names) <= 1:
        return names.replace("*", "X")
    return "".join(_NAMES[name.lower().removesuffix(" acid")] for name in _EACH_AMINO_ACID.findall(names))


def nucleotide(name: str) -> str:
    return _NUCLEOTIDES.get(name.lower(), name).replace("U", "T")
