"""What `up` and the launch files start: the source, the demo's gallery, the settings."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest

from edgeai_bringup import cameras, graph, preparation
from edgeai_bringup.graph import NodePlan
from edgeai_bringup.parameter_files import parameters_of
from edgeai_bringup.preparation import Preparation, prepare
from edgeai_core.errors import ConfigError, SourceError
from edgeai_core.source_choice import choose_source
from edgeai_core.user_settings import (
    read_user_settings,
    user_settings_path,
    write_user_settings,
)

ADDRESS = "rtsp://me:secret@192.0.2.1/1"


@pytest.fixture
def demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Make a demo directory and a machine without cameras; return what was prepared."""
    monkeypatch.setenv("EDGEAI_DEMO_DIR", str(tmp_path / "demo"))
    (tmp_path / "demo" / "footage").mkdir(parents=True)
    without_camera = functools.partial(choose_source, find_camera=lambda: None)
    monkeypatch.setattr(cameras, "choose_source", without_camera)
    prepared: list[str] = []
    monkeypatch.setattr(preparation, "prepare_demo_gallery", lambda: prepared.append("gallery"))
    return prepared


def node(prepared: Preparation, name: str) -> NodePlan:
    [found] = [p for p in prepared.plans if p.entry.name == name]
    return found


@pytest.mark.parametrize("source", ["demo", "auto", ""])
def test_the_demo_is_looped_and_brings_its_own_gallery(
    demo: list[str], tmp_path: Path, source: str
) -> None:
    prepared = prepare("home", source=source, camera="camera")

    assert demo == ["gallery"]
    assert prepared.title == "home on demo footage"
    assert node(prepared, "usb_cam").overrides == {
        "stream.source": str(tmp_path / "demo" / "footage"),
        "stream.loop": True,
    }
    assert node(prepared, "face_authenticator").overrides == {
        "gallery.path": str(tmp_path / "demo" / "people" / "gallery.sqlite3")
    }


def test_a_profile_without_faces_prepares_no_gallery(demo: list[str]) -> None:
    prepare("camera", source="demo", camera="camera")

    assert demo == []


def test_settings_win_over_the_demo(demo: list[str], tmp_path: Path) -> None:
    settings = {
        "usb_cam": {"stream.source": "demo", "stream.loop": False},
        "face_authenticator": {"gallery.path": "own.sqlite3"},
    }

    prepared = prepare("home", source="/dev/video7", camera="camera", settings=settings)

    assert demo == []
    assert node(prepared, "usb_cam").overrides == {
        "stream.source": str(tmp_path / "demo" / "footage"),
        "stream.loop": False,
    }
    assert node(prepared, "face_authenticator").overrides == {"gallery.path": "own.sqlite3"}


@pytest.mark.parametrize(
    "written",
    [
        f'/**/usb_cam: {{ros__parameters: {{stream: {{source: "{ADDRESS}"}}}}}}',
        f'/camera/usb_cam: {{ros__parameters: {{stream.source: "{ADDRESS}"}}}}',
        f'/**: {{ros__parameters: {{stream: {{source: "{ADDRESS}"}}}}}}',
    ],
)
def test_auto_takes_the_source_of_the_parameter_file_and_leaves_it_there(
    demo: list[str], tmp_path: Path, written: str
) -> None:
    file = tmp_path / "own.params.yaml"
    file.write_text(written, encoding="utf-8")

    prepared = prepare("home", source="auto", camera="camera", params_file=file)

    assert prepared.title == "home on rtsp://192.0.2.1/1"
    assert "secret" not in repr([p.overrides for p in prepared.plans])
    assert node(prepared, "usb_cam").overrides == {}
    assert demo == []


@pytest.mark.parametrize("written", ["", "- a list", "/**/usb_cam: {ros__parameters: }", "{"])
def test_a_parameter_file_without_a_source_leaves_the_choice_to_auto(
    demo: list[str], tmp_path: Path, written: str
) -> None:
    file = tmp_path / "own.params.yaml"
    file.write_text(written, encoding="utf-8")

    prepared = prepare("home", source="auto", camera="camera", params_file=file)

    assert prepared.title == "home on demo footage"


def test_a_named_source_wins_over_the_parameter_file(demo: list[str], tmp_path: Path) -> None:
    file = tmp_path / "own.params.yaml"
    file.write_text("/**/usb_cam: {ros__parameters: {stream.source: x.mp4}}", encoding="utf-8")

    prepared = prepare("home", source="synthetic", camera="camera", params_file=file)

    assert node(prepared, "usb_cam").overrides == {"stream.source": "synthetic"}


def test_a_clip_that_is_not_there_is_told_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="there is no such file"):
        prepare("home", source=str(tmp_path / "nothing.mp4"), camera="camera")


def test_a_parameter_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        prepare("home", source="synthetic", camera="camera", params_file=tmp_path / "no.yaml")


def test_an_unknown_profile_is_told_and_prepares_nothing(demo: list[str]) -> None:
    with pytest.raises(ValueError, match="unknown profile 'hom'; choose one of home, city"):
        prepare("hom", source="demo", camera="camera")
    assert demo == []


def test_parameter_file_with_a_misspelt_node_is_refused_with_the_nearest_name(
    tmp_path: Path,
) -> None:
    file = tmp_path / "own.params.yaml"
    file.write_text("/**/object_detecter:\n  ros__parameters: {labels: [cat]}\n")
    with pytest.raises(ConfigError, match=r"object_detecter.*did you mean object_detector"):
        prepare("home", source="synthetic", camera="camera", params_file=file)


def test_parameter_file_may_nest_namespaces(tmp_path: Path) -> None:
    file = tmp_path / "own.params.yaml"
    file.write_text("camera:\n  usb_cam:\n    ros__parameters: {stream: {source: synthetic}}\n")
    prepared = prepare("camera", source="auto", camera="camera", params_file=file)
    assert prepared.title == "camera on synthetic"


def gallery_file(tmp_path: Path, **paths: str) -> Path:
    file = tmp_path / "own.params.yaml"
    entries = [
        f"/**/{name}: {{ros__parameters: {{gallery: {{path: {path}}}}}}}"
        for name, path in paths.items()
    ]
    file.write_text("\n".join(entries), encoding="utf-8")
    return file


def test_two_galleries_in_a_parameter_file_are_refused_with_both_nodes_and_values(
    tmp_path: Path,
) -> None:
    file = gallery_file(tmp_path, supervisor="/a/g.sqlite3", face_authenticator="/b/g.sqlite3")
    with pytest.raises(ConfigError) as caught:
        prepare("home", source="synthetic", camera="door", params_file=file)
    assert str(caught.value) == (
        "parameter gallery.path: expected one gallery for all nodes, got "
        "/door/face_authenticator /b/g.sqlite3, /supervisor /a/g.sqlite3; in "
        f"{file} and with --set give both the same path, or none to both for the gallery of this "
        "user"
    )


@pytest.mark.parametrize("named", ["face_authenticator", "supervisor"])
def test_a_gallery_for_one_of_the_two_nodes_alone_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    monkeypatch.setenv("EDGEAI_DATA_DIR", str(tmp_path))
    file = gallery_file(tmp_path, **{named: "/a/g.sqlite3"})
    with pytest.raises(ConfigError, match=rf"{tmp_path}/gallery\.sqlite3"):
        prepare("home", source="synthetic", camera="camera", params_file=file)


@pytest.mark.parametrize(
    "spelling",
    [
        "/**: {ros__parameters: {gallery.path: /a/g.sqlite3}}",
        "/**/supervisor: {ros__parameters: {gallery.path: /a/x/../g.sqlite3}}\n"
        "/*/face_authenticator: {ros__parameters: {gallery: {path: /a/g.sqlite3}}}",
        "/other/face_authenticator: {ros__parameters: {gallery.path: /b/g.sqlite3}}",
    ],
    ids=["all nodes", "two spellings", "a node of another camera"],
)
def test_one_gallery_however_it_is_written_is_taken(tmp_path: Path, spelling: str) -> None:
    file = tmp_path / "own.params.yaml"
    file.write_text(spelling, encoding="utf-8")
    assert prepare("home", source="synthetic", camera="camera", params_file=file).plans


def test_a_gallery_set_for_the_face_node_wins_over_the_file_for_both(tmp_path: Path) -> None:
    file = gallery_file(tmp_path, supervisor="/a/g.sqlite3", face_authenticator="/b/g.sqlite3")
    settings = {"face_authenticator": {"gallery.path": "/c/g.sqlite3"}}
    prepared = prepare(
        "home", source="synthetic", camera="camera", params_file=file, settings=settings
    )
    assert node(prepared, "supervisor").overrides["gallery.path"] == "/c/g.sqlite3"


def test_a_gallery_set_for_the_supervisor_alone_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGEAI_DATA_DIR", str(tmp_path))
    with pytest.raises(ConfigError, match="expected one gallery for all nodes"):
        prepare(
            "home",
            source="synthetic",
            camera="camera",
            settings={"supervisor": {"gallery.path": "/c/g.sqlite3"}},
        )


def test_a_later_entry_of_the_file_wins_over_an_earlier_one(tmp_path: Path) -> None:
    file = tmp_path / "own.params.yaml"
    file.write_text(
        "/**: {ros__parameters: {gallery: {path: /a/g.sqlite3}, x: 1}}\n"
        "/camera: {face_authenticator: {ros__parameters: {gallery.path: /b/g.sqlite3}}}\n"
    )
    [face] = [
        p
        for p in graph.plan("home", config_directory=tmp_path, params_file=file)
        if p.entry.name == "face_authenticator"
    ]
    assert parameters_of(face) == {"gallery.path": "/b/g.sqlite3", "x": 1}


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file of what the owner set on the page."""
    monkeypatch.setenv("EDGEAI_DATA_DIR", str(tmp_path / "state"))
    return user_settings_path()


def test_what_was_set_on_the_page_counts_and_loses_to_the_command_line(
    demo: list[str], kept: Path
) -> None:
    zones = ["stove: 0,0 1,0 1,1"]
    write_user_settings(
        kept,
        {
            "fire_detector": {"fire.normal_flames.zones": zones, "fire.view": "near"},
            "usb_cam": {"stream.fps": 5.0},
        },
    )
    settings = {"fire_detector": {"fire.view": "far"}}
    prepared = prepare("home", source="demo", camera="camera", settings=settings)

    assert node(prepared, "fire_detector").overrides == {
        "fire.normal_flames.zones": zones,
        "fire.view": "far",
    }
    assert node(prepared, "usb_cam").overrides["stream.fps"] == 5.0


def test_what_was_set_for_one_camera_comes_back_at_that_camera_only(kept: Path) -> None:
    tree, door = ["tree: 0,0 1,0 1,1"], ["door: 0,0 1,0 1,1"]
    zones = "watch.areas.zones"
    # The entry for all is of a time when there was no other.
    settings = {"object_detector": {zones: door}, "garden/object_detector": {zones: tree}}
    write_user_settings(kept, settings)
    options = {"source": "synthetic", "cameras": ["entrance", "garden=synthetic"]}

    prepared = prepare("home", **options)
    assert named(prepared, "/garden/object_detector").overrides[zones] == tree
    assert named(prepared, "/entrance/object_detector").overrides[zones] == door
    given = {"object_detector": {zones: []}}
    prepared = prepare("home", **options, namespace="robot", settings=given)
    assert named(prepared, "/robot/garden/object_detector").overrides[zones] == []
    # Without that camera its entry waits; it is no mistake, as it would be on the command line.
    prepared = prepare("home", source="synthetic")
    assert named(prepared, "/camera/object_detector").overrides[zones] == door
    assert read_user_settings(kept) == settings


def test_a_kept_setting_of_a_node_that_is_gone_is_one_sentence(demo: list[str], kept: Path) -> None:
    write_user_settings(kept, {"toaster": {"level": 3}})
    with pytest.raises(ConfigError, match="no node 'toaster' in the graph; known: usb_cam"):
        prepare("home", source="demo", camera="camera")


def named(prepared: Preparation, full_name: str) -> NodePlan:
    [found] = [p for p in prepared.plans if p.full_name == full_name]
    return found


def test_each_camera_plays_its_own_source_else_the_common_one(
    demo: list[str], tmp_path: Path
) -> None:
    prepared = prepare("home", source="demo", cameras=["entrance=synthetic", "garden"])

    assert prepared.title == "home on entrance: synthetic, garden: demo footage"
    assert prepared.cameras == ("entrance", "garden")
    assert named(prepared, "/entrance/usb_cam").overrides == {"stream.source": "synthetic"}
    assert named(prepared, "/garden/usb_cam").overrides == {
        "stream.source": str(tmp_path / "demo" / "footage"),
        "stream.loop": True,
    }


def test_beside_a_real_camera_the_person_of_the_demo_unlocks_nothing(demo: list[str]) -> None:
    prepared = prepare("home", source="demo", cameras=["entrance=synthetic", "garden"])

    assert demo == []
    assert named(prepared, "/garden/face_authenticator").overrides == {}


def test_two_demo_cameras_share_the_gallery_of_the_demo(demo: list[str], tmp_path: Path) -> None:
    prepared = prepare("home", source="demo", cameras=["a", "b"])

    assert demo == ["gallery"]
    gallery = str(tmp_path / "demo" / "people" / "gallery.sqlite3")
    for name in ("/a/face_authenticator", "/b/face_authenticator", "/supervisor"):
        assert named(prepared, name).overrides["gallery.path"] == gallery


def test_two_cameras_on_one_device_are_refused() -> None:
    with pytest.raises(ConfigError, match="cameras a and b would both open /dev/video7"):
        prepare("home", source="/dev/video7", cameras=["a", "b"])


def test_sources_of_a_parameter_file_are_found_by_the_cameras_namespace(
    demo: list[str], tmp_path: Path
) -> None:
    file = tmp_path / "own.params.yaml"
    file.write_text(
        f"/**/entrance/usb_cam: {{ros__parameters: {{stream.source: '{ADDRESS}'}}}}\n"
        "robot: {garden: {usb_cam: {ros__parameters: {stream.source: synthetic}}}}\n"
    )
    prepared = prepare(
        "home",
        source="auto",
        cameras=["entrance", "garden"],
        namespace="robot",
        params_file=file,
    )
    assert prepared.title == "home on entrance: rtsp://192.0.2.1/1, garden: synthetic"
    assert "secret" not in repr([p.overrides for p in prepared.plans])
    assert prepared.namespace == "robot"


def test_pictures_of_a_driver_are_named_by_their_topic() -> None:
    prepared = prepare("home", source="topic:/robot/front/image_raw", camera="front")

    assert prepared.title == "home on /robot/front/image_raw"
    assert named(prepared, "/front/fire_detector").remaps == (
        ("image_raw", "/robot/front/image_raw"),
    )


def test_a_setting_for_a_camera_that_is_not_there_is_one_sentence() -> None:
    settings = {"gate/usb_cam": {"stream.fps": 5.0}}
    with pytest.raises(ConfigError, match="no camera 'gate'; one of a, b"):
        prepare("home", source="synthetic", cameras=["a", "b"], settings=settings)


def test_the_boards_of_a_graph_share_its_nodes_without_overlap() -> None:
    options = {"source": "synthetic", "cameras": ["entrance", "garden"]}
    everything, cameras, center = (
        {p.full_name for p in prepare("home", part=part, **options).plans}
        for part in ("all", "cameras", "center")
    )
    assert cameras | center == everything
    assert cameras & center == set()
    assert "/garden/usb_cam" in cameras
    assert "/supervisor" in center


def test_the_center_looks_for_no_camera_and_takes_jpegs(tmp_path: Path) -> None:
    prepared = prepare(
        "home", source=str(tmp_path / "nothing.mp4"), cameras=["entrance"], part="center"
    )
    assert prepared.title == "home, center of entrance"
    assert node(prepared, "evidence_recorder").overrides["topics.compressed"] is True
    assert node(prepared, "dashboard").overrides["graph.compressed"] is True
    assert node(prepared, "supervisor").overrides["nodes.self_mending"] == ["/entrance/usb_cam"]


def test_the_center_follows_pictures_of_a_driver_on_another_machine() -> None:
    prepared = prepare("home", source="topic:/head/image_raw", camera="front", part="center")

    assert ("front/image_raw/compressed", "/head/image_raw/compressed") in node(
        prepared, "dashboard"
    ).remaps


def test_on_simulated_time_all_nodes_are_and_else_none_is(tmp_path: Path) -> None:
    prepared = prepare("home", source="topic", sim_time=True)
    assert {p.overrides.get("use_sim_time") for p in prepared.plans} == {True}
    prepared = prepare("home", source="topic")
    assert {p.overrides.get("use_sim_time") for p in prepared.plans} == {None}
