"""What the graph sees becomes events at exact frames, with the figures that decided."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edgeai_core.alerting.observers.access import AccessConfig, AccessObserver
from edgeai_core.alerting.observers.faces import UnknownFaceConfig, UnknownFaceObserver
from edgeai_core.alerting.observers.health import (
    HealthLevel,
    NodeFaultConfig,
    NodeFaultObserver,
    NodeHealth,
)
from edgeai_core.alerting.observers.objects import WatchedObjectConfig, WatchedObjectObserver
from edgeai_core.alerting.observers.people import (
    SpoofedFaceConfig,
    SpoofedFaceObserver,
    UnauthorisedFaceConfig,
    UnauthorisedFaceObserver,
)
from edgeai_core.alerting.observers.tracks import TrackMemory
from edgeai_core.alerting.scene import AlertingConfig, SceneWatch
from edgeai_core.config import build, specs
from edgeai_core.errors import ConfigError
from edgeai_core.geometry import Box
from edgeai_core.types import (
    AlertEvent,
    AuthState,
    Detection,
    FaceMatch,
    Liveness,
    SessionState,
    Severity,
)

MS = 1_000_000
S = 1000 * MS


def face(
    track_id: int | None = 7,
    *,
    side_px: float = 80.0,
    person: str = "",
    authorised: bool = False,
    distance: float = 0.61,
    liveness: Liveness = Liveness.NOT_CHECKED,
    rejection: str = "",
) -> FaceMatch:
    return FaceMatch(
        box=Box(0.0, 0.0, side_px, side_px + 20.0),
        detection_score=0.9,
        track_id=track_id,
        person_id=person,
        person_name=person.title(),
        distance=distance,
        permitted=authorised,
        authorised=authorised,
        liveness=liveness,
        liveness_score=0.12,
        rejection=rejection,
    )


def unknown_observer(**values: object) -> UnknownFaceObserver:
    defaults = {"frames": 3, "window_s": 1.0, "repeat_s": 2.0, "min_face_px": 60.0}
    config = build(UnknownFaceConfig, {**defaults, **values})
    return UnknownFaceObserver(config, source="face_authenticator")


def seen(
    observer: UnknownFaceObserver | UnauthorisedFaceObserver | SpoofedFaceObserver,
    match: FaceMatch,
    *stamps_ms: int,
) -> list[list[AlertEvent]]:
    return [
        observer.observe([match], stamp_ns=stamp_ms * MS, camera="entrance")
        for stamp_ms in stamps_ms
    ]


def test_an_unknown_face_is_told_at_its_third_frame_with_figures() -> None:
    first, second, third = seen(unknown_observer(), face(), 100, 200, 300)

    assert (first, second) == ([], [])
    assert third == [
        AlertEvent(
            category="unknown_face",
            severity=Severity.WARNING,
            title="unknown face",
            reason="unknown in 3 frames within 0.2 s (limit 1.0 s), face 80 px (at least 60 px), "
            "nearest enrolled person at distance 0.61",
            source="face_authenticator",
            subject="track 7 of 100000000",
            camera="entrance",
            stamp_ns=300 * MS,
            score=0.9,
        )
    ]


@pytest.mark.parametrize(
    "match",
    [face(side_px=59.9), face(None), face(person="anna"), face(person="anna", authorised=True)],
    ids=["too small", "not tracked", "recognised", "authorised"],
)
def test_other_faces_are_not_unknown(match: FaceMatch) -> None:
    assert seen(unknown_observer(), match, 0, 100, 200, 300) == [[], [], [], []]


def test_three_frames_that_take_longer_than_the_window_are_not_enough() -> None:
    assert seen(unknown_observer(), face(), 0, 501, 1002) == [[], [], []]
    assert len(seen(unknown_observer(), face(), 0, 500, 1000)[2]) == 1


def test_frames_of_two_tracks_or_cameras_do_not_add_up() -> None:
    observer = unknown_observer()
    for stamp_ms, track_id in ((0, 1), (100, 2), (200, 1), (300, 2)):
        assert seen(observer, face(track_id), stamp_ms) == [[]]
    assert observer.observe([face(1)], stamp_ns=400 * MS, camera="garden") == []


def test_a_person_who_looks_away_is_not_unknown_until_the_window_has_passed() -> None:
    observer = unknown_observer()
    seen(observer, face(person="anna"), 0)

    away = seen(observer, face(), *range(100, 1200, 100))

    assert [len(events) for events in away] == [0] * 10 + [1]


def test_a_face_that_stays_is_repeated_and_keeps_its_subject() -> None:
    events = seen(unknown_observer(), face(), *range(0, 4400, 100))

    told = [frame for frame in events if frame]
    assert [frame[0].stamp_ns // MS for frame in told] == [200, 2200, 4200]
    assert {frame[0].subject for frame in told} == {"track 7 of 0"}


def test_a_looped_recording_begins_a_new_stay() -> None:
    observer = unknown_observer()
    seen(observer, face(), 5000, 5100, 5200)

    again = seen(observer, face(), 100, 200, 300)

    assert [len(events) for events in again] == [0, 0, 1]
    assert again[2][0].subject == "track 7 of 100000000"


def test_a_missing_distance_is_said() -> None:
    (event,) = seen(unknown_observer(frames=1), face(distance=float("nan")), 0)[0]

    assert event.reason.endswith("no distance to an enrolled person")


def test_a_disabled_observer_is_silent() -> None:
    assert seen(unknown_observer(enabled=False, frames=1), face(), 0, 100) == [[], []]


def test_an_unauthorised_person_is_told_once_with_the_reason_of_the_policy() -> None:
    config = build(UnauthorisedFaceConfig, {"frames": 2, "window_s": 1.0, "repeat_s": 5.0})
    observer = UnauthorisedFaceObserver(config, source="face_authenticator")
    match = face(person="ben", distance=0.31, rejection="role visitor may not unlock")

    first, second, third = seen(observer, match, 0, 100, 200)

    assert (first, third) == ([], [])
    (event,) = second
    assert (event.category, event.subject) == ("unauthorised_person", "ben")
    assert event.title == "Ben is not authorised"
    assert event.reason == (
        "Ben recognised in 2 frames within 0.1 s (limit 1.0 s) at distance 0.31, "
        "but may not unlock: role visitor may not unlock"
    )
    assert seen(observer, face(person="anna", authorised=True), 0, 100, 200) == [[], [], []]
    assert seen(observer, face(), 0, 100, 200) == [[], [], []]


def test_a_permitted_person_who_was_not_found_living_yet_is_not_unauthorised() -> None:
    observer = UnauthorisedFaceObserver(UnauthorisedFaceConfig(frames=1), source="faces")
    waiting = replace(face(person="anna", authorised=True), authorised=False)
    assert seen(observer, waiting, 0, 100) == [[], []]


def test_a_copy_of_a_person_is_told_with_what_gave_it_away() -> None:
    config = build(SpoofedFaceConfig, {"frames": 2, "window_s": 1.0, "repeat_s": 5.0})
    observer = SpoofedFaceObserver(config, source="face_authenticator")
    copy = face(person="anna", liveness=Liveness.SPOOF, rejection="not live: moves like a print")

    first, (event,), third = seen(observer, copy, 0, 100, 200)

    assert (first, third) == ([], [])
    assert (event.category, event.subject, event.severity) == (
        "spoofed_face",
        "anna",
        Severity.WARNING,
    )
    assert event.title == "a copy of Anna's face"
    assert event.reason == (
        "the face of Anna was found not living in 2 frames within 0.1 s (limit 1.0 s), "
        "score 0.12: not live: moves like a print"
    )
    # Nobody's copy, and a living face, are no spoof of an enrolled person.
    assert seen(observer, face(liveness=Liveness.SPOOF), 0, 100, 200) == [[], [], []]
    assert seen(observer, face(person="ben", liveness=Liveness.LIVE), 0, 100) == [[], []]


def test_the_same_person_twice_in_a_frame_counts_once() -> None:
    config = build(UnauthorisedFaceConfig, {"frames": 2})
    observer = UnauthorisedFaceObserver(config, source="face_authenticator")

    assert (
        observer.observe(
            [face(1, person="ben"), face(2, person="ben")], stamp_ns=0, camera="entrance"
        )
        == []
    )


def auth(
    state: SessionState, *, person: str = "anna", nonce: int = 1, expires_s: float = 10.0
) -> AuthState:
    return AuthState(
        state=state,
        person_id=person,
        person_name=person.title(),
        reason="5 frames agree",
        nonce=nonce,
        issued_ns=0,
        expires_ns=round(expires_s * S),
    )


def told(events: list[AlertEvent]) -> list[tuple[str, str]]:
    return [
        (f"end of {event.category}" if event.over else event.category, event.title)
        for event in events
    ]


def test_access_is_granted_once_and_ended_once() -> None:
    observer = AccessObserver(AccessConfig(), source="supervisor")

    granted = observer.observe(auth(SessionState.ACTIVE), now_ns=1 * S)
    heartbeat = observer.observe(auth(SessionState.ACTIVE), now_ns=2 * S)
    ended = observer.observe(auth(SessionState.MONITORING), now_ns=3 * S)

    assert told(granted) == [("access_granted", "access granted to Anna")]
    assert (granted[0].severity, granted[0].reason) == (Severity.INFO, "5 frames agree")
    assert granted[0].subject == "anna 0000000000000001"
    assert heartbeat == []
    assert told(ended) == [
        ("end of access_granted", "access granted to Anna"),
        ("access_ended", "access of Anna ended"),
    ]
    assert {event.subject for event in ended} == {granted[0].subject}
    assert observer.observe(auth(SessionState.LOCKED), now_ns=4 * S) == []


def test_another_person_ends_the_access_of_the_first() -> None:
    observer = AccessObserver(AccessConfig(), source="supervisor")
    observer.observe(auth(SessionState.ACTIVE), now_ns=1)

    events = observer.observe(auth(SessionState.ACTIVE, person="ben", nonce=2), now_ns=2)

    assert told(events) == [
        ("end of access_granted", "access granted to Anna"),
        ("access_ended", "access of Anna ended"),
        ("access_granted", "access granted to Ben"),
    ]


def test_an_expired_state_is_no_access_and_silence_ends_it() -> None:
    observer = AccessObserver(AccessConfig(), source="supervisor")
    assert observer.observe(auth(SessionState.ACTIVE, expires_s=1.0), now_ns=1 * S) == []
    observer.observe(auth(SessionState.ACTIVE, expires_s=10.0), now_ns=1 * S)

    assert observer.check(now_ns=10 * S - 1) == []
    over, event = observer.check(now_ns=10 * S)
    assert (over.category, over.over) == ("access_granted", True)
    assert event.category == "access_ended"
    assert event.reason == "no word from the supervisor for 10.0 s"
    assert observer.check(now_ns=11 * S) == []


def watched(
    observer: WatchedObjectObserver,
    *stamps_ms: int,
    state: SessionState,
    label: str = "person",
    score: float = 0.83,
    track_id: int | None = 4,
) -> list[list[AlertEvent]]:
    box = Box(0.0, 0.0, 10.0, 20.0)
    detection = Detection(label=label, score=score, box=box, track_id=track_id)
    return [
        observer.observe([detection], stamp_ns=stamp * MS, camera="hall", state=state)
        for stamp in stamps_ms
    ]


def object_observer(**values: object) -> WatchedObjectObserver:
    config = build(WatchedObjectConfig, {"min_duration_s": 2.0, **values})
    return WatchedObjectObserver(config, source="object_detector")


def test_a_watched_object_is_told_when_it_has_stayed_long_enough() -> None:
    events = watched(object_observer(), *range(0, 2200, 500), 2000, state=SessionState.MONITORING)

    assert [len(frame) for frame in events] == [0, 0, 0, 0, 1, 0]
    (event,) = events[4]
    assert (event.title, event.severity) == ("person seen", Severity.WARNING)
    assert event.subject == "person 4 of 0"
    assert event.reason == (
        "person tracked for 2.0 s (limit 2.0 s) while MONITORING, score 0.83 (at least 0.50)"
    )


def test_time_before_the_watched_state_does_not_count() -> None:
    observer = object_observer()
    watched(observer, *range(0, 3000, 500), state=SessionState.ACTIVE)

    events = watched(observer, 3000, 3500, 4000, 4500, 5000, state=SessionState.MONITORING)

    assert [len(frame) for frame in events] == [0, 0, 0, 0, 1]


def test_a_short_break_of_the_watched_state_starts_the_time_anew() -> None:
    observer = object_observer()
    watched(observer, 0, 500, 1000, state=SessionState.MONITORING)
    watched(observer, 1500, state=SessionState.ACTIVE)

    events = watched(observer, 2000, 2500, 3000, 3500, 4000, state=SessionState.MONITORING)

    assert [len(frame) for frame in events] == [0, 0, 0, 0, 1]


def test_other_labels_low_scores_untracked_objects_and_gaps_are_not_told() -> None:
    state = SessionState.MONITORING
    stamps = (0, 1000, 2000, 3000)
    assert not any(watched(object_observer(), *stamps, state=state, label="cat"))
    assert not any(watched(object_observer(), *stamps, state=state, score=0.49))
    assert not any(watched(object_observer(), *stamps, state=state, track_id=None))
    assert not any(watched(object_observer(), 0, 1001, 2002, 3003, state=state))


def test_the_city_watches_knives_also_while_somebody_is_active() -> None:
    observer = object_observer(
        watch_labels=["knife", "scissors", "baseball bat"],
        watch_states=["ACTIVE", "MONITORING"],
        severity="CRITICAL",
        min_duration_s=0.0,
    )

    (event,) = watched(observer, 0, state=SessionState.ACTIVE, label="baseball bat")[0]

    assert event.severity is Severity.CRITICAL
    assert watched(observer, 0, state=SessionState.LOCKED, label="knife") == [[]]


def test_a_watch_state_that_does_not_exist_is_refused_with_the_choices() -> None:
    with pytest.raises(ConfigError, match="got AWAY, expected names among LOCKED, ACTIVE"):
        build(WatchedObjectConfig, {"watch_states": ["AWAY"]})


def health_observer(**values: object) -> NodeFaultObserver:
    return NodeFaultObserver(build(NodeFaultConfig, values), source="alert_manager")


def health(level: HealthLevel, at_s: float, name: str = "object_detector") -> NodeHealth:
    return NodeHealth(name=name, level=level, message="model gone", stamp_ns=round(at_s * S))


def test_a_fault_is_told_after_three_seconds_and_its_end_after_three_more() -> None:
    observer = health_observer()
    assert observer.observe(health(HealthLevel.OK, 0.0)) == []
    assert observer.observe(health(HealthLevel.ERROR, 1.0)) == []
    assert observer.observe(health(HealthLevel.ERROR, 3.9)) == []

    (fault,) = observer.observe(health(HealthLevel.ERROR, 4.0))
    assert observer.observe(health(HealthLevel.ERROR, 5.0)) == []
    assert observer.observe(health(HealthLevel.WARN, 6.0)) == []
    over, recovered = observer.observe(health(HealthLevel.OK, 9.0))
    assert (over.category, over.subject, over.over) == ("node_fault", fault.subject, True)

    assert (fault.category, fault.severity) == ("node_fault", Severity.WARNING)
    assert fault.title == "node object_detector failed"
    assert fault.reason == "ERROR for 3.0 s (limit 3.0 s): model gone"
    assert (recovered.category, recovered.severity) == ("node_recovered", Severity.INFO)
    assert recovered.reason == "OK again after 5.0 s: model gone"


def test_short_trouble_and_warnings_are_not_told() -> None:
    observer = health_observer()
    for at_s, level in enumerate([HealthLevel.ERROR, HealthLevel.STALE, HealthLevel.OK] * 5):
        assert observer.observe(health(level, at_s)) == []
    for at_s in range(20, 40):
        assert observer.observe(health(HealthLevel.WARN, at_s)) == []


@pytest.mark.parametrize(
    ("name", "severity"),
    [
        ("/home/usb_cam", Severity.CRITICAL),
        ("supervisor", Severity.CRITICAL),
        ("/camera/object_detector", Severity.WARNING),
    ],
)
def test_cameras_and_the_supervisor_are_critical(name: str, severity: Severity) -> None:
    observer = health_observer(fault_after_s=0.0)

    (fault,) = observer.observe(health(HealthLevel.ERROR, 1.0, name))

    assert (fault.severity, fault.subject) == (severity, name)


def test_a_silent_node_becomes_stale_by_time_alone() -> None:
    observer = health_observer()
    observer.observe(health(HealthLevel.OK, 0.0))

    assert observer.check(now_ns=round(4.9 * S)) == []
    assert observer.check(now_ns=5 * S) == []
    (fault,) = observer.check(now_ns=8 * S)

    assert fault.reason == "STALE for 3.0 s (limit 3.0 s): silent for 8.0 s"


def test_a_fault_that_lasts_is_repeated_every_thirty_seconds() -> None:
    observer = health_observer()
    stamps = [at_s for at_s in range(100) if observer.observe(health(HealthLevel.ERROR, at_s))]

    assert stamps == [3, 33, 63, 93]


def test_a_clock_that_jumps_forward_and_back_raises_no_fault_of_a_healthy_node() -> None:
    observer = health_observer()
    observer.observe(health(HealthLevel.OK, 100.0))

    assert observer.check(now_ns=3700 * S) == []
    assert observer.observe(health(HealthLevel.OK, 3700.5)) == []
    assert observer.check(now_ns=101 * S) == []
    assert observer.observe(health(HealthLevel.ERROR, 102.0)) == []
    assert len(observer.observe(health(HealthLevel.ERROR, 105.0))) == 1


def test_a_clock_that_is_set_back_delays_a_fault_by_its_debounce_only() -> None:
    observer = health_observer()
    assert observer.observe(health(HealthLevel.ERROR, 3700.0)) == []
    assert observer.observe(health(HealthLevel.ERROR, 102.0)) == []

    assert len(observer.observe(health(HealthLevel.ERROR, 105.0))) == 1


def test_tracks_are_forgotten_oldest_first() -> None:
    memory = TrackMemory[int](gap_ns=10, max_tracks=3)
    for key in (1, 2, 3, 1, 4):
        memory.seen(key, key)

    assert len(memory) == 3
    assert memory.seen(2, 5).first_ns == 5  # 2 was the one unseen for longest


def test_the_scene_watches_objects_in_the_state_last_told() -> None:
    config = build(AlertingConfig, {"watched_object.min_duration_s": 0.0})
    scene = SceneWatch(config)
    box = Box(0.0, 0.0, 9.0, 9.0)
    person = Detection(label="person", score=0.9, box=box, track_id=1)

    assert scene.see_objects([person], stamp_ns=0, camera="hall") == []
    scene.see_access(auth(SessionState.MONITORING, expires_s=1.0), now_ns=0)
    # Expired: rights are gone, watching goes on.
    (event,) = scene.see_objects([person], stamp_ns=5 * S, camera="hall")

    assert (event.category, event.source) == ("watched_object", "object_detector")


def test_the_scene_hands_faces_access_and_health_to_their_observers() -> None:
    values = {"unknown_face.frames": 1, "unauthorised_face.frames": 1}
    scene = SceneWatch(build(AlertingConfig, {**values, "node_fault.fault_after_s": 0.0}))

    faces = scene.see_faces([face(), face(8, person="ben")], stamp_ns=0, camera="hall")
    granted = scene.see_access(auth(SessionState.ACTIVE), now_ns=0)
    fault = scene.see_health(health(HealthLevel.ERROR, 0.0))
    late = scene.check(now_ns=60 * S)

    assert [event.category for event in faces] == ["unknown_face", "unauthorised_person"]
    assert [event.category for event in (*granted, *fault)] == ["access_granted", "node_fault"]
    assert [category for category, _ in told(late)] == [
        "end of access_granted",
        "access_ended",
        "node_fault",
    ]


def test_every_parameter_has_a_description_and_a_default_in_its_range() -> None:
    found = list(specs(AlertingConfig))
    assert len({spec.name for spec in found}) == len(found)
    for spec in found:
        assert spec.description, spec.name
        assert spec.checked(spec.default) == spec.default
