"""People and templates in an open gallery: what is asked and changed of them together.

`Gallery` gives every call its turn, its transaction and its translated errors; these functions are
what happens inside.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from edgeai_core.access.audit import Action
from edgeai_core.access.people import Person, PersonTemplates, cleaned_name, name_key
from edgeai_core.access.tables import GalleryTables
from edgeai_core.errors import EnrolmentError, GalleryError, GalleryModelMismatchError


def everybody(tables: GalleryTables) -> tuple[Person, ...]:
    """Return everybody, by name.

    Raises:
        GalleryCorruptError: the people were changed by something else than this program.
    """
    tables.check()
    return tables.people.all()


def named(tables: GalleryTables, name: str) -> Person | None:
    """Return the person of a name whatever its case, None if there is none."""
    key = name_key(name)
    return next((p for p in everybody(tables) if name_key(p.name) == key), None)


def known(tables: GalleryTables, name: str) -> Person:
    """Return the person of a name whatever its case.

    Raises:
        GalleryError: nobody has that name.
    """
    person = named(tables, name)
    if person is None:
        raise GalleryError(f"nobody named {name!r} is enrolled; list the people for the names")
    return person


def enrolled(tables: GalleryTables, person_id: str) -> Person:
    """Return the person of an id.

    Raises:
        GalleryError: nobody has it.
    """
    person = next((p for p in everybody(tables) if p.person_id == person_id), None)
    if person is None:
        raise GalleryError(
            f"gallery {tables.path} has nobody of the id {person_id}: forgotten meanwhile, or "
            f"the face node works with another gallery file"
        )
    return person


def add(
    tables: GalleryTables,
    person: Person,
    templates: npt.NDArray[np.float32],
    *,
    model_id: str,
) -> None:
    """Store a new person and note it in the log; inside a transaction.

    Args:
        templates: (N, D) float32 of the model `model_id`, checked.

    Raises:
        EnrolmentError: somebody has that name.
    """
    if named(tables, person.name) is not None:
        raise EnrolmentError(
            f"{person.name} is already enrolled; choose another name, or forget and enrol again"
        )
    tables.people.insert(person)
    tables.templates.add(person.person_id, templates, model_id=model_id)
    may = "authorised" if person.authorised else "not authorised"
    tables.audit.append(
        Action.ENROLLED,
        subject=person.audit_ref,
        detail=f"{person.role.value}, {may}, {len(templates)} templates of {model_id}",
    )


def change(
    tables: GalleryTables, person: Person, action: Action, *, detail: str = "", **values: Any
) -> Person:
    """Change fields of a person and note it in the log; inside a transaction.

    Args:
        action, detail: for the log. values: the changed fields of `Person`.
    """
    changed = dataclasses.replace(person, **values)
    tables.people.update(changed)
    tables.audit.append(action, subject=changed.audit_ref, detail=detail)
    return changed


def rename(tables: GalleryTables, name: str, new_name: str) -> Person:
    """Give a person another name; inside a transaction.

    Raises:
        GalleryError: nobody has the old name, somebody else has the new one, or it does not fit.
    """
    person, holder = known(tables, name), named(tables, new_name)
    if holder is not None and holder != person:
        raise GalleryError(f"{holder.name} is already enrolled; choose another name")
    return change(tables, person, Action.RENAMED, name=cleaned_name(new_name))


def templates(tables: GalleryTables, model_id: str) -> tuple[PersonTemplates, ...]:
    """Return the decrypted templates of everybody enrolled with a model, by name.

    Raises:
        GalleryModelMismatchError: people are enrolled, but all with other models.
        GalleryCorruptError: a record fails its authentication.
    """
    people = everybody(tables)
    found = tuple(
        PersonTemplates(person=person, templates=np.stack(own))
        for person in people
        if (own := tables.templates.of(person.person_id, model_id=model_id))
    )
    if people and not found:
        raise GalleryModelMismatchError(
            f"gallery {tables.path} was made with face model "
            f"{', '.join(tables.templates.models()) or '(none)'}, but {model_id} is running; "
            f"forget and enrol everybody again, or go back to that model"
        )
    return found
