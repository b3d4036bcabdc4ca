"""Makes the engine's TLS certificate."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

from .errors import EngineError

# Long enough for an engine that runs over a holiday, too short to be worth stealing.
_DAYS = "14"

# A file instead of -addext, because LibreSSL, the openssl of macOS, reads it, too. The certificate
# isn't a CA, so whoever trusts it trusts this key only, and nothing signed with it.
_REQUEST = """\
[req]
distinguished_name = subject
x509_extensions = extensions
prompt = no
[subject]
CN = appstream-local
[extensions]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature, keyEncipherment
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
subjectAltName = DNS:localhost, IP:127.0.0.1
"""


def make_certificate(directory: Path, *, environment: Mapping[str, str]) -> tuple[Path, Path]:
    """Write a self-signed certificate for localhost and its key, and return their paths.

    Raises:
        EngineError: openssl is missing or fails.
    """
    certificate, key, request = (directory / name for name in ("certificate.pem", "key.pem", "request.cnf"))
    request.write_text(_REQUEST)
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-sha256"]
    command += ["-days", _DAYS, "-config", str(request)]
    command += ["-keyout", str(key), "-out", str(certificate)]
    try:
        subprocess.run(
            command,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
            text=True,
            timeout=60,
        )
    except FileNotFoundError:
        raise EngineError(
            "openssl is not on the PATH: install it (Debian and Ubuntu: apt-get install openssl)"
        ) from None
    except subprocess.TimeoutExpired:
        raise EngineError("openssl made no certificate within a minute") from None
    except subprocess.CalledProcessError as error:
        lines = error.stderr.strip().splitlines() or [f"exit code {error.returncode}"]
        raise EngineError(f"openssl made no certificate: {lines[-1]}") from None
    key.chmod(0o600)
    return certificate, key
