"""The certificates that this machine trusts: read once, at the first encrypted connection.

A variable that names certificates which cannot be read is a fault of the configuration, and is named.
"""

import os
import ssl
import threading
from functools import cache
from typing import Any

import httpx2

from chatmgr.domain.errors import ConfigurationFault

_lock = threading.Lock()


class LazyContext(ssl.SSLContext):
    """Stands for the context with this machine's certificates, which is made at the first handshake.

    What is not passed on stays as strict as can be: this context itself trusts no certificate at all.
    """

    def set_alpn_protocols(self, alpn_protocols: Any) -> None:
        trusting_context().set_alpn_protocols(alpn_protocols)

    def wrap_socket(self, *args: Any, **options: Any) -> ssl.SSLSocket:
        return trusting_context().wrap_socket(*args, **options)

    def wrap_bio(self, *args: Any, **options: Any) -> ssl.SSLObject:
        return trusting_context().wrap_bio(*args, **options)


def trusting_context() -> ssl.SSLContext:
    """The certificates that this process trusts; two threads may want them at the same time.

    Raises ConfigurationFault, naming the variable, where they cannot be read.
    """
    with _lock:
        try:
            return _read_certificates()
        except OSError as error:  # an ssl.SSLError is one, too
            raise _fault(error) from None


@cache
def _read_certificates() -> ssl.SSLContext:
    return httpx2.create_ssl_context()


def _fault(error: OSError) -> ConfigurationFault:
    log = os.environ.get("SSLKEYLOGFILE", "")
    if log and not _is_writable(log):
        return ConfigurationFault(
            f"SSLKEYLOGFILE names a file that cannot be written: {log}.",
            "Set SSLKEYLOGFILE to a file that you can write, or unset it.",
        )
    reason = "it holds no certificate" if isinstance(error, ssl.SSLError) else str(error.strerror or error)
    for variable in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        if path := os.environ.get(variable):
            return ConfigurationFault(
                f"The certificates of {variable} ({path}) cannot be used: {reason}.",
                f"Set {variable} to a PEM file of certificates, or unset it.",
            )
    return ConfigurationFault(
        f"This machine's certificates cannot be read: {reason}.",
        "Set SSL_CERT_FILE to a PEM file of certificates.",
    )


def _is_writable(path: str) -> bool:
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600))
    except OSError:
        return False
    return True


def trust_hint(reason: str) -> str:
    """What to do about a certificate that a handshake refused; empty for every other error."""
    text = reason.lower().replace("_", " ")
    if "certificate verify failed" not in text:
        return ""
    if "mismatch" in text or "not valid for" in text:
        return "The certificate is for another host: use the name that it is made out to in the address."
    if "expired" in text or "not yet valid" in text:
        return "The certificate's dates are wrong: renew it, or set this machine's clock."
    return "If you know this server, trust it: set SSL_CERT_FILE to a PEM file that holds its authority."
