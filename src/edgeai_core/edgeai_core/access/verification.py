"""Looking at everything in a gallery, to say whether it can be trusted."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from edgeai_core.access import gallery_store
from edgeai_core.access.people import check_templates
from edgeai_core.access.tables import GalleryTables
from edgeai_core.errors import GalleryError


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What a verification found.

    Attributes:
        problems: one sentence each; empty when everything is right.
        people, templates, audit_entries: how many were looked at.
        model_ids: embedding models of the templates.
    """

    problems: tuple[str, ...]
    people: int
    templates: int
    audit_entries: int
    model_ids: tuple[str, ...]


def verify(tables: GalleryTables, *, model_id: str = "") -> Verification:
    """Decrypt every template and check every seal, the log and the models.

    Args:
        model_id: the embedding model that runs; empty to accept any.

    Raises:
        GalleryError: the file cannot be read at all, or its key is not there.
    """
    with tables.reading():
        connection = tables.connection
        problems = [
            f"file: {row[0]}"
            for row in connection.execute("PRAGMA integrity_check(10)")
            if row[0] != "ok"
        ]
        problems += [
            f"file: a record of {row[0]} belongs to nobody"
            for row in connection.execute("PRAGMA foreign_key_check")
        ]
        if tables.keyring.current() is not None:
            problems += tables.people.objections()
            problems += filter(None, (tables.objection(), tables.audit.objection()))
            problems += _template_problems(tables)
        problems += _model_problems(connection, model_id)
        models = connection.execute("SELECT DISTINCT model_id FROM templates ORDER BY 1")
        return Verification(
            problems=tuple(problems),
            people=_count(connection, "persons"),
            templates=_count(connection, "templates"),
            audit_entries=_count(connection, "audit"),
            model_ids=tuple(str(row[0]) for row in models),
        )


def require_right(tables: GalleryTables) -> Verification:
    """Return the verification of a gallery without problems.

    Raises:
        GalleryCorruptError: it has some.
    """
    found = verify(tables)
    if found.problems:
        raise gallery_store.damaged(tables.path, "; ".join(found.problems))
    return found


def _template_problems(tables: GalleryTables) -> list[str]:
    problems = []
    keys = tables.connection.execute(
        "SELECT DISTINCT person_id, model_id FROM templates"
    ).fetchall()
    dimensions: dict[str, set[int]] = {}
    for person_id, model_id in keys:
        try:
            for template in tables.templates.of(person_id, model_id=model_id):
                check_templates(template[None])
                dimensions.setdefault(model_id, set()).add(len(template))
        except (GalleryError, ValueError) as exc:
            problems.append(str(exc))
    problems += [
        f"templates of model {model_id} have different lengths: {sorted(lengths)}"
        for model_id, lengths in dimensions.items()
        if len(lengths) > 1
    ]
    return problems


def _model_problems(connection: sqlite3.Connection, model_id: str) -> list[str]:
    without = connection.execute(
        "SELECT count(*) FROM persons WHERE id NOT IN (SELECT person_id FROM templates "
        "WHERE ? IN ('', model_id))",
        (model_id,),
    ).fetchone()[0]
    if not without:
        return []
    of_model = f" of face model {model_id}" if model_id else ""
    return [f"{without} people have no template{of_model}; forget and enrol them again"]


def _count(connection: sqlite3.Connection, table: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
