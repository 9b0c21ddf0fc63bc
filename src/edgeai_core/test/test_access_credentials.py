"""Proofs of who is logged in: good for one action, one subject, half a minute."""

from __future__ import annotations

import base64
import json
import stat

import pytest

from edgeai_core.access.credentials import (
    OPERATOR_KEY_FILE,
    ServiceGuard,
    armed_subject,
    credential_name,
    credential_objection,
    manage_subject,
    operator_key,
    sign_credential,
)
from edgeai_core.access.permissions import ROLE_PERMISSIONS, Permission, Role
from edgeai_core.errors import AccessError
from edgeai_core.types import AuthState, SessionState

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
SECOND = 10**9
NOW_NS = 1_700_000_000 * SECOND
ALERT = "a" * 32
FOREIGN = "the credential was not made by a program of this installation; log in again"
STALE = (
    "the credential is older than 30 s or from the future; ask again, and synchronise the clocks "
    "if it repeats"
)


def signed(key: bytes = KEY, *, role: Role = Role.OPERATOR, now_ns: int = NOW_NS) -> str:
    return sign_credential(
        key,
        name="Ada",
        permissions=ROLE_PERMISSIONS[role],
        action="acknowledge",
        subject=ALERT,
        now_ns=now_ns,
    )


def objection(credential: str, *, now_ns: int = NOW_NS, **asked: object) -> str:
    wanted = {"action": "acknowledge", "subject": ALERT, "permission": Permission.ACKNOWLEDGE}
    return credential_objection(KEY, credential, **(wanted | asked), now_ns=now_ns)


def test_credential_counts_for_its_action_and_subject_for_half_a_minute() -> None:
    assert objection(signed()) == ""
    assert objection(signed(), now_ns=NOW_NS + 30 * SECOND) == ""
    assert objection(signed(), now_ns=NOW_NS - 2 * SECOND) == ""
    assert credential_name(KEY, signed()) == "Ada"


def test_late_and_future_credentials_are_refused() -> None:
    assert objection(signed(), now_ns=NOW_NS + 30 * SECOND + 1) == STALE
    assert objection(signed(), now_ns=NOW_NS - 2 * SECOND - 1) == STALE


def test_credential_for_something_else_is_refused() -> None:
    other = "the credential is for something else; ask again"
    assert objection(signed(), action="get_evidence") == other
    assert objection(signed(), subject="b" * 32) == other


def test_role_without_the_permission_is_refused_by_name() -> None:
    assert objection(signed(role=Role.GUEST)) == (
        "cannot acknowledge alerts: Ada may not; roles that may: operator, member, owner"
    )


@pytest.mark.parametrize(
    "credential",
    [
        "",
        "x",
        ".",
        "e30=.00",
        signed(OTHER_KEY),
        signed()[:-1],
        signed() + "0",
        "é.é",
        signed().replace(".", ".." + "0"),
        "A" * 5000 + "." + "0" * 64,
    ],
)
def test_forged_text_is_refused(credential: str) -> None:
    assert objection(credential) == FOREIGN
    assert credential_name(KEY, credential) == ""


def test_changed_words_under_an_old_seal_are_refused() -> None:
    body, _, seal = signed(role=Role.GUEST).partition(".")
    said = json.loads(base64.urlsafe_b64decode(body))
    said["permissions"] = ["acknowledge"]
    richer = base64.urlsafe_b64encode(json.dumps(said).encode()).decode()
    assert objection(f"{richer}.{seal}") == FOREIGN


def test_subjects_do_not_run_into_each_other() -> None:
    assert manage_subject("role", "Ada", "owner") != manage_subject("role", "Ada,owner", "")
    assert armed_subject(["fire_detector", "object_detector"]) == armed_subject(
        ["object_detector", "fire_detector"]
    )


def test_key_is_made_once_for_its_owner_alone(tmp_path) -> None:
    folder = tmp_path / "state"
    key = operator_key(folder)
    assert len(key) == 32
    assert operator_key(folder) == key
    assert stat.S_IMODE((folder / OPERATOR_KEY_FILE).stat().st_mode) == 0o600
    assert [file.name for file in folder.iterdir()] == [OPERATOR_KEY_FILE]


def test_key_that_others_can_read_and_a_wrong_key_are_refused(tmp_path) -> None:
    operator_key(tmp_path)
    file = tmp_path / OPERATOR_KEY_FILE
    file.chmod(0o640)
    with pytest.raises(AccessError, match="has mode 0640 and can be reached by others"):
        operator_key(tmp_path)
    file.chmod(0o600)
    file.write_bytes(b"short")
    with pytest.raises(AccessError, match="expected 32 bytes"):
        operator_key(tmp_path)


def guard(folder, state: SessionState, permissions: tuple[str, ...] = ()) -> ServiceGuard:
    access = AuthState(state=state, person_name="Bo", permissions=permissions, reason="no face")
    return ServiceGuard(access=lambda: access, folder=folder, wall_clock_ns=lambda: NOW_NS)


def asked(guarded: ServiceGuard, credential: str) -> str:
    return guarded.objection(
        credential, action="acknowledge", subject=ALERT, permission=Permission.ACKNOWLEDGE
    )


def test_service_takes_the_face_or_the_credential(tmp_path) -> None:
    credential = signed(operator_key(tmp_path))
    locked = guard(tmp_path, SessionState.LOCKED)
    active = guard(tmp_path, SessionState.ACTIVE, ("acknowledge",))
    assert asked(locked, credential) == ""
    assert asked(active, "") == ""
    assert asked(locked, "").startswith("cannot acknowledge alerts: the state is LOCKED;")


def test_bad_credential_is_refused_even_when_a_face_would_do(tmp_path) -> None:
    active = guard(tmp_path, SessionState.ACTIVE, ("acknowledge",))
    assert asked(active, signed(OTHER_KEY)) == FOREIGN


def test_unreadable_key_refuses_with_its_reason(tmp_path) -> None:
    operator_key(tmp_path)
    (tmp_path / OPERATOR_KEY_FILE).chmod(0o644)
    assert "can be reached by others" in asked(guard(tmp_path, SessionState.LOCKED), signed())
