import pytest

from edgeai_core.errors import DataError
from edgeai_lab.face_lists import Pair, read_face_lists

PAIRS = "same,a,b\n1,p/A/1.jpg,p/A/2.jpg\n0,p/A/1.jpg,p/B/1.jpg\n"
GALLERY = "".join(f"p/A/{number}.jpg\n" for number in range(1, 6))


@pytest.fixture
def root(tmp_path):
    for name in ("A/1", "A/2", "A/3", "A/4", "A/5", "B/1", "C/1"):
        picture = tmp_path / "p" / f"{name}.jpg"
        picture.parent.mkdir(parents=True, exist_ok=True)
        picture.write_bytes(b"")
    return tmp_path


def write(root, **lists):
    for name, text in lists.items():
        (root / f"{name}.{'csv' if name == 'pairs' else 'txt'}").write_text(text)


def refusal(root, **options):
    with pytest.raises(DataError) as raised:
        read_face_lists(root, **options)
    return str(raised.value)


def test_lists_of_the_usual_names_are_found_in_the_root(root):
    write(root, pairs=PAIRS, gallery=GALLERY, unknown="p/C/1.jpg\n\n")
    lists = read_face_lists(root)
    assert lists.pairs[0] == Pair(first="p/A/1.jpg", second="p/A/2.jpg", same=True)
    assert [(name, len(pictures)) for name, pictures in lists.gallery] == [("A", 5)]
    assert lists.unknown == ("p/C/1.jpg",)
    assert len(lists.pictures) == 7


def test_a_fold_column_is_read(root):
    write(root, pairs="same,a,b,fold\n1,p/A/1.jpg,p/A/2.jpg,7\n0,p/A/1.jpg,p/B/1.jpg,3\n")
    assert [pair.fold for pair in read_face_lists(root).pairs] == [7, 3]


def test_a_relative_list_is_looked_for_in_the_root_too(root, tmp_path):
    (root / "mine.csv").write_text(PAIRS)
    assert len(read_face_lists(root, pairs=tmp_path / "mine.csv").pairs) == 2
    assert "none.csv does not exist" in refusal(root, pairs=root / "none.csv")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "begins with 'nothing'"),
        ("a,b\n", "begins with 'a,b'"),
        ("same,a,b\n2,p/A/1.jpg,p/A/2.jpg\n", "line 2: got '2,"),
        ("same,a,b\n1,p/A/1.jpg\n", "line 2"),
        ("same,a,b\n1,p/A/1.jpg,\n", "line 2"),
        ("same,a,b\n1,/etc/passwd,p/A/2.jpg\n", "leaves the root"),
        ("same,a,b\n1,../x.jpg,p/A/2.jpg\n", "leaves the root"),
        ("same,a,b\n1,p/A/1.jpg,p/A/2.jpg\n", "1 pairs of 1 kind"),
        ("same,a,b,fold\n1,p/A/1.jpg,p/A/2.jpg,x\n", "fold 'x'"),
    ],
)
def test_a_malformed_pair_list_is_refused_with_its_line(root, text, fault):
    write(root, pairs=text)
    assert fault in refusal(root)


def test_a_list_that_is_no_text_is_refused(root):
    (root / "pairs.csv").write_bytes(b"\xff\xfe\x00")
    assert "cannot be read as UTF-8" in refusal(root)


def test_missing_pictures_are_counted_and_named(root):
    write(root, pairs=PAIRS.replace("p/B/1", "p/B/9"))
    assert "1 of 3 listed pictures are not in" in refusal(root)
    assert "p/B/9.jpg" in refusal(root)


def test_nothing_to_measure_is_refused(root):
    assert "holds neither pairs.csv nor gallery.txt" in refusal(root)
    assert "is not a folder" in refusal(root / "none")


def test_strangers_need_a_gallery(root):
    write(root, pairs=PAIRS, unknown="p/C/1.jpg\n")
    assert "give --gallery too" in refusal(root)


def test_a_known_person_is_no_stranger(root):
    write(root, gallery=GALLERY, unknown="p/A/5.jpg\n")
    assert "is listed as unknown, but its person is in the gallery" in refusal(root)


def test_a_gallery_without_a_picture_to_recognise_is_refused(root):
    write(root, gallery="p/A/1.jpg\np/A/2.jpg\n")
    assert "nobody has more than 4 pictures" in refusal(root)


def test_a_repeated_picture_is_refused(root):
    write(root, gallery=GALLERY + "p/A/1.jpg\n")
    assert "p/A/1.jpg more than once" in refusal(root)
