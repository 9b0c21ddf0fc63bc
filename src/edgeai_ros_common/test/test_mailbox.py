"""One slot: the newest wins, and nobody waits longer than needed."""

from __future__ import annotations

import threading

from edgeai_ros_common.mailbox import Mailbox

DEADLINE_S = 5.0


def test_the_newest_replaces_what_was_not_taken():
    mailbox: Mailbox[int] = Mailbox()
    assert mailbox.put(1) is False
    assert mailbox.put(2) is True
    assert mailbox.take() == 2
    assert mailbox.put(3) is False


def test_a_falsy_item_is_an_item():
    mailbox: Mailbox[int] = Mailbox()
    mailbox.put(0)
    assert mailbox.put(0) is True
    assert mailbox.take() == 0


def test_a_waiting_taker_gets_the_item_that_comes():
    mailbox: Mailbox[int] = Mailbox()
    taken: list[int | None] = []
    taker = threading.Thread(target=lambda: taken.append(mailbox.take()))
    taker.start()
    mailbox.put(7)
    taker.join(DEADLINE_S)
    assert taken == [7]


def test_closing_wakes_the_taker_and_lets_go_of_the_item():
    mailbox: Mailbox[int] = Mailbox()
    taken: list[int | None] = []
    taker = threading.Thread(target=lambda: taken.append(mailbox.take()))
    taker.start()
    mailbox.close()
    taker.join(DEADLINE_S)
    assert taken == [None]
    assert mailbox.closed


def test_a_closed_mailbox_takes_nothing_and_gives_nothing():
    mailbox: Mailbox[int] = Mailbox()
    mailbox.put(1)
    mailbox.close()
    assert mailbox.put(2) is False
    assert mailbox.take() is None
    mailbox.close()


def test_a_pause_lets_go_of_what_waited():
    mailbox: Mailbox[int] = Mailbox()
    assert mailbox.pause(0.0) is False
    mailbox.put(1)
    assert mailbox.pause(0.0) is True
    mailbox.put(2)
    assert mailbox.take() == 2


def test_closing_ends_a_pause_at_once():
    mailbox: Mailbox[int] = Mailbox()
    sleeper = threading.Thread(target=mailbox.pause, args=(60.0,))
    sleeper.start()
    mailbox.close()
    sleeper.join(DEADLINE_S)
    assert not sleeper.is_alive()


def test_under_load_every_item_is_taken_or_counted_as_replaced():
    mailbox: Mailbox[int] = Mailbox()
    taken: list[int] = []
    replaced = 0

    def take_all() -> None:
        while (item := mailbox.take()) is not None:
            taken.append(item)
            if item == 4999:
                return

    taker = threading.Thread(target=take_all)
    taker.start()
    for number in range(5000):
        replaced += mailbox.put(number)
    taker.join(DEADLINE_S)
    assert taken == sorted(taken)
    assert taken[-1] == 4999
    assert len(taken) + replaced == 5000
