"""Votes of a track: the last ones, not too old."""

from __future__ import annotations

from edgeai_core.analyzers.faces.agreement import Agreement


def test_only_the_last_frames_of_the_window_count() -> None:
    agreement = Agreement(window=3, max_age_ns=100)
    for stamp_ns, name in enumerate(["ada", "ada", "bob", "ada", ""]):
        agreement.add(1, stamp_ns, name)
    assert agreement.count(1, "ada") == 1
    assert agreement.count(1, "bob") == 1
    assert agreement.count(2, "ada") == 0
    assert agreement.count(None, "ada") == 0
    assert agreement.count(1, "") == 0


def test_old_frames_and_the_tracks_they_leave_empty_are_forgotten() -> None:
    agreement = Agreement(window=5, max_age_ns=100)
    agreement.add(1, 0, "ada")
    agreement.add(1, 50, "ada")
    agreement.add(2, 0, "bob")
    agreement.forget_old(101)
    assert agreement.count(1, "ada") == 1
    assert list(agreement.track_ids) == [1]
    agreement.clear()
    assert not agreement.track_ids
