"""What the packages promise each other: graph table, executables, parameters, dependencies."""

from __future__ import annotations

import ast
import importlib
import inspect
import os
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

pytest.importorskip("rclpy", reason="ROS is not there: run the tests by make test")

import yaml

from edgeai_bringup.graph import NODES, PROFILES, Role, plan
from edgeai_bringup.graph_names import CameraPlan
from edgeai_core.config import build, specs

SOURCES = Path(__file__).resolve().parent.parent / "src"
PYTHON_PACKAGES = sorted(setup.parent.name for setup in SOURCES.glob("*/setup.py"))
CONFIG = SOURCES / "edgeai_bringup" / "config"
NODE_NAMES = [entry.name for entry in NODES]
_ROS_PACKAGE = re.compile(r"edgeai_\w+|rclpy|launch|launch_ros|\w+_(msgs|interfaces|srvs)")


def entry_of(name):
    return next(entry for entry in NODES if entry.name == name)


def class_of(name):
    entry = entry_of(name)
    return getattr(importlib.import_module(entry.module), entry.class_name)


def config_of(name):
    """Return the configuration class of a node; the supervisor, no lifecycle node, has no link."""
    entry = entry_of(name)
    module = importlib.import_module(entry.module)
    return getattr(class_of(name), "config_class", None) or getattr(
        module, entry.class_name.removesuffix("Node") + "Config"
    )


def setup_of(package, monkeypatch):
    """Return what a package's setup.py hands to setuptools."""
    import setuptools

    given = {}
    monkeypatch.setattr(setuptools, "setup", given.update)
    monkeypatch.chdir(SOURCES / package)
    code = compile(Path("setup.py").read_text(encoding="utf-8"), "setup.py", "exec")
    exec(code, {"__name__": "__main__"})  # the project's own file, as colcon runs it
    return given


def manifest_of(package):
    return ElementTree.parse(SOURCES / package / "package.xml").getroot()


def depends_of(package):
    root = manifest_of(package)
    return {
        e.text for tag in ("depend", "exec_depend", "build_export_depend") for e in root.iter(tag)
    }


def imports_of(folder):
    """Return the top-level names that the modules of a folder import, at any level."""
    found = set()
    for file in folder.rglob("*.py"):
        for statement in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(statement, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in statement.names}
            elif isinstance(statement, ast.ImportFrom) and statement.module:
                found.add(statement.module.partition(".")[0])
    return found


@pytest.mark.parametrize("name", NODE_NAMES)
def test_each_node_of_the_table_exists_and_is_executable(name, monkeypatch):
    entry = entry_of(name)
    accepted = inspect.signature(class_of(name)).parameters
    assert {"node_name", "context", "parameter_overrides", "namespace"} <= set(accepted)
    assert ("frame_hub" in accepted) == entry.takes_frames
    assert callable(importlib.import_module(entry.module).main)
    scripts = setup_of(entry.package, monkeypatch)["entry_points"]["console_scripts"]
    assert f"{entry.executable} = {entry.module}:main" in scripts
    assert (SOURCES / entry.package / Path(*entry.module.split("."))).with_suffix(".py").is_file()


@pytest.mark.parametrize("package", PYTHON_PACKAGES)
def test_manifest_and_setup_agree(package, monkeypatch):
    given, root = setup_of(package, monkeypatch), manifest_of(package)
    assert root.findtext("name") == given["name"] == package
    assert root.findtext("version") == given["version"]
    assert root.findtext("license") == given["license"] == "Apache-2.0"
    assert root.findtext("export/build_type") == "ament_python"
    assert "pytest" in given["extras_require"]["test"], "colcon test would find no test"
    assert (SOURCES / package / "resource" / package).is_file()
    config = (SOURCES / package / "setup.cfg").read_text(encoding="utf-8")
    assert f"script_dir=$base/lib/{package}" in config
    assert f"install_scripts=$base/lib/{package}" in config
    for script in given.get("entry_points", {}).get("console_scripts", ()):
        module, _, function = script.partition(" = ")[2].partition(":")
        assert callable(getattr(importlib.import_module(module), function)), script


@pytest.mark.parametrize("package", PYTHON_PACKAGES)
def test_every_imported_ros_package_is_declared(package):
    used = {n for n in imports_of(SOURCES / package / package) if _ROS_PACKAGE.fullmatch(n)}
    missing = used - depends_of(package) - {package}
    assert not missing, f"package.xml of {package}: add <exec_depend> for {sorted(missing)}"


def test_the_bringup_package_depends_on_every_package_of_the_graph():
    assert {entry.package for entry in NODES} <= depends_of("edgeai_bringup")


@pytest.mark.parametrize("profile", PROFILES)
def test_each_profile_has_its_files_and_one_manager(profile):
    assert (CONFIG / f"{profile}.params.yaml").is_file()
    assert (SOURCES / "edgeai_bringup" / "launch" / f"{profile}.launch.py").is_file()
    plans = plan(profile, config_directory=CONFIG)
    assert [p.entry.role for p in plans].count(Role.MANAGER) == 1
    assert len({p.full_name for p in plans}) == len(plans) == len(PROFILES[profile])


def test_there_is_no_file_without_a_profile():
    named = {p.name.partition(".")[0] for p in CONFIG.glob("*.params.yaml")}
    named |= {p.name.partition(".")[0] for p in CONFIG.parent.glob("launch/*.launch.py")}
    assert named == set(PROFILES)


@pytest.mark.parametrize("profile", ["home", "city"])
def test_fire_is_watched_for_whoever_is_logged_in(profile):
    content = yaml.safe_load((CONFIG / f"{profile}.params.yaml").read_text(encoding="utf-8"))
    assert content["/**/supervisor"]["ros__parameters"]["nodes"]["always_on"] == ["fire_detector"]


@pytest.mark.parametrize("profile", PROFILES)
def test_every_parameter_of_a_profile_exists_and_fits(profile):
    content = yaml.safe_load((CONFIG / f"{profile}.params.yaml").read_text(encoding="utf-8"))
    for key, values in content.items():
        prefix, _, name = key.rpartition("/")
        assert prefix == "/**", f"{key}: expected /**/NODE, to fit whatever the camera is called"
        assert name in PROFILES[profile], key
        check_fit(name, flat(values["ros__parameters"]))


@pytest.mark.parametrize("profile", PROFILES)
def test_every_parameter_that_the_graph_table_sets_exists_and_fits(profile):
    for p in plan(profile, config_directory=CONFIG):
        check_fit(p.entry.name, p.overrides)


def test_everything_that_the_page_draws_is_taken_by_its_node_while_it_works():
    zone_slots = pytest.importorskip("edgeai_dashboard.zone_slots", reason="needs aiohttp")

    for slot in zone_slots.ZONE_SLOTS:
        [spec] = [s for s in specs(config_of(slot.node)) if s.name == slot.parameter]
        assert (spec.default, spec.live) == ((), True), slot.key
    keys = [slot.key for slot in zone_slots.ZONE_SLOTS]
    assert len(set(keys)) == len(keys)


def test_the_page_gives_privacy_to_the_nodes_that_start_up_gives_it_to(tmp_path):
    checks = pytest.importorskip("edgeai_dashboard.setting_checks", reason="needs aiohttp")
    from edgeai_bringup.shared_privacy import share_privacy
    from edgeai_dashboard.graph_nodes import graph_nodes

    masks = ["house: 0,0 1,0 1,1", "garden/tree: 0,0 1,0 1,1"]
    privacy = {"privacy.masks": masks, "privacy.blur_unknown_faces": False}
    privacy["privacy.face_score"] = 0.2
    cameras = [CameraPlan(name="hall"), CameraPlan(name="garden")]
    file = tmp_path / "own.params.yaml"
    file.write_text("")
    options = {"config_directory": tmp_path, "params_file": file, "cameras": cameras}
    plans = plan("home", overrides={"evidence_recorder": privacy}, **options)
    share_privacy(plans)
    nodes = graph_nodes([p.full_name for p in plans], cameras=("hall", "garden"))
    for p, node in zip(plans, nodes, strict=True):
        if p.entry.name != "evidence_recorder":
            given = {n: value for n, value in p.overrides.items() if n.startswith("privacy.")}
            assert checks.shared_privacy(node, privacy) == given, p.full_name


def check_fit(name, values):
    build(config_of(name), values)  # refuses unknown names, wrong types and ranges
    kinds = {spec.name: spec.kind for spec in specs(config_of(name))}
    for key, value in values.items():
        if kinds[key] == "float":
            assert isinstance(value, float), f"{name}.{key}: ROS wants a decimal point, {value}"


def flat(values, prefix=""):
    """Return nested parameters under dotted names."""
    found = {}
    for key, value in values.items():
        if isinstance(value, dict):
            found |= flat(value, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = value
    return found


def test_the_fast_dds_profile_is_well_formed_and_where_the_product_looks():
    from edgeai_bringup.locations import fastdds_profile

    assert os.path.samefile(fastdds_profile(), CONFIG / "fastdds_shm.xml")
    ElementTree.parse(fastdds_profile())
