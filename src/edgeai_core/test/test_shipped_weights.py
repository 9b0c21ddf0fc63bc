"""Weights in the source tree carry nothing of the machine that made them."""

from __future__ import annotations

from pathlib import Path

import pytest

import edgeai_core

WEIGHTS = sorted((Path(edgeai_core.__file__).parent / "weights").iterdir())


@pytest.mark.parametrize("path", WEIGHTS, ids=[path.name for path in WEIGHTS])
def test_weights_hold_no_source_paths(path: Path) -> None:
    content = path.read_bytes()
    assert len(content) <= 15_000_000
    for trace in (b".py", b"site-packages"):
        assert trace not in content
