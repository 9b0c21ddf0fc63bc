"""What other programs may ask the face node about people, once they show that they may."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgeai_msgs.msg import Person as PersonMsg
from edgeai_msgs.srv import EnrolPerson, ListPeople, ManagePerson
from rclpy.node import Node

from edgeai_core import catalog
from edgeai_core.access.credentials import credential_objection, manage_subject, operator_key
from edgeai_core.access.gallery import Gallery
from edgeai_core.access.keys import default_key_source
from edgeai_core.access.people import Person, Role
from edgeai_core.access.permissions import ROLE_PERMISSIONS, Permission, roles_with
from edgeai_core.analyzers.faces.enrolment import EnrolmentConfig
from edgeai_core.analyzers.faces.registration import enrol_person
from edgeai_core.errors import AccessError, EdgeAiError, GalleryError, GalleryMissingError
from edgeai_core.sources.reading import images_of
from edgeai_core.types import AuthState, SessionState
from edgeai_ros_common.off_executor import run_off_executor

# How the gallery's log names whoever enrols into an empty gallery, and who is logged in elsewhere:
# the log never names a person.
_FIRST = "first enrolment"
_LOGGED_IN = "logged in"


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleSetup:
    """What the services work with.

    Attributes:
        gallery_file: need not exist yet. detector, embedder: names in the catalog.
        enrolment: limits. state_folder: holds the installation's key.
    """

    gallery_file: Path
    detector: str
    embedder: str
    enrolment: EnrolmentConfig
    state_folder: Path


class PeopleServices:
    """Enrols, lists and changes people; the executor's thread calls it.

    Args:
        setup: what to work with. access: returns the access state that counts now.
        report: takes a sentence for the node's log.
    """

    def __init__(
        self,
        setup: PeopleSetup,
        *,
        access: Callable[[], AuthState],
        report: Callable[[str], object],
    ) -> None:
        self._setup = setup
        self._access = access
        self._report = report
        self._enrolling = threading.Lock()

    def offer(self, node: Node) -> list[Any]:
        """Make the services of a node; return them, for the caller to destroy."""
        self._node = node
        return [
            node.create_service(EnrolPerson, "~/enrol", self.enrol),
            node.create_service(ListPeople, "~/list_people", self.list_people),
            node.create_service(ManagePerson, "~/manage_person", self.manage_person),
        ]

    async def enrol(
        self, request: EnrolPerson.Request, response: EnrolPerson.Response
    ) -> EnrolPerson.Response:
        """Enrol a person from pictures on this machine."""
        # A clip takes seconds to read: off the executor, with models of its own, because the
        # worker owns the running ones.
        if not self._enrolling.acquire(blocking=False):
            response.message = "another enrolment is running; wait for it"
            return response
        try:
            with self._gallery(create=True) as gallery:
                actor = self._actor(gallery, request.credential, "enrol", request.name)
            await run_off_executor(
                self._node, lambda: self._enrol(request, response, actor), name="enrolment"
            )
        except EdgeAiError as exc:
            response.message = str(exc)
        except Exception as exc:
            response.message = f"enrolment failed: {type(exc).__name__}; read the node's log"
            self._report(f"enrolment failed: {exc!r}")
        finally:
            self._enrolling.release()
        return response

    async def list_people(
        self, request: ListPeople.Request, response: ListPeople.Response
    ) -> ListPeople.Response:
        """Say who is in the gallery."""
        try:
            with self._gallery() as gallery:
                self._actor(gallery, request.credential, "list_people", "")
                people = gallery.people()
        except GalleryMissingError:
            # Nobody was enrolled yet; whoever may not ask is not told even that.
            response.message = self._objection(request.credential, "list_people", "")
            response.success = not response.message
            return response
        except EdgeAiError as exc:
            response.message = str(exc)
            return response
        response.success = True
        response.people = [person_to_msg(person, now_ns=time.time_ns()) for person in people]
        return response

    async def manage_person(
        self, request: ManagePerson.Request, response: ManagePerson.Response
    ) -> ManagePerson.Response:
        """Change or forget somebody."""
        subject = manage_subject(request.action, request.name, request.value)
        try:
            with self._gallery() as gallery:
                actor = self._actor(gallery, request.credential, "manage_person", subject)

            def changed() -> str:
                with self._gallery(actor=actor) as gallery:
                    return change(
                        gallery, action=request.action, name=request.name, value=request.value
                    )

            # Forgetting rewrites and searches the whole file.
            response.message = await run_off_executor(self._node, changed, name="people")
        except EdgeAiError as exc:
            response.message = str(exc)
            return response
        response.success = True
        return response

    def _gallery(self, *, create: bool = False, actor: str = "") -> Gallery:
        file = self._setup.gallery_file
        return Gallery.open(file, key_source=default_key_source(file), create=create, actor=actor)

    def _objection(self, credential: str, action: str, subject: str) -> str:
        if not credential:
            return "refused: an authorised person must be recognised by the camera first"
        return credential_objection(
            operator_key(self._setup.state_folder),
            credential,
            action=action,
            subject=subject,
            permission=Permission.ENROL,
            now_ns=time.time_ns(),
        )

    def _actor(self, gallery: Gallery, credential: str, action: str, subject: str) -> str:
        """Return how the gallery's log names whoever may change people now.

        Raises:
            AccessError: nobody may. GalleryError: the gallery cannot be used.
        """
        if credential:
            if objection := self._objection(credential, action, subject):
                raise AccessError(objection)
            return _LOGGED_IN if gallery.people() else _FIRST
        if action == "enrol" and not gallery.people():
            return _FIRST
        access = self._access()
        if access.state is not SessionState.ACTIVE:
            raise AccessError(self._objection("", action, subject))
        if Permission.ENROL not in gallery.permissions(access.person_id):
            raise AccessError(
                f"refused: {access.person_name} may not {Permission.ENROL.value}; roles that "
                f"may: {roles_with(Permission.ENROL)}"
            )
        person = gallery.person(access.person_id)
        return f"person {person.audit_ref}" if person is not None else ""

    def _enrol(
        self, request: EnrolPerson.Request, response: EnrolPerson.Response, actor: str
    ) -> None:
        setup = self._setup
        with (
            self._gallery(create=True, actor=actor) as gallery,
            catalog.face_models(setup.detector, setup.embedder) as (detector, embedder),
        ):
            registration = enrol_person(
                request.name,
                images_of(request.source),
                detector=detector,
                embedder=embedder,
                gallery=gallery,
                # Somebody must be able to enrol the others.
                role=Role.OWNER if actor == _FIRST else Role.MEMBER,
                authorised=bool(request.authorised),
                config=setup.enrolment,
            )
        response.success = True
        response.accepted = len(registration.result.accepted)
        response.rejected = len(registration.result.rejections)
        response.message = f"enrolled {registration.person.name}"


def person_to_msg(person: Person, *, now_ns: int) -> PersonMsg:
    """Return a person for the graph; `now_ns` is the wall clock, nanoseconds since 1970."""
    return PersonMsg(
        person_id=person.person_id,
        name=person.name,
        role=person.role.value,
        authorised=person.authorised,
        refusal=person.refusal_at(now_ns),
        valid_from_ns=person.valid_from_ns or 0,
        valid_until_ns=person.valid_until_ns or 0,
    )


def change(gallery: Gallery, *, action: str, name: str, value: str) -> str:
    """Change somebody in a gallery; return what was done, in one sentence.

    Args:
        gallery: open. action: authorise, revoke, rename, role or forget.
        name: whose. value: the new name or role; empty otherwise.

    Raises:
        GalleryError: no such action, role or person, or the gallery cannot be used.
    """
    if action == "authorise":
        refusal = gallery.authorise(name, True).refusal_at(time.time_ns())
        return f"{name} is authorised, but: {refusal}" if refusal else f"{name} may unlock"
    if action == "revoke":
        return f"{gallery.authorise(name, False).name} may no longer unlock"
    if action == "rename":
        return f"{name} is now {gallery.rename(name, value).name}"
    if action == "role":
        if value not in {role.value for role in Role}:
            known = ", ".join(role.value for role in Role)
            raise GalleryError(f"role: got {value!r}, expected one of {known}")
        role = gallery.set_role(name, Role(value)).role
        may = ", ".join(sorted(p.value for p in ROLE_PERMISSIONS[role])) or "nothing"
        return f"{name} is {role.value} and may: {may}"
    if action == "forget":
        templates = gallery.forget(name).templates
        return f"{name} is forgotten: nothing of {templates} templates is left in the gallery"
    raise GalleryError(
        f"people: got action {action!r}, expected authorise, revoke, rename, role or forget"
    )
