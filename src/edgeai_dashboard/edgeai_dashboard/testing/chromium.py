"""Chromium without a window, driven over its DevTools protocol.

A page is driven as a person would: by clicks at the place of an element, by keys, by a chosen file.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import shutil
import subprocess
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import aiohttp

DEADLINE_S = 20.0
_POLL_S = 0.05
_OPTIONS = (
    "--headless=new",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-extensions",
    "--mute-audio",
    # As root, which containers of build machines are, its own sandbox cannot start.
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--remote-debugging-port=0",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--lang=en",
)


def chromium_path() -> str:
    """Return the browser's program; empty when none is installed."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((path for path in map(shutil.which, names) if path), "")


# aiohttp's own type tells in its parameter whether messages are decoded as text.
_Socket = Any


class Page:
    """One page. Errors of its scripts and refused resources are kept in `problems`."""

    def __init__(self, socket: _Socket, session_id: str) -> None:
        self._socket = socket
        self._session_id = session_id
        self._ids = itertools.count(1000)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self.problems: list[str] = []
        self._reader = asyncio.create_task(self._read())

    async def close(self) -> None:
        """Stop reading what the browser says."""
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)

    async def call(self, method: str, **arguments: Any) -> dict[str, Any]:
        """Return the answer to a command of the protocol."""
        number = next(self._ids)
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        await self._socket.send_json(
            {
                "id": number,
                "method": method,
                "params": arguments,
                "sessionId": self._session_id,
            }
        )
        answer = await asyncio.wait_for(future, DEADLINE_S)
        if "error" in answer:
            raise AssertionError(f"{method}: {answer['error']}")
        result: dict[str, Any] = answer["result"]
        return result

    async def evaluate(self, expression: str) -> Any:
        """Return the value of an expression of the page."""
        answer = await self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in answer:
            raise AssertionError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    async def until(self, expression: str, *, timeout_s: float = DEADLINE_S) -> None:
        """Wait until an expression is true."""
        deadline_s = time.monotonic() + timeout_s
        # An element itself would come back as an empty object.
        while not await self.evaluate(f"Boolean({expression})"):
            if time.monotonic() > deadline_s:
                shown = await self.evaluate("document.body.innerText")
                raise AssertionError(f"never true: {expression}; the page shows:\n{shown}")
            await asyncio.sleep(_POLL_S)

    async def open(self, address: str) -> None:
        """Go to an address and wait until it is loaded."""
        await self.call("Page.navigate", url=address)
        await self.until("document.readyState === 'complete'")

    async def click(self, selector: str) -> None:
        """Click the middle of an element once it is there."""
        await self.until(f"document.querySelector({json.dumps(selector)})")
        x, y = await self.evaluate(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            "e.scrollIntoView({block: 'center'}); const b = e.getBoundingClientRect();"
            "return [b.x + b.width / 2, b.y + b.height / 2]; })()"
        )
        await self.click_at(x, y)

    async def click_within(self, selector: str, x: float, y: float) -> None:
        """Click a place of an element, 0..1 of its width and height."""
        left, top = await self.evaluate(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            "e.scrollIntoView({block: 'center'}); const b = e.getBoundingClientRect();"
            f"return [b.x + b.width * {x}, b.y + b.height * {y}]; }})()"
        )
        await self.click_at(left, top)

    async def click_at(self, x_px: float, y_px: float) -> None:
        """Press and release the left button at a place of the window."""
        place = {"x": x_px, "y": y_px, "button": "left", "clickCount": 1}
        await self.call("Input.dispatchMouseEvent", type="mousePressed", **place)
        await self.call("Input.dispatchMouseEvent", type="mouseReleased", **place)

    async def type(self, selector: str, text: str) -> None:
        """Put text into a field, in place of what is there."""
        await self.click(selector)
        await self.evaluate(f"document.querySelector({json.dumps(selector)}).select()")
        await self.call("Input.insertText", text=text)

    async def press(self, key: str, *, text: str = "") -> None:
        """Press and release a key by its name in JavaScript."""
        codes = {"Tab": 9, "Enter": 13, "Escape": 27, " ": 32, "ArrowLeft": 37, "ArrowUp": 38}
        codes |= {"ArrowRight": 39, "ArrowDown": 40, "Backspace": 8}
        words: dict[str, Any] = {"key": key, "code": "Space" if key == " " else key}
        words["windowsVirtualKeyCode"] = codes[key]
        down = {"type": "keyDown", "text": text} if text else {"type": "rawKeyDown"}
        await self.call("Input.dispatchKeyEvent", **down, **words)
        await self.call("Input.dispatchKeyEvent", type="keyUp", **words)

    async def choose_files(self, selector: str, files: list[Path]) -> None:
        """Choose files in a file field."""
        document = await self.call("DOM.getDocument")
        found = await self.call(
            "DOM.querySelector", nodeId=document["root"]["nodeId"], selector=selector
        )
        await self.call(
            "DOM.setFileInputFiles", nodeId=found["nodeId"], files=[str(file) for file in files]
        )

    async def look(self, *, width_px: int, height_px: int, dark: bool, phone: bool = False) -> None:
        """Choose the window's size and whether the reader prefers dark."""
        await self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width_px,
            height=height_px,
            deviceScaleFactor=1,
            mobile=phone,
        )
        scheme = "dark" if dark else "light"
        await self.call(
            "Emulation.setEmulatedMedia",
            features=[{"name": "prefers-color-scheme", "value": scheme}],
        )

    async def screenshot(self, file: Path) -> None:
        """Save what the window shows as PNG."""
        answer = await self.call("Page.captureScreenshot", format="png")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(base64.b64decode(answer["data"]))

    async def _read(self) -> None:
        async for message in self._socket:
            content = json.loads(message.data)
            waiting = self._waiting.pop(content.get("id", 0), None)
            if waiting is not None and not waiting.done():
                waiting.set_result(content)
            self._note(content)

    def _note(self, content: dict[str, Any]) -> None:
        method, what = content.get("method"), content.get("params", {})
        if method == "Runtime.exceptionThrown":
            self.problems.append(json.dumps(what["exceptionDetails"]))
        elif method == "Log.entryAdded":
            entry = what["entry"]
            # What the server refuses is told by the page itself; this is the policy, above all.
            if entry["level"] == "error" and entry["source"] != "network":
                self.problems.append(entry["text"])


@contextmanager
def started_browser(profile: Path) -> Iterator[str]:
    """Start the browser; return the address of its DevTools.

    Args:
        profile: folder for the browser's own files.
    """
    process = subprocess.Popen(
        [chromium_path(), *_OPTIONS, f"--user-data-dir={profile}", "about:blank"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    )
    assert process.stderr is not None
    draining = threading.Thread(target=process.stderr.read, daemon=True)
    try:
        address = _address(process)
        # What else it says must not fill the pipe and stop it.
        draining.start()
        yield address
    finally:
        process.terminate()
        try:
            process.wait(DEADLINE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if draining.ident is not None:
            draining.join(DEADLINE_S)
        process.stderr.close()


@asynccontextmanager
async def opened_page(address: str) -> AsyncIterator[Page]:
    """Open a page that shares no cookie and no setting with others.

    Args:
        address: of `started_browser`.
    """
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(address, max_msg_size=0) as socket,
    ):
        context = await _answer(socket, "Target.createBrowserContext")
        own = {"browserContextId": context["browserContextId"]}
        target = await _answer(socket, "Target.createTarget", url="about:blank", **own)
        attached = await _answer(
            socket, "Target.attachToTarget", targetId=target["targetId"], flatten=True
        )
        page = Page(socket, attached["sessionId"])
        try:
            for domain in ("Page", "Runtime", "Log", "DOM"):
                await page.call(f"{domain}.enable")
            yield page
        finally:
            await page.close()
            await socket.send_json(
                {"id": 1, "method": "Target.disposeBrowserContext", "params": own}
            )


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    for line in process.stderr:
        if "DevTools listening on " in line:
            return line.partition("DevTools listening on ")[2].strip()
    raise AssertionError("the browser ended at once; start it by hand to see why")


async def _answer(socket: _Socket, method: str, **arguments: Any) -> dict[str, Any]:
    """Return the answer to a command of the browser itself."""
    await socket.send_json({"id": 1, "method": method, "params": arguments})
    while True:
        content: dict[str, Any] = await socket.receive_json(timeout=DEADLINE_S)
        if content.get("id") == 1:
            result: dict[str, Any] = content["result"]
            return result
