"""Training and judging the linker: on invented texts, a vocabulary of a few names, by the commands as people call them."""

import csv
import json

import pytest
from click.testing import CliRunner

from litcoin_batch.concepts.ranker import Ranker
from litcoin_batch.concepts.variant_numbers import VariantNumbers
from litcoin_batch.concepts.vocabularies.vocabulary import Vocabulary
from litcoin_batch.concepts.vocabularies.vocabulary_files import Contents, Facts, Kind, write_vocabulary
from litcoin_batch.schema import ENTITY_TYPES
from training.concepts.evaluate_linking import main as evaluate
from training.concepts.train_linker import main as train
from training.data.linking import LinkingDocument, annotated_rows, fold_of, read_linking_corpora, variant_numbers
from training.data.unannotated import UnannotatedVocabulary
from training.learning.linking_figures import Outcome, figures_of
from training.learning.ranking import least_sureness

GENE, DISEASE, CHEMICAL, VARIANT, ORGANISM, CELL_LINE = ENTITY_TYPES
SYMBOL, SYNONYM = Kind("symbol", "invented"), Kind("synonym", "invented")
N_DOCUMENTS = 30


def pubtator(pmid):
    """Mice in every other document: the gene is theirs. The synonym of ZOG2 is the symbol of ZOG1."""
    organism, taxon, gene = ("mice", "10090", "12") if pmid % 2 else ("patients", "9606", "11")
    text = f"ZOG1 V600E and glorbitis in {organism}."
    spans = [
        ("ZOG1", GENE, gene),
        ("V600E", VARIANT, f"rs{gene}"),
        ("glorbitis", DISEASE, "D000001"),
        (organism, ORGANISM, taxon),
    ]
    rows = [(pmid, text.index(name), text.index(name) + len(name), name, type_, ids) for name, type_, ids in spans]
    lines = [f"{pmid}|t|{text}", f"{pmid}|a|", *("\t".join(map(str, row)) for row in rows)]
    return "\n".join(lines) + "\n\n"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("linking")
    # Those of "some" are among those of "gold", but for one that no corpus has.
    for name, pmids in (("gold", range(1, N_DOCUMENTS + 1)), ("held_out", range(101, 111)), ("some", (1, 2, 3, 555))):
        (folder / f"{name}.PubTator").write_text("".join(map(pubtator, pmids)))
    labels = "{" + ", ".join(f"{t}: {t}" for t in ENTITY_TYPES) + "}"
    (folder / "corpora.yaml").write_text(
        f"- {{name: invented, files: [gold.PubTator, held_out.PubTator], weight: 1.0, labels: {labels}}}\n"
    )
    for name, count in (("plain", 0), ("annotated", 2)):
        annotated = {"zog9": [("11", Kind("annotated", "annotated", count))]} if count else {}
        names = {
            GENE: {"zog1": [("11", SYMBOL), ("12", SYMBOL), ("13", SYNONYM)]} | annotated,
            DISEASE: {"glorbitis": [("D000001", Kind("name", "invented", count)), ("D000002", SYNONYM)]},
            ORGANISM: {"mice": [("10090", SYMBOL)], "patient": [("9606", SYMBOL)]},
        }
        taxa = {"11": 9606, "12": 10090, "13": 9606}
        concepts = {
            (type_, concept_id): (taxa.get(concept_id, 0), Facts(key, written_id="D000009" if count else ""))
            for type_, of_type in names.items()
            for key, entries in of_type.items()
            for concept_id, _ in entries
        }
        write_vocabulary(folder / name, Contents(names, concepts, without=(CHEMICAL, VARIANT, CELL_LINE)))
    return folder


@pytest.fixture(scope="module")
def trained(files):
    return trained_with(files, "plain")


def trained_with(files, vocabulary):
    (files / "held_out.txt").write_text(" ".join(map(str, range(101, 111))))
    (files / "numbers.tsv").write_text("gene\tchange\trs\n11\tp.V600E\trs999\n13\tp.V600E\trs13\n")
    output = files / f"out_{vocabulary}"
    options = ["--corpora", files / "corpora.yaml", "--root", files, "--vocabulary", files / vocabulary]
    options += ["--exclude-pmids", files / "held_out.txt", "--numbers", files / "numbers.tsv"]
    options += ["--apart", files / "some.PubTator", "--folds", 3, "--output", output]
    result = CliRunner().invoke(train, list(map(str, options)), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return output


def test_the_ranker_learns_the_organism_and_the_kind_of_name(trained):
    figures = json.loads((trained / "figures.json").read_text())
    assert figures["n_documents"] == N_DOCUMENTS
    assert {type_: figures[type_]["n"] for type_ in (GENE, DISEASE, ORGANISM, CELL_LINE)} == {
        GENE: N_DOCUMENTS,
        DISEASE: N_DOCUMENTS,
        ORGANISM: N_DOCUMENTS,
        CELL_LINE: 0,
    }
    assert figures[GENE]["right"] == figures[DISEASE]["right"] == 1.0
    ranker = Ranker.read(trained / "ranker.json")
    assert ranker.choice["g:kind=symbol"] > ranker.choice["g:kind=synonym"]
    assert set(ranker.least) == set(ENTITY_TYPES)
    numbers = VariantNumbers.read(trained / "variant_numbers.tsv")
    # What is known without the corpora counts more than what they say.
    assert [numbers.find(gene, "p|SUB|V|600|E") for gene in ("11", "12", "13")] == ["rs999", "rs12", "rs13"]


def test_documents_of_a_file_are_counted_apart(trained):
    figures = json.loads((trained / "figures.json").read_text())
    assert [figures["apart"][type_]["n"] for type_ in (GENE, DISEASE, CELL_LINE)] == [3, 3, 0]
    assert figures["apart"]["all"]["n"] == 12 < figures["all"]["n"]


def test_what_a_vocabulary_knows_of_the_texts_changes_nothing(files, trained):
    knowing = trained_with(files, "annotated")
    assert (knowing / "ranker.json").read_text() == (trained / "ranker.json").read_text()
    vocabulary = UnannotatedVocabulary(Vocabulary.open(files / "annotated"))
    assert [e.count for e in vocabulary.find("glorbitis", DISEASE)] == [0, 0]
    assert vocabulary.find("zog9", GENE) == () and not vocabulary.knows("zog9", GENE)
    assert vocabulary.concept("D000001", DISEASE).written_id is None


def test_the_bound_of_a_type_is_where_f1_is_highest():
    sure = [Outcome(GENE, True, True, 0.9)] * 6 + [Outcome(GENE, True, False, 0.3)] * 3
    unsure = [Outcome(DISEASE, True, True, 0.25)] * 5 + [Outcome(DISEASE, True, False, 0.9)]
    least = least_sureness([*sure, *unsure, Outcome(VARIANT, True, False, 0.1)])
    assert least[GENE] == pytest.approx(0.35)
    assert least[DISEASE] == pytest.approx(0.2)
    assert least[VARIANT] == least[CHEMICAL] == 0.0


def test_training_without_evaluation_documents_to_leave_out_is_refused(files):
    options = ["--corpora", files / "corpora.yaml", "--root", files, "--vocabulary", files / "plain"]
    result = CliRunner().invoke(train, [*map(str, options), "--output", str(files / "never")])
    assert result.exit_code == 1
    assert "--exclude-gold or --exclude-pmids" in result.output


def test_documents_that_are_left_out_give_no_names_and_no_numbers(files):
    documents = read_linking_corpora(files / "corpora.yaml", files, frozenset(range(2, 200)))
    assert [d.pmid for d in documents] == [1]
    assert {row.concept_id for row in annotated_rows(documents)} == {"12", "D000001", "10090"}
    assert variant_numbers(documents) == {("12", "p|SUB|V|600|E"): "rs12"}


def test_folds_part_documents_and_keep_copies_together(files):
    documents = read_linking_corpora(files / "corpora.yaml", files, frozenset())
    folds = [fold_of(d.pmid, 3) for d in documents]
    assert set(folds) == {0, 1, 2}
    copy = LinkingDocument(documents[0].document, "another", 0.2, False)
    assert fold_of(copy.pmid, 3) == folds[0]


def test_evaluation_counts_what_is_right_and_lists_what_is_not(files):
    output, errors = files / "linking.json", files / "errors.tsv"
    options = ["--gold", files / "held_out.PubTator", "--vocabulary", files / "plain"]
    options += ["--json", output, "--errors", errors]
    result = CliRunner().invoke(evaluate, list(map(str, options)), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    figures = json.loads(output.read_text())
    assert {type_: figures[type_]["n"] for type_ in ("all", VARIANT, CHEMICAL)} == {"all": 40, VARIANT: 10, CHEMICAL: 0}
    # The shipped table does not know the invented genes' numbers: the change's syntax is no right answer.
    assert figures[VARIANT]["right"] == 0.0
    with errors.open(newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    n_wrong = round(sum((1 - figures[t]["right"]) * figures[t]["n"] for t in ENTITY_TYPES))
    assert len(rows) == n_wrong >= 10
    assert {row["found"] for row in rows if row["type"] == VARIANT} == {"p|SUB|V|600|E"}


def test_calibration_error_is_the_distance_of_score_and_share_right():
    outcomes = [Outcome("GeneOrGeneProduct", True, right, 0.8) for right in (True, True, True, True, False)]
    assert figures_of(outcomes)["all"]["calibration_error"] == pytest.approx(0.0)
    outcomes = [Outcome("GeneOrGeneProduct", True, score < 0.5, score) for score in (0.9, 0.1)]
    assert figures_of(outcomes)["all"]["calibration_error"] == pytest.approx(0.9)
    assert figures_of([])["all"]["calibration_error"] == 0.0


def test_unresolved_mentions_count_as_not_right_but_not_against_precision():
    figures = figures_of(
        [Outcome(GENE, True, True, 0.9), Outcome(GENE, False, False, 0.0), Outcome(DISEASE, True, False, 0.5)]
    )
    assert (figures[GENE]["right"], figures[GENE]["resolved"], figures[GENE]["precision"]) == (0.5, 0.5, 1.0)
    assert figures["all"]["precision"] == 0.5
    assert figures[CHEMICAL] == {
        "n": 0,
        "right": 0.0,
        "resolved": 0.0,
        "precision": 0.0,
        "reachable": 0.0,
        "calibration_error": 0.0,
    }
