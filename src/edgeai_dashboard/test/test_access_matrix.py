"""Who gets what from the server: every route for everybody."""

from __future__ import annotations

import pytest

from edgeai_core.access.permissions import Role
from edgeai_dashboard.app import make_app
from edgeai_dashboard.endpoints import ENDPOINTS
from edgeai_dashboard.live_socket import COMMANDS
from edgeai_dashboard.needs import Need, satisfied
from edgeai_dashboard.testing.graph import ALERT_ID

NOBODY = "nobody"
EVERYBODY = (NOBODY, "guest", "operator", "member", "owner")
LOGGED_IN = EVERYBODY[1:]
OPERATING = ("operator", "member", "owner")
ARMING = ("member", "owner")
OWNING = ("owner",)

# Written out here a second time on purpose: a slip in the table of the program must not be the
# measure of itself.
MATRIX = {
    ("GET", "/"): EVERYBODY,
    ("GET", "/static/{name}"): EVERYBODY,
    ("GET", "/api/session"): EVERYBODY,
    ("POST", "/api/login"): EVERYBODY,
    ("POST", "/api/logout"): LOGGED_IN,
    ("POST", "/api/password"): LOGGED_IN,
    ("GET", "/api/live"): LOGGED_IN,
    ("GET", "/api/state"): LOGGED_IN,
    ("PUT", "/api/armed"): ARMING,
    ("POST", "/api/lock"): OPERATING,
    ("GET", "/api/alerts"): OPERATING,
    ("POST", "/api/alerts/{alert_id}/acknowledge"): OPERATING,
    ("GET", "/api/alerts/{alert_id}/evidence/{kind}"): OPERATING,
    ("GET", "/api/things"): OPERATING,
    ("GET", "/api/things/snapshot"): OPERATING,
    ("GET", "/api/people"): OWNING,
    ("POST", "/api/people"): OWNING,
    ("POST", "/api/people/manage"): OWNING,
    ("GET", "/api/zones"): OPERATING,
    ("PUT", "/api/zones"): OWNING,
    ("GET", "/api/settings"): OWNING,
    ("PUT", "/api/settings"): OWNING,
    ("POST", "/api/settings/follow"): OWNING,
    ("GET", "/api/models"): LOGGED_IN,
}
CHANGING = {route for route in MATRIX if route[0] != "GET" and route != ("POST", "/api/login")}
BODIES = {
    ("POST", "/api/login"): {"name": "owner", "password": "four quiet horses"},
    ("POST", "/api/password"): {"old": "four quiet horses", "new": "five quiet horses"},
    ("PUT", "/api/armed"): {"analyzers": ["fire_detector"]},
    ("POST", "/api/people/manage"): {"action": "revoke", "name": "Ada"},
    ("PUT", "/api/zones"): {"slot": "flames", "zones": ["stove: 0,0 1,0 1,1"]},
    ("PUT", "/api/settings"): {"node": "fire_detector", "name": "a", "value": 1},
    ("POST", "/api/settings/follow"): {"node": "fire_detector", "name": "a", "camera": "camera"},
}


def address(path: str) -> str:
    filled = path.replace("{alert_id}", ALERT_ID).replace("{kind}", "snapshot")
    return filled.replace("{name}", "app.js")


async def asked(visitor, route: tuple[str, str], **options) -> int:
    method, path = route
    if route == ("GET", "/api/live"):
        headers = {"Upgrade": "websocket", "Connection": "Upgrade"}
        headers |= {"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="}
        return (await visitor.ask(method, address(path), headers=headers))[0]
    if route in BODIES:
        options["json"] = BODIES[route]
    status, _ = await visitor.ask(method, address(path), **options)
    return status


def test_every_route_of_the_server_is_in_the_table_and_in_the_matrix(site) -> None:
    routes = {
        (route.method, route.resource.canonical)
        for route in make_app(site.desk()).router.routes()
        if route.method != "HEAD"
    }
    assert routes == {(endpoint.method, endpoint.path) for endpoint in ENDPOINTS} == set(MATRIX)
    assert len(ENDPOINTS) == len(MATRIX)


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda e: f"{e.method} {e.path}")
@pytest.mark.parametrize("who", EVERYBODY)
def test_a_route_answers_exactly_those_who_may(site, endpoint, who) -> None:
    route = (endpoint.method, endpoint.path)
    may = who in MATRIX[route]
    assert satisfied(endpoint.need, None if who == NOBODY else Role(who)) is may

    async def story(visitor) -> None:
        if who != NOBODY:
            assert await visitor.log_in(who) == 200
        status = await asked(visitor, route)
        if may:
            # An enrolment without a form is refused for its form, by the handler itself.
            expected = {("GET", "/api/live"): 101, ("POST", "/api/people"): 415}
            assert status == expected.get(route, 200)
        else:
            assert status == (401 if who == NOBODY else 403)

    site.run(story)


@pytest.mark.parametrize("route", sorted(CHANGING), ids=" ".join)
@pytest.mark.parametrize("token", [None, "", "wrong"])
def test_changes_need_the_token_of_the_session(site, route, token) -> None:
    async def story(visitor) -> None:
        assert await visitor.log_in("owner") == 200
        assert await asked(visitor, route, headers={"X-CSRF-Token": token}) == 403
        assert site.graph.asked == []

    site.run(story)


@pytest.mark.parametrize("route", sorted(MATRIX), ids=" ".join)
def test_requests_of_another_site_are_refused(site, route) -> None:
    async def story(visitor) -> None:
        assert await visitor.log_in("owner") == 200
        visitor.origin = "https://evil.example"
        assert await asked(visitor, route) == 403

    site.run(story)


@pytest.mark.parametrize("command", sorted(COMMANDS))
@pytest.mark.parametrize("who", LOGGED_IN)
def test_every_command_of_the_socket_asks_for_its_need(site, command, who) -> None:
    may = {"watch": OPERATING, "unwatch": LOGGED_IN}[command]
    assert satisfied(COMMANDS[command], Role(who)) is (who in may)

    async def story(visitor) -> None:
        assert await visitor.log_in(who) == 200
        headers = {"Origin": visitor.origin}
        async with visitor.client.ws_connect("/api/live", headers=headers) as socket:
            await socket.send_json({"command": command, "camera": "camera"})
            await socket.send_json({"command": "nonsense"})
            errors = []
            while True:
                message = await socket.receive(timeout=5)
                content = message.json() if message.type.name == "TEXT" else {}
                if content.get("kind") == "error":
                    errors.append(content)
                    if content["error"] == "expected a known command":
                        break
        refused = [error for error in errors if error.get("code") == "role"]
        assert len(refused) == (0 if who in may else 1)
        assert (("watch", "camera") in site.graph.asked) is (command == "watch" and who in may)

    site.run(story)


def test_what_needs_nobody_is_the_page_and_the_log_in_only() -> None:
    open_to_all = {e.path for e in ENDPOINTS if e.need is Need.ANYBODY}
    assert open_to_all == {"/", "/static/{name}", "/api/session", "/api/login"}
