"""One contract over every entry of the model table and the footage table."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from edgeai_core import catalog, model_store
from edgeai_core.analyzers.faces.enrolment import EnrolmentConfig
from edgeai_core.analyzers.faces.liveness import LivenessConfig
from edgeai_core.analyzers.faces.logic import FaceConfig
from edgeai_core.catalog import CATALOG
from edgeai_core.errors import ConfigError, ModelMissingError, SourceError
from edgeai_core.footage import FOOTAGE, Footage, footage_path
from edgeai_core.model_card import Conversion, ModelCard, Source, Task, Training
from edgeai_core.runtimes.selection import RUNTIMES

SHA256 = re.compile(r"[0-9a-f]{64}")
every_card = pytest.mark.parametrize("card", CATALOG.values(), ids=CATALOG.keys())
every_footage = pytest.mark.parametrize("entry", FOOTAGE.values(), ids=FOOTAGE.keys())


@every_card
def test_card_is_complete(card: ModelCard) -> None:
    assert card.licence
    assert card.notice
    assert card.inputs
    assert card.input_layout
    assert card.output_layout
    assert card.metrics
    assert card.limits
    assert 0.0 < card.recommended_threshold < 1.0


@every_card
def test_card_pins_every_step_from_archive_to_file(card: ModelCard) -> None:
    if isinstance(card.source, Training):
        pytest.skip("trained here")
    pins = [card.sha256, card.source.archive.sha256, card.source.member_sha256]
    assert all(SHA256.fullmatch(pin) for pin in pins)
    copied = card.source.conversion is Conversion.NONE
    assert (card.sha256 == card.source.member_sha256) == copied


@every_card
def test_card_of_trained_weights_says_how_they_were_made_and_the_file_is_there(
    card: ModelCard,
) -> None:
    if not isinstance(card.source, Training):
        pytest.skip("taken from a package")
    assert card.source.command.startswith("./edgeai lab train ")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", card.source.date)
    assert card.source.data
    open_licences = {"CC BY 4.0", "MIT", "Apache-2.0", "BSD-3-Clause"}
    assert {data.licence for data in card.source.data} <= open_licences
    assert model_store.resolve(card).is_file()


@every_card
def test_card_is_read_by_a_runtime_and_is_no_pickle(card: ModelCard) -> None:
    suffix = Path(card.file_name).suffix
    assert suffix in {".onnx", ".tflite", ".xml"}
    assert any(suffix in runtime.file_suffixes for runtime in RUNTIMES)


@every_card
def test_metrics_say_where_they_come_from(card: ModelCard) -> None:
    assert all(metric.unit and metric.conditions for metric in card.metrics)


def test_files_do_not_collide() -> None:
    files = [card.file_name for card in CATALOG.values()]
    assert len(set(files)) == len(files)


@pytest.mark.parametrize("task", Task)
def test_every_task_has_a_model(task: Task) -> None:
    assert catalog.names(task)


def test_objects_are_coco_s_of_the_profiles_and_two_of_our_own() -> None:
    card = CATALOG[catalog.DEFAULT_OBJECT_DETECTOR]
    assert len(card.labels) == len(set(card.labels)) == 23
    assert card.labels[:2] == ("person", "cell phone")
    assert card.labels[-3:] == ("cat", "gun", "wallet")
    assert set(card.own_thresholds) <= set(card.labels)
    assert card.threshold_of("gun") == card.own_thresholds["gun"]
    assert card.threshold_of("person") == card.recommended_threshold


@pytest.mark.parametrize(
    ("create", "message"),
    [
        (catalog.create_face_detector, "face detection: .* choose one of mediapipe_full_range"),
        (catalog.create_face_embedder, "face embedding: .* choose one of dlib_resnet"),
        (catalog.create_passive_liveness, "passive liveness: .* one of passive_liveness"),
        (catalog.create_object_detector, "object detection: .* one of objects_nano"),
    ],
)
def test_an_unknown_name_lists_the_choices(create: object, message: str) -> None:
    assert callable(create)
    with pytest.raises(ConfigError, match=message):
        create("retinanet")


def test_a_model_of_another_task_is_not_accepted() -> None:
    with pytest.raises(ConfigError, match="face detection: unknown model 'dlib_resnet'"):
        catalog.create_face_detector("dlib_resnet")


def test_factories_do_not_download(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGEAI_MODEL_DIR", str(tmp_path / "empty"))
    with pytest.raises(ModelMissingError, match="setup"):
        catalog.create_face_embedder()
    unpacked = [card for card in CATALOG.values() if isinstance(card.source, Source)]
    assert len(catalog.verify_all()) == len(unpacked)
    assert not (tmp_path / "empty").exists()


@every_footage
def test_footage_is_complete(entry: Footage) -> None:
    assert SHA256.fullmatch(entry.sha256)
    assert entry.sha256 == entry.source.member_sha256
    assert entry.licence
    assert entry.description
    assert min(entry.width_px, entry.height_px, entry.frame_count) > 0
    assert (entry.fps > 0) == (entry.frame_count > 1)


def test_footage_that_is_missing_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGEAI_DEMO_DIR", str(tmp_path))
    with pytest.raises(SourceError, match=r"carphone: .* does not exist; run \./edgeai setup"):
        footage_path("carphone")
    clip = tmp_path / "footage" / "1_talking_head.mp4"
    clip.parent.mkdir()
    clip.touch()
    assert footage_path("carphone") == clip
    with pytest.raises(ConfigError, match="unknown 'foreman'; choose one of carphone"):
        footage_path("foreman")


def test_match_threshold_of_the_gate_is_the_shipped_embedders() -> None:
    card = catalog.card_for(catalog.DEFAULT_FACE_EMBEDDER, Task.FACE_EMBEDDING)
    assert FaceConfig().match_threshold == card.recommended_threshold
    assert card.template_variance > 0.0


def test_passive_threshold_of_the_gate_is_the_shipped_networks() -> None:
    card = catalog.card_for(catalog.DEFAULT_PASSIVE_LIVENESS, Task.PASSIVE_LIVENESS)
    assert LivenessConfig().min_passive_score == card.recommended_threshold


def test_enrolment_refuses_whom_the_gate_would_take_for_another() -> None:
    gate, enrolment = FaceConfig(), EnrolmentConfig()
    assert enrolment.other_person_threshold >= gate.match_threshold
    assert enrolment.gallery_penalty <= gate.gallery_penalty
    assert enrolment.consistency_threshold <= gate.match_threshold


def test_templates_are_told_apart_by_weights_and_alignment() -> None:
    card = catalog.card_for(catalog.DEFAULT_FACE_EMBEDDER, Task.FACE_EMBEDDING)
    assert catalog.face_model_id() == f"dlib_resnet-{card.sha256[:12]}-mesh5-turned4-scaled4"
    with pytest.raises(ConfigError, match="face embedding: unknown model"):
        catalog.face_model_id(catalog.DEFAULT_FACE_DETECTOR)
