"""Makes the CMake exports of ROS wheels valid on this machine.

The wheels were built in a container: their exported targets name its Python and NumPy headers
by absolute path. A virtual environment has no ``Python.h``, so those go to the base interpreter.
"""

import dataclasses
import os
import pathlib
import re
import tempfile

_BUILDER = r"/opt/python/cp3\d+-cp3\d+"


@dataclasses.dataclass(frozen=True, kw_only=True)
class RelocationTarget:
    """Where the builder's folders are on this machine (all absolute)."""

    prefix: pathlib.Path
    python_include: pathlib.Path
    numpy_include: pathlib.Path


def relocate_text(text: str, target: RelocationTarget) -> str:
    """Return CMake source with the wheel builder's folders replaced; twice gives the same."""
    # The longest path first: the last pattern is a prefix of the other two.
    for pattern, folder in (
        (_BUILDER + r"/lib/python3\.\d+/site-packages/numpy/_?core/include", target.numpy_include),
        (_BUILDER + r"/include/python3\.\d+", target.python_include),
        (_BUILDER, target.prefix),
    ):
        text = re.sub(pattern, folder.as_posix().replace("\\", r"\\"), text)
    return text


def relocate(target: RelocationTarget) -> int:
    """Rewrite every CMake export below the prefix and return how many files changed.

    A changed file is replaced, never written in place: pip may have hard-linked it into its cache.
    """
    changed = 0
    files = [*(target.prefix / "share").rglob("*.cmake"), *_files(target.prefix / "lib" / "cmake")]
    for file in files:
        before = file.read_bytes().decode("utf-8", "surrogateescape")
        after = relocate_text(before, target)
        if after != before:
            _replace(file, after.encode("utf-8", "surrogateescape"))
            changed += 1
    return changed


def _files(folder: pathlib.Path) -> list[pathlib.Path]:
    return [path for path in folder.rglob("*.cmake") if path.is_file()]


def _replace(file: pathlib.Path, content: bytes) -> None:
    mode = file.stat().st_mode
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=file.name)
    with os.fdopen(descriptor, "wb") as handle:
        handle.write(content)
    os.chmod(name, mode)
    os.replace(name, file)
