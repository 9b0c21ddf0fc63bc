"""The connection to an MQTT broker: comes back by itself, says when a message was taken."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edgeai_alerts.channel_config import MqttConfig
from edgeai_core.errors import ChannelError, ConfigError
from edgeai_core.secret import Secret

_LOG = logging.getLogger(__name__)
_KEEPALIVE_S = 30
_CONNECT_TIMEOUT_S = 3.0
_LONGEST_PAUSE_S = 8
_FAREWELL_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkEvents:
    """What the link's own thread calls; nothing of it may raise or wait long.

    Attributes:
        up: the broker has accepted us, for the first time or again.
        received: topic and payload of a message that is not a retained one.
    """

    up: Callable[[], None]
    received: Callable[[str, bytes], None]


class BrokerLink:
    """One MQTT 5 session that begins afresh with every connection.

    What must arrive goes through `deliver` and is confirmed by the broker (QoS 1); what only shows
    the present state goes through `show` (QoS 0, retained) and is said again by the owner when the
    link is up again: a state that waited for the broker in a queue would be an old one.

    Args:
        config: where and how. password: of the user, None for none.
        client_id: always the same for one graph, so that a broker ends the session of a process
            that was killed, and says its last will, before it begins ours.
        status: (topic, when we are there, when we are not). topics: filters to listen to.
        events: what happens.

    Raises:
        ConfigError: certificates cannot be loaded.
    """

    def __init__(
        self,
        config: MqttConfig,
        *,
        password: Secret | None,
        client_id: str,
        status: tuple[str, str, str],
        topics: Sequence[str],
        events: LinkEvents,
    ) -> None:
        self._where = f"{config.host}:{config.port}"
        self._tls = config.tls
        self._timeout_s = config.timeout_s
        self._status = status
        self._topics = tuple(topics)
        self._events = events
        self._connected = False
        self._closed = False
        self._why = "no answer yet"
        # Messages that the broker has not confirmed. The client itself sends them again when it is
        # connected again, so a second try only waits: published anew they would arrive twice.
        self._unconfirmed: dict[str, paho.MQTTMessageInfo] = {}
        self._refusals: dict[int, str] = {}
        self._client = self._made(config, password, client_id)
        self._client.connect_async(
            config.host, config.port, keepalive=_KEEPALIVE_S, clean_start=True
        )

    def start(self) -> None:
        """Connect and stay connected, in a thread of the link's own; events may come from now."""
        self._client.loop_start()

    def trouble(self) -> str:
        """Return why there is no broker, empty while there is one."""
        return (
            "" if self._connected else f"not connected to the broker at {self._where}: {self._why}"
        )

    def deliver(self, key: str, topic: str, payload: str) -> None:
        """Return when the broker has taken a message.

        Args:
            key: the same for every try of the same message.

        Raises:
            ChannelError: it has not, or not yet.
        """
        info = self._unconfirmed.get(key)
        if not self._connected:
            raise ChannelError(f"mqtt: {self.trouble()}")
        if info is None:
            info = self._client.publish(topic, payload, qos=1)
            if info.rc == paho.MQTT_ERR_NO_CONN:
                # The client keeps it and sends it later all the same; only the flag below counts.
                info.rc = paho.MQTT_ERR_SUCCESS
            self._unconfirmed[key] = info
        try:
            info.wait_for_publish(self._timeout_s)
            taken = info.is_published()
        except (RuntimeError, ValueError) as exc:
            del self._unconfirmed[key]
            raise ChannelError(f"mqtt: the message could not be queued ({exc})") from exc
        if not taken:
            why = self.trouble() or f"the broker did not confirm within {self._timeout_s:.1f} s"
            raise ChannelError(f"mqtt: {why}")
        del self._unconfirmed[key]
        refusal = self._refusals.pop(info.mid, "")
        if refusal:
            raise ChannelError(
                f"mqtt: the broker at {self._where} refused a message for {topic}: {refusal}"
            )

    def show(self, topic: str, payload: str | bytes, *, expiry_s: float | None = None) -> None:
        """Set a retained message; do nothing while there is no broker.

        Args:
            expiry_s: the broker forgets it after so long; None keeps it.
        """
        if not self._connected:
            return
        properties = Properties(PacketTypes.PUBLISH)
        if expiry_s is not None:
            properties.MessageExpiryInterval = max(1, round(expiry_s))
        self._client.publish(topic, payload, qos=0, retain=True, properties=properties)

    def close(self) -> None:
        """Say good-bye and end the link's thread; calling it twice is harmless."""
        if self._closed:
            return
        self._closed = True
        if self._connected:
            topic, _, away = self._status
            farewell = self._client.publish(topic, away, qos=1, retain=True)
            try:
                farewell.wait_for_publish(_FAREWELL_S)
            except (RuntimeError, ValueError):
                _LOG.debug("the broker went before it could be told good-bye")
        self._client.disconnect()
        self._client.loop_stop()
        self._connected = False
        self._why = "closed"

    def _made(self, config: MqttConfig, password: Secret | None, client_id: str) -> paho.Client:
        client = paho.Client(CallbackAPIVersion.VERSION2, client_id=client_id, protocol=paho.MQTTv5)
        client.connect_timeout = _CONNECT_TIMEOUT_S
        client.reconnect_delay_set(1, _LONGEST_PAUSE_S)
        if config.user:
            client.username_pw_set(config.user, password.reveal() if password else None)
        if config.tls:
            try:
                client.tls_set(ca_certs=config.ca_file or None, tls_version=ssl.PROTOCOL_TLS_CLIENT)
            except (OSError, ValueError) as exc:
                raise ConfigError(
                    f"parameter mqtt.ca_file: {config.ca_file} cannot be loaded ({exc}); expected "
                    "PEM certificates"
                ) from exc
        topic, _, away = self._status
        client.will_set(topic, away, qos=1, retain=True)
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        return client

    # paho's thread calls these; an exception in them would end it.

    def _on_connect(
        self, client: paho.Client, data: object, flags: object, reason: Any, properties: object
    ) -> None:
        if reason.is_failure:
            self._why = f"it refuses us ({reason})"
            return
        if self._topics:
            client.subscribe([(topic, 1) for topic in self._topics])
        self._connected = True
        topic, here, _ = self._status
        client.publish(topic, here, qos=0, retain=True)
        self._guarded(self._events.up)

    def _on_connect_fail(self, client: paho.Client, data: object) -> None:
        self._why = (
            "nobody answers there over TLS with a certificate that we trust for this name"
            if self._tls
            else "nobody answers there"
        )

    def _on_disconnect(
        self, client: paho.Client, data: object, flags: object, reason: Any, properties: object
    ) -> None:
        if self._connected:
            self._why = f"the connection was lost ({reason})"
        self._connected = False

    def _on_message(self, client: paho.Client, data: object, message: paho.MQTTMessage) -> None:
        # A command that somebody left at the broker would be carried out with every connection.
        if not message.retain:
            self._guarded(lambda: self._events.received(message.topic, bytes(message.payload)))

    def _on_publish(
        self, client: paho.Client, data: object, mid: int, reason: Any, properties: object
    ) -> None:
        if reason.is_failure:
            self._refusals[mid] = str(reason)
            if len(self._refusals) > 1000:
                self._refusals.pop(next(iter(self._refusals)))

    def _guarded(self, call: Callable[[], None]) -> None:
        try:
            call()
        except Exception:  # a bug there must not end the connection for good
            _LOG.exception("mqtt: an event of the broker could not be handled")
