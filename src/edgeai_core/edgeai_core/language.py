"""The languages that people are told in."""

from __future__ import annotations

from enum import Enum


class Language(Enum):
    """A language that people are told in."""

    EN = "en"
    FR = "fr"
