"""What nodes tell, as the page gets it: in every language."""

from __future__ import annotations

from edgeai_msgs.msg import Alert, FaceMatch, FaceMatchArray, Person

from edgeai_core.geometry import Box
from edgeai_core.types import AuthState, SessionState
from edgeai_dashboard.json_views import alert_view, faces_view, person_view, session_view
from edgeai_ros_common.convert import box_to_msg


def test_an_alert_keeps_what_was_raised_and_is_told_in_every_language() -> None:
    view = alert_view(
        Alert(title="gun in view", reason="gun not seen for 2.5 s (limit 2 s), confirmed")
    )
    assert (view["title"], view["reason"][:12]) == ("gun in view", "gun not seen")
    assert view["titles"] == {"en": "gun in view", "fr": "une arme à feu en vue"}
    assert view["reasons"]["en"] == view["reason"]
    assert view["reasons"]["fr"] == (
        "une arme à feu : hors de vue depuis 2,5 s (limite 2 s), présence confirmée avant"
    )


def test_so_are_the_session_people_and_faces() -> None:
    state = AuthState(state=SessionState.LOCKED, reason="the face authenticator is lost")
    assert session_view(state)["reasons"] == {
        "en": "the face authenticator is lost",
        "fr": "la reconnaissance des visages ne répond plus",
    }
    person = Person(name="Ada", refusal="enrolled but not authorised")
    assert person_view(person)["refusals"]["fr"] == "enregistré(e) mais pas autorisé(e)"
    face = FaceMatch(bbox=box_to_msg(Box(0, 0, 9, 9)), rejection="face too small: 41 px of 60")
    (seen,) = faces_view(FaceMatchArray(matches=[face]))
    assert seen["notes"] == {
        "en": "face too small: 41 px of 60",
        "fr": "visage trop petit : 41 px au lieu de 60",
    }
