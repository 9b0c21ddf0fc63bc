"""The detector's trunk as the teaching sees it: a picture in, maps out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
from onnx import TensorProto, helper

from edgeai_core import catalog
from edgeai_core.analyzers.objects.features import FeatureMaps
from edgeai_core.errors import ModelError
from edgeai_core.geometry import Letterbox
from edgeai_core.model_card import Task
from edgeai_core.model_store import sha256_of
from edgeai_core.runtimes.selection import open_session
from edgeai_lab.pictures import Image
from edgeai_lab.teach.material import FindPeople, nobody

_SIDE_PX, _STRIDES_PX = 416, (8, 16, 32)
_BORDER = 114


@dataclass(frozen=True, slots=True, kw_only=True)
class Trunk:
    """What heads are taught on.

    Attributes:
        look: (H, W, 3) uint8 BGR -> its maps. sha256: of the model file. people: the boxes of those
            that the detector sees in a picture.
    """

    look: Callable[[Image], FeatureMaps]
    sha256: str
    people: FindPeople = nobody


@contextmanager
def shipped_trunk() -> Iterator[Trunk]:
    """Open the detector that ships.

    Raises:
        ModelMissingError: it is not set up. RuntimeUnavailableError: nothing here can run it.
    """
    card = catalog.card_for(catalog.DEFAULT_OBJECT_DETECTOR, Task.OBJECT_DETECTION)
    with closing(catalog.create_object_detector()) as detector:
        yield Trunk(
            look=lambda image: detector.look(image).features,
            sha256=card.sha256,
            people=lambda image: [d.box for d in detector.detect(image) if d.label == "person"],
        )


@contextmanager
def yolox_trunk(path: Path) -> Iterator[Trunk]:
    """Open a YOLOX file as it was published, its pyramid's levels made outputs.

    Raises:
        ModelError: the file is no YOLOX. RuntimeUnavailableError: nothing here can run it.
    """
    try:
        model = onnx.load(str(path))
    except Exception as exc:  # onnx and protobuf raise what they like
        raise ModelError(f"trunk {path} cannot be read as ONNX: {exc}") from exc
    names = _pyramid(model)
    for name in names:
        model.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, None))
    input_name = model.graph.input[0].name
    blank = np.zeros((1, 3, _SIDE_PX, _SIDE_PX), np.float32)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "trunk.onnx"
        onnx.save(model, str(file))
        session = open_session(file, sample={input_name: blank})

    def look(image: Image) -> FeatureMaps:
        letterbox = Letterbox.fit(
            image_width_px=image.shape[1],
            image_height_px=image.shape[0],
            canvas_width_px=_SIDE_PX,
            canvas_height_px=_SIDE_PX,
        )
        canvas = letterbox.apply(image, border=_BORDER)
        tensor = np.ascontiguousarray(canvas.transpose(2, 0, 1)[None], np.float32)
        outputs = session.run({input_name: tensor})
        levels = tuple(np.asarray(outputs[name][0], np.float32) for name in names)
        return FeatureMaps(levels=levels, strides_px=_STRIDES_PX, letterbox=letterbox)

    with closing(session):
        yield Trunk(look=look, sha256=sha256_of(path))


def _pyramid(model: onnx.ModelProto) -> list[str]:
    """Return the outputs of the head's 1x1 stems, finest first: by how the graph is built."""
    nodes = {output: node for node in model.graph.node for output in node.output}
    last = [
        node
        for node in model.graph.node
        if node.op_type == "Conv" and node.input[1].endswith(".weight")
    ]
    boxes = [node for node in last if "reg_preds" in node.input[1]]
    names = []
    for node in boxes:
        convolutions = 0
        name = node.input[0]
        # Behind the stem's output stand two depthwise pairs of convolutions.
        while name in nodes and convolutions < 4:
            above = nodes[name]
            convolutions += above.op_type == "Conv"
            name = above.input[0]
        names.append(name)
    if len(names) != len(_STRIDES_PX):
        raise ModelError(f"trunk: expected a YOLOX with 3 levels, found {len(names)}")
    return names
