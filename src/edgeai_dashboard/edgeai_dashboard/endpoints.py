"""The one table of what the server answers, to whom."""

from __future__ import annotations

from dataclasses import dataclass

from edgeai_dashboard import (
    alert_handlers,
    graph_handlers,
    live_socket,
    page_handlers,
    people_handlers,
    session_handlers,
)
from edgeai_dashboard.guarding import Handler
from edgeai_dashboard.needs import Need


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One route.

    Attributes:
        method, path: of HTTP; parts in braces vary. handler: answers. need: who may ask.
        checks_csrf: whether a change must carry the session's token.
    """

    method: str
    path: str
    handler: Handler
    need: Need
    checks_csrf: bool = True


def _get(path: str, handler: Handler, need: Need) -> Endpoint:
    return Endpoint(method="GET", path=path, handler=handler, need=need)


def _change(method: str, path: str, handler: Handler, need: Need) -> Endpoint:
    return Endpoint(method=method, path=path, handler=handler, need=need)


_ALERT = "/api/alerts/{alert_id}"

ENDPOINTS: tuple[Endpoint, ...] = (
    _get("/", page_handlers.get_page, Need.ANYBODY),
    _get("/static/{name}", page_handlers.get_static, Need.ANYBODY),
    _get("/api/session", session_handlers.get_session, Need.ANYBODY),
    # There is no session yet whose token it could carry; its origin is checked.
    Endpoint(
        method="POST",
        path="/api/login",
        handler=session_handlers.log_in,
        need=Need.ANYBODY,
        checks_csrf=False,
    ),
    _change("POST", "/api/logout", session_handlers.log_out, Need.ACCOUNT),
    _change("POST", "/api/password", session_handlers.change_password, Need.ACCOUNT),
    _get("/api/live", live_socket.open_socket, Need.ACCOUNT),
    _get("/api/state", graph_handlers.get_state, Need.ACCOUNT),
    _change("PUT", "/api/armed", graph_handlers.set_armed, Need.ARM),
    _change("POST", "/api/lock", graph_handlers.lock, Need.OPERATE),
    _get("/api/alerts", alert_handlers.list_alerts, Need.OPERATE),
    _change("POST", f"{_ALERT}/acknowledge", alert_handlers.acknowledge, Need.ACKNOWLEDGE),
    _get(f"{_ALERT}/evidence/{{kind}}", alert_handlers.get_evidence, Need.OPERATE),
    _get("/api/things", alert_handlers.list_things, Need.OPERATE),
    _get("/api/things/snapshot", alert_handlers.thing_snapshot, Need.OPERATE),
    _get("/api/people", people_handlers.list_people, Need.ENROL),
    _change("POST", "/api/people", people_handlers.enrol, Need.ENROL),
    _change("POST", "/api/people/manage", people_handlers.manage, Need.ENROL),
    _get("/api/zones", graph_handlers.get_zones, Need.OPERATE),
    _change("PUT", "/api/zones", graph_handlers.set_zones, Need.OWNER),
    _get("/api/settings", graph_handlers.get_settings, Need.OWNER),
    _change("PUT", "/api/settings", graph_handlers.set_setting, Need.OWNER),
    _change("POST", "/api/settings/follow", graph_handlers.follow_all, Need.OWNER),
    _get("/api/models", graph_handlers.list_models, Need.ACCOUNT),
)
