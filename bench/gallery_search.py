"""How long one face takes to be searched among many people.

    PYTHONPATH=src/edgeai_core python bench/gallery_search.py --json FILE

The templates are random numbers: the time of an exact search does not depend on whose they are.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path
from statistics import median

import numpy as np

from device import device_name
from edgeai_core.access.index import TemplateIndex
from edgeai_core.access.people import Person, PersonTemplates, Role
from edgeai_core.access.search import faiss_is_installed

DIMENSION = 128
TEMPLATES_PER_PERSON = 4
SIZES = (10, 1_000, 10_000, 100_000)
FAISS_ABOVE = 50_000
TARGETS_MS = {1_000: 0.1, 100_000: 15.0}


def index_of(people: int, *, faiss_above: int | None) -> TemplateIndex:
    """Return an index of so many people with random templates."""
    rng = np.random.default_rng(people)
    templates = rng.normal(size=(people, TEMPLATES_PER_PERSON, DIMENSION)).astype(np.float32)
    entries = [
        PersonTemplates(
            person=Person(
                person_id=f"{i:032x}", name=str(i), role=Role.MEMBER, authorised=True, created_ns=0
            ),
            templates=templates[i],
        )
        for i in range(people)
    ]
    return TemplateIndex(entries, faiss_above=faiss_above)


def measured(people: int, *, faiss_above: int | None) -> dict[str, object]:
    """Return the time of a search among so many people, over 200 different probes."""
    index = index_of(people, faiss_above=faiss_above)
    probes = np.random.default_rng(0).normal(size=(220, DIMENSION)).astype(np.float32)
    times_ms = []
    for probe in probes:
        start_s = time.perf_counter()
        index.match(probe)
        times_ms.append((time.perf_counter() - start_s) * 1e3)
    times_ms = sorted(times_ms[20:])
    return {
        "people": people,
        "templates": people * TEMPLATES_PER_PERSON,
        "method": "numpy" if faiss_above is None else "faiss flat",
        "median_ms": round(median(times_ms), 4),
        "p95_ms": round(times_ms[int(0.95 * len(times_ms))], 4),
        "target_ms": TARGETS_MS.get(people),
    }


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    rows = [measured(people, faiss_above=None) for people in SIZES]
    if faiss_is_installed():
        large = [people for people in SIZES if people > FAISS_ABOVE]
        rows += [measured(people, faiss_above=FAISS_ABOVE) for people in large]
    for row in rows:
        print(
            f"{row['people']:>7} people, {row['method']}: median {row['median_ms']} ms, "
            f"p95 {row['p95_ms']} ms"
        )
    answer = {
        "command": "bench/gallery_search.py",
        "device": device_name(),
        "data": f"random templates, {DIMENSION} numbers, {TEMPLATES_PER_PERSON} a person",
        "numpy": np.__version__,
        # Well above the number of cores the figures say more about the neighbours.
        "load_average": round(os.getloadavg()[0], 1),
        "searches": rows,
    }
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(answer, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
