"""Message definitions for bags, so that any tool can read them without our packages."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from rosbags.interfaces import Nodetype
from rosbags.interfaces.typing import Typesdict
from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from rosbags.typesys.store import Typestore

from edgeai_core.errors import BagError


class Definitions:
    """The standard interfaces of ROS 2 Jazzy, and installed packages on demand.

    Args:
        prefixes: where interface packages are installed; `share/PACKAGE/msg/NAME.msg` lies below.
    """

    def __init__(self, prefixes: tuple[Path, ...]) -> None:
        self._prefixes = prefixes
        self._store = get_typestore(Stores.ROS2_JAZZY)

    def store_with(self, type_name: str) -> Typestore:
        """Return a store that knows a message type and all that it is made of.

        Args:
            type_name: such as ``edgeai_msgs/msg/Alert``.

        Raises:
            BagError: its definition is not installed or cannot be read.
        """
        missing = [type_name]
        while missing:
            wanted = missing.pop()
            if wanted in self._store.types:
                continue
            found = get_types_from_msg(self._text(wanted), wanted)
            self._store.register(found)
            missing.extend(_used(found))
        return self._store

    def _text(self, type_name: str) -> str:
        package, kind, name = type_name.split("/")
        for prefix in self._prefixes:
            path = prefix / "share" / package / kind / f"{name}.msg"
            try:
                return path.read_text(encoding="utf-8")
            except FileNotFoundError:
                continue
            except OSError as exc:
                raise BagError(f"definition of {type_name}: {path}: {exc.strerror}") from exc
        raise BagError(
            f"definition of {type_name}: not found; install the package {package} or leave its "
            "topics out"
        )


def installed_definitions(environ: Mapping[str, str] = os.environ) -> Definitions:
    """Return the definitions of the packages on AMENT_PREFIX_PATH."""
    prefixes = environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep)
    return Definitions(tuple(Path(prefix) for prefix in prefixes if prefix))


def _used(types: Typesdict) -> Iterator[str]:
    for _, fields in types.values():
        for _, description in fields:
            element = description
            if description[0] is Nodetype.ARRAY or description[0] is Nodetype.SEQUENCE:
                element = description[1][0]
            if element[0] is Nodetype.NAME:
                yield element[1]
