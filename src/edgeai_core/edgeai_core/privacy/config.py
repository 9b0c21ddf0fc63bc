"""Parameters of privacy; every node that shows or keeps pictures has them."""

from __future__ import annotations

from dataclasses import dataclass

from edgeai_core.config import param


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskConfig:
    """What no picture shows."""

    masks: tuple[str, ...] = param(
        (),
        "Parts of the picture that are black, before a picture is even remembered: 'NAME: x,y x,y "
        "x,y', in 0..1 of the picture; 'CAMERA/NAME: ...' holds for one camera only.",
        live=True,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacyConfig(MaskConfig):
    """What is taken out of every picture before it is kept or shown."""

    blur_unknown_faces: bool = param(
        True,
        "Make faces unrecognisable unless they belong to somebody enrolled; heads of people whose "
        "face was not found, too, where objects are detected.",
    )
    face_score: float = param(
        0.3,
        "From which score on something counts as a face; lower blurs more, also what is none.",
        minimum=0.05,
        maximum=0.95,
    )
