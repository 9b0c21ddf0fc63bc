"""Alerts to be heard: spoken, or as a tone, by a program of the machine.

What is heard is told once and gone, so an alert that waited for long is not told any more.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
import wave
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from edgeai_alerts.channel_config import SPEECH, SoundConfig
from edgeai_core.alerting.phrases import Phrase
from edgeai_core.alerting.ratelimit import MonotonicClock
from edgeai_core.alerting.rendering import printable
from edgeai_core.alerting.texts import ENGLISH, Texts
from edgeai_core.errors import AlertRefusedError, ChannelError
from edgeai_core.types import Alert, Severity

NAME = "sound"
MAX_SPOKEN_CHARS = 200
_RATE_HZ = 22_050
_BEEP_S, _PAUSE_S, _EDGE_S = 0.18, 0.12, 0.01
# Number of beeps and their pitch: to be told apart from another room.
_BEEPS: Mapping[Severity, tuple[int, float]] = {
    Severity.INFO: (1, 660.0),
    Severity.WARNING: (2, 880.0),
    Severity.CRITICAL: (5, 1320.0),
}
_LOOK_AGAIN_S = 10.0
# Program to its arguments before the text or the file, in the order in which they are tried. The
# text is one argument after `--`: no shell reads it, and it is no option.
_SPEAKERS: Mapping[str, Callable[[str], tuple[str, ...]]] = {
    "spd-say": lambda language: ("--wait", "--language", language, "--"),
    "espeak-ng": lambda language: ("-v", language, "--"),
}
_PLAYERS: Mapping[str, tuple[str, ...]] = {"paplay": (), "aplay": ("-q",)}
_PACKAGES = {
    "spd-say": "speech-dispatcher",
    "espeak-ng": "espeak-ng",
    "paplay": "pulseaudio-utils",
    "aplay": "alsa-utils",
}


class SoundChannel:
    """Speak alerts or play a tone for them with the first program that is there.

    Args:
        config: how. path: where programs are looked for, as in PATH. texts: language.
        wall_clock_ns: nanoseconds since 1970. clock: monotonic seconds.
    """

    name = NAME

    def __init__(
        self,
        config: SoundConfig,
        *,
        path: str | None,
        texts: Texts = ENGLISH,
        wall_clock_ns: Callable[[], int],
        clock: MonotonicClock = time.monotonic,
    ) -> None:
        self._config = config
        self._path = path
        self._texts = texts
        self._wall_clock_ns = wall_clock_ns
        self._clock = clock
        self._wanted = tuple(_SPEAKERS if config.says == SPEECH else _PLAYERS)
        self._program: str | None = None
        self._look_at_s = clock()
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def send(self, alert: Alert) -> None:
        self._refuse_old(alert)
        self._look_at_s = self._clock()
        program = self._found()
        if program is None:
            raise ChannelError(f"{NAME}: {self.trouble()}")
        command = [program, *self._arguments(Path(program).name, alert)]
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                timeout=self._config.timeout_s,
                check=False,
            )
        except subprocess.TimeoutExpired as exc:
            raise ChannelError(
                f"{NAME}: {program} was not done within {self._config.timeout_s:.0f} s; is a "
                "loudspeaker there?"
            ) from exc
        except OSError as exc:
            raise ChannelError(f"{NAME}: {program} cannot be run ({exc.strerror})") from exc
        if done.returncode != 0:
            why = printable(done.stderr.decode("utf-8", "replace"))[:200] or "it does not say why"
            raise ChannelError(
                f"{NAME}: {program} ended with {done.returncode}: {why}; may this user use the "
                "sound of the machine?"
            )

    def trouble(self) -> str:
        if self._found() is not None:
            return ""
        packages = ", ".join(_PACKAGES[name] for name in self._wanted)
        verb = "speaks" if self._config.says == SPEECH else "plays a tone"
        return (
            f"no program that {verb} is installed; expected one of {', '.join(self._wanted)} "
            f"(Debian: one of {packages})"
        )

    def close(self) -> None:
        """Delete the tones; calling it twice is harmless."""
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def _found(self) -> str | None:
        """Return the program's path; looked for now and then: it may be installed meanwhile."""
        if self._clock() >= self._look_at_s:
            self._look_at_s = self._clock() + _LOOK_AGAIN_S
            paths = (shutil.which(name, path=self._path) for name in self._wanted)
            self._program = next((path for path in paths if path), None)
        return self._program

    def _arguments(self, program: str, alert: Alert) -> tuple[str, ...]:
        if self._config.says == SPEECH:
            return (*_SPEAKERS[program](self._texts.language.value), self._spoken(alert))
        return (*_PLAYERS[program], str(self._tone(alert.event.severity)))

    def _spoken(self, alert: Alert) -> str:
        event = alert.event
        words = f"{self._texts.word(event.severity)}: {event.title}"
        if event.camera:
            camera = event.camera.replace("_", " ").replace("/", ", ")
            words += f" {self._texts.say(Phrase.AT_CAMERA, camera=camera)}"
        return printable(words)[:MAX_SPOKEN_CHARS]

    def _tone(self, severity: Severity) -> Path:
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="edgeai-sound-")
        file = Path(self._folder.name) / f"{severity.name.lower()}.wav"
        if not file.exists():
            count, pitch_hz = _BEEPS[severity]
            write_beeps(file, count=count, pitch_hz=pitch_hz)
        return file

    def _refuse_old(self, alert: Alert) -> None:
        stamp_ns = alert.event.stamp_ns
        age_s = (self._wall_clock_ns() - stamp_ns) / 1e9
        if stamp_ns > 0 and age_s > self._config.max_age_s:
            raise AlertRefusedError(
                f"{NAME}: alert {alert.alert_id} is {age_s:.0f} s old, and nobody is told aloud of "
                f"what is older than {self._config.max_age_s:.0f} s (sound.max_age_s)"
            )


def write_beeps(file: Path, *, count: int, pitch_hz: float) -> None:
    """Write a WAV file (PCM, 16 bit, mono) of some beeps of a pitch."""
    at_s = np.arange(round(_BEEP_S * _RATE_HZ)) / _RATE_HZ
    # Without soft edges each beep begins and ends with a click.
    edges = np.minimum(1.0, np.minimum(at_s, at_s[::-1]) / _EDGE_S)
    beep = 0.6 * edges * np.sin(2 * np.pi * pitch_hz * at_s)
    pause = np.zeros(round(_PAUSE_S * _RATE_HZ))
    samples = np.concatenate([np.concatenate([beep, pause]) for _ in range(count)])
    with wave.open(str(file), "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(_RATE_HZ)
        written.writeframes((samples * 32767).astype("<i2").tobytes())
