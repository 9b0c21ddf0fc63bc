"""The scripts: who comes with a bag, who leaves without it, who takes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from edgeai_lab.bags.stage import SECONDS, Stage, arrival_of, bag_of
from edgeai_lab.bags.world import WIDTH_PX, Carriage, Held, Place, Walk, World, body_height_px

# Seconds from which a bag is alone to the alarms; short, so that a sequence is a minute.
UNATTENDED_S, ABANDONED_S, OWNERLESS_S = 8.0, 25.0, 25.0


def _world(
    stage: Stage, people: dict[str, Walk], bags: dict[str, Carriage], passers: int | None = None
) -> World:
    count = int(stage.rng.integers(0, 4)) if passers is None else passers
    return World(people={**people, **stage.passers(count)}, bags=bags, seconds=SECONDS)


def _put_down(stage: Stage, walk: Walk, who: str = "owner", spot: Place | None = None) -> Carriage:
    """Return a bag that somebody brings and puts down on arrival."""
    return bag_of(
        (0.0, Held(who=who)), (arrival_of(walk), spot or stage.spot), owners=((0.0, who),)
    )


def stays(stage: Stage) -> World:
    """The owner stays with the bag and moves about a little."""
    near = stage.beside(0.4)
    walk = stage.walk(2.0, stage.outside(), near, 20.0, stage.beside(0.7), 15.0, near, 60.0)
    return _world(stage, {"owner": walk}, {"bag": _put_down(stage, walk)})


def leaves(stage: Stage) -> World:
    """The owner puts the bag down, waits and walks out of the picture."""
    wait = float(stage.rng.uniform(2, 8))
    walk = stage.walk(2.0, stage.outside(), stage.beside(0.3), wait, stage.outside())
    return _world(stage, {"owner": walk}, {"bag": _put_down(stage, walk)})


def leaves_to_the_side(stage: Stage) -> World:
    """The owner goes four body heights away and stays in the picture."""
    far = stage.beside(4.0)
    if not 60 < far[0] < WIDTH_PX - 60:
        far = (2 * stage.spot[0] - far[0], far[1])
    walk = stage.walk(2.0, stage.outside(), stage.beside(0.3), 4.0, far, 70.0)
    return _world(stage, {"owner": walk}, {"bag": _put_down(stage, walk)})


def returns_in_time(stage: Stage) -> World:
    """The owner goes away, is back before the bag counts as abandoned, and stays."""
    near = stage.beside(0.3)
    far = stage.beside(3.2)
    if not 60 < far[0] < WIDTH_PX - 60:
        far = (2 * stage.spot[0] - far[0], far[1])
    walk = stage.walk(2.0, stage.outside(), near, 4.0, far, 8.0, near, 70.0)
    return _world(stage, {"owner": walk}, {"bag": _put_down(stage, walk)})


def returns_late(stage: Stage) -> World:
    """The owner stays away for too long, stays in view, comes back and takes the bag."""
    near, far = stage.beside(0.3), stage.beside(3.5)
    if not 60 < far[0] < WIDTH_PX - 60:
        far = (2 * stage.spot[0] - far[0], far[1])
    walk = stage.walk(1.0, stage.outside(), near, 2.0, far, 30.0, near, 3.0, stage.outside())
    taken_s = walk.stops[6][0]
    bag = bag_of(
        (0.0, Held(who="owner")),
        (arrival_of(walk), stage.spot),
        (taken_s, Held(who="owner")),
        owners=((0.0, "owner"),),
    )
    return _world(stage, {"owner": walk}, {"bag": bag})


def picks_up(stage: Stage) -> World:
    """The owner puts the bag down, waits beside it, and goes with it."""
    walk = stage.walk(2.0, stage.outside(), stage.beside(0.3), 15.0, stage.outside())
    bag = bag_of(
        (0.0, Held(who="owner")),
        (arrival_of(walk), stage.spot),
        (walk.stops[2][0], Held(who="owner")),
        owners=((0.0, "owner"),),
    )
    return _world(stage, {"owner": walk}, {"bag": bag})


def walks_through(stage: Stage) -> World:
    """Somebody carries a bag through the picture and pauses on the way."""
    walk = stage.walk(5.0, stage.outside(), stage.spot, 10.0, stage.outside())
    bag = bag_of((0.0, Held(who="owner")), owners=((0.0, "owner"),))
    return _world(stage, {"owner": walk}, {"bag": bag})


def hands_over(stage: Stage) -> World:
    """The owner gives the bag to a friend, who puts it down and stays; the owner leaves."""
    x, y = stage.spot
    body_px = body_height_px(y)
    friend = stage.walk(0.0, stage.outside(), (x + 0.6 * body_px, y), 80.0)
    owner = stage.walk(arrival_of(friend) - 5, stage.outside(), stage.spot, 6.0, stage.outside())
    met_s = arrival_of(owner) + 3
    bag = bag_of(
        (0.0, Held(who="owner")),
        (met_s, Held(who="friend")),
        (met_s + 4, (x + 0.9 * body_px, y)),
        owners=((0.0, "owner"), (met_s, "friend")),
    )
    return _world(stage, {"owner": owner, "friend": friend}, {"bag": bag})


def looked_after(stage: Stage) -> World:
    """A friend stands by the bag with the owner, and stays when the owner leaves."""
    x, y = stage.spot
    body_px = body_height_px(y)
    owner = stage.walk(1.0, stage.outside(), (x - 0.4 * body_px, y), 16.0, stage.outside())
    friend = stage.walk(arrival_of(owner) - 3, stage.outside(), (x + 0.5 * body_px, y + 4), 80.0)
    bag = bag_of(
        (0.0, Held(who="owner")),
        (arrival_of(owner), stage.spot),
        owners=((0.0, "owner"), (owner.stops[2][0], "friend")),
    )
    return _world(stage, {"owner": owner, "friend": friend}, {"bag": bag})


def both_leave(stage: Stage) -> World:
    """A friend looks after the bag for a while and leaves it too."""
    x, y = stage.spot
    body_px = body_height_px(y)
    owner = stage.walk(0.0, stage.outside(), (x - 0.4 * body_px, y), 12.0, stage.outside())
    friend = stage.walk(
        arrival_of(owner) - 3, stage.outside(), (x + 0.5 * body_px, y + 4), 18.0, stage.outside()
    )
    bag = bag_of(
        (0.0, Held(who="owner")),
        (arrival_of(owner), stage.spot),
        owners=((0.0, "owner"), (owner.stops[2][0], "friend")),
    )
    return _world(stage, {"owner": owner, "friend": friend}, {"bag": bag})


def swaps(stage: Stage) -> World:
    """Two people put their bags down side by side and leave each with the other's bag."""
    x, y = stage.spot
    body_px = body_height_px(y)
    left, right = (x - 0.3 * body_px, y), (x + 0.3 * body_px, y)
    one = stage.walk(1.0, stage.outside(), (left[0] - 0.4 * body_px, y), 20.0, stage.outside())
    two = stage.walk(2.0, stage.outside(), (right[0] + 0.4 * body_px, y), 20.0, stage.outside())
    bags = {
        "left bag": bag_of(
            (0.0, Held(who="one")),
            (arrival_of(one), left),
            (two.stops[2][0], Held(who="two")),
            owners=((0.0, "one"), (two.stops[2][0], "two")),
        ),
        "right bag": bag_of(
            (0.0, Held(who="two")),
            (arrival_of(two), right),
            (one.stops[2][0], Held(who="one")),
            owners=((0.0, "two"), (one.stops[2][0], "one")),
        ),
    }
    return _world(stage, {"one": one, "two": two}, bags)


def one_of_two(stage: Stage) -> World:
    """Somebody puts two bags down and leaves with one."""
    x, y = stage.spot
    other = (x + 0.7 * body_height_px(y), y)
    walk = stage.walk(1.0, stage.outside(), stage.beside(0.3), 6.0, stage.outside())
    taken_s = walk.stops[2][0]
    bags = {
        "left": _put_down(stage, walk),
        "taken": bag_of(
            (0.0, Held(who="owner")),
            (arrival_of(walk), other),
            (taken_s, Held(who="owner")),
            owners=((0.0, "owner"),),
        ),
    }
    return _world(stage, {"owner": walk}, bags)


def taken_by_another(stage: Stage) -> World:
    """The owner leaves; before the bag counts as abandoned somebody else carries it off."""
    walk = stage.walk(1.0, stage.outside(), stage.beside(0.3), 4.0, stage.outside())
    comes = stage.outside()
    thief = stage.walk(0.0, comes, stage.spot, 1.5, stage.outside())
    delay = walk.stops[2][0] + 14 - thief.stops[1][0]
    thief = Walk(stops=tuple((t + delay, place) for t, place in thief.stops))
    taken_s = thief.stops[2][0]
    bag = bag_of(
        (0.0, Held(who="owner")),
        (arrival_of(walk), stage.spot),
        (taken_s, Held(who="thief")),
        owners=((0.0, "owner"), (taken_s, "thief")),
    )
    return _world(stage, {"owner": walk, "thief": thief}, {"bag": bag})


def crowd_stays(stage: Stage) -> World:
    """The owner stays while a dozen people walk past."""
    near = stage.beside(0.4)
    walk = stage.walk(2.0, stage.outside(), near, 80.0)
    return _world(stage, {"owner": walk}, {"bag": _put_down(stage, walk)}, passers=14)


def crowd_leaves(stage: Stage) -> World:
    """The owner leaves while a dozen people walk past."""
    walk = stage.walk(1.0, stage.outside(), stage.beside(0.3), 4.0, stage.outside())
    return _world(stage, {"owner": walk}, {"bag": _put_down(stage, walk)}, passers=14)


def covered_stays(stage: Stage) -> World:
    """Somebody stands in front of owner and bag for a while; the owner stays."""
    x, y = stage.spot
    near = (x + 0.35 * body_height_px(y), y)
    walk = stage.walk(1.0, stage.outside(), near, 80.0)
    front = (x + 0.1 * body_height_px(y), y + 20)
    wall = stage.walk(arrival_of(walk) + 8, stage.outside(), front, 8.0, stage.outside())
    return _world(stage, {"owner": walk, "wall": wall}, {"bag": _put_down(stage, walk)})


def covered_leaves(stage: Stage) -> World:
    """The owner leaves; somebody stands in front of the bag for a while, then it is seen again."""
    x, y = stage.spot
    walk = stage.walk(1.0, stage.outside(), stage.beside(0.3), 3.0, stage.outside())
    wall = stage.walk(walk.stops[2][0] - 1, stage.outside(), (x, y + 20), 8.0, stage.outside())
    return _world(stage, {"owner": walk, "wall": wall}, {"bag": _put_down(stage, walk)})


def furniture(stage: Stage) -> World:
    """A bag stands there from the beginning and nobody needs to own it."""
    bag = bag_of((0.0, stage.spot), owners=())
    return _world(stage, {}, {"bag": bag}, passers=6)


def appears(stage: Stage) -> World:
    """A bag stands there of a sudden, and nobody was seen with it."""
    begin = float(stage.rng.uniform(12, 20))
    bag = bag_of((begin, stage.spot), owners=((0.0, "nobody"),))
    return _world(stage, {}, {"bag": bag}, passers=0)


def side_by_side(stage: Stage) -> World:
    """Two people with a bag each, two heights apart; one leaves the own bag, the other stays."""
    x, y = stage.spot
    body_px = body_height_px(y)
    one = stage.walk(1.0, stage.outside(), (x - 0.3 * body_px, y), 3.0, stage.outside())
    there = (x + 2.0 * body_px, y)
    two = stage.walk(one.stops[2][0] + 6, stage.outside(), there, 80.0)
    bags = {
        "left": _put_down(stage, one, "one"),
        "kept": _put_down(stage, two, "two", (x + 2.3 * body_px, y)),
    }
    return _world(stage, {"one": one, "two": two}, bags)


SCENARIOS: Mapping[str, Callable[[Stage], World]] = {
    script.__name__: script
    for script in (
        stays,
        leaves,
        leaves_to_the_side,
        returns_in_time,
        returns_late,
        picks_up,
        walks_through,
        hands_over,
        looked_after,
        both_leave,
        swaps,
        one_of_two,
        taken_by_another,
        crowd_stays,
        crowd_leaves,
        covered_stays,
        covered_leaves,
        furniture,
        appears,
        side_by_side,
    )
}


def scene(name: str, seed: int) -> World:
    """Return the world of a script, with what is drawn by chance."""
    rng = np.random.default_rng([seed, list(SCENARIOS).index(name)])
    spot = (float(rng.uniform(480, 700)), float(rng.uniform(400, 560)))
    return SCENARIOS[name](Stage(rng, spot))
