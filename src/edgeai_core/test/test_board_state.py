"""Heat and slowing down, from made-up files of the kernel."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgeai_core.board_state import BoardGauge


class Board:
    """A sysfs and a clock."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.now_s = 100.0
        self.gauge = BoardGauge(monotonic_s=lambda: self.now_s, root=root)

    def write(self, path: str, **values: str) -> None:
        folder = self.root / path
        folder.mkdir(parents=True, exist_ok=True)
        for name, value in values.items():
            (folder / name).write_text(f"{value}\n")


@pytest.fixture
def board(tmp_path: Path) -> Board:
    board = Board(tmp_path)
    board.write("class/thermal/thermal_zone0", type="cpu-thermal", temp="51500")
    board.write("class/thermal/thermal_zone1", type="gpu-thermal", temp="63250")
    board.write("class/thermal/thermal_zone2", type="cv0-thermal", temp="-256000")
    board.write("class/thermal/cooling_device0", type="pwm-fan", cur_state="3")
    board.write("class/thermal/cooling_device1", type="cpu-throttle-alert", cur_state="0")
    board.write("class/hwmon/hwmon4", oc1_event_cnt="2", oc3_event_cnt="0")
    return board


def test_the_hottest_zone_is_told_and_a_fan_slows_nothing(board: Board) -> None:
    state = board.gauge.read()
    assert (state.hottest_c, state.hottest_zone, state.slowed_by) == (63.25, "gpu-thermal", ())
    assert state.warning == ""
    assert state.details() == (
        ("board_hottest_c", "63.2"),
        ("board_hottest_zone", "gpu-thermal"),
        ("board_slowed_by", "nothing"),
    )


def test_a_throttle_is_a_warning_while_it_lasts(board: Board) -> None:
    board.write("class/thermal/cooling_device1", cur_state="1")
    board.write("class/thermal/thermal_zone1", temp="98000")
    assert board.gauge.read().warning == (
        "the board slows itself down (cpu-throttle-alert; gpu-thermal 98 °C): cool it, or give it "
        "more power"
    )
    board.write("class/thermal/cooling_device1", cur_state="0")
    board.now_s += 5
    assert board.gauge.read().warning == ""


@pytest.mark.parametrize("kind", ["thermal-cpufreq-0", "devfreq-17000000.gpu", "Processor"])
def test_what_lowers_a_frequency_slows_down(board: Board, kind: str) -> None:
    board.write("class/thermal/cooling_device2", type=kind, cur_state="2")
    assert board.gauge.read().slowed_by == (kind,)


def test_an_over_current_alarm_counts_when_it_goes_off_not_when_it_did_before(
    board: Board,
) -> None:
    assert board.gauge.read().slowed_by == ()
    board.write("class/hwmon/hwmon4", oc3_event_cnt="1")
    board.now_s += 5
    assert board.gauge.read().slowed_by == ("over-current alarm oc3",)
    board.now_s += 5
    assert board.gauge.read().slowed_by == ()


def test_the_files_are_read_every_five_seconds(board: Board) -> None:
    assert board.gauge.read().hottest_c == 63.25
    board.write("class/thermal/thermal_zone1", temp="70000")
    board.now_s += 4.9
    assert board.gauge.read().hottest_c == 63.25
    board.now_s += 0.1
    assert board.gauge.read().hottest_c == 70.0


def test_a_machine_without_sensors_tells_nothing(tmp_path: Path) -> None:
    state = BoardGauge(monotonic_s=lambda: 0.0, root=tmp_path).read()
    assert (state.hottest_c, state.details(), state.warning) == (None, (), "")
