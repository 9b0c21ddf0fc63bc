"""The graph table and what is planned from it."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from edgeai_bringup.composed import _below, _without_namespace
from edgeai_bringup.graph import NODES, PROFILES, Role, Scope, plan
from edgeai_bringup.graph_names import CameraPlan, short_names, split_cameras

CONFIG = Path("/config")


def planned(profile: str = "home", **options):
    return {p.entry.name: p for p in plan(profile, config_directory=CONFIG, **options)}


def test_home_is_the_whole_graph_with_its_names_and_namespaces():
    plans = planned()
    assert [p.full_name for p in plans.values()] == [
        "/camera/usb_cam",
        "/camera/face_authenticator",
        "/camera/object_detector",
        "/camera/fire_detector",
        "/camera/action_recognizer",
        "/camera/visualizer",
        "/evidence_recorder",
        "/alert_manager",
        "/dashboard",
        "/supervisor",
    ]
    assert [p.namespace for p in plans.values()] == ["camera"] * 6 + ["", "", "", ""]
    assert {p.params_file for p in plans.values()} == {CONFIG / "home.params.yaml"}


def test_home_and_city_differ_by_their_file_only():
    home, city = planned("home"), planned("city")
    assert list(home) == list(city)
    assert city["supervisor"].params_file == CONFIG / "city.params.yaml"
    assert home["supervisor"].overrides == city["supervisor"].overrides


def test_the_supervisor_is_told_whom_it_brings_up():
    assert planned()["supervisor"].overrides == {
        "nodes.base": [
            "/camera/usb_cam",
            "/camera/face_authenticator",
            "/camera/visualizer",
            "/evidence_recorder",
            "/alert_manager",
            "/dashboard",
        ],
        "nodes.analyzers": [
            "/camera/object_detector",
            "/camera/fire_detector",
            "/camera/action_recognizer",
        ],
        "nodes.self_mending": ["/camera/usb_cam"],
        "topics.faces": ["camera/faces"],
    }


def test_the_alert_manager_is_told_what_it_watches():
    overrides = planned(camera="door")["alert_manager"].overrides
    assert overrides["topics.faces"] == ["door/faces"]
    assert overrides["topics.objects"] == ["door/objects"]
    assert overrides["topics.hazards"] == ["door/hazards"]
    assert overrides["topics.actions"] == ["door/actions"]
    assert overrides["topics.things"] == ["door/things"]
    assert overrides["topics.evidence"] == ["evidence_recorder/kept"]


def test_the_evidence_recorder_is_told_what_it_remembers():
    assert planned(camera="door")["evidence_recorder"].overrides == {
        "topics.images": ["door/image_raw"],
        "topics.faces": ["door/faces"],
        "topics.objects": ["door/objects"],
        "topics.hazards": ["door/hazards"],
        "topics.actions": ["door/actions"],
        "topics.explanations": ["door/explanations"],
    }


def test_the_dashboard_is_told_what_runs():
    plans = planned(camera="door")
    overrides = plans["dashboard"].overrides
    assert overrides["graph.nodes"] == [p.full_name for p in plans.values()]
    assert overrides["graph.analyzers"] == plans["supervisor"].overrides["nodes.analyzers"]
    assert overrides["graph.cameras"] == ["door"]


def test_a_camera_alone_has_no_faces_to_watch():
    overrides = planned("camera")["supervisor"].overrides
    assert overrides["nodes.base"] == ["/camera/usb_cam"]
    assert overrides["nodes.analyzers"] == []
    assert overrides["topics.faces"] == []


def test_another_camera_name_moves_its_nodes_only():
    plans = planned(camera="floor_1/door")
    assert plans["usb_cam"].full_name == "/floor_1/door/usb_cam"
    assert plans["supervisor"].full_name == "/supervisor"
    assert "/floor_1/door/usb_cam" in plans["supervisor"].overrides["nodes.base"]


def test_overrides_reach_their_node_only_and_win_over_what_is_filled_in():
    plans = planned(overrides={"supervisor": {"topics.faces": ["/x/faces"]}, "usb_cam": {"a": 1}})
    assert plans["supervisor"].overrides["topics.faces"] == ["/x/faces"]
    assert plans["usb_cam"].overrides == {"a": 1}
    assert plans["object_detector"].overrides == {}


def test_the_given_overrides_are_left_as_they_were():
    given = {"supervisor": {"access.agree_frames": 4}}
    planned(overrides=given)
    assert given == {"supervisor": {"access.agree_frames": 4}}


def test_a_parameter_file_of_ones_own_replaces_the_profiles():
    plans = planned(params_file=Path("/mine.yaml"))
    assert {p.params_file for p in plans.values()} == {Path("/mine.yaml")}


def test_an_unknown_profile_gets_the_list():
    with pytest.raises(ValueError, match="unknown profile 'hone'; choose one of home, city, cam"):
        planned("hone")


@pytest.mark.parametrize("name", ["door", "d", "door_1", "a/b", "A1/b_2/c", "door_"])
def test_names_that_ros_takes_are_taken(name):
    assert planned(camera=name)["usb_cam"].full_name == f"/{name}/usb_cam"


@pytest.mark.parametrize(
    "name", ["", "1door", "door 1", "/door", "door/", "a//b", "a__b", "tür", "a-b", "{x}", "a\n"]
)
def test_names_that_ros_refuses_are_refused_before_anything_starts(name):
    with pytest.raises(ValueError, match="camera name"):
        planned(camera=name)


def test_there_is_one_manager_and_it_starts_last():
    assert [e.name for e in NODES if e.role is Role.MANAGER] == ["supervisor"]
    assert NODES[-1].role is Role.MANAGER


@pytest.mark.parametrize("entry", NODES, ids=lambda entry: entry.name)
def test_every_row_names_a_class_that_exists_and_a_runnable_module(entry):
    module = importlib.import_module(entry.module)
    assert isinstance(getattr(module, entry.class_name), type)
    assert callable(module.main)
    assert entry.executable == f"{entry.name}_node"


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_every_profile_has_a_file_and_a_launch_file(profile):
    package = Path(__file__).resolve().parent.parent
    assert (package / "config" / f"{profile}.params.yaml").is_file()
    assert (package / "launch" / f"{profile}.launch.py").is_file()


def test_frames_by_reference_are_for_nodes_of_a_camera_and_for_who_is_told_its_topics():
    others = {e.name for e in NODES if e.takes_frames and e.scope is not Scope.CAMERA}
    assert others == {"evidence_recorder", "dashboard"}


def two_cameras(**options):
    cameras = [CameraPlan(name="entrance"), CameraPlan(name="garden")]
    return plan("home", config_directory=CONFIG, cameras=cameras, **options)


def test_several_cameras_have_their_own_analyzers_and_share_the_global_nodes():
    names = [p.full_name for p in two_cameras()]
    of_a_camera = [e.name for e in NODES if e.scope is Scope.CAMERA]
    assert names[: 2 * len(of_a_camera)] == [
        f"/{camera}/{name}" for camera in ("entrance", "garden") for name in of_a_camera
    ]
    assert names[2 * len(of_a_camera) :] == [f"/{e.name}" for e in NODES if e.scope is Scope.GLOBAL]


def test_the_global_nodes_are_told_the_topics_of_every_camera():
    told = {p.entry.name: p.overrides for p in two_cameras() if p.entry.scope is Scope.GLOBAL}
    assert told["supervisor"]["topics.faces"] == ["entrance/faces", "garden/faces"]
    assert told["supervisor"]["nodes.self_mending"] == ["/entrance/usb_cam", "/garden/usb_cam"]
    assert len(told["supervisor"]["nodes.analyzers"]) == 6
    assert told["alert_manager"]["topics.hazards"] == ["entrance/hazards", "garden/hazards"]
    assert told["evidence_recorder"]["topics.images"] == ["entrance/image_raw", "garden/image_raw"]
    assert told["dashboard"]["graph.cameras"] == ["entrance", "garden"]


def test_an_override_may_be_for_one_camera_and_wins_over_what_is_for_all():
    plans = two_cameras(
        overrides={"usb_cam": {"a": 1, "b": 1}, "garden/usb_cam": {"a": 2}, "supervisor": {"c": 3}}
    )
    told = {p.full_name: p.overrides for p in plans}
    assert told["/entrance/usb_cam"] == {"a": 1, "b": 1}
    assert told["/garden/usb_cam"] == {"a": 2, "b": 1}


def test_two_cameras_of_one_name_are_refused():
    with pytest.raises(ValueError, match="cameras a, a: expected a name of its own for each"):
        plan("home", config_directory=CONFIG, cameras=[CameraPlan(name="a"), CameraPlan(name="a")])


def test_a_namespace_holds_the_whole_graph():
    plans = planned(namespace="/fleet/robot_1/", camera="front")
    assert {p.full_name.rpartition("/")[0] for p in plans.values()} == {
        "/fleet/robot_1",
        "/fleet/robot_1/front",
    }
    base = plans["supervisor"].overrides["nodes.base"]
    assert base[0] == "/fleet/robot_1/front/usb_cam"
    # Relative: they follow the namespace of the node that listens.
    assert plans["supervisor"].overrides["topics.faces"] == ["front/faces"]
    assert plans["object_detector"].remaps == (
        ("/auth_state", "/fleet/robot_1/auth_state"),
        ("/diagnostics", "/fleet/robot_1/diagnostics"),
    )
    assert plans["supervisor"].remaps == (("/diagnostics", "/fleet/robot_1/diagnostics"),)


def test_without_a_namespace_nothing_is_remapped():
    assert {p.remaps for p in planned().values()} == {()}


@pytest.mark.parametrize("name", ["1robot", "a b", "a//b", "tür"])
def test_a_namespace_that_ros_refuses_is_refused_before_anything_starts(name):
    with pytest.raises(ValueError, match="namespace"):
        planned(namespace=name)


def test_pictures_of_a_driver_replace_the_camera_node_and_are_remapped_for_all_who_look():
    plans = {
        p.entry.name: p
        for p in plan(
            "home",
            config_directory=CONFIG,
            cameras=[CameraPlan(name="front", own=False, image="/robot/front/image_raw")],
        )
    }
    assert "usb_cam" not in plans
    assert plans["object_detector"].remaps == (("image_raw", "/robot/front/image_raw"),)
    assert plans["dashboard"].remaps == (
        ("front/image_raw", "/robot/front/image_raw"),
        ("front/image_raw/compressed", "/robot/front/image_raw/compressed"),
    )
    assert plans["evidence_recorder"].overrides["topics.images"] == ["front/image_raw"]


def test_a_topic_that_ros_refuses_is_refused_before_anything_starts():
    with pytest.raises(ValueError, match="topic of pictures 'a b'"):
        CameraPlan(name="front", own=False, image="a b")


def test_short_names_tell_nodes_of_several_cameras_apart():
    assert short_names(["/a/usb_cam", "/b/usb_cam", "/supervisor"]) == {
        "/a/usb_cam": "a/usb_cam",
        "/b/usb_cam": "b/usb_cam",
        "/supervisor": "supervisor",
    }


def test_cameras_of_a_launch_argument_may_have_spaces_in_their_sources():
    text = "entrance=/dev/video0 garden='/my clips/a.mp4'"
    assert split_cameras(text) == ["entrance=/dev/video0", "garden=/my clips/a.mp4"]
    with pytest.raises(ValueError, match='cameras "a=\'b": No closing quotation'):
        split_cameras("a='b")


def test_the_composed_process_takes_the_namespace_under_which_it_is_included():
    rules = ["-r", "__ns:=/fleet", "--log-level", "debug"]
    assert _without_namespace(rules) == (["--log-level", "debug"], "/fleet")
    assert _without_namespace([]) == ([], "")
    given = ["home", "--namespace", "robot_1", "--part", "all"]
    assert _below("/fleet", given) == ["home", "--part", "all", "--namespace", "fleet/robot_1"]
    assert _below("/", given) == given
