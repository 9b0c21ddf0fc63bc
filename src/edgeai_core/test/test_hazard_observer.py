"""Fire becomes events at exact frames, under one subject per fire."""

from __future__ import annotations

from edgeai_core.alerting.observers.hazards import HazardConfig, HazardObserver
from edgeai_core.alerting.scene import AlertingConfig, SceneWatch
from edgeai_core.config import build
from edgeai_core.types import HazardReport, HazardState, Severity

S = 1_000_000_000


def hazards(**values: object) -> HazardObserver:
    return HazardObserver(build(HazardConfig, values), source="fire_detector")


def seen(
    observer: HazardObserver, at_s: float, state: str, *unattended: str, since_s: float = 1.0
) -> list[tuple[str, str, Severity]]:
    report = HazardReport(
        state=HazardState[state],
        start_fire_score=0.25,
        fire_score=0.5,
        since_ns=round(since_s * S),
        reason="why",
        unattended=unattended,
    )
    events = observer.observe(report, stamp_ns=round(at_s * S), camera="door")
    assert all((e.camera, e.source, e.reason) == ("door", "fire_detector", "why") for e in events)
    return [
        (f"end of {e.category}" if e.over else e.category, e.subject, e.severity) for e in events
    ]


def test_a_fire_begins_burns_and_is_over_under_one_subject() -> None:
    observer, subject = hazards(), "fire of 1000000000"
    assert seen(observer, 0.5, "NONE") == []
    assert seen(observer, 1.0, "START_FIRE") == [("start_fire", subject, Severity.WARNING)]
    assert seen(observer, 1.1, "START_FIRE") == []
    assert seen(observer, 2.0, "FIRE", since_s=2.0) == [("fire", subject, Severity.CRITICAL)]
    assert seen(observer, 11.9, "FIRE", since_s=2.0) == []
    assert seen(observer, 12.0, "FIRE", since_s=2.0) == [("fire", subject, Severity.CRITICAL)]
    assert seen(observer, 30.0, "CLEARED", since_s=30.0) == [
        ("end of start_fire", subject, Severity.WARNING),
        ("end of fire", subject, Severity.CRITICAL),
        ("hazard_cleared", subject, Severity.INFO),
    ]
    assert seen(observer, 60.0, "CLEARED", since_s=30.0) == []
    assert seen(observer, 61.0, "NONE", since_s=61.0) == []


def test_the_next_fire_is_another_subject_also_right_after_the_last() -> None:
    observer = hazards()
    seen(observer, 1.0, "FIRE")
    seen(observer, 5.0, "CLEARED", since_s=5.0)
    assert seen(observer, 6.0, "FIRE", since_s=6.0) == [
        ("fire", "fire of 6000000000", Severity.CRITICAL)
    ]


def test_the_end_of_a_fire_that_nobody_was_told_of_is_not_seen() -> None:
    assert seen(hazards(), 1.0, "CLEARED") == []


def test_an_unattended_flame_is_told_once_and_again_after_a_while() -> None:
    observer = hazards(repeat_s=60.0)
    stove = ("unattended_flame", "stove", Severity.WARNING)
    assert seen(observer, 1.0, "NONE", "stove") == [stove]
    assert seen(observer, 2.0, "NONE", "stove") == []
    assert seen(observer, 61.0, "NONE", "stove", "fireplace") == [
        stove,
        ("unattended_flame", "fireplace", Severity.WARNING),
    ]
    assert seen(observer, 62.0, "NONE") == [
        ("end of unattended_flame", "stove", Severity.WARNING),
        ("end of unattended_flame", "fireplace", Severity.WARNING),
    ]
    assert seen(observer, 63.0, "NONE", "stove") == [stove]


def test_a_replayed_recording_tells_its_fire_again() -> None:
    observer = hazards()
    assert seen(observer, 9.0, "FIRE") != []
    assert seen(observer, 2.0, "FIRE") != []


def test_fire_can_be_left_unseen() -> None:
    assert seen(hazards(enabled=False), 1.0, "FIRE", "stove") == []


def test_the_score_of_a_fire_is_that_of_any_fire() -> None:
    scene = SceneWatch(AlertingConfig())
    report = HazardReport(state=HazardState.FIRE, start_fire_score=0.25, fire_score=0.5)
    (event,) = scene.see_hazards(report, stamp_ns=1, camera="door")
    assert (event.score, event.source, event.title) == (0.75, "fire_detector", "fire")
