"""Keep the last picture of a run with what the graph found in it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from edgeai_msgs.msg import FaceMatchArray
from edgeai_msgs.msg import HazardReport as HazardReportMsg
from vision_msgs.msg import Detection2DArray

from edgeai_bringup.composed import ComposedGraph
from edgeai_bringup.monitor import GraphMonitor
from edgeai_core.errors import EdgeAiError
from edgeai_core.overlay import annotated
from edgeai_core.types import Detection, FaceMatch, Frame, HazardReport, SessionState
from edgeai_ros_common import qos
from edgeai_ros_common.convert import detections_from_msg, faces_from_msg, time_from_msg
from edgeai_ros_common.convert_hazards import hazard_from_msg

# Results come after their frame: look for the frame among the last ones.
_KEPT_FRAMES = 30


class SnapshotKeeper:
    """Remember frames and results of a camera, and draw the newest that fit together.

    Args:
        graph: which is composed. monitor: listens to it, in its namespace.
        camera: relative to that.
    """

    def __init__(self, graph: ComposedGraph, monitor: GraphMonitor, *, camera: str) -> None:
        self._monitor = monitor
        self._frames: dict[int, Frame] = {}
        self._faces: tuple[int, tuple[FaceMatch, ...]] = (0, ())
        self._objects: tuple[int, tuple[Detection, ...]] = (0, ())
        self._hazard: HazardReport | None = None
        topic = monitor.resolve_topic_name(f"{camera}/image_raw")
        self.close = graph.frame_hub.subscribe(topic, self._on_frame)
        monitor.create_subscription(FaceMatchArray, f"{camera}/faces", self._on_faces, qos.RESULTS)
        monitor.create_subscription(
            Detection2DArray, f"{camera}/objects", self._on_objects, qos.RESULTS
        )

        monitor.create_subscription(
            HazardReportMsg, f"{camera}/hazards", self._on_hazard, qos.RESULTS
        )

    def save(self, path: Path) -> None:
        """Write the picture (PNG or JPEG, by the suffix).

        Raises:
            EdgeAiError: there is no picture yet, or it cannot be written.
        """
        stamps = sorted(self._frames)
        if not stamps:
            raise EdgeAiError("no picture: the camera delivered no frame")
        stamp_ns, faces = self._faces if self._faces[0] in self._frames else (stamps[-1], ())
        seen_ns, objects = self._objects
        near = abs(seen_ns - stamp_ns) < 500_000_000
        picture = annotated(
            self._frames[stamp_ns].image,
            faces=faces,
            objects=objects if near else (),
            # Of the last round, whichever frame is shown: a round takes half a second.
            hazard=self._hazard,
            session=SessionState[self._monitor.session],
            caption=self._monitor.session_reason.encode("ascii", "replace").decode(),
        )
        done, encoded = cv2.imencode(path.suffix or ".png", np.ascontiguousarray(picture))
        if not done:
            raise EdgeAiError(f"picture {path}: OpenCV cannot write {path.suffix}; use .png")
        path.write_bytes(encoded.tobytes())

    def _on_frame(self, frame: Frame) -> None:
        self._frames[frame.stamp_ns] = frame
        while len(self._frames) > _KEPT_FRAMES:
            self._frames.pop(next(iter(self._frames)))

    def _on_faces(self, message: FaceMatchArray) -> None:
        self._faces = (time_from_msg(message.header.stamp), faces_from_msg(message))

    def _on_objects(self, message: Detection2DArray) -> None:
        self._objects = (time_from_msg(message.header.stamp), detections_from_msg(message))

    def _on_hazard(self, message: HazardReportMsg) -> None:
        self._hazard = hazard_from_msg(message)
