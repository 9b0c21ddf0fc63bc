"""Which parameters the page shows and may set."""

from __future__ import annotations

import pytest

from edgeai_dashboard.graph_nodes import GraphNode
from edgeai_dashboard.setting_checks import is_shown, shared_privacy


@pytest.mark.parametrize(
    ("name", "role", "shown"),
    [
        ("fire.view", "fire_detector", True),
        ("stream.source", "usb_cam", False),
        ("gallery.path", "supervisor", False),
        ("topics.images", "evidence_recorder", False),
        # Said in one place: elsewhere it would show what evidence hides.
        ("privacy.masks", "evidence_recorder", True),
        ("privacy.masks", "object_detector", False),
        ("privacy.blur_unknown_faces", "dashboard", False),
    ],
)
def test_what_locks_out_or_undoes_privacy_is_not_shown(name: str, role: str, shown: bool) -> None:
    assert is_shown(name, role=role) is shown


def test_privacy_of_evidence_is_given_to_who_shows_pictures_as_start_up_does() -> None:
    masks = ["house: 0,0 1,0 1,1", "yard/tree: 0,0 1,0 1,1"]
    values = {"privacy.masks": masks, "privacy.face_score": 0.2, "clip.enabled": True}

    def given(role: str, camera: str = "") -> dict[str, object]:
        return shared_privacy(GraphNode(name=f"/x/{role}", role=role, camera=camera), values)

    assert given("dashboard") == {"privacy.masks": masks, "privacy.face_score": 0.2}
    assert given("object_detector", "hall") == {"privacy.masks": masks[:1]}
    yard = ["house: 0,0 1,0 1,1", "tree: 0,0 1,0 1,1"]
    assert given("object_detector", "yard") == {"privacy.masks": yard}
    assert given("visualizer", "yard") == {"privacy.masks": yard, "privacy.face_score": 0.2}
    assert given("fire_detector", "yard") == {}
    values = {"clip.enabled": True}
    assert given("object_detector", "hall") == {}
