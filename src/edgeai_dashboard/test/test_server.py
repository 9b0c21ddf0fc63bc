"""The server: sessions, slowed guessing, headers, uploads, the socket."""

from __future__ import annotations

import asyncio
import io
import json

import aiohttp
import pytest

from edgeai_core.access.permissions import Role
from edgeai_core.errors import ConfigError
from edgeai_dashboard.app import make_app
from edgeai_dashboard.config import DashboardConfig, HttpConfig
from edgeai_dashboard.jpeg_comment import comment_of
from edgeai_dashboard.server import HttpServer
from edgeai_dashboard.testing.graph import ALERT_ID, EXPLANATION, alert, jpeg

PASSWORD = "four quiet horses"
NEW_PASSWORD = "five quiet horses"
WEBM = b"\x1a\x45\xdf\xa3" + bytes(100)


def test_a_session_is_a_cookie_that_scripts_and_other_sites_never_get(site) -> None:
    async def story(visitor) -> None:
        async with visitor.client.post(
            "/api/login", json={"name": "owner", "password": PASSWORD}
        ) as answer:
            cookie = answer.headers["Set-Cookie"]
            csrf = (await answer.json())["csrf"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert "Max-Age=43200" in cookie
        assert csrf not in cookie

    site.run(story)


def test_sessions_end_with_their_time_with_idleness_and_at_log_out(site) -> None:
    async def story(visitor) -> None:
        for passing_s in (3601.0, None):
            assert await visitor.log_in("member") == 200
            assert (await visitor.ask("GET", "/api/state"))[0] == 200
            if passing_s is None:
                assert (await visitor.ask("POST", "/api/logout"))[0] == 200
            else:
                site.now_s += passing_s
            assert (await visitor.ask("GET", "/api/state"))[0] == 401
        assert await visitor.log_in("member") == 200
        for _ in range(13):
            site.now_s += 3500.0
            status, _ = await visitor.ask("GET", "/api/state")
        assert status == 401

    site.run(story)


def test_an_old_cookie_is_worth_nothing_after_log_out(site) -> None:
    async def story(visitor) -> None:
        assert await visitor.log_in("member") == 200
        (cookie,) = visitor.client.session.cookie_jar
        await visitor.ask("POST", "/api/logout")
        stolen = {"Cookie": f"{cookie.key}={cookie.value}"}
        assert (await visitor.ask("GET", "/api/state", headers=stolen))[0] == 401

    site.run(story)


def test_a_changed_role_counts_at_once_and_a_removed_account_is_out(site) -> None:
    async def story(visitor) -> None:
        assert await visitor.log_in("owner") == 200
        assert (await visitor.ask("GET", "/api/people"))[0] == 200
        site.accounts.set_password("guest", PASSWORD, role=Role.OWNER)
        site.accounts.remove("owner")
        assert (await visitor.ask("GET", "/api/people"))[0] == 401

    site.run(story)


def test_a_new_password_ends_all_sessions_of_the_account(site) -> None:
    async def story(visitor) -> None:
        assert await visitor.log_in("member") == 200
        body = {"old": "wrong", "new": NEW_PASSWORD}
        assert (await visitor.ask("POST", "/api/password", json=body))[0] == 403
        body = {"old": PASSWORD, "new": "short"}
        assert (await visitor.ask("POST", "/api/password", json=body))[0] == 400
        body = {"old": PASSWORD, "new": NEW_PASSWORD}
        assert (await visitor.ask("POST", "/api/password", json=body))[0] == 200
        assert (await visitor.ask("GET", "/api/state"))[0] == 401
        assert await visitor.log_in("member") == 401
        assert await visitor.log_in("member", NEW_PASSWORD) == 200

    site.run(story)


def test_guessing_is_slowed_down_more_with_every_failure(site) -> None:
    async def story(visitor) -> None:
        body = {"name": "owner", "password": "wrong password"}
        for _ in range(2):
            assert (await visitor.ask("POST", "/api/login", json=body))[0] == 401
        waits = []
        for _ in range(11):
            assert (await visitor.ask("POST", "/api/login", json=body))[0] == 401
            status, answer = await visitor.ask("POST", "/api/login", json=body)
            assert status == 429
            waits.append(answer["wait_s"])
            site.now_s += answer["wait_s"]
        assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]

    site.run(story)


def test_the_right_password_waits_as_well_and_other_people_of_another_name_too(site) -> None:
    async def story(visitor) -> None:
        for _ in range(3):
            assert await visitor.log_in("owner", "wrong password") == 401
        assert await visitor.log_in("owner") == 429
        # The address waits too: a guesser cannot go through the names.
        assert await visitor.log_in("member") == 429
        site.now_s += 1.0
        assert await visitor.log_in("owner") == 200
        assert await visitor.log_in("member") == 200

    site.run(story)


def test_every_answer_has_the_strict_headers_errors_too(site) -> None:
    async def story(visitor) -> None:
        for path in ("/", "/static/app.js", "/api/session", "/api/people", "/nothing", "/static/x"):
            async with visitor.client.get(path) as answer:
                policy = answer.headers["Content-Security-Policy"]
                assert policy.startswith("default-src 'self'; ")
                assert "unsafe" not in policy
                assert answer.headers["X-Frame-Options"] == "DENY"
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert answer.headers["Referrer-Policy"] == "no-referrer"
                assert answer.headers["Cache-Control"] == "no-store"

    site.run(story)


def test_another_host_name_is_refused_unless_it_is_given(site) -> None:
    async def refused(visitor) -> None:
        status, answer = await visitor.ask("GET", "/", headers={"Host": "evil.example:8080"})
        assert (status, answer["code"]) == (421, "host")

    async def answered(visitor) -> None:
        assert (await visitor.ask("GET", "/", headers={"Host": "door.local", "Origin": None}))[
            0
        ] == 200

    site.run(refused)
    site.run(answered, **{"http.names": ["door.local"]})


@pytest.mark.parametrize(
    ("host", "header", "allowed"),
    [
        ("127.0.0.1", "localhost:8080", True),
        ("127.0.0.1", "[::1]:8080", True),
        ("127.0.0.1", "192.168.1.5", False),
        ("0.0.0.0", "192.168.1.5:8080", True),
        ("0.0.0.0", "evil.example", False),
        ("::", "[fe80::1]:8080", True),
        ("192.168.1.5", "192.168.1.5", True),
    ],
)
def test_hosts_that_the_page_answers_for(host, header, allowed) -> None:
    assert HttpConfig(host=host).allows_host(header) is allowed


def test_static_files_come_from_one_folder_only(site) -> None:
    async def story(visitor) -> None:
        for path in ("/static/../config.py", "/static/%2e%2e%2fconfig.py", "/static/config.py"):
            assert (await visitor.ask("GET", path))[0] == 404
        status, body = await visitor.ask("GET", "/")
        assert (status, b"<html" in body) == (200, True)

    site.run(story)


async def enrol(visitor, files: list[tuple[bytes, str]], name: str = "Bo") -> tuple[int, dict]:
    form = aiohttp.FormData(default_to_multipart=True)
    form.add_field("name", name)
    form.add_field("authorised", "true")
    for content, file_name in files:
        form.add_field("files", io.BytesIO(content), filename=file_name)
    return await visitor.ask("POST", "/api/people", data=form)


def test_an_uploaded_clip_is_private_while_it_is_read_and_gone_afterwards(site) -> None:
    async def story(visitor) -> None:
        await visitor.log_in("owner")
        status, answer = await enrol(visitor, [(WEBM, "../../etc/passwd")])
        assert (status, answer["accepted"]) == (200, 5)

    site.run(story)
    assert site.graph.uploaded == [("000.webm", WEBM, 0o600)]
    assert list((site.folder / "uploads").iterdir()) == []


def test_pictures_become_a_folder_and_a_refusal_removes_them_too(site) -> None:
    async def story(visitor) -> None:
        await visitor.log_in("owner")
        pictures = [(jpeg(shade=shade), "same.jpg") for shade in (10, 20)]
        status, answer = await enrol(visitor, pictures, name="Nobody")
        assert (status, answer["error"]) == (409, "no frame shows a face that is good enough")

    site.run(story)
    assert [name for name, *_ in site.graph.uploaded] == ["000.jpg", "001.jpg"]
    assert list((site.folder / "uploads").iterdir()) == []


@pytest.mark.parametrize(
    ("files", "status"),
    [
        ([(b"<html>", "a.jpg")], 415),
        ([(b"", "a.jpg")], 415),
        ([(b"\xff\xd8\xff\xe0", "cut.jpg")], 415),
        ([(b"\x89PNG\r\n\x1a\n" + bytes(8) + b"\x00\x0f\x42\x40" * 2, "bomb.png")], 413),
        ([(WEBM, "a"), (WEBM, "b")], 400),
        ([(WEBM, "a"), (jpeg(), "b")], 400),
        ([], 400),
        ([(WEBM + bytes(1_100_000), "large.webm")], 413),
        ([(jpeg(), "a.jpg")] * 65, 413),
    ],
)
def test_bad_uploads_are_refused_and_leave_nothing(site, files, status) -> None:
    async def story(visitor) -> None:
        await visitor.log_in("owner")
        assert (await enrol(visitor, files))[0] == status

    site.run(story, **{"uploads.limit_mb": 1.0})
    assert site.graph.uploaded == []
    assert not (site.folder / "uploads").exists() or not list((site.folder / "uploads").iterdir())


def test_what_a_killed_process_left_is_removed_at_start(site) -> None:
    left = site.folder / "uploads" / "upload_x"
    left.mkdir(parents=True)
    (left / "000.webm").write_bytes(WEBM)
    make_app(site.desk())
    assert not left.exists()


def test_evidence_is_sent_in_parts_and_odd_kinds_are_never_shown(site) -> None:
    async def story(visitor) -> None:
        await visitor.log_in("operator")
        path = f"/api/alerts/{ALERT_ID}/evidence"
        status, whole = await visitor.ask("GET", f"{path}/snapshot")
        assert (status, whole[:3]) == (200, b"\xff\xd8\xff")
        status, part = await visitor.ask("GET", f"{path}/clip", headers={"Range": "bytes=2-5"})
        assert (status, part) == (206, whole[2:6])
        assert (await visitor.ask("GET", f"{path}/clip", headers={"Range": "bytes=999999-"}))[
            0
        ] == 416
        async with visitor.client.get(f"{path}/odd") as answer:
            assert answer.content_type == "application/octet-stream"
            assert answer.headers["Content-Disposition"] == "attachment"
            assert "X-Edgeai-Why" not in answer.headers
        async with visitor.client.get(
            f"{path}/explanation", headers={"Range": "bytes=0-0"}
        ) as answer:
            why = json.loads(answer.headers["X-Edgeai-Why"])
        assert why["en"] == EXPLANATION
        assert why["fr"].startswith("une arme à feu 0,91 ; occlusion, 96 essais")

    site.run(story)


@pytest.mark.parametrize(
    ("picture", "comment"),
    [
        (b"\xff\xd8\xff\xfe\x00\x06gun!\xff\xd9", "gun!"),
        (b"\xff\xd8\xff\xfe\x00\x02\xff\xd9", ""),
        (b"\xff\xd8\xff\xfe\xff\xffgun", "gun"),
        (b"\xff\xd8\xff\xfe\x00\x04\xe9\n", "\ufffd\n"),
        (b"\xff\xd8\xff\xfe", ""),
        (b"\xff\xd8\xff\xe0\x00\x06gun!", ""),
        (b"", ""),
    ],
)
def test_the_comment_of_a_picture_is_read_as_far_as_it_goes(picture: bytes, comment: str) -> None:
    assert comment_of(picture) == comment


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/api/alerts?limit=0", None),
        ("GET", "/api/alerts?limit=5001", None),
        ("GET", "/api/alerts?severity=-1", None),
        ("GET", "/api/alerts?before=x", None),
        ("POST", "/api/alerts/zz/acknowledge", {}),
        ("PUT", "/api/armed", {"analyzers": "all"}),
        ("PUT", "/api/armed", {"analyzers": [1]}),
        ("PUT", "/api/zones", {"slot": "moon", "zones": []}),
        ("PUT", "/api/zones", {"slot": "flames", "zones": ["stove: 0,0 2,0 1,1"]}),
        ("PUT", "/api/settings", {"node": "fire_detector", "name": "a", "value": {}}),
        ("POST", "/api/people/manage", {"action": "clone", "name": "Ada"}),
        ("PUT", "/api/armed", []),
    ],
)
def test_nonsense_is_refused_before_the_graph_hears_of_it(site, method, path, body) -> None:
    async def story(visitor) -> None:
        await visitor.log_in("owner")
        status, answer = await visitor.ask(method, path, json=body)
        assert status == 400
        assert answer["error"]

    site.run(story)
    assert site.graph.asked == []
    assert site.graph.armed == []


def test_guests_are_not_told_who_is_in_the_room(site) -> None:
    async def story(visitor) -> None:
        await visitor.log_in("guest")
        _, state = await visitor.ask("GET", "/api/state")
        assert state["session"]["person_name"] == ""
        await visitor.log_in("operator")
        _, state = await visitor.ask("GET", "/api/state")
        assert state["session"]["person_name"] == "Ada"

    site.run(story)


def test_accounts_that_cannot_be_read_let_nobody_in_and_tell_only_the_log(site) -> None:
    async def story(visitor) -> None:
        await visitor.log_in("owner")
        site.accounts.path.chmod(0o644)
        status, answer = await visitor.ask("GET", "/api/state")
        assert (status, answer["error"]) == (503, "nobody can log in now; the node's log says why")
        assert await visitor.log_in("owner") == 503
        assert f"chmod 600 {site.accounts.path}" in site.reports[0]

    site.run(story)


def test_the_socket_needs_the_page_as_its_origin(site) -> None:
    async def story(visitor) -> None:
        await visitor.log_in("owner")
        for origin in ({}, {"Origin": "https://evil.example"}):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await visitor.client.ws_connect("/api/live", headers=origin)
            assert refused.value.status == 403

    site.run(story)


async def received(socket, kind: str):
    while True:
        message = await socket.receive(timeout=5)
        if message.type is aiohttp.WSMsgType.TEXT and message.json()["kind"] == kind:
            return message.json()
        if message.type is aiohttp.WSMsgType.BINARY and kind == "picture":
            return message.data
        assert message.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY)


def test_the_socket_tells_state_alerts_and_pictures_while_they_are_watched(site) -> None:
    async def story(visitor) -> None:
        await visitor.log_in("operator")
        headers = {"Origin": visitor.origin}
        async with visitor.client.ws_connect("/api/live", headers=headers) as socket:
            assert (await received(socket, "state"))["session"]["person_name"] == "Ada"
            site.graph.published.put_nowait(alert(7))
            assert (await received(socket, "alert"))["alert"]["title"].startswith("Unknown")
            assert site.graph.asked == []
            await socket.send_json({"command": "watch", "camera": "camera"})
            frame = await received(socket, "frame")
            assert frame["faces"][0]["name"] == "Ada"
            assert (await received(socket, "picture"))[:3] == b"\xff\xd8\xff"
            await socket.send_json({"command": "unwatch"})
            await socket.send_json({"command": "watch", "camera": "moon"})
            assert (await received(socket, "error"))["error"] == "no camera 'moon'; known: camera"
        assert site.graph.asked == [("watch", "camera"), ("unwatch", "camera")]

    site.run(story)


def test_the_socket_is_closed_when_the_session_is_over(site) -> None:
    async def story(visitor) -> None:
        await visitor.log_in("operator")
        headers = {"Origin": visitor.origin}
        async with visitor.client.ws_connect("/api/live", headers=headers) as socket:
            await received(socket, "state")
            site.accounts.remove("operator")
            await socket.send_json({"command": "watch", "camera": "camera"})
            while (message := await socket.receive(timeout=5)).type is aiohttp.WSMsgType.TEXT:
                pass
            assert message.type is aiohttp.WSMsgType.CLOSE
            assert message.data == aiohttp.WSCloseCode.POLICY_VIOLATION
        assert site.graph.asked == []

    site.run(story)


def test_a_failure_of_the_page_is_told_without_what_the_request_held(site, monkeypatch) -> None:
    async def broken(*args: object) -> None:
        raise RuntimeError("secret words of the request")

    async def story(visitor) -> None:
        await visitor.log_in("owner")
        monkeypatch.setattr(site.graph, "people", broken)
        status, answer = await visitor.ask("GET", "/api/people")
        assert status == 500
        assert "secret" not in answer["error"]
        assert site.reports == ["GET /api/people: RuntimeError"]

    site.run(story)


def test_a_second_server_takes_the_next_port(site) -> None:
    assert DashboardConfig().http.host == "127.0.0.1"
    first = HttpServer(HttpConfig(port=0), lambda: make_app(site.desk()))
    second = HttpServer(HttpConfig(port=18_530), lambda: make_app(site.desk()))
    third = HttpServer(HttpConfig(port=18_530), lambda: make_app(site.desk()))
    try:
        for server in (first, second, third):
            server.start()
        assert first.port > 0
        assert 18_530 <= second.port < third.port < 18_540
    finally:
        for server in (first, second, third):
            server.stop()
            server.stop()


def test_an_address_of_another_machine_is_one_sentence(site) -> None:
    server = HttpServer(HttpConfig(host="192.0.2.1"), lambda: make_app(site.desk()))
    with pytest.raises(ConfigError, match=r"cannot listen on 192\.0\.2\.1:8080"):
        server.start()


def test_tls_needs_both_files_and_says_what_is_wrong_with_them(site, tmp_path) -> None:
    with pytest.raises(ConfigError, match="expected both or none"):
        HttpConfig(tls_certificate="a.pem")
    wrong = HttpConfig(tls_certificate="/nowhere/a.pem", tls_key="/nowhere/b.pem")
    with pytest.raises(ConfigError, match="expected two PEM files"):
        HttpServer(wrong, lambda: make_app(site.desk())).start()


def test_slow_answers_do_not_hold_up_others(site, monkeypatch) -> None:
    async def story(visitor) -> None:
        await visitor.log_in("owner")
        hangs = asyncio.Event()

        async def hanging(*args: object) -> None:
            await hangs.wait()

        monkeypatch.setattr(site.graph, "people", hanging)
        waiting = asyncio.create_task(visitor.ask("GET", "/api/people"))
        assert (await visitor.ask("GET", "/api/state"))[0] == 200
        assert not waiting.done()
        waiting.cancel()

    site.run(story)
