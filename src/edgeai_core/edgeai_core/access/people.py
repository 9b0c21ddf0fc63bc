"""Who is in the gallery: the records that cross its border."""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

from edgeai_core.errors import GalleryError

MAX_NAME_LENGTH = 80


class Role(Enum):
    """What a person is to this installation."""

    MEMBER = "member"
    OWNER = "owner"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An enrolled person.

    Attributes:
        person_id: 32 hex characters, never reused. name: unique whatever its upper and lower case.
        role: what the person is. authorised: whether the face may unlock.
        created_ns: wall-clock time of enrolment, nanoseconds since 1970.
    """

    person_id: str
    name: str
    role: Role
    authorised: bool
    created_ns: int


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
