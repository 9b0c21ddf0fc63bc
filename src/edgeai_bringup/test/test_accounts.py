"""`edgeai dashboard`: accounts from the machine itself."""

from __future__ import annotations

import re

import pytest

from edgeai_bringup import cli
from edgeai_core.access.accounts import Accounts
from edgeai_core.access.permissions import Role


@pytest.fixture
def accounts(tmp_path, monkeypatch) -> Accounts:
    monkeypatch.setenv("EDGEAI_DATA_DIR", str(tmp_path))
    return Accounts(tmp_path)


def test_a_reset_owner_logs_in_with_the_password_that_is_told_once(accounts, capsys) -> None:
    assert cli.main(["dashboard", "password"]) == 0
    told = capsys.readouterr().out
    password = re.search(r"password (\S+)", told).group(1)
    assert accounts.check("owner", password).role is Role.OWNER
    cli.main(["dashboard", "password"])
    assert accounts.check("owner", password) is None


def test_accounts_are_made_with_a_role_listed_and_removed(accounts, capsys) -> None:
    assert cli.main(["dashboard", "password", "ada", "--role", "member"]) == 0
    assert cli.main(["dashboard", "password", "bo"]) == 0
    capsys.readouterr()
    cli.main(["dashboard", "list"])
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["ada", "member"],
        ["bo", "operator"],
    ]
    assert cli.main(["dashboard", "remove", "ada"]) == 0
    assert accounts.find("ada") is None


def test_a_typed_password_is_asked_for_twice(accounts, monkeypatch, capsys) -> None:
    typed = iter(["five quiet horses", "five quiet horses", "one", "two"])
    monkeypatch.setattr("getpass.getpass", lambda prompt: next(typed))
    assert cli.main(["dashboard", "password", "--ask"]) == 0
    assert "five quiet horses" not in capsys.readouterr().out
    assert accounts.check("owner", "five quiet horses") is not None
    assert cli.main(["dashboard", "password", "--ask"]) == 2
    assert "the two differ; nothing was changed" in capsys.readouterr().err


def test_an_account_that_is_not_there_is_one_sentence(accounts, capsys) -> None:
    assert cli.main(["dashboard", "remove", "ada"]) == 2
    assert capsys.readouterr().err == (
        "edgeai dashboard: account 'ada': there is none; known: nobody\n"
    )
