"""What a viewer sees of the running graph: drawn pictures, and markers that lie on the objects."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.demo

START_TIMEOUT_S = 60.0


def test_markers_seen_through_camera_info_lie_on_the_objects(run_graph, footage):
    import numpy as np
    from sensor_msgs.msg import CameraInfo, CompressedImage
    from vision_msgs.msg import Detection2DArray
    from visualization_msgs.msg import Marker, MarkerArray

    from edgeai_ros_common import qos
    from edgeai_ros_common.convert import detections_from_msg
    from edgeai_ros_common.convert_camera import camera_info_from_msg

    graph = run_graph(
        "city",
        {
            "usb_cam": {"stream.source": footage("bikes"), "stream.loop": True},
            "supervisor": {"nodes.always_on": ["object_detector"]},
        },
    )
    cameras: list[CameraInfo] = []
    pictures: list[CompressedImage] = []
    boxes: list[tuple[int, np.ndarray]] = []
    lines: list[Marker] = []

    def remember(message: Detection2DArray) -> None:
        for index, found in enumerate(detections_from_msg(message)):
            boxes.append((found.track_id or -1 - index, np.array(found.box.as_xyxy())))

    def keep_lines(message: MarkerArray) -> None:
        lines.extend(m for m in message.markers if m.ns == "objects" and m.action == Marker.ADD)

    for kind, topic, take, profile in (
        (CameraInfo, "camera_info", cameras.append, qos.IMAGE_WANTED),
        (CompressedImage, "image_annotated/compressed", pictures.append, qos.IMAGE_WANTED),
        (Detection2DArray, "objects", remember, qos.RESULTS),
        (MarkerArray, "markers", keep_lines, qos.RESULTS),
    ):
        graph.monitor.create_subscription(kind, f"/camera/{topic}", take, profile)
    graph.spin_until(
        lambda: boxes and cameras and pictures and len(lines) >= 5,
        timeout_s=START_TIMEOUT_S,
        what="pictures and markers of objects",
    )

    camera = camera_info_from_msg(cameras[-1])
    for marker in lines:
        seen = camera.pixels_of(np.array([(p.x, p.y, p.z) for p in marker.points]))
        box = np.concatenate([seen.min(axis=0), seen.max(axis=0)])
        assert min(np.abs(box - known).max() for number, known in boxes if number == marker.id) < 1
    assert lines[-1].header.frame_id == pictures[-1].header.frame_id == "camera_optical_frame"
