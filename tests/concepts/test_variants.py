import time

import pytest

from litcoin_batch.concepts.names.variants import variant_changes, variant_ids


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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("p.Asn201Aspfs*7", "p|FS|N|201|D|7"),
        ("p.Gln12ProfsTer3", "p|FS|Q|12|P|3"),
        ("p.(Lys44Glyfs*9)", "p|FS|K|44|G|9"),
        ("p.Glu31dup", "p|DUP|31|E|"),
        ("p.Ser20_Gln22dup", "p|DUP|20_22|SQ|"),
        ("p.Glu31_Val32insAla", "p|INS|31_32|A"),
        ("p.(Lys2_Met3insGlnSerLys)", "p|INS|2_3|QSK"),
        ("A23_Y24insFQEA", "p|INS|23_24|FQEA"),
        ("p.Glu31_Thr32delinsAsp", "p|INDEL|31_32|D"),
        ("D70delinsGY", "p|INDEL|70|GY"),
        ("p.31_41del", "p|DEL|31_41|"),
        ("\u0394F31", "p|DEL|31|F"),
        ("deltaF31", "p|DEL|31|F"),
        ("Phe31del", "p|DEL|31|F"),
        ("p.Arg31=", "p|SUB|R|31|R"),
        ("p.*31Glnext*17", "p|EXT|X|31|Q|17"),
        ("ABCD V31E", "p|SUB|V|31|E"),
        ("ABCDV31E", "p|SUB|V|31|E"),
        ("ABCD-L31R", "p|SUB|L|31|R"),
        ("ABCD(V31E)", "p|SUB|V|31|E"),
        ("ABCD:p.Val31Glu", "p|SUB|V|31|E"),
        ("NM_000001.2:c.31delC", "c|DEL|31|C"),
        ("NM_000001.2(ABCD):c.31G>A", "c|SUB|G|31|A"),
        ("NP_000001.1:p.(Gly31Asp)", "p|SUB|G|31|D"),
        ("chr7:g.31A>T", "g|SUB|A|31|T"),
        ("chr7:31A>T", "g|SUB|A|31|T"),
        ("c.31_38inv", "c|INV|31_38|"),
        ("c.31AGC[19]", "c|DUP|31|AGC|19"),
        ("c.(31+1_32-1)_(54+1_55-1)del", "c|DEL|(31+1_32-1)_(54+1_55-1)|"),
        ("r.31a>u", "r|SUB|A|31|T"),
        ("m.31A>G", "m|SUB|A|31|G"),
        ("exon 19 deletion", "c|DEL|Exon19|"),
        ("nine nucleotide insertion", "c|INS||9"),
        ("28,882 G to A", "c|SUB|G|28882|A"),
    ],
)
def test_each_form_of_hgvs_has_an_id_with_and_without_sequence_or_gene(text, expected):
    assert variant_ids(text)[:1] == (expected,)


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("V31E/K", (("p|SUB|V|31|E",), ("p|SUB|V|31|K",))),
        ("G12D/V/C", (("p|SUB|G|12|D",), ("p|SUB|G|12|V",), ("p|SUB|G|12|C",))),
        ("T31M/C32S", (("p|SUB|T|31|M",), ("p|SUB|C|32|S",))),
        ("L31R and T32M", (("p|SUB|L|31|R",), ("p|SUB|T|32|M",))),
        ("c.[31A>C];[33G>C]", (("c|SUB|A|31|C",), ("c|SUB|G|33|C",))),
        ("c.31T>A (p.Val11Glu)", (("c|SUB|T|31|A", "p|SUB|V|11|E"),)),
        ("c.35G>A;p.G12D", (("c|SUB|G|35|A", "p|SUB|G|12|D"),)),
        ("p.V11E (c.31T>A)", (("p|SUB|V|11|E", "c|SUB|T|31|A"),)),
    ],
)
def test_each_change_of_a_mention_is_one_and_its_translation_is_no_other(text, changes):
    assert variant_changes(text) == changes


@pytest.mark.parametrize("text", ["1841A>G", "-107C/T", "14143 C>T"])
def test_what_is_written_as_nucleotides_is_no_amino_acid(text):
    assert [reading[0] for reading in variant_ids(text)] == ["c"]


@pytest.mark.parametrize("text", ["CYP2C9", "HLA-B27", "IL-2", "codon 12", "BRCA1/2", "alleles and genes"])
def test_genes_and_words_are_no_variants(text):
    assert variant_ids(text) == ()
