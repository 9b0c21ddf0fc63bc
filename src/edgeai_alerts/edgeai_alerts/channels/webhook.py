"""Alerts as signed JSON to an HTTP receiver."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import ipaddress
import json
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from edgeai_alerts.channel_config import WebhookConfig
from edgeai_alerts.channels.log import as_record
from edgeai_core.errors import AlertRefusedError, ChannelError, ConfigError
from edgeai_core.secret import Secret
from edgeai_core.types import Alert

SIGNATURE_HEADER = "X-Edgeai-Signature"
MIN_KEY_CHARS = 16
# Beside 5xx: these speak of the receiver's set-up or load and not of the alert, which waits until
# somebody has mended that. Every other 4xx is about what was sent.
_LATER = frozenset({401, 403, 404, 407, 408, 421, 425, 429})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Receiver:
    """Where to: parts of the URL, none of which is ever printed."""

    tls: bool
    host: str
    port: int | None
    target: str


class WebhookChannel:
    """POST one JSON object per alert; a 2xx answer means that it was taken.

    ``Idempotency-Key`` is the alert's id and the number of its telling: the same however often
    this telling comes, another one for a reminder or escalation of the same alert.
    ``X-Edgeai-Signature: t=SECONDS,v1=HEX`` holds the time of sending and the HMAC-SHA256 of
    ``SECONDS.BODY`` with the common key, so that the receiver can tell our alerts from others'
    and refuse those that somebody recorded and plays again; `verify_signature` is its side.

    A redirect is not followed: it could lead the alert to another machine. Proxies of the
    environment are not used. TLS certificates are checked.

    Args:
        config: limits. url, key: what `config` refers to. wall_clock_ns: nanoseconds since 1970.

    Raises:
        ConfigError: not an http(s) URL, plain http to another machine, or a short key.
    """

    name = "webhook"

    def __init__(
        self,
        config: WebhookConfig,
        *,
        url: Secret,
        key: Secret,
        wall_clock_ns: Callable[[], int],
    ) -> None:
        if len(key.reveal()) < MIN_KEY_CHARS:
            raise ConfigError(
                f"parameter webhook.key: got {len(key.reveal())} characters, expected at least "
                f"{MIN_KEY_CHARS}, for example from: openssl rand -hex 32"
            )
        self._receiver = _receiver(url, plain_http=config.plain_http)
        self._key = key
        self._timeout_s = config.timeout_s
        self._wall_clock_ns = wall_clock_ns
        self._tls = ssl.create_default_context() if self._receiver.tls else None

    def send(self, alert: Alert) -> None:
        now_ns = self._wall_clock_ns()
        body = json.dumps(as_record(alert, wall_ns=now_ns)).encode("ascii")
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": f"{alert.alert_id}-{alert.telling}",
            "User-Agent": "edgeai",
            SIGNATURE_HEADER: signature(body, key=self._key, now_s=now_ns // 1_000_000_000),
        }
        status = self._post(body, headers)
        if 200 <= status < 300:
            return
        if 300 <= status < 400:
            raise ChannelError(
                f"webhook: the receiver redirects (HTTP {status}), which is not followed; put the "
                "final address into what webhook.url refers to"
            )
        if status in _LATER or status >= 500 or status < 200:
            raise ChannelError(f"webhook: the receiver answered HTTP {status}")
        raise AlertRefusedError(f"webhook: the receiver refused the alert with HTTP {status}")

    def close(self) -> None:
        """Do nothing: each alert has a connection of its own."""

    def _post(self, body: bytes, headers: dict[str, str]) -> int:
        to, timeout_s = self._receiver, self._timeout_s
        connection = (
            http.client.HTTPConnection(to.host, to.port, timeout=timeout_s)
            if self._tls is None
            else http.client.HTTPSConnection(to.host, to.port, timeout=timeout_s, context=self._tls)
        )
        try:
            connection.request("POST", to.target, body=body, headers=headers)
            return connection.getresponse().status
        except ssl.SSLCertVerificationError as exc:
            raise ChannelError(
                f"webhook: the receiver's certificate is not to be trusted ({exc.verify_message})"
            ) from None
        # Neither text is passed on: it may name the address, which is a secret.
        except (OSError, http.client.HTTPException) as exc:
            raise ChannelError(
                f"webhook: no answer from the receiver ({type(exc).__name__})"
            ) from None
        finally:
            connection.close()


def signature(body: bytes, *, key: Secret, now_s: int) -> str:
    """Return the value of the signature header for a body sent at a time, seconds since 1970."""
    digest = hmac.new(key.reveal().encode(), b"%d." % now_s + body, hashlib.sha256)
    return f"t={now_s},v1={digest.hexdigest()}"


def verify_signature(
    header: str, body: bytes, *, key: Secret, now_s: int, tolerance_s: int = 300
) -> bool:
    """Tell whether a body was signed with the key and not longer ago than the tolerance.

    What a receiver does; see docs/alerts.md.

    Args:
        header: value of X-Edgeai-Signature. body: the bytes as they came.
        now_s: the receiver's clock, seconds since 1970. tolerance_s: age or advance allowed.
    """
    stamp = header.partition(",")[0].removeprefix("t=")
    if not stamp.isascii() or not stamp.isdigit() or abs(now_s - int(stamp)) > tolerance_s:
        return False
    expected = signature(body, key=key, now_s=int(stamp))
    return hmac.compare_digest(header.encode(), expected.encode())


def _receiver(url: Secret, *, plain_http: bool) -> _Receiver:
    try:
        parts = urlsplit(url.reveal())
        port = parts.port
    except ValueError:
        raise ConfigError(_NOT_A_URL) from None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise ConfigError(_NOT_A_URL)
    if parts.scheme == "http" and not (plain_http or _is_this_machine(parts)):
        raise ConfigError(
            "parameter webhook.url: got http:// to another machine, expected https://; set "
            "webhook.plain_http where everybody on the way may read the alerts"
        )
    query = f"?{parts.query}" if parts.query else ""
    target = (parts.path or "/") + query
    if not target.isascii() or not target.isprintable() or " " in target:
        raise ConfigError(_NOT_A_URL)
    return _Receiver(tls=parts.scheme == "https", host=parts.hostname, port=port, target=target)


_NOT_A_URL = (
    "parameter webhook.url: what it refers to is not an address (it is not shown); expected "
    "https://HOST[:PORT]/PATH in ASCII, without user and password"
)


def _is_this_machine(parts: SplitResult) -> bool:
    host = parts.hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
