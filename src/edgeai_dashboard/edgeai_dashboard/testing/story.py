"""A person who uses the page while the nodes behind it spin on the test's own thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

from edgeai_dashboard.testing.chromium import Page, opened_page, started_browser


async def log_in(page: Page, name: str, password: str) -> None:
    """Log in at the page that asks for it."""
    await page.type("input[name=name]", name)
    await page.type("input[name=password]", password)
    await page.click("button[type=submit]")
    await page.until("document.querySelector('nav')")


async def go_to(page: Page, view: str) -> None:
    """Open a view, such as zones, by its link."""
    await page.click(f"nav a[href='#{view}']")
    await page.until(f"document.querySelector('nav a[aria-current]').hash === '#{view}'")


async def choose(page: Page, selector: str, value: str) -> None:
    """Choose an option of a select, as a person does."""
    await page.evaluate(
        f"(() => {{ const s = document.querySelector('{selector}'); s.value = '{value}';"
        "s.dispatchEvent(new Event('change')); })()"
    )


def tell_story(
    story: Callable[[Page], Awaitable[None]],
    *,
    address: str,
    name: str,
    password: str,
    folder: Path,
    spin_until: Callable[[Callable[[], bool]], object],
) -> None:
    """Log in and run a story in a browser; the page must have no problem at its end.

    Args:
        story: what the person does. address: of the page. name, password: of the account.
        folder: for the browser. spin_until: spins the nodes until its argument says so.

    Raises:
        Exception: whatever the story raised.
    """
    failures: list[BaseException] = []

    async def running(browser: str) -> None:
        async with opened_page(browser) as page:
            await page.look(width_px=1280, height_px=800, dark=False)
            await page.open(address)
            await log_in(page, name, password)
            await story(page)
            assert page.problems == []

    def in_thread(browser: str) -> None:
        try:
            asyncio.run(running(browser))
        except BaseException as exc:
            failures.append(exc)

    with started_browser(folder) as browser:
        thread = threading.Thread(target=in_thread, args=(browser,), daemon=True)
        thread.start()
        spin_until(lambda: not thread.is_alive())
    if failures:
        raise failures[0]
