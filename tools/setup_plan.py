"""Decides what set-up has to do, from the files of the clone and the stamp of earlier set-ups."""

import dataclasses
import os
import pathlib
from collections.abc import Mapping

import setup_stamp
from ros_installation import WHEELS, RosInstallation
from setup_stamp import Stamp
from workspace_layout import STAND_INS, Workspace

PACKAGES, SOURCES, INTERFACES, ASSETS = "packages", "sources", "interfaces", "assets"
DEV, LAB, LAB_ASSETS = "dev", "lab", "lab assets"

# The lab's own, then torch in the first build that can be had.
LAB_GROUPS = ("lab", "lab-cpu", "lab-cuda")

# pip leaves a half-written package behind when it is killed, and later takes it for a whole one.
_SPOILS_ENVIRONMENT = (PACKAGES, DEV, LAB)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plan:
    """What one machine needs.

    Attributes:
        made_with: The ROS 2 to use (see ros_installation).
        steps: Every step in its order, with the digest of its inputs.
        interfaces: The folders of the message packages to compile, in their order.
    """

    made_with: str
    steps: Mapping[str, str]
    interfaces: tuple[pathlib.Path, ...]


def package_groups(ros: RosInstallation | None) -> tuple[str, ...]:
    """Return the locks that the product needs; a sourced ROS replaces the wheels."""
    return ("run", "fast") if ros else ("ros", "run", "fast")


def make_plan(
    workspace: Workspace,
    *,
    ros: RosInstallation | None,
    environ: Mapping[str, str],
    dev: bool,
    assets: bool,
    lab: bool = False,
) -> Plan:
    """Return the plan for the sourced ROS 2, or for the wheels where `ros` is None."""
    made_with = ros.key if ros else WHEELS
    locks = [workspace.lock(group) for group in ("build", *package_groups(ros))]
    packages = setup_stamp.digest(words=(workspace.root, made_with), files=locks)
    interfaces = _find_interfaces(workspace, ros=ros, environ=environ)
    files = [
        file
        for folder in interfaces
        for file in sorted(folder.rglob("*"))
        # A word in a changelog is no reason to compile for minutes.
        if file.is_file() and file.suffix not in (".md", ".rst")
    ]
    steps = {
        PACKAGES: packages,
        SOURCES: setup_stamp.digest(words=(packages, *workspace.python_packages())),
        INTERFACES: setup_stamp.digest(words=(packages,), files=files),
    }
    if dev:
        steps[DEV] = setup_stamp.digest(words=(packages,), files=[workspace.lock("dev")])
    if lab:
        steps[LAB] = setup_stamp.digest(
            words=(packages,), files=[workspace.lock(group) for group in LAB_GROUPS]
        )
    if assets:
        steps[ASSETS] = _digest_assets(workspace, environ=environ)
    if assets and lab:
        steps[LAB_ASSETS] = _digest_assets(workspace, environ=environ, lab=True)
    return Plan(made_with=made_with, steps=steps, interfaces=interfaces)


def find_pending(workspace: Workspace, *, plan: Plan, stamp: Stamp | None) -> list[str]:
    """Return the steps that are still to be done, in their order."""
    # A system update can take away the Python that the environment was made from.
    if stamp is None or stamp.running in _SPOILS_ENVIRONMENT or not workspace.python.exists():
        return list(plan.steps)
    todo = {step for step, digest in plan.steps.items() if stamp.steps.get(step) != digest}
    if PACKAGES in todo:
        return list(plan.steps)
    built = {prefix.name for prefix in workspace.installed()}
    if not built.issuperset(folder.name for folder in plan.interfaces):
        todo.add(INTERFACES)
    if not stamp.has_assets():
        todo.add(ASSETS)
    if not stamp.has_lab_assets():
        todo.add(LAB_ASSETS)
    return [step for step in plan.steps if step in todo]


def _find_interfaces(
    workspace: Workspace, *, ros: RosInstallation | None, environ: Mapping[str, str]
) -> tuple[pathlib.Path, ...]:
    own = workspace.root / "src" / "edgeai_msgs"
    missing = [name for name in STAND_INS if ros is None or not _provides(environ, name, workspace)]
    return (*(workspace.root / "wheels" / name for name in missing), own)


def _provides(environ: Mapping[str, str], package: str, workspace: Workspace) -> bool:
    """Tell whether ROS brings a package, leaving aside what this clone has built itself."""
    marker = pathlib.Path("share", "ament_index", "resource_index", "packages", package)
    own = workspace.root / "install"
    entries = environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep)
    prefixes = [pathlib.Path(entry) for entry in entries if entry]
    return any(own not in p.parents and (p / marker).exists() for p in prefixes)


def _digest_assets(workspace: Workspace, *, environ: Mapping[str, str], lab: bool = False) -> str:
    sources = workspace.root / "src"
    core = sources / "edgeai_core" / "edgeai_core"
    tables = [core / f"{name}.py" for name in ("catalog", "footage", "model_store")]
    if lab:
        weights = sources / "edgeai_lab" / "edgeai_lab" / "backbone_weights.py"
        tables = [weights, core / "model_store.py"]
    tools = [workspace.root / "tools" / "assets.py"]
    places = ("EDGEAI_MODEL_DIR", "EDGEAI_DEMO_DIR", "XDG_CACHE_HOME", "HOME")
    words = [environ.get(name, "") for name in places]
    return setup_stamp.digest(words=words, files=[f for f in (*tools, *tables) if f.exists()])
