"""What ROS tools read of the packages: manifests, dependencies, changelogs."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

catkin_pkg = pytest.importorskip("catkin_pkg", reason="catkin_pkg comes with ROS: run make test")

SOURCES = Path(__file__).resolve().parent.parent / "src"
PACKAGES = sorted(manifest.parent.name for manifest in SOURCES.glob("*/package.xml"))
PYTHON_PACKAGES = sorted(setup.parent.name for setup in SOURCES.glob("*/setup.py"))
SCHEMA = "http://download.ros.org/schema/package_format3.xsd"

# Module -> key of rosdep. Every key was looked up in rosdistro's rosdep/base.yaml or python.yaml
# (August 2026), where each has an entry for Ubuntu.
ROSDEP_KEYS = {
    "aiohttp": "python3-aiohttp",
    "cryptography": "python3-cryptography",
    "cv2": "python3-opencv",
    "numpy": "python3-numpy",
    "onnxruntime": "python3-onnxruntime-pip",
    "paho": "python3-paho-mqtt",
    "psutil": "python3-psutil",
    "rich": "python3-rich",
    "rosbags": "python3-rosbags-pip",
    "scipy": "python3-scipy",
    "yaml": "python3-yaml",
}
FOR_TESTS = {
    "mosquitto",
    "python3-hypothesis",
    "python3-pytest",
    "python3-pytest-timeout",
}
# These have none, or are used only where they are; each package.xml says which.
WITHOUT_KEY = {"apprise", "av", "lap", "onnx"}
OPTIONAL = {"faiss", "sklearn", "timm", "torch", "torchvision"}
# Of ROS 2 Jazzy's distribution.yaml (August 2026).
ROS_PACKAGES = {
    "action_msgs",
    "ament_cmake",
    "ament_index_python",
    "builtin_interfaces",
    "diagnostic_msgs",
    "geometry_msgs",
    "launch",
    "launch_ros",
    "launch_testing",
    "lifecycle_msgs",
    "rcl_interfaces",
    "rclpy",
    "ros2launch",
    "rviz2",
    "rosgraph_msgs",
    "rosidl_default_generators",
    "rosidl_default_runtime",
    "sensor_msgs",
    "std_msgs",
    "std_srvs",
    "tf2_msgs",
    "vision_msgs",
    "visualization_msgs",
}


def read_manifest(package):
    """Return a manifest as catkin_pkg reads it, and what it warns of."""
    from catkin_pkg.package import parse_package

    warnings: list[str] = []
    return parse_package(str(SOURCES / package), warnings=warnings), warnings


def foreign_modules(package):
    """Return the top-level modules from elsewhere that a package's modules import."""
    found = set()
    for file in (SOURCES / package / package).rglob("*.py"):
        for statement in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(statement, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in statement.names}
            elif isinstance(statement, ast.ImportFrom) and statement.module:
                found.add(statement.module.partition(".")[0])
            elif isinstance(statement, ast.Call) and is_import_by_name(statement):
                found.add(statement.args[0].value.partition(".")[0])
    return found - set(sys.stdlib_module_names) - set(PACKAGES) - ROS_PACKAGES


def is_import_by_name(call):
    name = getattr(call.func, "attr", "")
    return name == "import_module" and call.args and isinstance(call.args[0], ast.Constant)


@pytest.mark.parametrize("package", PACKAGES)
def test_a_manifest_is_read_without_a_warning(package):
    manifest, warnings = read_manifest(package)
    assert warnings == []
    assert manifest.package_format == 3
    assert manifest.licenses == ["Apache-2.0"]
    head = (SOURCES / package / "package.xml").read_text(encoding="utf-8").splitlines()[1]
    assert f'href="{SCHEMA}"' in head, "ament_xmllint validates against what this line names"


@pytest.mark.parametrize("package", PACKAGES)
def test_every_dependency_is_one_that_rosdep_or_jazzy_knows(package):
    manifest, _ = read_manifest(package)
    kinds = (manifest.buildtool_depends, manifest.build_depends, manifest.exec_depends)
    names = {dependency.name for kind in kinds for dependency in kind}
    tests = {dependency.name for dependency in manifest.test_depends}
    known = ROS_PACKAGES | set(PACKAGES) | set(ROSDEP_KEYS.values())
    assert names <= known
    assert tests <= known | FOR_TESTS


@pytest.mark.parametrize("package", PYTHON_PACKAGES)
def test_every_imported_library_is_declared_by_its_rosdep_key(package):
    manifest, _ = read_manifest(package)
    declared = {dependency.name for dependency in manifest.exec_depends}
    used = foreign_modules(package) & set(ROSDEP_KEYS)
    missing = sorted(ROSDEP_KEYS[name] for name in used if ROSDEP_KEYS[name] not in declared)
    assert missing == []
    text = (SOURCES / package / "package.xml").read_text(encoding="utf-8")
    silent = sorted(name for name in foreign_modules(package) & WITHOUT_KEY if name not in text)
    assert silent == [], "package.xml says in a comment which libraries have no key"


# catkin_pkg walks through docutils' nodes in the older of two ways.
@pytest.mark.filterwarnings("ignore:nodes.Node.traverse:DeprecationWarning")
@pytest.mark.parametrize("package", PACKAGES)
def test_a_changelog_is_ready_to_be_tagged_by_the_release_tools(package):
    pytest.importorskip("docutils", reason="docutils comes with ROS: run make test")
    from catkin_pkg.changelog import Changelog, populate_changelog_from_rst
    from catkin_pkg.cli.tag_changelog import get_forthcoming_label, rename_section

    text = (SOURCES / package / "CHANGELOG.rst").read_text(encoding="utf-8")
    assert f"Changelog for package {package}\n" in text
    label = get_forthcoming_label(text)
    assert label == "Forthcoming"
    changelog = Changelog(package)
    tagged = rename_section(text, label, "0.1.0 (2026-01-01)")
    populate_changelog_from_rst(changelog, tagged)
    [(version, date, content)] = changelog.foreach_version()
    assert (version, date.year) == ("0.1.0", 2026)
    [listed] = content
    assert len(listed.bullets) == text.count("\n* ")
