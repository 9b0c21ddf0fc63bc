"""What other programs may ask the alert node, once they show that they may."""

from __future__ import annotations

import array
import time
from collections.abc import Callable
from typing import Any

from edgeai_msgs.srv import AcknowledgeAlert, ForgetPerson, GetEvidence, ListAlerts, WhereIs
from rclpy.node import Node

from edgeai_alerts.evidence.shelf import EvidenceShelf, Piece
from edgeai_alerts.forgetting import Forgetting
from edgeai_alerts.listing import AlertFilter
from edgeai_alerts.sightings import never_seen, told_sighting
from edgeai_alerts.store import EventStore
from edgeai_core.access.credentials import ServiceGuard
from edgeai_core.access.permissions import Permission
from edgeai_core.alerting.forgetting import Forgotten
from edgeai_core.errors import EdgeAiError
from edgeai_core.types import AlertState, Severity
from edgeai_ros_common.convert import alert_to_msg
from edgeai_ros_common.convert_sightings import sighting_to_msg
from edgeai_ros_common.off_executor import run_off_executor


class AlertServices:
    """Answers from the event store; the executor's thread calls them.

    Args:
        store: open for as long as the services are offered.
        guard: says who may. shelf: holds what is kept of alerts.
        forgetting: returns what a person has to be forgotten in.
        on_acknowledged: is told which alert somebody has seen, and who.
    """

    def __init__(
        self,
        store: EventStore,
        *,
        guard: ServiceGuard,
        shelf: EvidenceShelf,
        forgetting: Callable[[], Forgetting],
        on_acknowledged: Callable[[str, str], object],
    ) -> None:
        self._store = store
        self._guard = guard
        self._shelf = shelf
        self._forgetting = forgetting
        self._on_acknowledged = on_acknowledged

    def offer(self, node: Node) -> list[Any]:
        """Make the services of a node; return them, for the caller to destroy."""
        self._node = node
        return [
            node.create_service(AcknowledgeAlert, "~/acknowledge", self.acknowledge),
            node.create_service(ListAlerts, "~/list_alerts", self.list_alerts),
            node.create_service(WhereIs, "~/where_is", self.where_is),
            node.create_service(ForgetPerson, "~/forget_person", self.forget_person),
            node.create_service(GetEvidence, "~/get_evidence", self.get_evidence),
        ]

    def acknowledge(
        self, request: AcknowledgeAlert.Request, response: AcknowledgeAlert.Response
    ) -> AcknowledgeAlert.Response:
        """Note who has seen an alert."""
        response.message = self._guard.objection(
            request.credential,
            action="acknowledge",
            subject=request.alert_id,
            permission=Permission.ACKNOWLEDGE,
        )
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
        response.message = self._guard.objection(
            request.credential, action="list_alerts", subject="", permission=Permission.OPERATE
        )
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
        response.message = self._guard.objection(
            request.credential,
            action="where_is",
            subject=request.thing,
            permission=Permission.OPERATE,
        )
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

    async def get_evidence(
        self, request: GetEvidence.Request, response: GetEvidence.Response
    ) -> GetEvidence.Response:
        """Hand out a part of what is kept of an alert."""
        response.message = self._guard.objection(
            request.credential,
            action="get_evidence",
            subject=request.alert_id,
            permission=Permission.OPERATE,
        )
        if response.message:
            return response

        def read() -> Piece:
            return self._shelf.read(
                request.alert_id,
                request.kind,
                offset_bytes=int(request.offset_bytes),
                limit_bytes=int(request.limit_bytes),
            )

        try:
            piece = await run_off_executor(self._node, read, name="evidence-reader")
        except EdgeAiError as exc:
            response.message = str(exc)
            return response
        response.success = True
        response.media_type, response.total_bytes = piece.media_type, piece.total_bytes
        response.data = array.array("B", piece.data)
        return response

    async def forget_person(
        self, request: ForgetPerson.Request, response: ForgetPerson.Response
    ) -> ForgetPerson.Response:
        """Take a person out of what is remembered, stored, logged and shown."""
        response.message = self._guard.objection(
            request.credential,
            action="forget_person",
            subject=request.person_id,
            permission=Permission.ENROL,
        )
        if response.message:
            return response
        try:
            person = Forgotten(person_id=request.person_id, name=request.name)
            forgetting = self._forgetting()
            forgetting.forget_memory(person)
            # It rewrites whole files.
            response.alerts = await run_off_executor(
                self._node, lambda: forgetting.forget_files(person), name="forgetting"
            )
            forgetting.forget_published()
        except (EdgeAiError, ValueError) as exc:
            response.message = str(exc)
            return response
        response.success = True
        response.message = f"{response.alerts} alerts no longer name the person"
        return response
