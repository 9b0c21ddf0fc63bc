"""`edgeai dashboard`: the accounts of the web page, from the machine itself."""

from __future__ import annotations

import argparse
import getpass

from edgeai_core.access.accounts import OWNER, Accounts, new_password
from edgeai_core.access.locations import data_directory
from edgeai_core.access.permissions import Role
from edgeai_core.errors import AccessError
from edgeai_ros_common.running import EXIT_OK


def run_accounts(arguments: argparse.Namespace) -> int:
    """Set a password, list the accounts or remove one; return the exit code.

    Raises:
        AccessError: the accounts cannot be used, or there is none of that name.
    """
    accounts = Accounts(data_directory())
    if arguments.action == "password":
        _set_password(accounts, arguments)
    elif arguments.action == "remove":
        accounts.remove(arguments.name)
        print(f"{arguments.name} has no account any more; open sessions are over")
    else:
        for account in accounts.all():
            print(f"{account.name:<32} {account.role.value}")
        if not accounts.all():
            print("nobody has an account; make one: ./edgeai dashboard password")
    return EXIT_OK


def _set_password(accounts: Accounts, arguments: argparse.Namespace) -> None:
    role = Role(arguments.role) if arguments.role else None
    if role is None and arguments.name == OWNER and accounts.find(OWNER) is None:
        role = Role.OWNER
    password = _typed() if arguments.ask else new_password()
    account = accounts.set_password(arguments.name, password, role=role)
    told = "" if arguments.ask else f" with the password {password}\nIt is told this once"
    print(f"{account.name} ({account.role.value}) can log in{told}; open sessions are over")


def _typed() -> str:
    password = getpass.getpass("password: ")
    if getpass.getpass("again: ") != password:
        raise AccessError("password: the two differ; nothing was changed")
    return password
