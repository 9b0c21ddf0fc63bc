"""The command line: help at once, usage errors with exit code 2."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from edgeai_bringup import cli

PACKAGE = Path(cli.__file__).resolve().parent.parent
COMMANDS = [
    [],
    ["up"],
    ["people"],
    ["people", "add"],
    ["people", "list"],
    ["people", "authorize"],
    ["people", "revoke"],
    ["people", "forget"],
    ["alerts"],
    ["alerts", "list"],
    ["alerts", "try"],
    ["session"],
    ["session", "lock"],
    ["session", "arm"],
    ["session", "disarm"],
    ["lab"],
    ["lab", "evaluate", "faces"],
    ["lab", "faces", "train"],
    ["record"],
    ["replay"],
    ["setup"],
    ["doctor"],
]
# Without site packages: whatever is not in the standard library cannot be imported at all.
HELP = (
    "import sys; sys.path.insert(0, sys.argv.pop(1));"
    "from edgeai_bringup import cli; cli.main(sys.argv[1:])"
)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_needs_nothing_but_the_standard_library(command):
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", HELP, str(PACKAGE), *command, "--help"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("usage: edgeai")


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["fly"],
        ["up"],
        ["people"],
        ["people", "add", "Ada"],
        ["session", "arm"],
        ["up", "home", "--duration-s", "0"],
        ["up", "home", "--duration-s", "nan"],
        ["up", "home", "--duration-s", "soon"],
        ["alerts", "--limit", "x"],
        ["alerts", "try", "clip.mp4"],
    ],
    ids=" ".join,
)
def test_a_usage_error_is_exit_code_2(argv, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(argv)
    assert caught.value.code == 2
    assert "usage: edgeai" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "needed"),
    [
        (["up", "home"], True),
        (["people", "list"], True),
        (["session", "lock"], True),
        (["setup"], False),
        (["doctor"], False),
    ],
    ids=str,
)
def test_set_up_and_doctor_work_on_a_bare_machine(argv, needed):
    assert cli.needs_environment(argv) is needed


def test_settings_are_collected_in_order():
    parsed = cli.build_parser().parse_args(["up", "home", "--set", "a.b=1", "--set", "c.d=2"])
    assert parsed.settings == ["a.b=1", "c.d=2"]
    assert (parsed.source, parsed.cameras, parsed.duration_s) == ("auto", None, None)


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (["up", "home", "--set", "x"], "edgeai up: setting 'x': expected NODE.PARAMETER=VALUE"),
        (["up", "home", "--source", "/nowhere.mp4"], "edgeai up: source: got '/nowhere.mp4'"),
        (["up", "hone", "--source", "rtsp://h/x"], "edgeai up: unknown profile 'hone'"),
        (["up", "home", "--params-file", "/no.yaml"], "edgeai up: parameter file /no.yaml: no su"),
        (["people", "list", "--gallery", "/nowhere/g.sqlite3"], "edgeai people: "),
    ],
    ids=str,
)
def test_bad_input_is_one_sentence_and_exit_code_2(argv, sentence, capsys):
    assert cli.main(argv) == 2
    err = capsys.readouterr().err
    assert err.startswith(sentence)
    assert err.count("\n") == 1
