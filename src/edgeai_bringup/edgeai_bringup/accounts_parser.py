"""The command line of `edgeai dashboard`. Standard library only: `--help` must answer at once."""

from __future__ import annotations

import argparse

ROLES = ("guest", "operator", "member", "owner")


def add_accounts_parser(parser: argparse.ArgumentParser) -> None:
    """Add what can be done with the accounts of the web page."""
    verbs = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    password = verbs.add_parser("password", help="make an account, or give one a new password")
    password.add_argument("name", nargs="?", default="owner", metavar="NAME", help="owner")
    password.add_argument("--role", choices=ROLES, help="of the account; a new one: operator")
    password.add_argument(
        "--ask", action="store_true", help="type the password instead of getting a made-up one"
    )
    verbs.add_parser("list", help="who may log in")
    remove = verbs.add_parser("remove", help="remove an account; its sessions are over")
    remove.add_argument("name", metavar="NAME")
