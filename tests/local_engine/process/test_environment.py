"""The environment of child processes: what they inherit, what they don't, and what is set."""

import os
import sys
from pathlib import Path

import pytest

from appstream_local.process.environment import base_environment, client_environment, engine_environment

STATE = Path("/state")
URL = "https://127.0.0.1:4566"
CERTIFICATE = Path("/state/certificate.pem")

DISTURBING = {
    "AWS_PROFILE": "nosuch",
    "AWS_SESSION_TOKEN": "real",
    "AWS_ENDPOINT_URL_S3": "http://10.255.255.1",
    "AWS_USE_FIPS_ENDPOINT": "true",
    "REQUESTS_CA_BUNDLE": "/nonexistent",
    "SSL_CERT_FILE": "/nonexistent",
    "NODE_OPTIONS": "--nosuch",
    "CDK_OUTDIR": "/nonexistent",
    "JSII_NODE": "/nonexistent",
    "PYTHONPATH": "/nonexistent",
    "npm_config_proxy": "http://10.255.255.1:9",
}


def any_base(**inherited: str) -> dict[str, str]:
    """Return any base environment."""
    return base_environment(state_dir=STATE, inherited=inherited)


def any_client(**inherited: str) -> dict[str, str]:
    """Return any client's environment."""
    return client_environment(any_base(**inherited), endpoint_url=URL, ca_bundle=CERTIFICATE)


def any_engine(**inherited: str) -> dict[str, str]:
    """Return any engine's environment."""
    return engine_environment(
        any_base(**inherited), state_dir=STATE, port=4566, certificate=CERTIFICATE, key=Path("/state/key.pem")
    )


@pytest.mark.parametrize("name", sorted(DISTURBING))
def test_other_variables_are_not_inherited(name: str) -> None:
    """A child doesn't see the value in the caller's shell."""
    assert DISTURBING[name] != any_client(**DISTURBING).get(name)
    assert DISTURBING[name] != any_engine(**DISTURBING).get(name)


def test_all_engines_share_what_a_synth_unpacks() -> None:
    """It takes longer than the synth."""
    assert str(Path(sys.prefix) / ".cache" / "jsii") == any_client()["JSII_RUNTIME_PACKAGE_CACHE_ROOT"]


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "ALL_PROXY"])
def test_requests_off_this_machine_are_refused(name: str) -> None:
    """Every proxy is a closed port of this machine."""
    assert "http://127.0.0.1:9" == any_client(**{name: "http://proxy.example:3128"})[name]


def test_requests_to_the_engine_pass_no_proxy() -> None:
    """By both names of loopback."""
    assert "localhost,127.0.0.1" == any_client(NO_PROXY="example.com")["NO_PROXY"]


def test_language_and_terminal_pass() -> None:
    """What changes only how text looks is inherited."""
    passed = {"LANG": "de_DE.UTF-8", "LC_ALL": "C", "TERM": "xterm", "TZ": "UTC", "COLUMNS": "80"}

    assert passed.items() <= any_client(**passed).items()


def test_home_and_aws_configuration_are_the_engines() -> None:
    """The user's home directory isn't read or written."""
    environment = any_client(HOME="/home/user", AWS_CONFIG_FILE="/home/user/.aws/config")

    for name in ("HOME", "TMPDIR", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "CDK_HOME"):
        assert environment[name].startswith("/state/")


def test_this_python_comes_first_on_the_path() -> None:
    """`python` in cdk.json has the packages, even without a PATH."""
    own = str(Path(sys.executable).parent)

    assert [own, "/somewhere"] == any_client(PATH="/somewhere")["PATH"].split(os.pathsep)
    assert own == any_client()["PATH"].split(os.pathsep)[0]


def test_clients_find_the_engine() -> None:
    """By its URL, certificate, credentials and Region."""
    environment = any_client(AWS_REGION="eu-west-1", AWS_CA_BUNDLE="/nonexistent")

    assert URL == environment["AWS_ENDPOINT_URL"]
    assert str(CERTIFICATE) == environment["AWS_CA_BUNDLE"] == environment["NODE_EXTRA_CA_CERTS"]
    assert "us-east-1" == environment["AWS_REGION"] == environment["AWS_DEFAULT_REGION"]


def test_functions_trust_the_engine() -> None:
    """Every variable names its certificate, and the engine sets the endpoint itself."""
    environment = any_engine()

    for name in ("AWS_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
        assert str(CERTIFICATE) == environment[name]
    assert "AWS_ENDPOINT_URL" not in environment


def test_the_engine_stays_away_from_docker() -> None:
    """The containers may be another engine's."""
    assert "unix:///state/no-docker.sock" == any_engine(DOCKER_HOST="tcp://10.255.255.1:1")["DOCKER_HOST"]
