from dataclasses import fields

import click
import pytest
from click.testing import CliRunner

from benchmarks.config import BenchmarkConfig
from litcoin_batch.config import AnnotateConfig
from litcoin_batch.schema import ConfigError
from litcoin_batch.settings import about, as_yaml, options, read_config


def write(folder, text):
    path = folder / "settings.yaml"
    path.write_text(text)
    return path


def test_command_line_wins_over_file_wins_over_default(tmp_path):
    file = write(tmp_path, "warehouse: from-file\nformat: bioc\npaths: [a, b]\n")
    config = read_config(AnnotateConfig, file, {"format": "csv", "device": None})
    assert (config.warehouse, config.format, config.device) == ("from-file", "csv", "auto")
    assert config.paths == ("a", "b")


@pytest.mark.parametrize("kind", [AnnotateConfig, BenchmarkConfig])
def test_shipped_file_holds_the_defaults_and_says_what_the_settings_say(kind, pytestconfig):
    name = kind.__name__.removesuffix("Config").lower()
    path = pytestconfig.rootpath / "conf" / f"{name}.yaml"
    assert read_config(kind, path, {}) == kind()
    assert path.read_text() == as_yaml(kind, f"jobs/{name}.py"), "make settings writes it anew"


@pytest.mark.parametrize("kind", [AnnotateConfig, BenchmarkConfig])
def test_each_setting_is_an_option_or_an_argument_and_says_what_it_is_for(kind):
    @click.command()
    @options(kind)
    def command(**given):
        click.echo(sorted(given.items()))

    parameters = {parameter.name: parameter for parameter in command.params}
    assert parameters.keys() == {"config"} | {field.name for field in fields(kind)}
    told = CliRunner().invoke(command, ["--help"], terminal_width=500).output
    assert all(about(field).text.rstrip(".") in told for field in fields(kind) if about(field).option != "")


def test_what_no_option_gave_leaves_the_default():
    @click.command()
    @options(AnnotateConfig)
    def command(config, **given):
        assert read_config(AnnotateConfig, config, given) == AnnotateConfig(paths=("in",), annotate_titles=True)

    done = CliRunner().invoke(command, ["in", "--annotate-titles"])
    assert done.exit_code == 0, done.exception


def test_a_value_that_is_no_choice_is_refused_with_the_choices(tmp_path):
    with pytest.raises(ConfigError, match="format.*expected auto, pubmed, .*found 'pdf'"):
        read_config(AnnotateConfig, write(tmp_path, "format: pdf"), {})


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
