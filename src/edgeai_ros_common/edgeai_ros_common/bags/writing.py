"""Bag files: opened, split by size and time, and closed whatever happens."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rosbags.interfaces import Connection, Qos
from rosbags.rosbag2 import StoragePlugin, Writer, WriterError

from edgeai_core.errors import BagError
from edgeai_ros_common.bags.definitions import Definitions


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """What a bag says of a topic.

    Attributes:
        name: absolute. type_name: such as ``sensor_msgs/msg/Image``. offered: of its publishers.
    """

    name: str
    type_name: str
    offered: tuple[Qos, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BagLimits:
    """When the next part is begun; 0 never."""

    max_bytes: int = 0
    max_duration_s: float = 0.0

    @property
    def splits(self) -> bool:
        return self.max_bytes > 0 or self.max_duration_s > 0


class BagWriter:
    """Write messages into a bag (MCAP), or into several with limits. One thread owns it.

    An MCAP that was not closed has no index: most tools refuse it. Use it as a context manager.

    Args:
        path: the bag's folder, which must not exist; with limits the folder of the parts, each
            a bag of its own, `part_000` and so on.
        definitions: of the message types. limits: when the next part is begun.

    Raises:
        BagError: the folder exists or cannot be made.
    """

    def __init__(
        self, path: Path, *, definitions: Definitions, limits: BagLimits | None = None
    ) -> None:
        self._path = path
        self._definitions = definitions
        self._limits = limits or BagLimits()
        self._connections: dict[str, Connection] = {}
        self._bytes = 0
        self._begun_ns = 0
        self.parts: list[Path] = []
        self.messages = 0
        self._writer: Writer | None = None
        if path.exists():
            raise BagError(f"bag {path}: it exists; nothing is overwritten, choose another name")
        self._open()

    def __enter__(self) -> BagWriter:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def write(self, topic: Topic, *, stamp_ns: int, data: bytes) -> None:
        """Append one message.

        Args:
            topic: where it was heard. stamp_ns: when. data: serialised (CDR).

        Raises:
            BagError: its type is not known here, or the disk does not take it.
        """
        if self._full(stamp_ns, len(data)):
            self.close()
            self._open()
        writer = self._writer
        if writer is None:
            raise BagError(f"bag {self._path}: written after it was closed")
        try:
            connection = self._connections.get(topic.name) or self._connect(writer, topic)
            writer.write(connection, stamp_ns, data)
        except OSError as exc:
            raise BagError(
                f"bag {self.parts[-1]}: cannot be written ({exc.strerror}); free some room"
            ) from exc
        self._begun_ns = self._begun_ns or stamp_ns
        self._bytes += len(data)
        self.messages += 1

    def close(self) -> None:
        """Write index and metadata; calling it twice is harmless.

        Raises:
            BagError: the disk does not take them.
        """
        writer, self._writer = self._writer, None
        if writer is None:
            return
        try:
            writer.close()
        except OSError as exc:
            raise BagError(
                f"bag {self.parts[-1]}: cannot be closed ({exc.strerror}); its messages can be "
                "recovered with `mcap recover`"
            ) from exc

    def _open(self) -> None:
        limits = self._limits
        path = self._path / f"part_{len(self.parts):03d}" if limits.splits else self._path
        try:
            writer = Writer(path, version=Writer.VERSION_LATEST, storage_plugin=StoragePlugin.MCAP)
            writer.open()
        except (OSError, WriterError) as exc:
            raise BagError(f"bag {path}: cannot be made ({exc}); choose another place") from exc
        self._writer = writer
        self._connections.clear()
        self._bytes = self._begun_ns = 0
        self.parts.append(path)

    def _connect(self, writer: Writer, topic: Topic) -> Connection:
        connection = writer.add_connection(
            topic.name,
            topic.type_name,
            typestore=self._definitions.store_with(topic.type_name),
            offered_qos_profiles=topic.offered,
        )
        self._connections[topic.name] = connection
        return connection

    def _full(self, stamp_ns: int, size: int) -> bool:
        limits = self._limits
        if not self._bytes:
            return False
        aged = stamp_ns - self._begun_ns >= limits.max_duration_s * 1e9 > 0
        return aged or self._bytes + size > limits.max_bytes > 0
