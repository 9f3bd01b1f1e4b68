"""The lexicon: which concept a name means, looked up as written first, then normalised."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

from litcoin_batch.concepts.lexicon_files import Row, read_rows, split_ids
from litcoin_batch.concepts.variants import variant_ids
from litcoin_batch.text.reading import visible

SHIPPED = Path(__file__).resolve().parent.parent / "lexicon" / "annotated_corpora.parquet"
_GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "ζ": "zeta",
    "η": "eta", "θ": "theta", "ι": "iota", "κ": "kappa", "λ": "lambda", "μ": "mu", "µ": "mu",
    "ν": "nu", "ξ": "xi", "ο": "omicron", "π": "pi", "ρ": "rho", "σ": "sigma", "ς": "sigma",
    "τ": "tau", "υ": "upsilon", "φ": "phi", "χ": "chi", "ψ": "psi", "ω": "omega",
}  # fmt: skip
_GREEK_TABLE = str.maketrans(_GREEK)
_POSSESSIVE = re.compile(r"['’]s\b")
_PLURAL_SYMBOL = re.compile(r"(?<=[A-Z0-9])s\b")
_TOKEN = re.compile(r"[^\W_]+")
_ROMAN = {"ii": "2", "iii": "3", "iv": "4", "vi": "6", "vii": "7", "viii": "8", "ix": "9"}
_BEFORE_ROMAN = frozenset(("type", "class", "grade", "stage", "factor", "complex"))
_SHORT_ROMAN = {"i": "1", "v": "5", "x": "10"}


@lru_cache(maxsize=131072)
def normalise(surface: str, type: str) -> str:
    """What two spellings of one name have in common; never empty for a visible ``surface``.

    Case, Greek letters, punctuation, hyphens, spaces, plurals, possessives, British spelling and
    Roman numerals are folded. A variant becomes its id where the syntax is understood.
    """
    if "<" in surface or "&" in surface or not surface.isascii():
        surface = visible(surface)  # without the markup and the invisible characters that texts have in names
    if type == "SequenceVariant":
        ids = variant_ids(surface)
        return ids[0] if ids else " ".join(surface.split()).casefold()
    text = _PLURAL_SYMBOL.sub("", _POSSESSIVE.sub("", surface)).casefold()
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


def _fold_word(word: str) -> str:
    if len(word) >= 5 and word.isalpha():
        if word.endswith("ies"):
            word = word[:-3] + "y"
        elif word.endswith("sses"):
            word = word[:-2]
        elif word.endswith("s") and not word.endswith(("ss", "us", "is")):
            word = word[:-1]
        if len(word) >= 6:
            word = word.replace("ae", "e").replace("oe", "e").replace("our", "or")
    return _ROMAN.get(word, word)


class Lexicon:
    """Names to concept ids. Of rows with one name and type the first wins, as does the first of
    several spellings that normalise alike; a name as written wins over its normalised form.

    Holds one entry per normalised name, the spelling itself only where its concept differs, and
    once more per organism the names of its genes.
    """

    def __init__(self) -> None:
        self._normalised: dict[str, dict[str, str]] = {}
        self._exact: dict[str, dict[str, str]] = {}
        self._of_taxon: dict[tuple[str, str], dict[str, str]] = {}

    @classmethod
    def from_rows(cls, rows: Iterable[Sequence[str | None]]) -> Lexicon:
        """``rows``: surface, type, concept_id and perhaps taxon; the preferred row of a name first."""
        lexicon = cls()
        seen: set[tuple[str, str]] = set()
        for row in rows:
            surface, type_, concept_id, taxon = Row(*row)
            name = normalise(surface, type_)
            if taxon:
                lexicon._of_taxon.setdefault((type_, taxon), {}).setdefault(name, concept_id)
            if (type_, surface) not in seen:
                seen.add((type_, surface))
                usual = lexicon._normalised.setdefault(type_, {}).setdefault(name, concept_id)
                if usual != concept_id:
                    lexicon._exact.setdefault(type_, {})[surface] = concept_id
        return lexicon

    @classmethod
    def read(cls, *paths: str | os.PathLike[str]) -> Lexicon:
        """Parquet, or tab-separated text with a header, by content; columns surface, type, concept_id.

        Names of a later file replace those of the earlier ones, whatever their spelling.
        Raises ``ContractError`` naming file, column or line.
        """
        lexicon = cls()
        for path in paths:
            lexicon.update(cls.from_rows(read_rows(path)))
        return lexicon

    def update(self, other: Lexicon) -> None:
        """Names of ``other`` replace names here that are written or normalised alike."""
        for type_, names in other._normalised.items():
            exact = self._exact.get(type_, {})
            for surface in [s for s in exact if normalise(s, type_) in names]:
                del exact[surface]
            for key in [key for key in self._of_taxon if key[0] == type_]:
                for name in self._of_taxon[key].keys() & names.keys():
                    del self._of_taxon[key][name]
            self._normalised.setdefault(type_, {}).update(names)
        for type_, surfaces in other._exact.items():
            self._exact.setdefault(type_, {}).update(surfaces)
        for key, names in other._of_taxon.items():
            self._of_taxon.setdefault(key, {}).update(names)

    def lookup(self, surface: str, type: str, taxa: Sequence[str] = ()) -> tuple[str, ...]:
        """The concept ids of a name, () where it is unknown.

        ``taxa``: organisms the text is about; the first that has a gene of this name decides.
        """
        found = self._find(surface, type, taxa)
        return split_ids(found) if found else ()

    def _find(self, surface: str, type: str, taxa: Sequence[str]) -> str | None:
        name = normalise(surface, type)
        for taxon in taxa:
            names = self._of_taxon.get((type, taxon))
            found = names.get(name) if names else None
            if found is not None:
                return found
        found = self._exact.get(type, {}).get(surface)
        if found is None:
            found = self._normalised.get(type, {}).get(name)
        return found

    def __len__(self) -> int:
        """The number of normalised names, all types together."""
        return sum(len(names) for names in self._normalised.values())
