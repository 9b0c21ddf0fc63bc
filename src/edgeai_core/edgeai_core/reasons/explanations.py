"""Heat-maps of what decided."""

from __future__ import annotations

from edgeai_core.reasons.template import Label, OneOf, Reason

ONE_PART_DECIDES = Reason(
    "occlusion, {looks:d} looks: hiding the hottest fifth leaves {left:.0f} % of the score",
    "occlusion, {looks} essai{looks:/s} : sans le cinquième le plus chaud, il reste {left} % du "
    "score",
)
NO_PART_DECIDES = Reason(
    "occlusion, {looks:d} looks: no part decides alone, hiding the hottest fifth leaves {left:.0f} "
    "% of the score",
    "occlusion, {looks} essai{looks:/s} : aucune partie ne décide seule, sans le cinquième le plus "
    "chaud, il reste {left} % du score",
)
CAPTION = Reason(
    "{label} {score:.2f}; {why}",
    "{label} {score} ; {why}",
    label=Label(),
    why=OneOf(ONE_PART_DECIDES, NO_PART_DECIDES),
)
