"""Who is in the gallery: the records that cross its border."""

from __future__ import annotations

import hashlib
import time
import unicodedata
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgeai_core.access.permissions import ROLE_PERMISSIONS, Permission
from edgeai_core.access.permissions import Role as Role
from edgeai_core.errors import GalleryError
from edgeai_core.reasons import access as reasons

MAX_NAME_LENGTH = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An enrolled person.

    Attributes:
        person_id: 32 hex characters, never reused. name: unique whatever its upper and lower case.
        role: what the person is; it says what the person may do (`ROLE_PERMISSIONS`).
        authorised: whether the face may unlock at all.
        created_ns: wall-clock time of enrolment, nanoseconds since 1970.
        valid_from_ns, valid_until_ns: the face unlocks from the first on and before the second;
            wall clock, nanoseconds since 1970, None for no limit.
        audit_ref: 16 hex characters by which the audit log speaks of the person. It is random, so
            that the log of a forgotten person names nobody.

    Raises:
        GalleryError: the validity ends before it begins.
    """

    person_id: str
    name: str
    role: Role
    authorised: bool
    created_ns: int
    valid_from_ns: int | None = None
    valid_until_ns: int | None = None
    audit_ref: str = ""

    def __post_init__(self) -> None:
        begins_ns, ends_ns = self.valid_from_ns, self.valid_until_ns
        if begins_ns is not None and ends_ns is not None and ends_ns <= begins_ns:
            raise GalleryError(
                f"the validity must end after it begins, got {day(begins_ns)} to {day(ends_ns)}"
            )

    def refusal_at(self, now_ns: int) -> str:
        """Return why the gallery lets this person unlock nothing at a time; empty when it does.

        Args:
            now_ns: wall clock, nanoseconds since 1970.
        """
        if not self.authorised:
            return reasons.NOT_AUTHORISED.say()
        if Permission.OPERATE not in ROLE_PERMISSIONS[self.role]:
            return reasons.ROLE_MAY_NOT.say(role=self.role.value)
        if self.valid_from_ns is not None and now_ns < self.valid_from_ns:
            return reasons.NOT_BEFORE.say(day=day(self.valid_from_ns))
        if self.valid_until_ns is not None and now_ns >= self.valid_until_ns:
            return reasons.ENDED.say(day=day(self.valid_until_ns))
        return ""

    def permissions_at(self, now_ns: int) -> frozenset[Permission]:
        """Return what the person may do at a time (wall clock, nanoseconds since 1970)."""
        return frozenset() if self.refusal_at(now_ns) else ROLE_PERMISSIONS[self.role]


def day(wall_ns: int) -> str:
    """Return a wall time in the machine's own zone to the minute, for people."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(wall_ns / 1e9))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PersonTemplates:
    """The decrypted templates of one person; in memory only, never logged or written.

    Attributes:
        person: whose they are. templates: (N, D) float32, N >= 1, in the embedding model's unit.
    """

    person: Person
    templates: npt.NDArray[np.float32]

    def __post_init__(self) -> None:
        check_templates(self.templates)

    def __repr__(self) -> str:
        return f"PersonTemplates({self.person.person_id}, {len(self.templates)} hidden)"


def check_templates(templates: npt.NDArray[np.float32]) -> None:
    """Check that `templates` is (N, D) float32, finite and not empty.

    Raises:
        ValueError: it is not.
    """
    if templates.ndim != 2 or 0 in templates.shape or templates.dtype != np.float32:
        raise ValueError(
            f"templates: expected (N, D) float32 with N, D >= 1, "
            f"got {templates.shape} {templates.dtype}"
        )
    if not np.isfinite(templates).all():
        raise ValueError("templates: every number must be finite")


def cleaned_name(name: str) -> str:
    """Return the name in composed Unicode form without outer blanks.

    Raises:
        GalleryError: it is empty, too long or holds control characters.
    """
    cleaned = unicodedata.normalize("NFC", name).strip()
    if not 1 <= len(cleaned) <= MAX_NAME_LENGTH:
        raise GalleryError(f"a name needs 1..{MAX_NAME_LENGTH} characters, got {len(cleaned)}")
    if any(unicodedata.category(character).startswith("C") for character in cleaned):
        raise GalleryError("a name must not hold control or unassigned characters")
    return cleaned


def name_key(name: str) -> str:
    """Return 64 hex characters that all spellings of one name share, whatever their case.

    A hash, so that the search index on it holds nothing that could pass for another text when
    the erasure of a person is proved.
    """
    spelling = unicodedata.normalize("NFKC", cleaned_name(name)).casefold()
    return hashlib.sha256(spelling.encode()).hexdigest()
