"""Genes of organisms that vocabularies have no genes of, families, and names that only another organism has: the shipped linker on invented sentences.

Mentions are marked: {gene}, [organism], <cell line>.
"""

import re

import pytest

from litcoin_batch.concepts.opening import open_linker
from litcoin_batch.schema import ENTITY_TYPES, Document, Mention

GENE, DISEASE, CHEMICAL, VARIANT, ORGANISM, CELL_LINE = ENTITY_TYPES
TYPES = {"{": GENE, "[": ORGANISM, "<": CELL_LINE}


@pytest.fixture(scope="module")
def linker():
    return open_linker()


def genes_of(linker, marked):
    """The gene mentions of a marked sentence, in order, with their ids; () for one that stays unresolved."""
    text, mentions = "", []
    for before, opening, name in re.findall(r"([^{\[<]*)(?:([{\[<])([^}\]>]+)[}\]>])?", marked):
        text += before
        if name:
            mentions.append(Mention(len(text), len(text) + len(name), TYPES[opening], name))
            text += name
    assert mentions
    linked = linker.link(Document(7, text, None), mentions)
    return [(m.text, m.entity_ids if m.resolved else ()) for m in linked if m.type == GENE]


@pytest.mark.parametrize(
    "text",
    [
        "[S. aureus] {beta-lactamase} hydrolyses penicillin.",
        "Plasmids carry {beta-lactamase}. The {beta-lactamase} gene of [Staphylococcus aureus] was sequenced.",
        "[Escherichia coli] {RecA} and {LexA} regulate repair.",
        "[Mycobacterium tuberculosis] {KatG} activates isoniazid, and {InhA} is what it inhibits.",
        "The structure of [Anabaena] {FNR} was solved; {FNR} binds NADP.",
        "[Influenza A virus] {NS1} was cloned.",
        "[Plasmodium falciparum] {DHFR} mutates, and {DHFR} was sequenced in [P. falciparum] of two regions.",
        "[Trypanosoma brucei] {aldolase} may be inhibited. {aldolase} was cloned.",
        "[Candida albicans] {CDR1} pumps azoles out.",
        "We crystallised {albumin} from [rabbit].",
    ],
)
def test_a_gene_of_an_organism_without_genes_here_is_no_human_one(linker, text):
    found = genes_of(linker, text)
    assert [ids for _, ids in found] == [()] * len(found)


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("[HIV-1] infection lowers {CD4} and raises {IL-6}.", [("920",), ("3569",)]),
        ("[HIV-1] {Nef} downregulates {CD4} of [patients].", [("156110",), ("920",)]),
        ("[HIV-1] {gp41} was cloned.", [("155971",)]),
        ("{IL-6} rose in [Plasmodium falciparum] malaria.", [("3569",)]),
        ("[Pseudomonas aeruginosa] grew, and {IL-6} of [humans] rose.", [("3569",)]),
        ("[Saccharomyces cerevisiae] {GAL4} was deleted.", [("855828",)]),
        ("The [zebrafish] {shha} gene and [chicken] {SHH} are alike.", [("30269",), ("395615",)]),
        ("{TP53} and {BRCA1} are mutated.", [("7157",), ("672",)]),
    ],
)
def test_genes_of_hosts_and_of_organisms_with_genes_are_found(linker, text, ids):
    assert [found for _, found in genes_of(linker, text)] == ids


@pytest.mark.parametrize(
    "text",
    [
        "{STAT} proteins are phosphorylated in [patients].",
        "Members of the {STAT} family act here.",
        "{caspases} were activated.",
        "{IRF} proteins bind DNA.",
    ],
)
def test_a_family_is_not_one_gene_of_another_name(linker, text):
    assert genes_of(linker, text)[0][1] == ()


def test_members_of_families_are_genes(linker):
    assert [ids for _, ids in genes_of(linker, "{STAT3}, {IRF3} and {CASP3} were active.")] == [
        ("6774",),
        ("3661",),
        ("836",),
    ]


def test_a_name_that_only_other_organisms_have_is_not_theirs_where_none_is_named(linker):
    for text in ("{beta3 integrin} binds fibrinogen.", "In [patients], {beta3 integrin} binds fibrinogen."):
        assert genes_of(linker, text)[0][1] in ((), ("3690",))


def test_a_complex_of_two_genes_is_both_or_none(linker):
    assert genes_of(linker, "In [patients], {ERK1/2} rose.")[0][1] == ("5595", "5594")
    assert genes_of(linker, "In [patients], the {Xyq1/Zzq2} complex rose.")[0][1] == ()
