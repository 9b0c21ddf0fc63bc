"""Forgetting a person in what a running alert node remembers, keeps and shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edgeai_alerts.channels.log import forget_in_log
from edgeai_alerts.dispatcher import Dispatcher
from edgeai_alerts.evidence.shelf import EvidenceShelf
from edgeai_alerts.store import EventStore
from edgeai_core.alerting.forgetting import FORGOTTEN_PERSON, Forgotten
from edgeai_core.alerting.rulebook import RuleBook
from edgeai_core.alerting.situation import Situation
from edgeai_core.types import Alert


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgetting:
    """Everything in which a person may stand, in the order in which it must be forgotten.

    Attributes:
        situation, rules: of the executor's thread. dispatcher: with all that is on its way.
        store, log_file, shelf: on the disk.
        publish_anew: makes late joiners of `/alerts` get only these alerts.
    """

    situation: Situation
    rules: RuleBook
    dispatcher: Dispatcher
    store: EventStore
    log_file: Path
    shelf: EvidenceShelf
    publish_anew: Callable[[tuple[Alert, ...]], None]

    def forget_memory(self, person: Forgotten) -> None:
        """Forget at once what is in memory; on the executor's thread."""
        self.situation.forget_person(person)
        self.rules.forget_person(person)
        self.dispatcher.forget_person(person)

    def forget_files(self, person: Forgotten) -> int:
        """Rewrite files and what channels show; takes a while. Return how many alerts changed.

        Raises:
            StoreError: what is on its way was not rewritten in time, or the store cannot be
                written. ChannelError: a log cannot be rewritten. EvidenceError: a file stays.
        """
        # What still had the name in memory is in the store by then, or has it no more.
        self.dispatcher.wait_forgotten()
        changed = forget_in_log(self.log_file, person_id=person.person_id, nobody=FORGOTTEN_PERSON)
        # Evidence first: which alerts are about the person is gone afterwards.
        self.shelf.erase_person(person.person_id)
        changed += self.store.forget_person(person_id=person.person_id, name=person.name)
        self.dispatcher.forget_shown(person)
        return changed

    def forget_published(self) -> None:
        """Forget what late joiners would be told; on the executor's thread, at the end."""
        self.publish_anew(self.dispatcher.remembered())
