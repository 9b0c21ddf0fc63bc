"""One contract for every backbone of the table."""

import importlib.util

import pytest

torch = pytest.importorskip("torch", reason="torch comes with the lab's packages")
if importlib.util.find_spec("timm") is None:
    pytest.skip("timm comes with the lab's packages", allow_module_level=True)

from edgeai_core.errors import ConfigError, ModelError, ModelMissingError  # noqa: E402
from edgeai_lab import backbone_weights  # noqa: E402
from edgeai_lab.backbone_names import BACKBONES, DEFAULT_BACKBONE  # noqa: E402
from edgeai_lab.backbone_weights import WEIGHTS  # noqa: E402
from edgeai_lab.backbones import create_backbone  # noqa: E402
from edgeai_lab.inspection.command import inspect  # noqa: E402

# Seconds to make and hundreds of megabytes; their builders are those of a smaller sibling.
LARGE = {"vgg16", "vgg11", "resnet50", "resnet34"}
NAMES = [name for name in BACKBONES if name not in LARGE]


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    # Two pictures are done sooner by one thread than by several that wait for each other.
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("name", NAMES)
def test_a_backbone_turns_bytes_into_a_vector_and_can_be_trained(name):
    torch.manual_seed(0)
    backbone = create_backbone(name, pretrained=False).train()
    side = min(BACKBONES[name].side_px, 80)
    pictures = torch.randint(0, 256, (2, 3, side, side), dtype=torch.uint8)
    features = backbone(pictures)
    assert features.shape == (2, backbone.dimension)
    assert features.dtype == torch.float32
    features.sum().backward()
    first = next(backbone.parameters())
    assert first.grad is not None
    assert bool(torch.isfinite(first.grad).all())


def test_the_default_has_weights_and_is_what_it_is_named_for():
    assert DEFAULT_BACKBONE == "efficientnet_lite0"
    assert DEFAULT_BACKBONE in WEIGHTS
    assert set(WEIGHTS) <= set(BACKBONES)


@pytest.mark.parametrize("name", WEIGHTS)
def test_pinned_weights_fit_their_backbone(name):
    try:
        loaded = create_backbone(name, pretrained=True).eval()
    except ModelMissingError:
        pytest.skip("the lab's weights are not installed (./edgeai lab installs them)")
    random = create_backbone(name, pretrained=False).eval()
    picture = torch.full((1, 3, 64, 64), 127, dtype=torch.uint8)
    with torch.inference_mode():
        features = loaded(picture)
        assert not torch.equal(features, random(picture))
    # Weights in the wrong places make numbers of any size.
    assert 0 < float(features.abs().max()) < 100


def test_weights_that_nobody_pinned_are_named_as_such():
    with pytest.raises(
        ConfigError, match=r"resnet18: no pretrained .* only for efficientnet_lite0"
    ):
        create_backbone("resnet18", pretrained=True)


def test_an_unknown_name_gets_the_nearest():
    with pytest.raises(ConfigError, match="did you mean resnet50"):
        create_backbone("resnet51", pretrained=False)


def test_weights_of_another_network_are_refused(tmp_path, monkeypatch):
    path = tmp_path / "other.pth"
    torch.save({"weight": torch.zeros(3)}, path)
    monkeypatch.setattr("edgeai_lab.backbones.resolve_weights", lambda name: path)
    with pytest.raises(ModelError, match="do not fit"):
        create_backbone("efficientnet_lite0", pretrained=True)


def test_missing_weights_say_what_installs_them(tmp_path, monkeypatch):
    monkeypatch.setenv("EDGEAI_MODEL_DIR", str(tmp_path))
    with pytest.raises(ModelMissingError, match=r"start the command as \./edgeai lab"):
        backbone_weights.resolve_weights("efficientnet_lite0")


def test_a_backbone_can_be_inspected_like_a_file():
    pytest.importorskip("openvino", reason="openvino reads the models")
    inspection = inspect("lenet")
    kinds = [layer.kind for layer in inspection.layers]
    assert kinds.count("Convolution") == 3
    # 456 + 2,416 + 48,120 of the convolutions, 10,164 of the layer of 84.
    assert inspection.parameters == 61156
