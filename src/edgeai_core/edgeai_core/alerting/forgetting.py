"""A person who is to be forgotten, and alerts without the person."""

from __future__ import annotations

import dataclasses
from collections import OrderedDict
from dataclasses import dataclass

from edgeai_core.types import Alert, AlertEvent

#: Stands for what an alert told about the person, and for the person's own name.
FORGOTTEN_PERSON = "a forgotten person"
#: Stands for the person's id.
FORGOTTEN_ID = "forgotten"
# Since the start; more than any household or team forgets.
_MAX_PEOPLE = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """A person whom nobody shall be told of any more.

    Attributes:
        person_id: the gallery's. name: as who acknowledged alerts; empty for nobody.

    Raises:
        ValueError: there is no id: everybody would be forgotten.
    """

    person_id: str
    name: str = ""

    def __post_init__(self) -> None:
        if not self.person_id.strip():
            raise ValueError("forget: got no person_id, expected that of the gallery")

    def is_in(self, subject: str) -> bool:
        """Return whether an event with this subject is about the person."""
        return self.person_id in subject

    def without_id(self, subject: str) -> str:
        """Return a subject that names nobody."""
        return subject.replace(self.person_id, FORGOTTEN_ID)

    def out_of_event(self, event: AlertEvent) -> AlertEvent:
        """Return an event that does not tell of the person; the same one when it never did.

        Title and reason go as a whole: the person may have had another name when they were
        written.
        """
        if not self.is_in(event.subject):
            return event
        return dataclasses.replace(
            event,
            title=FORGOTTEN_PERSON,
            reason=FORGOTTEN_PERSON,
            subject=self.without_id(event.subject),
        )

    def out_of(self, alert: Alert) -> Alert:
        """Return an alert that does not tell of the person; the same one when it never did."""
        event = self.out_of_event(alert.event)
        seen_by = alert.acknowledged_by
        if seen_by and seen_by == self.name:
            seen_by = FORGOTTEN_PERSON
        if event is alert.event and seen_by == alert.acknowledged_by:
            return alert
        return dataclasses.replace(alert, event=event, acknowledged_by=seen_by)


class ForgottenPeople:
    """Who was forgotten since the start, by id: until every node knows, they are still seen."""

    def __init__(self) -> None:
        self._people: OrderedDict[str, Forgotten] = OrderedDict()

    def __contains__(self, person_id: object) -> bool:
        return person_id in self._people

    def add(self, person: Forgotten) -> None:
        """Note a person, without the name; beyond 256 the oldest goes."""
        self._people[person.person_id] = Forgotten(person_id=person.person_id)
        if len(self._people) > _MAX_PEOPLE:
            self._people.popitem(last=False)

    def out_of_event(self, event: AlertEvent) -> AlertEvent:
        """Return an event that tells of none of them."""
        for person in self._people.values():
            event = person.out_of_event(event)
        return event
