import math

import numpy as np
import pytest

from edgeai_lab.face_metrics import (
    best_threshold,
    contiguous_folds,
    cross_validated_accuracy,
    operating_point,
    roc,
    tar_at_far,
)

GENUINE = [0.1, 0.2, 0.3, 0.6]
IMPOSTOR = [0.4, 0.5, 0.7, 0.8, 0.9]


def test_a_distance_on_the_threshold_is_accepted():
    point = operating_point(GENUINE, IMPOSTOR, threshold=0.4)
    assert (point.tar, point.far, point.frr) == (0.75, 0.2, 0.25)


def test_a_missing_face_is_refused_whatever_the_threshold():
    point = operating_point([0.1, math.inf], [0.9, math.inf], threshold=math.inf)
    assert (point.tar, point.far) == (0.5, 0.5)


def test_tar_at_far_allows_as_many_impostors_as_the_rate_gives_whole_ones():
    none = tar_at_far(GENUINE, IMPOSTOR, max_far=0.19)
    assert (none.tar, none.far) == (0.75, 0.0)
    assert 0.3 < none.threshold < 0.4
    two = tar_at_far(GENUINE, IMPOSTOR, max_far=0.4)
    assert (two.tar, two.far) == (1.0, 0.4)
    assert 0.6 < two.threshold < 0.7


def test_one_of_a_hundred_is_allowed_at_one_percent():
    impostor = np.arange(100) / 100 + 0.5
    assert tar_at_far([0.505], impostor, max_far=0.01).far == 0.01


def test_equal_impostors_are_accepted_together_or_not_at_all():
    assert tar_at_far([0.5], [0.5, 0.5, 0.9, 0.9], max_far=0.25).tar == 0.0


def test_every_impostor_may_be_accepted_at_far_one():
    point = tar_at_far([0.1, math.inf], IMPOSTOR, max_far=1.0)
    assert (point.tar, point.far) == (0.5, 1.0)


def test_the_curve_begins_at_nothing_and_ends_at_everything():
    curve = roc([0.1, 0.3], [0.2, 0.4])
    assert curve.thresholds.tolist() == [-math.inf, 0.1, 0.2, 0.3, 0.4]
    assert curve.tar.tolist() == [0.0, 0.5, 0.5, 1.0, 1.0]
    assert curve.far.tolist() == [0.0, 0.0, 0.5, 0.5, 1.0]
    assert curve.auc == 0.75
    assert curve.equal_error_rate == 0.5


def test_a_tie_counts_half_in_the_area():
    assert roc([0.2], [0.2]).auc == 0.5


def test_a_missing_genuine_face_lowers_the_area():
    assert roc([0.1, math.inf], [0.5, 0.6]).auc == 0.5


def test_folds_are_runs_of_each_kind():
    same = [True] * 4 + [False] * 3
    assert contiguous_folds(same, count=2).tolist() == [0, 0, 1, 1, 0, 0, 1]
    with pytest.raises(ValueError, match="4 folds need at least 4 pairs"):
        contiguous_folds(same, count=4)


def test_the_best_threshold_is_the_middle_of_the_equally_good():
    distances = np.array([0.1, 0.2, 0.6, 0.8])
    assert best_threshold(distances, np.array([True, True, False, False])) == pytest.approx(0.4)


def test_a_fold_is_judged_at_the_threshold_of_the_others():
    # Fold 1 alone would choose 0.55; fold 0 chooses 0.3 and so refuses the pair at 0.5.
    distances = [0.2, 0.4, 0.5, 0.6]
    same = [True, False, True, False]
    result = cross_validated_accuracy(distances, same, [0, 0, 1, 1])
    assert result.thresholds == pytest.approx((0.55, 0.3))
    assert result.fold_accuracies == (0.5, 0.5)
    assert result.accuracy == 0.5


def test_a_pair_without_a_face_is_an_error_also_between_different_people():
    distances = [0.1, 3.0, 0.1, math.inf]
    result = cross_validated_accuracy(distances, [True, False, True, False], [0, 0, 1, 1])
    assert result.fold_accuracies == (1.0, 0.5)
    assert result.accuracy == 0.75


@pytest.mark.parametrize("distances", [[], [math.nan], [[0.1]]])
def test_what_is_no_row_of_distances_is_refused(distances):
    with pytest.raises(ValueError, match="row of distances"):
        operating_point(distances, [0.1], threshold=0.5)


def test_a_single_fold_is_refused():
    with pytest.raises(ValueError, match="two folds"):
        cross_validated_accuracy([0.1, 0.2], [True, False], [3, 3])
