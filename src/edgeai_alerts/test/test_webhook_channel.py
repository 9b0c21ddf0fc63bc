"""The webhook channel against a real HTTP receiver."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from edgeai_alerts.channel_config import WebhookConfig
from edgeai_alerts.channels.webhook import (
    SIGNATURE_HEADER,
    WebhookChannel,
    signature,
    verify_signature,
)
from edgeai_alerts.testing import HttpReceiver, free_port, self_signed
from edgeai_core.errors import AlertRefusedError, ChannelError, ConfigError
from edgeai_core.secret import Secret
from edgeai_core.types import Alert, AlertEvent, Severity

NOW_S = 1_750_000_000
KEY = Secret("0123456789abcdef0123456789abcdef")
PATH = "/hooks/t0ken?where=home"


def alert(number: int = 1, *, telling: int = 1) -> Alert:
    event = AlertEvent(
        category="fall",
        severity=Severity.CRITICAL,
        title="Zoë fell",
        reason="lies for 12 s",
        source="action_recognizer",
        camera="hall",
        stamp_ns=5,
    )
    return Alert(alert_id=f"{number:032x}", event=event, raised_ns=5, telling=telling)


def channel(url: str, *, timeout_s: float = 5.0, plain_http: bool = False) -> WebhookChannel:
    return WebhookChannel(
        WebhookConfig(timeout_s=timeout_s, plain_http=plain_http),
        url=Secret(url),
        key=KEY,
        wall_clock_ns=lambda: NOW_S * 1_000_000_000,
    )


def test_an_alert_is_posted_as_json_that_the_receiver_can_verify(receiver: HttpReceiver) -> None:
    channel(receiver.url + PATH).send(alert())

    (request,) = receiver.posted
    assert request.path == PATH
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["Idempotency-Key"] == f"{1:032x}-1"
    record = json.loads(request.body)
    assert (record["alert_id"], record["title"], record["state"]) == (
        f"{1:032x}",
        "Zoë fell",
        "RAISED",
    )
    header = request.headers[SIGNATURE_HEADER]
    assert verify_signature(header, request.body, key=KEY, now_s=NOW_S + 300)


def test_the_signature_is_the_hmac_of_time_and_body() -> None:
    # printf '1750000000.{}' | openssl dgst -sha256 -hmac 0123456789abcdef0123456789abcdef
    assert signature(b"{}", key=KEY, now_s=NOW_S) == (
        "t=1750000000,v1=dce3a181a758569f36d5c22bcc3ddfda2b193c867a4b39372f8f477eeb3343a1"
    )


@pytest.mark.parametrize(
    ("header", "body", "key", "now_s"),
    [
        ("", b"{}", KEY, NOW_S),
        ("t=x,v1=00", b"{}", KEY, NOW_S),
        ("t=²,v1=00", b"{}", KEY, NOW_S),
        (signature(b"{}", key=KEY, now_s=NOW_S), b"{ }", KEY, NOW_S),
        (signature(b"{}", key=KEY, now_s=NOW_S), b"{}", Secret("x" * 32), NOW_S),
        (signature(b"{}", key=KEY, now_s=NOW_S), b"{}", KEY, NOW_S + 301),
        (signature(b"{}", key=KEY, now_s=NOW_S), b"{}", KEY, NOW_S - 301),
    ],
    ids=["none", "no time", "no ASCII", "other body", "other key", "played again", "from ahead"],
)
def test_what_was_not_signed_so_and_now_is_refused(
    header: str, body: bytes, key: Secret, now_s: int
) -> None:
    assert not verify_signature(header, body, key=key, now_s=now_s)


def test_the_receiver_of_the_handbook_knows_our_alerts() -> None:
    handbook = Path(__file__).parents[3] / "docs" / "alerts.md"
    code = handbook.read_text(encoding="utf-8").partition("```python\n")[2].partition("```")[0]
    names: dict[str, Any] = {}
    exec(code, names)
    body, key = b'{"title": "fire"}', KEY.reveal()
    for age_s, ours in ((0, True), (400, False)):
        header = signature(body, key=KEY, now_s=int(time.time()) - age_s)
        assert names["is_ours"](header, body, key) is ours
    assert not names["is_ours"](header, body + b" ", key)
    assert not names["is_ours"]("", body, key)


def test_every_try_of_a_telling_has_the_same_key_and_a_reminder_another(
    receiver: HttpReceiver,
) -> None:
    receiver.answers = [503]
    hook = channel(receiver.url)
    with pytest.raises(ChannelError, match="answered HTTP 503"):
        hook.send(alert())
    hook.send(alert())
    hook.send(alert(telling=2))

    keys = [request.headers["Idempotency-Key"] for request in receiver.posted]
    assert keys == [f"{1:032x}-1", f"{1:032x}-1", f"{1:032x}-2"]


@pytest.mark.parametrize("status", [401, 403, 404, 408, 425, 429, 500, 502, 503])
def test_what_the_receiver_cannot_do_now_is_tried_again(
    receiver: HttpReceiver, status: int
) -> None:
    receiver.answers = [status]
    with pytest.raises(ChannelError, match=f"answered HTTP {status}") as caught:
        channel(receiver.url).send(alert())
    assert not isinstance(caught.value, AlertRefusedError)


@pytest.mark.parametrize("status", [400, 409, 410, 413, 415, 422])
def test_what_the_receiver_does_not_want_is_given_up(receiver: HttpReceiver, status: int) -> None:
    receiver.answers = [status]
    with pytest.raises(AlertRefusedError, match=f"refused the alert with HTTP {status}"):
        channel(receiver.url).send(alert())


def test_a_redirect_is_not_followed(receiver: HttpReceiver) -> None:
    receiver.answers, receiver.location = [302], f"{receiver.url}/elsewhere"
    with pytest.raises(ChannelError, match="redirects"):
        channel(receiver.url).send(alert())
    assert len(receiver.posted) == 1


def test_nobody_there_and_nobody_who_answers_are_channel_errors_without_the_address() -> None:
    port = free_port()
    with pytest.raises(ChannelError) as nobody:
        channel(f"http://127.0.0.1:{port}{PATH}").send(alert())
    assert str(nobody.value) == "webhook: no answer from the receiver (ConnectionRefusedError)"

    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}{PATH}"
        with pytest.raises(ChannelError) as nothing:
            channel(url, timeout_s=0.1).send(alert())
    assert str(nothing.value) == "webhook: no answer from the receiver (TimeoutError)"


def test_an_answer_that_is_no_http_is_a_channel_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def babble() -> None:
            peer, _ = server.accept()
            with peer:
                peer.recv(65_536)
                peer.sendall(b"hello\r\n\r\n")

        thread = threading.Thread(target=babble)
        thread.start()
        with pytest.raises(ChannelError, match=r"no answer from the receiver \(BadStatusLine\)"):
            channel(f"http://127.0.0.1:{server.getsockname()[1]}/").send(alert())
        thread.join()


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    try:
        certificate, key = self_signed(tmp_path)
    except FileNotFoundError:
        pytest.skip("openssl is not installed, which makes the test's certificate")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def greet() -> None:
            peer, _ = server.accept()
            with peer, pytest.raises(ssl.SSLError):
                context.wrap_socket(peer, server_side=True)

        thread = threading.Thread(target=greet)
        thread.start()
        with pytest.raises(ChannelError, match="certificate is not to be trusted"):
            channel(f"https://localhost:{server.getsockname()[1]}/").send(alert())
        thread.join()


@pytest.mark.parametrize(
    "url",
    [
        "ftp://host/x",
        "https://",
        "https://user:hunter2@host/",
        "https://host:port/",
        "https://host/a b",
        "https://host/a\r\nX-Injected: 1",
        "hunter2",
    ],
)
def test_what_is_no_address_is_refused_at_the_start_and_not_repeated(url: str) -> None:
    with pytest.raises(ConfigError, match=r"webhook\.url: what it refers to is not") as caught:
        channel(url)
    assert "hunter2" not in str(caught.value)


def test_plain_http_to_another_machine_must_be_allowed() -> None:
    for host in ("192.0.2.1", "example.org", "localhost.example.org"):
        with pytest.raises(ConfigError, match=r"webhook\.plain_http"):
            channel(f"http://{host}/")
        channel(f"http://{host}/", plain_http=True).close()
    for host in ("localhost", "127.0.0.1", "[::1]"):
        channel(f"http://{host}/").close()


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ConfigError, match="got 5 characters, expected at least 16"):
        WebhookChannel(
            WebhookConfig(), url=Secret("https://h/"), key=Secret("short"), wall_clock_ns=int
        )
