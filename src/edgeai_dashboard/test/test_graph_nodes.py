"""Whose a node is, and which nodes take a setting."""

from __future__ import annotations

import pytest

from edgeai_dashboard.graph_nodes import GraphNode, graph_nodes, spread

FIRE = [
    GraphNode(name=f"/{camera}/fire_detector", role="fire_detector", camera=camera)
    for camera in ("entrance", "garden")
]


@pytest.mark.parametrize(
    ("name", "camera"),
    [
        ("/hall/fire_detector", "hall"),
        ("/floor_1/hall/fire_detector", "floor_1/hall"),
        ("/robot/hall/fire_detector", "hall"),
        ("/robot/floor_1/hall/fire_detector", "floor_1/hall"),
        # The end of a name is no name.
        ("/the_hall/fire_detector", ""),
        ("/fire_detector", ""),
    ],
)
def test_a_nodes_camera_is_told_by_its_namespace(name: str, camera: str) -> None:
    (node,) = graph_nodes([name], cameras=("hall", "floor_1/hall"))
    assert node == GraphNode(name=name, role="fire_detector", camera=camera)


def test_what_is_set_for_one_camera_goes_to_its_node_and_stands_under_its_name() -> None:
    goes = spread(FIRE[1:], {"a": 1}, camera="garden", kept={"fire_detector": {"a": 0}})
    assert goes.taking == ((FIRE[1], {"a": 1}),)
    assert goes.entries == {"garden/fire_detector": {"a": 1}}
    assert goes.keeping == ()


def test_what_is_set_for_all_leaves_out_who_has_its_own() -> None:
    kept = {"garden/fire_detector": {"a": 5}, "fire_detector": {"a": 0}}
    goes = spread(FIRE, {"a": 1, "b": 2}, camera="", kept=kept)
    assert goes.taking == ((FIRE[0], {"a": 1, "b": 2}), (FIRE[1], {"b": 2}))
    assert goes.entries == {"fire_detector": {"a": 1, "b": 2}}
    assert goes.keeping == ("garden",)
    goes = spread(FIRE, {"a": 1}, camera="", kept=kept)
    assert goes.taking == ((FIRE[0], {"a": 1}),)


def test_the_only_camera_changes_what_counts_at_it() -> None:
    assert spread(FIRE[1:], {"a": 1}, camera="", kept={}).entries == {"fire_detector": {"a": 1}}
    # It has an entry of its own from a time when there was another camera.
    kept = {"garden/fire_detector": {"a": 5}}
    goes = spread(FIRE[1:], {"a": 1, "b": 2}, camera="", kept=kept)
    assert goes.taking == ((FIRE[1], {"a": 1, "b": 2}),)
    assert goes.entries == {"garden/fire_detector": {"a": 1}, "fire_detector": {"b": 2}}


def test_a_node_of_the_whole_graph_has_nothing_of_its_own() -> None:
    page = GraphNode(name="/dashboard", role="dashboard")
    goes = spread([page], {"a": 1}, camera="", kept={"dashboard": {"a": 0}})
    assert goes.entries == {"dashboard": {"a": 1}}
