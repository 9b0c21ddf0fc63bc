"""`edgeai people`: who may unlock."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from edgeai_bringup.report import write_json
from edgeai_core import catalog
from edgeai_core.access.gallery import Gallery
from edgeai_core.access.keys import default_key_source
from edgeai_core.access.locations import gallery_path
from edgeai_core.access.people import Person, Role
from edgeai_core.analyzers.faces.enrolment import EnrolmentConfig
from edgeai_core.analyzers.faces.registration import enrol_person
from edgeai_core.sources.reading import images_of


def run_people(arguments: argparse.Namespace) -> int:
    """Run one of the people commands; return the exit code.

    Raises:
        EnrolmentError: the person cannot be enrolled from this material.
        GalleryError: the gallery cannot be used, or has nobody of that name.
        SourceError: the material cannot be read.
    """
    path: Path = arguments.gallery or gallery_path()
    adding = arguments.action == "add"
    if adding:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with Gallery.open(path, key_source=default_key_source(path), create=adding) as gallery:
        answer = _ACTIONS[arguments.action](gallery, arguments)
    if arguments.json is not None:
        write_json(arguments.json, answer)
    return 0


def _described(person: Person) -> dict[str, Any]:
    return {"name": person.name, "role": person.role.value, "authorised": person.authorised}


def _add(gallery: Gallery, arguments: argparse.Namespace) -> dict[str, Any]:
    with catalog.face_models() as (detector, embedder):
        registration = enrol_person(
            arguments.name,
            images_of(arguments.source),
            detector=detector,
            embedder=embedder,
            gallery=gallery,
            role=Role(arguments.role),
            authorised=not arguments.unauthorised,
            config=EnrolmentConfig(),
        )
    result = registration.result
    print(
        f"enrolled {registration.person.name} from {len(result.accepted)} pictures, "
        f"{len(result.rejections)} refused"
    )
    for rejection in result.rejections:
        print(f"  picture {rejection.index}: {rejection.reason.value} {rejection.detail}".rstrip())
    return {
        **_described(registration.person),
        "accepted": len(result.accepted),
        "rejected": [
            {"index": r.index, "reason": r.reason.value, "detail": r.detail}
            for r in result.rejections
        ],
    }


def _list(gallery: Gallery, arguments: argparse.Namespace) -> list[dict[str, Any]]:
    people = [_described(person) for person in gallery.people()]
    for person in people:
        may = "may unlock" if person["authorised"] else "may not unlock"
        print(f"{person['name']:<32} {person['role']:<8} {may}")
    if not people:
        print("nobody is enrolled; add somebody: ./edgeai people add NAME --from CLIP")
    return people


def _authorise(gallery: Gallery, arguments: argparse.Namespace) -> dict[str, Any]:
    person = gallery.authorise(arguments.name, True)
    print(f"{person.name} may unlock")
    return _described(person)


def _revoke(gallery: Gallery, arguments: argparse.Namespace) -> dict[str, Any]:
    person = gallery.authorise(arguments.name, False)
    print(f"{person.name} may no longer unlock")
    return _described(person)


def _forget(gallery: Gallery, arguments: argparse.Namespace) -> dict[str, Any]:
    gallery.forget(arguments.name)
    print(f"{arguments.name} is forgotten: no trace is left in {gallery.path}")
    return {"name": arguments.name, "forgotten": True}


_ACTIONS = {
    "add": _add,
    "list": _list,
    "authorize": _authorise,
    "revoke": _revoke,
    "forget": _forget,
}
