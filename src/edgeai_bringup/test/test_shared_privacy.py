"""Masks and hidden faces are said once, for the evidence recorder, and hold everywhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgeai_bringup.graph import NodePlan, plan
from edgeai_bringup.shared_privacy import share_privacy
from edgeai_core.errors import ConfigError

ALL, DOOR, YARD = "house: 0,0 1,0 1,1", "door/bell: 0,0 1,0 0,1", "yard/tree: 0,0 1,0 0,1"
PROFILE = """
/**/evidence_recorder:
  ros__parameters:
    privacy:
      blur_unknown_faces: true
      masks: ["house: 0,0 1,0 1,1"]
"""


def planned(
    tmp_path: Path, text: str = "", *, namespace: str = "", **overrides
) -> dict[str, NodePlan]:
    file = tmp_path / "own.params.yaml"
    file.write_text(text)
    plans = plan(
        "home",
        config_directory=tmp_path,
        params_file=file,
        camera="door",
        overrides=overrides,
        namespace=namespace,
    )
    share_privacy(plans, namespace=namespace)
    return {p.entry.name: p for p in plans}


def privacy(planned_node: NodePlan) -> dict[str, object]:
    overrides = planned_node.overrides
    return {name: overrides[name] for name in overrides if name.startswith("privacy.")}


def test_what_the_file_says_for_evidence_holds_for_the_page_and_for_pictures_of_things(tmp_path):
    plans = planned(tmp_path, PROFILE)
    assert privacy(plans["dashboard"]) == {
        "privacy.masks": [ALL],
        "privacy.blur_unknown_faces": True,
    }
    assert privacy(plans["object_detector"]) == {"privacy.masks": [ALL]}
    assert privacy(plans["alert_manager"]) == {}


@pytest.mark.parametrize("namespace", ["", "robot1", "fleet/robot1"])
def test_a_camera_gets_the_masks_that_concern_it(tmp_path, namespace):
    plans = planned(
        tmp_path, namespace=namespace, evidence_recorder={"privacy.masks": [ALL, DOOR, YARD]}
    )
    # Without the camera's name: the node has no other camera, and may stand in a robot's namespace.
    assert privacy(plans["object_detector"]) == {"privacy.masks": [ALL, "bell: 0,0 1,0 0,1"]}
    assert privacy(plans["dashboard"]) == {"privacy.masks": [ALL, DOOR, YARD]}


def test_what_is_set_for_this_start_wins_over_the_file(tmp_path):
    plans = planned(
        tmp_path, PROFILE, evidence_recorder={"privacy.masks": [], "privacy.face_score": 0.2}
    )
    assert privacy(plans["dashboard"]) == {
        "privacy.blur_unknown_faces": True,
        "privacy.face_score": 0.2,
    }
    assert privacy(plans["object_detector"]) == {}


def test_a_node_that_would_hide_something_else_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"privacy\.blur_unknown_faces of /dashboard: got False"):
        planned(tmp_path, PROFILE, dashboard={"privacy.blur_unknown_faces": False})
    same = planned(tmp_path, PROFILE, dashboard={"privacy.blur_unknown_faces": True})
    assert privacy(same["dashboard"])["privacy.blur_unknown_faces"] is True


@pytest.mark.parametrize(("profile", "hides"), [("home", False), ("city", True)])
def test_profiles_as_they_come_hide_live_what_they_hide_in_evidence(profile, hides):
    config = Path(__file__).resolve().parents[1] / "config"
    plans = plan(profile, config_directory=config)
    share_privacy(plans)
    [dashboard] = [p for p in plans if p.entry.name == "dashboard"]
    assert privacy(dashboard) == {"privacy.blur_unknown_faces": hides}
