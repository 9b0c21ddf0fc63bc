"""An alert of the running graph gets its pictures, and a full disk costs nothing but them."""

from __future__ import annotations

from pathlib import Path

import pytest

pytestmark = pytest.mark.demo

START_TIMEOUT_S = 60.0


def evidence_of(folder: Path, suffix: str) -> list[Path]:
    return sorted((folder / "evidence").glob(f"*.{suffix}"))


def watch_alerts(graph) -> list:
    from edgeai_msgs.msg import Alert

    from edgeai_ros_common import qos

    told: list = []
    graph.monitor.create_subscription(Alert, "/alerts", told.append, qos.ALERTS)
    return told


def test_an_unknown_face_is_told_with_a_snapshot_and_a_clip_that_begins_before_it(
    run_graph, footage, isolated
):
    av = pytest.importorskip("av", reason="PyAV is not there: clips cannot be made")
    import cv2
    import numpy as np

    graph = run_graph(
        "home",
        {
            "usb_cam": {"stream.source": footage("carphone"), "stream.loop": True},
            "evidence_recorder": {
                "clip.before_s": 2.0,
                "clip.after_s": 1.0,
                "limits.min_free_bytes": 0,
                "privacy.masks": ["window: 0.6,0.0 1.0,0.0 1.0,0.5 0.6,0.5"],
            },
            # So late that there are pictures from before.
            "alert_manager": {"unknown_face.frames": 30},
        },
        only=("usb_cam", "face_authenticator", "evidence_recorder", "alert_manager", "supervisor"),
    )
    told = watch_alerts(graph)
    graph.spin_until(
        lambda: any(set(a.evidence) == {"snapshot", "clip"} for a in told),
        timeout_s=START_TIMEOUT_S,
        what="an alert with a snapshot and a clip",
    )
    alert = next(a for a in told if "clip" in a.evidence)
    assert alert.category == "unknown_face"
    assert alert.state == alert.UPDATED
    [snapshot], [clip] = evidence_of(isolated.data, "jpg"), evidence_of(isolated.data, "webm")
    assert {snapshot.name.partition(".")[0], clip.name.partition(".")[0]} == {alert.alert_id}
    with av.open(str(clip)) as container:
        comment = container.metadata["COMMENT"]
        pictures = [(f.time, f.to_ndarray(format="bgr24")) for f in container.decode(video=0)]
    first_ns = int(comment.removesuffix(" ns").rpartition(" ")[2])
    raised_ns = alert.raised_at.sec * 1_000_000_000 + alert.raised_at.nanosec
    before_s = (raised_ns - first_ns) / 1e9
    assert 0.3 < before_s <= 2.0
    assert 0.3 < pictures[-1][0] - before_s <= 1.0
    assert sum(at_s < before_s for at_s, _ in pictures) >= 2
    shown = [cv2.imread(str(snapshot)), *(picture for _, picture in pictures)]
    for picture in shown:
        height_px, width_px = picture.shape[:2]
        assert picture[: height_px // 2 - 16, width_px * 6 // 10 + 16 :].max() <= 16
        assert np.ptp(picture) > 100


def test_a_full_disk_stops_evidence_but_neither_detection_nor_alerts(run_graph, footage, isolated):
    graph = run_graph(
        "home",
        {
            "usb_cam": {"stream.source": footage("carphone"), "stream.loop": True},
            "evidence_recorder": {"clip.enabled": False, "limits.min_free_bytes": 10**15},
            "alert_manager": {"unknown_face.frames": 5},
        },
        only=("usb_cam", "face_authenticator", "evidence_recorder", "alert_manager", "supervisor"),
    )
    graph.spin_until(
        lambda: "limits.min_free_bytes" in graph.node("evidence_recorder").message,
        timeout_s=START_TIMEOUT_S,
        what="a word of the full disk",
    )
    results = graph.node("face_authenticator").results
    graph.spin_until(
        lambda: graph.node("face_authenticator").results > results + 10,
        timeout_s=START_TIMEOUT_S,
        what="faces are still looked for",
    )
    assert len(graph.alerts("unknown_face")) == 1
    assert evidence_of(isolated.data, "*") == []


def test_who_is_hidden_is_recognised_by_our_own_face_models_in_no_picture(footage):
    import cv2
    import numpy as np

    from edgeai_alerts.evidence.capture import FrameCompressor
    from edgeai_alerts.evidence.memory import CameraMemory
    from edgeai_alerts.evidence.pictures import PictureMaker
    from edgeai_core import catalog
    from edgeai_core.privacy.masks import PrivacyMask
    from edgeai_core.types import Frame

    [clip] = Path(footage("carphone")).iterdir()
    film = cv2.VideoCapture(str(clip))
    images = []
    while (read := film.read())[0]:
        images.append(read[1])
    film.release()
    compressor = FrameCompressor(PrivacyMask(()), max_width_px=1280, jpeg_quality=85)
    memory = CameraMemory.of(length_s=60.0, max_bytes=10**8, mask=PrivacyMask(()))
    maker = PictureMaker(catalog.create_face_finder(min_score=0.3), jpeg_quality=85)
    seen, hidden = 0, 0
    with catalog.face_models() as (detector, embedder):

        def template(image: np.ndarray) -> np.ndarray | None:
            faces = detector.detect(image)
            return embedder.embed(image, faces[0]) if faces else None

        own = template(images[0])
        for number in range(5, len(images), 12):
            kept = compressor.compressed(Frame(image=images[number], stamp_ns=number))
            for image, is_hidden in ((kept.image(), False), (maker.plain(kept, memory), True)):
                found = template(image)
                known = found is not None and (
                    float(np.linalg.norm(found - own)) <= embedder.recommended_threshold
                )
                seen += known and not is_hidden
                hidden += known and is_hidden
    maker.close()
    assert seen >= 5
    assert hidden == 0
