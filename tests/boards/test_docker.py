"""The images: what can be known of them without building one.

The entry script runs here with a product that only tells what it was asked; the Dockerfiles and
compose files are read. hadolint and `docker compose config` are asked where they are installed.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from edgeai_bringup.cli import build_parser
from edgeai_bringup.graph import NODES, PROFILES
from edgeai_bringup.settings import parse_settings
from edgeai_core.config import build
from edgeai_perception.inference_config import InferenceConfig

RunEntry = Callable[..., tuple[list[str], dict[str, str]]]
ROOT = Path(__file__).resolve().parents[2]
DOCKER = ROOT / "docker"
BOARDS = ("x86", "jetson-xavier", "jetson-orin")
ANALYZERS = ("face_authenticator", "object_detector", "fire_detector", "action_recognizer")
COMPOSE = ("home", "city")


@dataclass(frozen=True)
class Stage:
    """One stage of a Dockerfile: its base and its instructions."""

    name: str
    base: str
    steps: tuple[tuple[str, str], ...]

    def all(self, instruction: str) -> list[str]:
        return [text for word, text in self.steps if word == instruction]


def stages(board: str) -> list[Stage]:
    text = (DOCKER / board / "Dockerfile").read_text()
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    whole = re.sub(r"\\\n", " ", "\n".join(lines))
    steps = [line.strip().split(None, 1) for line in whole.splitlines() if line.strip()]
    arguments = dict(rest.split("=", 1) for word, rest in steps if word == "ARG" and "=" in rest)
    found: list[Stage] = []
    for word, rest in steps:
        if word == "FROM":
            base, _, name = rest.partition(" AS ")
            base = re.sub(r"\$\{(\w+)\}", lambda match: arguments[match[1]], base)
            found.append(Stage(name=name, base=base, steps=()))
        elif found:
            last = found.pop()
            found.append(Stage(last.name, last.base, (*last.steps, (word, " ".join(rest.split())))))
    return found


def image_environ(board: str) -> dict[str, str]:
    """Return what the images set for the entry script, ROS left out."""
    words = [word for stage in stages(board) for text in stage.all("ENV") for word in text.split()]
    pairs = dict(word.split("=", 1) for word in words)
    return {name: pairs[name] for name in ("EDGEAI_RUNTIME", "EDGEAI_PRECISION") if name in pairs}


@pytest.mark.parametrize("board", BOARDS)
def test_every_base_is_pinned_to_a_release(board: str) -> None:
    known = {stage.name for stage in stages(board)}
    bases = [stage.base for stage in stages(board) if stage.base not in known]
    assert bases
    for base in bases:
        assert re.search(r":[\w.-]*\d[\w.-]*$|@sha256:[0-9a-f]{64}$|:humble-[\w-]+$", base), base


@pytest.mark.parametrize("board", BOARDS)
def test_what_builds_stays_behind_and_the_image_runs_as_nobody_special(board: str) -> None:
    *before, last = stages(board)
    assert [stage.name for stage in before][-1] == "build"
    assert any("./edgeai setup" in text for text in before[-1].all("RUN"))
    assert not any("g++" in text for stage in stages(board)[-1:] for text in stage.all("RUN"))
    assert last.all("USER") == ["10001"]
    assert "--uid 10001 --groups video" in " ".join(last.all("RUN"))
    assert last.all("VOLUME") == ["/data"]
    assert last.all("STOPSIGNAL") == ["SIGINT"]
    assert json.loads(last.all("ENTRYPOINT")[0]) == ["/opt/edgeai/docker/entry"]
    assert not any(word == "ADD" for stage in stages(board) for word, _ in stage.steps)


@pytest.mark.parametrize("board", BOARDS)
def test_the_image_asks_the_graph_whether_it_is_well(board: str, run_entry: RunEntry) -> None:
    [check] = stages(board)[-1].all("HEALTHCHECK")
    options, _, command = check.partition(" CMD ")
    path, *arguments = json.loads(command)
    assert path == "/opt/edgeai/docker/entry"
    asked, _ = run_entry(*arguments, **image_environ(board))
    parsed = build_parser().parse_args(asked)
    assert parsed.command == "health"
    limit_s = float(re.search(r"--timeout=(\d+)s", options)[1])  # type: ignore[index]
    assert parsed.timeout_s < limit_s


@pytest.mark.parametrize("board", BOARDS)
def test_the_image_starts_a_profile_that_the_product_knows(board: str, run_entry: RunEntry) -> None:
    asked, _ = run_entry(EDGEAI_PROFILE="city", EDGEAI_SOURCE="demo", **image_environ(board))
    parsed = build_parser().parse_args(asked)
    assert (parsed.command, parsed.profile, parsed.source) == ("up", "city", "demo")
    assert parsed.plain
    settings = parse_settings(parsed.settings)
    wanted = {"inference.runtime": "tensorrt", "inference.precision": "f16"}
    expected = {} if board == "x86" else dict.fromkeys(ANALYZERS, wanted)
    assert settings == expected
    for values in settings.values():
        names = {name.removeprefix("inference."): value for name, value in values.items()}
        assert build(InferenceConfig, names).precision == "f16"


def test_the_variables_reach_the_nodes_and_the_command_line_wins(run_entry: RunEntry) -> None:
    asked, _ = run_entry(
        "up",
        "--source",
        "clip with spaces.mp4",
        "--set",
        "object_detector.inference.runtime=auto",
        EDGEAI_PROFILE="home",
        EDGEAI_SOURCE="/dev/video0",
        EDGEAI_CAMERA="door",
        EDGEAI_PARAMS_FILE="/data/own.yaml",
        EDGEAI_RUNTIME="tensorrt",
        EDGEAI_HTTP_HOST="0.0.0.0",
        EDGEAI_HTTP_NAME="home.example",
        EDGEAI_TLS_CERTIFICATE="/tls/cert.pem",
        EDGEAI_TLS_KEY="/tls/key.pem",
    )
    parsed = build_parser().parse_args(asked)
    assert parsed.source == "clip with spaces.mp4"
    assert parsed.camera == "door"
    assert parsed.params_file == Path("/data/own.yaml")
    settings = parse_settings(parsed.settings)
    assert settings["object_detector"] == {"inference.runtime": "auto"}
    assert settings["fire_detector"] == {"inference.runtime": "tensorrt"}
    assert settings["dashboard"] == {
        "http.host": "0.0.0.0",
        "http.names": ["home.example"],
        "http.tls_certificate": "/tls/cert.pem",
        "http.tls_key": "/tls/key.pem",
    }


def test_without_variables_it_is_a_home_with_what_camera_there_is(run_entry: RunEntry) -> None:
    asked, _ = run_entry()
    assert shlex.join(asked) == "up home --plain --source auto --camera camera"


def test_the_camera_profile_gets_no_settings_of_nodes_that_it_has_not(run_entry: RunEntry) -> None:
    asked, _ = run_entry(EDGEAI_PROFILE="camera", EDGEAI_RUNTIME="tensorrt")
    assert build_parser().parse_args(asked).settings == []


def test_any_other_command_goes_through_as_it_is(run_entry: RunEntry) -> None:
    asked, _ = run_entry("dashboard", "password", "ada lovelace", EDGEAI_RUNTIME="tensorrt")
    assert asked == ["dashboard", "password", "ada lovelace"]


def test_a_ros_installation_is_sourced_although_its_scripts_read_unset_variables(
    run_entry: RunEntry,
) -> None:
    setup = 'if [ -n "$AMENT_TRACE_SETUP_FILES" ]; then :; fi\nexport ROS_DISTRO=humble\n'
    asked, seen = run_entry("health", ros_setup=setup)
    assert asked == ["health"]
    assert seen["ROS_DISTRO"] == "humble"


def test_the_settings_are_of_nodes_in_the_graph() -> None:
    assert set(ANALYZERS) <= {node.name for node in NODES}


def test_a_builder_is_sent_what_set_up_needs_and_nothing_private() -> None:
    sent = (ROOT / ".dockerignore").read_text().splitlines()
    allowed = {line[1:] for line in sent if line.startswith("!")}
    assert sent[1] == "*"
    assert {"edgeai", "src", "tools", "requirements", "wheels", "docker/entry"} <= allowed
    assert all((ROOT / name).exists() for name in allowed)
    assert not allowed & {".git", "bench", "docs", "tests"}


@pytest.mark.parametrize("board", BOARDS)
def test_what_is_copied_from_the_clone_is_there(board: str) -> None:
    copied = [
        text.split()
        for stage in stages(board)
        for text in stage.all("COPY")
        if "--from=" not in text
    ]
    assert copied == [[".", "."]]


def compose(name: str) -> dict[str, Any]:
    return yaml.safe_load((DOCKER / f"compose.{name}.yaml").read_text())["services"]["edgeai"]


@pytest.mark.parametrize("name", COMPOSE)
def test_compose_runs_the_profile_locked_down_with_shared_memory(name: str) -> None:
    service = compose(name)
    assert service["environment"]["EDGEAI_PROFILE"] == name
    assert name in PROFILES
    assert (service["ipc"], service["read_only"], service["cap_drop"]) == ("host", True, ["ALL"])
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["stop_signal"] == "SIGINT"
    assert "data:/data" in service["volumes"]
    assert "privileged" not in service
    assert service["build"] == {
        "context": "..",
        "dockerfile": "docker/${EDGEAI_BOARD:-x86}/Dockerfile",
    }
    assert ("devices" in service) == (name == "home")


@pytest.mark.parametrize("name", [*COMPOSE, "jetson"])
def test_the_entry_script_knows_every_variable_of_compose(name: str) -> None:
    script = (DOCKER / "entry").read_text()
    for variable in compose(name)["environment"]:
        assert variable == "ROS_DOMAIN_ID" or f"${{{variable}:" in script, variable


def test_the_jetson_overlay_asks_for_the_gpu_and_tensorrt() -> None:
    service = compose("jetson")
    assert service["runtime"] == "nvidia"
    assert service["environment"]["EDGEAI_RUNTIME"] == "${EDGEAI_RUNTIME:-tensorrt}"


@pytest.mark.skipif(shutil.which("hadolint") is None, reason="hadolint is not installed")
@pytest.mark.parametrize("board", BOARDS)
def test_hadolint_has_nothing_to_say(board: str) -> None:
    answer = subprocess.run(
        ["hadolint", str(DOCKER / board / "Dockerfile")], capture_output=True, text=True
    )
    assert (answer.returncode, answer.stdout) == (0, "")


def has_compose() -> bool:
    command = ["docker", "compose", "version"]
    return (
        bool(shutil.which("docker")) and not subprocess.run(command, capture_output=True).returncode
    )


@pytest.mark.skipif(not has_compose(), reason="docker compose is not installed")
@pytest.mark.parametrize("files", [["home"], ["city"], ["home", "jetson"], ["city", "jetson"]])
def test_compose_reads_its_files(files: list[str]) -> None:
    names = [word for name in files for word in ("-f", str(DOCKER / f"compose.{name}.yaml"))]
    environ = os.environ | {"EDGEAI_SOURCE": "demo", "EDGEAI_BOARD": "jetson-orin"}
    command = ["docker", "compose", *names, "config", "--quiet"]
    answer = subprocess.run(command, capture_output=True, text=True, env=environ)
    assert (answer.returncode, answer.stderr) == (0, "")
