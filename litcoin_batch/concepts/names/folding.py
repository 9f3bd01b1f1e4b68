"""Folding: what the spellings of one name have in common, the key under which a name stands in a vocabulary.

``fold`` and the compiled vocabulary belong together: whoever changes what ``fold`` gives raises ``VERSION``,
and vocabularies compiled with another version are refused.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from litcoin_batch.concepts.names.variants import variant_ids
from litcoin_batch.text.reading import visible

VERSION = 1

_GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "ϵ": "epsilon", "ζ": "zeta",
    "η": "eta", "θ": "theta", "ϑ": "theta", "ι": "iota", "κ": "kappa", "λ": "lambda", "μ": "mu", "ν": "nu",
    "ξ": "xi", "ο": "omicron", "π": "pi", "ρ": "rho", "σ": "sigma", "ς": "sigma", "τ": "tau", "υ": "upsilon",
    "φ": "phi", "ϕ": "phi", "χ": "chi", "ψ": "psi", "ω": "omega",
}  # fmt: skip
# Written for beta far more often than as a letter of German; letters that Unicode does not take apart.
_LETTERS = {"ß": "beta", "ẞ": "beta", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "æ": "ae", "Æ": "AE", "œ": "oe",
            "Œ": "OE", "đ": "d", "ı": "i", "∂": "delta", "∆": "delta", "ɑ": "alpha", "ɛ": "epsilon", "ɣ": "gamma"}  # fmt: skip
_APOSTROPHES = dict.fromkeys(map(ord, "'’‘´`′ʹʼ＇"), "'")
_TABLE = str.maketrans(_LETTERS) | _APOSTROPHES
_GREEK_TABLE = str.maketrans(_GREEK)
_POSSESSIVE = re.compile(r"'s\b")
_PLURAL_SYMBOL = re.compile(r"(?<=[A-Z0-9])s\b")
_TOKEN = re.compile(r"[^\W_]+")
_ROMAN = {"ii": "2", "iii": "3", "iv": "4", "vi": "6", "vii": "7", "viii": "8", "ix": "9"}
_BEFORE_ROMAN = frozenset(("type", "class", "grade", "stage", "factor", "complex"))
_SHORT_ROMAN = {"i": "1", "v": "5", "x": "10"}
_AMERICAN = (("ae", "e"), ("oe", "e"), ("our", "or"), ("sulph", "sulf"), ("aluminium", "aluminum"))


@lru_cache(maxsize=16_384)
def fold(surface: str, type: str) -> str:
    """What two spellings of one name have in common; never empty for a visible ``surface``.

    Folded are case, compatibility forms of Unicode (H₂O₂, 𝛼), marks on letters, invisible characters, Greek
    letters, punctuation, hyphens, spaces, plurals, possessives, British spelling and Roman numerals. A variant
    becomes its id where the syntax is understood.

    >>> fold("TGF-\u00df1", "GeneOrGeneProduct") == fold("TGF\u03b2-1", "GeneOrGeneProduct") == "tgfbeta1"
    True
    >>> fold("Ca\u00b2\u207a", "ChemicalEntity"), fold("Sjögren’s tumours, type I", "DiseaseOrPhenotypicFeature")
    ('ca2', 'sjogrentumortype1')
    """
    if "<" in surface or "&" in surface:
        surface = visible(surface)  # a name with markup in it, as texts have it
    if type == "SequenceVariant":
        ids = variant_ids(surface)
        return ids[0] if ids else " ".join(surface.split()).casefold()
    text = surface if surface.isascii() else plain_letters(surface)
    text = _POSSESSIVE.sub("", text) if "'" in text else text
    text = (_PLURAL_SYMBOL.sub("", text) if "s" in text else text).casefold()
    words = [_fold_word(word) for word in _TOKEN.findall(text if text.isascii() else text.translate(_GREEK_TABLE))]
    folded = ""
    for i, word in enumerate(words):
        if word in _SHORT_ROMAN and i and words[i - 1] in _BEFORE_ROMAN:
            word = _SHORT_ROMAN[word]
        # "1-2" and "12" are different names.
        if folded and folded[-1].isdigit() and word[0].isdigit():
            folded += " "
        folded += word
    return folded or "".join(surface.split()).casefold()


def plain_letters(surface: str) -> str:
    """The same in the letters that names are written with: no compatibility forms, marks or invisible characters.

    Case, white space, Greek letters and punctuation stay; offsets do not.
    """
    taken_apart = unicodedata.normalize("NFKD", surface.translate(_TABLE))
    return "".join(c for c in taken_apart if unicodedata.category(c) not in _INVISIBLE).translate(_TABLE)


_INVISIBLE = frozenset(("Mn", "Cf"))


@lru_cache(maxsize=16_384)
def _fold_word(word: str) -> str:
    if len(word) >= 5 and word.isalpha():
        if word.endswith("ies"):
            word = word[:-3] + "y"
        elif word.endswith("sses"):
            word = word[:-2]
        elif word.endswith("s") and not word.endswith(("ss", "us", "is")):
            word = word[:-1]
        if len(word) >= 6:
            for british, american in _AMERICAN:
                word = word.replace(british, american)
    return _ROMAN.get(word, word)
