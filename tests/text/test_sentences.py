import itertools
import random
import time

import pytest

from litcoin_batch.schema import Document
from litcoin_batch.text.sentences import split_document, split_sentences


def sentences(text):
    return [text[start:end] for start, end in split_sentences(text)]


def covered(spans):
    return {position for start, end in spans for position in range(start, end)}


@pytest.mark.parametrize("seed", range(20))
def test_spans_are_sorted_disjoint_trimmed_and_cover_everything_visible(seed):
    rng = random.Random(seed)
    tokens = [
        ".",
        "!",
        " ",
        "  ",
        "\n\n",
        "\n",
        "\t",
        "A",
        "We",
        "p53",
        "e.g.",
        "E. coli",
        "RESULTS: ",
        "(",
        ")",
        '"',
        "0.5",
        "β",
        "\u00a0",
        "α-",
        "The",
        "x.The",
        "1.",
        "…",
        "\U0001f9ec",
    ]
    text = "".join(rng.choice(tokens) for _ in range(400))
    spans = split_sentences(text)
    assert spans == sorted(spans)
    assert all(end <= start for (_, end), (start, _) in itertools.pairwise(spans))
    assert all(start < end and text[start:end] == text[start:end].strip() for start, end in spans)
    assert {i for i, c in enumerate(text) if not c.isspace()} <= covered(spans)


@pytest.mark.parametrize("text", ["", " ", "\n\n \t"])
def test_nothing_visible_gives_no_sentence(text):
    assert split_sentences(text) == []


@pytest.mark.parametrize(
    "parts",
    [
        ["We used mice (e.g. BALB/c, i.e. Albino strains).", "They lived."],
        ["Rats (vs. Mice) died; see Fig. 2A.", "The rest was approx. 5."],
        ["As shown by Smith et al. (2003) and Jones et al. 2004.", "It holds."],
        ["This was shown by Smith et al.", "We agree."],
        ["We grew E. coli and Streptomyces sp. MK-30 on agar.", "Both grew."],
        ["Isolates were Candida spp.", "We tested all."],
        ["The dose was 0.5 mg/kg i.v. Gd-DTPA.", "It was given i.p.", "The animals slept."],
        ["Patients lacked vitamin D.", "However, P < 0.05.", "5 of 10 died."],
        ["BRCA1 is mutated.", "p53 is not.", "mTOR is active.", "c-Myc too."],
        ["He asked (why not?)", 'We said "no."', "Nobody came [1].", "Done!"],
        ["BACKGROUND: It is unknown", "MATERIALS AND METHODS: We ran", "RESULTS: None."],
        ["Tagged DNA: it binds.", "(It does so twice.)", "End"],
        ["Dr. Miller of St. Louis, U.S. Virgin Islands, agrees.", "So do we."],
        ["We used sample no. 5 and Nos. 6-8.", "It answered no.", "We stopped."],
        ["1. Patients were seen.", "2. Patients were treated in 2005.", "Some died."],
        ["It caused the disease.", "We treated c.76A>T and p.Arg84Gln."],
        ["The drug was given i.v.", "Rats died."],
        [
            "Streptomyces sp. MK-30 was isolated; B. subtilis str. 168 and S. enterica sv. Typhimurium grew.",
            "All lived.",
        ],
        [
            "Isolates were of Candida spp.",
            "Cultures were grown at 37 degrees C.",
            "Cells were lysed at 4 °C.",
            "It froze.",
        ],
        ["They had hepatitis C.", "Treatment was shown by A. B. Jones was slow.", "Nobody knew."],
        ["BACKGROUND:Metformin works", "RESULTS:It does."],
        ["They were killed at 24 h.", "Livers were removed after 10 s.", "It took 2 d.", "Then 5 g. of salt came."],
        ["It was so before.[12]", "We agree with others.1,2", "They saw these.(3-5)", "Nobody did."],
        ["It was 5 µg/ml.", "β-actin was the control.", "α-Synuclein was lost."],
        ["E. coli str. K-12 substr. MG1655 and S. enterica ser. Dublin grew (Supp. Fig. 3).", "All lived."],
        ["Nocardia testa sp. nov. DSM 44 is a kinase of Ser.", "MINK is not."],
    ],
)
def test_examples_split_between_the_parts(parts):
    assert sentences(" ".join(parts)) == parts


def test_a_missing_space_before_a_common_opener_still_ends_the_sentence():
    assert sentences("It caused disease.The cause is Foo.Bar binding.") == [
        "It caused disease.",
        "The cause is Foo.Bar binding.",
    ]


@pytest.mark.parametrize(
    "parts",
    [
        ["It was seen in mice.", "CONCLUSION: We agree."],
        ["It rose (p < 0.05).", "Conclusions: it works."],
        ["It was so in 2005.", "METHODS We did it."],
        ["It fell by 5%.", "Materials and methods: We did it."],
    ],
)
def test_a_heading_glued_to_a_sentence_begins_the_next(parts):
    assert sentences("".join(parts)) == parts


@pytest.mark.parametrize("text", ["Foo.Bar binds v1.In vivo", "It is p53.Foo: bar", "We gave it i.v. Gd-DTPA was seen"])
def test_what_looks_like_the_end_of_a_sentence(text):
    assert sentences(text) == [text]


def test_a_blank_line_ends_a_sentence_and_a_single_line_break_does_not():
    assert sentences("no stop here\n\nbut a\nbreak") == ["no stop here", "but a\nbreak"]


def test_title_and_abstract_never_share_a_sentence():
    document = Document(1, "A title without a stop", "and an abstract. It has two sentences.")
    spans = split_document(document)
    assert [document.text[start:end] for start, end in spans] == [
        "A title without a stop",
        "and an abstract.",
        "It has two sentences.",
    ]


@pytest.mark.parametrize(("title", "abstract"), [(None, "Only this. "), ("Only this. ", None)])
def test_a_missing_part_leaves_the_other(title, abstract):
    document = Document(1, title, abstract)
    assert [document.text[start:end] for start, end in split_document(document)] == ["Only this."]


@pytest.mark.parametrize(
    "unit",
    [".", ". ", "A", "A ", "A. ", "12. A", "\n ", "( ", "RESULTS", "RESULTS: ", "e.g. ", ".) The "],
)
def test_a_long_text_takes_linear_time(unit):
    text = (unit * 200_000)[:200_000]
    started = time.process_time()
    spans = split_sentences(text)
    # Measured below 0.2 s for the slowest; quadratic time would take minutes.
    assert time.process_time() - started < 8
    assert covered(spans) >= {i for i, c in enumerate(text) if not c.isspace()}
