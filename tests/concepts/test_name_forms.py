import pytest

from litcoin_batch.concepts.names.composites import parts_of
from litcoin_batch.concepts.names.name_forms import name_forms, species_in_name
from litcoin_batch.schema import ENTITY_TYPES

GENE, DISEASE, CHEMICAL, VARIANT, ORGANISM, CELL_LINE = ENTITY_TYPES


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("ABX1/2", ("ABX1", "ABX2")),
        ("ABX1/ABX2", ("ABX1", "ABX2")),
        ("zorgtase-3/7", ("zorgtase-3", "zorgtase-7")),
        ("ZNF-alpha and -beta", ("ZNF-alpha", "ZNF-beta")),
        ("QQARgamma/delta", ("QQARgamma", "QQARdelta")),
        ("DFG-beta1 and -beta2", ("DFG-beta1", "DFG-beta2")),
        ("ZYP11B2/B1", ("ZYP11B2", "ZYP11B1")),
        ("Xox1/5/8", ("Xox1", "Xox5", "Xox8")),
        ("Fop1-3", ("Fop1", "Fop2", "Fop3")),
        ("KLA-A, -B, and -C", ("KLA-A", "KLA-B", "KLA-C")),
        ("breast and ovarian glorb", ("breast glorb", "ovarian glorb")),
        ("breast and/or ovarian glorb", ("breast glorb", "ovarian glorb")),
        ("5-XT 2A/2C receptor", ("5-XT 2A receptor", "5-XT 2C receptor")),
        ("a/b-tubelin", ("a-tubelin", "b-tubelin")),
        ("ABX1 and ZNF-beta", ("ABX1", "ZNF-beta")),
    ],
)
def test_composites_come_apart(name, parts):
    assert parts_of(name, frozenset(parts).__contains__) == parts


@pytest.mark.parametrize(
    "name", ["ABX1", "ABX1/2", "glorb and other things", "", "/", "and", "1-2", "A/B/C/D/E/F/G/H/I/J"]
)
def test_what_no_vocabulary_knows_is_no_composite(name):
    assert parts_of(name, lambda form: False) == ()


def test_one_known_part_is_no_composite():
    assert parts_of("ABX1/ABX1", lambda form: form == "ABX1") == ()
    assert parts_of("ABX1 and glorb", lambda form: form == "ABX1") == ()


@pytest.mark.parametrize(
    ("name", "type_", "form"),
    [
        ("hypertensive", DISEASE, "hypertension"),
        ("schizophrenic", DISEASE, "schizophrenia"),
        ("inflammatory", DISEASE, "inflammation"),
        ("diabetic", DISEASE, "diabetes"),
        ("cirrhotic", DISEASE, "cirrhosis"),
        ("ischemic", DISEASE, "ischemia"),
        ("pre-eclamptic", DISEASE, "pre-eclampsia"),
        ("lung tumours", DISEASE, "lung cancer"),
        ("cancer of the lung", DISEASE, "lung cancer"),
        ("cisplatin-induced glorbitis", DISEASE, "glorbitis"),
        ("severe acute glorbitis", DISEASE, "glorbitis"),
        ("Pb", CHEMICAL, "lead"),
        ("Ca(2+)", CHEMICAL, "calcium"),
        ("Ca2+", CHEMICAL, "calcium"),
        ("Li+", CHEMICAL, "lithium"),
        ("CaCl(2)", CHEMICAL, "calcium chloride"),
        ("ZnSO4", CHEMICAL, "zinc sulfate"),
        ("Ca(OH)2", CHEMICAL, "calcium hydroxide"),
        ("(+)-frobnate", CHEMICAL, "frobnate"),
        ("frobnate hydrochloride", CHEMICAL, "frobnate"),
        ("human zog protein", GENE, "zog"),
        ("hTERT", GENE, "TERT"),
        ("phospho-ZOG", GENE, "ZOG"),
        ("ZOGa", GENE, "ZOGalpha"),
        ("ZOG2v4", GENE, "ZOG2"),
        ("wild-type mouse Zog1 gene", GENE, "Zog1"),
        ("Wistar rats", ORGANISM, "rats"),
        ("HeLa cells", CELL_LINE, "HeLa"),
        ("HeLa cell line", CELL_LINE, "HeLa"),
    ],
)
def test_other_forms_of_a_name(name, type_, form):
    assert form in [found for _, found in name_forms(name, type_)]


@pytest.mark.parametrize("name", ["N", "C", "K", "I"])
def test_a_letter_without_a_charge_is_no_element(name):
    assert list(name_forms(name, CHEMICAL)) == []


@pytest.mark.parametrize("type_", ENTITY_TYPES)
@pytest.mark.parametrize("name", ["", " ", "-", "()", "a" * 500, "human ", "and", "of the"])
def test_odd_names_have_no_empty_form(type_, name):
    assert all(form.strip() and form != name for _, form in name_forms(name, type_))


@pytest.mark.parametrize(
    ("name", "taxon", "rest"),
    [
        ("mouse Zog1", 10090, "Zog1"),
        ("Human ZOG1", 9606, "ZOG1"),
        ("hTERT", 9606, "TERT"),
        ("mTERT", 10090, "TERT"),
        ("rTert2", 10116, "Tert2"),
        ("human", None, "human"),
        ("rad51", None, "rad51"),
        ("mtor", None, "mtor"),
    ],
)
def test_the_organism_that_a_name_begins_with(name, taxon, rest):
    assert species_in_name(name) == (taxon, rest)
