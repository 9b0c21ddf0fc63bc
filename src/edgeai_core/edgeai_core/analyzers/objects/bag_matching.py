"""Which detection of a frame is which bag: by place for those that rest, by track for the others.

Tracks of bags break often: they are small, covered by legs, and their label wavers between kinds
of bags, for which a tracker begins another track.
"""

from __future__ import annotations

from collections.abc import Sequence

from edgeai_core.analyzers.objects.bag_record import BagRecord
from edgeai_core.analyzers.objects.people import PersonPlace
from edgeai_core.analyzers.objects.proximity import covered_share, is_within_reach, overlap
from edgeai_core.types import Detection

_SAME_IOU = 0.5
_SAME_COVER = 0.8


def without_doubles(detections: Sequence[Detection]) -> list[Detection]:
    """Return the detections, best first, without those of a bag that has a better one."""
    kept: list[Detection] = []
    for detection in sorted(detections, key=lambda d: -d.score):
        box = detection.box
        if not any(
            overlap(box, other.box) > _SAME_IOU
            or max(covered_share(box, other.box), covered_share(other.box, box)) > _SAME_COVER
            for other in kept
        ):
            kept.append(detection)
    return kept


def match(
    records: Sequence[BagRecord],
    detections: Sequence[Detection],
    people: Sequence[PersonPlace],
    *,
    stamp_ns: int,
) -> tuple[dict[int, Detection], list[Detection]]:
    """Return the detection of each known bag by its number, and the detections of new ones.

    Args:
        records: the known bags. detections: bags with a track, without doubles.
        people: the persons of the frame. stamp_ns: its stamp.
    """
    found: dict[int, Detection] = {}
    left = list(detections)

    def give(record: BagRecord, detection: Detection) -> None:
        found[record.number] = detection
        left.remove(detection)

    moving = [record for record in records if record.place is None]
    resting = [record for record in records if record.place is not None]
    for record in moving:
        for detection in left:
            same = detection.track_id == record.track_id
            if same and record.may_jump_to(detection.box, stamp_ns):
                give(record, detection)
                break
    pairs = sorted(
        (
            (record.place_cost(detection), index, record, detection)
            for index, detection in enumerate(left)
            for record in resting
        ),
        key=lambda entry: (entry[0], entry[1], entry[2].number),
    )
    for cost, _, record, detection in pairs:
        if cost < float("inf") and record.number not in found and detection in left:
            give(record, detection)
    for record in resting:
        if record.number in found:
            continue
        for detection in left:
            same = detection.track_id == record.track_id
            if same and record.may_jump_to(detection.box, stamp_ns):
                give(record, detection)
                break
    for record in moving:
        if record.number in found or record.carrier is None:
            continue
        holder = next((p for p in people if p.identity == record.carrier), None)
        if holder is None:
            continue
        for detection in left:
            if is_within_reach(detection.box, holder.box):
                give(record, detection)
                break
    return found, left
