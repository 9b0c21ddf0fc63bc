import argparse
import subprocess
import sys

import pytest

from edgeai_core.errors import SetupError
from edgeai_lab import commands


def run_raising(monkeypatch, module):
    def fail(arguments):
        raise ModuleNotFoundError(f"No module named {module!r}", name=module)

    monkeypatch.setattr(commands, "COMMANDS", {"faces train": fail})
    return commands.run_lab(argparse.Namespace(lab_command="faces train"))


def test_a_missing_training_package_says_how_to_get_it(monkeypatch):
    with pytest.raises(SetupError, match=r"torch is not installed here; .* \./edgeai lab"):
        run_raising(monkeypatch, "torch")


def test_a_fault_of_our_own_is_not_dressed_up(monkeypatch):
    with pytest.raises(ModuleNotFoundError, match="edgeai_nothing"):
        run_raising(monkeypatch, "edgeai_nothing")


def test_what_measures_and_looks_over_needs_no_training_package():
    modules = (
        "edgeai_lab.inspection.command",
        "edgeai_lab.data.commands",
        "edgeai_lab.data.report",
        "edgeai_lab.classifier.commands",
        "edgeai_lab.face_evaluation",
    )
    blocked = f"for name in {commands._TRAINING_PACKAGES}: sys.modules[name] = None"
    code = f"import sys\n{blocked}\nimport {', '.join(modules)}"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (run.returncode, run.stderr) == (0, "")
