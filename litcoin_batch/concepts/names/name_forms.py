"""Other ways to write a name: what to look for where a vocabulary does not have it as the text does.

"hypertensive" -> "hypertension", "human p53 protein" -> "p53", "CaCl(2)" -> "calcium chloride". Nothing here
knows whether a form exists: the vocabulary decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from litcoin_batch.schema import ENTITY_TYPES

GENE, DISEASE, CHEMICAL, VARIANT, ORGANISM, CELL_LINE = ENTITY_TYPES

# The first letters of "hTERT" and the words of "mouse Brca1" -> NCBI taxonomy ids.
SPECIES_LETTERS = {"h": 9606, "m": 10090, "r": 10116, "d": 7227, "y": 4932, "z": 7955}
SPECIES_WORDS = {
    "human": 9606, "mouse": 10090, "murine": 10090, "mice": 10090, "rat": 10116, "yeast": 4932, "zebrafish": 7955,
    "drosophila": 7227, "fly": 7227, "bovine": 9913, "porcine": 9823, "pig": 9823, "chicken": 9031, "rabbit": 9986,
    "canine": 9615, "dog": 9615, "ovine": 9940, "sheep": 9940, "xenopus": 8355, "arabidopsis": 3702, "hamster": 10036,
}  # fmt: skip
_SPECIES_PREFIX = re.compile(rf"(?i:({'|'.join(SPECIES_WORDS)}))[- ]+(?=\S)")
_LETTER_PREFIX = re.compile(r"([hmrdyz])-?(?=[A-Z][A-Za-z]*[A-Z0-9])")

_BRACKETED = re.compile(r"\s?[(\[][^()\[\]]*[)\]]")
_BEFORE_GENE = re.compile(
    r"(?:anti|phospho(?:rylated)?|p|pro|pre|wild[- ]type|wt|mutant|recombinant|total|activated|active|cleaved|serum|"
    r"plasma|soluble|endogenous|nuclear|circulating|intact|native|maternal|the|dominant[- ]negative)[- ](?=\S)",
    re.IGNORECASE,
)
_AFTER_GENE = re.compile(
    r"[- ](?:genes?|proteins?|mrnas?|transcripts?|promoters?|alleles?|locus|loci|polypeptides?|peptides?|enzymes?|"
    r"antigens?|antibod(?:y|ies)|oncogenes?|subunits?|receptors?|kinases?|homologu?e?|isoforms?|precursor|null|family|"
    r"complex|cDNA|channels?|hormones?|mutants?|[-+]/[-+]|[-+])$|\(?[-+]/[-+]\)?$",
    re.IGNORECASE,
)
_ISOFORM = re.compile(
    r"(?<=\d)-?(?:v\d+|alpha|beta|gamma|delta|[a-zA-Z])$|(?<=[A-Z])[xs]$|(?<=\w)-?(?:WT|KO)$|(?<=\d)v\d+$|(?<=[A-Z])v\d+$"
)
_ORGANISM_LETTERS = re.compile(r"(?:cmv|v|pf|sc|at|dm|ce|mt)(?=[A-Z])|(?:Pf|Sc|At|Dm|Ce|Mt)(?=[a-z]{3})")
_LAST_GREEK = {"a": "alpha", "b": "beta", "g": "gamma", "d": "delta", "e": "epsilon", "k": "kappa"}

_SUFFIXES = (  # of adjectives and of the nouns that the vocabulary has
    ("ensive", ("ension",)), ("essive", ("ession",)), ("essed", ("ession",)), ("ive", ("ion", "e")),
    ("atory", ("ation",)), ("atous", ("a",)), ("otic", ("osis",)), ("etic", ("etes", "esis")), ("itic", ("itis",)),
    ("emic", ("emia",)), ("enic", ("enia",)), ("eptic", ("epsy", "epsis")), ("mptic", ("mpsia",)), ("tic", ("sis", "sy", "tism", "s")),
    ("opathic", ("opathy",)), ("rophic", ("rophy",)), ("ic", ("ia", "y", "is", "", "ism")),
    ("oid", ("",)), ("ical", ("ia", "y")), ("al", ("", "us", "a")), ("ous", ("", "a", "oma")), ("ose", ("osis",)),
    ("obese", ("obesity",)), ("ed", ("", "e", "ion")), ("ing", ("ion", "")), ("ant", ("ance",)), ("ent", ("ence", "ency")),
    ("ies", ("y",)), ("es", ("is", "")), ("s", ("",)), ("a", ("um",)), ("i", ("us",)),
)  # fmt: skip
_HEADS = (
    ("cancer", "neoplasm", "tumor", "carcinoma", "malignancy"),
    ("disease", "disorder", "syndrome"),
    ("injury", "damage"),
    ("impairment", "dysfunction", "deficit", "disorder", "abnormality"),
    ("deficiency", "deficit"),
    ("defect", "abnormality", "anomaly", "malformation"),
)
_HEADS_OF = {head: tuple(h for h in heads if h != head) for heads in reversed(_HEADS) for head in heads}
_OF = re.compile(r"(\w[\w -]*?) (?:of|in) (?:the )?(\w[\w -]*)")
_INDUCED = re.compile(
    r"^.*?[- ](?:induced|related|associated|mediated|dependent|evoked|resistant|positive)[- ]", re.IGNORECASE
)

ELEMENTS = {
    "Ag": "silver", "Al": "aluminum", "As": "arsenic", "Au": "gold", "B": "boron", "Ba": "barium", "Be": "beryllium",
    "Bi": "bismuth", "Br": "bromine", "C": "carbon", "Ca": "calcium", "Cd": "cadmium", "Cl": "chlorine", "Co": "cobalt",
    "Cr": "chromium", "Cs": "cesium", "Cu": "copper", "F": "fluorine", "Fe": "iron", "Ga": "gallium", "Gd": "gadolinium",
    "H": "hydrogen", "Hg": "mercury", "I": "iodine", "K": "potassium", "Li": "lithium", "Mg": "magnesium",
    "Mn": "manganese", "Mo": "molybdenum", "N": "nitrogen", "Na": "sodium", "Ni": "nickel", "O": "oxygen",
    "P": "phosphorus", "Pb": "lead", "Pd": "palladium", "Pt": "platinum", "Rb": "rubidium", "Ru": "ruthenium",
    "S": "sulfur", "Sb": "antimony", "Se": "selenium", "Si": "silicon", "Sn": "tin", "Sr": "strontium", "Ti": "titanium",
    "Tl": "thallium", "U": "uranium", "V": "vanadium", "W": "tungsten", "Y": "yttrium", "Zn": "zinc", "Zr": "zirconium",
}  # fmt: skip
_ANIONS = {
    "Cl": "chloride", "F": "fluoride", "Br": "bromide", "I": "iodide", "O": "oxide", "OH": "hydroxide", "SO4": "sulfate",
    "NO3": "nitrate", "NO2": "nitrite", "CO3": "carbonate", "HCO3": "bicarbonate", "S": "sulfide", "CN": "cyanide",
    "PO4": "phosphate", "ClO4": "perchlorate", "N3": "azide", "AsO2": "arsenite",
}  # fmt: skip
_ION = re.compile(r"([A-Z][a-z]?)[(\[{]?\d?[-+]{0,2}\d?[-+]?[)\]}]?")
_BRACKETED_COUNT = re.compile(r"[(\[{](\d*[-+]?)[)\]}]")
_SALT = re.compile(rf"([A-Z][a-z]?)\d?[(]?({'|'.join(sorted(_ANIONS, key=len, reverse=True))})[)]?\d?")
_CHEMICAL_PREFIX = re.compile(
    r"^(?:\(?[-+±]\)?-?|\(?[RSEZ]\)-|\(?\+/-\)?-?|[DL]{1,2}-|all-trans-|trans-|cis-|\[\(?\d+\)?[A-Z]\]-?|\(\d+\)[A-Z]-?|\d{1,3}[A-Z]-|"
    r"oral |intravenous |free |exogenous |endogenous )"
)
_CHEMICAL_SUFFIX = re.compile(
    r"[- ](?:hydrochloride|hydrobromide|sodium|potassium|sulfate|sulphate|acetate|maleate|tartrate|mesylate|citrate|"
    r"phosphate|succinate|fumarate|chloride|HCl|dihydrate|monohydrate|ions?|nanoparticles?|levels?|compounds?|"
    r"analogu?es?|derivatives?|metabolites?|drugs?)$"
)
_CELLS = re.compile(r"[- ]?(?:cell[- ]?lines?|cells?|lines?|strains?|clones?|carcinoma|derived)$", re.IGNORECASE)


def species_in_name(name: str) -> tuple[int | None, str]:
    """The organism that a gene's name begins with, and the rest: "mouse Brca1" -> (10090, "Brca1"); (None, name) where none."""
    match = _SPECIES_PREFIX.match(name)
    if match is not None:
        return SPECIES_WORDS[match[1].lower()], name[match.end() :]
    match = _LETTER_PREFIX.match(name)
    if match is not None:
        return SPECIES_LETTERS[match[1]], name[match.end() :]
    return None, name


def name_forms(name: str, type_: str) -> Iterator[tuple[str, str]]:
    """What was done to it, and the form; the nearest forms first, the name itself not among them."""
    yield from _FORMS[type_](name)


def _gene_forms(name: str) -> Iterator[tuple[str, str]]:
    bare = _BRACKETED.sub("", name)
    if bare != name and bare:
        yield "stripped", bare
    for rest in _peeled(bare):
        yield "stripped", rest
        if len(rest) > 3 and rest[-1] in _LAST_GREEK and not rest[-2].islower():
            yield "greek", rest[:-1] + _LAST_GREEK[rest[-1]]
    if len(bare) > 3 and bare[-1] in _LAST_GREEK and not bare[-2].islower():
        yield "greek", bare[:-1] + _LAST_GREEK[bare[-1]]
    for pattern in (_ISOFORM, _ORGANISM_LETTERS):
        rest = pattern.sub("", bare)
        if rest != bare and len(rest) > 2:
            yield "isoform", rest
    yield from _without_first_words(bare)


def _peeled(name: str) -> Iterator[str]:
    """The name without the organism before it, then without what else may stand before and after it."""
    rest = species_in_name(name)[1]
    if rest != name:
        yield rest
    for _ in range(3):
        shorter = _AFTER_GENE.sub("", rest)
        if shorter == rest:
            shorter = _BEFORE_GENE.sub("", rest, count=1)
        shorter = species_in_name(shorter)[1]
        if shorter == rest or not shorter:
            return
        rest = shorter
        yield rest


def _disease_forms(name: str) -> Iterator[tuple[str, str]]:
    bare = _BRACKETED.sub("", name)
    if bare != name and bare:
        yield "stripped", bare
    yield from (("adjective", form) for form in _nouns(bare))
    yield from (("head", form) for form in _other_heads(bare))
    match = _OF.fullmatch(bare)
    if match is not None:
        turned = f"{match[2]} {match[1]}"
        yield "order", turned
        yield from (("order", form) for form in _other_heads(turned))
    rest = _INDUCED.sub("", bare)
    if rest != bare:
        yield "dropped", rest
    for _, shorter in _without_first_words(bare):
        yield "dropped", shorter
        yield from (("dropped", form) for form in _other_heads(shorter))
        yield from (("dropped", form) for form in _nouns(shorter))
    words = bare.split()
    if len(words) > 1:
        yield "tail", " ".join(words[:-1])
        yield from (("tail", form) for form in _nouns(" ".join(words[:-1])))


def _nouns(name: str) -> Iterator[str]:
    """ "diabetic" -> "diabetes": the last word as a noun."""
    before, last = name[: name.rfind(" ") + 1], name[name.rfind(" ") + 1 :]
    lower = last.lower()
    if len(lower) < 5:
        return
    for ending, others in _SUFFIXES:
        if lower.endswith(ending):
            yield from (before + lower[: len(lower) - len(ending)] + other for other in others)


def _other_heads(name: str) -> Iterator[str]:
    before, last = name[: name.rfind(" ") + 1], name[name.rfind(" ") + 1 :].lower()
    if not before:
        return
    single = last[:-3] + "y" if last.endswith("ies") else last.removesuffix("s")
    for head in (last, single.replace("our", "or")):
        yield from (before + other for other in _HEADS_OF.get(head, ()))


def _chemical_forms(name: str) -> Iterator[tuple[str, str]]:
    formula = _BRACKETED_COUNT.sub(r"\1", name)
    for pattern, form in ((_ION, "element"), (_SALT, "salt")):
        match = pattern.fullmatch(formula)
        if match is not None and match[1] in ELEMENTS:
            # A single letter is an element only where a charge says so.
            if form == "salt":
                yield form, f"{ELEMENTS[match[1]]} {_ANIONS[match[2]]}"
            elif len(name) > 1:
                yield form, ELEMENTS[match[1]]
    bare = _CHEMICAL_PREFIX.sub("", name)
    if bare != name and len(bare) > 2:
        yield "stripped", bare
    rest = _CHEMICAL_SUFFIX.sub("", bare)
    if rest != bare and len(rest) > 2:
        yield "stripped", rest
    if rest.endswith("ate") and len(rest) > 6:
        yield "acid", rest[:-3] + "ic acid"
    unbracketed = _BRACKETED.sub("", rest)
    if unbracketed != rest and len(unbracketed) > 2:
        yield "stripped", unbracketed
    yield from _without_first_words(rest)


def _plain_forms(name: str) -> Iterator[tuple[str, str]]:
    yield from _without_first_words(name)
    words = name.split()
    if len(words) > 1:
        yield "tail", " ".join(words[:-1])


def _cell_line_forms(name: str) -> Iterator[tuple[str, str]]:
    rest = name
    for _ in range(2):
        shorter = _CELLS.sub("", rest)
        if shorter != rest and shorter:
            rest = shorter
            yield "stripped", rest
    bare = _BRACKETED.sub("", rest)
    if bare != rest and bare:
        yield "stripped", bare
    yield from _plain_forms(rest)


def _without_first_words(name: str) -> Iterator[tuple[str, str]]:
    """Word by word, at spaces first and then at hyphens: "rat aortic smooth muscle" -> "aortic smooth muscle" ..."""
    place = name.find(" ")
    while place >= 0:
        rest = name[place + 1 :].strip()
        if len(rest) > 2:
            yield "dropped", rest
        place = name.find(" ", place + 1)


_FORMS = {
    GENE: _gene_forms,
    DISEASE: _disease_forms,
    CHEMICAL: _chemical_forms,
    VARIANT: lambda name: iter(()),
    ORGANISM: _plain_forms,
    CELL_LINE: _cell_line_forms,
}
