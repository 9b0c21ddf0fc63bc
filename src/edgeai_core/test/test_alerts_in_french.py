"""Whole alerts in French, from what analyzers decide to what people read."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from datetime import time, timezone

import numpy as np
import pytest

from edgeai_core.access.lockout import Lockout, LockoutConfig
from edgeai_core.action_events import Action, ActionEvent
from edgeai_core.alerting.phrases import Phrase
from edgeai_core.alerting.rendering import describe
from edgeai_core.alerting.scene import AlertingConfig, SceneWatch
from edgeai_core.alerting.texts import Texts
from edgeai_core.analyzers.actions.accident_rules import AccidentsConfig
from edgeai_core.analyzers.actions.accidents import Accidents
from edgeai_core.analyzers.actions.fights import Fights, FightsConfig
from edgeai_core.analyzers.actions.testing import LYING, UPRIGHT, Stage
from edgeai_core.analyzers.actions.watch import ActionWatch, ActionWatchConfig
from edgeai_core.analyzers.fire.decision import DecisionConfig, FireDecision
from edgeai_core.analyzers.fire.evidence import RegionEvidence, RoundEvidence
from edgeai_core.analyzers.objects.areas import Areas, AreasConfig
from edgeai_core.analyzers.objects.tracked import TrackedObject
from edgeai_core.analyzers.objects.watch import ObjectWatch, ObjectWatchConfig
from edgeai_core.analyzers.objects.weapons import Weapons, WeaponsConfig
from edgeai_core.config import build
from edgeai_core.geometry import Box
from edgeai_core.language import Language
from edgeai_core.object_events import ObjectEvent
from edgeai_core.reasons import faces as face_reasons
from edgeai_core.reasons.testing import english_left
from edgeai_core.types import (
    Alert,
    AlertEvent,
    AuthState,
    Detection,
    FaceMatch,
    HazardReport,
    Liveness,
    SessionState,
)

S = 1_000_000_000
FRENCH = Texts(Language.FR)
BOX = Box(0, 0, 100, 100)
SETTINGS = {
    "action.run": "INFO",
    "action.min_probability": 0.0,
    "action.fight_min_probability": 0.0,
    "object_event.unattended_bag": "WARNING",
    "object_event.entered_zone": "INFO",
    "unauthorised_face.frames": 1,
    "spoofed_face.frames": 1,
    "unknown_face.frames": 1,
}


def scene() -> SceneWatch:
    return SceneWatch(build(AlertingConfig, SETTINGS), texts=FRENCH)


def told(events: Sequence[AlertEvent]) -> list[str]:
    """Return what people read of each beginning, without severity and time."""
    texts = []
    for event in events:
        assert not english_left(event.title), event.title
        assert not english_left(event.reason), event.reason
        if not event.over:
            alert = Alert(alert_id="a" * 32, event=event, raised_ns=event.stamp_ns)
            texts.append(describe(alert, timezone=timezone.utc, texts=FRENCH))
    return texts


def actions(events: Sequence[ActionEvent], *wanted: Action) -> list[str]:
    chosen = [event for event in events if event.action in wanted]
    return told(scene().see_actions(chosen, camera="salon"))


def objects(events: Sequence[ObjectEvent]) -> list[str]:
    return told(scene().see_object_events(events, camera="quai"))


def test_a_fall_that_lasts_and_its_end() -> None:
    stage = Stage()
    stage.hold(UPRIGHT, 2)
    stage.move(UPRIGHT, LYING, 0.6)
    stage.hold(LYING, 5)
    stage.move(LYING, UPRIGHT, 1.5)
    stage.hold(UPRIGHT, 2)
    fall, lying, up = actions(stage.events, Action.FALL, Action.LYING, Action.RECOVERED)
    came_down = (
        "la tête est descendue de 0,76 hauteur de corps et les hanches de 0,41 en 0,6 s, à 1,3 "
        "hauteur de corps/s au plus ; buste incliné de 0 à 88 degrés"
    )
    assert fall == (
        "ATTENTION: quelqu'un est tombé, caméra salon, à 00:00:03, certitude 95 %. "
        f"Pourquoi : {came_down}"
    )
    assert lying.endswith(f"Pourquoi : encore à terre 3,0 s après le choc ; {came_down}")
    assert up.endswith("Pourquoi : de nouveau debout 6,2 s après le choc")


def test_flight() -> None:
    watch = ActionWatch(ActionWatchConfig())
    events: list[ActionEvent] = []
    for number in range(60):
        x = 60 + 16.0 * number
        found = [
            Detection(
                label="person",
                score=0.9,
                box=Box(x + 45 * i - 20, 200, x + 45 * i + 20, 280),
                track_id=i,
            )
            for i in range(1, 5)
        ]
        image = np.zeros((480, 1280, 3), np.uint8)
        stamp_ns = (number + 1) * S // 10
        events += watch.update(image, found, stamp_ns=stamp_ns, local_time=time(12))
    (flight,) = actions(events, Action.FLIGHT)
    assert "des personnes s'enfuient, caméra salon" in flight
    assert flight.endswith(
        "Pourquoi : 4 personnes s'enfuient à une vitesse de 2,0 à 2,0 hauteurs de corps/s"
    )
    assert "court à 2,0 hauteurs de corps/s" in actions(events, Action.RUN)[0]


class SureJudge:
    """Says of everything that it is a fight."""

    def features(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        return np.ones((len(pictures), 1), np.float32)

    def logit(self, features: np.ndarray) -> float:
        return 3.0 * float(features.mean())


def test_a_fight() -> None:
    fights = Fights(FightsConfig(), judge=SureJudge(), next_incident=itertools.count(1).__next__)
    rng = np.random.default_rng(0)
    events: list[ActionEvent] = []
    for number in range(15):
        image = np.zeros((360, 480, 3), np.uint8)
        image[40:140, 60:160] = rng.integers(0, 255, (100, 100, 1))
        events += fights.update(image, {}, stamp_ns=number * S // 10)
    (fight,) = actions(events, Action.FIGHT)
    assert fight.startswith("CRITIQUE: une bagarre, caméra salon")
    assert fight.endswith(
        "Pourquoi : sur 6 moments en 1,3 s, 6 ressemblent à une bagarre, surtout celui 1,0 s avant "
        "le dernier ; aucune personne trouvée sur place"
    )


def test_accidents() -> None:
    def car(x: float, track_id: int) -> Detection:
        return Detection(
            label="car", score=0.9, box=Box(x - 75, 400, x + 75, 450), track_id=track_id
        )

    watch = Accidents(AccidentsConfig(), next_incident=itertools.count(1).__next__)
    events: list[ActionEvent] = []
    for number in range(40):
        t = number / 10
        x = 300 * min(t, 2.0)
        found = [car(150 + x, 1), car(1507.5 - x, 2)]
        area = Box(0, 0, 1920, 1080)
        events += watch.update(found, [], stamp_ns=round(t * S), area=area)
    (accident,) = actions(events, Action.ACCIDENT)
    assert accident.startswith("CRITIQUE: un accident, caméra salon")
    assert accident.endswith(
        "Pourquoi : le véhicule n° 1 (une voiture) a changé de vitesse de 2,0 longueurs de "
        "voiture/s en une demi-seconde, de 2,0 à 0,0, est à l'arrêt depuis, a touché le véhicule "
        "n° 2 (une voiture), dont la vitesse a changé de 2,0"
    )


def fire(*rounds: tuple[float, float, str]) -> list[str]:
    """Play one round a second of (start, fire, region's kind); return what is told."""
    decision, watch, texts = FireDecision(DecisionConfig(confirm_rounds=3)), scene(), []
    for number, (start, burning, kind) in enumerate(rounds, start=1):
        decided = decision.update(
            RoundEvidence(
                stamp_ns=number * S,
                start_fire_score=start,
                fire_score=burning,
                regions=(RegionEvidence(kind=kind, activity=5.0),) if kind else (),
            )
        )
        report = HazardReport(
            state=decided.state,
            start_fire_score=start,
            fire_score=burning,
            since_ns=decided.since_ns,
            reason=decided.reason,
        )
        texts += told(watch.see_hazards(report, stamp_ns=number * S, camera="cuisine"))
    return texts


def test_a_fire_and_its_end() -> None:
    begins, *_, over = fire(*[(0.7, 0.1, "smoke")] * 3, *[(0.05, 0.0, "")] * 12)
    assert begins == (
        "ATTENTION: début d'incendie, caméra cuisine, à 00:00:03, certitude 80 %. Pourquoi : sur 3 "
        "examens récents, 3 montrent du feu (au moins 3) : début de feu 0,70, feu 0,10, ensemble "
        "au moins 0,50 ; indices cumulés 4,2 (limite 3,0) ; mouvement de la fumée 5,0 (limite 1,8)"
    )
    assert over.endswith(
        "Pourquoi : score sous 0,30 depuis 10,0 s (limite 10,0 s) : début de feu 0,05, feu 0,00"
    )


def test_a_flame_that_nobody_attends_keeps_the_name_of_its_place() -> None:
    report = HazardReport(
        state=FireDecision(DecisionConfig()).decision.state,
        start_fire_score=0.0,
        fire_score=0.0,
        since_ns=0,
        reason="no fire seen since watching began; a flame at Cuisinière, gaz and nobody near it "
        "for 700 s (limit 600 s)",
        unattended=("Cuisinière, gaz",),
    )
    (lone,) = told(scene().see_hazards(report, stamp_ns=S, camera="cuisine"))
    assert lone == (
        "ATTENTION: flamme sans surveillance : Cuisinière, gaz, caméra cuisine, zone Cuisinière, "
        "gaz, à 00:00:01. Pourquoi : aucun feu vu depuis le début de la surveillance ; une flamme "
        "(Cuisinière, gaz) et personne à côté depuis 700 s (limite 600 s)"
    )


def test_a_weapon_and_who_holds_it() -> None:
    watch = Weapons(WeaponsConfig(rules=("gun: 3 of 5 within 2 s from 0.5",)))
    gun = Detection(label="gun", score=0.7, box=Box(100, 195, 120, 205))
    holder = TrackedObject(
        identity=1, track_id=11, label="person", score=0.9, box=Box(80, 120, 140, 300)
    )
    events = [
        event
        for number in range(3)
        for event in watch.update([gun], [holder], stamp_ns=S + number * S // 5)
    ]
    (weapon,) = objects(events)
    assert weapon == (
        "CRITIQUE: une arme à feu en vue, caméra quai, à 00:00:01, certitude 70 %. Pourquoi : une "
        "arme à feu : visible sur 3 images (au moins 3) parmi 3 en 2 s, score 0,70, avec la "
        "personne n° 11"
    )


def alone(second: float) -> list[Detection]:
    """Somebody carries a suitcase in, puts it down at 4 s and walks off at 8 s."""
    x = 100 + 100 * second if second < 4 else 500 if second < 8 else 500 + 100 * (second - 8)
    lift = 40 if second < 4 else 0
    at = x + 30 if second < 4 else 540
    bag = Box(at - 25, 340 - lift, at + 25, 400 - lift)
    found = [Detection(label="suitcase", score=0.7, box=bag, track_id=50)]
    if x < 1150:
        body = Box(x - 33, 200, x + 33, 400)
        found.append(Detection(label="person", score=0.9, box=body, track_id=1))
    return found


def played(place: Callable[[float], list[Detection]], end_s: float) -> list[ObjectEvent]:
    settings = {
        "bags.labels": ("suitcase",),
        "bags.settle_s": 1.0,
        "bags.unattended_after_s": 5.0,
        "bags.abandoned_after_s": 15.0,
        "bags.forget_s": 30.0,
    }
    watch = ObjectWatch(build(ObjectWatchConfig, settings))
    return [
        event
        for frame in range(round(end_s * 5))
        for event in watch.update(
            place(frame / 5),
            stamp_ns=frame * S // 5,
            width_px=1200,
            height_px=600,
            local_time=time(12),
        )
    ]


def test_a_bag_without_its_owner_and_who_takes_it() -> None:
    def taken(second: float) -> list[Detection]:
        if second < 30:
            return alone(second)
        x = min(540.0, 200 * (second - 29)) if second < 32 else 540 + 200 * (second - 32)
        found = [
            Detection(label="person", score=0.9, box=Box(x - 33, 200, x + 33, 400), track_id=2)
        ]
        lift, at = (0, 540.0) if second < 32 else (40, x + 30)
        bag = Box(at - 25, 340 - lift, at + 25, 400 - lift)
        return [*found, Detection(label="suitcase", score=0.7, box=bag, track_id=50)]

    unattended, abandoned, gone = objects(played(taken, 35))
    assert "une valise sans propriétaire, caméra quai" in unattended
    assert "une valise à l'abandon, caméra quai" in abandoned
    assert abandoned.endswith(
        "Pourquoi : une valise : son propriétaire, la personne n° 1, reste à plus de 1,5 hauteur "
        "de corps depuis 15,0 s (limite 15 s) ; visible depuis sur 75 images parmi 75"
    )
    assert "une valise : emporté par quelqu'un d'autre" in gone
    assert "la personne n° 2, jamais auprès de ce bagage avant, l'emporte" in gone
    assert "le bagage était à l'abandon depuis" in gone


def test_stays_and_lines() -> None:
    config = AreasConfig(
        zones=("quai 2: 0.4,0.5 0.6,0.5 0.6,1 0.4,1",),
        stays=("quai 2: person for 4 s",),
        lines=("portail: 0.3,0 0.3,1",),
        absence_s=2.0,
    )
    watch = Areas(config)
    events: list[ObjectEvent] = []
    for number in range(24):
        x = (0.2, 0.5, 0.9)[(number > 2) + (number > 14)] * 1000
        someone = TrackedObject(
            identity=1, track_id=1, label="person", score=0.8, box=Box(x - 20, 300, x + 20, 400)
        )
        events += watch.update(
            [someone],
            stamp_ns=number * S // 2,
            width_px=1000,
            height_px=500,
            local_time=time(12),
        )
    texts = "\n".join(objects(events))
    assert "une personne a franchi portail vers la" in texts
    assert "Pourquoi : une personne dans quai 2 depuis 0,5 s" in texts
    assert "Pourquoi : une personne dans quai 2 depuis 4,5 s (limite 4 s)" in texts
    left = FRENCH.reason(events[-1].reason)
    assert left == "une personne : 5,5 s dans quai 2, puis absence de 2,5 s (limite 2 s)"


def face(**values: object) -> FaceMatch:
    return FaceMatch(box=BOX, detection_score=0.9, track_id=1, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("match", "why"),
    [
        (
            face(
                person_id="ada",
                person_name="Ada",
                distance=0.25,
                rejection="role guest may not operate",
            ),
            "Ada reconnu(e) sur 1 images en 0,0 s (limite 3,0 s) à la distance 0,25, mais sans "
            "droit de déverrouiller : le rôle invité ne permet pas d'agir",
        ),
        (
            face(
                person_id="ada",
                person_name="Ada",
                permitted=True,
                liveness=Liveness.SPOOF,
                liveness_score=0.125,
                rejection=face_reasons.LOOKS_COPIED.say(score=0.125, limit=0.25),
            ),
            "le visage de Ada n'est pas vivant sur 1 images en 0,0 s (limite 3,0 s), score 0,12 : "
            "pas vivant : semble être une copie, score 0,12, en dessous de 0,25",
        ),
        (
            face(distance=0.7),
            "inconnu sur 1 images en 0,0 s (limite 5,0 s), visage de 100 px (au moins 60 px), "
            "personne enregistrée la plus proche à la distance 0,70",
        ),
    ],
    ids=["not authorised", "copy", "unknown"],
)
def test_faces_with_what_kept_them_out(match: FaceMatch, why: str) -> None:
    (text,) = told(scene().see_faces([match], stamp_ns=S, camera="entrée"))
    assert text.endswith(f"Pourquoi : {why}")


def test_access_is_granted_and_ends_by_a_lock_out() -> None:
    def state(of: SessionState, reason: str, nonce: int) -> AuthState:
        name = "Ada" if of is SessionState.ACTIVE else ""
        return AuthState(
            state=of,
            person_id=name.lower(),
            person_name=name,
            reason=reason,
            nonce=nonce,
            issued_ns=nonce,
            expires_ns=5 * S,
        )

    clock = iter([0.0, 0.5, *[1.0] * 20])
    lockout = Lockout(LockoutConfig(failures=1, judged_after_s=1.0), clock_s=clock.__next__)
    for _ in range(3):
        lockout.observe(refused=[("entrée", 1)], accepted=[])
    watch = scene()
    beside = "Ada is recognised and authorised; 2 unknown faces beside"
    opened = state(SessionState.ACTIVE, beside, 1)
    (granted,) = told(watch.see_access(opened, now_ns=S))
    assert granted == (
        "INFO: accès accordé à Ada, à 00:00:01. Pourquoi : Ada est reconnu(e) et autorisé(e) ; 2 "
        "visages inconnus à côté"
    )
    (ended,) = told(watch.see_access(state(SessionState.LOCKED, lockout.reason, 2), now_ns=2 * S))
    assert ended == (
        "INFO: fin de l'accès de Ada, à 00:00:02. Pourquoi : verrouillé pendant 30 s après 1 "
        "visage refusé"
    )
    assert FRENCH.reason(lockout.refusal) == (
        "verrouillé pendant 30 s après 1 visage refusé, encore 30 s"
    )


def test_the_alert_nodes_own_numbers_have_a_comma_too_and_its_names_keep_their_points() -> None:
    assert FRENCH.say(Phrase.SUPERVISOR_SILENT, silent_s=1.5).endswith("depuis 1,5 s")
    assert FRENCH.say(Phrase.AT_CAMERA, camera="cam.2") == "caméra cam.2"
