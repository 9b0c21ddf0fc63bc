#!/usr/bin/env python3
"""Sets a clone up, once, and runs commands in it.

``setup`` does what is missing, ``run -- COMMAND`` does so and then becomes the command in the
product's environment, ``clean`` removes what set-up made. Needs nothing but Python itself.
"""

import argparse
import contextlib
import dataclasses
import fcntl
import os
import pathlib
import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence

import ros_installation
import setup_plan
import setup_stamp
from setup_errors import SetupError
from setup_log import SetupLog
from setup_plan import Plan
from setup_stamp import Stamp
from setup_steps import Builder
from workspace_layout import Workspace, environment

__all__ = ["ROOT", "SetupError", "ensure", "environment", "main"]

ROOT = pathlib.Path(__file__).resolve().parent.parent
EXIT_SETUP = 2
_EXIT_INTERRUPTED = 130


def ensure(
    root: pathlib.Path = ROOT,
    *,
    dev: bool = False,
    assets: bool = True,
    lab: bool = False,
    environ: Mapping[str, str] | None = None,
) -> bool:
    """Bring the workspace into the state that its files ask for; quick when it is there.

    Args:
        root: The workspace.
        dev: Also what `make check` and `make test` need.
        assets: Also models and demo footage.
        lab: Also what trains models.
        environ: The environment to judge; this process's where left out.

    Returns:
        Whether something had to be done.

    Raises:
        SetupError: It cannot be done; the message says what to mend. The next call goes on there.
    """
    workspace = Workspace(root)
    given = os.environ if environ is None else environ
    if not _look(workspace, environ=given, dev=dev, assets=assets, lab=lab)[1]:
        return False
    with _hold_lock(workspace) as lock:
        # Another process may have done it all while this one waited for the lock.
        plan, todo = _look(workspace, environ=given, dev=dev, assets=assets, lab=lab)
        if not todo:
            return False
        builder = Builder(
            workspace=workspace,
            ros=ros_installation.find_sourced(given),
            environ=given,
            log=SetupLog(workspace.cache / "setup.log", lock=lock),
        )
        begin = time.monotonic()
        print(f"setting up {root} (details: {workspace.cache / 'setup.log'})", flush=True)
        _carry_out(builder, plan=plan, todo=todo)
        print(f"set up in {time.monotonic() - begin:.0f} s", flush=True)
    return True


def clean(root: pathlib.Path = ROOT) -> None:
    """Remove everything that set-up and builds made in the clone.

    Raises:
        SetupError: `.venv` is not of set-up's making.
    """
    workspace = Workspace(root)
    _read_stamp(workspace)
    with _hold_lock(workspace):
        for name in (".venv", "build", "install", "log", ".cache"):
            shutil.rmtree(root / name, ignore_errors=True)


def _read_stamp(workspace: Workspace) -> Stamp | None:
    stamp = setup_stamp.read(workspace.stamp)
    if stamp is None and workspace.venv.exists():
        raise SetupError(
            f"{workspace.venv} was not made by this set-up: move it away and start again."
        )
    return stamp


def _look(
    workspace: Workspace, *, environ: Mapping[str, str], dev: bool, assets: bool, lab: bool
) -> tuple[Plan, list[str]]:
    stamp = _read_stamp(workspace)
    ros_installation.check_mixture(
        made_with=stamp.made_with if stamp else None, environ=environ, root=workspace.root
    )
    ros = ros_installation.find_sourced(environ)
    plan = setup_plan.make_plan(
        workspace, ros=ros, environ=environ, dev=dev, assets=assets, lab=lab
    )
    return plan, setup_plan.find_pending(workspace, plan=plan, stamp=stamp)


def _carry_out(builder: Builder, *, plan: Plan, todo: Sequence[str]) -> None:
    workspace = builder.workspace
    actions = {
        setup_plan.SOURCES: builder.link_sources,
        setup_plan.INTERFACES: lambda: builder.build_interfaces(plan.interfaces),
        setup_plan.DEV: builder.install_dev,
        setup_plan.LAB: builder.install_lab,
    }
    for step in todo:
        if step == setup_plan.PACKAGES:
            interpreter = builder.choose_interpreter()
            stamp = Stamp(made_with=plan.made_with, running=step)
            _replace_environment(workspace, stamp)
            builder.install_packages(interpreter)
        else:
            stamp = (_read_stamp(workspace) or Stamp(made_with=plan.made_with)).begin(step)
            setup_stamp.write(workspace.stamp, stamp)
            if step == setup_plan.ASSETS:
                sizes = setup_stamp.measure(builder.install_assets())
                stamp = dataclasses.replace(stamp, assets=sizes)
            elif step == setup_plan.LAB_ASSETS:
                sizes = setup_stamp.measure(builder.install_lab_assets())
                stamp = dataclasses.replace(stamp, lab_assets=sizes)
            else:
                actions[step]()
        setup_stamp.write(workspace.stamp, stamp.finish(step, plan.steps[step]))


def _replace_environment(workspace: Workspace, stamp: Stamp) -> None:
    """Put an environment that holds nothing but a stamp in the place of the old one.

    Both moves are renames: whenever the process dies, `.venv` is either absent or stamped.
    """
    draft, discarded = workspace.cache / "venv.new", workspace.cache / "venv.old"
    for folder in (draft, discarded):
        shutil.rmtree(folder, ignore_errors=True)
    draft.mkdir(parents=True)
    setup_stamp.write(draft / workspace.stamp.name, stamp)
    if workspace.venv.exists():
        workspace.venv.rename(discarded)
    draft.rename(workspace.venv)
    shutil.rmtree(discarded, ignore_errors=True)


@contextlib.contextmanager
def _hold_lock(workspace: Workspace) -> Iterator[int]:
    """Keep other set-ups of this clone out; yields the descriptor that holds the lock."""
    workspace.cache.mkdir(exist_ok=True)
    with (workspace.cache / "setup.lock").open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("another set-up of this clone is running, waiting for it", flush=True)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle.fileno()


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="workspace.py", description="Set this clone up.")
    commands = parser.add_subparsers(dest="command", required=True)
    setup = commands.add_parser("setup", help="do what is missing")
    ready = commands.add_parser("ready", help="like setup, but silent where nothing is missing")
    run = commands.add_parser("run", help="set up, then run a command in the environment")
    for command in (setup, ready, run):
        command.add_argument("--dev", action="store_true", help="with the tools for tests")
        command.add_argument("--lab", action="store_true", help="with what trains models")
        command.add_argument(
            "--no-assets", action="store_true", help="without models and demo footage"
        )
    run.add_argument("argv", nargs=argparse.REMAINDER, metavar="-- COMMAND")
    commands.add_parser("clean", help="remove the environment and everything built")
    options = parser.parse_args(arguments)
    if options.command == "run":
        options.argv = options.argv[1:] if options.argv[:1] == ["--"] else options.argv
        if not options.argv:
            parser.error("run: name a command after --")
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; 2 where set-up is impossible."""
    options = _parse(arguments)
    try:
        if options.command == "clean":
            clean()
            return 0
        done = ensure(dev=options.dev, assets=not options.no_assets, lab=options.lab)
        if options.command == "run":
            environ = environment(ROOT)
            os.execvpe(options.argv[0], options.argv, environ)
        if options.command == "setup" and not done:
            print("everything is set up")
    except SetupError as error:
        print(f"set-up: {error}", file=sys.stderr)
        return EXIT_SETUP
    except KeyboardInterrupt:
        print("\nset-up: interrupted; the next start goes on from here", file=sys.stderr)
        return _EXIT_INTERRUPTED
    except OSError as error:
        print(f"set-up: {error}", file=sys.stderr)
        return EXIT_SETUP
    return 0


if __name__ == "__main__":
    sys.exit(main())
