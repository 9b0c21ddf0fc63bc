"""Secrets: where they come from, and that nothing prints them."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgeai_core.errors import ConfigError
from edgeai_core.secret import Secret, read_secret, secret_name

HIDDEN = "s3cr3t-hunter2"


def written(path: Path, content: bytes, mode: int = 0o600) -> str:
    path.write_bytes(content)
    path.chmod(mode)
    return f"file:{path}"


def test_a_secret_shows_itself_only_when_asked() -> None:
    secret = Secret(HIDDEN)
    assert secret.reveal() == HIDDEN
    assert f"{secret} {secret!r} {[secret]}" == "Secret(***) Secret(***) [Secret(***)]"


def test_a_variable_or_a_private_file_gives_the_secret_without_its_newline(tmp_path: Path) -> None:
    environ = {"TOKEN": f" {HIDDEN}\n"}
    assert read_secret("env:TOKEN", parameter="p", environ=environ).reveal() == HIDDEN
    reference = written(tmp_path / "token", f"{HIDDEN}\n".encode())
    assert read_secret(reference, parameter="p", environ={}).reveal() == HIDDEN


def test_the_name_of_a_secret_can_be_shown() -> None:
    assert secret_name("env:TOKEN") == "TOKEN"
    assert secret_name("file:/etc/edgeai/ntfy.url") == "ntfy.url"


def test_a_file_below_the_home_folder_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    written(tmp_path / "token", HIDDEN.encode())
    assert read_secret("file:~/token", parameter="p").reveal() == HIDDEN


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o602, 0o777])
def test_a_file_that_others_may_read_or_write_is_refused_and_says_how_to_mend_it(
    tmp_path: Path, mode: int
) -> None:
    reference = written(tmp_path / "token", HIDDEN.encode(), mode)
    with pytest.raises(ConfigError) as caught:
        read_secret(reference, parameter="mqtt.password")
    assert str(caught.value) == (
        f"parameter mqtt.password: {tmp_path}/token can be read or written by others (mode "
        f"{mode:04o}); expected 0600: chmod 600 {tmp_path}/token"
    )


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("env:NOT_THERE", "the environment variable NOT_THERE is not set or empty"),
        ("file:/not/there", r"/not/there cannot be read \(No such file or directory\)"),
        ("file:token", "got the relative path token"),
        ("file:/dev/null", "/dev/null is not a regular file"),
        ("", "got something that is not shown"),
        ("env:", "got something that is not shown"),
    ],
)
def test_what_is_wrong_is_said(reference: str, said: str) -> None:
    with pytest.raises(ConfigError, match=f"^parameter p: {said}"):
        read_secret(reference, parameter="p", environ={})


def test_a_secret_in_place_of_a_reference_is_refused_and_not_repeated() -> None:
    with pytest.raises(ConfigError) as caught:
        read_secret(f"tgram://{HIDDEN}/1", parameter="apprise.urls")
    assert HIDDEN not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("content", "said"),
    [(b" \n", "is empty"), (b"x" * 65_537, "more than 65536 bytes"), (b"\xff", "is not UTF-8")],
)
def test_a_file_with_something_else_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read_secret(written(tmp_path / "token", content), parameter="p")
