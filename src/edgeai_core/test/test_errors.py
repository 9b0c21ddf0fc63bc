"""The exception tree: callers catch one base, or exactly the kind they can mend."""

from __future__ import annotations

import inspect

import pytest

from edgeai_core import errors
from edgeai_core.errors import EdgeAiError

ALL = [kind for _, kind in inspect.getmembers(errors, inspect.isclass)]


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_every_error_is_one_of_ours_and_says_when_it_comes(kind):
    assert issubclass(kind, EdgeAiError)
    assert kind.__doc__
    assert str(kind("what failed")) == "what failed"


@pytest.mark.parametrize(
    ("kind", "base"),
    [
        (errors.SourceUnavailableError, errors.SourceError),
        (errors.SourceEndedError, errors.SourceError),
        (errors.ModelMissingError, errors.ModelError),
        (errors.ModelIntegrityError, errors.ModelError),
        (errors.RuntimeUnavailableError, errors.ModelError),
        (errors.GalleryCorruptError, errors.GalleryError),
        (errors.AlertRefusedError, errors.ChannelError),
    ],
)
def test_special_cases_are_caught_with_their_kind(kind, base):
    assert issubclass(kind, base)


def test_a_broken_picture_is_no_broken_source():
    assert not issubclass(errors.FrameError, errors.SourceError)
