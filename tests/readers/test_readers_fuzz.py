"""Mutated files of every format: no crash, nothing lost in silence. 2,000 of them: python tests/support/damage/fuzz.py"""

from collections import Counter

import pytest

from damage import fuzz
from damage.fuzz import Mutant, mutants, problem, read
from damage.fuzz_files import PACKED, PLAIN, PMIDS
from litcoin_batch.schema import Document, Reject

N_FILES = 420  # 20 of each kind


@pytest.mark.parametrize("name", [*PLAIN, *PACKED])
@pytest.mark.parametrize("gold", [True, False])
def test_unharmed_files_are_read_whole(name, gold):
    data = PLAIN[name].data if name in PLAIN else PACKED[name]
    items = read(Mutant(name, data, (), frozenset(PMIDS)), gold)
    assert [item.pmid for item in items] == list(PMIDS)
    assert {item.title for item in items} == (
        {"A title"} if name == "pubmed.xml" else {f"Größe of gene {n}" for n in PMIDS}
    )


def test_every_record_of_mutated_files_is_accounted_for():
    found = [(mutant, read(mutant, gold=number % 2 == 1)) for number, mutant in enumerate(mutants(N_FILES))]
    assert [(m.name, m.kinds, wrong) for m, items in found if (wrong := problem(m, items))] == []
    assert {mutant.name for mutant, _ in found} == {*PLAIN, *PACKED}
    kinds = Counter(kind for mutant, _ in found for kind in mutant.kinds)
    assert (
        min(
            kinds[kind]
            for kind in ("flip", "overwrite", "lose", "cut", "double", "recode", "insert", "value", "column")
        )
        > 10
    )
    # Most of what no mutation touched is read, damage beside it or not.
    n_intact = sum(len(m.intact or ()) for m, _ in found)
    n_lost = sum(
        len((m.intact or frozenset()) - {i.pmid for i in items if isinstance(i, Document)}) for m, items in found
    )
    assert n_intact > 3_000 and n_lost < 0.02 * n_intact


def test_what_is_lost_without_a_word_would_be_seen():
    document, reject = Document(PMIDS[0], "T", None, "rows.jsonl", 1), Reject("rows.jsonl", 2, "why")
    mutant = Mutant("rows.jsonl", b"", ("flip",), frozenset(PMIDS[:2]))
    assert "lost without a word" in problem(mutant, [document])
    assert problem(mutant, [document, reject]) is None
    assert "neither" in problem(mutant, [])
    assert "without reason" in problem(mutant, [Reject("rows.jsonl", 2, "")])
    assert "gone without a word" in problem(Mutant("x.zip", b"", ("flip",), None), [document])


def test_the_command_fails_where_something_is_lost(monkeypatch, capsys):
    monkeypatch.setattr(fuzz, "read", lambda mutant, gold=False: read(mutant, gold)[1:])
    assert fuzz.main(40) == 1
    assert "lost without a word" in capsys.readouterr().out
