"""The lab's part of the command line."""

from __future__ import annotations

import pytest

from edgeai_bringup import cli
from edgeai_bringup.lab_cli import LIGHT_COMMANDS
from edgeai_lab.commands import COMMANDS

LINES = {
    "inspect": "lab inspect dlib_resnet --json out.json",
    "data report": "lab data report pictures --json out.json",
    "data split": "lab data split pictures --by cluster --out split.csv",
    "data audit": "lab data audit pictures --out sheets",
    "data compose": "lab data compose --cutouts cut --backgrounds rooms --out set --size 64x48",
    "objects teach": "objects teach keys --from clip.mp4",
    "train classifier": "lab train classifier --data pictures --out out",
    "evaluate bags": "lab evaluate bags --seeds 2 --appearance --json out.json",
    "evaluate actions": "lab evaluate actions --clips clips --json out.json",
    "train actions": "lab train actions --data data --out out",
    "train gaits": "lab train gaits --json out.json",
    "evaluate classifier": "lab evaluate classifier net.onnx --yolo data --json out.json",
    "train fire": "lab train fire --data data --out out",
    "evaluate fire": "lab evaluate fire --images pictures --model fire.onnx --json out.json",
    "train objects": "lab train objects --data data --out out",
    "evaluate objects": "lab evaluate objects --images pictures --names gun --json out.json",
    "evaluate faces": "lab evaluate faces --root data --json out.json",
    "evaluate liveness": "lab evaluate liveness --root people --clip a.mp4 b.mp4 --json out.json",
    "train liveness": "lab train liveness --data data --start net.pth --out out",
    "spoof": "lab spoof face.jpg out --kind print",
    "video-to-images": "lab video-to-images clip.mp4 out",
    "faces align": "lab faces align people aligned",
    "faces classify fit": "lab faces classify fit aligned --model people.json",
    "faces classify predict": "lab faces classify predict people.json pictures",
    "faces train": "lab faces train --root aligned --out out",
}


def test_every_command_of_the_lab_has_a_line_here():
    assert set(LINES) == set(COMMANDS)
    assert set(COMMANDS) >= LIGHT_COMMANDS


@pytest.mark.parametrize(("name", "line"), LINES.items())
def test_a_line_reaches_its_command_and_installs_no_more_than_it_needs(name, line):
    argv = line.split()
    assert cli.build_parser().parse_args(argv).lab_command == name
    assert cli.needs_environment(argv)
    assert cli.needs_lab(argv) == (name not in LIGHT_COMMANDS)


def test_other_commands_need_no_training_packages():
    assert not cli.needs_lab(["people", "list"])


def test_only_a_backbone_needs_torch_to_be_inspected():
    assert cli.needs_lab(["lab", "inspect", "resnet18"])
    assert not cli.needs_lab(["lab", "inspect", "net.onnx"])


def test_names_are_split_without_torch_and_looks_are_not():
    line = ["lab", "data", "split", "pictures", "--out", "split.csv", "--by"]
    assert cli.needs_lab([*line, "cluster"])
    assert not cli.needs_lab([*line, "source"])


@pytest.mark.parametrize("shape", ["", "1,x", "1,0"])
def test_a_shape_that_is_none_is_refused(shape, capsys):
    with pytest.raises(SystemExit):
        cli.build_parser().parse_args(["lab", "inspect", "net.onnx", "--shape", shape])
    assert "expected sides such as 1,3,224,224" in capsys.readouterr().err


def test_data_that_is_not_there_is_one_sentence_and_exit_code_2(tmp_path, capsys):
    missing = str(tmp_path / "none")
    argv = ["lab", "evaluate", "faces", "--root", missing, "--json", str(tmp_path / "out.json")]
    assert cli.main(argv) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "out.json").exists()
