"""Names of the classes that the object detector knows."""

from __future__ import annotations

GUN, WALLET = "gun", "wallet"

# Names that COCO has too, by their number among COCO's eighty classes.
COCO_NUMBERS: dict[str, int] = {
    "person": 0,
    "cell phone": 67,
    "remote": 65,
    "backpack": 24,
    "handbag": 26,
    "suitcase": 28,
    "laptop": 63,
    "book": 73,
    "cup": 41,
    "bottle": 39,
    "umbrella": 25,
    "knife": 43,
    "scissors": 76,
    "baseball bat": 34,
    "car": 2,
    "truck": 7,
    "bus": 5,
    "motorcycle": 3,
    "bicycle": 1,
    "dog": 16,
    "cat": 15,
}
NEW_LABELS = (GUN, WALLET)
# In the order of the model's columns.
LABELS: tuple[str, ...] = (*COCO_NUMBERS, *NEW_LABELS)
