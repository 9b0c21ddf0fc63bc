"""The page in a real browser: what a person does with it, on desk and phone."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from edgeai_core.reasons import in_languages
from edgeai_dashboard.testing.audit import AUDIT
from edgeai_dashboard.testing.chromium import chromium_path
from edgeai_dashboard.testing.graph import ALERT_ID, EXPLANATION, alert
from edgeai_dashboard.testing.story import choose, go_to
from edgeai_dashboard.testing.story import log_in as story_log_in

pytestmark = pytest.mark.skipif(
    not chromium_path(), reason="needs Chromium, which drives the page: apt install chromium"
)

# Kept for whoever looks at a run: not part of the source.
SCREENSHOTS = Path(__file__).resolve().parents[3] / "build" / "screenshots"
PASSWORD = "four quiet horses"
WEBM = b"\x1a\x45\xdf\xa3" + bytes(100)
DESK = {"width_px": 1280, "height_px": 800}
PHONE = {"width_px": 390, "height_px": 844, "phone": True}
NO_OVERFLOW = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
VIEWS = ("live", "alerts", "people", "things", "zones", "system", "settings")


async def log_in(page, name: str = "owner") -> None:
    await story_log_in(page, name, PASSWORD)


def test_a_wrong_password_is_told_and_the_right_one_opens_the_live_view(site, tell) -> None:
    async def story(page) -> None:
        await page.type("input[name=name]", "owner")
        await page.type("input[name=password]", "wrong password")
        await page.press("Enter", text="\r")
        await page.until("document.querySelector('[role=alert]').textContent.includes('wrong')")
        await log_in(page)
        # Frames move: pictures of different shades come one after another.
        await page.until("Number(document.getElementById('live').dataset.pictures) >= 2")
        shade = "document.getElementById('live').getContext('2d').getImageData(2, 2, 1, 1).data[0]"
        first = await page.evaluate(shade)
        await page.until(f"{shade} !== {first}")
        label = await page.evaluate("document.getElementById('live').getAttribute('aria-label')")
        assert label == "Live picture of camera camera: chair 80 %, Ada · ✓"
        assert await page.evaluate("document.cookie") == ""
        await go_to(page, "system")
        while ("unwatch", "camera") not in site.graph.asked:
            await asyncio.sleep(0.02)

    tell(story)


def test_analyzers_are_armed_with_the_keyboard(site, tell) -> None:
    async def story(page) -> None:
        await log_in(page)
        await page.until("document.getElementById('arm-fire_detector')")
        await page.evaluate("document.getElementById('arm-fire_detector').focus()")
        await page.press(" ", text=" ")
        await page.until(
            "document.getElementById('arm-fire_detector').ariaChecked === 'true' &&"
            "document.activeElement.id === 'arm-fire_detector'"
        )
        assert site.graph.armed == ["fire_detector"]

    tell(story)


def test_alerts_come_by_themselves_show_evidence_and_are_acknowledged(site, tell) -> None:
    async def story(page) -> None:
        await log_in(page, "operator")
        await go_to(page, "alerts")
        await page.until(f"document.querySelector('[data-id=\"{ALERT_ID}\"]')")
        site.graph.published.put_nowait(alert(7, title="<b>Fire</b> in the hall"))
        await page.until("document.querySelectorAll('.alert').length === 2")
        headline = await page.evaluate("document.querySelector('.alert h2').textContent")
        assert headline == "<b>Fire</b> in the hall"
        item = f'[data-id="{ALERT_ID}"]'
        await page.click(f"{item} summary")
        await page.until(f"document.querySelector('{item} img')?.naturalWidth === 320")
        await page.until(f"document.querySelectorAll('{item} img')[1]?.alt.includes('fifth')")
        why = await page.evaluate(f"document.querySelectorAll('{item} figure')[1].innerText.trim()")
        assert why == f"What the model looked at: {EXPLANATION}"
        alt = await page.evaluate(f"document.querySelectorAll('{item} img')[1].alt")
        assert alt == why
        await page.click(f"{item} .acknowledge")
        await page.until(f"document.querySelector('{item} .done')")
        done = await page.evaluate(f"document.querySelector('{item} .done').textContent")
        assert done == "Acknowledged by operator"
        assert site.graph.stored[0]["acknowledged_by"] == "operator"
        await page.type("#alert-search", "nothing like that")
        await page.until("document.querySelectorAll('.alert').length === 0")

    tell(story)


def test_a_person_is_enrolled_from_an_uploaded_clip_and_forgotten(site, tell, tmp_path) -> None:
    clip = tmp_path / "bo.webm"
    clip.write_bytes(WEBM)

    async def story(page) -> None:
        await log_in(page)
        await go_to(page, "people")
        await page.until("document.querySelector('[data-name=Ada]')")
        await page.type("#enrol-name", "Bo")
        await page.choose_files("#enrol-files", [clip])
        await page.click("form button[type=submit]")
        await page.until("document.querySelector('[data-name=Bo]')")
        assert site.graph.uploaded == [("000.webm", WEBM, 0o600)]
        await page.click("[data-name=Bo] .forget")
        await page.until("document.querySelector('dialog[open]')")
        await page.press("Escape")
        await page.until("!document.querySelector('dialog')")
        assert "Bo" in [person["name"] for person in site.graph.members]
        await page.click("[data-name=Bo] .forget")
        await page.click("dialog button.danger")
        await page.until("!document.querySelector('[data-name=Bo]')")
        assert [person["name"] for person in site.graph.members] == ["Ada"]

    tell(story)


def test_a_person_is_enrolled_from_the_browsers_camera(site, tell) -> None:
    async def story(page) -> None:
        await log_in(page)
        await go_to(page, "people")
        await page.type("#enrol-name", "Cleo")
        await page.click("form button[type=button]")
        await page.until("document.querySelector('[data-name=Cleo]')")
        assert len(site.graph.uploaded) == 20
        assert {content[:3] for _, content, _ in site.graph.uploaded} == {b"\xff\xd8\xff"}

    tell(story)


def test_a_zone_is_drawn_with_the_mouse_and_another_with_the_keyboard(site, tell) -> None:
    async def story(page) -> None:
        await log_in(page)
        await go_to(page, "zones")
        await page.until("document.querySelectorAll('#zone-slot option').length === 3")
        for x, y in ((0.25, 0.25), (0.75, 0.25), (0.75, 0.75)):
            await page.click_within("#sketch", x, y)
        await page.type("#zone-name", "stairs")
        await page.type("#zone-hours", "22:00-06:00")
        await page.click("form button[type=submit]")
        await page.until("document.querySelector('[data-zone=stairs]')")
        (drawn,) = site.graph.places["watched"]
        assert drawn.startswith("stairs: 0.25,0.2")
        assert drawn.endswith(" @ 22:00-06:00")
        await page.evaluate("document.getElementById('sketch').focus()")
        for key in (" ", "ArrowRight", "ArrowRight", " ", "ArrowDown", " ", "Enter"):
            await page.press(key)
        await page.type("#zone-name", "mat")
        await page.click("form button[type=submit]")
        await page.until("document.querySelector('[data-zone=mat]')")
        assert len(site.graph.places["watched"]) == 2
        await page.click("[data-zone=stairs] button")
        await page.until("!document.querySelector('[data-zone=stairs]')")
        assert [zone[:4] for zone in site.graph.places["watched"]] == ["mat:"]

    tell(story)


def test_a_setting_out_of_range_is_refused_and_a_good_one_is_sent(site, tell) -> None:
    async def story(page) -> None:
        await log_in(page)
        await go_to(page, "settings")
        field = ".setting input"
        await page.type(field, "-5")
        await page.click(".setting button")
        await page.until(f"document.querySelector('{field}').ariaInvalid === 'true'")
        await page.type(field, "300")
        await page.click(".setting button")
        await page.until("document.getElementById('said').textContent.includes('works with it')")
        assert site.graph.asked[-1] == (
            "apply",
            "fire_detector",
            {"fire.unattended_after_s": 300},
            "",
        )

    tell(story)


def test_roles_see_what_they_may_and_no_more(tell) -> None:
    async def story(page) -> None:
        await log_in(page, "guest")
        links = "[...document.querySelectorAll('nav a')].map((a) => a.hash.slice(1))"
        assert await page.evaluate(links) == ["live", "system"]
        assert await page.evaluate("document.getElementById('live')") is None
        await page.click("#logout")
        await page.until("document.querySelector('input[name=name]')")
        await log_in(page, "member")
        assert await page.evaluate(links) == ["live", "alerts", "things", "zones", "system"]

    tell(story)


def test_a_session_that_is_over_shows_the_log_in_again(site, tell) -> None:
    async def story(page) -> None:
        await log_in(page, "member")
        site.accounts.remove("member")
        await page.until("document.querySelector('input[name=name]')")
        await page.until("document.getElementById('said').textContent.includes('session is over')")

    tell(story)


def test_the_page_speaks_french_and_keeps_the_choice(tell) -> None:
    async def story(page) -> None:
        await page.until("document.querySelector('header select')")
        await choose(page, "header select", "fr")
        await page.until("document.querySelector('h1').textContent === 'Connexion'")
        await page.call("Page.reload")
        await page.until("document.querySelector('h1')?.textContent === 'Connexion'")
        assert await page.evaluate("document.documentElement.lang") == "fr"

    tell(story)


def test_what_analyzers_explain_is_told_in_the_language_of_the_page(site, tell) -> None:
    up = "upright again 6.2 s after the impact"
    site.graph.stored = [alert(title="somebody who fell is up again", reason=up)]
    site.graph.members[0]["refusals"] = in_languages("role guest may not operate")
    item = f'[data-id="{ALERT_ID}"]'

    async def story(page) -> None:
        await log_in(page)
        await go_to(page, "live")
        await page.until("document.body.innerText.includes('Ada is recognised and authorised')")
        await page.evaluate(
            "(() => { const s = document.querySelector('header select'); s.value = 'fr';"
            "s.dispatchEvent(new Event('change')); })()"
        )
        await page.until("document.body.innerText.includes('Ada est reconnu(e) et autorisé(e)')")
        await go_to(page, "people")
        await page.until("document.body.innerText.includes('le rôle invité ne permet pas d')")
        await go_to(page, "alerts")
        await page.until(f"document.querySelector('{item} p')")
        why = await page.evaluate(f"document.querySelector('{item} p').textContent")
        assert why == "de nouveau debout 6,2 s après le choc"
        facts = await page.evaluate(f"document.querySelector('{item} .hint').textContent")
        assert facts.endswith("confiance 0,91")
        title = await page.evaluate(f"document.querySelector('{item} h2').textContent")
        assert title == "la personne tombée s'est relevée"
        await page.click(f"{item} summary")
        await page.until(f"document.querySelectorAll('{item} img')[1]?.alt.includes('cinquième')")
        alt = await page.evaluate(f"document.querySelectorAll('{item} img')[1].alt")
        assert alt == (
            "Ce que le modèle a regardé: une arme à feu 0,91 ; occlusion, 96 essais : sans le "
            "cinquième le plus chaud, il reste 12 % du score"
        )

    tell(story)


def test_both_languages_have_the_same_words_and_every_one_is_used_well(tell) -> None:
    async def story(page) -> None:
        words = await page.evaluate(
            "import('/static/i18n.js').then(({LANGUAGES}) => JSON.stringify(LANGUAGES))"
        )
        english, french = json.loads(words)["en"], json.loads(words)["fr"]
        assert list(english) == list(french)
        for key in english:
            assert english[key].strip()
            assert french[key].strip()
            holes = [
                {part.partition("}")[0] for part in words[key].split("{")[1:]}
                for words in (english, french)
            ]
            assert holes[0] == holes[1], key

    tell(story)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_view_fits_desk_and_phone_and_is_kept_as_a_picture(site, tell, dark) -> None:
    site.graph.stored += [
        alert(2, severity="critical", title="Fire in the kitchen", category="fire", score=0.97),
        alert(3, severity="info", title="Ada is home", state="acknowledged", acknowledged_by="Bo"),
    ]
    site.graph.places["watched"] = ["stairs: 0.2,0.2 0.6,0.2 0.6,0.8 0.2,0.8 @ 22:00-06:00"]

    async def story(page) -> None:
        tone = "dark" if dark else "light"
        await page.look(**DESK, dark=dark)
        await page.until("document.querySelector('input[name=name]')")
        await page.screenshot(SCREENSHOTS / f"login_desk_{tone}.png")
        await log_in(page)
        for name, size in (("desk", DESK), ("phone", PHONE)):
            await page.look(**size, dark=dark)
            for view in VIEWS:
                await go_to(page, view)
                await page.until("!document.querySelector('[aria-busy=true]')")
                if view == "live":
                    await page.until("Number(document.getElementById('live').dataset.pictures) > 0")
                assert await page.evaluate(NO_OVERFLOW), f"{view} is wider than the {name}"
                await page.screenshot(SCREENSHOTS / f"{view}_{name}_{tone}.png")

    tell(story)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_control_has_a_name_and_every_text_can_be_read(tell, dark) -> None:
    async def story(page) -> None:
        await page.look(**DESK, dark=dark)
        await log_in(page)
        for view in VIEWS:
            await go_to(page, view)
            await page.until("!document.querySelector('[aria-busy=true]')")
            assert await page.evaluate(AUDIT) == [], view

    tell(story)


def test_the_keyboard_reaches_content_and_navigation(tell) -> None:
    async def story(page) -> None:
        await log_in(page)
        await page.evaluate("document.activeElement.blur()")
        reached = []
        for _ in range(40):
            await page.press("Tab")
            reached.append(
                await page.evaluate("document.activeElement.id || document.activeElement.hash")
            )
        assert {"#live", "#alerts", "#settings", "logout", "overlays", "lock"} <= set(reached)

    tell(story)
