"""Which alerts still need a snapshot or a clip, and when each can be made."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from edgeai_alerts.evidence.case import Case
from edgeai_alerts.evidence.clip import can_encode, encode_clip
from edgeai_alerts.evidence.config import EvidenceConfig
from edgeai_alerts.evidence.heat import can_be_explained, explanation_of
from edgeai_alerts.evidence.memory import CameraMemory
from edgeai_alerts.evidence.pictures import PictureMaker
from edgeai_alerts.evidence.ring import KeptFrame
from edgeai_alerts.evidence.shelf import EvidenceShelf
from edgeai_alerts.evidence.table import EvidenceKind
from edgeai_core.errors import EdgeAiError
from edgeai_core.explaining.explanation import Explanation
from edgeai_core.types import Alert, Severity

_LOG = logging.getLogger(__name__)
_NS_PER_S = 1_000_000_000
# How long the camera may take to deliver the frame after the one that is waited for.
_PATIENCE_S = 2.0
# The picture of an alert is this near to its stamp, or there is none.
_SNAPSHOT_WITHIN_NS = 2 * _NS_PER_S
# A heat-map lies over the picture that it is of, or one nearly the same.
_EXPLAINED_WITHIN_NS = _NS_PER_S // 2
_REMEMBERED_ALERTS = 1000
_IDLE_S = 60.0
_POLL_S = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskHealth:
    """Evidence since the start.

    Attributes:
        kept: files. lost: files that could not be made or kept. clips_skipped: alerts that got no
            clip because too many waited. waiting: alerts that are worked on.
        problem: why the last file could not be kept, or why no clips are; empty when all is well.
    """

    kept: int
    lost: int
    clips_skipped: int
    waiting: int
    problem: str


class EvidenceDesk:
    """Make evidence of alerts as soon as the pictures are there; never raise.

    Which pictures belong to an alert is decided by stamps. A monotonic clock only ends the waiting
    for a camera that delivers nothing more.

    Args:
        config: what is kept.
        cameras: what is remembered of each camera, by its namespace.
        explained: the cameras of which there may be heat-maps.
        maker: makes pictures. shelf: keeps files; both are used by the thread that calls `step`.
        clock: monotonic seconds.
        on_kept: is called on that thread with an alert and the kinds that are kept of it now.
        report: is told one sentence when evidence cannot be kept and when it can again.
    """

    def __init__(
        self,
        config: EvidenceConfig,
        *,
        cameras: Mapping[str, CameraMemory],
        explained: Collection[str] = (),
        maker: PictureMaker,
        shelf: EvidenceShelf,
        clock: Callable[[], float],
        on_kept: Callable[[Alert, tuple[str, ...]], None],
        report: Callable[[str], None],
    ) -> None:
        self._config = config
        self._min_severity = Severity[config.min_severity]
        self._cameras = cameras
        self._explained = frozenset(explained)
        self._explained_ns = round(config.explanation.within_s * _NS_PER_S)
        self._maker = maker
        self._shelf = shelf
        self._clock = clock
        self._on_kept = on_kept
        self._report = report
        self._clips = config.clip.enabled and can_encode()
        self._lacking = ""
        if config.clip.enabled and not self._clips:
            self._lacking = "no clips are kept: PyAV is not installed; run the set-up again"
            report(self._lacking)
        # Guards what follows; held for microseconds only.
        self._wake = threading.Condition()
        self._cases: OrderedDict[str, Case] = OrderedDict()
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._closing = False
        self._kept = 0
        self._lost = 0
        self._clips_skipped = 0
        self._problem = ""
        self._purge_at_s = clock()

    def take(self, alert: Alert) -> bool:
        """Return whether evidence will be made of an alert; the first word of it counts."""
        memory = self._cameras.get(alert.event.camera)
        if memory is None or alert.event.severity < self._min_severity:
            return False
        oldest_ns = memory.ring.oldest_ns
        with self._wake:
            if self._closing or alert.alert_id in self._seen:
                return False
            self._seen[alert.alert_id] = None
            if len(self._seen) > _REMEMBERED_ALERTS:
                self._seen.popitem(last=False)
            # What is told to late joiners may be long over: there are no pictures of it.
            if oldest_ns is None or alert.raised_ns < oldest_ns - _SNAPSHOT_WITHIN_NS:
                return False
            now_s = self._clock()
            clip_at_s = now_s + self._config.clip.after_s + _PATIENCE_S if self._clips else None
            clips = sum(case.clip_at_s is not None for case in self._cases.values())
            if clip_at_s is not None and clips >= self._config.clip.max_waiting:
                self._clips_skipped += 1
                clip_at_s = None
            if len(self._cases) >= 2 * self._config.clip.max_waiting:
                self._lost += 1
                return False
            explained = alert.event.camera in self._explained and can_be_explained(alert)
            self._cases[alert.alert_id] = Case(
                alert=alert,
                snapshot_at_s=now_s + _PATIENCE_S,
                clip_at_s=clip_at_s,
                explained_at_s=now_s + self._config.explanation.within_s if explained else None,
            )
            self._wake.notify()
        return True

    def work(self) -> None:
        """Make evidence until `close` is called; the worker thread runs it."""
        while True:
            wait_s = self.step()
            with self._wake:
                if self._closing:
                    return
                self._wake.wait(wait_s)

    def close(self) -> None:
        """Let `work` return after the file that it makes now; what still waits gets none."""
        with self._wake:
            self._closing = True
            self._wake.notify()

    def step(self) -> float:
        """Make what can be made now; return after how many seconds to look again."""
        with self._wake:
            cases = list(self._cases.values())
        for case in cases:
            if self._closing:
                break
            self._advance(case)
        now_s = self._clock()
        if now_s >= self._purge_at_s:
            self._purge_at_s = now_s + self._config.limits.purge_s
            self._purge()
        with self._wake:
            if self._cases:
                return _POLL_S
        return min(_IDLE_S, max(0.0, self._purge_at_s - now_s))

    def health(self) -> DeskHealth:
        """Return counters; may be called from any thread."""
        with self._wake:
            return DeskHealth(
                kept=self._kept,
                lost=self._lost,
                clips_skipped=self._clips_skipped,
                waiting=len(self._cases),
                problem=self._problem or self._lacking,
            )

    def _advance(self, case: Case) -> None:
        alert, now_s = case.alert, self._clock()
        newest_ns = self._cameras[alert.event.camera].ring.newest_ns or 0
        if case.needs_snapshot and (newest_ns >= alert.raised_ns or now_s >= case.snapshot_at_s):
            case.needs_snapshot = False
            self._make(case, EvidenceKind.SNAPSHOT, self._snapshot)
        end_ns = alert.raised_ns + round(self._config.clip.after_s * _NS_PER_S)
        if case.clip_at_s is not None and (newest_ns >= end_ns or now_s >= case.clip_at_s):
            case.clip_at_s = None
            self._make(case, EvidenceKind.CLIP, self._clip)
        self._advance_explanation(case, now_s)
        if not case.needs_snapshot and case.clip_at_s is None and case.explained_at_s is None:
            with self._wake:
                self._cases.pop(alert.alert_id, None)

    def _advance_explanation(self, case: Case, now_s: float) -> None:
        if case.explained_at_s is None:
            return
        if self._explanation_of(case.alert) is not None:
            case.explained_at_s = None
            self._make(case, EvidenceKind.EXPLANATION, self._explanation)
        elif now_s >= case.explained_at_s:
            # No loss: analyzers explain when they find the time.
            case.explained_at_s = None

    def _explanation_of(self, alert: Alert) -> Explanation | None:
        known = self._cameras[alert.event.camera].sights.explanations
        return explanation_of(alert, known, within_ns=self._explained_ns)

    def _make(
        self,
        case: Case,
        kind: EvidenceKind,
        make: Callable[[Alert], tuple[bytes, tuple[str, ...]] | None],
    ) -> None:
        try:
            made = make(case.alert)
            if made is None:
                self._note_lost()
                return
            data, people = made
            self._shelf.keep(case.alert.alert_id, kind, data, people=people)
        except Exception as exc:  # a bug here must not end the evidence of later alerts
            self._note_lost()
            self._note_problem(exc)
            return
        case.kinds.append(kind.value)
        with self._wake:
            self._kept += 1
            mended, self._problem = self._problem, ""
        if mended:
            self._report("evidence is kept again")
        self._on_kept(case.alert, tuple(case.kinds))

    def _purge(self) -> None:
        try:
            self._shelf.purge()
        except EdgeAiError as exc:
            self._note_problem(exc)

    def _snapshot(self, alert: Alert) -> tuple[bytes, tuple[str, ...]] | None:
        memory = self._cameras[alert.event.camera]
        kept = memory.ring.nearest(alert.raised_ns, within_ns=_SNAPSHOT_WITHIN_NS)
        return (self._maker.snapshot(kept, memory), _people_in(kept, memory)) if kept else None

    def _explanation(self, alert: Alert) -> tuple[bytes, tuple[str, ...]] | None:
        memory, found = self._cameras[alert.event.camera], self._explanation_of(alert)
        at_ns = found.stamp_ns if found else 0
        kept = memory.ring.nearest(at_ns, within_ns=_EXPLAINED_WITHIN_NS)
        if kept is None or found is None:
            return None
        return self._maker.explained(kept, memory, found), _people_in(kept, memory)

    def _clip(self, alert: Alert) -> tuple[bytes, tuple[str, ...]] | None:
        memory, clip = self._cameras[alert.event.camera], self._config.clip
        begin_ns = alert.raised_ns - round(clip.before_s * _NS_PER_S)
        end_ns = alert.raised_ns + round(clip.after_s * _NS_PER_S)
        frames = memory.ring.between(begin_ns, end_ns)
        if not frames:
            return None
        # One at a time: of all that is decoded only one picture is in memory.
        pictures = ((self._maker.plain(kept, memory), kept.stamp_ns) for kept in frames)
        data = encode_clip(
            pictures,
            bits_per_s=clip.bits_per_s,
            frames_per_s=self._config.ring.fps,
            comment=f"camera {alert.event.camera}, first picture at {frames[0].stamp_ns} ns",
        )
        return data, memory.sights.people_between(begin_ns, end_ns)

    def _note_lost(self) -> None:
        with self._wake:
            self._lost += 1

    def _note_problem(self, exc: Exception) -> None:
        if isinstance(exc, EdgeAiError):
            problem = str(exc)
        else:
            _LOG.error("evidence failed; it goes on", exc_info=exc)
            problem = f"{type(exc).__name__}: {exc}"
        with self._wake:
            known, self._problem = self._problem, problem
        if not known:
            self._report(f"evidence is lost, alerts go on: {problem}")


def _people_in(kept: KeptFrame, memory: CameraMemory) -> tuple[str, ...]:
    near_ns = (kept.stamp_ns - _SNAPSHOT_WITHIN_NS, kept.stamp_ns + _SNAPSHOT_WITHIN_NS)
    return memory.sights.people_between(*near_ns)
