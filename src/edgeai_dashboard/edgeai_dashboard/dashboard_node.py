"""The web page as a node of the graph."""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from aiohttp import web
from edgeai_msgs.msg import (
    ActionEventArray,
    Alert,
    AnalyzerStatus,
    AuthState,
    FaceMatchArray,
    HazardReport,
)
from rclpy.context import Context
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile
from sensor_msgs.msg import CompressedImage, Image
from vision_msgs.msg import Detection2DArray

from edgeai_core import catalog
from edgeai_core.access.accounts import Accounts
from edgeai_core.access.guard import AuthStateGuard
from edgeai_core.access.locations import data_directory
from edgeai_core.errors import FrameError
from edgeai_core.privacy.config import PrivacyConfig
from edgeai_core.privacy.faces import FaceFinder
from edgeai_core.privacy.live import LivePrivacy
from edgeai_core.privacy.masks import masks_of
from edgeai_core.user_settings import user_settings_path
from edgeai_dashboard import json_views
from edgeai_dashboard.app import make_app
from edgeai_dashboard.config import DashboardConfig
from edgeai_dashboard.desk import Desk
from edgeai_dashboard.graph_calls import GraphCalls
from edgeai_dashboard.live_feed import LiveFeed
from edgeai_dashboard.node_parameters import NodeParameters
from edgeai_dashboard.node_settings import NodeSettings
from edgeai_dashboard.ros_backend import RosBackend
from edgeai_dashboard.server import HttpServer
from edgeai_dashboard.sessions import SessionTable
from edgeai_dashboard.throttle import LoginThrottle
from edgeai_ros_common import qos
from edgeai_ros_common.compressed_pictures import frame_from_picture
from edgeai_ros_common.convert import (
    auth_state_from_msg,
    detections_from_msg,
    faces_from_msg,
    time_from_msg,
)
from edgeai_ros_common.diagnostics import Health, Level
from edgeai_ros_common.frame_hub import FrameHub
from edgeai_ros_common.node import EdgeNode
from edgeai_ros_common.running import run_node

# What is drawn over the pictures: topic in the camera's namespace, message, view.
_RESULTS: tuple[tuple[str, type[Any], Callable[[Any], Any]], ...] = (
    ("faces", FaceMatchArray, json_views.faces_view),
    ("objects", Detection2DArray, json_views.objects_view),
    ("hazards", HazardReport, json_views.hazards_view),
    ("actions", ActionEventArray, json_views.actions_view),
)


class DashboardNode(EdgeNode[DashboardConfig]):
    """Serve the page while active.

    Args of the constructor beyond EdgeNode's: `frame_hub`, the frames of a camera in this process;
    without one, or when the camera is elsewhere, frames come as messages.
    """

    config_class = DashboardConfig

    def __init__(
        self,
        *,
        node_name: str = "dashboard",
        context: Context | None = None,
        parameter_overrides: Sequence[Parameter] = (),
        namespace: str | None = None,
        cli_args: Sequence[str] = (),
        frame_hub: FrameHub | None = None,
    ) -> None:
        super().__init__(
            node_name=node_name,
            context=context,
            parameter_overrides=parameter_overrides,
            namespace=namespace,
            cli_args=cli_args,
        )
        self._frame_hub = frame_hub
        self._access = AuthStateGuard(clock_s=time.monotonic)
        self._server: HttpServer | None = None
        self._desk: Desk | None = None
        self._closing: dict[str, list[Callable[[], object]]] = {}

    def setup(self, config: DashboardConfig) -> None:
        self._accounts = Accounts(data_directory())
        # A log file would keep the password: it is told to a terminal, or not made.
        self._new_password = self._accounts.ensure_owner() if sys.stdout.isatty() else ""

    def start(self, config: DashboardConfig) -> None:
        folder = data_directory()
        masks = masks_of(config.privacy.masks, cameras=config.graph.cameras)
        calls = GraphCalls(self)
        self.release_on_deactivate(calls.close)
        self._feeds = {
            camera: LiveFeed(
                camera,
                config.live,
                privacy=LivePrivacy(masks[camera], _finder_maker(config.privacy)),
                report=functools.partial(self.get_logger().warning, throttle_duration_sec=5.0),
                clock_s=time.monotonic,
                open_source=lambda feed: calls.on_executor(lambda: self._open(feed)),
                close_source=lambda feed: calls.on_executor(lambda: self._close(feed)),
            )
            for camera in config.graph.cameras
        }
        self.release_on_deactivate(self._close_all)
        backend = RosBackend(
            calls,
            config.graph,
            settings=NodeSettings(
                NodeParameters(calls),
                nodes=config.graph.nodes,
                cameras=config.graph.cameras,
                file=user_settings_path(),
            ),
            feeds=self._feeds,
            access=self._access.current,
            folder=folder,
            clock_s=time.monotonic,
        )
        for name in config.graph.nodes:
            self.subscribe(AnalyzerStatus, f"{name}/status", backend.take_status, qos.DIAGNOSTICS)
        self.subscribe(Alert, "alerts", backend.take_alert, qos.ALERTS)
        self.subscribe(AuthState, "auth_state", self._on_access, qos.STATE)
        server = HttpServer(config.http, functools.partial(self._app, config, backend, folder))
        self.release_on_deactivate(server.stop)
        server.start()
        self._server = server
        self._tell(config, server.port)

    def change(self, config: DashboardConfig) -> None:
        masks = masks_of(config.privacy.masks, cameras=config.graph.cameras)
        if not self.is_active:
            return
        for camera, feed in self._feeds.items():
            feed.retune(config.live)
            feed.privacy.change_mask(masks[camera])
        if self._desk is not None:
            self._desk.retune(config)

    def health(self) -> Health:
        assert self._config is not None  # asked only while active
        assert self._server is not None
        http = self._config.http
        where = f"{http.scheme}://{_shown(http.host)}:{self._server.port}"
        if not http.is_local and http.scheme == "http":
            return Health(
                level=Level.WARN,
                message=f"{where} is open to the network without TLS: passwords can be overheard; "
                "set http.tls_certificate and http.tls_key",
            )
        watchers = sum(feed.watchers for feed in self._feeds.values())
        return Health(message=where, details=(("watchers", str(watchers)),))

    @property
    def port(self) -> int:
        """The port that is listened on; 0 while nothing is."""
        return self._server.port if self._server is not None else 0

    def _app(self, config: DashboardConfig, backend: RosBackend, folder: Path) -> web.Application:
        sessions = SessionTable(
            self._accounts,
            clock_s=time.monotonic,
            lifetime_s=config.session.lifetime_s,
            idle_s=config.session.idle_s,
        )
        self._desk = Desk(
            config=config,
            accounts=self._accounts,
            sessions=sessions,
            throttle=LoginThrottle(clock_s=time.monotonic),
            backend=backend,
            uploads=folder / "uploads",
            clock_s=time.monotonic,
            report=self.get_logger().warning,
        )
        return make_app(self._desk)

    def _tell(self, config: DashboardConfig, port: int) -> None:
        where = f"{config.http.scheme}://{_shown(config.http.host)}:{port}"
        self.get_logger().info(f"the web page is {where}")
        password, self._new_password = self._new_password, ""
        if password:
            print(
                f"\nweb page {where}: log in as 'owner' with the password {password}\n"
                "It is told this once; another one: ./edgeai dashboard password\n",
                flush=True,
            )
        if not self._accounts.all():
            self.get_logger().warning(
                "nobody has an account for the web page; make one: ./edgeai dashboard password"
            )

    def _on_access(self, message: AuthState) -> None:
        self._access.accept(auth_state_from_msg(message), self.now_ns())

    # A feed's source, on the executor's thread.

    def _open(self, feed: LiveFeed) -> None:
        closing = self._closing.setdefault(feed.camera, [])
        topic = f"{feed.camera}/image_raw"
        offered = self.resolve_topic_name(topic)
        if self._frame_hub is not None and self._frame_hub.offers(offered):
            closing.append(self._frame_hub.subscribe(offered, feed.take_frame))
        else:
            taken = functools.partial(self._on_image, feed)
            assert self._config is not None  # opened only while active
            if self._config.graph.compressed:
                kind, topic = CompressedImage, f"{topic}/compressed"
            else:
                kind = Image
            closing.append(self._subscribed(kind, topic, taken, qos.IMAGE_WANTED))
        for name, message_type, view in _RESULTS:
            found = functools.partial(self._on_result, feed, name, view)
            topic = f"{feed.camera}/{name}"
            closing.append(self._subscribed(message_type, topic, found, qos.RESULTS))

    def _close(self, feed: LiveFeed) -> None:
        for close in self._closing.pop(feed.camera, []):
            close()

    def _close_all(self) -> None:
        for feed in self._feeds.values():
            self._close(feed)
        self._server = self._desk = None

    def _subscribed(
        self,
        message: type[Any],
        topic: str,
        callback: Callable[[Any], None],
        profile: QoSProfile,
    ) -> Callable[[], object]:
        subscription = self.create_subscription(message, topic, callback, profile)
        return lambda: self.destroy_subscription(subscription)

    def _on_image(self, feed: LiveFeed, message: Image | CompressedImage) -> None:
        try:
            feed.take_frame(frame_from_picture(message))
        except FrameError as exc:
            self.meter.frame_rejected()
            self.get_logger().warning(f"dropped {exc}", throttle_duration_sec=5.0)

    def _on_result(
        self, feed: LiveFeed, kind: str, view: Callable[[Any], Any], message: Any
    ) -> None:
        feed.take_result(kind, view(message))
        stamp_ns = time_from_msg(message.header.stamp)
        try:
            # Whom the graph knows is shown, and where people are without a face being found.
            if kind == "faces":
                feed.privacy.faces.add(stamp_ns, faces_from_msg(message))
            elif kind == "objects":
                feed.privacy.objects.add(stamp_ns, detections_from_msg(message))
        except ValueError as exc:
            self.meter.frame_rejected()
            self.get_logger().warning(f"dropped a message: {exc}", throttle_duration_sec=5.0)


def _finder_maker(config: PrivacyConfig) -> Callable[[], FaceFinder] | None:
    if not config.blur_unknown_faces:
        return None
    return functools.partial(catalog.create_face_finder, min_score=config.face_score)


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def main() -> int:
    """Run the node; return the exit code."""
    return run_node(DashboardNode, node_name="dashboard")


if __name__ == "__main__":
    sys.exit(main())
