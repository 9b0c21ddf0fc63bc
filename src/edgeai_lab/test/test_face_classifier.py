import json

import numpy as np
import pytest

from edgeai_core.access.keys import KeyFile
from edgeai_core.errors import DataError
from edgeai_lab.face_classifier import ClassifierKind, FaceClassifier
from edgeai_lab.face_classifier_file import load_classifier, save_classifier


def array(values):
    return np.array(values, np.float32)


def knn(neighbours=3):
    return FaceClassifier(
        kind=ClassifierKind.NEAREST_NEIGHBOURS,
        people=("Ada", "Bob"),
        model_id="net-1",
        threshold=1.0,
        means=array([[0, 0], [4, 0]]),
        vectors=array([[-0.5, 0], [0.5, 0], [3.5, 0], [4.5, 0]]),
        offsets=array([0, 0, 1, 1]),
        neighbours=neighbours,
    )


def svm():
    return FaceClassifier(
        kind=ClassifierKind.LINEAR_SVM,
        people=("Ada", "Bob"),
        model_id="net-1",
        threshold=1.0,
        means=array([[0, 0], [4, 0]]),
        vectors=array([[-1, 0], [1, 0]]),
        offsets=array([2, -2]),
    )


@pytest.mark.parametrize("classifier", [knn(), svm()])
def test_the_nearer_person_is_chosen(classifier):
    assert classifier.predict(array([0.5, 0])).person == "Ada"
    found = classifier.predict(array([4.0, 0.6]))
    assert (found.person, found.distance) == ("Bob", pytest.approx(0.6))


@pytest.mark.parametrize("classifier", [knn(), svm()])
def test_who_is_far_from_the_chosen_mean_is_nobody(classifier):
    found = classifier.predict(array([0, 1.5]))
    assert (found.person, found.distance) == ("", 1.5)


def test_a_tie_goes_to_the_nearest_template():
    assert knn(neighbours=4).predict(array([3.2, 0])).person == "Bob"


def test_a_template_of_another_model_is_refused():
    with pytest.raises(ValueError, match=r"expected \(2,\) finite, got \(3,\)"):
        knn().predict(array([0, 0, 0]))


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="do not fit"):
        FaceClassifier(
            kind=ClassifierKind.LINEAR_SVM,
            people=("Ada",),
            model_id="net-1",
            threshold=1.0,
            means=array([[0, 0]]),
            vectors=array([[0, 0], [1, 1]]),
            offsets=array([0, 0]),
        )


class TestFile:
    @pytest.fixture
    def path(self, tmp_path):
        return tmp_path / "people.json"

    @pytest.fixture
    def keys(self, tmp_path):
        return KeyFile(tmp_path / "people.key")

    @pytest.mark.parametrize("classifier", [knn(), svm()])
    def test_it_comes_back_as_it_was(self, path, keys, classifier):
        save_classifier(path, classifier, keys=keys)
        found = load_classifier(path, keys=keys, model_id="net-1")
        assert (found.kind, found.people) == (classifier.kind, ("Ada", "Bob"))
        for name in ("means", "vectors", "offsets"):
            assert np.array_equal(getattr(found, name), getattr(classifier, name))

    def test_no_template_stands_in_the_file(self, path, keys):
        save_classifier(path, knn(), keys=keys)
        content = path.read_bytes()
        assert array([-0.5, 0]).tobytes() not in content
        assert b"0.5" not in content

    def test_a_changed_name_is_found(self, path, keys):
        save_classifier(path, knn(), keys=keys)
        path.write_text(path.read_text().replace("Ada", "Eve"))
        with pytest.raises(DataError, match="damaged or changed"):
            load_classifier(path, keys=keys, model_id="net-1")

    def test_another_key_is_refused(self, path, keys, tmp_path):
        save_classifier(path, knn(), keys=keys)
        other = KeyFile(tmp_path / "other.key")
        other.load_or_create()
        with pytest.raises(DataError, match="sealed with another key"):
            load_classifier(path, keys=other, model_id="net-1")

    def test_another_face_model_asks_to_fit_again(self, path, keys):
        save_classifier(path, knn(), keys=keys)
        with pytest.raises(DataError, match="fitted on templates of net-1, but the face model is"):
            load_classifier(path, keys=keys, model_id="net-2")

    @pytest.mark.parametrize("text", ["", "[]", json.dumps({"format": "other"})])
    def test_what_is_no_classifier_is_refused(self, path, keys, text):
        path.write_text(text)
        with pytest.raises(DataError, match="classifier"):
            load_classifier(path, keys=keys, model_id="net-1")


class TestFit:
    @pytest.fixture(autouse=True)
    def _needs_sklearn(self):
        pytest.importorskip("sklearn", reason="scikit-learn comes with the lab's packages")

    def people(self, *names, each=6):
        rng = np.random.default_rng(3)
        means = {name: 3.0 * np.eye(8)[index] for index, name in enumerate(names)}
        labels = [name for name in names for _ in range(each)]
        noise = rng.normal(0, 0.1, (len(labels), 8))
        return (noise + array([means[name] for name in labels])).astype(np.float32), labels

    @pytest.mark.parametrize("kind", ClassifierKind)
    @pytest.mark.parametrize("names", [("Ada", "Bob"), ("Ada", "Bob", "Cyd")])
    def test_people_far_apart_are_told_apart(self, kind, names):
        from edgeai_lab.face_classifier_fit import fit_classifier

        templates, labels = self.people(*names)
        fit = fit_classifier(templates, labels, kind=kind, model_id="net-1", threshold=1.0)
        assert (fit.accuracy, fit.folds) == (1.0, 5)
        found = [fit.classifier.predict(template).person for template in templates]
        assert found == labels
        assert fit.classifier.predict(templates[0] + 20).person == ""

    def test_single_pictures_give_no_accuracy(self):
        from edgeai_lab.face_classifier_fit import fit_classifier

        templates, labels = self.people("Ada", "Bob", each=1)
        kind = ClassifierKind.NEAREST_NEIGHBOURS
        fit = fit_classifier(templates, labels, kind=kind, model_id="net-1", threshold=1.0)
        assert (fit.accuracy, fit.folds) == (None, 0)

    def test_one_person_is_refused(self):
        from edgeai_lab.face_classifier_fit import fit_classifier

        templates, labels = self.people("Ada")
        with pytest.raises(DataError, match="needs at least two"):
            fit_classifier(
                templates,
                labels,
                kind=ClassifierKind.LINEAR_SVM,
                model_id="net-1",
                threshold=1.0,
            )
