import time

import pytest

from litcoin_batch.concepts.variants import variant_ids


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("rs6025", "rs6025"),
        ("RS 6025", "rs6025"),
        ("SNP rs6025", "rs6025"),
        ("c.76A>T", "c|SUB|A|76|T"),
        ("c. 1093-1G>T", "c|SUB|G|1093-1|T"),
        ("g.3318-34C>T", "g|SUB|C|3318-34|T"),
        ("1691G->A", "c|SUB|G|1691|A"),
        ("1691 G --> A", "c|SUB|G|1691|A"),
        ("1691G\u2192A", "c|SUB|G|1691|A"),
        ("521T/C", "c|SUB|T|521|C"),
        ("C-1228T", "c|SUB|C|-1228|T"),
        ("-107C/T", "c|SUB|C|-107|T"),
        ("+25 G->A", "c|SUB|G|+25|A"),
        ("IVS2+1G>A", "c|SUB|G|IVS2+1|A"),
        ("IVS51 + 1G-->A", "c|SUB|G|IVS51+1|A"),
        ("G to A substitution at nucleotide 1691", "c|SUB|G|1691|A"),
        ("(G-->A) at nucleotide position 2141", "c|SUB|G|2141|A"),
        ("G/A", "c|SUB|G||A"),
        ("c.611delG", "c|DEL|611|G"),
        ("35 delG", "c|DEL|35|G"),
        ("del418T", "c|DEL|418|T"),
        ("c.2113_2114delGG", "c|DEL|2113_2114|GG"),
        ("c.609+28_610-16del", "c|DEL|609+28_610-16|"),
        ("19-base pair deletion", "c|DEL||19"),
        ("217_218insC", "c|INS|217_218|C"),
        ("118-119insA", "c|INS|118_119|A"),
        ("899dupC", "c|DUP|899|C|"),
        ("c.429_452dup", "c|DUP|429_452||"),
        ("dup24bp", "c|DUP||24|"),
        ("111G", "c|Allele|G|111"),
        ("p.Arg84Gln", "p|SUB|R|84|Q"),
        ("p.(Arg84Gln)", "p|SUB|R|84|Q"),
        ("R84Q", "p|SUB|R|84|Q"),
        ("Arg 84 Gln", "p|SUB|R|84|Q"),
        ("Pro75Ala", "p|SUB|P|75|A"),
        ("55M/L", "p|SUB|M|55|L"),
        ("S75X", "p|SUB|S|75|X"),
        ("p.Gln39*", "p|SUB|Q|39|X"),
        ("p.E947stop", "p|SUB|E|947|X"),
        ("arginine to tryptophan at codon 198", "p|SUB|R|198|W"),
        ("glycine-594-valine", "p|SUB|G|594|V"),
        ("histidine 626-to-arginine", "p|SUB|H|626|R"),
        ("valine (Val) to alanine (Ala) substitution at amino acid 16", "p|SUB|V|16|A"),
        ("glutamic acid 333 to aspartic acid", "p|SUB|E|333|D"),
        ("p.N102DfsX4", "p|FS|N|102|D|4"),
        ("Y329fs", "p|FS|Y|329||"),
        ("p.V239del", "p|DEL|239|V"),
        ("Val624-Val625del", "p|DEL|624_625|VV"),
        ("p.Arg104", "p|Allele|R|104"),
    ],
)
def test_syntax_gives_the_id_of_the_corpus(text, expected):
    assert variant_ids(text)[:1] == (expected,)


@pytest.mark.parametrize(
    "spellings",
    [
        ("R506Q", "Arg506Gln", "p.R506Q", "p.Arg506Gln", "Arg(506)Gln", "arginine 506 to glutamine"),
        ("1691G>A", "c.1691G>A", "G1691A", "c.1691 G -> A", "G to A at position 1691"),
    ],
)
def test_spellings_of_one_change_share_an_id(spellings):
    assert len({variant_ids(spelling)[0] for spelling in spellings}) == 1


def test_a_change_that_reads_both_ways_gives_both_ids():
    assert variant_ids("A53T") == ("c|SUB|A|53|T", "p|SUB|A|53|T")
    assert variant_ids("c.53A>T") == ("c|SUB|A|53|T",)
    assert variant_ids("p.A53T") == ("p|SUB|A|53|T",)


@pytest.mark.parametrize("text", ["", "mutation", "BRCA1", "patients", "the deletion was found in all", "12"])
def test_other_text_is_no_variant(text):
    assert variant_ids(text) == ()


@pytest.mark.parametrize("unit", ["1", "A", "A1", "at position ", "1_", "-1", "arginine ", "( "])
def test_a_long_mention_takes_little_time(unit):
    started = time.process_time()
    ids = [variant_ids((unit * 1000)[:n]) for n in (119, 120, 121, 1000)]
    assert time.process_time() - started < 2
    assert ids[-1] == ()


def test_prose_is_no_variant_however_it_begins():
    assert variant_ids("c.1_2ins" + "A" * 100) == ("c|INS|1_2|" + "A" * 100,)
    assert variant_ids("c.1_2ins" + "A" * 200) == ()
