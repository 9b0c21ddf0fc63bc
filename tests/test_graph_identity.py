"""The graph is the same whoever starts it, and it is the graph of the table."""

from __future__ import annotations

import importlib
import importlib.util
import shutil
import signal
import sys
from pathlib import Path

import pytest

pytest.importorskip("rclpy", reason="ROS is not there: run the tests by make test")

import yaml

START_TIMEOUT_S = 90.0
END_TIMEOUT_S = 25.0
TOOLS = Path(__file__).parents[1] / "tools"


def missing_for_launch() -> str:
    """Return why `ros2 launch` cannot start the profiles here; empty if it can."""
    if importlib.util.find_spec("launch_ros") is None or shutil.which("ros2") is None:
        return "launch is not on PyPI; needs an installation of ROS 2"
    from ament_index_python.packages import PackageNotFoundError, get_package_prefix

    try:
        get_package_prefix("edgeai_bringup")
    except PackageNotFoundError:
        return "ros2 launch finds no edgeai_bringup: colcon build, then source install/setup.sh"
    return ""


def command_of(how: str, profile: str, params_file: Path) -> list[str]:
    """Return the command that starts a profile on the test picture in one of the four ways."""
    starter, _, mode = how.partition(" ")
    if starter == "launch":
        composed = str(mode == "composed").lower()
        words = ["ros2", "launch", "edgeai_bringup", f"{profile}.launch.py", "source:=synthetic"]
        return [*words, f"composed:={composed}", f"params_file:={params_file}"]
    words = [sys.executable, "-m", "edgeai_bringup.cli", "up", profile, "--plain"]
    words += ["--source", "synthetic", "--params-file", str(params_file)]
    return words if mode == "composed" else [*words, "--separate"]


@pytest.fixture(scope="module")
def identity():
    """Return the comparing tool."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(TOOLS))
        return importlib.import_module("graph_identity")


@pytest.fixture(scope="module")
def interfaces(identity, demo_home):
    """Return what the nodes themselves say they publish, take, offer and call."""
    return identity.introspect()


@pytest.fixture
def all_active(tmp_path) -> Path:
    """Return the home profile with every analyzer on from the start, whoever is there."""
    from edgeai_bringup.graph import NODES, Role
    from edgeai_bringup.locations import config_directory

    text = (config_directory() / "home.params.yaml").read_text(encoding="utf-8")
    content = yaml.safe_load(text)
    supervisor = content["/**/supervisor"]["ros__parameters"]
    supervisor["nodes"]["always_on"] = [e.name for e in NODES if e.role is Role.ANALYZER]
    # Who is near is asked only where flame is normal somewhere.
    fire = content["/**/fire_detector"]["ros__parameters"]["fire"]
    fire["normal_flames"]["zones"] = ["stove: 0,0 1,0 1,1"]
    # It listens only while somebody looks at what it draws.
    content.setdefault("/**/visualizer", {"ros__parameters": {}})["ros__parameters"]["lazy"] = False
    file = tmp_path / "all_active.params.yaml"
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    return file


@pytest.mark.demo
@pytest.mark.parametrize(
    "how", ["up composed", "up separate", "launch composed", "launch separate"]
)
def test_a_running_graph_is_the_graph_of_the_table(
    how, command, identity, interfaces, all_active, record_property
):
    from edgeai_bringup.preparation import prepare

    if how.startswith("launch") and (missing := missing_for_launch()):
        pytest.skip(missing)
    plans = prepare("home", source="synthetic", camera="camera", params_file=all_active).plans
    wanted = identity.expected(plans, interfaces, composed=how.endswith("composed"))
    running = command(program=command_of(how, "home", all_active))
    found = identity.compare(wanted, timeout_s=START_TIMEOUT_S)
    said = "\n".join((*running.lines, *running.errors)[-25:])
    assert found == [], f"{how}: {len(found)} differences; it said:\n{said}"

    assert len(wanted.nodes) == len(plans)
    record_property("topics_and_services", len(wanted.endpoints))
    record_property("parameters", sum(len(values) for values in wanted.parameters.values()))
    running.look()
    running.signal(signal.SIGINT)
    assert running.end(timeout_s=END_TIMEOUT_S) == 0, running.stderr
    assert running.left_behind() == []


def test_what_differs_is_told_line_by_line(identity):
    wanted = identity.Graph(
        nodes={"/a", "/b"},
        endpoints={("/a", "publishes", "/x", "std_msgs/msg/Empty", "RELIABLE", "VOLATILE")},
        parameters={"/a": {"rate": 1.0, "name": ""}},
    )
    found = identity.Graph(
        nodes={"/a", "/c"},
        endpoints={("/a", "publishes", "/x", "std_msgs/msg/Empty", "BEST_EFFORT", "VOLATILE")},
        parameters={"/a": {"rate": 2.0, "more": ()}},
    )
    assert identity.differences(wanted, wanted) == []
    assert identity.differences(wanted, found) == [
        "node missing: /b",
        "node unexpected: /c",
        "missing: /a publishes /x std_msgs/msg/Empty RELIABLE VOLATILE",
        "unexpected: /a publishes /x std_msgs/msg/Empty BEST_EFFORT VOLATILE",
        "parameter /a more: expected 'none', got ()",
        "parameter /a name: expected '', got 'none'",
        "parameter /a rate: expected 1.0, got 2.0",
    ]
