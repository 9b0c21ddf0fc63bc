"""Fire or not, decided over several complete looks at the picture."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from edgeai_core.analyzers.fire.evidence import RegionEvidence, RoundEvidence
from edgeai_core.analyzers.fire.readings import FLAME
from edgeai_core.config import param
from edgeai_core.errors import ConfigError
from edgeai_core.reasons import fire as reasons
from edgeai_core.reasons.wordbook import CLAUSE
from edgeai_core.types import HazardState

_NS_PER_S = 1_000_000_000
_BURNING = (HazardState.START_FIRE, HazardState.FIRE)


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionConfig:
    """How much agreement an alarm needs and when it is over.

    Raises:
        ConfigError: more rounds are asked than the window holds, or the clear threshold is above
            the alarm's.
    """

    score_threshold: float = param(
        0.5,
        "Probability of fire from which a round (every part of the picture once) counts; lower "
        "finds smaller fires and is wrong more often",
        minimum=0.0,
        maximum=1.0,
    )
    clear_threshold: float = param(
        0.3,
        "Probability of fire below which a round is quiet; lower keeps an alarm up for longer",
        minimum=0.0,
        maximum=1.0,
    )
    confirm_rounds: int = param(
        4,
        "How many of the last rounds must show fire; more is safer against false alarms and slower",
        minimum=1,
        maximum=100,
    )
    min_evidence: float = param(
        3.0,
        "What these rounds' scores must add up to as log-odds: a score of 0.5 adds 0, 0.73 adds 1, "
        "0.95 adds 3; higher waits for longer where the scores are barely enough. 0 only counts",
        minimum=0.0,
        maximum=100.0,
    )
    window_rounds: int = param(
        12, "How many of the last rounds are looked back at", minimum=1, maximum=100
    )
    max_age_s: float = param(
        30.0,
        "Older rounds no longer count; raise it where a round takes seconds",
        unit="s",
        minimum=1.0,
        maximum=3600.0,
    )
    min_flame_activity: float = param(
        2.5,
        "A flame counts when it changes this much more than the rest of the picture does: lamps "
        "and pictures stay near 1. 0 takes every flame, also a still one",
        minimum=0.0,
        maximum=100.0,
    )
    min_smoke_activity: float = param(
        1.8,
        "The same for smoke. 0 takes all smoke: from far away it does not seem to move",
        minimum=0.0,
        maximum=100.0,
    )
    growth_factor: float = param(
        2.0,
        "A fire that begins and whose flames and smoke grow by this factor within growth_s is a "
        "fire; lower is sooner",
        minimum=1.1,
        maximum=100.0,
    )
    growth_min_share: float = param(
        0.01,
        "Growth counts from this share of the picture on; lower also believes the growth of specks",
        minimum=0.0,
        maximum=1.0,
    )
    clear_s: float = param(
        10.0,
        "An alarm is over when all rounds were quiet for this long; longer rides over flames that "
        "are hidden for a while",
        unit="s",
        minimum=0.0,
        maximum=3600.0,
    )
    static_clear_s: float = param(
        60.0,
        "The same for rounds that show fire of which nothing moves any more; longer because a "
        "camera's picture can freeze while it burns",
        unit="s",
        minimum=0.0,
        maximum=86400.0,
    )
    cleared_hold_s: float = param(
        10.0,
        "How long it is said that a fire is over",
        unit="s",
        minimum=0.0,
        maximum=3600.0,
    )

    def __post_init__(self) -> None:
        if self.confirm_rounds > self.window_rounds:
            raise ConfigError(
                f"confirm_rounds is {self.confirm_rounds}, but the window holds only "
                f"{self.window_rounds} rounds; raise window_rounds or lower confirm_rounds"
            )
        if self.clear_threshold > self.score_threshold:
            raise ConfigError(
                f"clear_threshold {self.clear_threshold:g} is above score_threshold "
                f"{self.score_threshold:g}: an alarm would end while it is raised; lower it"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What is decided. Attributes: as those of HazardReport."""

    state: HazardState = HazardState.NONE
    since_ns: int = 0
    reason: str = ""


class FireDecision:
    """The state machine of one camera; owned by one thread.

    NONE -> START_FIRE -> FIRE when enough of the last rounds show fire that moves; never down again
    but by CLEARED, after quiet, and from there to NONE. Time is the frames' stamps: a stamp that
    goes back starts anew, a repeated one adds nothing.
    """

    def __init__(self, config: DecisionConfig) -> None:
        self._config = config
        self._window: deque[RoundEvidence] = deque(maxlen=config.window_rounds)
        self._last_ns: int | None = None
        self._quiet_since_ns: int | None = None
        self._still_since_ns: int | None = None
        self._decision = Decision(reason=reasons.NOT_LOOKED_YET.say())

    @property
    def decision(self) -> Decision:
        """The present decision."""
        return self._decision

    def update(self, evidence: RoundEvidence) -> Decision:
        """Return the decision after a round."""
        now_ns = evidence.stamp_ns
        if self._last_ns is None or now_ns < self._last_ns:
            self._reset(now_ns)
        elif now_ns == self._last_ns:
            return self._decision
        self._last_ns = now_ns
        self._remember(evidence)
        state = self._decision.state
        if state in _BURNING and self._burnt_out(evidence):
            return self._decision
        alarm = self._alarm()
        if alarm is not None and _rank(alarm.state) > _rank(state):
            self._decision = alarm
        elif state is HazardState.CLEARED and self._held(now_ns):
            self._turn(HazardState.NONE, now_ns, reasons.QUIET_SINCE.say(**evidence.scores))
        return self._decision

    def forget_rounds(self) -> None:
        """Forget the rounds, not the state: the camera shows another view."""
        self._window.clear()

    def _reset(self, now_ns: int) -> None:
        self._window.clear()
        self._quiet_since_ns = self._still_since_ns = None
        self._decision = Decision(since_ns=now_ns, reason=reasons.NO_FIRE_YET.say())

    def _remember(self, evidence: RoundEvidence) -> None:
        self._window.append(evidence)
        oldest_ns = evidence.stamp_ns - round(self._config.max_age_s * _NS_PER_S)
        while self._window[0].stamp_ns < oldest_ns:
            self._window.popleft()
        quiet = evidence.hazard_score < self._config.clear_threshold
        still = quiet or self._is_static(evidence)
        now_ns = evidence.stamp_ns
        self._quiet_since_ns = _begun(self._quiet_since_ns, now_ns, goes_on=quiet)
        self._still_since_ns = _begun(self._still_since_ns, now_ns, goes_on=still)

    def _limit(self, region: RegionEvidence) -> float:
        config = self._config
        return config.min_flame_activity if region.kind == FLAME else config.min_smoke_activity

    def _is_active(self, region: RegionEvidence) -> bool:
        limit = self._limit(region)
        return limit == 0 or region.activity >= limit

    def _is_static(self, evidence: RoundEvidence) -> bool:
        """Every region is known not to move; none at all is not known."""
        return bool(evidence.regions) and all(
            region.activity < self._limit(region) for region in evidence.regions
        )

    def _shows_fire(self, evidence: RoundEvidence) -> bool:
        enough = evidence.hazard_score >= self._config.score_threshold
        return enough and any(map(self._is_active, evidence.regions))

    def _alarm(self) -> Decision | None:
        """Return what the window decides, without regard to the present state."""
        config = self._config
        positive = [evidence for evidence in self._window if self._shows_fire(evidence)]
        latest = self._window[-1]
        if len(positive) < config.confirm_rounds or latest is not positive[-1]:
            return None
        evidence = sum(e.log_odds for e in positive)
        if evidence < config.min_evidence:
            return None
        start_fire = sum(e.start_fire_score for e in positive) / len(positive)
        fire = sum(e.fire_score for e in positive) / len(positive)
        grows = latest.growth >= config.growth_factor
        grows = grows and latest.area_share >= config.growth_min_share
        # Growth raises what is known to begin; it makes no fire of the first sight of one.
        grown = grows and self._decision.state is HazardState.START_FIRE
        state = HazardState.FIRE if fire > start_fire or grown else HazardState.START_FIRE
        told = [
            reasons.ROUNDS_SHOW_FIRE.say(
                positive=len(positive),
                rounds=len(self._window),
                needed=config.confirm_rounds,
                start_fire=start_fire,
                fire=fire,
                limit=config.score_threshold,
            ),
            reasons.EVIDENCE.say(evidence=evidence, limit=config.min_evidence),
            self._movement(latest),
        ]
        if grown:
            told.append(
                reasons.GREW.say(
                    growth=latest.growth, limit=config.growth_factor, share=latest.area_share
                )
            )
        return Decision(state=state, since_ns=latest.stamp_ns, reason=CLAUSE.join(told))

    def _movement(self, evidence: RoundEvidence) -> str:
        """Return the most active region in words."""
        active = [region for region in evidence.regions if self._is_active(region)]
        best = max(
            active, key=lambda region: -1 if math.isnan(region.activity) else region.activity
        )
        if self._limit(best) == 0:
            return reasons.COUNTS_WITHOUT_MOVING.say(kind=best.kind)
        return reasons.MOVES.say(kind=best.kind, activity=best.activity, limit=self._limit(best))

    def _burnt_out(self, evidence: RoundEvidence) -> bool:
        config, now_ns = self._config, evidence.stamp_ns
        for since_ns, limit_s, reason in (
            (self._quiet_since_ns, config.clear_s, reasons.LOW_SCORE),
            (self._still_since_ns, config.static_clear_s, reasons.MOTIONLESS),
        ):
            if since_ns is None or now_ns - since_ns < limit_s * _NS_PER_S:
                continue
            told = reason.say(
                threshold=config.clear_threshold,
                quiet_s=(now_ns - since_ns) / _NS_PER_S,
                limit_s=limit_s,
                **evidence.scores,
            )
            self._turn(HazardState.CLEARED, now_ns, told)
            # A new alarm needs new evidence.
            self._window.clear()
            return True
        return False

    def _held(self, now_ns: int) -> bool:
        return now_ns - self._decision.since_ns >= self._config.cleared_hold_s * _NS_PER_S

    def _turn(self, state: HazardState, now_ns: int, reason: str) -> None:
        self._decision = Decision(state=state, since_ns=now_ns, reason=reason)


def _rank(state: HazardState) -> int:
    """Return how grave a state is; CLEARED is no graver than NONE."""
    return 0 if state is HazardState.CLEARED else state.value


def _begun(since_ns: int | None, now_ns: int, *, goes_on: bool) -> int | None:
    if not goes_on:
        return None
    return now_ns if since_ns is None else since_ns
