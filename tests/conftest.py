"""Keeps whoever runs the tests out of them: their AWS configuration, certificates and proxies."""

import os
from collections.abc import Iterator

import pytest

_PERSONAL = (
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "NODE_OPTIONS",
)
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True, scope="session")
def _nobodys_machine() -> Iterator[None]:
    """Hide what the machine's user has set, for all tests, and point AWS's files to nothing."""
    personal = [*_PERSONAL, *_PROXIES, *(name.lower() for name in _PROXIES)]
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name in personal or name.startswith(("AWS_", "CDK_", "JSII_")):
                patch.delenv(name)
        for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            patch.setenv(name, os.devnull)
        yield
