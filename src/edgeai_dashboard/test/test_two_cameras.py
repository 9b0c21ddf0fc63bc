"""Settings and zones where a graph has several cameras: for one, for all, now and later."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from rclpy.parameter import Parameter

from edgeai_core.access.accounts import Accounts
from edgeai_core.access.permissions import Role
from edgeai_core.config import group, param
from edgeai_core.errors import ConfigError
from edgeai_core.privacy.config import PrivacyConfig
from edgeai_core.user_settings import read_user_settings, settings_at_start, write_user_settings
from edgeai_dashboard.dashboard_node import DashboardNode
from edgeai_ros_common.node import EdgeNode

CAMERAS = ("entrance", "garden")
ZONES, LINES = "watch.areas.zones", "watch.areas.lines"
DOOR, TREE, GATE = "door: 0,0 1,0 1,1", "tree: 0,0 1,0 0,1", "gate: 0,0.5 1,0.5"
DETECTOR = "object_detector"


@dataclass(frozen=True, slots=True, kw_only=True)
class AreasConfig:
    zones: tuple[str, ...] = param((), "Places", live=True)
    lines: tuple[str, ...] = param((), "Lines", live=True)
    stays: tuple[str, ...] = param((), "Names of places", live=True)

    def __post_init__(self) -> None:
        names = [zone.partition(":")[0] for zone in self.zones]
        for stay in self.stays:
            if stay not in names:
                raise ConfigError(f"there is no zone {stay!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchConfig:
    areas: AreasConfig = group(AreasConfig)


@dataclass(frozen=True, slots=True, kw_only=True)
class StandConfig:
    watch: WatchConfig = group(WatchConfig)
    after_s: float = param(600.0, "How long", unit="s", minimum=1.0, maximum=900.0, live=True)
    privacy: PrivacyConfig = group(PrivacyConfig)


class Stand(EdgeNode[StandConfig]):
    """Stands for the detector of a camera, or for the evidence recorder."""

    config_class = StandConfig


class House:
    """A page and a detector at each camera, with what the file of the page gives them."""

    def __init__(
        self, ros, overrides, visited, file, cameras: tuple[str, ...], silent: tuple[str, ...]
    ) -> None:
        self._executor = ros.executor
        self._nodes: list[EdgeNode] = []
        self._visited = visited
        self.file = file
        counting = settings_at_start(read_user_settings(file), {}, cameras=cameras)

        def made(role: str, camera: str = "") -> Stand:
            given = {**counting.get(role, {}), **counting.get(f"{camera}/{role}", {})}
            stand = Stand(
                node_name=role,
                namespace=f"/{camera}",
                context=ros.context,
                parameter_overrides=[Parameter(name, value=v) for name, v in given.items()],
            )
            return self._up(stand)

        self.detectors = {camera: made(DETECTOR, camera) for camera in cameras}
        made("evidence_recorder")
        nodes = [f"/{camera}/{DETECTOR}" for camera in cameras]
        values = {
            "http.port": 0,
            "privacy.blur_unknown_faces": False,
            "graph.nodes": [*nodes, *silent, "/evidence_recorder", "/dashboard"],
            "graph.cameras": list(cameras),
        }
        page = DashboardNode(context=ros.context, parameter_overrides=overrides(values))
        self.page = self._up(page)

    def _up(self, node: EdgeNode) -> EdgeNode:
        self._nodes.append(node)
        self._executor.add_node(node)
        node.trigger_configure()
        node.trigger_activate()
        return node

    def close(self) -> None:
        for node in self._nodes:
            self._executor.remove_node(node)
            node.destroy_node()

    def visited(self, story) -> None:
        self._visited(self.page, story)

    def values(self, name: str) -> dict[str, object]:
        """Return what the detectors work with."""
        taken = {c: d.get_parameter(name).value for c, d in self.detectors.items()}
        return {c: v if isinstance(v, (int, float)) else list(v) for c, v in taken.items()}

    def kept(self) -> dict[str, dict[str, object]]:
        return read_user_settings(self.file)


@pytest.fixture
def house(ros, overrides, visited, tmp_path, monkeypatch):
    """Start a house; a second start is one of another process, which has the file only."""
    monkeypatch.setenv("EDGEAI_DATA_DIR", str(tmp_path))
    Accounts(tmp_path, cost=2).set_password("ada", "four quiet horses", role=Role.OWNER)
    file = tmp_path / "settings.json"
    started: list[House] = []

    def start(*cameras: str, silent: tuple[str, ...] = ()) -> House:
        while started:
            started.pop().close()
        started.append(House(ros, overrides, visited, file, cameras or CAMERAS, silent))
        return started[-1]

    start.file = file
    yield start
    for house in started:
        house.close()


def test_a_zone_holds_for_the_camera_it_was_drawn_at_now_and_after_a_restart(house) -> None:
    first = house()

    async def story(ask, session) -> None:
        body = {"slot": "watched", "zones": [TREE], "camera": "garden"}
        answer = await ask("PUT", "/api/zones", json=body)
        assert answer["message"] == "object_detector of garden works with it now"
        body = {"slot": "lines", "zones": [GATE], "camera": "entrance"}
        await ask("PUT", "/api/zones", json=body)

        async def drawn(camera: str) -> dict[str, list[str]]:
            slots = (await ask("GET", f"/api/zones?camera={camera}"))["slots"]
            return {slot["key"]: slot["zones"] for slot in slots}

        assert await drawn("garden") == {"watched": [TREE], "lines": [], "masks": []}
        assert await drawn("entrance") == {"watched": [], "lines": [GATE], "masks": []}

    first.visited(story)
    assert first.values(ZONES) == {"entrance": [], "garden": [TREE]}
    assert first.values(LINES) == {"entrance": [GATE], "garden": []}
    assert {d.is_active for d in first.detectors.values()} == {True}
    assert first.kept() == {
        f"garden/{DETECTOR}": {ZONES: [TREE]},
        f"entrance/{DETECTOR}": {LINES: [GATE]},
    }
    second = house()
    assert second.values(ZONES) == {"entrance": [], "garden": [TREE]}
    assert second.values(LINES) == {"entrance": [GATE], "garden": []}


def test_a_node_that_is_silent_keeps_nobody_from_drawing_for_the_others(house) -> None:
    first = house(silent=("/entrance/action_recognizer",))

    async def story(ask, session) -> None:
        slots = (await ask("GET", "/api/zones?camera=entrance"))["slots"]
        assert [slot["key"] for slot in slots] == ["watched", "lines", "masks"]

    first.visited(story)


def test_zones_of_a_file_from_before_hold_until_a_camera_has_its_own(house) -> None:
    write_user_settings(house.file, {DETECTOR: {ZONES: [DOOR]}})
    first = house()
    assert first.values(ZONES) == {"entrance": [DOOR], "garden": [DOOR]}

    async def story(ask, session) -> None:
        slot = (await ask("GET", "/api/zones?camera=garden"))["slots"][0]
        assert (slot["zones"], slot["shared"]) == ([DOOR], [DOOR])
        body = {"slot": "watched", "zones": [DOOR, TREE], "camera": "garden"}
        await ask("PUT", "/api/zones", json=body)
        slot = (await ask("GET", "/api/zones?camera=garden"))["slots"][0]
        assert (slot["zones"], slot["shared"]) == ([DOOR, TREE], [])
        # The last zone of a camera taken away is no return to those of all.
        await ask("PUT", "/api/zones", json={**body, "camera": "entrance", "zones": []})

    first.visited(story)
    wanted = {"entrance": [], "garden": [DOOR, TREE]}
    assert first.values(ZONES) == wanted
    assert first.kept()[DETECTOR] == {ZONES: [DOOR]}
    assert house().values(ZONES) == wanted


def test_a_setting_for_all_leaves_a_cameras_own_until_that_is_taken_away(house) -> None:
    first = house()

    async def story(ask, session) -> None:
        async def put(value: float, **camera: str) -> str:
            body = {"node": DETECTOR, "name": "after_s", "value": value, **camera}
            return (await ask("PUT", "/api/settings", json=body))["message"]

        async def shown(path: str) -> tuple[object, ...]:
            nodes = {entry["node"]: entry for entry in (await ask("GET", path))["nodes"]}
            (found,) = [p for p in nodes[DETECTOR]["parameters"] if p["name"] == "after_s"]
            return found["value"], found["kept"], found["own_at"]

        assert await put(5.0, camera="entrance") == "object_detector of entrance works with it now"
        assert first.values("after_s") == {"entrance": 5.0, "garden": 600.0}
        words = await put(7.0)
        assert words == "object_detector works with it now; own value stays at entrance"
        assert first.values("after_s") == {"entrance": 5.0, "garden": 7.0}
        assert await shown("/api/settings") == (7.0, True, ["entrance"])
        assert await shown("/api/settings?camera=entrance") == (5.0, True, ["entrance"])
        assert await shown("/api/settings?camera=garden") == (7.0, False, [])

        # Where every camera has its own, what was said for all is shown though nobody runs it.
        await put(9.0, camera="garden")
        assert await put(8.0) == "kept; own value stays at entrance, garden"
        assert first.values("after_s") == {"entrance": 5.0, "garden": 9.0}
        assert await shown("/api/settings") == (8.0, True, ["entrance", "garden"])

        body = {"node": DETECTOR, "name": "after_s", "camera": "entrance"}
        answer = await ask("POST", "/api/settings/follow", json=body)
        words = "object_detector of entrance works with what holds for all now"
        assert answer["message"] == words
        assert first.values("after_s") == {"entrance": 8.0, "garden": 9.0}
        answer = await ask("POST", "/api/settings/follow", json=body)
        assert answer["error"] == "after_s of object_detector: entrance has no own value"

    first.visited(story)
    assert first.kept() == {DETECTOR: {"after_s": 8.0}, f"garden/{DETECTOR}": {"after_s": 9.0}}


def test_a_camera_goes_back_at_the_next_start_where_nothing_was_set_for_all(house) -> None:
    first = house()

    async def story(ask, session) -> None:
        body = {"node": DETECTOR, "name": "after_s", "camera": "garden"}
        await ask("PUT", "/api/settings", json={**body, "value": 5.0})
        answer = await ask("POST", "/api/settings/follow", json=body)
        words = "kept; object_detector of garden takes what holds for all at the next start"
        assert answer["message"] == words

    first.visited(story)
    assert first.kept() == {}
    assert house().values("after_s") == {"entrance": 600.0, "garden": 600.0}


def test_one_camera_alone_keeps_its_settings_for_all_as_ever(house) -> None:
    first = house("camera")

    async def story(ask, session) -> None:
        await ask("PUT", "/api/zones", json={"slot": "watched", "zones": [DOOR]})
        await ask("PUT", "/api/zones", json={"slot": "masks", "zones": [TREE]})
        slots = (await ask("GET", "/api/zones"))["slots"]
        assert [slot["zones"] for slot in slots] == [[DOOR], [], [TREE]]

    first.visited(story)
    assert first.kept() == {
        DETECTOR: {ZONES: [DOOR]},
        "evidence_recorder": {"privacy.masks": [TREE]},
    }
    # Under another name it is still the camera of the house.
    assert house("entrance").values(ZONES) == {"entrance": [DOOR]}


def test_a_camera_that_is_alone_for_once_goes_on_with_its_own(house) -> None:
    write_user_settings(
        house.file, {DETECTOR: {ZONES: [DOOR]}, f"garden/{DETECTOR}": {ZONES: [TREE]}}
    )
    alone = house("garden")
    assert alone.values(ZONES) == {"garden": [TREE]}

    async def story(ask, session) -> None:
        nodes = (await ask("GET", "/api/settings"))["nodes"]
        (shown,) = [p for p in nodes[0]["parameters"] if p["name"] == ZONES]
        assert (shown["value"], shown["kept"], shown["own_at"]) == ([TREE], True, [])
        await ask("PUT", "/api/zones", json={"slot": "watched", "zones": []})

    alone.visited(story)
    assert alone.kept() == {DETECTOR: {ZONES: [DOOR]}, f"garden/{DETECTOR}": {ZONES: []}}
    assert house().values(ZONES) == {"entrance": [DOOR], "garden": []}


def test_a_mask_is_drawn_at_one_camera_and_masks_of_absent_ones_wait(house) -> None:
    masks = [DOOR, f"garden/{TREE}"]
    write_user_settings(house.file, {"evidence_recorder": {"privacy.masks": masks}})
    first = house("entrance", "yard")

    async def story(ask, session) -> None:
        body = {"slot": "masks", "zones": [DOOR, "sea: 0,0 1,1 0,1"], "camera": "yard"}
        answer = await ask("PUT", "/api/zones", json=body)
        assert answer["message"] == "evidence_recorder works with it now"
        slot = (await ask("GET", "/api/zones?camera=yard"))["slots"][-1]
        assert (slot["key"], slot["zones"], slot["shared"]) == ("masks", body["zones"], [DOOR])
        slot = (await ask("GET", "/api/zones?camera=entrance"))["slots"][-1]
        assert slot["zones"] == [DOOR]

    first.visited(story)
    name = "privacy.masks"
    assert first.values(name) == {"entrance": [DOOR], "yard": [DOOR, "sea: 0,0 1,1 0,1"]}
    kept = first.kept()["evidence_recorder"][name]
    assert kept == [DOOR, "yard/sea: 0,0 1,1 0,1", f"garden/{TREE}"]


def test_what_one_camera_cannot_take_is_set_at_none(house) -> None:
    write_user_settings(house.file, {f"entrance/{DETECTOR}": {ZONES: [DOOR]}})
    first = house()

    async def story(ask, session) -> None:
        body = {"node": DETECTOR, "name": "watch.areas.stays", "value": ["door"]}
        answer = await ask("PUT", "/api/settings", json=body)
        assert answer["error"].startswith("garden: ")
        assert answer["error"].endswith("there is no zone 'door'")

    first.visited(story)
    assert first.values("watch.areas.stays") == {"entrance": [], "garden": []}
    assert first.kept() == {f"entrance/{DETECTOR}": {ZONES: [DOOR]}}


def test_what_cannot_be_meant_is_refused_and_changes_nothing(house) -> None:
    first = house()

    async def story(ask, session) -> None:
        zones = {"slot": "watched", "zones": [DOOR]}
        setting = {"node": DETECTOR, "name": "after_s", "value": 5.0}
        recorder = {**setting, "node": "evidence_recorder", "camera": "garden"}
        for path, body, words in (
            ("zones", {**zones, "camera": "cellar"}, "no camera 'cellar'; known: entrance, garden"),
            ("zones", {**zones, "camera": 3}, "camera: expected a text of at most 256 characters"),
            ("zones", {**zones, "slot": "lines"}, "line 'door: 0,0 1,0 1,1': expected"),
            ("settings", {**setting, "camera": "cellar"}, "no camera 'cellar'"),
            ("settings", recorder, "no node 'evidence_recorder' of garden in the graph; known: "),
        ):
            answer = await ask("PUT", f"/api/{path}", json=body)
            assert words in answer["error"], body
        answer = await ask("GET", "/api/settings?camera=cellar")
        assert "no camera 'cellar'" in answer["error"]
        body = {"node": "evidence_recorder", "name": "after_s", "camera": ""}
        answer = await ask("POST", "/api/settings/follow", json=body)
        assert answer["error"] == "camera: expected the one whose own value goes"

    first.visited(story)
    assert first.kept() == {}
    assert first.values(ZONES) == {"entrance": [], "garden": []}
