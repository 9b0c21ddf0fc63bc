"""Networks small enough to count by hand."""

import json

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

pytest.importorskip("openvino", reason="openvino reads the models")

from edgeai_core.errors import ConfigError, ModelError
from edgeai_lab.commands import run_lab
from edgeai_lab.inspection.command import inspect
from edgeai_lab.inspection.layers import describe
from edgeai_lab.inspection.receptive_field import Field, Window, join


def save(path, nodes, weights, shape, output):
    def tensor(name, sides):
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, sides)

    graph = helper.make_graph(
        nodes,
        "net",
        [tensor("image", shape)],
        [tensor("out", output)],
        [numpy_helper.from_array(np.ones(s, np.float32), n) for n, s in weights.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), path)
    return str(path)


@pytest.fixture
def network(tmp_path):
    """Two convolutions, the second depthwise and dilated, a pooling over everything, a matrix."""
    nodes = [
        helper.make_node("Conv", ["image", "w1", "b1"], ["c1"], strides=[2, 2], pads=[1, 1, 0, 0]),
        helper.make_node("Relu", ["c1"], ["r1"]),
        helper.make_node("Conv", ["r1", "w2"], ["c2"], group=8, dilations=[2, 2]),
        helper.make_node("GlobalAveragePool", ["c2"], ["pool"]),
        helper.make_node("Flatten", ["pool"], ["flat"]),
        helper.make_node("Gemm", ["flat", "w3", "b3"], ["out"], transB=1),
    ]
    weights = {"w1": (8, 3, 3, 3), "b1": (8,), "w2": (8, 1, 3, 3), "w3": (5, 8), "b3": (5,)}
    return save(tmp_path / "net.onnx", nodes, weights, ["batch", 3, 32, 32], ["batch", 5])


def test_every_layer_has_its_sizes_costs_and_receptive_field(network):
    found = {layer.kind: layer for layer in inspect(network).layers}
    first = found["Convolution"]
    assert (first.kernel, first.stride, first.padding) == ((3, 3), (2, 2), (1, 1, 0, 0))
    assert (first.output, first.parameters, first.macs) == ((1, 8, 16, 16), 224, 27 * 8 * 256)
    assert first.receptive_field == (3, 3)
    depthwise = found["GroupConvolution"]
    assert (depthwise.groups, depthwise.output) == (8, (1, 8, 12, 12))
    assert (depthwise.parameters, depthwise.macs) == (72, 9 * 8 * 144)
    assert depthwise.receptive_field == (3 + 4 * 2, 3 + 4 * 2)
    last = found["MatMul"]
    assert (last.parameters, last.macs, last.output) == (45, 40, (1, 5))
    # The pooling sees 12 values at steps of 2: 11 + 11 * 2.
    assert last.receptive_field == (33, 33)


def test_the_totals_are_the_sums(network):
    inspection = inspect(network)
    assert inspection.parameters == 224 + 72 + 45
    assert inspection.macs == 27 * 8 * 256 + 9 * 8 * 144 + 40
    assert "341 parameters" in describe(inspection)


def test_the_table_is_written_as_json(network, tmp_path, capsys):
    from argparse import Namespace

    out = tmp_path / "out.json"
    assert run_lab(Namespace(lab_command="inspect", model=network, shape=(), json=out)) == 0
    result = json.loads(out.read_text())
    assert result["totals"]["parameters"] == 341
    assert result["layers"][0]["kernel"] == [3, 3]
    assert result["inputs"] == {"image": [1, 3, 32, 32]}
    assert "GroupConvolution /8" in capsys.readouterr().out


def test_a_clamp_and_a_scale_per_channel_are_layers_and_tables_are_not_parameters(tmp_path):
    nodes = [
        helper.make_node("Mul", ["image", "scale"], ["scaled"]),
        helper.make_node("Add", ["scaled", "anchors"], ["moved"]),
        helper.make_node("Max", ["moved", "low"], ["above"]),
        helper.make_node("Min", ["above", "high"], ["out"]),
    ]
    weights = {"scale": (1, 3, 1, 1), "anchors": (1, 3, 4, 4), "low": (), "high": ()}
    path = save(tmp_path / "net.onnx", nodes, weights, [1, 3, 4, 4], [1, 3, 4, 4])
    layers = inspect(path).layers
    assert [(layer.kind, layer.parameters) for layer in layers] == [
        ("Multiply", 3),
        ("Add", 0),
        ("Clamp", 0),
    ]


def test_open_sides_are_asked_for_and_taken_from_the_shape(tmp_path):
    nodes = [helper.make_node("Conv", ["image", "w"], ["out"])]
    path = save(
        tmp_path / "net.onnx", nodes, {"w": (4, 3, 1, 1)}, [1, 3, "h", "w"], [1, 4, "h", "w"]
    )
    with pytest.raises(ModelError, match=r"open sides; give all with --shape"):
        inspect(path)
    assert inspect(path, shape=(1, 3, 6, 7)).layers[0].output == (1, 4, 6, 7)


def test_an_unknown_model_or_a_broken_file_is_told(tmp_path):
    with pytest.raises(ConfigError, match="did you mean dlib_resnet"):
        inspect("dlib_resnet_")
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"no model")
    with pytest.raises(ModelError, match="cannot read"):
        inspect(str(broken))


class TestReceptiveField:
    """The recurrences of Araujo et al. on hand-counted chains."""

    def test_strides_widen_what_follows(self):
        field = Field(positions=(32, 32))
        for _ in range(3):
            field = field.through(Window(extent=(3, 3), stride=(2, 2)), positions=(1, 1))
        assert (field.size, field.jump) == ((15.0, 15.0), (8.0, 8.0))

    def test_a_resize_brings_the_values_closer(self):
        field = Field(size=(5.0, 5.0), jump=(4.0, 4.0), positions=(8, 8)).resized((16, 8))
        assert (field.size, field.jump) == ((5.0, 5.0), (2.0, 4.0))

    def test_of_two_branches_the_wider_counts(self):
        narrow, wide = Field(size=(3.0, 9.0)), Field(size=(7.0, 1.0))
        assert join([narrow, wide]).size == (7.0, 9.0)
