"""The table of reasons: each is said, recognised and told in French; nothing else is touched."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeai_core.analyzers.objects.labels import LABELS as OBJECT_LABELS
from edgeai_core.catalog import CATALOG
from edgeai_core.language import Language
from edgeai_core.reasons import WORDBOOK, translated
from edgeai_core.reasons.labels import LABELS
from edgeai_core.reasons.template import Label, OneOf, Reason, Word
from edgeai_core.reasons.testing import all_reasons, english_left
from edgeai_core.reasons.wordbook import CLAUSE, ITEM, MAX_CHARS, MAX_MARKS

# People and places: also with what joins parts of sentences, and no word of the table.
NAMES = st.text("QXZéß 0.:-'(", min_size=1, max_size=12) | st.sampled_from(["Q; Z", "Q, 2 Z", "%"])
LABEL = st.sampled_from([*LABELS, "unicorn", "garden gnome"])
NUMBERS = {
    "d": st.integers(0, 10**6),
    "g": st.sampled_from([0.5, 1.0, 2.0, 600.0, 1e-5, 1e7]),
    "f": st.floats(-1e4, 1e4) | st.just(math.nan),
    "%": st.floats(0, 1) | st.just(math.nan),
}
EVERY = pytest.mark.parametrize("reason", WORDBOOK.reasons, ids=lambda reason: reason.english[:50])


@st.composite
def sentences(draw: st.DrawFn, reason: Reason) -> str:
    values: dict[str, object] = {}
    for name, spec in reason.values.items():
        kind = reason.kinds.get(name)
        if isinstance(kind, OneOf):
            values[name] = draw(st.sampled_from(kind.reasons).flatmap(sentences))
        elif isinstance(kind, Label):
            values[name] = draw(LABEL)
        else:
            values[name] = draw(NUMBERS[spec[-1]] if spec else NAMES)
    return reason.say(**values)


@EVERY
def test_each_reason_is_recognised_as_itself_and_leaves_no_english(reason: Reason) -> None:
    @given(sentences(reason))
    def holds(english: str) -> None:
        assert WORDBOOK.part_of(english) is reason
        french = WORDBOOK.retold(english)
        assert french != english
        assert english_left(french) <= {"unicorn", "garden", "gnome"}

    holds()


@given(
    st.lists(st.sampled_from(WORDBOOK.reasons).flatmap(sentences), min_size=2, max_size=5),
    st.lists(st.sampled_from([CLAUSE, ITEM]), min_size=4, max_size=4),
)
def test_joined_reasons_are_told_part_by_part(parts: list[str], marks: list[str]) -> None:
    english, french = parts[0], WORDBOOK.retold(parts[0])
    for mark, part in zip(marks, parts[1:], strict=False):
        english += mark + part
        french += {CLAUSE: " ; ", ITEM: ", "}[mark] + WORDBOOK.retold(part)
    told = WORDBOOK.retold(english)
    assert not english_left(told)
    # A name may hold what joins parts: then there are several ways to read it, all French.
    if not any(mark in part for part in parts for mark in (CLAUSE, ITEM)):
        assert told == french


@pytest.mark.parametrize(
    ("english", "french"),
    [
        (
            "liveness: move your head a little, the face has 41 px of 64; Ada is no longer "
            "authorised",
            "preuve de vie : bougez un peu la tête, le visage fait 41 px au lieu de 64 ; Ada n'est "
            "plus autorisé(e)",
        ),
        (
            "a flame at grill and nobody near it for 9 s (limit 8 s); a flame at b; c and nobody "
            "near it for 9 s (limit 8 s)",
            "une flamme (grill) et personne à côté depuis 9 s (limite 8 s) ; une flamme (b; c) et "
            "personne à côté depuis 9 s (limite 8 s)",
        ),
    ],
)
def test_a_text_is_divided_so_that_the_fewest_words_are_names(english: str, french: str) -> None:
    assert translated(english, Language.FR) == french


@pytest.mark.parametrize(
    "text",
    [
        "",
        "the head came down",
        "unknown in 15 of 15 frames, nearest distance 0.72 of 0.55",
        "stands since; and something else",
        "left",
        "confirmed",
        "upright again soon after the impact",
        "upright again 1.0 s after the impact; ",
        "person in hall since 2.0 s\u2026",
        "début d'incendie",
    ],
)
def test_what_no_analyzer_composes_stays_as_it_is(text: str) -> None:
    assert translated(text, Language.FR) == text


TABLE_WORDS = sorted(
    {word for r in WORDBOOK.reasons for part in r.literals for word in part.split()}
)


@given(
    st.text(st.characters(exclude_categories=["L"]), max_size=300)
    | st.lists(st.sampled_from(TABLE_WORDS), min_size=4, max_size=40).map(" ".join)
)
def test_any_other_text_stays_as_it_is(text: str) -> None:
    assert translated(text, Language.FR) == text


@EVERY
def test_english_stays_english(reason: Reason) -> None:
    assert translated(reason.english, Language.EN) == reason.english


def test_every_sentence_has_words_of_its_own_and_none_is_in_the_table_twice() -> None:
    whole = [reason.english for reason in WORDBOOK.reasons]
    assert len(set(whole)) == len(whole)
    for reason in all_reasons():
        nested = any(isinstance(kind, OneOf) for kind in reason.kinds.values())
        assert nested or any(char.isalpha() for char in reason.landmark), reason


def test_every_class_of_the_object_models_has_french() -> None:
    shipped = {label for label in CATALOG["objects_nano"].labels if label}
    assert {"person", "gun"} <= shipped
    assert {*OBJECT_LABELS, *shipped} <= set(LABELS)


def test_no_french_says_what_is_said_in_english() -> None:
    for reason in all_reasons():
        assert not english_left(reason.french.replace("{", " {")) - set(reason.values), reason
        if not isinstance(reason, Word):
            assert reason.english != reason.french


@pytest.mark.parametrize(
    ("english", "french"),
    [
        ("1 of 2 frames", "1 image parmi 2 : 0,5 point"),
        ("2 of 3 frames", "2 images parmi 3 : 0,5 point"),
        ("0 of 1 frames", "0 image parmi 1 : 0,5 point"),
    ],
)
def test_numbers_have_a_comma_and_decide_about_the_plural(english: str, french: str) -> None:
    reason = Reason(
        "{seen:d} of {looks:d} frames: {score:.1f}",
        "{seen} image{seen:/s} parmi {looks} : {score} point{score:/s}",
    )
    assert reason.retold(f"{english}: 0.5") == french


@pytest.mark.parametrize(
    ("value", "french"),
    [
        (1.94, "1,9 point"),
        (2.0, "2,0 points"),
        (-3.0, "-3,0 points"),
        (math.nan, "indéterminé point"),
        (math.inf, "infini points"),
    ],
)
def test_what_is_no_finite_number_is_told_too(value: float, french: str) -> None:
    reason = Reason("{score:.1f} points", "{score} point{score:/s}")
    assert reason.retold(reason.say(score=value)) == french


def test_shares_keep_their_sign_where_french_puts_it() -> None:
    reason = Reason("{share:.1%} of it", "{share} % de cela")
    assert reason.retold(reason.say(share=0.125)) == "12,5 % de cela"


@pytest.mark.parametrize(
    ("english", "french", "kinds"),
    [
        ("{a:d} of {b:d}", "{a} sur", {}),
        ("{a:d}", "{a} sur {b}", {}),
        ("{a}", "{a}", {"b": Label()}),
    ],
)
def test_languages_that_tell_different_values_are_refused(
    english: str, french: str, kinds: dict[str, Label]
) -> None:
    with pytest.raises(ValueError, match="expected both of"):
        Reason(english, french, **kinds)


def test_what_is_too_long_or_has_too_many_parts_is_left_alone() -> None:
    part = "upright again 1.0 s after the impact"
    most = CLAUSE.join([part] * (MAX_MARKS + 1))
    assert translated(most, Language.FR) != most
    assert translated(CLAUSE.join([most, part]), Language.FR) == CLAUSE.join([most, part])
    long = f"{'Q' * MAX_CHARS} is no longer authorised"
    assert translated(long, Language.FR) == long


@pytest.mark.parametrize(
    "unit",
    ["a in ", "; a in b for 1.0 s", " changed its velocity by ", ", ", "1", "x: ", " (limit "],
)
def test_texts_made_to_be_tried_in_many_ways_come_back(unit: str) -> None:
    # What tries them all would run into pytest's time-out.
    text = (unit * MAX_CHARS)[: MAX_CHARS - 1] + "!"
    assert translated(text, Language.FR) == text


@pytest.mark.parametrize("reason", list(all_reasons()), ids=lambda reason: reason.english[:50])
def test_few_values_of_a_reason_are_free(reason: Reason) -> None:
    # Ways to divide n characters grow with the power of the free values: two are n squared.
    free = [n for n, spec in reason.values.items() if not spec]
    closed = [n for n in free if isinstance(reason.kinds.get(n), OneOf)]
    assert len(free) - len(closed) <= 2
