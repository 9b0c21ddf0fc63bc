"""Parameters of the web page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edgeai_core.config import group, param
from edgeai_core.errors import ConfigError
from edgeai_core.privacy.config import PrivacyConfig

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpConfig:
    """Where the page is served."""

    host: str = param(
        "127.0.0.1",
        "Address to listen on; the default is reached from this machine only. 0.0.0.0 opens the "
        "page to the network: set up TLS before",
    )
    port: int = param(
        8080,
        "TCP port; when it is taken the first free one of the nine above it; 0 takes any free one. "
        "The log names it",
        minimum=0,
        maximum=65526,
    )
    names: tuple[str, ...] = param(
        (),
        "Host names under which the page is called beside localhost and the address; a request "
        "for any other name is refused (DNS rebinding)",
    )
    tls_certificate: str = param("", "PEM file of the certificate chain; empty serves plain HTTP")
    tls_key: str = param("", "PEM file of the certificate's private key, readable by its owner")

    def __post_init__(self) -> None:
        if bool(self.tls_certificate) != bool(self.tls_key):
            raise ConfigError(
                "parameters http.tls_certificate and http.tls_key: got one of them, expected both "
                "or none"
            )

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the page."""
        return self.host in _LOOPBACK

    @property
    def scheme(self) -> str:
        """Http or https."""
        return "https" if self.tls_certificate else "http"

    def allows_host(self, header: str) -> bool:
        """Return whether a Host header names this page."""
        name = header.rpartition(":")[0] if ":" in header.rpartition("]")[2] else header
        name = name.strip("[]").lower()
        known = {*_LOOPBACK, *(known.lower() for known in self.names)}
        if self.host not in ("0.0.0.0", "::"):
            return name in known | {self.host.lower()}
        # Listening everywhere: any address of this machine, but no name that was not given.
        return name in known or all(letter in "0123456789abcdef.:" for letter in name)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionConfig:
    """How long a log-in lasts."""

    lifetime_h: float = param(
        12.0, "Longest session; then log in again", unit="h", minimum=0.01, maximum=720.0, live=True
    )
    idle_min: float = param(
        60.0,
        "A session that nobody used for so long is over",
        unit="min",
        minimum=1.0,
        maximum=1e4,
        live=True,
    )

    @property
    def lifetime_s(self) -> float:
        """Longest session, seconds."""
        return self.lifetime_h * 3600.0

    @property
    def idle_s(self) -> float:
        """Longest pause, seconds."""
        return self.idle_min * 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveConfig:
    """The live view; nothing is encoded while nobody watches."""

    fps: float = param(
        5.0,
        "Pictures per second to a watcher at most",
        unit="1/s",
        minimum=0.2,
        maximum=30.0,
        live=True,
    )
    width_px: int = param(
        960, "Wider pictures are made smaller", unit="px", minimum=64, maximum=4096, live=True
    )
    jpeg_quality: int = param(
        75, "Lower takes less of the network and looks worse", minimum=10, maximum=95, live=True
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadConfig:
    """Clips and pictures that people are enrolled from."""

    limit_mb: float = param(
        64.0, "Larger uploads are refused", unit="MB", minimum=1.0, maximum=1e3, live=True
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphConfig:
    """What runs; the graph table fills this in."""

    nodes: tuple[str, ...] = param((), "Full names of all nodes")
    analyzers: tuple[str, ...] = param((), "Full names of the nodes that can be armed")
    cameras: tuple[str, ...] = param((), "Namespaces of the cameras, without the leading slash")
    compressed: bool = param(
        False, "Take pictures as JPEG, from image_raw/compressed: for cameras on other machines"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardConfig:
    """All parameters of the web page."""

    http: HttpConfig = group(HttpConfig)
    session: SessionConfig = group(SessionConfig)
    live: LiveConfig = group(LiveConfig)
    privacy: PrivacyConfig = group(PrivacyConfig)
    uploads: UploadConfig = group(UploadConfig)
    graph: GraphConfig = group(GraphConfig)


def static_folder() -> Path:
    """Return the folder of the page's files."""
    return Path(__file__).resolve().parent / "static"
