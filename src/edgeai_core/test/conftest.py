"""Holds for every test here: whatever an analyzer tells can be told in French."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

import pytest

from edgeai_core.access.guard import AuthStateGuard
from edgeai_core.access.session import SessionMachine
from edgeai_core.analyzers.actions.accidents import Accidents
from edgeai_core.analyzers.actions.fights import Fights
from edgeai_core.analyzers.actions.watch import ActionWatch
from edgeai_core.analyzers.faces.liveness import LivenessChecker
from edgeai_core.analyzers.faces.logic import FaceAuthenticator
from edgeai_core.analyzers.fire.decision import FireDecision
from edgeai_core.analyzers.fire.logic import FireWatch
from edgeai_core.analyzers.objects.areas import Areas
from edgeai_core.analyzers.objects.watch import ObjectWatch
from edgeai_core.analyzers.objects.weapons import Weapons
from edgeai_core.language import Language
from edgeai_core.reasons import translated
from edgeai_core.reasons.testing import english_left
from edgeai_core.types import Liveness

# What gives reasons away, and where they are in it. What is not living is told by the checker.
_TELLING: tuple[tuple[type, str, Callable[[Any], list[str]]], ...] = (
    (FireDecision, "update", lambda decision: [decision.reason]),
    (FireWatch, "update", lambda report: [report.reason]),
    (ActionWatch, "update", lambda events: [event.reason for event in events]),
    (Accidents, "update", lambda events: [event.reason for event in events]),
    (Fights, "update", lambda events: [event.reason for event in events]),
    (ObjectWatch, "update", lambda events: [event.reason for event in events]),
    (Areas, "update", lambda events: [event.reason for event in events]),
    (Weapons, "update", lambda events: [event.reason for event in events]),
    (LivenessChecker, "check", lambda finding: [finding.reason]),
    (
        FaceAuthenticator,
        "analyze",
        lambda faces: [face.rejection for face in faces if face.liveness is not Liveness.SPOOF],
    ),
    (SessionMachine, "state", lambda state: [state.reason]),
    (AuthStateGuard, "current", lambda state: [state.reason]),
)


@pytest.fixture(scope="module", autouse=True)
def every_reason_is_told_in_french() -> Iterator[None]:
    """Fail the call that tells a reason which is not in the table."""
    known = {""}

    def check(text: str) -> None:
        if text in known:
            return
        french = translated(text, Language.FR)
        assert french != text, f"no French for {text!r}: say it with edgeai_core.reasons"
        assert not english_left(french), f"English is left in {french!r}"
        known.add(text)

    with pytest.MonkeyPatch.context() as patch:
        for owner, name, reasons_of in _TELLING:
            patch.setattr(owner, name, _checked(getattr(owner, name), reasons_of, check))
        yield


def _checked(
    told: Callable[..., Any], reasons_of: Callable[[Any], list[str]], check: Callable[[str], None]
) -> Callable[..., Any]:
    @wraps(told)
    def checked(*args: Any, **kwargs: Any) -> Any:
        answer = told(*args, **kwargs)
        for text in reasons_of(answer):
            check(text)
        return answer

    return checked
