"""Pinned archives that carry more than one model."""

from __future__ import annotations

from edgeai_core.model_card import Archive

MEDIAPIPE = Archive(
    package="mediapipe",
    version="0.10.21",
    sha256="05dc4a9e593655a79558d05d6227d31018c2537a4bd3362b51e230cf22aecfe3",
    python_version="311",
    abi="cp311",
    platform="manylinux_2_28_x86_64",
)
