"""Alerts through apprise: e-mail, Telegram, Signal, ntfy, Slack, SMS gateways … by URL."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from pathlib import Path

import apprise

from edgeai_alerts.channel_config import AppriseConfig
from edgeai_alerts.channels.base import SNAPSHOT, EvidenceFiles
from edgeai_core.alerting.ratelimit import MonotonicClock
from edgeai_core.alerting.rendering import describe, printable
from edgeai_core.alerting.texts import ENGLISH, Texts
from edgeai_core.errors import ChannelError, ConfigError
from edgeai_core.secret import Secret
from edgeai_core.types import Alert, Severity

_STATUS = re.compile(r"\berror=(\d{3})\b")
# Pictures are made within two seconds of an alert's stamp.
_NEW_S = 10.0
_POLL_S = 0.1
_TYPES = {
    Severity.INFO: apprise.NotifyType.INFO,
    Severity.WARNING: apprise.NotifyType.WARNING,
    Severity.CRITICAL: apprise.NotifyType.FAILURE,
}


class AppriseChannel:
    """One URL of apprise. Each URL is a channel of its own, so that one that fails is tried again
    without telling the others twice.

    Args:
        name: channel name, without anything of the URL.
        url: apprise's URL, see https://github.com/caronc/apprise/wiki.
        config: limits.
        evidence: where the alerts' pictures lie. texts: language.
        wall_clock_ns: nanoseconds since 1970, to tell new alerts from old ones.
        clock: monotonic seconds. pause: waits for so many seconds.

    Raises:
        ConfigError: apprise knows no such URL.
    """

    def __init__(
        self,
        name: str,
        *,
        url: Secret,
        config: AppriseConfig,
        evidence: EvidenceFiles,
        texts: Texts = ENGLISH,
        wall_clock_ns: Callable[[], int] = time.time_ns,
        clock: MonotonicClock = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        _hush()
        self._wall_clock_ns = wall_clock_ns
        self._clock = clock
        self._pause = pause
        self._texts = texts
        self._name = name
        self._config = config
        self._evidence = evidence
        self._service = apprise.Apprise(
            asset=apprise.AppriseAsset(
                app_id="edgeai",
                app_desc="edgeai",
                app_url="",
                # No pictures from elsewhere in messages, nothing kept on disk, no following to
                # other machines; the outbox is what tries again.
                image_url_mask="",
                image_url_logo="",
                async_mode=False,
                http_redirects=False,
                secure_logging=True,
                storage_mode=apprise.PersistentStoreMode.MEMORY,
            )
        )
        # Not a list of URLs: a comma or space in one must not send the rest elsewhere.
        service = apprise.Apprise.instantiate(url.reveal(), asset=self._service.asset)
        if service is None:
            raise ConfigError(
                f"parameter apprise.urls: what {name.partition(':')[2]} holds is no URL that "
                "apprise knows (it is not shown); see docs/alerts.md for examples"
            )
        service.socket_connect_timeout = config.timeout_s
        service.socket_read_timeout = config.timeout_s
        self._service.add(service)

    @property
    def name(self) -> str:
        return self._name

    def send(self, alert: Alert) -> None:
        event = alert.event
        place = f" · {event.camera}" if event.camera else ""
        picture = self._picture(alert) if self._config.snapshots else None
        result = self._service.notify(
            title=printable(f"{self._texts.word(event.severity)}: {event.title}{place}"),
            body=f"{describe(alert, texts=self._texts)}\n({alert.alert_id})",
            body_format=apprise.NotifyFormat.TEXT,
            notify_type=_TYPES[event.severity],
            attach=None if picture is None else str(picture),
        )
        if not result:
            # Of what apprise says only the status: the rest may name hosts, users and tokens.
            said = [status for entry in result.logs() for status in _STATUS.findall(entry.message)]
            why = f" (HTTP {', '.join(dict.fromkeys(said))})" if said else ""
            raise ChannelError(f"{self._name}: the service did not take the alert{why}")

    def _picture(self, alert: Alert) -> Path | None:
        # A message cannot be completed later. What is old, as after an outage, has its picture or
        # will never have one.
        age_s = (self._wall_clock_ns() - alert.event.stamp_ns) / 1e9
        is_new = alert.event.camera != "" and 0.0 <= age_s < _NEW_S
        end_s = self._clock() + (self._config.snapshot_wait_s if is_new else 0.0)
        while True:
            path = self._evidence.path(alert.alert_id, SNAPSHOT)
            if path is not None or self._clock() >= end_s:
                return path
            self._pause(_POLL_S)

    def close(self) -> None:
        """Do nothing: each alert has a connection of its own."""


_SILENT = logging.NullHandler()


def _hush() -> None:
    # Its messages name hosts, users and, at its debug level, tokens; so do those of urllib3.
    for library in ("apprise", "urllib3", "requests_oauthlib"):
        logger = logging.getLogger(library)
        logger.propagate = False
        logger.addHandler(_SILENT)
