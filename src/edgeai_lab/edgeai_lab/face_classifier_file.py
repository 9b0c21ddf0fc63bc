"""A classifier on disk: JSON whose numbers are sealed, because they are faces."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from edgeai_core.access.cipher import TemplateCipher
from edgeai_core.access.keys import KeySource
from edgeai_core.errors import DataError, GalleryCorruptError
from edgeai_lab.face_classifier import ClassifierKind, FaceClassifier
from edgeai_lab.json_files import write_json

_FORMAT = "edgeai face classifier 1"
_RECORD_ID = "face-classifier"


def save_classifier(path: Path, classifier: FaceClassifier, *, keys: KeySource) -> None:
    """Write a classifier; the key is made where there is none.

    What stands in plain (names, kind, threshold) is bound to the sealed numbers: changed, the file
    is refused.

    Raises:
        DataError: the file cannot be written. GalleryError: the key cannot be used.
    """
    header = {
        "format": _FORMAT,
        "kind": classifier.kind.value,
        "model_id": classifier.model_id,
        "people": list(classifier.people),
        "threshold": classifier.threshold,
        "neighbours": classifier.neighbours,
        "rows": len(classifier.vectors),
        "dimension": classifier.means.shape[1],
    }
    numbers = np.concatenate(
        [array.ravel() for array in (classifier.means, classifier.vectors, classifier.offsets)]
    )
    sealed = TemplateCipher(keys.load_or_create()).seal(
        numbers.astype(np.float32),
        record_id=_RECORD_ID,
        person_id=_digest(header),
        model_id=classifier.model_id,
    )
    write_json(path, {**header, "sealed": base64.b64encode(sealed).decode("ascii")})


def load_classifier(path: Path, *, keys: KeySource, model_id: str) -> FaceClassifier:
    """Read a classifier that was fitted on the templates of a model.

    Raises:
        DataError: no such file, not a classifier, changed, of another key or of another model.
        GalleryError: the key is missing or cannot be used.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        raise DataError(f"classifier {path} cannot be read: {exc}") from exc
    if not isinstance(content, dict) or content.get("format") != _FORMAT:
        raise DataError(f"classifier {path}: not a file of ./edgeai lab faces classify fit")
    if content.get("model_id") != model_id:
        raise DataError(
            f"classifier {path} was fitted on templates of {content.get('model_id')}, but the face "
            f"model is {model_id}; fit it again"
        )
    try:
        return _unsealed(content, TemplateCipher(keys.load()))
    except (KeyError, TypeError, ValueError, binascii.Error, GalleryCorruptError) as exc:
        raise DataError(
            f"classifier {path} was damaged or changed, or sealed with another key; put it back "
            "from a backup or fit it again"
        ) from exc


def _unsealed(content: dict[str, Any], cipher: TemplateCipher) -> FaceClassifier:
    header = {key: value for key, value in content.items() if key != "sealed"}
    numbers = cipher.open(
        base64.b64decode(content["sealed"], validate=True),
        record_id=_RECORD_ID,
        person_id=_digest(header),
        model_id=content["model_id"],
    )
    people, rows, dimension = len(content["people"]), content["rows"], content["dimension"]
    ends = np.cumsum([people * dimension, rows * dimension])
    means, vectors, offsets = np.split(numbers, ends)
    return FaceClassifier(
        kind=ClassifierKind(content["kind"]),
        people=tuple(content["people"]),
        model_id=content["model_id"],
        threshold=float(content["threshold"]),
        means=means.reshape(people, dimension),
        vectors=vectors.reshape(rows, dimension),
        offsets=offsets,
        neighbours=content["neighbours"],
    )


def _digest(header: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(header, sort_keys=True).encode()).hexdigest()
