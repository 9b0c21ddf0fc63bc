"""What other programs may ask the alert node, once they show that they may."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from edgeai_msgs.srv import AcknowledgeAlert, ListAlerts, WhereIs
from rclpy.node import Node

from edgeai_alerts.listing import AlertFilter
from edgeai_alerts.sightings import never_seen, told_sighting
from edgeai_alerts.store import EventStore
from edgeai_core.access.permissions import Permission, permission_objection
from edgeai_core.errors import EdgeAiError
from edgeai_core.types import AlertState, AuthState, Severity
from edgeai_ros_common.convert import alert_to_msg
from edgeai_ros_common.convert_sightings import sighting_to_msg


class AlertServices:
    """Answers from the event store; the executor's thread calls them.

    Args:
        store: open for as long as the services are offered.
        access: returns the access state that counts now.
        on_acknowledged: is told which alert somebody has seen, and who.
    """

    def __init__(
        self,
        store: EventStore,
        *,
        access: Callable[[], AuthState],
        on_acknowledged: Callable[[str, str], object],
    ) -> None:
        self._store = store
        self._access = access
        self._on_acknowledged = on_acknowledged

    def offer(self, node: Node) -> list[Any]:
        """Make the services of a node; return them, for the caller to destroy."""
        return [
            node.create_service(AcknowledgeAlert, "~/acknowledge", self.acknowledge),
            node.create_service(ListAlerts, "~/list", self.list_alerts),
            node.create_service(WhereIs, "~/where_is", self.where_is),
        ]

    def acknowledge(
        self, request: AcknowledgeAlert.Request, response: AcknowledgeAlert.Response
    ) -> AcknowledgeAlert.Response:
        """Note who has seen an alert."""
        response.message = permission_objection(self._access(), Permission.ACKNOWLEDGE)
        if response.message:
            return response
        try:
            response.success = self.note_acknowledged(request.alert_id, by=request.acknowledged_by)
        except (EdgeAiError, ValueError) as exc:
            response.message = str(exc)
            return response
        response.message = (
            "acknowledged" if response.success else "somebody had acknowledged it before"
        )
        return response

    def note_acknowledged(self, alert_id: str, *, by: str) -> bool:
        """Note who has seen an alert, after it was checked that he may say so.

        May be called from any thread. False when somebody had acknowledged it before.

        Raises:
            StoreError: no such alert, no name, or it could not be written.
        """
        noted = self._store.acknowledge(alert_id, by=by, now_ns=time.time_ns())
        if noted:
            self._on_acknowledged(alert_id, by)
        return noted

    def list_alerts(
        self, request: ListAlerts.Request, response: ListAlerts.Response
    ) -> ListAlerts.Response:
        """Return stored alerts."""
        response.message = permission_objection(self._access(), Permission.OPERATE)
        if response.message:
            return response
        try:
            alerts, response.more = self._store.listed(
                AlertFilter(
                    text=request.text,
                    categories=tuple(request.categories),
                    camera=request.camera,
                    min_severity=Severity(request.min_severity),
                    states=tuple(AlertState(state) for state in request.states),
                    before_alert_id=request.before_alert_id,
                    limit=request.limit,
                )
            )
        except (EdgeAiError, ValueError) as exc:
            response.message = str(exc)
            return response
        response.alerts = [alert_to_msg(alert) for alert in alerts]
        response.success = True
        return response

    def where_is(self, request: WhereIs.Request, response: WhereIs.Response) -> WhereIs.Response:
        """Say where things were seen last."""
        response.message = permission_objection(self._access(), Permission.OPERATE)
        if response.message:
            return response
        try:
            found = self._store.sightings.newest(request.thing)
        except EdgeAiError as exc:
            response.message = str(exc)
            return response
        response.sightings = [sighting_to_msg(stored.sighting) for stored in found]
        response.success = bool(found)
        response.message = (
            told_sighting(found[0]) if found else never_seen(request.thing or "anything")
        )
        return response
