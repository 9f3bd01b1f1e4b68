"""From measured seconds to the figures that are claimed."""

import math
import subprocess
import sys
import time

import pytest

from benchmark_rows import rows
from benchmarks.figures import Rows, days, figures_of
from benchmarks.fits import Projection, Run, efficiency, fit_time, project, ratio, spread, t_quantile
from benchmarks.processes import Sample, descendants, growth, over_time, watch_cpu
from benchmarks.tasks import Task, balance, longest_stage
from litcoin_batch.schema import ConfigError


def test_spread_and_ratios_are_of_the_same_turn():
    assert spread([3.0, 1.0, 2.0]) == spread((2.0, 3.0, 1.0))
    found = ratio({1: 10.0, 2: 30.0, 4: 1.0}, {1: 5.0, 2: 10.0, 3: 7.0})
    assert (found.median, found.low, found.high, found.n) == (2.5, 2.0, 3.0, 2)
    assert ratio({1: 1.0}, {2: 1.0}) is None
    assert efficiency({1: 10.0}, {1: 5.0}, 2).median == 1.0
    assert efficiency({1: 10.0}, {1: 10.0}, 2).median == 0.5


def test_a_line_through_exact_times_is_found_and_has_no_error():
    runs = [Run(n, cores, 4.0 + 0.02 * n / cores) for n in (1_000, 4_000) for cores in (1, 2)]
    fit = fit_time(runs)
    assert (fit.fixed_sec, fit.core_sec) == (pytest.approx(4.0), pytest.approx(0.02))
    found = project(fit, 26e6, 64)
    assert found.sec == pytest.approx(4.0 + 0.02 * 26e6 / 64)
    assert (found.low, found.high) == (pytest.approx(found.sec), pytest.approx(found.sec))


def test_the_error_of_a_projection_is_that_of_regression():
    # From the formula of the textbook, by hand: residuals are -1, +2, -1 around 10 + x.
    runs = [Run(10, 1, 19.0), Run(20, 1, 32.0), Run(30, 1, 39.0)]
    fit = fit_time(runs)
    assert (fit.fixed_sec, fit.core_sec) == (pytest.approx(10.0), pytest.approx(1.0))
    assert fit.residual_sec == pytest.approx(math.sqrt(6))
    far = project(fit, 120, 1)
    margin = 12.706 * math.sqrt(6) * math.sqrt(1 / 3 + 100**2 / 200)
    assert (far.sec, far.high - far.sec, far.low) == (pytest.approx(130.0), pytest.approx(margin), 0.0)
    assert t_quantile(30) == 2.042
    assert t_quantile(60) == pytest.approx(2.000, abs=1e-3)


@pytest.mark.parametrize("runs", [[Run(10, 1, 1.0)] * 5, [Run(10, 1, 1.0), Run(20, 1, 2.0)]])
def test_a_line_needs_three_runs_of_two_lengths(runs):
    with pytest.raises(ConfigError, match="at least 3 runs of 2 different ones"):
        fit_time(runs)


def test_balance_is_of_the_stage_that_took_longest():
    tasks = [Task(1, 0.0, 1.0), Task(2, 5.0, 3.0), Task(2, 4.0, 2.0), Task(2, 6.0, 2.0)]
    longest = longest_stage(tasks)
    assert [task.sec for task in longest] == [2.0, 3.0, 2.0]
    assert balance(longest) == 1.5
    assert balance([]) is None


def test_growth_is_of_the_last_quarter_against_the_second():
    flat = [Sample(float(sec), 5, 7, 0 if sec < 10 else 14) for sec in range(40)]
    assert growth(flat) == 1.0
    assert growth([Sample(float(sec), 5, sec, 2 * sec) for sec in range(41)]) == 35 / 15
    assert growth([Sample(0.0, 5, 0, 0), Sample(1.0, 5, 0, 0)]) is None
    thin = over_time(flat, 10)
    assert thin["sec"] == [0.0, 4.0, 8.0, 12.0, 16.0, 20.0, 24.0, 28.0, 32.0, 36.0] and thin["workers_bytes"][-1] == 14


def test_figures_follow_from_the_rows():
    found = figures_of(Rows.of(rows()), "rnn", ("auto", "float32"), 26.0, (64,))
    assert {n: rate.median for n, rate in found.rate.items()} == {1: pytest.approx(50.0), 2: pytest.approx(100.0)}
    assert found.of_bare_encoder.median == pytest.approx(0.018 / 0.02)
    assert found.of_bare_model.median == pytest.approx(0.019 / 0.02)
    assert found.of_pair_marker.median == pytest.approx(0.5 / 0.02)
    assert found.of_documented["theirs"].median == pytest.approx(3.0)
    assert found.of_float32.median == pytest.approx(2.0)
    assert found.scaling[2].median == pytest.approx(85 / (2 * 45))
    assert (found.padding.median, found.computed.median, found.outside.median) == (1.04, 1.2, 0.08)
    assert days(found.projections[64])[0] == pytest.approx((5 + 0.02 * 26e6 / 64) / 86_400)


def test_what_was_not_measured_is_not_claimed():
    only_jobs = [row for row in rows() if row["what"] == "job" and row["size"] == 1_000]
    found = figures_of(Rows.of(only_jobs), "rnn", ("auto",), 26.0, (64,))
    assert (
        found.of_bare_encoder,
        found.of_pair_marker,
        found.of_documented,
        found.of_float32,
        found.padding,
        found.computed,
        found.outside,
    ) == (None, None, {}, None, None, None, None)
    assert (found.fit, found.projections) == (None, {})
    assert found.rate[1].median == pytest.approx(1_000 / 25)
    assert Projection(86_400.0, 0.0, 172_800.0) and days(Projection(86_400.0, 0.0, 172_800.0)) == (1.0, 0.0, 2.0)


# A child that works and ends when it is told to, and a parent that waits for none, as Spark's workers have.
PARENT = """
import os, signal, sys, time
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
if os.fork():
    signal.pause()
print(flush=True)
sys.stdin.readline()
while time.process_time() < 0.5:
    pass
sys.stdin.readline()
"""


def wait_until(condition):
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_the_work_of_a_process_that_ends_unseen_by_its_parent_counts():
    command = [sys.executable, "-c", PARENT]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as parent:
        try:
            parent.stdout.readline()
            with watch_cpu(parent.pid, interval_sec=0.05) as worked:
                parent.stdin.write(b"\n")
                wait_until(lambda: worked.sec > 0.3)
                parent.stdin.write(b"\n")
                wait_until(lambda: not descendants(parent.pid))
        finally:
            parent.kill()
    assert 0.3 < worked.sec < 1.5
