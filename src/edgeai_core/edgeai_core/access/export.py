"""What the gallery knows about one person, for that person."""

from __future__ import annotations

import base64
from typing import Any

from edgeai_core.access.audit import Action
from edgeai_core.access.people import Person
from edgeai_core.access.permissions import ROLE_PERMISSIONS
from edgeai_core.access.tables import GalleryTables

CONTENTS = (
    "Everything the face gallery holds about one person: name, role, permissions, validity, the "
    "log of changes, and the face templates. A template is a row of numbers computed from a "
    "picture of the face; it stands here encrypted (AES-256-GCM) under the gallery's key and "
    "cannot be read without that key. Pictures are not kept in the gallery and not in here."
)


def export_person(tables: GalleryTables, person: Person) -> dict[str, Any]:
    """Return everything about a person in the types of JSON; the log notes it."""
    with tables.changing():
        tables.audit.append(Action.EXPORTED, subject=person.audit_ref)
        rows = tables.connection.execute(
            "SELECT id, model_id, sealed FROM templates WHERE person_id = ? ORDER BY rowid",
            (person.person_id,),
        ).fetchall()
        entries = [e for e in tables.audit.entries() if e.subject == person.audit_ref]
    return {
        "contents": CONTENTS,
        "person": {
            "id": person.person_id,
            "name": person.name,
            "role": person.role.value,
            "permissions": sorted(p.value for p in ROLE_PERMISSIONS[person.role]),
            "authorised": person.authorised,
            "created_ns": person.created_ns,
            "valid_from_ns": person.valid_from_ns,
            "valid_until_ns": person.valid_until_ns,
        },
        "templates": [
            {"id": row[0], "model": row[1], "encrypted": base64.b64encode(row[2]).decode()}
            for row in rows
        ],
        "log": [{"at_ns": e.at_ns, "action": e.action.value, "detail": e.detail} for e in entries],
    }
