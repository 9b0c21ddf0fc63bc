"""The page of a graph with several cameras, in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgeai_dashboard.testing.audit import AUDIT
from edgeai_dashboard.testing.chromium import chromium_path
from edgeai_dashboard.testing.story import choose, go_to, log_in

pytestmark = pytest.mark.skipif(
    not chromium_path(), reason="needs Chromium, which drives the page: apt install chromium"
)

SCREENSHOTS = Path(__file__).resolve().parents[3] / "build" / "screenshots"
PASSWORD = "four quiet horses"
SIZES = {
    "desk": {"width_px": 1280, "height_px": 800},
    "phone": {"width_px": 390, "height_px": 844, "phone": True},
}
NO_OVERFLOW = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
DOOR = "door: 0.1,0.1 0.4,0.1 0.4,0.6"
SETTING = "[data-name='fire.unattended_after_s']"


@pytest.fixture
def two(site):
    """Return the fake graph with two cameras."""
    site.graph.cameras = ["entrance", "garden"]
    return site.graph


def words(selector: str) -> str:
    return f'document.querySelector("{selector}").textContent'


async def opened(page, view: str) -> None:
    await log_in(page, "owner", PASSWORD)
    await go_to(page, view)


def test_a_zone_holds_for_the_camera_whose_picture_it_was_drawn_on(two, tell) -> None:
    two.places["watched"] = [DOOR]

    async def story(page) -> None:
        await opened(page, "live")
        await page.until("!document.getElementById('camera').closest('.field').hidden")
        await choose(page, "#camera", "garden")
        # The camera that is looked at is the one that is drawn on.
        await go_to(page, "zones")
        await page.until("document.querySelector('[data-zone=door]')")
        assert await page.evaluate("document.getElementById('camera').value") == "garden"
        held = await page.evaluate(words("#zones-hold"))
        assert held == "What is drawn here holds for camera garden only."
        assert await page.evaluate(words("[data-zone=door] .badge")) == "all cameras"
        await page.evaluate("document.getElementById('sketch').focus()")
        for key in (" ", "ArrowRight", "ArrowRight", " ", "ArrowDown", " ", "Enter"):
            await page.press(key)
        await page.type("#zone-name", "tree")
        await page.click("form button[type=submit]")
        await page.until("document.querySelector('[data-zone=tree]')")
        assert await page.evaluate("document.querySelector('[data-zone] .badge')") is None

        # What is begun at one camera does not go on at the other.
        await page.evaluate("document.getElementById('sketch').focus()")
        await page.press(" ")
        await page.until("document.querySelector('[role=status].hint').textContent !== ''")
        await choose(page, "#camera", "entrance")
        await page.until("document.querySelector('[role=status].hint').textContent === ''")
        await page.until("document.querySelector('[data-zone=door]')")
        assert await page.evaluate("document.querySelector('[data-zone=tree]')") is None

    tell(story)
    (first, second) = two.own_places["garden"]["watched"]
    assert (first, second[:5]) == (DOOR, "tree:")
    assert two.places["watched"] == [DOOR]
    assert "entrance" not in two.own_places


def test_lines_have_two_points_and_masks_no_hours(two, tell) -> None:
    async def story(page) -> None:
        await opened(page, "zones")
        await page.until("document.querySelectorAll('#zone-slot option').length === 3")
        await choose(page, "#zone-slot", "lines")
        for x, y in ((0.2, 0.5), (0.8, 0.5), (0.9, 0.9)):
            await page.click_within("#sketch", x, y)
        await page.type("#zone-name", "gate")
        await page.click("form button[type=submit]")
        await page.until("document.querySelector('[data-zone=gate]')")
        await choose(page, "#zone-slot", "masks")
        for x, y in ((0.2, 0.2), (0.4, 0.2), (0.4, 0.4)):
            await page.click_within("#sketch", x, y)
        assert await page.evaluate("document.getElementById('zone-hours').checkVisibility()") is (
            False
        )
        await page.type("#zone-name", "desk")
        await page.click("form button[type=submit]")
        await page.until("document.querySelector('[data-zone=desk]')")

    tell(story)
    own = two.own_places["entrance"]
    assert own["lines"][0].startswith("gate: 0.2,0.5")
    assert len(own["lines"][0].split()) == 3
    assert own["masks"][0].startswith("desk: 0.2,0.")


def test_a_setting_is_for_all_cameras_unless_one_is_chosen(two, tell) -> None:
    async def story(page) -> None:
        await opened(page, "settings")
        await page.until(f'document.querySelector("{SETTING}")')
        held = await page.evaluate(words("#settings-hold"))
        assert held.startswith("What you save here holds for all cameras.")

        await choose(page, "#setting-camera", "garden")
        await page.until(f"{words('#settings-hold')}.includes('for camera garden only')")
        await page.type(f"{SETTING} input", "300")
        await page.click(f"{SETTING} [type=submit]")
        await page.until(f'document.querySelector("{SETTING} .follow")')
        assert await page.evaluate("document.activeElement.type") == "submit"
        assert "set for garden only" in await page.evaluate(words(f"{SETTING} .hint"))

        await choose(page, "#setting-camera", "")
        await page.until(f"{words(f'{SETTING} .hint')}.includes('own value at: garden')")
        await page.type(f"{SETTING} input", "200")
        await page.click(f"{SETTING} [type=submit]")
        await page.until("document.getElementById('said').textContent !== ''")

        await choose(page, "#setting-camera", "garden")
        await page.until(f'document.querySelector("{SETTING} .follow")')
        await page.evaluate(f'document.querySelector("{SETTING} .follow").focus()')
        await page.press("Enter", text="\r")
        await page.until(f'!document.querySelector("{SETTING} .follow")')
        await page.until("document.activeElement.type === 'submit'")

    tell(story)
    name = "fire.unattended_after_s"
    assert two.asked[-3:] == [
        ("apply", "fire_detector", {name: 300}, "garden"),
        ("apply", "fire_detector", {name: 200}, ""),
        ("follow", "fire_detector", name, "garden"),
    ]


def test_with_one_camera_nothing_is_to_be_chosen(site, tell) -> None:
    async def story(page) -> None:
        await opened(page, "zones")
        await page.until("document.querySelectorAll('#zone-slot option').length === 3")
        shown = "['camera', 'zones-hold'].map((i) => document.getElementById(i).checkVisibility())"
        assert await page.evaluate(shown) == [False, False]
        await go_to(page, "settings")
        await page.until(f'document.querySelector("{SETTING}")')
        shown = shown.replace("'camera', 'zones-hold'", "'setting-camera', 'settings-hold'")
        assert await page.evaluate(shown) == [False, False]

    tell(story)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_choice_fits_desk_and_phone_in_both_languages(two, tell, dark, language) -> None:
    two.places["watched"] = [DOOR]
    two.own[("garden", "fire.unattended_after_s")] = 90.0

    async def story(page) -> None:
        await log_in(page, "owner", PASSWORD)
        await choose(page, "header select", language)
        tone = "dark" if dark else "light"
        for name, size in SIZES.items():
            await page.look(**size, dark=dark)
            await go_to(page, "zones")
            await page.until("document.querySelector('[data-zone=door]')")
            await choose(page, "#camera", "garden")
            await page.until("document.querySelector('[data-zone=door]')")
            # The picture is there when the sketch has its size.
            await page.until("document.getElementById('sketch').width === 320")
            assert await page.evaluate(NO_OVERFLOW), f"zones are wider than the {name}"
            assert await page.evaluate(AUDIT) == []
            await page.screenshot(SCREENSHOTS / f"zones_cameras_{name}_{language}_{tone}.png")
            await go_to(page, "settings")
            await page.until(f'document.querySelector("{SETTING}")')
            for camera in ("", "garden"):
                await choose(page, "#setting-camera", camera)
                await page.until(f"document.querySelector('.follow') ? {bool(camera):d} : 1")
                assert await page.evaluate(NO_OVERFLOW), f"settings are wider than the {name}"
                assert await page.evaluate(AUDIT) == []
                shown = f"settings_{camera or 'all'}_{name}_{language}_{tone}.png"
                await page.screenshot(SCREENSHOTS / shown)

    tell(story)
