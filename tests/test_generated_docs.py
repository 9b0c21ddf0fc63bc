"""The generated documents are what the product reads, and stale ones are told."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

pytest.importorskip("rclpy", reason="ROS is not there: run the tests by make test")

from edgeai_core import catalog
from edgeai_core.config import ParamSpec
from edgeai_core.errors import EdgeAiError

TOOLS = Path(__file__).parents[1] / "tools"


@pytest.fixture
def generator(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(TOOLS))
    return importlib.import_module("generate_docs")


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(TOOLS))
    return importlib.import_module("document_tables")


@pytest.mark.skipif(bool(catalog.verify_all()), reason="models are not set up: run ./edgeai setup")
def test_the_documents_are_fresh() -> None:
    run = subprocess.run(
        [sys.executable, str(TOOLS / "generate_docs.py"), "--check"],
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert (run.returncode, run.stderr) == (0, "")


def test_a_stale_and_a_missing_document_are_told_and_nothing_is_written(
    generator: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    contents = {"a.md": "new\n", "b.md": "b\n", "c.md": "c\n"}
    monkeypatch.setattr(generator, "documents", lambda: contents)
    (tmp_path / "a.md").write_text("old\n", encoding="utf-8")
    (tmp_path / "b.md").write_text("b\n", encoding="utf-8")

    code = generator.main(["--check", "--docs", str(tmp_path)])

    assert code == 1
    assert [line.partition(": run ")[0] for line in capsys.readouterr().err.splitlines()] == [
        "docs/a.md is stale",
        "docs/c.md is stale",
    ]
    assert (tmp_path / "a.md").read_text(encoding="utf-8") == "old\n"
    assert not (tmp_path / "c.md").exists()


def test_only_what_is_stale_is_written(
    generator: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generator, "documents", lambda: {"a.md": "new\n"})

    assert generator.main(["--docs", str(tmp_path)]) == 0
    assert generator.main(["--docs", str(tmp_path), "--check"]) == 0
    assert (tmp_path / "a.md").read_text(encoding="utf-8") == "new\n"


def test_a_parameter_shows_its_range_unit_and_what_profiles_set(tables: ModuleType) -> None:
    spec = ParamSpec(
        name="stream.fps",
        kind="float",
        default=30.0,
        description="Rate",
        unit="1/s",
        minimum=1.0,
        maximum=1e9,
    )

    row = tables.parameter_row(spec, {"home": {"stream.fps": 15.0}, "city": {}})

    assert row == (
        "`stream.fps`",
        "double",
        "`30.0`",
        "1/s",
        "1 … 1000000000",
        "home `15.0`",
        "Rate",
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("", '`""`'),
        (True, "`true`"),
        ((), "`[]`"),
        (("person", "car"), "`[person, car]`"),
        (3, "`3`"),
    ],
)
def test_a_default_is_written_as_in_a_parameter_file(
    tables: ModuleType, value: object, text: str
) -> None:
    assert tables.shown(value) == text


@pytest.mark.parametrize("path", ["/home/somebody/faces.sqlite3", "~/faces.sqlite3"])
def test_a_path_of_one_machine_is_refused(tables: ModuleType, path: str) -> None:
    with pytest.raises(EdgeAiError, match="a path of one machine"):
        tables.shown(path)


def test_a_bar_in_a_cell_does_not_break_the_table(tables: ModuleType) -> None:
    assert list(tables.table(("a", "b"), [("x|y", "z")])) == [
        "| a | b |",
        "|---|---|",
        "| x&#124;y | z |",
    ]
