"""Names for rule-made documents: lists written for this purpose, and names put together from syllables.

The pairs of the contrast set (training/contrast/pairs.jsonl) use none of them: tests/training/learning/test_contrast_pairs.py.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

GENES = """
TP53 EGFR VEGFA STAT3 MTOR PTEN KRAS MYC AKT1 BCL2 BAX CASP3 NFKB1 TNF IL6 IL1B IL10 IFNG CXCL8 CCL2 TLR4 NLRP3 HMGB1 SIRT1 FOXO3 NRF2 HMOX1 KEAP1
SOD2 CAT GPX4 GAPDH ACTB VIM CDH1 SNAI1 TWIST1 ZEB1 MMP9 TIMP1 COL1A1 TGFB1 SMAD3 NOTCH1 WNT3A CTNNB1 GSK3B APC AXIN2 LRP6 RUNX2 SOX9 BMP2 ESR1 AR PGR ERBB2
BRCA1 BRCA2 ATM CHEK2 RAD51 PARP1 MLH1 MSH2 CDKN1A CDKN2A CCND1 CDK4 RB1 E2F1 MDM2 PIK3CA RAF1 BRAF MAPK1 MAPK14 JNK JAK2 STAT1 SOCS3 INS INSR IRS1 LEP LEPR
ADIPOQ PPARG PPARA SREBF1 FASN ACACA LDLR PCSK9 APOE APOB ABCA1 HNF1A HNF4A GCK SLC2A4 GLP1R DPP4 CFTR SCN5A KCNH2 KCNQ1 RYR2 MYH7 TTN LMNA DMD SNCA MAPT APP PSEN1
BDNF NGF NTRK1 DRD2 DRD4 HTR2A SLC6A4 COMT MAOA GRIN2B GABRA1 OPRM1 CNR1 TRPV1 ACE ACE2 AGT AGTR1 REN NOS3 EDN1 CYP3A4 CYP2D6 CYP2C19 ABCB1 UGT1A1 VKORC1 HLA-B CD4
CD8A CD274 PDCD1 CTLA4 FOXP3 IL2 IL4 IL17A RELA IKBKB TRAF6 MYD88 IRF3 DDX58 HIF1A VHL EPO TERT DNMT1 EZH2 HDAC1 KDM5B BRD4 XBP1 ATF4 DDIT3 HSPA5 BECN1 SQSTM1 ULK1
""".split()
LONG_GENES = (
    "tumor necrosis factor", "interleukin-6", "insulin", "leptin", "p53", "beta-catenin", "E-cadherin", "cyclin D1", "caspase-3", "catalase",
    "angiotensin converting enzyme", "epidermal growth factor receptor", "insulin receptor", "growth hormone", "prolactin", "dopamine D2 receptor",
    "serotonin transporter", "androgen receptor", "estrogen receptor alpha", "vascular endothelial growth factor", "C-reactive protein", "osteopontin",
    "NF-kappaB", "COX-2", "iNOS", "Bcl-2", "c-Myc", "heme oxygenase-1", "superoxide dismutase", "adiponectin", "albumin", "fibronectin",
)  # fmt: skip
DISEASES = (
    "breast cancer", "lung cancer", "hepatocellular carcinoma", "colorectal cancer", "melanoma", "glioblastoma", "leukemia", "lymphoma", "prostate cancer",
    "gastric cancer", "type 2 diabetes", "obesity", "insulin resistance", "hypertension", "heart failure", "myocardial infarction", "atrial fibrillation",
    "stroke", "atherosclerosis", "cardiomyopathy", "long QT syndrome", "asthma", "pulmonary fibrosis", "COPD", "pneumonia", "sepsis", "rheumatoid arthritis",
    "osteoarthritis", "lupus nephritis", "psoriasis", "multiple sclerosis", "Alzheimer's disease", "Parkinson's disease", "Huntington's disease", "epilepsy",
    "schizophrenia", "depression", "autism", "migraine", "neuropathy", "hepatitis", "liver fibrosis", "cirrhosis", "nephropathy", "renal failure",
    "hyperkalemia", "hypotension", "bradycardia", "seizures", "catalepsy", "dyskinesia", "nausea", "vomiting", "anemia", "thrombocytopenia", "neutropenia",
    "osteoporosis", "cataract", "glaucoma", "retinopathy", "hearing loss", "infertility", "preeclampsia", "cystic fibrosis", "muscular dystrophy",
    "hemolysis", "hepatotoxicity", "nephrotoxicity", "cardiotoxicity", "ototoxicity", "pain", "edema", "fever", "fatigue", "weight gain", "tumor", "inflammation",
)  # fmt: skip
CHEMICALS = (
    "aspirin", "metformin", "cisplatin", "doxorubicin", "paclitaxel", "tamoxifen", "dexamethasone", "prednisone", "ibuprofen", "morphine", "naloxone",
    "haloperidol", "clozapine", "lithium", "ketamine", "cocaine", "nicotine", "ethanol", "caffeine", "dopamine", "serotonin", "glutamate", "GABA",
    "acetylcholine", "norepinephrine", "propranolol", "verapamil", "amiodarone", "digoxin", "warfarin", "heparin", "captopril", "losartan", "furosemide",
    "simvastatin", "cholesterol", "glucose", "testosterone", "estradiol", "progesterone", "cortisol", "vitamin D", "vitamin E", "vitamin C", "retinoic acid",
    "curcumin", "resveratrol", "quercetin", "melatonin", "zinc", "copper", "lead", "cadmium", "arsenic", "iron", "calcium", "potassium", "nitric oxide",
    "hydrogen peroxide", "rapamycin", "cyclosporine", "tacrolimus", "methotrexate", "5-fluorouracil", "gemcitabine", "bortezomib", "imatinib", "gefitinib",
    "sorafenib", "vancomycin", "gentamicin", "rifampicin", "isoniazid", "ketoconazole", "fluconazole", "acyclovir", "valproic acid", "carbamazepine",
    "phenytoin", "diazepam", "fluoxetine", "levodopa", "scopolamine", "pilocarpine", "atropine", "isoproterenol", "streptozotocin", "LPS", "palmitate",
    "bleomycin", "carbon tetrachloride", "acetaminophen", "N-acetylcysteine", "L-arginine", "L-NAME", "5-HT", "H2O2", "17beta-estradiol",
)  # fmt: skip
CELL_LINES = "HeLa HEK293 MCF-7 HepG2 A549 PC-3 LNCaP Jurkat HCT116 SH-SY5Y U937 RAW264.7 NIH3T3 3T3-L1 K562 U87 PC12 CHO MDA-MB-231 THP-1".split()
ORGANISMS = (
    *(("patients", "RULE:human"),) * 6, ("women", "RULE:human"), ("children", "RULE:human"), ("participants", "RULE:human"),
    ("rats", "RULE:rat"), ("rats", "RULE:rat"), ("mice", "RULE:mouse"), ("mice", "RULE:mouse"), ("rabbits", "RULE:rabbit"),
)  # fmt: skip

_CHEMICAL_STARTS = "bal cor dov fen gol hep lam mir nor pel rod sal tav vel zor brin clo dras flu gri".split()
_CHEMICAL_MIDDLES = "a e i o a-ci e-do i-lo o-ra u-me a-ve e-ni".replace("-", "").split()
_CHEMICAL_ENDS = "statin mab pril sartan olol azole cillin mycin idine tinib amide oxacin platin setron triptan zepam caine profen ium".split()
_DISEASE_HEADS = "carcinoma dystrophy ataxia nephritis dermatitis encephalopathy neuropathy myopathy colitis sarcoma dysplasia anemia".split()
_DISEASE_PARTS = "spinal renal hepatic retinal ovarian gastric cutaneous cerebellar cardiac pancreatic tubular vascular juvenile familial chronic acute".split()
_FACTOR_PARTS = "nuclear transport growth membrane zinc vesicle ribosomal mitochondrial cytosolic receptor adhesion signal repair heat lipid".split()
_FACTOR_HEADS = "factor kinase phosphatase transporter protein ligase receptor channel synthase regulator".split()
_AMINO = "Ala Arg Asn Asp Cys Gln Glu Gly His Ile Leu Lys Met Phe Pro Ser Thr Trp Tyr Val".split()
LETTERS = "ABCDEFGHIKLMNPRSTVWXYZ"


@dataclass(frozen=True, slots=True)
class Entity:
    """``short``: an abbreviation that the text defines where the name stands first."""

    type: str
    id: str
    name: str
    short: str | None = None


def draw_entity(kind: str, rng: random.Random) -> Entity:
    """``kind``: a letter, see ``KINDS``. Half of the genes, diseases and chemicals are names of the lists, the rest is put together."""
    type, make = KINDS[kind]
    name, short, entity_id = make(rng)
    return Entity(type, entity_id or f"RULE:{kind}:{name}", name, short)


def _gene(rng: random.Random) -> tuple[str, str | None, None]:
    draw = rng.random()
    if draw < 0.45:
        return rng.choice(GENES), None, None
    if draw < 0.6:
        return rng.choice(LONG_GENES), None, None
    if draw < 0.8:
        return (
            "".join(rng.choices(LETTERS, k=rng.choice((2, 3, 3, 4))))
            + rng.choice(("", *"1234567"))
            + rng.choice(("", "", "A", "B")),
            None,
            None,
        )
    words, number = [*rng.sample(_FACTOR_PARTS, 2), rng.choice(_FACTOR_HEADS)], rng.randint(1, 12)
    return f"{' '.join(words)} {number}", "".join(w[0] for w in words).upper() + str(number), None


def _disease(rng: random.Random) -> tuple[str, str | None, None]:
    if rng.random() < 0.7:
        return rng.choice(DISEASES), None, None
    words = [*rng.sample(_DISEASE_PARTS, rng.choice((1, 2))), rng.choice(_DISEASE_HEADS)]
    return (
        " ".join(words),
        "".join(w[0] for w in words).upper() if len(words) == 3 and rng.random() < 0.5 else None,
        None,
    )


def _chemical(rng: random.Random) -> tuple[str, None, None]:
    draw = rng.random()
    if draw < 0.6:
        return rng.choice(CHEMICALS), None, None
    if draw < 0.9:
        return rng.choice(_CHEMICAL_STARTS) + rng.choice(_CHEMICAL_MIDDLES) + rng.choice(_CHEMICAL_ENDS), None, None
    return (
        "".join(rng.choices(LETTERS, k=rng.choice((1, 2, 3))))
        + rng.choice(("-", "", " "))
        + str(rng.randint(100, 99999)),
        None,
        None,
    )


def _variant(rng: random.Random) -> tuple[str, None, None]:
    a, b = rng.sample(_AMINO, 2)
    x, y = rng.sample("ACGT", 2)
    n = rng.randint(2, 1400)
    forms = (
        f"{a}{n}{b}",
        f"p.{a}{n}{b}",
        f"{a[0]}{n}{b[0]}",
        f"c.{n}{x}>{y}",
        f"rs{n * 7919}",
        f"{n}{x}>{y}",
        f"-{n}{x}/{y}",
        f"c.{n}del{x}",
    )
    return rng.choice(forms), None, None


def _organism(rng: random.Random) -> tuple[str, None, str]:
    name, entity_id = rng.choice(ORGANISMS)
    return name, None, entity_id


def _cell_line(rng: random.Random) -> tuple[str, None, None]:
    return rng.choice(CELL_LINES), None, None


KINDS = {
    "g": ("GeneOrGeneProduct", _gene),
    "d": ("DiseaseOrPhenotypicFeature", _disease),
    "c": ("ChemicalEntity", _chemical),
    "v": ("SequenceVariant", _variant),
    "o": ("OrganismTaxon", _organism),
    "l": ("CellLine", _cell_line),
}
