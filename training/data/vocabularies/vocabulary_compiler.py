"""Records of all sources -> the contents of one vocabulary: merged, checked, lent, counted; what is left out is counted too."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from litcoin_batch.concepts.names.folding import fold
from litcoin_batch.concepts.vocabularies.entries import KINDS
from litcoin_batch.concepts.vocabularies.lexicon_files import LONGEST_NAME_CHARS
from litcoin_batch.concepts.vocabularies.vocabulary_files import Facts, Kind, rounded
from litcoin_batch.schema import ENTITY_TYPES, ContractError
from training.data.vocabularies.annotated_names import Counts
from training.data.vocabularies.vocabulary_records import GENE, Place, Record

_RANK = {kind: i for i, kind in enumerate(KINDS)}
_SYNONYM, _ANNOTATED, _LENT = _RANK["synonym"], _RANK["annotated"], _RANK["lent"]
# An id that sources do not know is a former one of what most of its names mean now.
_SURE_SHARE = 0.6


@dataclass(frozen=True, slots=True)
class Choice:
    """What is taken of a source: records whose preferred name fits ``leave_out`` as a whole are left out, so are other
    such names, and names that do not fit ``keep``; with ``known_only`` also concepts that no earlier source has.
    """

    leave_out: re.Pattern[str] | None = None
    keep: re.Pattern[str] | None = None
    known_only: bool = False


@dataclass(slots=True)
class Tally:
    """What one source gave. ``left_out``: reason -> how many and the first place."""

    n_records: int = 0
    n_names: int = 0
    left_out: dict[str, tuple[int, str]] = field(default_factory=dict)

    def leave_out(self, reason: str, place: Place) -> None:
        n, first = self.left_out.get(reason, (0, f"{place.path.name}, line {place.line}"))
        self.left_out[reason] = n + 1, first


@dataclass(slots=True)
class _Concept:
    name: str
    rank: int
    taxon: str
    place: Place
    trees: tuple[str, ...] = ()


class VocabularyCompiler:
    """Takes sources in order, the preferred one first: its names and its kind of a name win.

    ``longest_name``: names of more characters are left out, and counted.
    """

    def __init__(self, longest_name: int = LONGEST_NAME_CHARS) -> None:
        self._longest_name = longest_name
        # type -> folded name -> concept id -> (rank of the kind, source)
        self._names: dict[str, dict[str, dict[str, tuple[int, str]]]] = {t: {} for t in ENTITY_TYPES}
        self._concepts: dict[tuple[str, str], _Concept] = {}
        self._of_symbol: dict[tuple[str, str], str] = {}
        self._current: dict[tuple[str, str], tuple[str, Place]] = {}
        self._written: dict[tuple[str, str], str] = {}
        self._human_of: dict[str, str] = {}
        self._counts: Counts = {}
        self.tallies: dict[str, Tally] = {}

    def add(self, source: str, records: Iterable[Record], choice: Choice = Choice()) -> Tally:
        """What ``choice`` leaves out is counted."""
        tally = self.tallies.setdefault(source, Tally())
        for record in records:
            tally.n_records += 1
            reason, concept_id = self._joined(record)
            names = () if reason else self._wanted(record, choice, tally)
            for type_ in record.types if not reason else ():
                if type_ not in ENTITY_TYPES:
                    raise ContractError(f"{record.place}: type {type_!r}, expected one of {', '.join(ENTITY_TYPES)}")
                if choice.known_only and (type_, concept_id) not in self._concepts:
                    reason = "concept that no earlier source has"
                elif names or record.former_ids:
                    self._add_record(source, type_, record._replace(concept_id=concept_id, names=names))
                    tally.n_names += len(names)
            if reason:
                tally.leave_out(reason, record.place)
        return tally

    def _add_record(self, source: str, type_: str, record: Record) -> None:
        self._add_concept(type_, record)
        for kind, surface in record.names:
            self._add_name(type_, fold(surface, type_), record.concept_id, (_RANK[kind], source))
            if kind == "symbol":
                self._of_symbol.setdefault((record.taxon, surface), record.concept_id)

    def _wanted(self, record: Record, choice: Choice, tally: Tally) -> tuple[tuple[str, str], ...]:
        wanted = []
        for kind, surface in record.names:
            reason = self._unwanted(record.place, surface, choice)
            if reason:
                tally.leave_out(reason, record.place)
            else:
                wanted.append((kind, surface))
        named_so = record.names and choice.leave_out and choice.leave_out.fullmatch(record.names[0][1])
        return () if named_so else tuple(wanted)

    def _unwanted(self, place: Place, surface: str, choice: Choice) -> str | None:
        if len(surface) > LONGEST_NAME_CHARS:
            raise ContractError(
                f"{place}: a name of {len(surface):,} characters, expected at most {LONGEST_NAME_CHARS:,}; "
                f"it begins {surface[:40]!r}"
            )
        if len(surface) > self._longest_name:
            return f"longer than {self._longest_name} characters"
        if choice.leave_out and choice.leave_out.fullmatch(surface):
            return "that fit leave_out"
        return "that do not fit keep" if choice.keep and not choice.keep.fullmatch(surface) else None

    def _joined(self, record: Record) -> tuple[str | None, str]:
        """Why the record has no concept, and its concept, which records joined by symbol or name find here."""
        how, _, what = record.concept_id.partition(":")
        if how == "symbol":
            found = self._of_symbol.get((record.taxon, what), "")
            return (None if found else "symbol that no earlier source has"), found
        if how == "name":
            return None, self._named(record.place, what, record.types[0])
        if not record.concept_id:
            return "without id", ""
        return (None if record.types else "of none of our types"), record.concept_id

    def _named(self, place: Place, name: str, type_: str) -> str:
        if (type_, name) in self._concepts:
            return name
        entries = self._names.get(type_, {}).get(fold(name, type_), {})
        if not entries:
            raise ContractError(
                f"{place}: same_as {name!r} is no {type_} of the sources before, expected a name or an id of them"
            )
        return min(entries, key=lambda concept_id: (entries[concept_id], concept_id))

    def _add_concept(self, type_: str, record: Record) -> None:
        key = type_, record.concept_id
        known = self._concepts.get(key)
        kind, name = record.names[0] if record.names else (KINDS[-1], "")
        if known is None:
            if record.names:
                self._concepts[key] = _Concept(name, _RANK[kind], record.taxon, record.place, record.trees)
        elif known.taxon and record.taxon and known.taxon != record.taxon:
            raise ContractError(
                f"{record.place}: {type_} {record.concept_id} has the taxon {record.taxon}, but {known.taxon} at {known.place}; "
                "expected one: leave one source out, or name both taxa under same_taxon"
            )
        else:
            known.taxon = known.taxon or record.taxon
            known.trees = known.trees or record.trees
            if _RANK[kind] < min(known.rank, _SYNONYM):
                known.name, known.rank = name, _RANK[kind]
        for former in record.former_ids:
            self._add_former(type_, former, record.concept_id, record.place)

    def _add_former(self, type_: str, former: str, current: str, place: Place) -> None:
        known, where = self._current.setdefault((type_, former), (current, place))
        if known != current:
            raise ContractError(
                f"{place}: {type_} {former} has become {current}, but {known} at {where}; expected one of them"
            )

    def _add_name(self, type_: str, key: str, concept_id: str, kind: tuple[int, str]) -> None:
        entries = self._names[type_].setdefault(key, {})
        known = entries.get(concept_id)
        if known is None or kind[0] < known[0]:
            entries[concept_id] = kind

    def lend(self, source: str, human_of: Mapping[str, tuple[str, str]], borrowers: frozenset[str]) -> int:
        """Names of human genes for orthologues of the organisms ``borrowers``, and those of the other lenders
        that share the human gene; returns how many. ``human_of``: see ``derived_layouts.read_orthologues``.
        """
        known = {gene: pair for gene, pair in human_of.items() if (GENE, gene) in self._concepts}
        self._human_of = {gene: human for gene, (human, _) in known.items() if (GENE, human) in self._concepts}
        borrowing: dict[str, list[str]] = defaultdict(list)
        for gene, human in self._human_of.items():
            if known[gene][1] in borrowers:
                borrowing[human].append(gene)
        n_lent = 0
        for entries in self._names[GENE].values():
            lenders = {self._human_of.get(gene, gene) for gene, (rank, _) in entries.items() if rank < _ANNOTATED}
            for gene in (gene for human in lenders for gene in borrowing.get(human, ())):
                if gene not in entries:
                    entries[gene] = _LENT, source
                    n_lent += 1
        return n_lent

    def annotate(self, source: str, counts: Counts, taxa: Mapping[str, str]) -> None:
        """Names of annotated texts: a count for entries that are there, entries for the others.

        ``taxa``: organisms of genes, for those that no source has.
        """
        self._counts = counts
        aliases = self._find_aliases(counts)
        for (type_, key), of_concept in counts.items():
            for concept_id in of_concept:
                if (type_, concept_id) not in self._concepts:
                    taxon = taxa.get(concept_id, "") if type_ == GENE else ""
                    self._concepts[type_, concept_id] = _Concept("", _LENT, taxon, _NOWHERE)
                self._add_name(type_, key, concept_id, (_ANNOTATED, source))
        for (type_, former), current in aliases.items():
            self._current.setdefault((type_, former), (current, _NOWHERE))
        self._written = self._find_written(counts)

    def _find_aliases(self, counts: Counts) -> dict[tuple[str, str], str]:
        """Ids that annotators write and no source knows -> what most of their names mean now."""
        votes: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        for (type_, key), of_concept in counts.items():
            meant = [c for c, (rank, _) in self._names[type_].get(key, {}).items() if rank < _ANNOTATED]
            for concept_id, n in of_concept.items():
                unknown = (type_, concept_id) not in self._concepts and "," not in concept_id
                if unknown and type_ != GENE and not concept_id.startswith("rs"):
                    votes[type_, concept_id].update({c: n / len(meant) for c in meant} or {"": n})
        found = {}
        for old, now in votes.items():
            best = min(now, key=lambda c: (-now[c], c))
            if best and now[best] >= _SURE_SHARE * now.total():
                found[old] = best
        return found

    def _find_written(self, counts: Counts) -> dict[tuple[str, str], str]:
        """(type, current id) -> the former id that annotators write more often than the current one."""
        n_written: Counter[tuple[str, str]] = Counter()
        for (type_, _), of_concept in counts.items():
            for concept_id, n in of_concept.items():
                n_written[type_, concept_id] += n
        written: dict[tuple[str, str], str] = {}
        for (type_, former), (current, _) in sorted(self._current.items()):
            best = written.get((type_, current), current)
            if n_written[type_, former] > n_written[type_, best]:
                written[type_, current] = former
        return written

    def names(self) -> dict[str, dict[str, list[tuple[str, Kind]]]]:
        """As ``vocabulary_files.Contents`` wants them."""
        compiled: dict[str, dict[str, list[tuple[str, Kind]]]] = {}
        kinds: dict[Kind, Kind] = {}
        for type_, of_type in self._names.items():
            done = compiled[type_] = {}
            for key, entries in of_type.items():
                counts = self._counts.get((type_, key), {})
                ordered = sorted((rank, -counts.get(c, 0), c, source) for c, (rank, source) in entries.items())
                done[key] = [
                    (c, kinds.setdefault(kind, kind))
                    for rank, minus_n, c, source in ordered
                    for kind in (Kind(KINDS[rank], source, rounded(-minus_n)),)
                ]
        return compiled

    def concepts(self) -> Iterator[tuple[tuple[str, str], tuple[int, Facts]]]:
        """As ``vocabulary_files.Contents`` wants them."""
        former_of: dict[tuple[str, str], list[str]] = defaultdict(list)
        for (type_, former), (current, place) in self._current.items():
            former_of[type_, current].append(former)
            self._concepts.setdefault((type_, former), _Concept("", _LENT, "", place))
        animals: dict[str, list[str]] = defaultdict(list)
        for gene, human in self._human_of.items():
            animals[human].append(gene)
        for (type_, concept_id), concept in self._concepts.items():
            current = self._current.get((type_, concept_id), ("", None))[0]
            is_gene = type_ == GENE
            yield (
                (type_, concept_id),
                (
                    int(concept.taxon or 0),
                    Facts(
                        name=concept.name,
                        current_id=current,
                        written_id=self._written.get((type_, current or concept_id), current),
                        former_ids=tuple(sorted(former_of.get((type_, concept_id), ()))),
                        trees=concept.trees,
                        human=(self._human_of[concept_id],) if is_gene and concept_id in self._human_of else (),
                        animals=tuple(sorted(animals.get(concept_id, ()), key=int)) if is_gene else (),
                    ),
                ),
            )


_NOWHERE = Place("annotated texts", 0)  # type: ignore[arg-type]  # no file


def missing_types(names: Mapping[str, Mapping[str, object]], without: Sequence[str]) -> list[str]:
    return [type_ for type_ in ENTITY_TYPES if not names.get(type_) and type_ not in without]
