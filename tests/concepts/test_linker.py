import itertools
import random
import re
import time
from dataclasses import fields

import pytest

from litcoin_batch.concepts.linker import Linker
from litcoin_batch.concepts.ranker import Ranker
from litcoin_batch.concepts.variant_numbers import VariantNumbers
from litcoin_batch.concepts.vocabularies.lexicon_files import Row
from litcoin_batch.concepts.vocabularies.table_vocabulary import TableVocabulary
from litcoin_batch.schema import Document, Mention, is_local, local_id

GENE, DISEASE, CHEMICAL, VARIANT, TAXON = (
    "GeneOrGeneProduct",
    "DiseaseOrPhenotypicFeature",
    "ChemicalEntity",
    "SequenceVariant",
    "OrganismTaxon",
)


def vocabulary_of(rows):
    return TableVocabulary([Row(*row) for row in rows])


def resolve(document, mentions, vocabulary):
    """By candidates alone: a ranker without weights leaves them in their order, and sets no bound."""
    return Linker(vocabulary, Ranker(), VariantNumbers()).link(document, mentions)


EMPTY = vocabulary_of([])


def mentions_of(document, *wanted):
    """Every occurrence of each (surface, type), sorted by place."""
    found = []
    for surface, type_ in wanted:
        start = document.text.find(surface)
        while start >= 0:
            found.append(Mention(start, start + len(surface), type_, surface, (), 0.9))
            start = document.text.find(surface, start + 1)
    return sorted(found, key=lambda m: (m.start, m.end, m.type))


def ids_by_text(mentions):
    result = {}
    for mention in mentions:
        result.setdefault(mention.text, set()).add(mention.entity_ids)
    return result


DOCUMENT = Document(
    42,
    "Zorgtase and glorbitis in Xenofish.",
    "Zorgtase causes glorbitis maxima (GM). We treated GM and Zorgtases with frobnate (FBN3). "
    "The R506Q variant (rs6025) and c.76A>T modify GM; frobnate does not.",
)
WANTED = [
    ("Zorgtase", GENE),
    ("glorbitis maxima", DISEASE),
    ("GM", DISEASE),
    ("frobnate", CHEMICAL),
    ("FBN3", CHEMICAL),
    ("R506Q", VARIANT),
    ("rs6025", VARIANT),
    ("c.76A>T", VARIANT),
]
VOCABULARY = vocabulary_of([("glorbitis maxima", DISEASE, "D1"), ("FBN3", CHEMICAL, "C1,C2")])


@pytest.mark.parametrize("vocabulary", [EMPTY, VOCABULARY])
def test_no_mention_is_lost_moved_or_changed_but_for_its_ids(vocabulary):
    mentions = mentions_of(DOCUMENT, *WANTED)
    resolved = resolve(DOCUMENT, mentions, vocabulary)
    assert len(mentions) > len(WANTED)
    assert [(m.start, m.end, m.type, m.text, m.score) for m in resolved] == [
        (m.start, m.end, m.type, m.text, m.score) for m in mentions
    ]
    assert all(m.entity_ids for m in resolved)


@pytest.mark.parametrize("vocabulary", [EMPTY, VOCABULARY])
def test_resolving_twice_equals_resolving_once(vocabulary):
    once = resolve(DOCUMENT, mentions_of(DOCUMENT, *WANTED), vocabulary)
    assert resolve(DOCUMENT, once, vocabulary) == once


@pytest.mark.parametrize("vocabulary", [EMPTY, VOCABULARY])
@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_the_mentions_changes_no_id(seed, vocabulary):
    mentions = mentions_of(DOCUMENT, *WANTED)
    expected = dict(zip(mentions, resolve(DOCUMENT, mentions, vocabulary), strict=True))
    shuffled = random.Random(seed).sample(mentions, len(mentions))
    assert list(resolve(DOCUMENT, shuffled, vocabulary)) == [expected[m] for m in shuffled]


def test_nothing_resolves_to_nothing():
    assert resolve(DOCUMENT, [], VOCABULARY) == ()


def test_every_source_of_ids_is_used():
    ids = ids_by_text(resolve(DOCUMENT, mentions_of(DOCUMENT, *WANTED), VOCABULARY))
    assert ids == {
        "Zorgtase": {(local_id(42, 1),)},
        "glorbitis maxima": {("D1",)},
        "GM": {("D1",)},
        "frobnate": {("C1", "C2")},
        "FBN3": {("C1", "C2")},
        "R506Q": {("rs6025",)},
        "rs6025": {("rs6025",)},
        "c.76A>T": {("c|SUB|A|76|T",)},
    }


def test_local_ids_follow_the_first_mentions_and_group_spellings_and_abbreviations():
    document = Document(7, None, "The qux-beta kinase binds quux factor (QF). QF and Qux β kinases meet zed; QF wins.")
    mentions = mentions_of(
        document, ("qux-beta kinase", GENE), ("Qux β kinases", GENE), ("quux factor", GENE), ("QF", GENE), ("zed", GENE)
    )
    ids = ids_by_text(resolve(document, mentions, EMPTY))
    first, second, third = ((local_id(7, n),) for n in (1, 2, 3))
    assert ids == {
        "qux-beta kinase": {first},
        "Qux β kinases": {first},
        "quux factor": {second},
        "QF": {second},
        "zed": {third},
    }


def test_equal_names_of_different_types_are_different_entities():
    document = Document(7, "ABC and ABC", None)
    first, second = mentions_of(document, ("ABC", GENE))
    disease = Mention(second.start, second.end, DISEASE, "ABC")
    resolved = resolve(document, [first, disease], EMPTY)
    assert resolved[0].entity_ids != resolved[1].entity_ids


def test_a_defined_meaning_is_not_overridden_by_the_vocabularys_other_one():
    vocabulary = vocabulary_of([("AD", DISEASE, "D000544")])
    document = Document(7, None, "Atopic dermatitis (AD) is common. AD itches.")
    resolved = resolve(document, mentions_of(document, ("Atopic dermatitis", DISEASE), ("AD", DISEASE)), vocabulary)
    assert {m.entity_ids for m in resolved} == {(local_id(7, 1),)}
    plain = Document(7, None, "AD is common.")
    assert resolve(plain, mentions_of(plain, ("AD", DISEASE)), vocabulary)[0].entity_ids == ("D000544",)


def test_a_long_form_lends_its_concept_though_no_mention_covers_it():
    document = Document(7, None, "After acquired glorb loss (AGL) came AGL again.")
    vocabulary = vocabulary_of([("acquired glorb loss", DISEASE, "D9")])
    resolved = resolve(document, mentions_of(document, ("AGL", DISEASE)), vocabulary)
    assert [m.entity_ids for m in resolved] == [("D9",), ("D9",)]


@pytest.mark.parametrize(
    "name, known",
    [
        ("HSF2", True),
        ("HSF-2", True),
        ("anti-HSF", True),
        ("HS and HSF", True),
        ("new HSF (HS)", True),
        ("HSFs", False),
        ("XHSF2", False),
        ("HSF_2", True),
    ],
)
def test_short_forms_are_written_out_where_they_stand_as_words_or_before_numbers(name, known):
    names = (
        "heat shock factor 2",
        "anti-heat shock factor",
        "heat shock and heat shock factor",
        "new heat shock factor",
    )
    vocabulary = vocabulary_of([(long, GENE, "G1") for long in names])
    document = Document(7, None, f"The heat shock (HS) factor, heat shock factor (HSF), is here. {name}")
    assert (resolve(document, mentions_of(document, (name, GENE))[-1:], vocabulary)[0].entity_ids == ("G1",)) == known


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("keratitis-deafness (KD) syndrome, or KD syndrome", ["keratitis-deafness (KD) syndrome", "KD syndrome"]),
        ("Toll-like receptor (TLR) 4, or TLR4", ["Toll-like receptor (TLR) 4", "TLR4"]),
        ("5-frobnoxamine (6-OXA) and more 6-OXA", ["5-frobnoxamine", "6-OXA"]),
        ("hepatic blorb virus (HBV) and HBV-positive ones", ["hepatic blorb virus", "HBV"]),
    ],
)
def test_names_that_the_text_equates_share_an_entity(text, names):
    document = Document(7, text, None)
    resolved = resolve(document, mentions_of(document, *((name, GENE) for name in names)), EMPTY)
    assert len(resolved) >= len(names)
    assert len({m.entity_ids for m in resolved}) == 1


@pytest.mark.parametrize("text", ["statins (simvastatin and more)", "statins and simvastatin", "statins, simvastatin"])
def test_an_example_or_a_list_is_not_an_equation(text):
    document = Document(7, text, None)
    resolved = resolve(document, mentions_of(document, ("statins", CHEMICAL), ("simvastatin", CHEMICAL)), EMPTY)
    assert len({m.entity_ids for m in resolved}) == 2


def test_an_ambiguous_change_reads_as_the_documents_other_variants_do():
    protein = Document(7, "A53T and p.Ala30Pro", None)
    neither = Document(7, "A53T alone", None)
    wanted = [("A53T", VARIANT), ("p.Ala30Pro", VARIANT)]
    assert resolve(protein, mentions_of(protein, *wanted), EMPTY)[0].entity_ids == ("p|SUB|A|53|T",)
    assert resolve(neither, mentions_of(neither, *wanted), EMPTY)[0].entity_ids == ("c|SUB|A|53|T",)


def test_given_ids_are_kept_and_lent_and_given_local_ids_are_not_reused():
    document = Document(7, None, "foo bar (FB), FB, baz and qux")
    foo, short, again, baz, qux = mentions_of(document, ("foo bar", GENE), ("FB", GENE), ("baz", GENE), ("qux", GENE))
    given = Mention(foo.start, foo.end, GENE, foo.text, ("11", "12"))
    kept = Mention(again.start, again.end, GENE, again.text, ("13",))
    local = Mention(baz.start, baz.end, GENE, baz.text, (local_id(7, 1),))
    resolved = resolve(document, [given, short, kept, local, qux], EMPTY)
    assert [m.entity_ids for m in resolved] == [
        ("11", "12"),
        ("11", "12"),
        ("13",),
        (local_id(7, 1),),
        (local_id(7, 2),),
    ]


def test_every_local_id_says_so():
    resolved = resolve(DOCUMENT, mentions_of(DOCUMENT, *WANTED[:5]), EMPTY)
    assert all(is_local(i) for i in itertools.chain.from_iterable(m.entity_ids for m in resolved))
    assert not any(m.resolved for m in resolved)


def test_a_document_of_many_mentions_takes_linear_time():
    text = " ".join(f"gene{i} (G{i})" for i in range(6000))
    document = Document(7, None, text)
    starts = [match.span() for match in re.finditer(r"(?:gene|G)\d+", document.text)]
    mentions = [Mention(start, end, GENE, document.text[start:end]) for start, end in starts]
    started = time.process_time()
    resolved = resolve(document, mentions, EMPTY)
    # Measured at 0.6 s; quadratic time would take minutes.
    assert time.process_time() - started < 20
    assert len({m.entity_ids for m in resolved}) == 6000


def test_a_mention_that_names_others_keeps_all_else():
    values = {"start": 3, "end": 7, "type": DISEASE, "text": "gout", "entity_ids": ("D1",), "score": 0.25}
    values |= {"id_score": 0.5}
    assert values.keys() == {field.name for field in fields(Mention)}
    changed = {"entity_ids": ("D2", "D3"), "id_score": 0.7}
    assert Mention(**values).naming(("D2", "D3"), 0.7) == Mention(**values | changed)
