"""Train on painted pictures: classes that even LeNet tells apart in seconds."""

import importlib.util
import json
from argparse import Namespace

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch comes with the lab's packages")
if importlib.util.find_spec("timm") is None:
    pytest.skip("timm comes with the lab's packages", allow_module_level=True)

from edgeai_core.errors import ConfigError, DataError  # noqa: E402
from edgeai_lab.backbones import create_backbone  # noqa: E402
from edgeai_lab.classifier import training  # noqa: E402
from edgeai_lab.classifier.examples import divide  # noqa: E402
from edgeai_lab.classifier.recipe import ClassifierRecipe  # noqa: E402
from edgeai_lab.classifier.training import ClassifierTrainer  # noqa: E402
from edgeai_lab.commands import run_lab  # noqa: E402
from edgeai_lab.data.sets import read_data_set  # noqa: E402
from edgeai_lab.data.split import SplitRow, write_split  # noqa: E402


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    # So little work is done sooner by one thread, and always in the same order.
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def painted(tmp_path_factory):
    """Forty pictures of red or blue discs on noise, and their split into four folds."""
    root = tmp_path_factory.mktemp("painted")
    rng = np.random.default_rng(0)
    rows = []
    for label, colour in (("blue", (230, 30, 30)), ("red", (30, 30, 230))):
        (root / "data" / label).mkdir(parents=True)
        for number in range(20):
            picture = rng.integers(0, 90, (40, 48, 3), dtype=np.uint8)
            centre = (int(rng.integers(14, 34)), int(rng.integers(12, 28)))
            cv2.circle(picture, centre, 10, colour, -1)
            assert cv2.imwrite(str(root / "data" / label / f"{number}.png"), picture)
            name = f"{label}/{number}.png"
            rows.append(SplitRow(name=name, label=label, group=name, fold=number % 4))
    write_split(root / "split.csv", rows)
    pictures = {picture.name: picture for picture in read_data_set(root / "data").pictures}
    return root, divide(rows, pictures, held_out_fold=0)


def recipe(**changes):
    settings = {"backbone": "lenet", "regime": "scratch", "epochs": 3, "batch_size": 8}
    return ClassifierRecipe(**(settings | changes))


def trainer(painted, folder, settings):
    return ClassifierTrainer(painted[1], settings, folder, clock_s=lambda: 0.0)


@pytest.fixture
def _lenet_counts_as_pretrained(monkeypatch):
    # The regimes are what is tested; the pinned weights would take their time.
    def create(name, *, pretrained):
        del pretrained
        return create_backbone(name, pretrained=False)

    monkeypatch.setattr(training, "create_backbone", create)


def weights(trained):
    return {name: value.clone() for name, value in trained.classifier.state_dict().items()}


def same(first, second):
    return all(torch.equal(first[name], second[name]) for name in first)


def test_from_scratch_it_learns_what_is_painted(painted, tmp_path):
    settings = recipe(epochs=12, learning_rate=0.01)
    trained = trainer(painted, tmp_path, settings).run()
    assert trained.history.best.figures["balanced_accuracy"] >= 0.9
    assert trained.history.epochs[-1].loss < trained.history.epochs[0].loss


def test_the_same_seed_gives_the_same_network_also_when_interrupted(painted, tmp_path):
    whole = trainer(painted, tmp_path / "whole", recipe(patience=9)).run()
    interrupted = trainer(painted, tmp_path / "part", recipe(patience=9))
    with pytest.raises(KeyboardInterrupt):
        interrupted.run(track=interrupt_before_the_last)
    again = trainer(painted, tmp_path / "part", recipe(patience=9))
    assert again.resume() == 2
    resumed = again.run()
    assert resumed.history == whole.history
    assert same(weights(resumed), weights(whole))


def interrupt_before_the_last(items, description):
    yield from items[:-1]
    raise KeyboardInterrupt


@pytest.mark.usefixtures("_lenet_counts_as_pretrained")
def test_fixed_features_stay_and_the_head_learns(painted, tmp_path):
    settings = recipe(regime="fixed", views=1, epochs=15, learning_rate=0.01)
    trained_by = trainer(painted, tmp_path, settings)
    before = weights(Namespace(classifier=trained_by._classifier))
    trained = trained_by.run()
    after = weights(trained)
    moved = {name.split(".")[0] for name in before if not torch.equal(before[name], after[name])}
    assert moved == {"head"}
    assert trained.history.best.figures["balanced_accuracy"] > 0.6


@pytest.mark.usefixtures("_lenet_counts_as_pretrained")
def test_fine_tuning_moves_the_backbone_less_than_training_from_scratch(painted, tmp_path):
    moves = {}
    for regime in ("finetune", "scratch"):
        settings = recipe(regime=regime, epochs=1, backbone_rate=0.01, weight_decay=0.0)
        trained_by = trainer(painted, tmp_path / regime, settings)
        before = weights(Namespace(classifier=trained_by._classifier))
        after = weights(trained_by.run())
        name = "backbone.body.layers.0.weight"
        moves[regime] = float((after[name] - before[name]).abs().max())
    assert 0 < moves["finetune"] < 0.05 * moves["scratch"]


def test_a_regime_that_needs_weights_says_which_backbones_have_them(painted, tmp_path):
    with pytest.raises(ConfigError, match="only for efficientnet_lite0, mobilenet_v2"):
        trainer(painted, tmp_path, recipe(regime="finetune"))


def test_a_checkpoint_of_other_settings_is_refused(painted, tmp_path):
    trainer(painted, tmp_path, recipe(epochs=1)).run()
    with pytest.raises(DataError, match="other settings or other pictures"):
        trainer(painted, tmp_path, recipe(epochs=1, dropout=0.5)).resume()
    assert trainer(painted, tmp_path, recipe(epochs=2)).resume() == 1


def test_the_commands_train_resume_and_evaluate(painted, tmp_path, capsys):
    root, _ = painted
    config = tmp_path / "recipe.yaml"
    config.write_text("batch_size: 8\nlearning_rate: 0.01\n")
    out = tmp_path / "out"
    line = {
        "lab_command": "train classifier",
        "data": root / "data",
        "yolo": None,
        "backbone": "lenet",
        "regime": "scratch",
        "config": config,
        "split": root / "split.csv",
        "epochs": 2,
        "seed": None,
        "licence": "CC0-1.0",
        "out": out,
        "resume": False,
    }
    assert run_lab(Namespace(**line)) == 0
    assert run_lab(Namespace(**(line | {"epochs": 8, "resume": True, "split": None}))) == 0
    assert "going on after 2 epochs" in capsys.readouterr().out

    card = json.loads((out / "classifier.json").read_text())
    assert card["classes"] == ["blue", "red"]
    assert card["data"]["licence"] == "CC0-1.0"
    assert card["data"]["held_out"] == {"groups": 10, "pictures": {"blue": 5, "red": 5}}
    assert card["pretrained_weights"] is None
    assert card["recipe"]["learning_rate"] == 0.01
    assert card["metrics"]["pictures"] == 10
    rows = (out / "curves.csv").read_text().splitlines()
    assert rows[0].startswith("epoch,loss,accuracy,validation_loss")
    assert len(rows) == 9
    assert cv2.imread(str(out / "loss.png")).shape == (600, 900, 3)

    # The exporter notes the Python stack of every operation.
    assert b".py" not in (out / "classifier.onnx").read_bytes()

    result = tmp_path / "result.json"
    arguments = Namespace(
        lab_command="evaluate classifier",
        model=out / "classifier.onnx",
        data=root / "data",
        yolo=None,
        split=out / "split.csv",
        fold=0,
        json=result,
        scores=tmp_path / "scores.csv",
    )
    assert run_lab(arguments) == 0
    found = json.loads(result.read_text())
    assert found["accuracy"] == card["metrics"]["accuracy"]
    assert found["model_sha256"] == card["sha256"]
    assert len((tmp_path / "scores.csv").read_text().splitlines()) == 11
