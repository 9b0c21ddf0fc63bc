"""What the doctor looks at in the software: Python, compiler, ROS 2, set-up, models."""

import json
import os
import pathlib
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping

import interpreters
import ros_installation
import setup_plan
import setup_stamp
from doctor_findings import Finding, Status, error, ok, warning
from setup_errors import SetupError
from workspace_layout import Workspace, environment

# Runs in the set-up environment, where alone the packages can be imported.
_INSIDE = """
import importlib, json
answer = {"runtimes": {}, "models": None}
for name in ("openvino", "onnxruntime"):
    try:
        answer["runtimes"][name] = importlib.import_module(name).__version__
    except Exception as error:
        answer["runtimes"][name] = None
        answer.setdefault("faults", {})[name] = f"{type(error).__name__}: {error}"
from edgeai_core import catalog
answer["models"] = catalog.verify_all()
print(json.dumps(answer))
"""


def check_python(environ: Mapping[str, str]) -> list[Finding]:
    """Look for a Python and a compiler that set-up can use."""
    ros = ros_installation.find_sourced(environ)
    version = ros.python_version if ros else None
    try:
        found = interpreters.choose(
            interpreters.list_candidates(environ, version=version), version=version
        )
        findings = [ok("python", f"{found.name}, with headers")]
    except SetupError as fault:
        findings = [error("python", str(fault))]
    compiler = shutil.which(environ.get("CXX", "c++")) or shutil.which("g++")
    findings.append(
        ok("compiler", compiler)
        if compiler
        else error("compiler", "no C++ compiler", "Debian: apt install g++")
    )
    return findings


def check_ros(workspace: Workspace, environ: Mapping[str, str]) -> list[Finding]:
    """Look at which ROS 2 would be used and whether two are mixed."""
    stamp = setup_stamp.read(workspace.stamp)
    made_with = stamp.made_with if stamp else None
    try:
        ros_installation.check_mixture(made_with=made_with, environ=environ, root=workspace.root)
    except SetupError as fault:
        return [error("ros", str(fault))]
    ros = ros_installation.find_sourced(environ)
    if ros is not None:
        findings = [ok("ros", f"ROS 2 {ros.key} is sourced")]
        middleware = environ.get("RMW_IMPLEMENTATION", "rmw_fastrtps_cpp")
        if "fastrtps" not in middleware:
            text = f"{middleware} does not read the shared-memory profile of this project"
            remedy = "unset RMW_IMPLEMENTATION, or give it room for large images itself"
            findings.append(warning("ros", text, remedy))
        return findings
    if environ.get("ROS_DISTRO"):
        text = f"ROS_DISTRO is {environ['ROS_DISTRO']}, but no ROS 2 with rclpy is sourced"
        return [warning("ros", text, "source its setup file, or unset ROS_DISTRO")]
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        text = f"no ROS 2 is sourced, and there are no wheels for {platform.machine()}"
        return [error("ros", text, "install ROS 2 Jazzy or Humble and source its setup file")]
    return [ok("ros", "no ROS installation is sourced; ROS 2 Jazzy comes as wheels")]


def check_setup(workspace: Workspace, environ: Mapping[str, str]) -> list[Finding]:
    """Look at what set-up has done."""
    stamp = setup_stamp.read(workspace.stamp)
    if stamp is None and workspace.venv.exists():
        return [error("set-up", f"{workspace.venv} is of other making", "move it away")]
    ros = ros_installation.find_sourced(environ)
    plan = setup_plan.make_plan(workspace, ros=ros, environ=environ, dev=False, assets=True)
    todo = setup_plan.find_pending(workspace, plan=plan, stamp=stamp)
    if not todo:
        return [ok("set-up", "complete")]
    text = "not done yet" if stamp is None else f"to be done: {', '.join(todo)}"
    return [warning("set-up", text, "./edgeai setup (or any command, which does it by itself)")]


def check_inside(workspace: Workspace) -> list[Finding]:
    """Look at runtimes and models with the environment's own Python; empty before set-up."""
    if not workspace.python.exists():
        return []
    mend = "./edgeai setup"
    try:
        answer = subprocess.run(
            [str(workspace.python), "-c", _INSIDE],
            env=environment(workspace.root, environ=os.environ),
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        facts = json.loads(answer.stdout)
    except subprocess.CalledProcessError as fault:
        last = (fault.stderr.strip().splitlines() or ["no output"])[-1]
        return [error("models", f"the environment does not work: {last}", mend)]
    except (OSError, SetupError, subprocess.TimeoutExpired, ValueError) as fault:
        return [error("models", f"the environment does not work: {fault}", mend)]
    faults = facts.get("faults", {})
    findings = []
    for name, version in facts["runtimes"].items():
        if version:
            findings.append(ok("runtime", f"{name} {version}"))
        else:
            findings.append(warning("runtime", f"{name} cannot be used: {faults[name]}", mend))
    if not any(facts["runtimes"].values()):
        findings.append(error("runtime", "no model can run", mend))
    if not facts["models"]:
        return [*findings, ok("models", "all present, sha256 as pinned")]
    return [*findings, *(error("models", problem, mend) for problem in facts["models"])]


def check_project(root: pathlib.Path, environ: Mapping[str, str]) -> list[Finding]:
    """Look at everything that this module knows."""
    workspace = Workspace(root)
    ros = check_ros(workspace, environ)
    findings = [*check_python(environ), *ros]
    if any(finding.status is Status.ERROR for finding in ros):
        return findings  # the rest would be judged for the wrong ROS
    return [*findings, *check_setup(workspace, environ), *check_inside(workspace)]
