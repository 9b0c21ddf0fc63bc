"""Set-up of a clone: what it decides, without pip, compilers or ROS."""

import ast
import fcntl
import importlib
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))

interpreters = importlib.import_module("interpreters")
ros_installation = importlib.import_module("ros_installation")
setup_log = importlib.import_module("setup_log")
setup_plan = importlib.import_module("setup_plan")
setup_stamp = importlib.import_module("setup_stamp")
setup_steps = importlib.import_module("setup_steps")
wheel_relocation = importlib.import_module("wheel_relocation")
workspace = importlib.import_module("workspace")
workspace_layout = importlib.import_module("workspace_layout")
SetupError = importlib.import_module("setup_errors").SetupError


def make_interpreter(executable="/usr/bin/python3", version=(3, 11, 2), **changes):
    fields = {
        "implementation": "CPython",
        "machine": "x86_64",
        "include": "/usr/include/python3.11",
        "has_headers": True,
        "has_ensurepip": True,
    }
    return interpreters.Interpreter(executable=executable, version=version, **(fields | changes))


@pytest.fixture
def clone(tmp_path):
    """A tree with the files that set-up looks at."""
    for name in ("build", "ros", "run", "fast", "dev", "lab", "lab-cpu", "lab-cuda"):
        lock = tmp_path / "requirements" / f"{name}.txt"
        lock.parent.mkdir(exist_ok=True)
        lock.write_text(f"{name}==1\n")
    for package in ("wheels/tf2_msgs", "wheels/vision_msgs", "src/edgeai_msgs"):
        message = tmp_path / package / "msg" / "A.msg"
        message.parent.mkdir(parents=True)
        message.write_text("int32 a\n")
    setup = tmp_path / "src" / "edgeai_core" / "setup.py"
    setup.parent.mkdir(parents=True)
    setup.write_text("")
    return workspace_layout.Workspace(tmp_path)


def make_environment(clone, packages=("tf2_msgs", "vision_msgs", "edgeai_msgs")):
    """Put the results of a finished set-up into a clone."""
    (clone.venv / "bin").mkdir(parents=True)
    clone.python.write_text("")
    (clone.venv / "lib" / "python3.11" / "site-packages" / "ros_rcl.libs").mkdir(parents=True)
    for package in packages:
        (clone.root / "install" / package / "share").mkdir(parents=True)
        modules = clone.root / "install" / package / "lib" / "python3.11" / "site-packages"
        modules.mkdir(parents=True)
    model = clone.root / "model.onnx"
    model.write_text("four")
    return {str(model): 4}


def make_ros(prefix, *packages):
    """Make a folder that looks like a sourced ROS 2 and return its environment."""
    for package in ("rclpy", *packages):
        marker = prefix / "share" / "ament_index" / "resource_index" / "packages" / package
        marker.parent.mkdir(parents=True, exist_ok=True)
        marker.write_text("")
    (prefix / "lib" / "python3.12" / "site-packages" / "rclpy").mkdir(parents=True, exist_ok=True)
    (prefix / "local_setup.sh").write_text("")
    return {"ROS_DISTRO": "jazzy", "AMENT_PREFIX_PATH": str(prefix)}


def plan_for(clone, *, environ=None, dev=False):
    environ = environ or {}
    ros = ros_installation.find_sourced(environ)
    return setup_plan.make_plan(clone, ros=ros, environ=environ, dev=dev, assets=True)


def stamp_for(clone, assets, **options):
    plan = plan_for(clone, **options)
    return setup_stamp.Stamp(made_with=plan.made_with, steps=dict(plan.steps), assets=assets)


class TestInterpreterChoice:
    def test_takes_the_first_that_fits(self):
        found = {
            "a": make_interpreter("a", (3, 14, 0)),
            "b": make_interpreter("b", (3, 13, 1)),
            "c": make_interpreter("c", (3, 12, 0)),
        }
        assert interpreters.choose("abc", probe=found.get).executable == "b"

    def test_names_each_candidate_and_its_fault(self):
        found = {
            "old": make_interpreter("old", (3, 9, 1)),
            "bare": make_interpreter("bare", (3, 12, 3), has_headers=False),
            "cut": make_interpreter("cut", (3, 11, 2), has_ensurepip=False),
            "pypy": make_interpreter("pypy", (3, 11, 2), implementation="PyPy"),
        }
        with pytest.raises(SetupError) as raised:
            interpreters.choose([*found, "shim"], probe=found.get)
        message = str(raised.value)
        assert "Python 3.9.1 (old): 3.10 to 3.13 are supported" in message
        assert "apt install python3.12-dev" in message
        assert "apt install python3.11-venv" in message
        assert "it is PyPy" in message
        assert "shim: it does not run" in message

    def test_a_sourced_ros_asks_for_its_own_version(self):
        found = {"a": make_interpreter("a", (3, 11, 2)), "b": make_interpreter("b", (3, 12, 3))}
        chosen = interpreters.choose("ab", version=(3, 12), probe=found.get)
        assert chosen.executable == "b"

    def test_edgeai_python_allows_no_other(self):
        assert interpreters.list_candidates({"EDGEAI_PYTHON": "/my/python"}) == ["/my/python"]

    def test_a_probe_tells_this_very_interpreter(self):
        found = interpreters.probe(sys.executable)
        assert found.version == tuple(sys.version_info[:3])

    def test_what_does_not_run_is_none(self, tmp_path):
        shim = tmp_path / "python3.12"
        shim.write_text("#!/bin/sh\nexit 127\n")
        shim.chmod(0o755)
        assert interpreters.probe(str(shim)) is None
        assert interpreters.probe(str(tmp_path / "nothing")) is None


class TestRosMixture:
    def test_no_ros_is_found_in_a_plain_shell(self):
        assert ros_installation.find_sourced({}) is None

    def test_a_sourced_ros_is_found_behind_an_overlay(self, tmp_path):
        environ = make_ros(tmp_path / "jazzy")
        environ["AMENT_PREFIX_PATH"] = f"{tmp_path / 'overlay'}:{environ['AMENT_PREFIX_PATH']}"
        found = ros_installation.find_sourced(environ)
        assert (found.distro, found.prefix) == ("jazzy", tmp_path / "jazzy")
        assert found.python_version == (3, 12)

    def test_the_wheels_own_environment_is_not_a_sourced_ros(self, tmp_path):
        environ = make_ros(tmp_path)
        (tmp_path / "local_setup.sh").unlink()
        assert ros_installation.find_sourced(environ) is None

    def test_ros_sourced_over_the_wheels_is_refused(self, tmp_path):
        with pytest.raises(SetupError, match="ROS sourced together with the wheels") as raised:
            ros_installation.check_mixture(
                made_with="wheels", environ=make_ros(tmp_path / "jazzy"), root=tmp_path
            )
        assert "make clean" in str(raised.value)
        assert str(tmp_path / "jazzy") in str(raised.value)

    @pytest.mark.parametrize("made_with", ["wheels", None])
    def test_half_a_ros_on_the_python_path_is_refused(self, tmp_path, made_with):
        (tmp_path / "ros" / "rclpy").mkdir(parents=True)
        (tmp_path / "ros" / "rclpy" / "__init__.py").write_text("")
        environ = {"PYTHONPATH": str(tmp_path / "ros")}
        with pytest.raises(SetupError, match="ROS sourced together with the wheels"):
            ros_installation.check_mixture(
                made_with=made_with, environ=environ, root=tmp_path / "clone"
            )

    def test_a_clone_made_with_ros_asks_to_source_it(self, tmp_path):
        with pytest.raises(SetupError, match="source that ROS 2 first"):
            ros_installation.check_mixture(
                made_with="jazzy at /opt/ros/jazzy", environ={}, root=tmp_path
            )

    def test_the_same_ros_again_is_fine(self, tmp_path):
        environ = make_ros(tmp_path / "jazzy")
        key = ros_installation.find_sourced(environ).key
        ros_installation.check_mixture(made_with=key, environ=environ, root=tmp_path)
        ros_installation.check_mixture(made_with=None, environ=environ, root=tmp_path)

    def test_the_command_ends_with_one_sentence_and_exit_code_2(
        self, clone, monkeypatch, capsys, tmp_path
    ):
        make_environment(clone)
        setup_stamp.write(clone.stamp, stamp_for(clone, {}))
        for name, value in make_ros(tmp_path / "jazzy").items():
            monkeypatch.setenv(name, value)
        ensure = workspace.ensure
        monkeypatch.setattr(workspace, "ensure", lambda **_: ensure(clone.root))
        assert workspace.main(["setup"]) == 2
        error = capsys.readouterr().err
        assert error.startswith("set-up: ROS sourced together with the wheels")
        assert error.count("\n") == 1


class TestPlan:
    def test_a_fresh_clone_needs_everything_in_order(self, clone):
        todo = setup_plan.find_pending(clone, plan=plan_for(clone, dev=True), stamp=None)
        assert todo == ["packages", "sources", "interfaces", "dev", "assets"]

    def test_a_finished_clone_needs_nothing(self, clone):
        stamp = stamp_for(clone, make_environment(clone))
        assert setup_plan.find_pending(clone, plan=plan_for(clone), stamp=stamp) == []

    def test_another_lock_redoes_everything(self, clone):
        stamp = stamp_for(clone, make_environment(clone))
        clone.lock("run").write_text("run==2\n")
        plan = plan_for(clone)
        assert setup_plan.find_pending(clone, plan=plan, stamp=stamp) == list(plan.steps)

    def test_another_message_compiles_only(self, clone):
        stamp = stamp_for(clone, make_environment(clone))
        (clone.root / "src" / "edgeai_msgs" / "msg" / "A.msg").write_text("int64 a\n")
        assert setup_plan.find_pending(clone, plan=plan_for(clone), stamp=stamp) == ["interfaces"]

    def test_a_new_package_is_linked(self, clone):
        stamp = stamp_for(clone, make_environment(clone))
        (clone.root / "src" / "edgeai_new").mkdir()
        (clone.root / "src" / "edgeai_new" / "setup.py").write_text("")
        assert setup_plan.find_pending(clone, plan=plan_for(clone), stamp=stamp) == ["sources"]

    def test_test_tools_are_added_on_demand(self, clone):
        stamp = stamp_for(clone, make_environment(clone))
        plan = plan_for(clone, dev=True)
        assert setup_plan.find_pending(clone, plan=plan, stamp=stamp) == ["dev"]

    def test_what_was_built_and_removed_is_built_again(self, clone):
        stamp = stamp_for(clone, make_environment(clone, packages=("vision_msgs",)))
        assert setup_plan.find_pending(clone, plan=plan_for(clone), stamp=stamp) == ["interfaces"]

    def test_a_model_that_was_tidied_away_is_installed_again(self, clone):
        stamp = stamp_for(clone, make_environment(clone))
        (clone.root / "model.onnx").unlink()
        assert setup_plan.find_pending(clone, plan=plan_for(clone), stamp=stamp) == ["assets"]

    def test_a_word_in_a_changelog_compiles_nothing(self, clone):
        stamp = stamp_for(clone, make_environment(clone))
        (clone.root / "src" / "edgeai_msgs" / "CHANGELOG.rst").write_text("0.1.0\n")
        assert setup_plan.find_pending(clone, plan=plan_for(clone), stamp=stamp) == []
        (clone.root / "src" / "edgeai_msgs" / "msg" / "A.msg").write_text("int32 b\n")
        plan = plan_for(clone)
        assert setup_plan.find_pending(clone, plan=plan, stamp=stamp) == ["interfaces"]

    @pytest.mark.parametrize("step", ["packages", "dev"])
    def test_a_killed_pip_costs_the_environment(self, clone, step):
        stamp = stamp_for(clone, make_environment(clone)).begin(step)
        plan = plan_for(clone)
        assert setup_plan.find_pending(clone, plan=plan, stamp=stamp) == list(plan.steps)

    def test_a_killed_compiler_costs_the_compilation(self, clone):
        stamp = stamp_for(clone, make_environment(clone)).begin("interfaces")
        assert setup_plan.find_pending(clone, plan=plan_for(clone), stamp=stamp) == ["interfaces"]

    def test_a_python_that_is_gone_costs_the_environment(self, clone):
        stamp = stamp_for(clone, make_environment(clone))
        clone.python.unlink()
        clone.python.symlink_to("/nowhere/python3")
        plan = plan_for(clone)
        assert setup_plan.find_pending(clone, plan=plan, stamp=stamp) == list(plan.steps)

    def test_a_sourced_ros_brings_its_own_vision_msgs(self, clone, tmp_path):
        environ = make_ros(tmp_path / "jazzy", "vision_msgs", "tf2_msgs")
        plan = plan_for(clone, environ=environ)
        assert [folder.name for folder in plan.interfaces] == ["edgeai_msgs"]

    def test_only_what_a_sourced_ros_lacks_is_built(self, clone, tmp_path):
        environ = make_ros(tmp_path / "jazzy", "tf2_msgs")
        plan = plan_for(clone, environ=environ)
        assert [folder.name for folder in plan.interfaces] == ["vision_msgs", "edgeai_msgs"]

    def test_a_vision_msgs_of_this_clone_does_not_count_as_the_real_one(self, clone, tmp_path):
        environ = make_ros(tmp_path / "jazzy", "tf2_msgs")
        make_ros(clone.root / "install" / "vision_msgs", "vision_msgs")
        own = clone.root / "install" / "vision_msgs"
        environ["AMENT_PREFIX_PATH"] = f"{own}:{environ['AMENT_PREFIX_PATH']}"
        plan = plan_for(clone, environ=environ)
        assert [folder.name for folder in plan.interfaces] == ["vision_msgs", "edgeai_msgs"]


class TestStamp:
    def test_comes_back_as_it_was(self, tmp_path):
        stamp = setup_stamp.Stamp(made_with="wheels", assets={"/a": 1}).begin("dev")
        setup_stamp.write(tmp_path / "stamp.json", stamp)
        assert setup_stamp.read(tmp_path / "stamp.json") == stamp
        finished = stamp.finish("dev", "digest")
        assert (finished.running, finished.steps) == (None, {"dev": "digest"})

    @pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 0}', '{"format": 1, "x": 2}'])
    def test_what_cannot_be_read_is_none(self, tmp_path, text):
        (tmp_path / "stamp.json").write_text(text)
        assert setup_stamp.read(tmp_path / "stamp.json") is None

    def test_the_order_and_the_names_of_files_count(self, tmp_path):
        files = [tmp_path / "a", tmp_path / "b"]
        for file in files:
            file.write_text("same")
        digests = {
            setup_stamp.digest(files=files),
            setup_stamp.digest(files=files[::-1]),
            setup_stamp.digest(files=files[:1]),
            setup_stamp.digest(words=["a"], files=files[:1]),
        }
        assert len(digests) == 4


class TestEnsure:
    def test_starts_nothing_and_says_nothing_when_done(self, clone, capsys, monkeypatch):
        setup_stamp.write(clone.stamp, stamp_for(clone, make_environment(clone)))
        monkeypatch.setattr(subprocess, "Popen", None)
        assert workspace.ensure(clone.root, assets=False, environ={}) is False
        assert capsys.readouterr().out == ""

    def test_leaves_a_foreign_environment_alone(self, clone):
        make_environment(clone)
        with pytest.raises(SetupError, match="was not made by this set-up"):
            workspace.ensure(clone.root, environ={})
        with pytest.raises(SetupError, match="was not made by this set-up"):
            workspace.clean(clone.root)
        assert clone.python.exists()


class FakeBuilder:
    """Stands for the long steps; fails once in the step named by `fault`."""

    calls: list[str]
    fault = ""

    def __init__(self, *, workspace, ros, environ, log):
        self.workspace = workspace

    def _do(self, name):
        FakeBuilder.calls.append(name)
        if FakeBuilder.fault == name:
            FakeBuilder.fault = ""
            raise SetupError(f"{name} failed")

    def choose_interpreter(self):
        return make_interpreter()

    def install_packages(self, interpreter):
        assert [path.name for path in self.workspace.venv.iterdir()] == ["edgeai-setup.json"]
        (self.workspace.venv / "bin").mkdir()
        self.workspace.python.write_text("")
        self._do("packages")

    def link_sources(self):
        self._do("sources")

    def build_interfaces(self, packages):
        for package in packages:
            prefix = self.workspace.root / "install" / package.name / "share"
            prefix.mkdir(parents=True, exist_ok=True)
        self._do("interfaces")

    def install_dev(self):
        self._do("dev")

    def install_lab(self):
        self._do("lab")

    def install_lab_assets(self):
        weights = self.workspace.root / "weights.pth"
        weights.write_text("seven")
        self._do("lab assets")
        return [weights]

    def install_assets(self):
        model = self.workspace.root / "model.onnx"
        model.write_text("four")
        self._do("assets")
        return [model, self.workspace.root / "optional-and-missing.avi"]


@pytest.fixture
def fake_builder(monkeypatch):
    FakeBuilder.calls = []
    FakeBuilder.fault = ""
    monkeypatch.setattr(workspace, "Builder", FakeBuilder)
    return FakeBuilder


class TestLabPackages:
    def install(self, clone, monkeypatch, *, refused):
        groups = []

        def pip(_, group):
            groups.append(group)
            if group in refused:
                raise SetupError("no such wheel")

        monkeypatch.setattr(setup_steps.Builder, "_pip", pip)
        log = setup_log.SetupLog(clone.root / "setup.log", lock=-1)
        setup_steps.Builder(workspace=clone, ros=None, environ={}, log=log).install_lab()
        return groups

    def test_the_cpu_build_of_torch_needs_no_cuda(self, clone, monkeypatch):
        assert self.install(clone, monkeypatch, refused=()) == ["lab", "lab-cpu"]

    def test_pypi_has_the_cuda_build_only(self, clone, monkeypatch):
        found = self.install(clone, monkeypatch, refused=("lab-cpu",))
        assert found == ["lab", "lab-cpu", "lab-cuda"]

    def test_a_failure_of_both_is_told(self, clone, monkeypatch):
        with pytest.raises(SetupError):
            self.install(clone, monkeypatch, refused=("lab-cpu", "lab-cuda"))


class TestSetUp:
    def test_does_every_step_once(self, clone, fake_builder):
        assert workspace.ensure(clone.root, dev=True, environ={}) is True
        assert fake_builder.calls == ["packages", "sources", "interfaces", "dev", "assets"]
        assert workspace.ensure(clone.root, dev=True, environ={}) is False
        assert len(fake_builder.calls) == 5

    def test_the_lab_is_added_at_its_first_use_only(self, clone, fake_builder):
        workspace.ensure(clone.root, environ={})
        assert "lab" not in fake_builder.calls
        assert workspace.ensure(clone.root, lab=True, environ={}) is True
        assert fake_builder.calls[-2:] == ["lab", "lab assets"]
        assert workspace.ensure(clone.root, lab=True, environ={}) is False
        assert workspace.ensure(clone.root, environ={}) is False

    def test_weights_that_were_tidied_away_come_back_at_the_lab_s_next_use(
        self, clone, fake_builder
    ):
        workspace.ensure(clone.root, lab=True, environ={})
        (clone.root / "weights.pth").unlink()
        assert workspace.ensure(clone.root, environ={}) is False
        assert workspace.ensure(clone.root, lab=True, environ={}) is True
        assert fake_builder.calls[-2:] == ["lab assets", "lab assets"]

    def test_goes_on_after_a_failed_compilation(self, clone, fake_builder):
        fake_builder.fault = "interfaces"
        with pytest.raises(SetupError, match="interfaces failed"):
            workspace.ensure(clone.root, environ={})
        fake_builder.calls.clear()
        assert workspace.ensure(clone.root, environ={}) is True
        assert fake_builder.calls == ["interfaces", "assets"]

    def test_starts_anew_after_a_failed_pip(self, clone, fake_builder):
        fake_builder.fault = "packages"
        with pytest.raises(SetupError, match="packages failed"):
            workspace.ensure(clone.root, environ={})
        (clone.venv / "half-written").write_text("")
        assert workspace.ensure(clone.root, environ={}) is True
        assert not (clone.venv / "half-written").exists()
        assert fake_builder.calls == ["packages", "packages", "sources", "interfaces", "assets"]

    def test_clean_removes_all_of_it(self, clone, fake_builder):
        workspace.ensure(clone.root, environ={})
        workspace.clean(clone.root)
        left = sorted(path.name for path in clone.root.iterdir())
        assert left == ["model.onnx", "requirements", "src", "wheels"]

    def test_a_second_one_waits_for_the_first_and_finds_all_done(self, clone, fake_builder):
        clone.cache.mkdir()
        with (clone.cache / "setup.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            child = subprocess.Popen(
                [sys.executable, "-c", _ENSURE, str(clone.root)],
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, "PYTHONPATH": str(ROOT / "tools")},
            )
            assert "another set-up" in child.stdout.readline()
            stamp = stamp_for(clone, make_environment(clone))
            setup_stamp.write(clone.stamp, stamp)
        with child:
            assert child.stdout.read() == "False\n"


_ENSURE = """
import pathlib, sys, workspace
print(workspace.ensure(pathlib.Path(sys.argv[1]), environ={}))
"""


class TestLog:
    def run(self, tmp_path, code, **options):
        with (tmp_path / "lock").open("w") as lock:
            log = setup_log.SetupLog(tmp_path / "setup.log", lock=lock.fileno())
            command = [sys.executable, "-I", "-c", code]
            log.run(command, environ={}, cwd=tmp_path, failure="it is broken", **options)

    def test_noise_goes_to_the_file(self, tmp_path, capsys):
        self.run(tmp_path, "print('noise')")
        assert capsys.readouterr().out == ""
        assert "noise" in (tmp_path / "setup.log").read_text()

    def test_a_failure_shows_the_end_of_the_noise(self, tmp_path):
        code = "for i in range(40): print('line', i)\nraise SystemExit(3)"
        with pytest.raises(SetupError) as raised:
            self.run(tmp_path, code)
        lines = str(raised.value).splitlines()
        assert lines[0] == "it is broken"
        assert lines[1].strip() == "| line 25"
        assert lines[-2].strip() == "| line 39"
        assert str(tmp_path / "setup.log") in lines[-1]

    def test_a_command_that_does_not_exist_is_named(self, tmp_path):
        with (tmp_path / "lock").open("w") as lock:
            log = setup_log.SetupLog(tmp_path / "setup.log", lock=lock.fileno())
            with pytest.raises(SetupError, match="no-such-tool: No such file"):
                log.run(["no-such-tool"], environ={}, cwd=tmp_path, failure="it is broken")

    def test_a_step_is_one_line_with_its_seconds(self, tmp_path, capsys):
        ticks = iter([10.0, 13.5])
        log = setup_log.SetupLog(tmp_path / "setup.log", lock=0, clock=lambda: next(ticks))
        with log.step("packages"):
            pass
        assert capsys.readouterr().out == f"  {'packages':<52}    3.5 s\n"


class TestRelocation:
    CMAKE = (
        'set(a "/opt/python/cp311-cp311/lib/python3.11/site-packages/numpy/_core/include;'
        '/opt/python/cp311-cp311/include/python3.11;/opt/python/cp311-cp311/bin/python3")\n'
        'set(b "${_IMPORT_PREFIX}/include")\n'
    )
    EXPECTED = (
        'set(a "/venv/numpy;/usr/include/python3.11;/venv/bin/python3")\n'
        'set(b "${_IMPORT_PREFIX}/include")\n'
    )

    def target(self, prefix):
        return wheel_relocation.RelocationTarget(
            prefix=pathlib.Path(prefix),
            python_include=pathlib.Path("/usr/include/python3.11"),
            numpy_include=pathlib.Path("/venv/numpy"),
        )

    def test_each_folder_goes_to_its_place(self):
        text = wheel_relocation.relocate_text(self.CMAKE, self.target("/venv"))
        assert text == self.EXPECTED
        assert wheel_relocation.relocate_text(text, self.target("/venv")) == text

    def test_a_backslash_in_a_path_stays_one(self):
        text = wheel_relocation.relocate_text("/opt/python/cp311-cp311", self.target("/a\\1b"))
        assert text == "/a\\1b"

    def test_a_file_that_pip_shares_with_its_cache_is_not_written_through(self, tmp_path):
        share = tmp_path / "venv" / "share" / "std_msgs" / "cmake"
        share.mkdir(parents=True)
        cached = tmp_path / "cached.cmake"
        cached.write_text(self.CMAKE)
        os.link(cached, share / "export.cmake")
        (share / "plain.cmake").write_text("set(b 1)\n")
        (share / "notes.txt").write_text(self.CMAKE)
        target = self.target(tmp_path / "venv")
        assert wheel_relocation.relocate(target) == 1
        assert wheel_relocation.relocate(target) == 0
        assert cached.read_text() == self.CMAKE
        assert (share / "notes.txt").read_text() == self.CMAKE
        assert "/opt/python" not in (share / "export.cmake").read_text()


class TestEnvironment:
    def test_wheels_bring_libraries_prefixes_and_modules(self, clone):
        setup_stamp.write(clone.stamp, stamp_for(clone, make_environment(clone)))
        root, venv = str(clone.root), str(clone.venv)
        environ = workspace.environment(clone.root, environ={"PATH": "/bin", "PYTHONHOME": "/x"})
        assert environ["VIRTUAL_ENV"] == venv
        assert environ["PATH"] == f"{venv}/bin:/bin"
        assert environ["AMENT_PREFIX_PATH"].split(":") == [
            f"{root}/install/tf2_msgs",
            f"{root}/install/vision_msgs",
            f"{root}/install/edgeai_msgs",
            venv,
        ]
        assert environ["LD_LIBRARY_PATH"].split(":") == [
            f"{root}/install/tf2_msgs/lib",
            f"{root}/install/vision_msgs/lib",
            f"{root}/install/edgeai_msgs/lib",
            f"{venv}/lib",
            f"{venv}/lib/python3.11/site-packages/ros_rcl.libs",
        ]
        assert environ["PYTHONPATH"].split(":") == [
            f"{root}/src/edgeai_core",
            f"{root}/install/tf2_msgs/lib/python3.11/site-packages",
            f"{root}/install/vision_msgs/lib/python3.11/site-packages",
            f"{root}/install/edgeai_msgs/lib/python3.11/site-packages",
        ]
        assert environ["RMW_IMPLEMENTATION"] == "rmw_fastrtps_cpp"
        assert environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] == "LOCALHOST"
        assert "PYTHONHOME" not in environ
        profile = f"{root}/src/edgeai_bringup/config/fastdds_shm.xml"
        assert environ["FASTRTPS_DEFAULT_PROFILES_FILE"] == profile
        assert environ["FASTDDS_DEFAULT_PROFILES_FILE"] == profile

    def test_a_sourced_ros_keeps_its_own_settings(self, clone, tmp_path):
        given = make_ros(tmp_path / "jazzy")
        assets = make_environment(clone, packages=("edgeai_msgs",))
        setup_stamp.write(clone.stamp, stamp_for(clone, assets, environ=given))
        given |= {"RMW_IMPLEMENTATION": "rmw_cyclonedds_cpp", "LD_LIBRARY_PATH": "/ros/lib"}
        environ = workspace.environment(clone.root, environ=given)
        assert environ["RMW_IMPLEMENTATION"] == "rmw_cyclonedds_cpp"
        own = f"{clone.root}/install/edgeai_msgs"
        assert environ["AMENT_PREFIX_PATH"] == f"{own}:{tmp_path / 'jazzy'}"
        assert environ["LD_LIBRARY_PATH"] == f"{own}/lib:/ros/lib"
        assert "_ROS_WHEELS_BOOTSTRAP_COMPLETE" not in environ

    def test_what_the_user_chose_stays_and_twice_gives_the_same(self, clone):
        setup_stamp.write(clone.stamp, stamp_for(clone, make_environment(clone)))
        given = {
            "ROS_AUTOMATIC_DISCOVERY_RANGE": "SUBNET",
            "FASTDDS_DEFAULT_PROFILES_FILE": "/my.xml",
        }
        environ = workspace.environment(clone.root, environ=given)
        assert environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] == "SUBNET"
        assert environ["FASTDDS_DEFAULT_PROFILES_FILE"] == "/my.xml"
        assert workspace.environment(clone.root, environ=environ) == environ

    def test_before_set_up_it_says_what_to_do(self, clone):
        with pytest.raises(SetupError, match=r"run \./edgeai setup"):
            workspace.environment(clone.root, environ={})


class TestCommand:
    def edgeai(self, *arguments):
        return subprocess.run(
            [sys.executable, "-I", str(ROOT / "edgeai"), *arguments],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    @pytest.mark.parametrize("command", [[], ["up"], ["people"], ["setup"], ["doctor"]])
    def test_help_answers_without_set_up(self, command):
        answer = self.edgeai(*command, "--help")
        assert answer.returncode == 0
        assert answer.stdout.startswith("usage: edgeai")

    def test_an_unknown_command_is_exit_code_2(self):
        answer = self.edgeai("frobnicate")
        assert answer.returncode == 2
        assert "frobnicate" in answer.stderr

    def test_an_old_python_can_read_the_command(self):
        source = (ROOT / "edgeai").read_text(encoding="utf-8")
        ast.parse(source, feature_version=(3, 4))
