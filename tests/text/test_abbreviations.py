import time

import pytest

from litcoin_batch.text.abbreviations import find_definitions


def defined(text):
    return [(text[slice(*d.short)], text[slice(*d.long)]) for d in find_definitions(text)]


@pytest.mark.parametrize(
    ("text", "short", "long"),
    [
        # The first two stand in Schwartz and Hearst 2003.
        ("the heat shock transcription factor (HSF) binds", "HSF", "heat shock transcription factor"),
        ("by the Gcn5-related N-acetyltransferase (GNAT) family", "GNAT", "Gcn5-related N-acetyltransferase"),
        ("of Toll-like receptor 4 (TLR4) and", "TLR4", "Toll-like receptor 4"),
        ("treated with HSF (heat shock transcription factor)", "HSF", "heat shock transcription factor"),
        ("chronic lymphocytic leukaemia (CLL, n = 5) was", "CLL", "chronic lymphocytic leukaemia"),
        ("treated with streptozotocin (STZ; 50 mg/kg) daily", "STZ", "streptozotocin"),
        ("in PD (Parkinson's disease) we", "PD", "Parkinson's disease"),
        ("in type 2 diabetes mellitus (T2DM)", "T2DM", "type 2 diabetes mellitus"),
    ],
)
def test_a_definition_is_found_with_its_spans(text, short, long):
    assert defined(text) == [(short, long)]


@pytest.mark.parametrize(
    "text",
    [
        "a drug (50 mg/kg) was given",
        "was found (see Figure 2)",
        "in some patients (n = 12)",
        "apoptosis (PCR)",
        "PCR (PCR)",
        "in IL six (IL)",
        "() and ( )",
        "the word (w) is one letter",
        "a very long one (ABCDEFGHIJKLM)",
        "Heat was applied. Shock (HS) came after a full stop",
        "unclosed heat shock (HS",
    ],
)
def test_other_brackets_define_nothing(text):
    assert defined(text) == []


def test_definitions_come_in_the_order_of_the_text():
    text = "Insulin receptor (IR) and estrogen receptor (ER) or AR (androgen receptor)."
    assert defined(text) == [
        ("IR", "Insulin receptor"),
        ("ER", "estrogen receptor"),
        ("AR", "androgen receptor"),
    ]


@pytest.mark.parametrize("unit", ["(", "((", "(A", "a (b", "heat shock (HS) ", "HS (heat shock", " ", "() "])
def test_a_long_text_takes_linear_time(unit):
    text = (unit * 200_000)[:200_000]
    started = time.process_time()
    definitions = find_definitions(text)
    # Measured below 1 s for the slowest; quadratic time would take minutes.
    assert time.process_time() - started < 10
    assert bool(definitions) == (unit == "heat shock (HS) ")
