"""Fixtures of the package's tests."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from aiohttp import ClientSession, CookieJar
from aiohttp.test_utils import TestClient, TestServer

from edgeai_core.access.accounts import Accounts
from edgeai_core.access.permissions import Role
from edgeai_core.config import build
from edgeai_dashboard.app import make_app
from edgeai_dashboard.config import DashboardConfig
from edgeai_dashboard.dashboard_node import DashboardNode
from edgeai_dashboard.desk import Desk
from edgeai_dashboard.sessions import SessionTable
from edgeai_dashboard.testing.chromium import opened_page, started_browser
from edgeai_dashboard.testing.graph import FakeGraph
from edgeai_dashboard.throttle import LoginThrottle
from edgeai_ros_common.testing import domain_id, overrides, ros

__all__ = ["domain_id", "overrides", "ros"]

PASSWORD = "four quiet horses"


class Site:
    """A server with an account for every role, a fake graph behind it, and a clock to move."""

    def __init__(self, folder) -> None:
        self.folder = folder
        self.now_s = 1000.0
        self.graph = FakeGraph()
        # The least that scrypt takes: a test must not wait for what slows a guesser.
        self.accounts = Accounts(folder, cost=2)
        self.reports: list[str] = []
        for role in Role:
            self.accounts.set_password(role.value, PASSWORD, role=role)

    def desk(self, **values: object) -> Desk:
        config = build(DashboardConfig, values)
        sessions = SessionTable(
            self.accounts,
            clock_s=lambda: self.now_s,
            lifetime_s=config.session.lifetime_h * 3600.0,
            idle_s=config.session.idle_min * 60.0,
        )
        return Desk(
            config=config,
            accounts=self.accounts,
            sessions=sessions,
            throttle=LoginThrottle(clock_s=lambda: self.now_s),
            backend=self.graph,
            uploads=self.folder / "uploads",
            clock_s=lambda: self.now_s,
            report=self.reports.append,
        )

    def run(self, story: Callable[[Visitor], Coroutine[Any, Any, None]], **values: object) -> None:
        """Serve for as long as a visitor's story lasts."""

        async def told() -> None:
            server = TestServer(make_app(self.desk(**values)))
            # An address is no name: without `unsafe` the jar would drop its cookies.
            async with TestClient(server, cookie_jar=CookieJar(unsafe=True)) as client:
                await story(Visitor(client, server))

        asyncio.run(told())


class Visitor:
    """A browser that keeps its cookie, names its origin and sends the token."""

    def __init__(self, client: TestClient, server: TestServer) -> None:
        self.client = client
        self.origin = f"http://127.0.0.1:{server.port}"
        self.csrf = ""

    async def ask(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        headers = {"Origin": self.origin, "X-CSRF-Token": self.csrf}
        headers |= options.pop("headers", {})
        headers = {name: value for name, value in headers.items() if value is not None}
        async with self.client.request(method, path, headers=headers, **options) as answer:
            is_json = answer.content_type == "application/json"
            return answer.status, await answer.json() if is_json else await answer.read()

    async def log_in(self, name: str, password: str = PASSWORD) -> int:
        status, answer = await self.ask(
            "POST", "/api/login", json={"name": name, "password": password}
        )
        if status == 200:
            self.csrf = answer["csrf"]
        return status


@pytest.fixture
def site(tmp_path) -> Site:
    return Site(tmp_path)


@pytest.fixture
def visited(ros):
    """Run a story of ada, who is logged in at a node, while the executor spins here."""

    def told(node: DashboardNode, story: Callable[..., Coroutine[Any, Any, None]]) -> None:
        failures: list[BaseException] = []

        def running() -> None:
            try:
                asyncio.run(_logged_in(f"http://127.0.0.1:{node.port}", story))
            except BaseException as exc:
                failures.append(exc)

        thread = threading.Thread(target=running)
        thread.start()
        ros.until(lambda: not thread.is_alive(), timeout_s=60.0)
        thread.join()
        if failures:
            raise failures[0]

    return told


async def _logged_in(base: str, story: Callable[..., Coroutine[Any, Any, None]]) -> None:
    async with ClientSession(base, cookie_jar=CookieJar(unsafe=True)) as session:
        body = {"name": "ada", "password": PASSWORD}
        async with session.post("/api/login", json=body) as answer:
            csrf = (await answer.json())["csrf"]

        async def ask(method: str, path: str, **options: Any):
            headers = {"X-CSRF-Token": csrf}
            async with session.request(method, path, headers=headers, **options) as got:
                is_json = got.content_type == "application/json"
                return await got.json() if is_json else await got.read()

        await story(ask, session)


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    with started_browser(tmp_path_factory.mktemp("browser")) as address:
        yield address


@pytest.fixture
def tell(site, browser):
    """Run a story with a page of its own; no script may fail and no policy be broken."""

    def told(story) -> None:
        async def running() -> None:
            async with (
                TestServer(make_app(site.desk())) as server,
                opened_page(browser) as page,
            ):
                await page.look(width_px=1280, height_px=800, dark=False)
                await page.open(f"http://127.0.0.1:{server.port}/")
                await story(page)
                assert page.problems == []

        asyncio.run(running())

    return told
