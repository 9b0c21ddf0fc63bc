"""The sound channel with programs that note how they are called."""

from __future__ import annotations

import json
import os
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

from edgeai_alerts.channel_config import SoundConfig
from edgeai_alerts.channels.base import ConnectedChannel
from edgeai_alerts.channels.sound import SoundChannel, write_beeps
from edgeai_core.alerting.texts import Texts
from edgeai_core.errors import AlertRefusedError, ChannelError
from edgeai_core.language import Language
from edgeai_core.types import Alert, AlertEvent, Severity

NOW_NS = 1_750_000_000 * 1_000_000_000


def alert(
    severity: Severity = Severity.WARNING, *, title: str = "somebody fell", stamp_ns: int = NOW_NS
) -> Alert:
    event = AlertEvent(
        category="fall",
        severity=severity,
        title=title,
        reason="why",
        source="s",
        camera="front_door",
        stamp_ns=stamp_ns,
    )
    return Alert(alert_id="1" * 32, event=event, raised_ns=stamp_ns)


class Machine:
    """A folder of programs, as PATH has it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now_s = 0.0

    def install(
        self, name: str, *, code: int = 0, complaint: str = "", hangs: bool = False
    ) -> None:
        program = self.folder / name
        program.write_text(
            f"#!{sys.executable}\n"
            "import json, pathlib, sys, time\n"
            f"note = pathlib.Path({str(self.folder / 'calls')!r})\n"
            "note.open('a').write(json.dumps(sys.argv) + '\\n')\n"
            f"print({complaint!r}, file=sys.stderr)\n"
            f"time.sleep({60 if hangs else 0})\n"
            f"sys.exit({code})\n"
        )
        program.chmod(0o755)

    def calls(self) -> list[list[str]]:
        note = self.folder / "calls"
        lines = note.read_text().splitlines() if note.exists() else []
        called = [json.loads(line) for line in lines]
        return [[Path(words[0]).name, *words[1:]] for words in called]

    def channel(self, *, texts: Texts | None = None, **values: object) -> SoundChannel:
        return SoundChannel(
            SoundConfig(**values),  # type: ignore[arg-type]
            path=str(self.folder),
            texts=texts or Texts(),
            wall_clock_ns=lambda: NOW_NS,
            clock=lambda: self.now_s,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_an_alert_is_spoken_as_one_argument_that_no_shell_reads(machine: Machine) -> None:
    machine.install("spd-say")
    machine.install("espeak-ng")
    machine.channel().send(alert(title="$(reboot); a\nfall`"))
    assert machine.calls() == [
        ["spd-say", "--wait", "--language", "en", "--", "WARNING: $(reboot); a fall` at front door"]
    ]


def test_the_second_program_speaks_where_the_first_is_not_there_in_the_language(
    machine: Machine,
) -> None:
    machine.install("espeak-ng")
    machine.channel(texts=Texts(Language.FR)).send(alert(title="quelqu'un est tombé"))
    [[program, *words]] = machine.calls()
    assert (program, words[:3]) == ("espeak-ng", ["-v", "fr", "--"])
    assert "quelqu'un est tombé" in words[3]


def test_a_long_text_is_cut(machine: Machine) -> None:
    machine.install("espeak-ng")
    machine.channel().send(alert(title="fall " * 100))
    assert len(machine.calls()[0][-1]) == 200


@pytest.mark.parametrize(
    ("severity", "beeps"), [(Severity.INFO, 1), (Severity.WARNING, 2), (Severity.CRITICAL, 5)]
)
def test_a_tone_tells_by_its_beeps_how_urgent_it_is(
    machine: Machine, severity: Severity, beeps: int
) -> None:
    machine.install("aplay")
    channel = machine.channel(says="tone")
    channel.send(alert(severity))
    [[program, quiet, file]] = machine.calls()
    assert (program, quiet) == ("aplay", "-q")
    with wave.open(file) as played:
        assert (played.getnchannels(), played.getsampwidth()) == (1, 2)
        samples = np.frombuffer(played.readframes(played.getnframes()), "<i2")
        rate_hz = played.getframerate()
    windows = np.abs(samples.astype(int))[: len(samples) // 220 * 220].reshape(-1, 220)
    loud = windows.max(axis=1) > 3000
    assert np.count_nonzero(np.diff(loud.astype(int)) == 1) + int(loud[0]) == beeps
    assert len(samples) / rate_hz == pytest.approx(0.3 * beeps, abs=0.01)
    channel.close()
    channel.close()
    assert not Path(file).exists()


def test_the_pitch_is_that_which_was_asked_for(tmp_path: Path) -> None:
    write_beeps(tmp_path / "a.wav", count=1, pitch_hz=1000.0)
    with wave.open(str(tmp_path / "a.wav")) as played:
        samples = np.frombuffer(played.readframes(3000), "<i2")
        strongest = np.abs(np.fft.rfft(samples)).argmax() * played.getframerate() / len(samples)
    assert strongest == pytest.approx(1000.0, abs=10.0)


def test_without_a_program_it_says_which_ones_would_do_and_finds_one_that_comes(
    machine: Machine,
) -> None:
    channel = machine.channel()
    assert isinstance(channel, ConnectedChannel)
    assert channel.trouble() == (
        "no program that speaks is installed; expected one of spd-say, espeak-ng (Debian: one of "
        "speech-dispatcher, espeak-ng)"
    )
    with pytest.raises(ChannelError, match="sound: no program that speaks is installed"):
        channel.send(alert())
    machine.install("espeak-ng")
    assert channel.trouble()  # it looks again now and then only
    machine.now_s = 20.0
    assert channel.trouble() == ""
    channel.send(alert())
    assert len(machine.calls()) == 1
    assert "plays a tone" in machine.channel(says="tone").trouble()


def test_a_program_that_fails_or_hangs_is_a_reason_to_try_again(machine: Machine) -> None:
    machine.install("espeak-ng", code=3, complaint="no sound card\x1b[2J")
    with pytest.raises(ChannelError, match=r"espeak-ng ended with 3: no sound card \[2J; may this"):
        machine.channel().send(alert())
    machine.install("espeak-ng", hangs=True)
    with pytest.raises(ChannelError, match="was not done within 0 s; is a loudspeaker there"):
        machine.channel(timeout_s=0.3).send(alert())
    (machine.folder / "espeak-ng").write_text("no program")
    with pytest.raises(ChannelError, match="cannot be run"):
        machine.channel().send(alert())


def test_nobody_is_told_aloud_of_what_is_long_past(machine: Machine) -> None:
    machine.install("espeak-ng")
    channel = machine.channel(max_age_s=60.0)
    with pytest.raises(AlertRefusedError, match="is 61 s old"):
        channel.send(alert(stamp_ns=NOW_NS - 61 * 10**9))
    channel.send(alert(stamp_ns=NOW_NS - 60 * 10**9))
    # A clock that runs ahead is no reason for silence.
    channel.send(alert(stamp_ns=NOW_NS + 10**15))
    assert len(machine.calls()) == 2
    assert os.access(machine.folder / "espeak-ng", os.X_OK)
