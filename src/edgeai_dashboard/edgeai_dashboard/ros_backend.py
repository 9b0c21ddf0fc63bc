"""The graph for the page: services, heartbeats, alerts and pictures over ROS."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from edgeai_msgs.msg import Alert, AnalyzerStatus
from edgeai_msgs.srv import (
    AcknowledgeAlert,
    EnrolPerson,
    ForgetPerson,
    GetEvidence,
    ListAlerts,
    ListPeople,
    ManagePerson,
    SetArmed,
    WhereIs,
)
from std_srvs.srv import Trigger

from edgeai_core.access.credentials import (
    armed_subject,
    manage_subject,
    operator_key,
    sign_credential,
)
from edgeai_core.types import AuthState
from edgeai_core.user_settings import SettingValue
from edgeai_dashboard.alert_feed import AlertFeed
from edgeai_dashboard.backend import AlertQuery, Evidence, GraphError, Json, LivePicture
from edgeai_dashboard.config import GraphConfig
from edgeai_dashboard.drawn_zones import DrawnZones
from edgeai_dashboard.graph_calls import GraphCalls
from edgeai_dashboard.json_views import (
    alert_view,
    node_view,
    person_view,
    session_view,
    sighting_view,
)
from edgeai_dashboard.live_feed import LiveFeed
from edgeai_dashboard.node_settings import NodeSettings
from edgeai_dashboard.sessions import Caller
from edgeai_dashboard.zone_slots import ZoneSlot

# Relative, as all names of services here: the page is in the namespace of its graph.
_ALERTS = "alert_manager"
_PART_BYTES = 1024 * 1024
_MAX_EVIDENCE_BYTES = 128 * 1024 * 1024
# Faces of a clip are found one by one.
_ENROL_TIMEOUT_S = 120.0
_FORGET_TIMEOUT_S = 60.0
# A node whose heartbeat is older is shown as silent; it comes once a second.
_SILENT_AFTER_S = 4.0


class RosBackend:
    """Implements `Backend`. Heartbeats and alerts come on the executor's thread, the rest is asked
    for on the server's loop.

    Args:
        calls: to the nodes. config: what runs. settings: of the nodes. feeds: by camera.
        access: returns the access state that counts now. folder: holds the installation's key.
        clock_s: monotonic seconds.
    """

    def __init__(
        self,
        calls: GraphCalls,
        config: GraphConfig,
        *,
        settings: NodeSettings,
        feeds: Mapping[str, LiveFeed],
        access: Callable[[], AuthState],
        folder: Path,
        clock_s: Callable[[], float],
    ) -> None:
        self._calls = calls
        self._config = config
        self._settings = settings
        self._zones = DrawnZones(settings)
        self._feeds = feeds
        self._access = access
        self._folder = folder
        self._clock_s = clock_s
        self._nodes: dict[str, tuple[float, Json]] = {}
        self._alert_feed = AlertFeed()

    # On the executor's thread.

    def take_status(self, status: AnalyzerStatus) -> None:
        """Note a node's heartbeat."""
        self._nodes[status.node_name] = (self._clock_s(), node_view(status))

    def take_alert(self, alert: Alert) -> None:
        """Hand an alert to everybody who watches."""
        self._alert_feed.publish(alert_view(alert))

    # On the server's loop.

    def snapshot(self) -> Json:
        now_s = self._clock_s()
        nodes = []
        for name in self._config.nodes:
            seen_s, view = self._nodes.get(name, (-1e9, {"name": name}))
            silent = now_s - seen_s > _SILENT_AFTER_S
            nodes.append({**view, "state": "silent", "level": "stale"} if silent else view)
        return {
            "session": session_view(self._access()),
            # Each once: what is armed is armed at every camera.
            "analyzers": list(dict.fromkeys(n.rpartition("/")[2] for n in self._config.analyzers)),
            "nodes": nodes,
            "cameras": list(self._config.cameras),
        }

    def alerts_feed(self) -> AbstractAsyncContextManager[AsyncIterator[Json]]:
        return self._alert_feed.watch()

    def watch(self, camera: str) -> AbstractAsyncContextManager[AsyncIterator[LivePicture]]:
        if camera not in self._feeds:
            known = ", ".join(self._feeds) or "none"
            raise GraphError(f"no camera {camera[:64]!r}; known: {known}")
        return self._feeds[camera].watch()

    async def set_armed(self, caller: Caller, analyzers: Sequence[str]) -> str:
        request = SetArmed.Request(
            analyzers=list(analyzers),
            credential=self._credential(caller, "set_armed", armed_subject(analyzers)),
        )
        return str((await self._asked(SetArmed, "supervisor/set_armed", request)).message)

    async def lock(self) -> str:
        return str((await self._asked(Trigger, "supervisor/lock", Trigger.Request())).message)

    async def alerts(self, caller: Caller, query: AlertQuery) -> Json:
        request = ListAlerts.Request(
            text=query.text,
            categories=list(query.categories),
            camera=query.camera,
            min_severity=query.min_severity,
            states=list(query.states),
            before_alert_id=query.before,
            limit=query.limit,
            credential=self._credential(caller, "list_alerts", ""),
        )
        answer = await self._asked(ListAlerts, f"{_ALERTS}/list_alerts", request)
        return {"alerts": [alert_view(a) for a in answer.alerts], "more": bool(answer.more)}

    async def acknowledge(self, caller: Caller, alert_id: str) -> str:
        request = AcknowledgeAlert.Request(
            alert_id=alert_id,
            acknowledged_by=caller.name[:64],
            credential=self._credential(caller, "acknowledge", alert_id),
        )
        answer = await self._asked(AcknowledgeAlert, f"{_ALERTS}/acknowledge", request)
        return str(answer.message)

    async def evidence(self, caller: Caller, alert_id: str, kind: str) -> Evidence:
        data = bytearray()
        while True:
            request = GetEvidence.Request(
                alert_id=alert_id,
                kind=kind,
                offset_bytes=len(data),
                limit_bytes=_PART_BYTES,
                credential=self._credential(caller, "get_evidence", alert_id),
            )
            part = await self._asked(GetEvidence, f"{_ALERTS}/get_evidence", request)
            data += bytes(part.data)
            if len(data) >= part.total_bytes or not part.data or len(data) > _MAX_EVIDENCE_BYTES:
                return Evidence(media_type=str(part.media_type), data=bytes(data))

    async def people(self, caller: Caller) -> list[Json]:
        request = ListPeople.Request(credential=self._credential(caller, "list_people", ""))
        answer = await self._asked(ListPeople, f"{self._faces()}/list_people", request)
        return [person_view(person) for person in answer.people]

    async def enrol(self, caller: Caller, *, name: str, source: Path, authorised: bool) -> Json:
        request = EnrolPerson.Request(
            name=name,
            source=str(source),
            authorised=authorised,
            credential=self._credential(caller, "enrol", name),
        )
        answer = await self._asked(
            EnrolPerson, f"{self._faces()}/enrol", request, timeout_s=_ENROL_TIMEOUT_S
        )
        return {
            "message": answer.message,
            "accepted": int(answer.accepted),
            "rejected": int(answer.rejected),
        }

    async def manage_person(self, caller: Caller, *, action: str, name: str, value: str) -> str:
        if action == "forget":
            # The gallery last: whatever fails before can be repeated by the name.
            await self._forget_in_alerts(caller, name)
        request = ManagePerson.Request(
            action=action,
            name=name,
            value=value,
            credential=self._credential(
                caller, "manage_person", manage_subject(action, name, value)
            ),
        )
        answer = await self._asked(
            ManagePerson, f"{self._faces()}/manage_person", request, timeout_s=_FORGET_TIMEOUT_S
        )
        if action == "forget" and self._access().person_name == name:
            # Else it would go on by that name until its time is over.
            await self.lock()
        return str(answer.message)

    async def things(self, caller: Caller) -> list[Json]:
        return [sighting_view(sighting) for sighting in await self._sightings(caller, "")]

    async def thing_snapshot(self, caller: Caller, *, thing: str, camera: str) -> bytes:
        for sighting in await self._sightings(caller, thing):
            if sighting.camera == camera and sighting.snapshot.data:
                return bytes(sighting.snapshot.data)
        raise GraphError(f"no picture was taken of {thing}")

    async def settings(self, camera: str) -> list[Json]:
        return await self._settings.everything(camera)

    async def apply(self, node: str, values: Mapping[str, SettingValue], *, camera: str) -> str:
        return await self._settings.apply(node, values, camera=camera)

    async def follow(self, node: str, name: str, *, camera: str) -> str:
        return await self._settings.follow(node, name, camera=camera)

    async def zones(self, camera: str) -> list[Json]:
        return await self._zones.at(camera)

    async def draw(self, slot: ZoneSlot, texts: Sequence[str], *, camera: str) -> str:
        return await self._zones.draw(slot, texts, camera=camera)

    async def _sightings(self, caller: Caller, thing: str) -> list[Any]:
        request = WhereIs.Request(
            thing=thing, credential=self._credential(caller, "where_is", thing)
        )
        answer = await self._calls.call(WhereIs, f"{_ALERTS}/where_is", request)
        # "Never seen" is no refusal: there is just nothing to show.
        return list(answer.sightings)

    async def _forget_in_alerts(self, caller: Caller, name: str) -> None:
        people = await self.people(caller)
        found = [person for person in people if person["name"] == name]
        if not found:
            raise GraphError(f"nobody named {name!r} is enrolled")
        person_id = str(found[0]["id"])
        request = ForgetPerson.Request(
            person_id=person_id,
            name=name,
            credential=self._credential(caller, "forget_person", person_id),
        )
        await self._asked(
            ForgetPerson, f"{_ALERTS}/forget_person", request, timeout_s=_FORGET_TIMEOUT_S
        )

    def _faces(self) -> str:
        for name in self._config.nodes:
            if name.endswith("/face_authenticator"):
                return name
        raise GraphError("this graph recognises no faces; start the profile home or city")

    def _credential(self, caller: Caller, action: str, subject: str) -> str:
        return sign_credential(
            operator_key(self._folder),
            name=caller.name,
            permissions=caller.permissions,
            action=action,
            subject=subject,
            now_ns=time.time_ns(),
        )

    async def _asked(
        self, service: type[Any], name: str, request: Any, *, timeout_s: float = 5.0
    ) -> Any:
        answer = await self._calls.call(service, name, request, timeout_s=timeout_s)
        if not answer.success:
            raise GraphError(str(answer.message))
        return answer
