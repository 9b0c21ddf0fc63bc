"""Who was let in, and when that ended."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from edgeai_core.alerting.phrases import Phrase
from edgeai_core.alerting.texts import ENGLISH, Texts
from edgeai_core.config import param
from edgeai_core.types import AlertEvent, AuthState, SessionState, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessConfig:
    """Whether access is told."""

    enabled: bool = param(True, "Tell when a person gets access and when it ends.")


class AccessObserver:
    """Report the beginning and the end of access.

    Heartbeats, which repeat a state, report nothing. A state whose expiry has come counts as
    locked, so access also ends when the supervisor falls silent.

    Args:
        config: switch.
        source: name of the node that says who has access. texts: language of what is told.
    """

    def __init__(self, config: AccessConfig, *, source: str, texts: Texts = ENGLISH) -> None:
        self._config = config
        self._texts = texts
        self._source = source
        self._active: AuthState | None = None

    def observe(self, state: AuthState, *, now_ns: int) -> list[AlertEvent]:
        """Return `access_ended` and `access_granted` for what changed, in this order.

        What was granted is over before its end is told.

        Args:
            state: what the supervisor says.
            now_ns: now, on the clock of `state.expires_ns`.
        """
        granted = state.state is SessionState.ACTIVE and now_ns < state.expires_ns
        before, self._active = self._active, (state if granted else None)
        events = []
        same_person = before is not None and granted and before.person_id == state.person_id
        if before is not None and not same_person:
            events += self._ended(before, why=self._texts.reason(state.reason), stamp_ns=now_ns)
        if granted and not same_person:
            events.append(self._granted(state, stamp_ns=now_ns))
        return events if self._config.enabled else []

    def check(self, *, now_ns: int) -> list[AlertEvent]:
        """Return `access_ended` when the last word of the supervisor has expired."""
        before = self._active
        if before is None or now_ns < before.expires_ns:
            return []
        self._active = None
        silent_s = (now_ns - before.issued_ns) / 1e9
        why = self._texts.say(Phrase.SUPERVISOR_SILENT, silent_s=silent_s)
        return self._ended(before, why=why, stamp_ns=now_ns) if self._config.enabled else []

    def _granted(self, state: AuthState, *, stamp_ns: int) -> AlertEvent:
        return AlertEvent(
            category="access_granted",
            severity=Severity.INFO,
            title=self._texts.say(Phrase.ACCESS_GRANTED, name=self._name(state)),
            reason=self._texts.reason(state.reason)
            or self._texts.say(Phrase.SUPERVISOR_GAVE_NO_REASON),
            source=self._source,
            subject=_subject(state),
            stamp_ns=stamp_ns,
        )

    def _ended(self, before: AuthState, *, why: str, stamp_ns: int) -> list[AlertEvent]:
        granted = self._granted(before, stamp_ns=stamp_ns)
        told = dataclasses.replace(
            granted,
            category="access_ended",
            title=self._texts.say(Phrase.ACCESS_ENDED, name=self._name(before)),
            reason=why or self._texts.say(Phrase.SUPERVISOR_GAVE_NO_REASON),
        )
        return [dataclasses.replace(granted, over=True), told]

    def _name(self, state: AuthState) -> str:
        return state.person_name or state.person_id or self._texts.say(Phrase.UNNAMED_PERSON)


def _subject(state: AuthState) -> str:
    # The nonce is new with every grant: two visits within the cooldown are two alerts.
    return f"{state.person_id} {state.nonce:016x}"
