"""What the benchmark measures with, on models that are too small to measure."""

import json
from xml.etree import ElementTree

import pyarrow as pa
import pytest
import torch

from benchmark_rows import rows
from benchmarks.corpus import FIRST_PMID, Corpus, balanced, evenly, read_corpus, shuffle_words, write_files
from benchmarks.measured.documented import save_tagger
from benchmarks.measured.loops import mark, measure_bare_encoder, measure_pair_marker
from benchmarks.measured.sessions import session_settings
from benchmarks.measured.stages import (
    STAGES,
    Arithmetic,
    Stopwatch,
    compare_precisions,
    counted_pieces,
    decisions,
    load,
    measure_stages,
    padding_in_order,
    timed_calls,
)
from html_page import Reader
from litcoin_batch.readers import read_path
from litcoin_batch.reports.charts import as_file
from litcoin_batch.reports.speed import markdown, plots, speed_page
from litcoin_batch.schema import ConfigError, ContractError, Document, Mention
from litcoin_batch.text.pieces import split_pieces
from tiny_models import tiny_checkpoint


@pytest.fixture(scope="module")
def corpus():
    return read_corpus(None)


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    return {kind: str(tiny_checkpoint(kind, tmp_path_factory.mktemp(kind))) for kind in ("rnn", "transformer")}


@pytest.fixture(scope="module")
def files(corpus, tmp_path_factory):
    paths = write_files(corpus.documents(12), tmp_path_factory.mktemp("files"), balanced(12, 3))
    return tuple(map(str, paths))


@pytest.fixture(autouse=True)
def threads():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_files_hold_the_documents_that_they_were_made_of(corpus, files, tmp_path):
    documents = list(corpus.documents(12))
    assert [(d.pmid, d.title, d.abstract) for file in files for d in read_path(file)] == [
        (d.pmid, d.title, d.abstract) for d in documents
    ]
    assert [d.pmid for d in documents] == list(range(FIRST_PMID, FIRST_PMID + 12))
    (lines,) = write_files(documents[:3], tmp_path, 10, "jsonl")
    assert [d.abstract for d in read_path(lines)] == [d.abstract for d in documents[:3]]


def test_copies_have_the_same_words_in_another_order():
    texts = Corpus("one", (("A title", "One two three four five six. Seven eight nine ten eleven twelve."),)).documents(
        4
    )
    abstracts = [d.abstract for d in texts]
    assert len(set(abstracts)) == 4
    assert len({tuple(sorted(a.replace(".", "").split())) for a in abstracts}) == 1
    assert shuffle_words("b c d e f", 3) == shuffle_words("b c d e f", 3)


def test_a_corpus_without_abstracts_is_refused(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"pmid": 1, "title": "t"}\n')
    with pytest.raises(ConfigError, match="none of them has an abstract"):
        read_corpus(str(tmp_path / "a.jsonl"))


@pytest.mark.parametrize("kind", ["rnn", "transformer"])
def test_stages_say_what_was_done_and_add_up(checkpoints, files, kind):
    row = measure_stages(Arithmetic(checkpoints[kind], "float32", "cpu", 512), files, 1, 20)
    assert row["documents"] == 12
    assert set(row["sec"]) == set(STAGES) and all(sec >= 0 for sec in row["sec"].values())
    assert 0 < row["outside_share"] < 1
    assert sum(row["sec"][stage] for stage in STAGES if stage != "parse") <= row["worker_sec"] * 1.5
    assert row["padded_pieces"] >= row["pieces"] > 50
    # Windows compute a piece twice, and some of the documents are longer than one; steps of a recurrence take eight documents.
    assert row["computed_pieces"] > row["padded_pieces"]
    again = measure_stages(Arithmetic(checkpoints[kind], "float32", "cpu", 4_096), files, 1, 12)
    assert again["digest"] == row["digest"]


def test_the_bare_encoder_reads_every_piece_once(checkpoints, files):
    arithmetic = Arithmetic(checkpoints["rnn"], "float32", "cpu", 8_192)
    row = measure_bare_encoder(arithmetic, files, 1)
    documents = [d for file in files for d in read_path(file)]
    pieces = split_pieces(documents, load(arithmetic).checkpoint.tokenizer)
    assert (row["documents"], row["pieces"]) == (12, sum(p.n_pieces for p in pieces))


def test_padding_of_fixed_batches_is_that_of_their_longest():
    assert padding_in_order([3, 100, 3], 2) == (2 * 100 + 3) / 106
    assert padding_in_order([3, 100, 3], 1) == 1.0


def test_the_pair_marker_passes_every_candidate_pair(checkpoints, tmp_path):
    (file,) = write_files(
        [Document(1, "Aspirin and COX-2.", "Aspirin inhibits COX-2; celecoxib does so, too.")], tmp_path, 1
    )
    arithmetic = Arithmetic(checkpoints["rnn"], "float32", "cpu", 512)
    row = measure_pair_marker(arithmetic, (str(file),), 1, 1)
    (found,) = load(arithmetic).annotator.annotate(list(read_path(file)))
    n_pairs = len({(r.entity_1_id, r.entity_2_id) for r in found.relations})
    assert row["passes"] >= max(1, n_pairs)
    assert row["pieces"] > row["passes"] * 10


def test_marks_stand_around_the_mentions_of_both():
    one, two = (
        (
            Mention(0, 7, "ChemicalEntity", "Aspirin", ("A",), 1.0),
            Mention(21, 28, "ChemicalEntity", "aspirin", ("A",), 1.0),
        ),
        (Mention(15, 20, "GeneOrGeneProduct", "COX-1", ("B",), 1.0),),
    )
    assert (
        mark("Aspirin blocks COX-1 aspirin.", (one, two)) == "@1$ Aspirin @/1$ blocks @2$ COX-1 @/2$ @1$ aspirin @/1$."
    )


def test_precisions_agree_with_themselves(checkpoints, files):
    arithmetic = Arithmetic(checkpoints["rnn"], "float32", "cpu", 512)
    assert compare_precisions(arithmetic, arithmetic, files[:1]) == {"mentions": 1.0, "relations": 1.0}


def test_a_call_that_was_never_made_is_not_a_measurement(checkpoints):
    model = load(Arithmetic(checkpoints["rnn"], "float32", "cpu", 512)).checkpoint.model
    with (
        pytest.raises(ContractError, match="measured no call of the model for encode, heads"),
        timed_calls(model, Stopwatch(torch.device("cpu"))),
    ):
        pass


def test_padding_and_rows_that_only_steps_take_are_counted(checkpoints):
    encoder = load(Arithmetic(checkpoints["rnn"], "float32", "cpu", 512)).checkpoint.model.encoder
    ids = torch.zeros(3, 5, dtype=torch.long)
    with counted_pieces(encoder) as count, torch.inference_mode():
        encoder(ids, ids, torch.ones(3, 5, dtype=torch.bool))
        encoder(*(torch.cat([t, t, t])[:8] for t in (ids, ids, torch.ones(3, 5, dtype=torch.bool))))
    # Three documents take steps of eight.
    assert (count.real, count.padded, count.computed) == (15 + 40, 15 + 40, 8 * 5 + 40)


def test_a_failed_document_is_not_speed():
    table = pa.record_batch(
        {
            "pmid": [7],
            "mentions": pa.array([None], pa.list_(pa.int32())),
            "relations": pa.array([[]], pa.list_(pa.int32())),
        }
    )
    with pytest.raises(ContractError, match="PMID 7: the model failed on it"):
        decisions([table])


def test_the_tagger_of_the_documentation_is_a_folder_for_pipelines(checkpoints, tmp_path):
    save_tagger(checkpoints["transformer"], tmp_path / "tagger")
    config = json.loads((tmp_path / "tagger" / "config.json").read_text())
    assert config["architectures"][0].endswith("ForTokenClassification")
    assert (tmp_path / "tagger" / "tokenizer.json").is_file()
    with pytest.raises(TypeError, match="has no place in a Hugging Face pipeline"):
        save_tagger(checkpoints["rnn"], tmp_path / "none")


def test_cores_are_asked_of_the_master_in_its_own_words():
    assert session_settings("local[*]", 2, "1") == {"spark.master": "local[2]"}
    assert session_settings("spark://host:7077", 8, "4")["spark.executor.instances"] == "2"
    with pytest.raises(ConfigError, match="cores 6: not a multiple of spark.executor.cores 4"):
        session_settings("spark://host:7077", 6, "4")


def test_evenly_spread_documents_are_as_many_as_asked():
    documents = [Document(n, "t", "a") for n in range(10)]
    assert [d.pmid for d in evenly(documents, 3)] == [0, 3, 6]


def test_the_page_has_the_figures_and_a_plot_for_each_checkpoint():
    figures = [("whole job / bare encoder", "rnn", 0.9, 0.88, 1234.5)]
    assert "| whole job / bare encoder | rnn | 0.9 | 0.88 to 1,234 |" in markdown(figures, "Somewhere.")
    memory = {"sec": [0.0, 1.0], "jvm_bytes": [1, 2], "worker_bytes": [3, 4], "workers_bytes": [3, 4]}
    job = {"steps": {}, "balance": 1.1, "memory": {"driver_bytes": 5_000_000}, "memory_over_time": memory}
    stages = {"sec": {"encode": 1.0}, "padding_in_order": 1.4}
    measured = [
        {**row, **(stages if row["what"] == "stages" else {}), **(job if row["what"] == "job" else {})}
        for row in rows()
        if row["turn"]
    ]
    page = speed_page(figures, {"rnn": {1: 50.0, 2: 98.0}}, measured, "Somewhere.")
    seen = Reader(page)
    chart = as_file(plots({"rnn": {1: 50.0, 2: 98.0}}, measured)["throughput"])
    assert ElementTree.fromstring(chart).tag == "{http://www.w3.org/2000/svg}svg" and "rnn, ideal" in chart
    assert plots({"rnn": {}}, []) == {}
    assert seen.tags["svg"] + seen.tags["img"] == 4
    assert seen.tables["Medians over turns"][1] == ["whole job / bare encoder", "rnn", "0.9", "0.88 to 1,234"]
    assert seen.tables["Peak memory"][1] == ["rnn", "1", "1,000", "5", "", ""]
