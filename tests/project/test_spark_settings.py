"""``conf/*.conf`` against the Spark and Hadoop that are installed, and the script that finds GPUs."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pyspark
import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
JARS = Path(pyspark.__file__).parent / "jars"
INSTALLED = "/opt/litcoin-batch/"
FILES = sorted((REPOSITORY / "conf").glob("*.conf"))
DEFAULTS = [path for path in FILES if path.name.startswith("spark-defaults-")]
S3A = REPOSITORY / "conf" / "s3a.conf"

# Keys with a part that is the user's; Spark has them as patterns, not as constants.
FAMILIES = [
    r"spark\.(driver|executor|task|worker)\.resource\.gpu\.amount",
    r"spark\.(driver|executor|worker)\.resource\.gpu\.(discoveryScript|vendor)",
    r"spark\.executorEnv\.[A-Z_]+",
    r"spark\.kubernetes\.authenticate\.driver\.serviceAccountName",
    r"spark\.kubernetes\.(driver|executor)\.volumes\.persistentVolumeClaim\.[a-z]+"
    r"\.(options\.claimName|mount\.path|mount\.readOnly)",
]
# What a value must look like, by its key; the first that fits decides.
VALUES = [
    (r"\.(memory|memoryOverhead)", r"[1-9]\d*[mg]"),
    (r"\.task\.resource\.gpu\.amount", r"[1-9]\d*|0\.(5|25|2|125|1)"),
    (r"\.driver\.resource\.gpu\.amount", r"\d+"),
    (r"\.(cores|cpus|amount|instances)", r"[1-9]\d*"),
    (r"\.(enabled|readOnly|showConsoleProgress|abort\.pending\.uploads)", "true|false"),
    (r"spark\.master", r"local\[\*\]|(spark|k8s://https)://[a-z.-]+:\d+"),
    (r"\.(committer\.class|commitProtocolClass|credentials\.provider|scheme\.s3a)", r"([a-z]\w*\.){4,}[A-Z]\w+"),
    (r"", r"\S+"),
]


def read(path: Path) -> list[tuple[str, str]]:
    lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    return [tuple(line.split(None, 1)) for line in lines if line and not line.startswith("#")]


@pytest.fixture(scope="module")
def spark_keys():
    """Every setting that a class of Spark's configuration names."""
    found = set()
    for jar in JARS.glob("spark-*_2.13-*.jar"):
        with zipfile.ZipFile(jar) as archive:
            classes = [n for n in archive.namelist() if n.endswith(".class") and "conf" in n.lower()]
            for name in classes:
                found.update(re.findall(rb"spark\.[a-zA-Z][\w.-]+", archive.read(name)))
    return {key.decode() for key in found}


@pytest.fixture(scope="module")
def hadoop_defaults():
    defaults = {}
    with zipfile.ZipFile(next(JARS.glob("hadoop-client-api-*.jar"))) as archive:
        for name in ("core-default.xml", "mapred-default.xml"):
            tree = ElementTree.fromstring(archive.read(name))
            defaults.update({p.findtext("name"): p.findtext("value") for p in tree.iter("property")})
    return defaults


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_spark_knows_every_setting(path, spark_keys, hadoop_defaults):
    settings = read(path)
    assert len(settings) >= 5
    for key, _ in settings:
        if key.startswith("spark.hadoop."):
            assert key.removeprefix("spark.hadoop.") in hadoop_defaults
        else:
            assert key in spark_keys or any(re.fullmatch(family, key) for family in FAMILIES), key


def test_the_keys_found_in_spark_tell_right_from_wrong(spark_keys):
    assert {"spark.executor.memoryOverhead", "spark.task.cpus"} <= spark_keys
    assert not {"spark.executor.memoryoverhead", "spark.tasks.cpus"} & spark_keys


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_values_are_well_formed(path):
    for key, value in read(path):
        pattern = next(pattern for ending, pattern in VALUES if re.search(f"{ending}$", key))
        assert re.fullmatch(pattern, value), f"{key} {value}"


@pytest.mark.parametrize("path", DEFAULTS, ids=lambda path: path.name)
def test_no_key_comes_twice_with_or_without_s3(path):
    keys = [key for key, _ in read(path) + read(S3A)]
    assert sorted(keys) == sorted(set(keys))


def test_files_that_settings_name_are_there():
    named = [value for path in FILES for _, value in read(path) if value.startswith((INSTALLED, "conf/"))]
    own = [value.removeprefix(INSTALLED) for value in named if "/.venv/" not in value]
    assert "conf/discover_gpus.sh" in own
    assert [name for name in own if not (REPOSITORY / name).is_file()] == []
    assert os.access(REPOSITORY / "conf/discover_gpus.sh", os.X_OK)


def test_s3_jars_are_of_the_installed_versions(hadoop_defaults):
    hadoop = next(JARS.glob("hadoop-client-api-*.jar")).stem.removeprefix("hadoop-client-api-")
    settings = dict(read(S3A))
    assert settings["spark.jars.packages"].split(",") == [
        f"org.apache.hadoop:hadoop-aws:{hadoop}",
        f"org.apache.spark:spark-hadoop-cloud_2.13:{pyspark.__version__}",
    ]
    factory = "mapreduce.outputcommitter.factory.scheme.s3a"
    assert settings[f"spark.hadoop.{factory}"] == hadoop_defaults[factory]
    assert not any("key" in key or "secret" in key or "token" in key for key in settings)


@pytest.mark.parametrize("name", ["spark-defaults-standalone-gpu.conf", "spark-defaults-kubernetes.conf"])
def test_an_executor_has_as_many_gpu_shares_as_tasks(name):
    text = (REPOSITORY / "conf" / name).read_text(encoding="utf-8")
    # On Kubernetes the lines are there to be uncommented.
    settings = dict(re.findall(r"^(?:# )?(spark\.\S+) +(\S+)$", text, re.MULTILINE))
    gpus, share = (float(settings[f"spark.{who}.resource.gpu.amount"]) for who in ("executor", "task"))
    assert int(settings["spark.executor.cores"]) / int(settings["spark.task.cpus"]) == gpus / share


def test_the_pod_template_is_a_pod_that_is_not_root():
    pod = yaml.safe_load((REPOSITORY / "conf/kubernetes/pod-template.yaml").read_text(encoding="utf-8"))
    assert (pod["apiVersion"], pod["kind"]) == ("v1", "Pod")
    assert pod["spec"]["securityContext"]["runAsNonRoot"] is True


@pytest.fixture
def discover(tmp_path):
    """Run the script where ``nvidia-smi`` is a stand-in that prints these lines (None: where there is none)."""

    def run(printed, **environment):
        tools = tmp_path / "bin"
        tools.mkdir()
        for name in ("bash", "sed", "tr", "grep", "paste"):
            (tools / name).symlink_to(shutil.which(name))
        if printed is not None:
            smi = tools / "nvidia-smi"
            smi.write_text(f"#!/bin/sh\n{printed}\n")
            smi.chmod(0o755)
        script = REPOSITORY / "conf" / "discover_gpus.sh"
        command = [str(tools / "bash"), str(script)]
        return subprocess.run(command, env={"PATH": str(tools), **environment}, capture_output=True, text=True)

    return run


TWO = "echo '0, GPU-8f2b-01'; echo '1, GPU-11aa-02'"


@pytest.mark.parametrize(
    ("environment", "addresses"),
    [
        ({}, ["0", "1"]),
        ({"CUDA_VISIBLE_DEVICES": "1"}, ["1"]),
        ({"CUDA_VISIBLE_DEVICES": "1, 0"}, ["1", "0"]),
        ({"CUDA_VISIBLE_DEVICES": "GPU-11aa-02"}, ["GPU-11aa-02"]),
    ],
)
def test_gpus_that_may_be_used_are_named(discover, environment, addresses):
    found = discover(TWO, **environment)
    assert (found.returncode, found.stderr) == (0, "")
    assert json.loads(found.stdout) == {"name": "gpu", "addresses": addresses}


@pytest.mark.parametrize(
    ("printed", "environment", "message"),
    [
        (None, {}, "no nvidia-smi on the PATH"),
        ("echo 'driver not loaded'; exit 9", {}, "nvidia-smi failed: driver not loaded"),
        ("echo 'No devices were found'", {}, "no GPU on this host"),
        (TWO, {"CUDA_VISIBLE_DEVICES": ""}, "no GPU on this host that may be used"),
        (TWO, {"CUDA_VISIBLE_DEVICES": "0,2"}, "CUDA_VISIBLE_DEVICES names 2; expected"),
    ],
)
def test_a_host_without_usable_gpus_says_why(discover, printed, environment, message):
    found = discover(printed, **environment)
    assert found.returncode == 1
    assert found.stdout == ""
    assert message in found.stderr
