"""Every night by Airflow: copy this file into its folder of DAGs.

The checkout is ``/opt/litcoin-batch`` on Airflow's workers, with what ``make`` installed in it; in Spark's
settings file stands where the job runs.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

HOME = "/opt/litcoin-batch"
INPUT = "/srv/pubmed/updatefiles"
WAREHOUSE = "/srv/litcoin/warehouse"
# The date is the identity of the run: a retry takes up the run of its night, and does nothing where it is
# committed. A run started by hand may have no logical date.
RUN_ID = "nightly-{{ (dag_run.logical_date or dag_run.run_after) | ds_nodash }}"

with DAG(
    dag_id="litcoin_batch_nightly",
    description="Annotate new PubMed citations",
    # NLM publishes in the afternoon of the US East coast.
    schedule="30 3 * * *",
    start_date=datetime(2026, 1, 1),
    # One night reads all that came in the nights that were missed, and no two write one warehouse at once.
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=10)},
    dagrun_timeout=timedelta(hours=23),
    tags=["litcoin-batch"],
):
    BashOperator(
        task_id="annotate",
        bash_command=(
            f"{HOME}/.venv/bin/spark-submit --properties-file {HOME}/conf/spark-defaults-laptop.conf"
            f" {HOME}/jobs/annotate.py {INPUT} --warehouse {WAREHOUSE} --run-id {RUN_ID} --wait-minutes 60"
        ),
        env={"PYSPARK_PYTHON": f"{HOME}/.venv/bin/python"},
        append_env=True,
    )
