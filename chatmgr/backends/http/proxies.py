"""The proxies that the environment names: one for each address, made when it is used.

``HTTP_PROXY``, ``HTTPS_PROXY``, ``ALL_PROXY`` and ``NO_PROXY`` are read by the transport's own rules. But the
transport makes every proxy at once, and fails for one that it would never use. Here only the proxy of the
address in question is made, and what is wrong with it is said with the name of its variable. Its value is
never shown: it may hold a password.
"""

import os
import ssl
from urllib.parse import urlsplit

import httpx2
from httpx2._utils import URLPattern, get_environment_proxies

from chatmgr.domain.errors import ConfigurationFault

_SCHEMES = ("http", "https", "socks5", "socks5h")


def proxy_mounts(url: str, verify: ssl.SSLContext) -> dict[str, httpx2.BaseTransport]:
    """A client's ``mounts`` for the host of an address; empty where its requests go straight.

    Raises ConfigurationFault, naming the variable, for a proxy that cannot be used.
    """
    kind, proxy = _proxy_of(url)
    if not kind:
        return {}
    variable = _variable(kind)
    scheme = proxy.partition("://")[0].lower()
    if scheme not in _SCHEMES:
        raise ConfigurationFault(
            f"{variable} names a proxy of the kind “{scheme[:20]}”, which chatmgr cannot use.",
            f"Set {variable} to an address that begins with http://, https:// or socks5://, or unset it.",
        )
    try:
        transport = httpx2.HTTPTransport(proxy=proxy, verify=verify)
    except ImportError:
        raise ConfigurationFault(
            f"{variable} names a SOCKS proxy, and the package that speaks to one is not installed.",
            f"Type: pip install 'chatmgr[socks]' — or unset {variable}.",
        ) from None
    except (ValueError, httpx2.InvalidURL):
        raise _no_address(variable) from None
    if not urlsplit(proxy).hostname:
        raise _no_address(variable)
    return {"all://": transport}


def proxy_variable(url: str) -> str:
    """The variable whose proxy requests to an address go through; empty where they go straight."""
    kind, _ = _proxy_of(url)
    return _variable(kind) if kind else ""


def _proxy_of(url: str) -> tuple[str, str]:
    """The kind of the proxy of an address (``http``, ``https``, ``all``) and the proxy; else empty."""
    proxies = get_environment_proxies()
    try:
        address = httpx2.URL(url)
        patterns = sorted((URLPattern(pattern), pattern) for pattern in proxies)
    except (ValueError, httpx2.InvalidURL):
        return "", ""
    matching = next((text for pattern, text in patterns if pattern.matches(address)), "")
    proxy = proxies.get(matching)
    return (matching.partition(":")[0], proxy) if proxy else ("", "")


def _variable(kind: str) -> str:
    """The variable as it is spelled in the environment; the lower-case one goes first."""
    for name in (f"{kind}_proxy", f"{kind}_proxy".upper()):
        if os.environ.get(name):
            return name
    return "the system's proxy setting"


def _no_address(variable: str) -> ConfigurationFault:
    return ConfigurationFault(
        f"{variable} is not the address of a proxy.",
        f"Set {variable} to something like http://127.0.0.1:3128, or unset it.",
    )
