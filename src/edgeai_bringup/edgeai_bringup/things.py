"""`edgeai objects list` and `edgeai objects forget`: the taught things."""

from __future__ import annotations

import argparse
from typing import Any

from edgeai_bringup.report import write_json
from edgeai_bringup.whereabouts import forget_sightings
from edgeai_core.access.locations import things_directory
from edgeai_core.access.people import day
from edgeai_core.analyzers.objects.taught_file import TaughtCard
from edgeai_core.analyzers.objects.taught_store import ThingStore


def run_things(arguments: argparse.Namespace) -> int:
    """List the taught things or forget one; return the exit code, 1 when one cannot be read.

    Raises:
        ModelMissingError: there is none of that name. StoreError: the event store cannot be used.
    """
    store = ThingStore(arguments.things or things_directory())
    if arguments.action == "forget":
        return _forget(store, arguments.name)
    things = store.things()
    for thing in things:
        print(_told(thing.card) if thing.card else thing.problem)
    if not things:
        print("nothing was taught; teach something: ./edgeai objects teach NAME --from CLIP")
    if arguments.json is not None:
        described = [_described(thing.card) for thing in things if thing.card]
        problems = [thing.problem for thing in things if thing.problem]
        write_json(arguments.json, {"things": described, "problems": problems})
    return 1 if any(thing.problem for thing in things) else 0


def _forget(store: ThingStore, name: str) -> int:
    stored = {thing.path: thing.card for thing in store.things()}
    card = stored.get(store.path_of(name))
    store.forget(name)
    # Sightings carry the name as it was taught, whatever its case is here.
    erased = forget_sightings(card.name if card else name)
    print(f"{name} is forgotten with its pictures; {erased} sightings of it are erased")
    return 0


def _told(card: TaughtCard) -> str:
    ap50 = card.figures.get("validation_ap50", float("nan"))
    return (
        f"{card.name:<24} taught {day(card.taught_at_ns)} from {card.cutouts} cut-outs "
        f"({card.source}), AP50 {ap50:.2f} on composed pictures"
    )


def _described(card: TaughtCard) -> dict[str, Any]:
    return {
        "name": card.name,
        "taught_at_ns": card.taught_at_ns,
        "trunk_sha256": card.trunk_sha256,
        "cutouts": card.cutouts,
        "source": card.source,
        "figures": dict(card.figures),
    }
