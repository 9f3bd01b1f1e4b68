"""Schedules and images: each file read by its own tool where that is installed, and its commands by the job itself."""

from __future__ import annotations

import configparser
import fnmatch
import importlib.util
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType, SimpleNamespace

import jinja2
import pyspark
import pytest
import yaml

import litcoin_batch
from litcoin_batch.config import AnnotateConfig
from litcoin_batch.settings import read_config

REPOSITORY = Path(__file__).resolve().parents[2]
CONF = REPOSITORY / "conf"
DOCKER = REPOSITORY / "docker"
DAG_FILE = CONF / "airflow" / "litcoin_batch_nightly.py"
SERVICE = CONF / "systemd" / "litcoin-batch.service"
HOME = "/opt/litcoin-batch/"
IMAGE = f"litcoin-batch:{litcoin_batch.__version__}"


def tool(name: str) -> str:
    """A program of the host or beside this Python; the test is skipped where there is none."""
    found = shutil.which(name, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    return found or pytest.skip(f"needs {name}")


def run(*command: object, **environment: str) -> subprocess.CompletedProcess:
    command = [str(word) for word in command]
    return subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, timeout=600)


@pytest.fixture(scope="module")
def settings_of():
    """What jobs/annotate.py takes from a spark-submit command; fails where either would refuse it."""
    spec = importlib.util.spec_from_file_location("annotate_job", REPOSITORY / "jobs" / "annotate.py")
    job = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(job)

    def parse(command: list[str]) -> AnnotateConfig:
        at = command.index(f"{HOME}jobs/annotate.py")
        assert command[0] in ("spark-submit", f"{HOME}.venv/bin/spark-submit")
        options = dict(zip(command[1:at:2], command[2:at:2], strict=True))
        assert set(options) <= {"--master", "--conf", "--properties-file"}
        if "--properties-file" in options:
            assert (REPOSITORY / options["--properties-file"].removeprefix(HOME)).is_file()
        given = job.main.make_context("annotate.py", command[at + 1 :]).params
        given.pop("config")
        return read_config(AnnotateConfig, None, {k: v for k, v in given.items() if v != ()})

    return parse


def test_commands_with_options_that_the_job_has_not_are_refused(settings_of):
    assert settings_of(["spark-submit", f"{HOME}jobs/annotate.py", "in/", "--warehouse", "w"]).warehouse == "w"
    with pytest.raises(Exception, match="No such option.*--werehouse"):
        settings_of(["spark-submit", f"{HOME}jobs/annotate.py", "in/", "--werehouse", "w"])


# systemd


@pytest.fixture(scope="module")
def unit():
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str
    parser.read(SERVICE)
    return parser["Service"]


def test_systemd_accepts_service_and_timer():
    checked = run(tool("systemd-analyze"), "verify", SERVICE, SERVICE.with_suffix(".timer"))
    assert (checked.returncode, checked.stderr) == (0, "")


def test_the_service_runs_the_job_of_its_day(unit, settings_of):
    shell, flag, script = shlex.split(unit["ExecStart"].replace("$$", "$").replace("%%", "%"))
    assert (shell, flag) == ("/bin/sh", "-c")
    # The shell of the unit puts the date in; the program it would become only shows its arguments.
    shown = run(shell, flag, script.replace("exec ", r"exec printf %s\\n ", 1))
    settings = settings_of(shown.stdout.splitlines())
    assert settings.run_id == f"nightly-{datetime.now(UTC):%Y%m%d}"
    assert settings.warehouse == f"/var/lib/{unit['StateDirectory']}/warehouse"
    assert unit["User"] != "root"


def test_the_timer_makes_up_for_a_night_missed():
    parser = configparser.RawConfigParser()
    parser.read(SERVICE.with_suffix(".timer"))
    assert parser["Timer"].getboolean("Persistent")
    assert parser["Timer"]["OnCalendar"].startswith("*-*-* ")


# Airflow


@pytest.fixture
def dag(monkeypatch):
    """The arguments of the DAG and of its task, from the file run with stand-ins for Airflow."""
    made = {}

    class Dag:
        def __init__(self, **given):
            made["dag"] = given

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

    for name in ("airflow", "airflow.providers", "airflow.providers.standard", "airflow.providers.standard.operators"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    sdk, bash = ModuleType("airflow.sdk"), ModuleType("airflow.providers.standard.operators.bash")
    sdk.DAG, bash.BashOperator = Dag, lambda **given: made.setdefault("task", given)
    monkeypatch.setitem(sys.modules, sdk.__name__, sdk)
    monkeypatch.setitem(sys.modules, bash.__name__, bash)
    exec(compile(DAG_FILE.read_text(encoding="utf-8"), DAG_FILE.name, "exec"), {"__name__": "dag"})
    return made


def test_nights_of_airflow_neither_overlap_nor_pile_up(dag):
    assert (dag["dag"]["max_active_runs"], dag["dag"]["catchup"]) == (1, False)
    assert dag["dag"]["default_args"]["retries"] >= 1


@pytest.mark.parametrize("field", ["logical_date", "run_after"])
def test_airflow_runs_the_job_of_its_logical_date(dag, settings_of, field):
    dates = {"logical_date": None, "run_after": None, field: datetime(2026, 2, 3, 4, tzinfo=UTC)}
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined)
    environment.filters["ds_nodash"] = lambda date: f"{date:%Y%m%d}"
    command = environment.from_string(dag["task"]["bash_command"]).render(dag_run=SimpleNamespace(**dates))
    settings = settings_of(shlex.split(command))
    assert (settings.run_id, len(settings.paths)) == ("nightly-20260203", 1)


def test_airflow_imports_the_dag(tmp_path, monkeypatch):
    if importlib.util.find_spec("airflow") is None:
        pytest.skip("Airflow pins other versions of this project's packages; checked by hand with 3.3.2")
    program = "from airflow.dag_processing.dagbag import DagBag; b = DagBag(__import__('sys').argv[1]); print(list(b.dags), b.import_errors)"
    shown = run(sys.executable, "-c", program, DAG_FILE.parent, AIRFLOW_HOME=str(tmp_path))
    assert shown.stdout.splitlines()[-1] == "['litcoin_batch_nightly'] {}"


# Kubernetes


@pytest.fixture(scope="module")
def nightly():
    return yaml.safe_load((CONF / "kubernetes" / "nightly.yaml").read_text(encoding="utf-8"))


def test_kubernetes_runs_the_job_and_no_two_at_once(nightly, settings_of):
    assert (nightly["apiVersion"], nightly["kind"]) == ("sparkoperator.k8s.io/v1beta2", "ScheduledSparkApplication")
    assert nightly["spec"]["concurrencyPolicy"] == "Forbid"
    template = nightly["spec"]["template"]
    assert (template["sparkVersion"], template["image"]) == (pyspark.__version__, IMAGE)
    job = template["mainApplicationFile"].removeprefix("local://")
    settings = settings_of(["spark-submit", job, *template["arguments"]])
    volumes = {volume["name"] for volume in template["volumes"]}
    for pod in (template["driver"], template["executor"]):
        mounts = {mount["mountPath"]: mount["name"] for mount in pod["volumeMounts"]}
        assert set(mounts.values()) == volumes
        assert {settings.warehouse, *("/" + path.split("/")[1] for path in settings.paths)} == set(mounts)
        assert pod["podSecurityContext"]["runAsNonRoot"] is True


def test_kubernetes_settings_agree_with_the_schedule(nightly):
    text = (CONF / "spark-defaults-kubernetes.conf").read_text(encoding="utf-8")
    claims = {volume["persistentVolumeClaim"]["claimName"] for volume in nightly["spec"]["template"]["volumes"]}
    assert set(re.findall(r"claimName +(\S+)", text)) == claims
    assert re.findall(r"container\.image +(\S+)", text) == [IMAGE]
    assert re.findall(r"kubernetes\.namespace +(\S+)", text) == [nightly["metadata"]["namespace"]]


def test_the_types_of_the_operator_hold_all_of_the_schedule(nightly):
    models = pytest.importorskip("kubeflow_spark_api.models", reason="needs kubeflow-spark-api")
    # What the operator does not know would be gone.
    assert models.SparkV1beta2ScheduledSparkApplication.from_dict(nightly).to_dict() == nightly


# Docker


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load((DOCKER / "compose.yaml").read_text(encoding="utf-8"))


def test_compose_accepts_its_file():
    checked = run(tool("docker-compose"), "-f", DOCKER / "compose.yaml", "config", "--format", "json")
    assert checked.returncode == 0, checked.stderr
    assert sorted(json.loads(checked.stdout)["services"]) == ["master", "submit", "worker-1", "worker-2"]


def test_compose_has_a_master_two_workers_and_a_job(compose, settings_of):
    services = compose["services"]
    settings = settings_of(services["submit"]["command"])
    assert settings.paths == ()
    commands = [service["command"] for service in services.values()]
    roles = [c[1].rpartition(".")[2] for c in commands if c[0] == "spark-class"]
    assert sorted(roles) == ["Master", "Worker", "Worker"]
    for service in services.values():
        assert set(service.get("depends_on", ())) <= set(services)
        assert service["image"] == IMAGE
        assert (DOCKER / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
        volume, folder = service["volumes"][0].split(":")
        assert volume in compose["volumes"]
        # Driver and executors write the same folder.
        assert folder == settings.warehouse
    addresses = {word for c in commands for word in c if word.startswith("spark://")}
    assert addresses == {f"spark://{services['master']['hostname']}:7077"}


@pytest.mark.parametrize("name", ["Dockerfile", "Dockerfile.gpu"])
def test_hadolint_finds_nothing(name):
    checked = run(tool("hadolint"), DOCKER / name)
    assert (checked.returncode, checked.stdout) == (0, "")


@pytest.mark.parametrize("name", ["Dockerfile", "Dockerfile.gpu"])
def test_images_are_pinned_not_root_and_find_their_files(name):
    text = (DOCKER / name).read_text(encoding="utf-8")
    bases = re.findall(r"^ARG \w+_IMAGE=(\S+)$", text, re.MULTILINE)
    assert bases
    assert all(re.fullmatch(r"[\w/]+:\d+\.\d+\.\d+-[\w.-]+", base) for base in bases)
    assert re.findall(r"^USER (.*)$", text, re.MULTILINE) == ["10001:10001"]
    copied = [word for line in re.findall(r"^COPY (?!--from)(.*)$", text, re.MULTILINE) for word in line.split()[:-1]]
    copied = [word for word in copied if not word.startswith("--")]
    assert "requirements.lock" in copied
    allowed = [line[1:] for line in (REPOSITORY / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    for word in copied:
        assert (REPOSITORY / word).exists()
        assert any(fnmatch.fnmatch(word, pattern) for pattern in allowed), word


@pytest.mark.parametrize(
    ("arguments", "environment", "expected"),
    [
        (["echo", "a b"], {}, ["-s", "--", "echo", "a b"]),
        (
            ["driver", "--properties-file", "p", "local:///job.py", "in"],
            {"SPARK_HOME": "/spark", "SPARK_DRIVER_BIND_ADDRESS": "10.0.0.7"},
            [
                "-s",
                "--",
                "/spark/bin/spark-submit",
                "--conf",
                "spark.driver.bindAddress=10.0.0.7",
                "--conf",
                "spark.executorEnv.SPARK_DRIVER_POD_IP=10.0.0.7",
                "--deploy-mode",
                "client",
                "--properties-file",
                "p",
                "local:///job.py",
                "in",
            ],
        ),
        (
            ["executor"],
            {
                **{f"SPARK_JAVA_OPT_{i}": f"-Dn={i} x" for i in range(11)},
                "SPARK_HOME": "/spark",
                "SPARK_EXECUTOR_MEMORY": "4g",
                "SPARK_DRIVER_URL": "spark://d:1",
                "SPARK_EXECUTOR_ID": "3",
                "SPARK_EXECUTOR_CORES": "4",
                "SPARK_APPLICATION_ID": "app",
                "SPARK_EXECUTOR_POD_IP": "10.0.0.8",
                "SPARK_EXECUTOR_POD_NAME": "pod",
                "SPARK_RESOURCE_PROFILE_ID": "0",
            },
            [
                "-s",
                "--",
                "java",
                *(f"-Dn={i} x" for i in range(11)),
                "-Xms4g",
                "-Xmx4g",
                "-cp",
                "/spark/conf:/spark/jars/*",
                "org.apache.spark.scheduler.cluster.k8s.KubernetesExecutorBackend",
                "--driver-url",
                "spark://d:1",
                "--executor-id",
                "3",
                "--cores",
                "4",
                "--app-id",
                "app",
                "--hostname",
                "10.0.0.8",
                "--resourceProfileId",
                "0",
                "--podName",
                "pod",
            ],
        ),
    ],
    ids=["any command", "driver", "executor"],
)
def test_the_entrypoint_starts_what_spark_asks_for(tmp_path, arguments, environment, expected):
    tini = tmp_path / "tini"
    tini.write_text("#!/bin/sh\nprintf '%s\\n' \"$@\"\n")
    tini.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    shown = run("bash", DOCKER / "entrypoint.sh", *arguments, PATH=path, **environment)
    assert (shown.stderr, shown.stdout.splitlines()) == ("", expected)
