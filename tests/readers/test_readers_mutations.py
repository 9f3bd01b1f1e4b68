"""1,000 mutated PubMed files: nothing raises, nothing intact is lost, nothing is lost in silence."""

from __future__ import annotations

import io
import re
from collections import Counter

import pytest

from damage.mutations import mutants, records, whole_file
from litcoin_batch.readers import read_stream
from litcoin_batch.schema import Document, Reject

N_FILES = 1_000
WHOLE = whole_file()
_CITATION_START = re.compile(rb"<(?:MedlineCitation|BookDocument)(?=[\s/>])")


def read(data, name):
    return list(read_stream(io.BytesIO(data), name))


def content(document):
    d = document
    return d.pmid, d.version, d.title, d.abstract, d.year, d.journal, d.revised, d.deleted


def documents(items):
    return [content(item) for item in items if isinstance(item, Document)]


def rejects(items):
    return [item for item in items if isinstance(item, Reject)]


UNHARMED = documents(read(WHOLE, "pubmed26n0000.xml"))


@pytest.fixture(scope="module")
def outcomes():
    """Each mutant with what was read from it. That none raises is the first result."""
    return [(mutant, read(mutant.data, mutant.name)) for mutant in mutants(N_FILES)]


def by_record():
    """What the unharmed file holds: for each record element the documents in it."""
    left, found = list(UNHARMED), []
    for begin, end in records(WHOLE):
        element = WHOLE[begin:end]
        n = element.count(b"<PMID ") if element.startswith(b"<DeleteCitation>") else 1
        found.append([left.pop(0) for _ in range(n)])
    assert left == []
    return found


def test_the_files_are_a_thousand_and_differ(outcomes):
    assert len(UNHARMED) == 38
    assert len(outcomes) == N_FILES
    assert len({mutant.data for mutant, _ in outcomes}) > 0.99 * N_FILES
    kinds = Counter(kind for mutant, _ in outcomes for kind in mutant.kinds)
    assert min(kinds.values()) > 30
    assert len(kinds) == 8
    assert Counter(mutant.name.endswith(".gz") for mutant, _ in outcomes) == {True: 500, False: 500}


def test_what_no_mutation_touched_is_read_unchanged(outcomes):
    held, n_intact = by_record(), 0
    for mutant, items in outcomes:
        expected = Counter(one for number in mutant.intact for one in held[number])
        assert not expected - Counter(documents(items)), mutant.name
        n_intact += expected.total()
    assert n_intact > 15_000


def test_every_citation_that_still_begins_is_read_or_rejected(outcomes):
    for mutant, items in outcomes:
        if mutant.text is not None:
            n_begun = len(_CITATION_START.findall(mutant.text))
            n_accounted = sum(not d[-1] for d in documents(items)) + len(rejects(items))
            assert n_accounted >= n_begun, mutant.name


def test_fewer_records_without_a_reject_are_only_where_bytes_vanished_without_a_trace(outcomes):
    """A stretch from the middle of one citation to the same place of another leaves one sound citation."""
    silent = [m.kinds for m, items in outcomes if not rejects(items) and len(items) < len(UNHARMED)]
    assert len(silent) < 0.01 * N_FILES
    assert all("lose" in kinds for kinds in silent)


def test_rejects_are_no_more_than_the_mutations_explain(outcomes):
    for mutant, items in outcomes:
        if mutant.text is not None:
            n_touched = len(records(WHOLE)) - len(mutant.intact)
            # Between records, in prologue and end each may leave a stray stretch; deletions count by PMID.
            assert len(rejects(items)) <= n_touched + 2 * len(mutant.kinds) + 4, mutant.name


def test_damage_of_the_compressed_bytes_is_never_silent(outcomes):
    packed = [(mutant, items) for mutant, items in outcomes if mutant.text is None]
    n_harmless = 0
    for mutant, items in packed:
        if not rejects(items):
            # The time and the name of the packer are in the file, too; nobody reads them.
            assert documents(items) == UNHARMED, mutant.name
            n_harmless += 1
        if mutant.kinds == ("cut",):
            found = documents(items)
            assert found == UNHARMED[: len(found)]
            assert len(rejects(items)) == 1
    assert n_harmless < 5 < len(packed)


def test_rejects_say_where_and_why(outcomes):
    found = [(mutant, reject) for mutant, items in outcomes for reject in rejects(items)]
    assert len(found) > N_FILES
    assert all(reject.source == mutant.name and reject.reason and reject.record >= 0 for mutant, reject in found)
    assert sum(not reject.excerpt for _, reject in found) < 0.02 * len(found)
