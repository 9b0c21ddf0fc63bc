"""What the chosen channels are made from."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence

from edgeai_alerts.channels.base import ChannelSetup, EvidenceFiles
from edgeai_alerts.config import AlertManagerConfig
from edgeai_core.access.locations import data_directory
from edgeai_core.alerting.texts import Texts


def channel_setup(
    config: AlertManagerConfig,
    *,
    texts: Texts,
    cameras: Sequence[str],
    acknowledge: Callable[[str, str], str],
    report: Callable[[str], None],
    evidence: EvidenceFiles,
) -> ChannelSetup:
    """Return the set-up of this machine's channels.

    Args:
        config: the alert node's. texts: language of the messages.
        cameras: namespaces of the watched cameras.
        acknowledge, report, evidence: as in `ChannelSetup`.
    """
    return ChannelSetup(
        state_folder=data_directory(),
        terminal=sys.stdout,
        wall_clock_ns=time.time_ns,
        log_file=config.log_file,
        apprise=config.apprise,
        webhook=config.webhook,
        mqtt=config.mqtt,
        sound=config.sound,
        texts=texts,
        cameras=tuple(cameras),
        acknowledge=acknowledge,
        report=report,
        evidence=evidence,
    )
