"""Which parameters the page shows and may set."""

from __future__ import annotations

import pytest

from edgeai_dashboard.setting_checks import is_shown


@pytest.mark.parametrize(
    ("name", "role", "shown"),
    [
        ("fire.view", "fire_detector", True),
        ("stream.source", "usb_cam", False),
        ("gallery.path", "supervisor", False),
        ("topics.images", "evidence_recorder", False),
        # Said in one place: elsewhere it would show what evidence hides.
        ("privacy.masks", "evidence_recorder", True),
        ("privacy.masks", "object_detector", False),
        ("privacy.blur_unknown_faces", "dashboard", False),
    ],
)
def test_what_locks_out_or_undoes_privacy_is_not_shown(name: str, role: str, shown: bool) -> None:
    assert is_shown(name, role=role) is shown
