"""Each fixture copies the layout of the published file, cut to a few records."""

import gzip
import re

import pytest
from click.testing import CliRunner

from litcoin_batch.concepts.lexicon import Lexicon
from litcoin_batch.concepts.lexicon_files import read_rows
from training.import_lexicon import main  # noqa: E402

MESH = """<?xml version="1.0"?>
<!DOCTYPE DescriptorRecordSet SYSTEM "https://www.nlm.nih.gov/databases/dtd/nlmdescriptorrecordset_20260101.dtd">
<DescriptorRecordSet LanguageCode="eng">
<DescriptorRecord DescriptorClass="1">
 <DescriptorUI>D011471</DescriptorUI>
 <DescriptorName><String>Prostatic Neoplasms</String></DescriptorName>
 <AllowableQualifiersList><AllowableQualifier><QualifierReferredTo><QualifierUI>Q000097</QualifierUI>
  <QualifierName><String>blood</String></QualifierName></QualifierReferredTo></AllowableQualifier></AllowableQualifiersList>
 <TreeNumberList><TreeNumber>C04.588.945.440.770</TreeNumber><TreeNumber>C12.100.500.565.625</TreeNumber></TreeNumberList>
 <ConceptList>
  <Concept PreferredConceptYN="Y"><ConceptUI>M0017890</ConceptUI><ConceptName><String>Prostatic Neoplasms</String></ConceptName>
   <TermList>
    <Term ConceptPreferredTermYN="Y" IsPermutedTermYN="N" LexicalTag="NON" RecordPreferredTermYN="Y"><TermUI>T033544</TermUI><String>Prostatic Neoplasms</String></Term>
    <Term ConceptPreferredTermYN="N" IsPermutedTermYN="Y" LexicalTag="NON" RecordPreferredTermYN="N"><TermUI>T033544</TermUI><String>Neoplasms, Prostatic</String></Term>
   </TermList></Concept>
  <Concept PreferredConceptYN="N"><ConceptUI>M0000001</ConceptUI><ConceptName><String>Prostate Cancer</String></ConceptName>
   <TermList><Term ConceptPreferredTermYN="Y" IsPermutedTermYN="N" LexicalTag="NON" RecordPreferredTermYN="N"><TermUI>T1</TermUI><String>Prostate Cancer</String></Term></TermList></Concept>
 </ConceptList>
</DescriptorRecord>
<DescriptorRecord DescriptorClass="1">
 <DescriptorUI>D001241</DescriptorUI>
 <DescriptorName><String>Aspirin</String></DescriptorName>
 <TreeNumberList><TreeNumber>D02.455.426.559.389.657.410.595.176</TreeNumber></TreeNumberList>
 <ConceptList><Concept PreferredConceptYN="Y"><ConceptUI>M2</ConceptUI><ConceptName><String>Aspirin</String></ConceptName>
  <TermList><Term RecordPreferredTermYN="Y"><TermUI>T2</TermUI><String>Aspirin</String></Term>
   <Term RecordPreferredTermYN="N"><TermUI>T3</TermUI><String>Acetylsalicylic Acid</String></Term></TermList></Concept></ConceptList>
</DescriptorRecord>
<DescriptorRecord DescriptorClass="1">
 <DescriptorUI>D051379</DescriptorUI><DescriptorName><String>Mice</String></DescriptorName>
 <TreeNumberList><TreeNumber>B01.050.150.900.649.313.992.635.505.500</TreeNumber></TreeNumberList>
 <ConceptList><Concept><TermList><Term><String>Mice</String></Term></TermList></Concept></ConceptList>
</DescriptorRecord>
</DescriptorRecordSet>
"""

SUPPLEMENTARY = """<?xml version="1.0"?>
<!DOCTYPE SupplementalRecordSet SYSTEM "https://www.nlm.nih.gov/databases/dtd/nlmsupplementalrecordset_20260101.dtd">
<SupplementalRecordSet LanguageCode="eng">
<SupplementalRecord SCRClass="1">
 <SupplementalRecordUI>C076029</SupplementalRecordUI>
 <SupplementalRecordName><String>olanzapine</String></SupplementalRecordName>
 <HeadingMappedToList><HeadingMappedTo><DescriptorReferredTo><DescriptorUI>*D001569</DescriptorUI>
  <DescriptorName><String>Benzodiazepines</String></DescriptorName></DescriptorReferredTo></HeadingMappedTo></HeadingMappedToList>
 <ConceptList><Concept PreferredConceptYN="Y"><ConceptUI>M3</ConceptUI><ConceptName><String>olanzapine</String></ConceptName>
  <TermList><Term><TermUI>T4</TermUI><String>olanzapine</String></Term><Term><TermUI>T5</TermUI><String>Zyprexa</String></Term></TermList></Concept></ConceptList>
</SupplementalRecord>
<SupplementalRecord SCRClass="3">
 <SupplementalRecordUI>C564042</SupplementalRecordUI>
 <SupplementalRecordName><String>Vesicoureteral Reflux 1</String></SupplementalRecordName>
 <ConceptList><Concept><TermList><Term><String>Vesicoureteral Reflux 1</String></Term></TermList></Concept></ConceptList>
</SupplementalRecord>
<SupplementalRecord SCRClass="2">
 <SupplementalRecordUI>C040721</SupplementalRecordUI><SupplementalRecordName><String>ABDIC protocol</String></SupplementalRecordName>
</SupplementalRecord>
</SupplementalRecordSet>
"""

GENE_INFO = (
    "#tax_id\tGeneID\tSymbol\tLocusTag\tSynonyms\tdbXrefs\tchromosome\tmap_location\tdescription\ttype_of_gene"
    "\tSymbol_from_nomenclature_authority\tFull_name_from_nomenclature_authority\tNomenclature_status"
    "\tOther_designations\tModification_date\tFeature_type\n"
    "9606\t3569\tIL6\t-\tBSF2|IFNB2\tMIM:147620\t7\t7p15.3\tinterleukin 6\tprotein-coding\tIL6\tinterleukin 6\tO"
    "\tB-cell stimulatory factor 2\t20260101\t-\n"
    "9606\t3456\tIFNB2\t-\tIL6\t-\t9\t9p21.3\tan invented clash of names\tprotein-coding\tIFNB2\t-\tO\t-\t20260101\t-\n"
    "9606\t1\tNEWENTRY\t-\t-\t-\t-\t-\tRecord to support submission\tother\t-\t-\t-\t-\t20260101\t-\n"
    "10090\t16193\tIl6\t-\tIl-6\tMGI:MGI:96559\t5\t5 15.7 cM\tinterleukin 6\tprotein-coding\tIl6\tinterleukin 6\tO\t-\t20260101\t-\n"
    "7955\t1\til6\t-\t-\t-\t-\t-\tinterleukin 6\tprotein-coding\til6\t-\tO\t-\t20260101\t-\n"
)

NAMES_DMP = (
    "562\t|\tEscherichia coli\t|\t\t|\tscientific name\t|\n"
    "562\t|\tEscherichia coli (Migula 1895) Castellani and Chalmers 1919\t|\t\t|\tauthority\t|\n"
    "562\t|\tBacterium coli\t|\t\t|\tsynonym\t|\n"
    "9606\t|\tHomo sapiens\t|\t\t|\tscientific name\t|\n"
    "9606\t|\thuman\t|\t\t|\tgenbank common name\t|\n"
    "43352\t|\tEntamoeba coli\t|\t\t|\tscientific name\t|\n"
)

CELLOSAURUS = """----------------------------------------------------------------------------
        CALIPHO group at the SIB - Swiss Institute of Bioinformatics
----------------------------------------------------------------------------
 Description: Cellosaurus: a knowledge resource on cell lines
ID         Identifier (cell line name)     Once; starts an entry
AC         Accession (CVCL_xxxx)           Once
____________________________________________________________________________
ID   #15310-LN
AC   CVCL_E548
SY   15310-LN; TER461; Ter461
DR   dbMHC; 48439
OX   NCBI_TaxID=9606; ! Homo sapiens (Human)
CA   Transformed cell line
DT   Created: 22-10-12; Last updated: 10-09-24; Version: 13
//
ID   HeLa
AC   CVCL_0030
AS   CVCL_0000
CC   Population: African American.
OX   NCBI_TaxID=9606; ! Homo sapiens (Human)
//
"""

CTD_CHEMICALS = (
    "# CTD_chemicals.tsv generated by the Comparative Toxicogenomics Database (CTD)\n#\n# Fields:\n"
    "# ChemicalName\tChemicalID\tCasRN\tDefinition\tParentIDs\tTreeNumbers\tParentTreeNumbers\tSynonyms\n#\n"
    '10074-G5\tMESH:C534883\t\t\tMESH:D012717|MESH:D013830\t\t\t10074-G5 compound|NSC "5" inhibitor\n'
    "Aspirin\tMESH:D001241\t50-78-2\n"
)

CTD_DISEASES = (
    "# Fields:\n# DiseaseName\tDiseaseID\tAltDiseaseIDs\tDefinition\tParentIDs\tTreeNumbers\tParentTreeNumbers\tSynonyms\tSlimMappings\n"
    "Abdominal obesity-metabolic syndrome 3\tOMIM:615812\t\t\tMESH:D024821\t\t\tAOMS3|Metabolic syndrome 3\tMetabolic disease\n"
    "Migraine Disorders\tMESH:D008881\t\t\t\t\t\tMigraine\tNervous system disease\n"
)

DISEASE, CHEMICAL, GENE, TAXON = "DiseaseOrPhenotypicFeature", "ChemicalEntity", "GeneOrGeneProduct", "OrganismTaxon"
EXPECTED = {
    "mesh": (MESH, [
        ("Prostatic Neoplasms", DISEASE, "D011471"), ("Aspirin", CHEMICAL, "D001241"),
        ("Neoplasms, Prostatic", DISEASE, "D011471"), ("Prostate Cancer", DISEASE, "D011471"),
        ("Acetylsalicylic Acid", CHEMICAL, "D001241"),
    ]),
    "mesh supplementary": (SUPPLEMENTARY, [
        ("olanzapine", CHEMICAL, "C076029"), ("Vesicoureteral Reflux 1", DISEASE, "C564042"), ("Zyprexa", CHEMICAL, "C076029"),
    ]),
    "gene_info": (GENE_INFO, [
        ("IL6", GENE, "3569"), ("IFNB2", GENE, "3456"), ("Il6", GENE, "16193"), ("il6", GENE, "1"),
        ("interleukin 6", GENE, "3569"), ("BSF2", GENE, "3569"), ("IFNB2", GENE, "3569"), ("B-cell stimulatory factor 2", GENE, "3569"),
        ("IL6", GENE, "3456"), ("an invented clash of names", GENE, "3456"),
        ("interleukin 6", GENE, "16193"), ("Il-6", GENE, "16193"), ("interleukin 6", GENE, "1"),
    ]),
    "taxonomy": (NAMES_DMP, [
        ("Escherichia coli", TAXON, "562"), ("Homo sapiens", TAXON, "9606"), ("Entamoeba coli", TAXON, "43352"),
        ("Bacterium coli", TAXON, "562"), ("human", TAXON, "9606"),
        ("E. coli", TAXON, "562"), ("H. sapiens", TAXON, "9606"), ("E. coli", TAXON, "43352"),
    ]),
    "cellosaurus": (CELLOSAURUS, [
        ("#15310-LN", "CellLine", "CVCL_E548"), ("HeLa", "CellLine", "CVCL_0030"),
        ("15310-LN", "CellLine", "CVCL_E548"), ("TER461", "CellLine", "CVCL_E548"), ("Ter461", "CellLine", "CVCL_E548"),
    ]),
    "ctd chemicals": (CTD_CHEMICALS, [
        ("10074-G5", CHEMICAL, "C534883"), ("Aspirin", CHEMICAL, "D001241"),
        ("10074-G5 compound", CHEMICAL, "C534883"), ('NSC "5" inhibitor', CHEMICAL, "C534883"),
    ]),
    "ctd diseases": (CTD_DISEASES, [
        ("Abdominal obesity-metabolic syndrome 3", DISEASE, "OMIM:615812"), ("Migraine Disorders", DISEASE, "D008881"),
        ("AOMS3", DISEASE, "OMIM:615812"), ("Metabolic syndrome 3", DISEASE, "OMIM:615812"), ("Migraine", DISEASE, "D008881"),
    ]),
}  # fmt: skip


def run(tmp_path, format_, *contents, options=()):
    arguments = ["--format", format_, "--output", str(tmp_path / "out" / "lexicon.parquet"), *options]
    for number, content in enumerate(contents):
        path = tmp_path / f"input{number}"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        arguments += ["--input", str(path)]
    return CliRunner().invoke(main, arguments), tmp_path / "out" / "lexicon.parquet"


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("name", EXPECTED)
def test_a_published_file_becomes_names_preferred_ones_first(tmp_path, name, compress):
    content, expected = EXPECTED[name]
    data = gzip.compress(content.encode()) if compress else content
    result, output = run(tmp_path, name.split()[0], data)
    assert result.exit_code == 0, result.output
    assert f"{len(expected)} names written" in result.output
    rows = list(read_rows(output))
    assert [row[:3] for row in rows] == expected
    taxa = {"3569": "9606", "3456": "9606", "16193": "10090", "1": "7955"} if name == "gene_info" else {}
    assert [row.taxon for row in rows] == [taxa.get(row.concept_id) for row in rows]


def test_an_official_symbol_wins_over_another_genes_synonym_and_case_tells_species(tmp_path):
    _, output = run(tmp_path, "gene_info", GENE_INFO)
    lexicon = Lexicon.read(output)
    assert [lexicon.lookup(name, GENE) for name in ("IFNB2", "IL6", "Il6", "IL-6", "BSF-2")] == [
        ("3456",), ("3569",), ("16193",), ("3569",), ("3569",),
    ]  # fmt: skip


def test_genes_of_other_taxa_are_left_out(tmp_path):
    _, output = run(tmp_path, "gene_info", GENE_INFO, options=["--taxon", "10090", "--taxon", "7955"])
    assert {row.concept_id for row in read_rows(output)} == {"16193", "1"}


def test_names_of_earlier_files_come_first_within_their_kind(tmp_path):
    _, output = run(tmp_path, "ctd", CTD_DISEASES, CTD_CHEMICALS)
    assert [row.surface for row in read_rows(output)][:4] == [
        "Abdominal obesity-metabolic syndrome 3", "Migraine Disorders", "10074-G5", "Aspirin",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("format_", "content", "message"),
    [
        ("mesh", "<DescriptorRecordSet></DescriptorRecordSet>", "found none"),
        ("mesh", MESH[:700], "not readable as XML"),
        (
            "mesh",
            "<S><DescriptorRecord><DescriptorUI>D1</DescriptorUI></DescriptorRecord></S>",
            "record 1: expected Descriptor",
        ),
        ("gene_info", "#tax_id\tGeneID\n9606\t1\n", "column Symbol, Synonyms is missing"),
        ("gene_info", GENE_INFO + "9606" + "\t" * 20 + "\n", "line 7: expected 16 fields, found 21"),
        ("taxonomy", "9606 Homo sapiens\n", "line 1: expected four fields"),
        ("cellosaurus", "ID   HeLa\n//\n", "line 2: .*lacks ID or AC"),
        ("cellosaurus", "nothing\n", "found none"),
        ("ctd", CTD_CHEMICALS.replace("ChemicalName", "Name"), "expected a column ChemicalName or DiseaseName"),
        ("ctd", "Aspirin\tMESH:D001241\n", "column Synonyms is missing"),
        ("ctd", b"# Fields:\n# ChemicalName\tChemicalID\tSynonyms\n\xff\tMESH:D1\t\n", "line 3: expected UTF-8"),
        ("taxonomy", gzip.compress(NAMES_DMP.encode(), mtime=0)[:40], "ended before"),
    ],
)
def test_another_layout_is_refused_by_place_and_leaves_no_output(tmp_path, format_, content, message):
    result, output = run(tmp_path, format_, content)
    assert result.exit_code != 0
    assert re.search(message, " ".join(result.output.split())), result.output
    assert list(output.parent.iterdir()) == []


def test_a_taxon_without_genes_is_refused(tmp_path):
    result, _ = run(tmp_path, "taxonomy", NAMES_DMP, options=["--taxon", "9606"])
    assert result.exit_code != 0 and "--taxon" in result.output


def test_an_entity_bomb_is_not_expanded(tmp_path):
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>' + MESH.split('dtd">')[
        1
    ].replace("<String>Acetylsalicylic Acid</String>", "<String>boom &b;</String>")
    result, output = run(tmp_path, "mesh", bomb)
    assert result.exit_code == 0, result.output
    assert not any("aaaa" in row.surface for row in read_rows(output))
