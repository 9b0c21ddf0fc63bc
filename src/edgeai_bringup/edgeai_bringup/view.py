"""The running graph in a terminal: a live table, or plain lines where there is no terminal."""

from __future__ import annotations

import math
import time

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from edgeai_bringup.monitor import GraphMonitor, NodeView

_STYLES = {"OK": "green", "WARN": "yellow", "ERROR": "bold red", "STALE": "dim"}
_SESSION_STYLES = {"LOCKED": "bold yellow", "ACTIVE": "bold green", "MONITORING": "bold cyan"}


def _milliseconds(value: float) -> str:
    return f"{value:.0f}" if math.isfinite(value) else "–"


def printable(text: str) -> str:
    """Return a text from the graph with every control character as a space."""
    return "".join(c if c.isprintable() else " " for c in text)


def node_row(name: str, view: NodeView) -> tuple[str, str, str, str, str, str, str]:
    """Return a node's line: name, state, results/s, p50, p95, dropped, message."""
    return (
        printable(name.lstrip("/")),
        view.state,
        f"{view.window_results_per_s:.1f}" if view.state == "active" else "–",
        _milliseconds(view.latency_p50_ms),
        _milliseconds(view.latency_p95_ms),
        str(view.dropped),
        printable(view.message),
    )


class TerminalView:
    """Show the graph; events scroll above, the table stays below."""

    def __init__(self, *, plain: bool, title: str, plain_period_s: float = 5.0) -> None:
        self.console = Console(highlight=False, soft_wrap=True)
        self._title = title
        self._live = None if plain or not self.console.is_terminal else Live(console=self.console)
        self._plain_period_s = plain_period_s
        self._shown_s = -math.inf
        if self._live is not None:
            self._live.start()

    @property
    def is_live(self) -> bool:
        return self._live is not None

    def event(self, line: str) -> None:
        """Print one line with the time of day; control characters are shown, never obeyed."""
        self.console.print(Text(f"{time.strftime('%H:%M:%S')} {printable(line)}"))

    def show(self, monitor: GraphMonitor) -> None:
        """Draw the present state."""
        if self._live is not None:
            self._live.update(self._table(monitor), refresh=True)
            return
        now_s = time.monotonic()
        if now_s - self._shown_s < self._plain_period_s:
            return
        self._shown_s = now_s
        self.event(f"session {monitor.session}")
        for name, view in monitor.nodes.items():
            row = node_row(name, view)
            line = (
                f"  {row[0]:<28} {row[1]:<13} {row[2]:>6} results/s  p50 {row[3]:>4} ms  "
                f"p95 {row[4]:>4} ms  dropped {row[5]:>5}  {row[6]}"
            )
            # As Text: a message may hold brackets, which rich would read as markup.
            self.console.print(Text(line))

    def close(self) -> None:
        """Give the terminal back."""
        if self._live is not None:
            self._live.stop()

    def _table(self, monitor: GraphMonitor) -> Group:
        title = Text(printable(self._title))
        table = Table(title=title, title_justify="left", expand=False)
        table.add_column("node")
        table.add_column("state")
        for column in ("results/s", "p50 ms", "p95 ms", "dropped"):
            table.add_column(column, justify="right")
        table.add_column("says")
        for name, view in monitor.nodes.items():
            row = [Text(cell) for cell in node_row(name, view)]
            row[6].stylize(_STYLES.get(view.level, ""))
            table.add_row(*row)
        session = Text.assemble(
            "session ",
            (monitor.session, _SESSION_STYLES.get(monitor.session, "")),
            f"  {printable(monitor.session_reason)}",
        )
        return Group(table, session, Text("Ctrl-C ends", style="dim"))
