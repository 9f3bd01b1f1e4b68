"""Files in the layouts that vocabularies are published in, cut to a few records, and a way to compile them."""

from __future__ import annotations

from pathlib import Path

import yaml
from click.testing import CliRunner, Result

from litcoin_batch.schema import ENTITY_TYPES
from training.concepts.build_vocabulary import main

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

HGNC = (
    "hgnc_id\tsymbol\tname\tstatus\talias_symbol\talias_name\tprev_symbol\tprev_name\tentrez_id\n"
    "HGNC:6018\tIL6\tinterleukin 6\tApproved\tIL-6|BSF2\t\tIFNB2\tinterferon, beta 2\t3569\n"
    "HGNC:1\tNOID\ta gene without an NCBI number\tApproved\t\t\t\t\t\n"
)

HGNC_DOWNLOAD = (
    "HGNC ID\tApproved symbol\tApproved name\tAlias symbols\tNCBI Gene ID(supplied by NCBI)\tPrevious symbols\n"
    "HGNC:6018\tIL6\tinterleukin 6\tIL-6, BSF2\t3569\tIFNB2\n"
)

OBO = """format-version: 1.2
[Term]
id: MONDO:0005148
name: type 2 diabetes mellitus
synonym: "NIDDM" EXACT ABBREVIATION [DOID:9352]
synonym: "diabetes" BROAD []
xref: MESH:D003924 {source="MONDO:equivalentTo"}
xref: OMIM:125853

[Term]
id: MONDO:0010001
name: a rare disease
xref: OMIM:615812

[Term]
id: MONDO:0010002
name: two diseases at once
xref: MESH:D000001
xref: MESH:D000002

[Typedef]
id: part_of
name: part of
"""

ORTHOLOGUES = "HID\tTaxonomy\tGene.ID\n502\t9606\t3569\n502\t10090\t16193\n502\t10116\t24498\n"


def write_recipe(folder: Path, sources: list[dict], **more: object) -> Path:
    """``sources``: entries of a recipe whose ``files`` are the contents, text or bytes, instead of names."""
    entries = []
    for source in sources:
        entry = {"name": source["layout"], "licence": "CC0-1.0", **source}
        names = [f"{entry['name']}{i}" for i in range(len(source["files"]))]
        for name, content in zip(names, source["files"], strict=True):
            (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        entries.append({**entry, "files": names})
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump({"without": list(ENTITY_TYPES), **more, "sources": entries}))
    return path


def compile_sources(folder: Path, *sources: dict, options: tuple[str, ...] = (), **more: object) -> tuple[Result, Path]:
    """Runs the command over ``sources``; gives its result and the folder it was to write."""
    recipe = write_recipe(folder, list(sources), **more)
    output = folder / "vocabulary"
    return CliRunner().invoke(main, ["--recipe", str(recipe), "--output", str(output), *options]), output
