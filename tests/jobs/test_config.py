import pytest

from litcoin_batch.config import AnnotateConfig, read_config
from litcoin_batch.schema import ConfigError


def write(folder, text):
    path = folder / "settings.yaml"
    path.write_text(text)
    return path


def test_command_line_wins_over_file_wins_over_default(tmp_path):
    file = write(tmp_path, "warehouse: from-file\nformat: bioc\npaths: [a, b]\n")
    config = read_config(AnnotateConfig, file, {"format": "csv", "device": None})
    assert (config.warehouse, config.format, config.device) == ("from-file", "csv", "auto")
    assert config.paths == ("a", "b")


def test_shipped_file_holds_the_defaults(pytestconfig):
    assert read_config(AnnotateConfig, pytestconfig.rootpath / "conf" / "annotate.yaml", {}) == AnnotateConfig()


def test_unknown_key_is_named_with_the_known_ones_and_the_file(tmp_path):
    file = write(tmp_path, "warehous: x\n")
    with pytest.raises(ConfigError, match="settings.yaml: unknown key warehous; known keys: .*warehouse"):
        read_config(AnnotateConfig, file, {})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("partitions: many", "partitions.*expected int, found 'many'"),
        ("partitions: 0", "partitions.*at least 1, found 0"),
        ("partitions: true", "partitions.*expected int, found True"),
        ("annotate_titles: 1", "annotate_titles.*expected bool, found 1"),
        ("paths: [1]", "paths.*list of texts"),
        ("- a list", "expected `key: value`"),
        ("a: b: c", "cannot be read"),
    ],
)
def test_wrong_values_are_refused(tmp_path, text, message):
    with pytest.raises(ConfigError, match=message):
        read_config(AnnotateConfig, write(tmp_path, text), {})


def test_missing_file_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="nowhere.yaml: cannot be read"):
        read_config(AnnotateConfig, tmp_path / "nowhere.yaml", {})


def test_a_single_text_is_a_list_of_one(tmp_path):
    assert read_config(AnnotateConfig, write(tmp_path, "lexicon: mine.tsv"), {}).lexicon == ("mine.tsv",)
