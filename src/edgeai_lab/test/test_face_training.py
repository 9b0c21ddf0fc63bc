"""Train on painted identities: a colour each, so that even a tiny network learns in seconds."""

import json
import math

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch comes with the lab's packages")
pytest.importorskip("onnxscript", reason="onnxscript comes with the lab's packages")

from edgeai_core.errors import DataError  # noqa: E402
from edgeai_lab.face_export import export_network, write_card  # noqa: E402
from edgeai_lab.face_network import ArcFaceHead, FaceNetwork, SoftmaxHead  # noqa: E402
from edgeai_lab.face_recipe import FaceRecipe, split_people  # noqa: E402
from edgeai_lab.face_training import FaceTrainer  # noqa: E402
from edgeai_lab.pictures import pictures_by_person  # noqa: E402


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    # So little work is done sooner by one thread, and always in the same order.
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    root = tmp_path_factory.mktemp("aligned")
    rng = np.random.default_rng(0)
    for person in range(6):
        face = np.empty((150, 150, 3))
        face[:] = np.array([person & 1, person >> 1 & 1, person >> 2]) * 200 + 25
        (root / f"p{person}").mkdir()
        for number in range(3):
            noisy = np.clip(face + rng.normal(0, 12, face.shape), 0, 255).astype(np.uint8)
            assert cv2.imwrite(str(root / f"p{person}" / f"{number}.png"), noisy)
    return pictures_by_person(root)


def recipe(**changes):
    settings = {"epochs": 3, "batch_size": 6, "width": 4, "dimension": 8, "held_out_share": 0.3}
    return FaceRecipe(**(settings | changes))


def trainer(people, folder, settings):
    split = split_people(people, held_out_share=settings.held_out_share, seed=settings.seed)
    return FaceTrainer(split, settings, folder, clock_s=lambda: 0.0)


def same_weights(first, second):
    pairs = zip(first.network.parameters(), second.network.parameters(), strict=True)
    return all(torch.equal(one, other) for one, other in pairs)


@pytest.mark.parametrize("head", ["softmax", "arcface"])
def test_the_loss_falls(people, tmp_path, head):
    settings = recipe(head=head, epochs=6, batch_size=12, learning_rate=0.02, scale=8.0)
    training = trainer(people, tmp_path, settings).run()
    assert training.epochs[-1].loss < training.epochs[0].loss
    assert training.best.auc == max(epoch.auc for epoch in training.epochs)


def test_the_same_seed_gives_the_same_network_also_when_interrupted(people, tmp_path):
    whole = trainer(people, tmp_path / "whole", recipe(patience=9)).run()
    trained = trainer(people, tmp_path / "part", recipe(patience=9))
    with pytest.raises(KeyboardInterrupt):
        trained.run(track=interrupt_before_the_last)
    again = trainer(people, tmp_path / "part", recipe(patience=9))
    assert again.resume() == 2
    resumed = again.run()
    assert resumed.epochs == whole.epochs
    assert same_weights(resumed, whole)


def interrupt_before_the_last(items, description):
    yield from items[:-1]
    raise KeyboardInterrupt


def test_training_stops_when_nothing_gets_better(people, tmp_path):
    settings = recipe(epochs=9, patience=1, learning_rate=1e-6)
    training = trainer(people, tmp_path, settings).run()
    assert len(training.epochs) < 9
    assert len(training.epochs) == training.best.epoch + 1


def test_the_curves_hold_a_row_per_epoch(people, tmp_path):
    trainer(people, tmp_path, recipe(epochs=2)).run()
    rows = (tmp_path / "curves.csv").read_text().splitlines()
    assert rows[0] == "epoch,loss,accuracy,auc,equal_error_rate,tar_at_far_1pct,seconds"
    assert [row.split(",")[0] for row in rows[1:]] == ["1", "2"]


def test_a_checkpoint_of_other_settings_is_refused(people, tmp_path):
    trainer(people, tmp_path, recipe(epochs=1)).run()
    with pytest.raises(DataError, match="other settings or other chips"):
        trainer(people, tmp_path, recipe(epochs=1, seed=1)).resume()
    assert trainer(people, tmp_path, recipe(epochs=2)).resume() == 1


def test_a_missing_or_damaged_checkpoint_is_told(people, tmp_path):
    with pytest.raises(DataError, match="leave --resume out"):
        trainer(people, tmp_path, recipe()).resume()
    (tmp_path / "checkpoint.pt").write_bytes(b"no checkpoint")
    with pytest.raises(DataError, match="is damaged"):
        trainer(people, tmp_path, recipe()).resume()


def test_the_exported_model_answers_like_the_network_and_has_a_card(people, tmp_path):
    settings = recipe(epochs=1)
    split = split_people(people, held_out_share=settings.held_out_share, seed=settings.seed)
    training = FaceTrainer(split, settings, tmp_path).run()
    difference = export_network(training, tmp_path / "face_embedding.onnx")
    assert difference < 1e-5
    path = write_card(
        tmp_path, training=training, recipe=settings, split=split, difference=difference
    )
    card = json.loads(path.read_text())
    assert len(card["sha256"]) == 64
    assert card["recipe"]["seed"] == 0
    assert card["data"]["people_trained_on"] == 4
    assert card["data"]["people_held_out"] == 2
    assert not any(person in path.read_text() for person in people)


class TestHeads:
    def head(self, margin=None):
        options = {"dimension": 2, "people": 2, "scale": 10.0}
        head = SoftmaxHead(**options) if margin is None else ArcFaceHead(**options, margin=margin)
        with torch.no_grad():
            head.directions.copy_(torch.tensor([[3.0, 0.0], [0.0, 2.0]]))
        return head

    def logits(self, head, angle, label):
        at = torch.tensor([[math.cos(angle), math.sin(angle)]])
        return head(at, torch.tensor([label]))[0].tolist()

    def test_softmax_scales_the_cosines(self):
        found = self.logits(self.head(), math.pi / 3, 0)
        assert found == pytest.approx([5.0, 10 * math.sqrt(3) / 2], abs=1e-4)

    def test_arcface_adds_the_margin_to_the_own_angle_only(self):
        found = self.logits(self.head(margin=0.3), math.pi / 3, 0)
        expected = [10 * math.cos(math.pi / 3 + 0.3), 10 * math.cos(math.pi / 6)]
        assert found == pytest.approx(expected, abs=1e-4)

    def test_beyond_half_a_turn_the_logit_goes_on_falling(self):
        angles = np.linspace(0, math.pi, 50)
        found = [self.logits(self.head(margin=0.5), angle, 0)[0] for angle in angles]
        assert all(np.diff(found) < 0)

    def test_embeddings_have_length_one(self):
        network = FaceNetwork(dimension=8, width=4).eval()
        found = network(torch.rand(2, 3, 150, 150))
        assert found.norm(dim=1).tolist() == pytest.approx([1.0, 1.0], abs=1e-5)
