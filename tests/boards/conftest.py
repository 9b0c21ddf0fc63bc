"""What the tests of images and of the service share: the script that both start."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ENTRY = Path(__file__).resolve().parents[2] / "docker" / "entry"


@pytest.fixture
def run_entry(tmp_path: Path) -> Callable[..., tuple[list[str], dict[str, str]]]:
    """Return what runs docker/entry beside a stand-in of the product.

    It takes the arguments, variables by name and `ros_setup` (a script to source); it returns the
    arguments and the environment that the product was given.
    """

    def run(
        *arguments: str, ros_setup: str = "", **environ: str
    ) -> tuple[list[str], dict[str, str]]:
        (tmp_path / "docker").mkdir(exist_ok=True)
        script = tmp_path / "docker" / "entry"
        shutil.copy(ENTRY, script)
        product = tmp_path / "edgeai"
        product.write_text(
            "#!/usr/bin/env python3\nimport json, os, sys\n"
            "print(json.dumps([sys.argv[1:], dict(os.environ)]))\n"
        )
        product.chmod(0o755)
        if ros_setup:
            (tmp_path / "setup.sh").write_text(ros_setup)
            environ["EDGEAI_ROS_SETUP"] = str(tmp_path / "setup.sh")
        answer = subprocess.run(
            [str(script), *arguments],
            env={"PATH": os.environ["PATH"], **environ},
            capture_output=True,
            text=True,
            check=True,
        )
        asked, seen = json.loads(answer.stdout)
        return asked, seen

    return run
