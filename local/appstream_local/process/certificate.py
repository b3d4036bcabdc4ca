"""Makes the certificate the engine serves with; knows nothing of the engine."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

# Long enough for an engine left running over a holiday, too short to be worth stealing.
_DAYS = "14"

# A file instead of -addext: the openssl of macOS (LibreSSL) reads the same lines. Not a CA, so
# that trusting it vouches for this one key and for nothing that could be signed with it.
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


class CertificateError(Exception):
    """The certificate could not be made; the text is one line for a person."""


def make_certificate(directory: Path, *, environment: Mapping[str, str]) -> tuple[Path, Path]:
    """Write a self-signed certificate for localhost and its key, and return their paths.

    Raises:
        CertificateError: openssl is missing, or refuses.
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
        raise CertificateError(
            "openssl is not on the PATH: install it (Debian and Ubuntu: apt-get install openssl)"
        ) from None
    except subprocess.TimeoutExpired:
        raise CertificateError("openssl did not make a certificate within a minute") from None
    except subprocess.CalledProcessError as error:
        lines = error.stderr.strip().splitlines() or [f"exit code {error.returncode}"]
        raise CertificateError(f"openssl made no certificate: {lines[-1]}") from None
    key.chmod(0o600)
    return certificate, key
