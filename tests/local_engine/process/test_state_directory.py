"""The directory that one engine writes to."""

from pathlib import Path

from appstream_local.process.state_directory import StateDirectory


def test_the_last_words_are_an_error_or_the_last_line(tmp_path: Path) -> None:
    """An engine may also write nothing."""
    directory = StateDirectory(tmp_path / "state")
    said = []
    for log in ("", "begun\nended\n", "ERROR: no port\nended\n"):
        directory.log.write_text(log)
        said.append(directory.last_words())

    assert ["it wrote nothing", "ended", "ERROR: no port"] == said


def test_a_deleted_directory_is_the_reason(tmp_path: Path) -> None:
    """A program that cleans up temporary files may delete it."""
    directory = StateDirectory(tmp_path / "state")
    directory.remove()

    assert f"{tmp_path / 'state'} was deleted while it ran" == directory.last_words()
