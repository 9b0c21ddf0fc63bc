"""How near a face must come to an enrolled person, whoever asks: the gate, enrolment, the lab."""

from __future__ import annotations

import math

# For the shipped embedder; a test keeps the first equal to the threshold on its card.
MATCH_THRESHOLD_L2 = 0.595
GALLERY_PENALTY_L2 = 0.02


def distance_limit(threshold: float, *, gallery_penalty: float, gallery_size: int) -> float:
    """Return the largest distance to the nearest of several people that still names that person.

    With N people enrolled a stranger has N chances to look like one of them, and the prior odds
    that a given one stands there are N times lower; by Bayes' rule the evidence must be N times
    stronger. The logarithm of the likelihood ratio "same person" to "somebody else" falls about
    linearly with the distance near the threshold, so the limit falls by a constant times ln N.

    Args:
        threshold: for one person against one template, L2. gallery_penalty: that constant, L2.
        gallery_size: N, how many people were compared, >= 1.
    """
    return threshold - gallery_penalty * math.log(gallery_size)


def mean_distance_limit(limit: float, *, template_variance: float, count: int) -> float:
    """Return the plain L2 to a mean of templates that equals a distance of single templates.

    The inverse of the correction that the gallery's index makes: sqrt(limit^2 - s^2 (1 - 1/n)).

    Args:
        limit: between two single templates, L2. template_variance: s^2 of the embedding model.
        count: n, how many templates the mean is of, >= 1.
    """
    return math.sqrt(max(limit**2 - template_variance * (1.0 - 1.0 / count), 0.0))
