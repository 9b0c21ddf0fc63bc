"""Exact search among the enrolled people."""

from __future__ import annotations

import math

import numpy as np
import pytest

from edgeai_core.access.index import TemplateIndex
from edgeai_core.access.people import Person, PersonTemplates, Role
from edgeai_core.errors import ConfigError


def entry(name: str, *templates: tuple[float, float]) -> PersonTemplates:
    person = Person(person_id=name * 32, name=name, role=Role.MEMBER, authorised=True, created_ns=0)
    return PersonTemplates(person=person, templates=np.array(templates, np.float32))


def test_person_is_ranked_by_the_mean_template() -> None:
    # The probe lies on one of b's templates, but nearer to a's mean.
    index = TemplateIndex([entry("a", (0, 1), (0, -1)), entry("b", (1, 0), (5, 0))])
    match = index.match(np.array([1, 0], np.float32))
    assert match is not None
    assert match.person_name == "a"
    assert match.distance == 1.0
    assert match.margin == 1.0
    assert match.nearest_template_distance == pytest.approx(math.sqrt(2))
    assert match.gallery_size == 2


def test_margin_is_infinite_with_one_person() -> None:
    match = TemplateIndex([entry("a", (3, 4))]).match(np.zeros(2, np.float32))
    assert match is not None
    assert (match.distance, match.margin) == (5.0, math.inf)


def test_distances_to_means_count_as_between_single_templates() -> None:
    # Both means are 3 away; a's of four lacks 3/4 of the variance, b's single one nothing.
    four = entry("a", (4, 0), (2, 0), (3, 1), (3, -1))
    index = TemplateIndex([four, entry("b", (-3, 0))], template_variance=16.0)
    match = index.match(np.zeros(2, np.float32))
    assert match is not None
    assert (match.person_name, match.distance) == ("b", 3.0)
    assert match.margin == pytest.approx(math.sqrt(9 + 12) - 3.0)
    alone = TemplateIndex([four], template_variance=16.0).match(np.zeros(2, np.float32))
    assert alone is not None
    assert alone.distance == pytest.approx(math.sqrt(21))
    assert alone.nearest_template_distance == 2.0


def test_a_probe_that_is_a_mean_lacks_variance_as_well() -> None:
    index = TemplateIndex([entry("a", (4, 0), (2, 0))], template_variance=16.0)
    match = index.match(np.zeros(2, np.float32), mean_of=4)
    assert match is not None
    assert match.distance == pytest.approx(math.sqrt(9 + 8 + 12))


@pytest.mark.parametrize("variance", [-0.1, math.nan, math.inf])
def test_an_impossible_variance_is_refused(variance: float) -> None:
    with pytest.raises(ValueError, match="template variance: expected 0 or more"):
        TemplateIndex([entry("a", (0, 1))], template_variance=variance)


@pytest.mark.parametrize("faiss_above", [None, 100], ids=["numpy", "faiss"])
def test_same_result_as_brute_force_among_many(faiss_above: int | None) -> None:
    if faiss_above is not None:
        pytest.importorskip("faiss", reason="faiss-cpu is an option and not installed")
    rng = np.random.default_rng(0)
    entries = [
        PersonTemplates(
            person=Person(
                person_id=f"{i:032x}", name=str(i), role=Role.OWNER, authorised=False, created_ns=0
            ),
            templates=rng.normal(size=(3, 128)).astype(np.float32),
        )
        for i in range(200)
    ]
    index = TemplateIndex(entries, template_variance=0.3, faiss_above=faiss_above)
    means = np.stack([e.templates.mean(axis=0) for e in entries])
    for _ in range(20):
        probe = rng.normal(size=128).astype(np.float32)
        distances = np.sqrt(np.square(means - probe).sum(axis=1) + 0.2)
        best, second = np.argsort(distances)[:2]
        match = index.match(probe)
        assert match is not None
        assert match.person_name == str(best)
        assert match.distance == pytest.approx(distances[best], abs=1e-5)
        assert match.margin == pytest.approx(distances[second] - distances[best], abs=1e-5)


def test_wrong_probe_is_refused() -> None:
    index = TemplateIndex([entry("a", (0, 1))])
    for probe in (np.zeros(3, np.float32), np.array([np.nan, 0], np.float32)):
        with pytest.raises(ValueError, match="embedding"):
            index.match(probe)
    with pytest.raises(ValueError, match="different dimensions"):
        TemplateIndex(
            [
                entry("a", (0, 1)),
                PersonTemplates(person=entry("b", (0, 1)).person, templates=np.ones((1, 3), "f4")),
            ]
        )


def test_faiss_is_an_option_that_must_be_there_when_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    people = [entry("a", (0, 1)), entry("b", (1, 0))]
    assert len(TemplateIndex(people, faiss_above=2)) == 2
    with pytest.raises(ConfigError, match="install faiss-cpu"):
        TemplateIndex(people, faiss_above=1)
