"""What a data set holds: balance of classes, sizes, duplicates and broken files."""

from __future__ import annotations

import hashlib
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edgeai_core.errors import DataError
from edgeai_lab.data.sets import DataSet, LabelledPicture
from edgeai_lab.pictures import read_picture
from edgeai_lab.progress import Track, silent

# Below this share of the picture a box is a handful of pixels for a network of 224 px.
_SMALL_AREA = 0.005
_SHOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Smallest, middle and largest of some numbers."""

    smallest: float
    median: float
    largest: float

    @staticmethod
    def of(values: Iterable[float]) -> Spread:
        found = sorted(values)
        return Spread(smallest=found[0], median=statistics.median(found), largest=found[-1])


@dataclass(frozen=True, slots=True, kw_only=True)
class DataReport:
    """Figures of a data set.

    Attributes:
        layout: folders or yolo. pictures: how many can be decoded, by class; "" has none.
        boxes, small_boxes: by class; small ones cover under half a percent of the picture.
        widths_px, heights_px: of the pictures. broken: files that cannot be decoded, with why.
        duplicates: groups of names whose files are equal to the byte. conflicting: those groups
            whose pictures do not have the same classes. problems: of the labels.
    """

    layout: str
    pictures: dict[str, int]
    boxes: dict[str, int]
    small_boxes: dict[str, int]
    widths_px: Spread
    heights_px: Spread
    broken: tuple[str, ...]
    duplicates: tuple[tuple[str, ...], ...]
    conflicting: tuple[tuple[str, ...], ...]
    problems: tuple[str, ...]

    @property
    def imbalance(self) -> float:
        """Pictures of the most frequent class over those of the rarest, 1 where they are equal."""
        counts = [count for label, count in self.pictures.items() if label]
        return max(counts) / min(counts) if counts else 1.0


def report_data(data: DataSet, *, track: Track[LabelledPicture] = silent) -> DataReport:
    """Decode every picture and return the figures.

    Raises:
        DataError: not one picture can be decoded.
    """
    sizes: list[tuple[int, int]] = []
    whole: list[LabelledPicture] = []
    broken: list[str] = []
    same: dict[str, list[LabelledPicture]] = defaultdict(list)
    for picture in track(data.pictures, "decode"):
        try:
            height, width = read_picture(picture.path).shape[:2]
            digest = hashlib.sha256(picture.path.read_bytes()).hexdigest()
        except DataError as exc:
            broken.append(str(exc))
            continue
        sizes.append((width, height))
        whole.append(picture)
        same[digest].append(picture)
    if not whole:
        raise DataError(f"data: not one of {len(broken)} pictures can be decoded: {broken[0]}")
    twins = [group for group in same.values() if len(group) > 1]
    boxes = [box for picture in whole for box in picture.boxes]
    return DataReport(
        layout=data.layout.value,
        pictures=_counted(picture.label for picture in whole),
        boxes=_counted(box.label for box in boxes),
        small_boxes=_counted(box.label for box in boxes if box.area < _SMALL_AREA),
        widths_px=Spread.of(width for width, _ in sizes),
        heights_px=Spread.of(height for _, height in sizes),
        broken=tuple(broken),
        duplicates=_names(twins),
        conflicting=_names([group for group in twins if len({p.content for p in group}) > 1]),
        problems=data.problems,
    )


def describe(report: DataReport) -> str:
    """Return the figures as lines of text."""
    total = sum(report.pictures.values())
    lines = [f"{total} pictures, layout {report.layout}"]
    for label, count in report.pictures.items():
        share = f"{100 * count / total:5.1f} %"
        boxes = report.boxes.get(label, 0)
        small = report.small_boxes.get(label, 0)
        extra = f", {boxes} boxes, {small} of them below 0.5 % of the picture" if boxes else ""
        lines.append(f"  {label or '(no label)'}: {count} pictures {share}{extra}")
    only_boxes = set(report.boxes) - set(report.pictures)
    lines += [f"  {label}: {report.boxes[label]} boxes, never the largest" for label in only_boxes]
    lines.append(f"most frequent to rarest class {report.imbalance:.1f} : 1")
    for name, spread in (("width", report.widths_px), ("height", report.heights_px)):
        lines.append(
            f"{name} {spread.smallest:.0f} to {spread.largest:.0f} px, median {spread.median:.0f}"
        )
    lines += _listed("files that cannot be decoded", report.broken)
    lines += _listed("lines of labels left out", report.problems)
    lines += _listed("groups of equal files", [", ".join(group) for group in report.duplicates])
    lines += _listed(
        "of them with different labels", [", ".join(group) for group in report.conflicting]
    )
    return "\n".join(lines)


def _listed(title: str, items: Sequence[str]) -> list[str]:
    lines = [f"{title}: {len(items)}"]
    lines += [f"  {item}" for item in items[:_SHOWN]]
    if len(items) > _SHOWN:
        lines.append(f"  … and {len(items) - _SHOWN} more; --json has them all")
    return lines


def _counted(labels: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(labels).items()))


def _names(groups: Iterable[Sequence[LabelledPicture]]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(picture.name for picture in group) for group in groups)
