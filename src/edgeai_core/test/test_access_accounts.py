"""Accounts of the web page: passwords are never kept, the file is private."""

from __future__ import annotations

import json
import stat

import pytest

from edgeai_core.access.accounts import Accounts, new_password
from edgeai_core.access.permissions import Role
from edgeai_core.errors import AccessError

PASSWORD = "four quiet horses"


@pytest.fixture
def accounts(tmp_path) -> Accounts:
    return Accounts(tmp_path / "state", cost=16)


def test_first_start_makes_an_owner_once(accounts) -> None:
    password = accounts.ensure_owner()
    assert accounts.check("owner", password).role is Role.OWNER
    assert accounts.ensure_owner() == ""
    assert [account.name for account in accounts.all()] == ["owner"]


def test_file_is_private_and_holds_no_password(accounts) -> None:
    accounts.set_password("ada", PASSWORD, role=Role.MEMBER)
    assert stat.S_IMODE(accounts.path.stat().st_mode) == 0o600
    assert PASSWORD not in accounts.path.read_text()
    assert [file.name for file in accounts.path.parent.iterdir()] == ["accounts.json"]


def test_only_the_right_password_of_the_right_name_counts(accounts) -> None:
    accounts.set_password("ada", PASSWORD, role=Role.MEMBER)
    assert accounts.check("ada", PASSWORD).name == "ada"
    for name, password in (
        ("ada", PASSWORD + "s"),
        ("ada", ""),
        ("Ada", PASSWORD),
        ("bob", PASSWORD),
        ("ada", PASSWORD * 100),
    ):
        assert accounts.check(name, password) is None


def test_same_password_has_another_hash_for_everybody(accounts) -> None:
    for name in ("ada", "bob"):
        accounts.set_password(name, PASSWORD)
    records = json.loads(accounts.path.read_text())["accounts"]
    assert records["ada"]["hash"] != records["bob"]["hash"]


def test_new_password_keeps_the_role_and_starts_a_new_generation(accounts) -> None:
    before = accounts.set_password("ada", PASSWORD, role=Role.MEMBER)
    after = accounts.set_password("ada", "five quiet horses")
    assert after.role is Role.MEMBER
    assert after.generation != before.generation
    assert accounts.check("ada", PASSWORD) is None


def test_a_removed_account_is_gone(accounts) -> None:
    accounts.set_password("ada", PASSWORD)
    accounts.remove("ada")
    assert accounts.find("ada") is None
    with pytest.raises(AccessError, match="account 'ada': there is none; known: nobody"):
        accounts.remove("ada")


@pytest.mark.parametrize("password", ["", "short", "x" * 257])
def test_short_and_endless_passwords_are_refused(accounts, password) -> None:
    with pytest.raises(AccessError, match=f"got {len(password)} characters, expected 10..256"):
        accounts.set_password("ada", password)
    assert accounts.all() == ()


def test_a_file_that_others_can_read_is_refused(accounts) -> None:
    accounts.set_password("ada", PASSWORD)
    accounts.path.chmod(0o644)
    with pytest.raises(AccessError, match="can be reached by others"):
        accounts.check("ada", PASSWORD)


@pytest.mark.parametrize(
    "change", [{"role": "king"}, {"cost": 2**30}, {"salt": "?"}, {"hash": None}]
)
def test_a_damaged_record_is_refused_as_a_whole(accounts, change) -> None:
    accounts.set_password("ada", PASSWORD)
    content = json.loads(accounts.path.read_text())
    content["accounts"]["ada"] |= change
    accounts.path.write_text(json.dumps(content))
    with pytest.raises(AccessError, match="is damaged"):
        accounts.all()


def test_made_up_passwords_differ_and_can_be_typed() -> None:
    made = {new_password() for _ in range(100)}
    assert len(made) == 100
    assert all(len(word) == 4 for password in made for word in password.split("-"))
