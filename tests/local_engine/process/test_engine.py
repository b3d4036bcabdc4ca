"""The engine process: how it starts, why it can't, and that nothing outlives it."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from appstream_local.process import engine as engine_module
from appstream_local.process.engine import Engine
from appstream_local.process.errors import EngineError
from appstream_local.process.supervised_process import SupervisedProcess
from support.processes import alive, children, listening
from support.waiting import wait_until

pytestmark = pytest.mark.engine

# An owner that is killed; it prints its engine's directory. A shell makes its background jobs ignore SIGINT.
OWNER = """
import signal, time
from appstream_local.process.engine import Engine
signal.signal(signal.SIGINT, signal.default_int_handler)
with Engine() as engine:
    print(engine.state_dir, flush=True)
    time.sleep(60)
"""

# A child that ignores SIGTERM, as a busy function may.
STUBBORN = "trap '' TERM; sleep 60 & sleep 60 & wait"


@pytest.fixture
def inherited(tmp_path: Path) -> dict[str, str]:
    """Return an environment with nothing on its PATH."""
    return {"PATH": str(tmp_path)}


@pytest.fixture
def own_children() -> Callable[[], set[int]]:
    """Return a function that returns the running processes of this test."""
    before = children(os.getpid())
    return lambda: children(os.getpid()) - before


def test_it_leaves_nothing_behind(own_children: Callable[[], set[int]]) -> None:
    """`stop` ends every process and deletes the directory; a second call does nothing."""
    with Engine() as engine:
        engine.admin.put_image_builder("builder")
        assert "STOPPED" == engine.admin.image_builder("builder").state
        started = own_children()
        assert len(started) >= 2
    engine.stop()

    assert not alive(started)
    assert not engine.state_dir.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no second loopback address to try")
def test_it_listens_on_loopback_only() -> None:
    """Its port is free on other addresses, and it doesn't open 443."""
    before = listening()
    with Engine() as engine:
        opened = listening() - before
        port = int(engine.endpoint_url.rpartition(":")[2])
        with socket.socket() as other:
            other.bind(("127.0.0.2", port))

    assert port in opened
    assert 443 not in opened


def test_a_taken_port_is_named() -> None:
    """The error names it, and nothing is started."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(EngineError, match=rf"port {port} on 127\.0\.0\.1 cannot be used"):
            Engine(port=port).start()


def test_missing_openssl_is_named(inherited: dict[str, str]) -> None:
    """The error says what to install, in one line."""
    with pytest.raises(EngineError, match=r"\Aopenssl is not on the PATH: .*\Z"):
        Engine(inherited=inherited).start()


def test_a_missing_module_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the process dies at its start, the error has its last words."""
    monkeypatch.setattr(engine_module, "_SERVE", "appstream_local.nosuch")

    with pytest.raises(EngineError, match=r"No module named .*nosuch"):
        Engine().start()


def test_a_directory_with_files_is_refused(tmp_path: Path) -> None:
    """It is neither used nor deleted."""
    (tmp_path / "mine").touch()

    with pytest.raises(EngineError, match="is not empty"):
        Engine(state_dir=tmp_path).start()
    assert (tmp_path / "mine").exists()


def test_a_dead_engine_is_noticed(own_children: Callable[[], set[int]]) -> None:
    """`check` raises only after the engine died."""
    with Engine() as engine:
        engine.check()
        for pid in own_children():
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not own_children(), seconds=5)
        with pytest.raises(EngineError, match="the local engine ended with exit code"):
            engine.check()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_it_dies_with_its_owner(number: signal.Signals) -> None:
    """However its owner ends, the engine ends and its directory is deleted."""
    with subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as owner:
        assert owner.stdout is not None
        state_dir = Path(owner.stdout.readline().decode().strip())
        started = children(owner.pid)
        assert len(started) >= 2
        owner.send_signal(number)

    wait_until(lambda: not alive(started), seconds=10)
    wait_until(lambda: not state_dir.exists(), seconds=5)


def test_hostile_settings_do_not_disturb_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Other certificates, a profile, endpoints and a proxy don't affect engine, admin client and clients."""
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text("[[[broken")
    for name in ("AWS_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "OPENSSL_CONF"):
        monkeypatch.setenv(name, "/nonexistent")
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_APPSTREAM"):
        monkeypatch.setenv(name, "http://10.255.255.1:9")
    monkeypatch.setenv("AWS_PROFILE", "nosuch")
    monkeypatch.setenv("HOME", str(tmp_path))
    client = "import boto3; print(boto3.client('appstream').describe_image_builders()['ImageBuilders'][0]['State'])"

    with Engine() as engine:
        engine.admin.put_image_builder("builder")
        answer = subprocess.check_output([sys.executable, "-c", client], env=engine.environment, text=True)

    assert "STOPPED\n" == answer
    assert [tmp_path / ".aws"] == list(tmp_path.iterdir())


@pytest.mark.parametrize("supervisor_killed", [False, True])
def test_a_stubborn_command_is_ended(
    own_children: Callable[[], set[int]], tmp_path: Path, *, supervisor_killed: bool
) -> None:
    """A command and its children that ignore SIGTERM end with `stop`, even without the supervisor."""
    command = SupervisedProcess(
        ["sh", "-c", STUBBORN], environment=os.environ, output=subprocess.DEVNULL, cwd=tmp_path, grace=0.1
    )
    wait_until(lambda: len(own_children()) == 4, seconds=5)
    started = own_children()
    if supervisor_killed:
        os.kill(max(started, key=lambda pid: len(children(pid))), signal.SIGKILL)
    command.stop()
    command.stop()

    wait_until(lambda: not alive(started), seconds=5)
