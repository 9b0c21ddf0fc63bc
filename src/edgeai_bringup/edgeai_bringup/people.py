"""`edgeai people`: who may unlock."""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path
from typing import Any

from edgeai_bringup.alerts import erase_person_from_alerts
from edgeai_bringup.enrolment import add_person, write_private
from edgeai_bringup.report import write_json
from edgeai_core import catalog
from edgeai_core.access.backup import restore
from edgeai_core.access.gallery import Gallery, local_actor
from edgeai_core.access.keys import KEY_VARIABLE, default_key_source
from edgeai_core.access.locations import data_directory, gallery_path
from edgeai_core.access.people import Person, Role, day
from edgeai_core.access.permissions import ROLE_PERMISSIONS
from edgeai_core.access.traces import files_with, searched_files
from edgeai_core.errors import GalleryError


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
    answer: Any
    if arguments.action == "restore":
        answer = _restore(path, arguments)
    else:
        with Gallery.open(path, key_source=default_key_source(path), create=adding) as gallery:
            answer = _ACTIONS[arguments.action](gallery, arguments)
    if arguments.json is not None:
        write_json(arguments.json, answer)
    return 1 if isinstance(answer, dict) and answer.get("problems") else 0


def described(person: Person) -> dict[str, Any]:
    """Return a person in the types of JSON."""
    return {
        "name": person.name,
        "role": person.role.value,
        "authorised": person.authorised,
        "valid_from_ns": person.valid_from_ns,
        "valid_until_ns": person.valid_until_ns,
        "may_now": sorted(p.value for p in person.permissions_at(time.time_ns())),
    }


def _add(gallery: Gallery, arguments: argparse.Namespace) -> dict[str, Any]:
    person, answer = add_person(gallery, arguments)
    return {**described(person), **answer}


def _list(gallery: Gallery, arguments: argparse.Namespace) -> list[dict[str, Any]]:
    people = gallery.people()
    for person in people:
        refusal = person.refusal_at(time.time_ns())
        may = f"may not unlock: {refusal}" if refusal else "may unlock"
        until = f", until {day(person.valid_until_ns)}" if person.valid_until_ns else ""
        print(f"{person.name:<32} {person.role.value:<8} {may}{'' if refusal else until}")
    if not people:
        print("nobody is enrolled; add somebody: ./edgeai people add NAME --from CLIP")
    return [described(person) for person in people]


def _authorise(gallery: Gallery, arguments: argparse.Namespace) -> dict[str, Any]:
    person = gallery.authorise(arguments.name, True)
    refusal = person.refusal_at(time.time_ns())
    print(
        f"{person.name} is authorised, but: {refusal}" if refusal else f"{person.name} may unlock"
    )
    return described(person)


def _revoke(gallery: Gallery, arguments: argparse.Namespace) -> dict[str, Any]:
    person = gallery.authorise(arguments.name, False)
    print(f"{person.name} may no longer unlock")
    return described(person)


def _rename(gallery: Gallery, arguments: argparse.Namespace) -> dict[str, Any]:
    person = gallery.rename(arguments.name, arguments.new_name)
    print(f"{arguments.name} is now {person.name}")
    return described(person)


def _role(gallery: Gallery, arguments: argparse.Namespace) -> dict[str, Any]:
    person = gallery.set_role(arguments.name, Role(arguments.role))
    may = ", ".join(sorted(p.value for p in ROLE_PERMISSIONS[person.role])) or "nothing"
    print(f"{person.name} is {person.role.value} and may: {may}")
    return described(person)


def _validity(gallery: Gallery, arguments: argparse.Namespace) -> dict[str, Any]:
    person = gallery.set_validity(
        arguments.name,
        valid_from_ns=arguments.valid_from,
        valid_until_ns=arguments.valid_until,
    )
    begins = day(person.valid_from_ns) if person.valid_from_ns else "now"
    ends = day(person.valid_until_ns) if person.valid_until_ns else "further notice"
    print(f"{person.name} may unlock from {begins} until {ends}")
    return described(person)


def _forget(gallery: Gallery, arguments: argparse.Namespace) -> dict[str, Any]:
    person = gallery.find(arguments.name)
    if person is None:
        raise GalleryError(f"nobody named {arguments.name!r} is enrolled")
    # The gallery last: whatever fails before can be repeated by the name.
    erased, pictures = erase_person_from_alerts(person_id=person.person_id, name=person.name)
    proof = gallery.forget(arguments.name)
    others = [p.name for p in gallery.people()]
    searched = searched_files(data_directory(), leave_out=(gallery.path,))
    left = files_with(searched, person_id=person.person_id, name=person.name, others=others)
    if left:
        raise GalleryError(
            f"{arguments.name} is forgotten and cannot be recognised any more, but the name or id "
            f"still stands in {', '.join(str(file) for file in left)}; stop the graph and repeat "
            f"by deleting these files"
        )
    files = [str(file) for file in (*proof.files, *searched)]
    print(f"{arguments.name} is forgotten; {erased} alerts no longer name the person")
    print(f"{pictures} snapshots and clips that showed the person are deleted")
    print(f"searched for id, name and {proof.templates} templates byte by byte: nothing is left in")
    for file in files:
        print(f"  {file}")
    print("backups and exports made before still hold the person: delete them yourself")
    return {
        "name": arguments.name,
        "forgotten": True,
        "alerts": erased,
        "evidence": pictures,
        "searched": files,
    }


def _export(gallery: Gallery, arguments: argparse.Namespace) -> dict[str, Any]:
    answer = gallery.export(arguments.name)
    write_private(arguments.file, (json.dumps(answer, indent=2) + "\n").encode())
    print(f"{arguments.file}: {answer['contents']}")
    return answer


def _verify(gallery: Gallery, arguments: argparse.Namespace) -> dict[str, Any]:
    found = gallery.verify(model_id=catalog.face_model_id())
    print(
        f"{gallery.path}: {found.people} people, {found.templates} templates of "
        f"{', '.join(found.model_ids) or 'no model'}, {found.audit_entries} log entries"
    )
    for problem in found.problems:
        print(f"  wrong: {problem}")
    if not found.problems:
        print("every template decrypts, every seal is right, the log is whole")
    return {
        "people": found.people,
        "templates": found.templates,
        "model_ids": list(found.model_ids),
        "audit_entries": found.audit_entries,
        "problems": list(found.problems),
    }


def _audit(gallery: Gallery, arguments: argparse.Namespace) -> list[dict[str, Any]]:
    names = {person.audit_ref: person.name for person in gallery.people()}
    answer = []
    for entry in gallery.audit():
        who = names.get(entry.subject, "(a forgotten person)" if entry.subject else "")
        print(
            f"{day(entry.at_ns)}  {entry.actor:<16} {entry.action.value:<18} {who} "
            f"{entry.detail}".rstrip()
        )
        answer.append(
            {
                "sequence": entry.sequence,
                "at_ns": entry.at_ns,
                "actor": entry.actor,
                "action": entry.action.value,
                "subject": entry.subject,
                "name": names.get(entry.subject, ""),
                "detail": entry.detail,
            }
        )
    return answer


def _rotate_key(gallery: Gallery, arguments: argparse.Namespace) -> dict[str, Any]:
    count = gallery.rotate_key()
    print(f"{count} templates are encrypted under a new key")
    if KEY_VARIABLE in os.environ:
        print(f"now put the new key into {KEY_VARIABLE}; the old one opens older backups only")
    else:
        print(
            "the old key is gone: backups made before cannot be restored any more, make a new one"
        )
    return {"templates": count}


def _backup(gallery: Gallery, arguments: argparse.Namespace) -> dict[str, Any]:
    found = gallery.back_up(arguments.file)
    print(
        f"{arguments.file}: {found.people} people, {found.templates} templates, verified; keep "
        "the gallery's key as well, in another place: without it the copy cannot be read"
    )
    return {"file": str(arguments.file), "people": found.people, "templates": found.templates}


def _restore(path: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    kept = restore(
        arguments.file,
        path,
        key_source=default_key_source(path),
        clock_ns=time.time_ns,
        actor=local_actor(),
    )
    with Gallery.open(path, key_source=default_key_source(path)) as gallery:
        found = gallery.verify()
    print(f"{path}: restored, {found.people} people; whoever was forgotten since is in it again")
    if kept is not None:
        print(f"what was there before is {kept}; delete it when the restored gallery is right")
    return {
        "people": found.people,
        "kept": str(kept) if kept else "",
        "problems": list(found.problems),
    }


_ACTIONS = {
    "add": _add,
    "list": _list,
    "authorize": _authorise,
    "revoke": _revoke,
    "rename": _rename,
    "role": _role,
    "validity": _validity,
    "forget": _forget,
    "export": _export,
    "verify": _verify,
    "audit": _audit,
    "rotate-key": _rotate_key,
    "backup": _backup,
}
