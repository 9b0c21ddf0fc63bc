"""From figures to markers: in 3-D for rviz2, in pixels for Foxglove's Image panel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from builtin_interfaces.msg import Duration
from geometry_msgs.msg import Point, Pose
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import ImageMarker, Marker, MarkerArray

from edgeai_core.camera_model import CameraModel
from edgeai_core.config import param
from edgeai_core.figures import Figure
from edgeai_core.palette import Bgr

_NS_PER_S = 1_000_000_000
_IMAGE_LINE_PX = 2.0
MarkerKey = tuple[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkerConfig:
    """How markers look in 3-D."""

    distance_m: float = param(
        2.0,
        "How far before the camera boxes and joints are drawn; a picture alone does not tell how "
        "far away things are.",
        unit="m",
        minimum=0.05,
        maximum=1000.0,
    )
    line_width_m: float = param(
        0.02, "Thickness of the lines.", unit="m", minimum=0.0005, maximum=10.0
    )
    text_height_m: float = param(
        0.08, "Height of a capital letter.", unit="m", minimum=0.001, maximum=100.0
    )
    lifetime_s: float = param(
        1.0,
        "Viewers drop a marker that was not told again for so long; 0 keeps it.",
        unit="s",
        minimum=0.0,
        maximum=60.0,
    )


class MarkerBoard:
    """What viewers hold: markers that are gone are deleted by name.

    One thread owns it.
    """

    def __init__(self, config: MarkerConfig) -> None:
        self._config = config
        self._shown: dict[MarkerKey, None] = {}

    def update(self, figures: Sequence[Figure], model: CameraModel, header: Header) -> MarkerArray:
        """Return what turns the last message's markers into those of the figures.

        Args:
            figures: in pixels of the model's pictures. header: of the picture.
        """
        message = MarkerArray()
        for figure in figures:
            message.markers += _markers_of(figure, model, header, self._config)
        shown = {(marker.ns, marker.id): None for marker in message.markers}
        message.markers += [
            Marker(header=header, ns=name, id=number, action=Marker.DELETE)
            for name, number in self._shown
            if (name, number) not in shown
        ]
        self._shown = shown
        return message


def image_marker_of(figures: Sequence[Figure], header: Header) -> ImageMarker:
    """Return the lines of all figures as one annotation; with none it clears the last one.

    One message for all: Foxglove's Image panel keeps the newest of a topic. Of the types that it
    takes this is the only one that ROS itself has; it knows no words.
    """
    message = ImageMarker(
        header=header, type=ImageMarker.LINE_LIST, action=ImageMarker.ADD, scale=_IMAGE_LINE_PX
    )
    for figure in figures:
        colour = _colour(figure.colour)
        for line in figure.lines_px.tolist():
            message.points += [Point(x=float(x), y=float(y)) for x, y in line]
            message.outline_colors.append(colour)
    message.outline_color.a = 1.0
    return message


def _markers_of(
    figure: Figure, model: CameraModel, header: Header, config: MarkerConfig
) -> list[Marker]:
    lines = Marker(
        header=header,
        ns=figure.layer.value,
        id=int(figure.number),
        type=Marker.LINE_LIST,
        pose=_upright(Point()),
        color=_colour(figure.colour),
        lifetime=_duration(config.lifetime_s),
    )
    lines.scale.x = float(config.line_width_m)
    lines.points = _points(figure.lines_px.reshape(-1, 2), model, config)
    if not figure.caption:
        return [lines]
    [middle] = _points(np.array([figure.caption_px]), model, config)
    # Viewers centre words on their position: half of their height lies below it.
    middle.y -= config.text_height_m
    words = Marker(
        header=header,
        ns=f"{figure.layer.value}_labels",
        id=int(figure.number),
        type=Marker.TEXT_VIEW_FACING,
        pose=_upright(middle),
        color=_colour(figure.colour),
        lifetime=_duration(config.lifetime_s),
        text=figure.caption,
    )
    words.scale.z = float(config.text_height_m)
    return [lines, words]


def _points(
    pixels_xy: npt.NDArray[np.float64], model: CameraModel, config: MarkerConfig
) -> list[Point]:
    return [
        Point(x=float(x), y=float(y), z=float(z))
        for x, y, z in model.points_at(pixels_xy, depth_m=config.distance_m).tolist()
    ]


def _upright(at: Point) -> Pose:
    pose = Pose(position=at)
    pose.orientation.w = 1.0
    return pose


def _colour(colour: Bgr) -> ColorRGBA:
    blue, green, red = (value / 255.0 for value in colour)
    return ColorRGBA(r=red, g=green, b=blue, a=1.0)


def _duration(seconds: float) -> Duration:
    total_ns = round(seconds * _NS_PER_S)
    return Duration(sec=total_ns // _NS_PER_S, nanosec=total_ns % _NS_PER_S)
