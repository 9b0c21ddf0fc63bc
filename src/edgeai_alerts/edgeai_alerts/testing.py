"""Real receivers for tests and measurements: an MQTT broker, an HTTP server, a mail server."""

from __future__ import annotations

import getpass
import http.server
import os
import shutil
import socket
import socketserver
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LOOPBACK = "127.0.0.1"
NO_BROKER = "mosquitto is not installed (Debian: apt install mosquitto)"
_DEADLINE_S = 20.0


def broker_program() -> str | None:
    """Return the path of mosquitto, None where it is not installed."""
    # Debian puts it where only root's PATH leads.
    return shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def wait_until(condition: Callable[[], object], *, timeout_s: float = _DEADLINE_S) -> None:
    """Return when the condition holds.

    Raises:
        TimeoutError: it does not within the time.
    """
    end_s = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > end_s:
            raise TimeoutError(f"waited {timeout_s:.0f} s for a condition that never held")
        time.sleep(0.005)


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def self_signed(folder: Path) -> tuple[Path, Path]:
    """Return (certificate, key) files for localhost that nobody but their owner vouches for.

    Raises:
        FileNotFoundError: openssl is not installed.
    """
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-days", "1", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=DNS:localhost"]
    command += ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    return certificate, key


class Broker:
    """A mosquitto of one's own, on the loopback interface and with its state in a folder.

    What it has taken for subscribers of lasting sessions survives `kill`.

    Args:
        folder: for its files. user, password: whom it lets in; empty lets in everybody.
        certificate: (certificate, key) files for TLS; None speaks plainly.
    """

    def __init__(
        self,
        folder: Path,
        *,
        user: str = "",
        password: str = "",
        certificate: tuple[Path, Path] | None = None,
    ) -> None:
        self.port = free_port()
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        lines = [
            f"listener {self.port} {LOOPBACK}",
            f"user {getpass.getuser()}",
            "persistence true",
            f"persistence_location {folder}/",
            "autosave_on_changes true",
            "autosave_interval 1",
            "max_queued_messages 0",
            "set_tcp_nodelay true",
        ]
        if certificate is not None:
            lines += [f"certfile {certificate[0]}", f"keyfile {certificate[1]}"]
        if user:
            passwords = folder / "passwords"
            passwords.touch(mode=0o600)
            subprocess.run(
                ["mosquitto_passwd", "-b", str(passwords), user, password],
                check=True,
                capture_output=True,
            )
            lines += ["allow_anonymous false", f"password_file {passwords}"]
        else:
            lines.append("allow_anonymous true")
        self._config = folder / "mosquitto.conf"
        self._config.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def start(self) -> None:
        """Start it, on the same port every time; return when it listens."""
        program = broker_program()
        if program is None:
            raise FileNotFoundError(NO_BROKER)
        with (self._folder / "mosquitto.log").open("ab") as log:
            self._process = subprocess.Popen(
                [program, "-c", str(self._config)], stdout=log, stderr=log
            )
        wait_until(self._listens)

    def kill(self) -> None:
        """Kill it as a power cut would; calling it twice is harmless."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def log(self) -> str:
        """Return what it wrote so far."""
        return (self._folder / "mosquitto.log").read_text(encoding="utf-8", errors="replace")

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex((LOOPBACK, self.port)) == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """A request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes


class HttpReceiver:
    """An HTTP server that keeps what is posted and answers what it is told to.

    Attributes:
        posted: requests in their order. answers: statuses of the next ones; then 200.
        location: where a 3xx answer leads.
    """

    def __init__(self) -> None:
        self.posted: list[Posted] = []
        self.answers: list[int] = []
        self.location = ""
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver._take(self)

            def log_message(self, *_: Any) -> None:
                """Say nothing: tests read what is posted."""

        self._server = http.server.ThreadingHTTPServer((LOOPBACK, 0), Handler)
        self.url = f"http://{LOOPBACK}:{self._server.server_address[1]}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _take(self, request: http.server.BaseHTTPRequestHandler) -> None:
        size = int(request.headers.get("Content-Length", "0"))
        body = request.rfile.read(size)
        self.posted.append(
            Posted(path=request.path, headers=dict(request.headers.items()), body=body)
        )
        status = self.answers.pop(0) if self.answers else 200
        request.send_response(status)
        if self.location:
            request.send_header("Location", self.location)
        request.send_header("Content-Length", "0")
        request.end_headers()


class MailSink:
    """An SMTP server that takes every message (RFC 5321, without extensions).

    Attributes:
        messages: whole messages with their headers. refuses: answer 451 instead.
    """

    def __init__(self) -> None:
        self.messages: list[bytes] = []
        self.refuses = False
        sink = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                sink._converse(self)

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

        self._server = Server((LOOPBACK, 0), Handler)
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _converse(self, peer: socketserver.StreamRequestHandler) -> None:
        peer.wfile.write(b"220 sink\r\n")
        for line in peer.rfile:
            verb = line[:4].upper()
            if verb == b"DATA":
                peer.wfile.write(b"354 go on\r\n")
                self.messages.append(_message(peer))
            elif verb == b"MAIL" and self.refuses:
                peer.wfile.write(b"451 try again later\r\n")
                continue
            elif verb == b"QUIT":
                peer.wfile.write(b"221 bye\r\n")
                return
            peer.wfile.write(b"250 ok\r\n")


def _message(peer: socketserver.StreamRequestHandler) -> bytes:
    lines = []
    for line in peer.rfile:
        if line == b".\r\n":
            break
        lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
    return b"".join(lines)
