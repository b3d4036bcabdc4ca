"""Builds the environment of every child process from an allowlist.

The caller's shell may name a real AWS account, other certificates, a proxy or options for Node.
A child that inherited them could fail because of that machine or, worse, reach that account.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

REGION = "us-east-1"
ACCOUNT = "000000000000"
LOOPBACK = "127.0.0.1"

# Some Python builds can't start without LD_LIBRARY_PATH.
_PASSED = frozenset({"LANG", "TERM", "TZ", "COLUMNS", "USER", "LOGNAME", "LD_LIBRARY_PATH"})

# Nothing listens on the discard port of a development machine, so a request to any other host fails
# immediately, without leaving the machine and without a timeout.
_CLOSED_PROXY = f"http://{LOOPBACK}:9"
_NOT_PROXIED = f"localhost,{LOOPBACK}"


def passes(name: str) -> bool:
    """Return whether a child inherits this variable from the caller's shell."""
    return name in _PASSED or name.startswith("LC_")


def base_environment(*, state_dir: Path, inherited: Mapping[str, str]) -> dict[str, str]:
    """Return what every child gets: its own home directory, and no access to other machines.

    Args:
        state_dir: the engine's directory, which holds home, temporary files and AWS configuration.
        inherited: the environment with the allowed variables, usually `os.environ`.
    """
    environment = {name: value for name, value in inherited.items() if passes(name)}
    # Not resolved: through the link in a virtual environment Python finds its packages.
    interpreter = Path(sys.executable).parent
    environment |= {
        "PATH": os.pathsep.join([str(interpreter), inherited.get("PATH") or os.defpath]),
        "HOME": str(state_dir / "home"),
        "TMPDIR": str(state_dir / "tmp"),
        "AWS_CONFIG_FILE": str(state_dir / "home" / "aws-config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(state_dir / "home" / "aws-credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONUNBUFFERED": "1",
    }
    if sys.prefix != sys.base_prefix and os.access(sys.prefix, os.W_OK):
        # 200 MB that the first synth unpacks, in 12 s of CPU: once for all engines instead of once in each new home.
        environment["JSII_RUNTIME_PACKAGE_CACHE_ROOT"] = str(Path(sys.prefix) / ".cache" / "jsii")
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        environment[name] = environment[name.lower()] = _CLOSED_PROXY
    environment["NO_PROXY"] = environment["no_proxy"] = _NOT_PROXIED
    return environment


def client_environment(base: Mapping[str, str], *, endpoint_url: str, ca_bundle: Path) -> dict[str, str]:
    """Return the environment of a process that uses the engine, such as `cdk` or `aws`."""
    return {
        **base,
        **_trust_and_credentials(ca_bundle),
        "AWS_ENDPOINT_URL": endpoint_url,
        "CDK_DEFAULT_ACCOUNT": ACCOUNT,
        "CDK_DEFAULT_REGION": REGION,
        # Without it the CDK CLI takes its directory from the password file, not from HOME.
        "CDK_HOME": str(Path(base["HOME"]) / ".cdk"),
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "CDK_DISABLE_VERSION_CHECK": "true",
    }


def engine_environment(
    base: Mapping[str, str],
    *,
    state_dir: Path,
    port: int,
    certificate: Path,
    key: Path,
    node_path: Path | None = None,
) -> dict[str, str]:
    """Return the environment of the engine, which its functions inherit.

    AWS_ENDPOINT_URL isn't in it, because the engine sets it for each function.
    """
    return {
        **base,
        **({} if node_path is None else {"NODE_PATH": str(node_path)}),
        "USE_SSL": "1",
        "AUTH": "true",
        "BIND_HOST": LOOPBACK,
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": "localhost",
        "MINISTACK_REGION": REGION,
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_SSL_CERT": str(certificate),
        "MINISTACK_SSL_KEY": str(key),
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LAMBDA_EXECUTOR": "local",
        # The pauses before the two retries of an asynchronous event; in AWS they are 60 s and 120 s.
        "LAMBDA_ASYNC_RETRY_BASE_SECONDS": "1",
        "LAMBDA_ASYNC_RETRY_MAX_SECONDS": "2",
        # Keeps ministack away from Docker: at its start it would remove containers that another
        # engine on this machine may use.
        "DOCKER_HOST": f"unix://{state_dir / 'no-docker.sock'}",
        "STATE_DIR": str(state_dir / "data"),
        "S3_DATA_DIR": str(state_dir / "data" / "s3"),
        # The functions trust only this certificate. Otherwise ministack would add it to the
        # machine's own list, which not every machine has.
        **_trust_and_credentials(certificate),
        "SSL_CERT_FILE": str(certificate),
        "REQUESTS_CA_BUNDLE": str(certificate),
    }


def _trust_and_credentials(certificate: Path) -> dict[str, str]:
    return {
        "AWS_CA_BUNDLE": str(certificate),
        "NODE_EXTRA_CA_CERTS": str(certificate),
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
    }
