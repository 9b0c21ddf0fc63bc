"""The apprise channel against real receivers: an HTTP server and a mail server."""

from __future__ import annotations

import dataclasses
import email
import email.policy
import json
import logging
from pathlib import Path

import pytest

from edgeai_alerts.channel_config import AppriseConfig
from edgeai_alerts.channels import make_channels
from edgeai_alerts.channels.apprise import AppriseChannel
from edgeai_alerts.channels.base import ChannelSetup, EvidenceFiles, NoEvidence
from edgeai_alerts.config import LogFileConfig
from edgeai_alerts.testing import HttpReceiver, MailSink, free_port
from edgeai_core.alerting.texts import Texts
from edgeai_core.errors import ChannelError, ConfigError
from edgeai_core.language import Language
from edgeai_core.secret import Secret
from edgeai_core.types import Alert, AlertEvent, Severity

ALERT_ID = "0123456789abcdef" * 2
# The smallest picture that a mail reader accepts: SOI, APP0, EOI.
JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffd9")


def alert(title: str = "unknown face", severity: Severity = Severity.WARNING) -> Alert:
    event = AlertEvent(
        category="unknown_face",
        severity=severity,
        title=title,
        reason="seen in 15 frames & not known",
        source="face_authenticator",
        camera="door",
    )
    return Alert(alert_id=ALERT_ID, event=event, raised_ns=1)


class Pictures:
    def __init__(self, path: Path) -> None:
        self._path = path

    def path(self, alert_id: str, kind: str) -> Path | None:
        return self._path if (alert_id, kind) == (ALERT_ID, "snapshot") else None


def channel(
    url: str, *, evidence: EvidenceFiles | None = None, snapshots: bool = True
) -> AppriseChannel:
    return AppriseChannel(
        "apprise:TEST",
        url=Secret(url),
        config=AppriseConfig(timeout_s=5.0, snapshots=snapshots),
        evidence=evidence or NoEvidence(),
    )


def mail_url(sink: MailSink) -> str:
    return f"mailto://127.0.0.1:{sink.port}?from=cam@example.org&to=ada@example.org&mode=insecure"


def test_an_alert_arrives_by_mail_with_its_picture(mail_sink: MailSink, tmp_path: Path) -> None:
    picture = tmp_path / f"{ALERT_ID}.snapshot.jpg"
    picture.write_bytes(JPEG)

    channel(mail_url(mail_sink), evidence=Pictures(picture)).send(alert())

    (raw,) = mail_sink.messages
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert message["Subject"] == "WARNING: unknown face · door"
    assert "ada@example.org" in message["To"]
    body = message.get_body(("plain",))
    assert body is not None
    said = body.get_content().strip()
    assert said.startswith("WARNING: unknown face, at door. Why: ")
    assert "seen in 15 frames & not known" in said
    assert said.endswith(f"({ALERT_ID})")
    (attached,) = message.iter_attachments()
    assert (attached.get_content_type(), attached.get_content()) == ("image/jpeg", JPEG)


def test_people_are_told_in_their_language(mail_sink: MailSink) -> None:
    french = AppriseChannel(
        "apprise:TEST",
        url=Secret(mail_url(mail_sink)),
        config=AppriseConfig(),
        evidence=NoEvidence(),
        texts=Texts(Language.FR),
    )
    french.send(alert())
    message = email.message_from_bytes(mail_sink.messages[0], policy=email.policy.default)
    assert message["Subject"] == "ATTENTION: unknown face · door"


def test_a_new_alert_waits_a_moment_for_its_picture_and_an_old_one_does_not(
    mail_sink: MailSink, tmp_path: Path
) -> None:
    picture = tmp_path / "picture.jpg"
    picture.write_bytes(JPEG)
    now_s, made_after = [100.0], [3]
    pauses: list[float] = []

    class Late(Pictures):
        def path(self, alert_id: str, kind: str) -> Path | None:
            return super().path(alert_id, kind) if len(pauses) >= made_after[0] else None

    def pause(duration_s: float) -> None:
        pauses.append(duration_s)
        now_s[0] += duration_s

    def send(told: Alert) -> None:
        # A channel of its own each time: apprise lets 5.5 s pass between messages of one.
        AppriseChannel(
            "apprise:TEST",
            url=Secret(mail_url(mail_sink)),
            config=AppriseConfig(snapshot_wait_s=0.45),
            evidence=Late(picture),
            wall_clock_ns=lambda: 5_000_000_000,
            clock=lambda: now_s[0],
            pause=pause,
        ).send(told)

    new = alert()
    new = dataclasses.replace(new, event=dataclasses.replace(new.event, stamp_ns=4_000_000_000))
    send(new)
    assert pauses == [0.1] * 3
    made_after[0] = 100
    send(new)
    assert len(pauses) == 3 + 5
    for stamp_ns in (-6_000_000_000, 6_000_000_000):
        event_then = dataclasses.replace(new.event, stamp_ns=stamp_ns)
        send(dataclasses.replace(new, event=event_then))
    assert len(pauses) == 8
    attached = [
        len(list(email.message_from_bytes(raw, policy=email.policy.default).iter_attachments()))
        for raw in mail_sink.messages
    ]
    assert attached == [1, 0, 0, 0]


def test_without_a_picture_or_where_none_is_wanted_only_text_is_sent(
    mail_sink: MailSink, tmp_path: Path
) -> None:
    picture = tmp_path / "picture.jpg"
    picture.write_bytes(JPEG)
    channel(mail_url(mail_sink)).send(alert())
    channel(mail_url(mail_sink), evidence=Pictures(picture), snapshots=False).send(alert())

    for raw in mail_sink.messages:
        message = email.message_from_bytes(raw, policy=email.policy.default)
        assert list(message.iter_attachments()) == []
    assert len(mail_sink.messages) == 2


def test_an_alert_arrives_at_an_ntfy_server(receiver: HttpReceiver) -> None:
    channel(f"ntfy://tk_hunter2@127.0.0.1:{receiver.port}/alarms").send(
        alert(severity=Severity.CRITICAL)
    )

    (request,) = receiver.posted
    said = json.loads(request.body)
    assert said["topic"] == "alarms"
    assert said["title"] == "CRITICAL: unknown face · door"
    assert said["message"].endswith(f"({ALERT_ID})")
    assert request.headers["Authorization"] == "Bearer tk_hunter2"


@pytest.mark.parametrize("status", [401, 500])
def test_a_service_that_refuses_is_tried_again_and_only_its_status_is_told(
    receiver: HttpReceiver, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.answers = [status]
    with caplog.at_level(logging.DEBUG), pytest.raises(ChannelError) as caught:
        channel(f"ntfy://tk_hunter2@127.0.0.1:{receiver.port}/alarms").send(alert())

    said = f"apprise:TEST: the service did not take the alert (HTTP {status})"
    assert str(caught.value) == said
    assert caplog.text == ""


def test_a_mail_server_that_refuses_or_is_away_is_a_channel_error(
    mail_sink: MailSink, caplog: pytest.LogCaptureFixture
) -> None:
    mail_sink.refuses = True
    away = f"mailto://127.0.0.1:{free_port()}?from=a@b.org&to=c@d.org&mode=insecure"
    with caplog.at_level(logging.DEBUG):
        for url in (mail_url(mail_sink), away):
            with pytest.raises(ChannelError, match=r"did not take the alert$"):
                channel(url).send(alert())
    assert caplog.text == ""
    assert mail_sink.messages == []


def test_a_name_cannot_forge_lines_of_the_message(mail_sink: MailSink) -> None:
    channel(mail_url(mail_sink)).send(alert(title="Ada\r\nBcc: all@example.org"))

    message = email.message_from_bytes(mail_sink.messages[0], policy=email.policy.default)
    assert message["Subject"] == "WARNING: Ada Bcc: all@example.org · door"
    assert message["Bcc"] is None


@pytest.mark.parametrize(
    "url",
    [
        "tgram://123456789:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/12345678",
        "signal://localhost:8080/+15555550100/+15555550101",
        "slack://TAAAAAAAA/BBBBBBBBB/CCCCCCCCCCCCCCCCCCCCCCCC/#home",
        "ntfys://user:pass@ntfy.example.org/alarms",
        "mailtos://user:pass@example.org?smtp=mail.example.org&to=ada@example.org",
        "twilio://AC" + "a" * 32 + ":" + "b" * 32 + "@+15555550100/+15555550101",
    ],
    ids=["Telegram", "Signal", "Slack", "ntfy", "e-mail", "SMS"],
)
def test_the_services_of_the_handbook_are_known(url: str) -> None:
    channel(url).close()


def test_a_url_that_apprise_does_not_know_is_refused_and_not_repeated(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.DEBUG), pytest.raises(ConfigError) as caught:
        channel("pigeon://hunter2/roof")
    assert "what TEST holds is no URL that apprise knows" in str(caught.value)
    assert "hunter2" not in str(caught.value) + caplog.text


def setup(folder: Path, *urls: str, **environ: str) -> ChannelSetup:
    return ChannelSetup(
        state_folder=folder,
        terminal=None,  # type: ignore[arg-type]
        wall_clock_ns=lambda: 1,
        log_file=LogFileConfig(),
        apprise=AppriseConfig(urls=urls),
        environ=environ,
    )


def test_each_url_is_a_channel_that_is_named_after_its_secret(tmp_path: Path) -> None:
    file = tmp_path / "mail.url"
    file.write_text("mailto://127.0.0.1?from=a@b.org&to=c@d.org\n")
    file.chmod(0o600)

    made = make_channels(
        ["apprise"], setup(tmp_path, "env:NTFY_URL", f"file:{file}", NTFY_URL="ntfy://alarms")
    )

    assert [channel.name for channel in made] == ["apprise:NTFY_URL", "apprise:mail.url"]


def test_no_url_two_of_one_name_and_one_that_is_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"apprise\.urls: got none"):
        make_channels(["apprise"], setup(tmp_path))
    with pytest.raises(ConfigError, match=r"apprise\.urls: two secrets have the same name"):
        make_channels(["apprise"], setup(tmp_path, "env:URL", "env:URL", URL="ntfy://alarms"))
    with pytest.raises(ConfigError, match=r"apprise\.urls: the environment variable URL is not"):
        make_channels(["apprise"], setup(tmp_path, "env:URL"))
