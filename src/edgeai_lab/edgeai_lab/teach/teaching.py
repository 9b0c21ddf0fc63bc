"""Teaching a thing: lessons, head, calibration, and whether it is good enough to keep."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from edgeai_core.analyzers.objects.features import FeatureMaps
from edgeai_core.analyzers.objects.taught import TaughtHead
from edgeai_core.analyzers.objects.taught_closer import CloserLook
from edgeai_core.analyzers.objects.taught_file import TaughtCard, TaughtThing
from edgeai_core.errors import TeachingError
from edgeai_lab.average_precision import PictureBoxes, average_precision
from edgeai_lab.compose.composition import ComposeConfig
from edgeai_lab.compose.cutouts import Cutout
from edgeai_lab.compose.variation import Variation
from edgeai_lab.pictures import Image
from edgeai_lab.progress import Track, silent
from edgeai_lab.teach.closer import fit_closer
from edgeai_lab.teach.examples import (
    Backdrops,
    Example,
    composed,
    from_clip,
)
from edgeai_lab.teach.fitting import FitConfig, fit_levels
from edgeai_lab.teach.lessons import lesson_of
from edgeai_lab.teach.material import Material
from edgeai_lab.teach.practice import practice_of
from edgeai_lab.teach.threads import one_thread
from edgeai_lab.teach.trunk import Trunk

# Below it a thing would be missed or seen where it is not more often than a person bears.
LEAST_AP50 = 0.6
_HELD_OUT = 5
_MOST_FALSE = 0.03
_FAINT = 0.02
_OWN_HELD_OUT, _MOST_OWN = 4, 150
# Of the thing's side: what is carried through a room is smeared over a tenth of itself.
_BLUR = 0.06


@dataclass(frozen=True, slots=True, kw_only=True)
class TeachConfig:
    """How much is learned.

    Attributes:
        pictures: composed to learn from. checks: composed to measure and calibrate on.
        compose: what they look like. fit: steps of the training. closer_steps: those of the closer
            look. seed: of all chance.
    """

    pictures: int = 900
    checks: int = 120
    compose: ComposeConfig = field(
        default_factory=lambda: ComposeConfig(
            width_px=416, height_px=416, most_things=2, variation=Variation(blur=_BLUR)
        )
    )
    fit: FitConfig = field(default_factory=FitConfig)
    closer_steps: int = 1400
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How a head does on pictures that it did not learn from, all 0..1.

    Attributes:
        ap50: average precision at half overlap. recall: share of the things that are found at the
            threshold. false_share: share of the pictures without the thing that show one.
        threshold: score above which a finding counts.
    """

    ap50: float
    recall: float
    false_share: float
    threshold: float


def teach(
    name: str,
    material: Material,
    trunk: Trunk,
    *,
    common: Sequence[Sequence[Image]],
    own_backgrounds: Sequence[Image] = (),
    rivals: Sequence[Cutout] = (),
    config: TeachConfig | None = None,
    track: Track[int] = silent,
    clock_ns: Callable[[], int] = time.time_ns,
) -> TaughtThing:
    """Return what finds the thing, calibrated so that a score of 0.5 is its threshold.

    The last fifth of the cut-outs and a quarter of the backgrounds are not learned from: they say
    how good the head is and where its threshold lies.

    Args:
        common: groups of backgrounds that everybody has. own_backgrounds: the person's pictures of
            places without the thing. rivals: cut-outs of other things, which it must not be taken
            for.
    """
    config = config or TeachConfig()
    started_ns = clock_ns()
    rng = np.random.default_rng(config.seed)
    learned, held_out = split_material(material)
    own_learned = [image for i, image in enumerate(own_backgrounds) if i % _OWN_HELD_OUT]
    own_held_out = own_backgrounds[::_OWN_HELD_OUT]
    backdrops = Backdrops.of([*common, own_backgrounds, material.scene])
    backdrops_learned, backdrops_held_out = backdrops.split()
    examples = _examples(learned, backdrops_learned, rivals, own_learned, rng, config, track)
    lessons = [
        lesson_of(trunk.look(examples[number].image), examples[number].boxes)
        for number in track(range(len(examples)), "looking")
    ]
    with one_thread():
        levels = fit_levels(lessons, seed=config.seed, config=config.fit)
        practice = practice_of([example.image for example in examples], lessons, levels, rng)
        del examples, lessons  # half a megabyte each
        closer = fit_closer(practice, steps=config.closer_steps, seed=config.seed)
        del practice
    checks = composed(held_out.cutouts, backdrops_held_out, rivals, rng, config=config.compose)
    looked = [
        (trunk.look(example.image), example)
        for example in (
            *(checks(number) for number in track(range(config.checks), "checking")),
            *(Example(image=shown.image, boxes=(shown.box,)) for shown in held_out.shown),
            *(Example(image=image, boxes=()) for image in own_held_out[:_MOST_OWN]),
        )
    ]
    verdict = judge(TaughtHead(name, levels, closer, min_score=_FAINT), looked)
    figures = {
        "validation_ap50": verdict.ap50,
        "validation_recall": verdict.recall,
        "validation_false_share": verdict.false_share,
        "seconds": (clock_ns() - started_ns) / 1e9,
    }
    card = TaughtCard(
        name=name,
        taught_at_ns=clock_ns(),
        trunk_sha256=trunk.sha256,
        levels=len(levels),
        cutouts=len(material.cutouts),
        source=material.source,
        figures={key: round(value, 4) for key, value in figures.items()},
    )
    return TaughtThing(
        card=card, levels=tuple(levels), closer=calibrated(closer, verdict.threshold)
    )


def require_good(card: TaughtCard) -> None:
    """Refuse a head that would do more harm than good.

    Raises:
        TeachingError: its average precision is too low.
    """
    ap50 = card.figures["validation_ap50"]
    if ap50 < LEAST_AP50:
        raise TeachingError(
            f"{card.name} cannot be told from its surroundings well enough: average precision "
            f"{ap50:.2f} on composed pictures, expected {LEAST_AP50} or more. Look at the sheet: "
            "are the cut-outs the thing and nothing else? Show it larger, sharper and from more "
            "sides, or keep it all the same with --force"
        )


def split_material(material: Material) -> tuple[Material, Material]:
    """Return what is learned from and the last fifth, which measures; at least one cut-out each."""
    count = max(1, len(material.cutouts) // _HELD_OUT)
    return (
        dataclasses.replace(
            material, cutouts=material.cutouts[:-count], shown=material.shown[:-count]
        ),
        dataclasses.replace(
            material, cutouts=material.cutouts[-count:], shown=material.shown[-count:]
        ),
    )


def judge(head: TaughtHead, looked: Sequence[tuple[FeatureMaps, Example]]) -> Verdict:
    """Measure a head; the threshold finds most at the fewest false alarms (best F1)."""
    pictures: list[PictureBoxes] = []
    hits: list[float] = []
    false: list[float] = []
    for features, example in looked:
        found = head.detect(features, example.image)
        boxes = np.array([d.box.as_xyxy() for d in found]).reshape(-1, 4)
        scores = np.array([d.score for d in found])
        wanted = np.array([b.as_xyxy() for b in example.boxes]).reshape(-1, 4)
        pictures.append(PictureBoxes(wanted=wanted, found=boxes, scores=scores))
        best = float(scores.max()) if len(scores) else 0.0
        (hits if example.boxes else false).append(best)
    threshold = best_threshold(np.array(hits), np.array(false))
    return Verdict(
        ap50=average_precision(pictures),
        recall=float((np.array(hits) >= threshold).mean()),
        false_share=float((np.array(false) >= threshold).mean()),
        threshold=threshold,
    )


def best_threshold(hits: npt.NDArray[np.floating], false: npt.NDArray[np.floating]) -> float:
    """Return the threshold with the best F1 among those with few enough false alarms, 0.1..0.9.

    Args:
        hits: best scores of the pictures with the thing. false: of those without.
    """
    choices = 1 / (1 + np.exp(-np.linspace(-3, 5, 33)))
    few = [c for c in choices if (false >= c).mean() <= _MOST_FALSE] or [choices[-1]]

    def f1(choice: float) -> float:
        right, wrong = int((hits >= choice).sum()), int((false >= choice).sum())
        return 2 * right / max(1, len(hits) + right + wrong)

    return float(max(few, key=f1))


def calibrated(closer: CloserLook, threshold: float) -> CloserLook:
    """Return the weights with the score's logit moved so that the threshold becomes 0.5."""
    shift = np.zeros_like(closer.out_bias)
    shift[0] = np.log(threshold / (1 - threshold))
    return dataclasses.replace(closer, out_bias=closer.out_bias - shift)


def _examples(
    material: Material,
    backdrops: Backdrops,
    rivals: Sequence[Cutout],
    own: Sequence[Image],
    rng: Generator,
    config: TeachConfig,
    track: Track[int],
) -> list[Example]:
    make = composed(material.cutouts, backdrops, rivals, rng, config=config.compose)
    pictures = [make(number) for number in track(range(config.pictures), "composing")]
    empty = [Example(image=image, boxes=()) for image in own[:_MOST_OWN]]
    return [*pictures, *empty, *from_clip(material.shown, rng)]
