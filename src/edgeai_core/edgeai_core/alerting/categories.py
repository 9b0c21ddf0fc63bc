"""Every category of alerts that there is."""

from __future__ import annotations

#: What a channel is told when its quiet hours are over; no rule decides about it.
QUIET_SUMMARY = "quiet_summary"
#: Whose alerts name somebody who is enrolled.
PERSON_CATEGORIES = ("access_granted", "access_ended", "unauthorised_person", "spoofed_face")
CATEGORIES = (
    "unknown_face",
    "unauthorised_person",
    "spoofed_face",
    "access_granted",
    "access_ended",
    "watched_object",
    "weapon",
    "unattended_bag",
    "abandoned_bag",
    "taken_bag",
    "reclaimed_bag",
    "zone_entered",
    "lingering",
    "line_crossed",
    "start_fire",
    "fire",
    "hazard_cleared",
    "unattended_flame",
    "fall",
    "lying",
    "recovered",
    "flight",
    "fight",
    "accident",
    "run",
    "node_fault",
    "node_recovered",
)
