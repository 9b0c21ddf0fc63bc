from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from edgeai_core import model_store
from edgeai_core.errors import ModelIntegrityError, ModelMissingError
from edgeai_core.model_card import Archive, ModelCard, Source, Task
from edgeai_core.runtimes.validation import InputSpec

CONTENT = b"weights"


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EDGEAI_MODEL_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def card() -> ModelCard:
    digest = hashlib.sha256(CONTENT).hexdigest()
    archive = Archive(package="carrier", version="1.0", sha256="0" * 64)
    return ModelCard(
        name="net",
        task=Task.OBJECT_DETECTION,
        file_name="net.onnx",
        sha256=digest,
        source=Source(archive=archive, member="net.onnx", member_sha256=digest),
        licence="CC0-1.0",
        notice="made for this test",
        inputs=(InputSpec(name="x", shape=(1, None, 3), dtype=np.dtype(np.uint8)),),
        input_layout="bytes",
        output_layout="none",
        recommended_threshold=0.5,
    )


def test_the_right_file_is_returned(directory: Path, card: ModelCard) -> None:
    (directory / "net.onnx").write_bytes(CONTENT)
    assert model_store.resolve(card) == directory / "net.onnx"


def test_a_missing_file_says_where_it_belongs_and_what_to_do(
    directory: Path, card: ModelCard
) -> None:
    with pytest.raises(ModelMissingError, match=r"model net: cannot read .*net\.onnx .*setup"):
        model_store.resolve(card)


def test_a_folder_in_the_file_s_place_is_missing_not_a_crash(
    directory: Path, card: ModelCard
) -> None:
    (directory / "net.onnx").mkdir()
    with pytest.raises(ModelMissingError, match="model net: cannot read"):
        model_store.resolve(card)


def test_a_swapped_file_is_refused_also_after_the_right_one_was_accepted(
    directory: Path, card: ModelCard
) -> None:
    path = directory / "net.onnx"
    path.write_bytes(CONTENT)
    model_store.resolve(card)
    path.write_bytes(b"other weights")
    with pytest.raises(ModelIntegrityError, match=r"expected 9f2ff27c7c78…|delete it and run"):
        model_store.resolve(card)


def test_a_file_is_hashed_once_per_process(
    directory: Path, card: ModelCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    (directory / "net.onnx").write_bytes(CONTENT)
    hashed: list[Path] = []
    real = model_store.sha256_of

    def counting(path: Path) -> str:
        hashed.append(path)
        return real(path)

    monkeypatch.setattr(model_store, "sha256_of", counting)
    model_store.resolve(card)
    model_store.resolve(card)
    assert len(hashed) == 1


def test_problems_lists_one_sentence_per_bad_model(directory: Path, card: ModelCard) -> None:
    [problem] = model_store.problems([card])
    assert "model net" in problem
    (directory / "net.onnx").write_bytes(CONTENT)
    assert model_store.problems([card]) == []


def test_directories_follow_the_cache_unless_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for variable in ("EDGEAI_MODEL_DIR", "EDGEAI_DEMO_DIR"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert model_store.model_directory() == tmp_path / "edgeai" / "models"
    assert model_store.demo_directory() == tmp_path / "edgeai" / "demo"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert model_store.model_directory() == tmp_path / ".cache" / "edgeai" / "models"
    monkeypatch.setenv("EDGEAI_DEMO_DIR", "~/clips")
    assert model_store.demo_directory() == tmp_path / "clips"


def test_blank_inputs_fill_open_sides_with_one(card: ModelCard) -> None:
    blank = card.blank_inputs()["x"]
    assert blank.shape == (1, 1, 3)
    assert blank.dtype == np.dtype(np.uint8)


def test_the_model_id_changes_with_the_weights(card: ModelCard) -> None:
    assert card.model_id == f"net-{card.sha256[:12]}"
