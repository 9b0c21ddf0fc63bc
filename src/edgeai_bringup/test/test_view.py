"""The terminal: what the graph says is shown, never obeyed."""

from __future__ import annotations

import io
from types import SimpleNamespace

import pytest
from rich.console import Console

from edgeai_bringup.monitor import NodeView
from edgeai_bringup.view import TerminalView, node_row, printable

HOSTILE = "a\x1b[2Jb\rc\x07d\ne\u202ef"


def captured(view: TerminalView) -> io.StringIO:
    out = io.StringIO()
    view.console = Console(file=out, width=200, soft_wrap=True, highlight=False)
    return out


def test_control_characters_become_spaces():
    assert printable(HOSTILE) == "a [2Jb c d e f"
    assert printable("Ärger – 5 °C") == "Ärger – 5 °C"


def test_an_event_cannot_move_the_cursor_or_forge_a_line():
    view = TerminalView(plain=True, title="t")
    out = captured(view)
    view.event(f"ALERT {HOSTILE}")
    assert out.getvalue().count("\n") == 1
    assert not {"\x1b", "\r", "\x07", "\u202e"} & set(out.getvalue())


def monitor(message: str) -> SimpleNamespace:
    view = NodeView(state="active", level="ERROR", message=message, latency_p50_ms=12.4, dropped=3)
    return SimpleNamespace(nodes={"/camera/probe": view}, session="LOCKED", session_reason=message)


@pytest.mark.parametrize("message", [HOSTILE, "topic [/camera/x] is silent", "[bold]x[/]"])
def test_messages_in_plain_lines_are_text_not_markup_and_not_control(message):
    view = TerminalView(plain=True, title="t")
    out = captured(view)
    view.show(monitor(message))
    assert printable(message) in out.getvalue()
    assert "\x1b" not in out.getvalue()
    assert out.getvalue().count("\n") == 2


@pytest.mark.parametrize("message", [HOSTILE, "topic [/camera/x] is silent"])
def test_the_live_table_shows_messages_as_text(message):
    view = TerminalView(plain=True, title="[/x] home")
    out = captured(view)
    view.console.print(view._table(monitor(message)))
    assert "[/x] home" in out.getvalue()
    assert printable(message) in out.getvalue()
    assert "\x1b[2J" not in out.getvalue()


def test_plain_lines_come_once_a_period():
    view = TerminalView(plain=True, title="t", plain_period_s=3600.0)
    out = captured(view)
    view.show(monitor("fine"))
    view.show(monitor("fine"))
    assert out.getvalue().count("session LOCKED") == 1


def test_a_row_says_what_is_known():
    active = NodeView(
        state="active", window_results_per_s=14.96, latency_p50_ms=12.4, dropped=3, message="ok"
    )
    assert node_row("/c/n", active) == ("c/n", "active", "15.0", "12", "–", "3", "ok")
    assert node_row("/c/n", NodeView())[1:4] == ("unknown", "–", "–")


def test_without_a_terminal_there_is_no_live_table():
    view = TerminalView(plain=False, title="t")
    assert not view.is_live
    view.close()
