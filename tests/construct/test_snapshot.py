"""The whole template against a committed one, so that no change of it goes unseen in a review."""

import json

import pytest

from synth import snapshots

RENEW = "run `make snapshot`, look at the difference, and commit it"


@pytest.mark.parametrize("name", snapshots.TEMPLATES)
def test_the_template_is_the_committed_one(name: str) -> None:
    """A template changes only together with its snapshot."""
    path = snapshots.path(name)
    if not path.is_file():
        pytest.fail(f"{path} is missing: {RENEW}", pytrace=False)
    assert json.loads(path.read_text(encoding="utf-8")) == json.loads(snapshots.current(name)), RENEW


@pytest.mark.parametrize("name", snapshots.TEMPLATES)
def test_the_committed_file_is_what_the_command_writes(name: str) -> None:
    """A snapshot is never edited by hand, so renewing one that is right changes no byte."""
    assert snapshots.path(name).read_bytes() == snapshots.current(name).encode(), RENEW


def test_every_committed_file_is_compared() -> None:
    """A snapshot that nothing compares would look like a promise."""
    assert sorted(snapshots.TEMPLATES) == sorted(path.stem for path in snapshots.FOLDER.iterdir())


def test_a_missing_snapshot_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: pytest.TempPathFactory) -> None:
    """It fails with the command that renews it, and writes nothing itself."""
    monkeypatch.setattr(snapshots, "FOLDER", tmp_path)
    with pytest.raises(pytest.fail.Exception, match=r"default.json is missing: run `make snapshot`"):
        test_the_template_is_the_committed_one("default")
    assert [] == list(tmp_path.iterdir())  # type: ignore[attr-defined]


def test_nothing_that_changes_by_itself_is_in_a_snapshot() -> None:
    """The code's hash and the bootstrap's version are masked; the rest of the code's place stays."""
    found = json.loads(snapshots.current("default"))
    assert {"Resources"} == found.keys()
    assert "<asset hash>.zip" in str(found)
