"""Rates, latencies and counts, on a clock that the test moves."""

from __future__ import annotations

import math
import threading

import pytest

from edgeai_core.metering import ThroughputMeter


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def meter(clock: Clock) -> ThroughputMeter:
    return ThroughputMeter(monotonic_s=clock)


def run(meter, clock, *, results, every_s, latency_ms=10.0):
    for _ in range(results):
        clock.now_s += every_s
        meter.frame_received(dropped=False)
        meter.analysis_started()
        meter.result_published(latency_ms=latency_ms)


def test_a_new_meter_reads_nothing(meter):
    reading = meter.read()
    assert (reading.frames, reading.results, reading.dropped, reading.rejected) == (0, 0, 0, 0)
    assert (reading.active_s, reading.results_per_s, reading.window_results_per_s) == (0, 0, 0)
    assert math.isnan(reading.latency_p50_ms)
    assert math.isnan(reading.window_latency_p95_ms)
    assert reading.output_age_s == math.inf


def test_rates_over_the_run_and_over_the_last_five_seconds(meter, clock):
    meter.activated()
    run(meter, clock, results=10, every_s=1.0)
    clock.now_s += 10.0
    run(meter, clock, results=10, every_s=0.1)
    reading = meter.read()
    assert reading.active_s == pytest.approx(21.0)
    assert reading.results_per_s == pytest.approx(20 / 21)
    assert reading.window_results_per_s == pytest.approx(10 / 5)


def test_the_window_of_a_young_run_is_as_long_as_the_run(meter, clock):
    meter.activated()
    run(meter, clock, results=4, every_s=0.5)
    assert meter.read().window_results_per_s == pytest.approx(4 / 2)


def test_rest_does_not_count_into_the_rate(meter, clock):
    meter.activated()
    run(meter, clock, results=10, every_s=1.0)
    meter.deactivated()
    clock.now_s += 1000.0
    assert meter.read().results_per_s == pytest.approx(1.0)
    assert meter.read().active_since_s == 0.0
    meter.activated()
    clock.now_s += 10.0
    assert meter.read().results_per_s == pytest.approx(10 / 20)
    assert meter.read().active_since_s == pytest.approx(10.0)


def test_percentiles_of_the_run_and_of_the_window(meter, clock):
    meter.activated()
    for latency_ms in range(1, 101):
        meter.result_published(latency_ms=float(latency_ms))
    clock.now_s += 6.0
    meter.result_published(latency_ms=7.0)
    reading = meter.read()
    assert reading.window_latency_p50_ms == 7.0
    assert reading.latency_p50_ms == pytest.approx(50.0)
    assert reading.latency_p95_ms == pytest.approx(95.0, abs=0.1)


def test_drops_rejections_and_failures_are_counted(meter):
    meter.frame_received(dropped=True)
    meter.frame_received(dropped=False)
    meter.frame_skipped()
    meter.frame_rejected()
    meter.analysis_failed()
    reading = meter.read()
    assert (reading.frames, reading.dropped, reading.rejected, reading.failures) == (2, 2, 1, 1)


@pytest.mark.parametrize("end", ["frame_rejected", "analysis_failed", "deactivated", "activated"])
def test_a_busy_worker_shows_until_its_analysis_ends(meter, clock, end):
    meter.activated()
    meter.analysis_started()
    clock.now_s += 7.0
    assert meter.read().busy_s == pytest.approx(7.0)
    getattr(meter, end)()
    assert meter.read().busy_s == 0.0


def test_the_age_of_the_output_begins_anew_with_an_activation(meter, clock):
    meter.activated()
    meter.result_published(latency_ms=1.0)
    clock.now_s += 4.0
    assert meter.read().output_age_s == pytest.approx(4.0)
    meter.activated()
    assert meter.read().output_age_s == math.inf


def test_deactivating_twice_counts_once(meter, clock):
    meter.activated()
    clock.now_s += 3.0
    meter.deactivated()
    meter.deactivated()
    assert meter.read().active_s == pytest.approx(3.0)


def test_counts_from_many_threads_are_all_there(meter):
    def count() -> None:
        for _ in range(500):
            meter.frame_received(dropped=True)
            meter.read()

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (meter.read().frames, meter.read().dropped) == (2000, 2000)
