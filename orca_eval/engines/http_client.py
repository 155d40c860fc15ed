"""A server over HTTP: many requests at once, bounded in time and size, every fault in a few words.

aiohttp and not httpx, whose pool looks through all its connections for every request: what one
costs must not grow with how many are under way (bench/endpoint_concurrency.py).
"""

import json
import os
import ssl
import urllib.request
from collections.abc import Mapping
from errno import ECONNREFUSED, EHOSTUNREACH, ENETUNREACH
from ipaddress import ip_address
from typing import Any, NamedTuple
from urllib.parse import urljoin, urlsplit

import certifi

from orca_eval.errors import InputError
from orca_eval.safe_text import shorten, terminal

try:
    import aiohttp
except OSError as error:  # it makes an SSL context, which opens this file
    name = f"SSLKEYLOGFILE={os.environ.get('SSLKEYLOGFILE')}"
    raise InputError(f"{name} in the environment can't be written: {error.strerror}") from error

CONNECT_SECONDS = 10.0
MOST_BYTES = 8 << 20
"""Of a reply's body, unpacked; a thousand times an ordinary answer."""


REDIRECTED = frozenset({301, 302, 303, 307, 308})
OF_THE_SERVER = frozenset({ECONNREFUSED, EHOSTUNREACH, ENETUNREACH})
"""Faults of a connection that no other request will be spared."""


class Reply(NamedTuple):
    """A server's answer with its body whole."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class NoReplyError(Exception):
    """No whole answer came: in a few words, why, and whether another try may bring one.

    `begun`: the answer had begun. `gone`: there is no server, whatever is asked.
    """

    def __init__(
        self, why: str, *, transient: bool = True, begun: bool = False, gone: bool = False
    ) -> None:
        super().__init__(why)
        self.transient, self.begun, self.gone = transient, begun, gone


class HttpClient:
    """Connections to one server, for one event loop; `headers` and `query` go with every request.

    Raises:
        InputError: the environment names a proxy of a kind that is not supported, or certificates
            that can't be read.
    """

    def __init__(
        self,
        base_url: str,
        headers: Mapping[str, str],
        query: Mapping[str, str],
        seconds: float,
        connections: int = 1,
    ) -> None:
        self._base_url, self._headers, self._query = base_url, headers, query
        self._seconds = seconds
        self._proxy = _proxy(base_url)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=connections, ssl=_certificates(base_url)),
            timeout=aiohttp.ClientTimeout(total=seconds, sock_connect=CONNECT_SECONDS),
            max_line_size=1 << 16,
            max_field_size=1 << 16,
        )

    async def request(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Reply:
        """The reply to a GET, or to a POST of a JSON body, of `path` below the base address.

        Raises:
            NoReplyError: the connection, the time or the body's coding failed, or it has no end.
        """
        data = None if body is None else json.dumps(body).encode()
        headers = {} if data is None else {"Content-Type": "application/json"}
        begun = False
        try:
            async with self._session.request(
                method,
                self._base_url + path,
                params=dict(self._query),
                data=data,
                headers={**headers, **self._headers},
                proxy=self._proxy,
                allow_redirects=False,  # the key is for this server alone
            ) as response:
                begun = True
                content = await _body(response)
                return Reply(response.status, response.headers, content)
        except NoReplyError:
            raise
        except TimeoutError:
            what = "no whole answer" if begun else "no answer"
            why = f"{what} within {self._seconds:g} s"
            raise NoReplyError(why + self._through(), begun=begun) from None
        except Exception as error:  # of connections, codings, compression: all of them are faults
            number, why = _reason(error)
            gone = number in OF_THE_SERVER or isinstance(error, aiohttp.ClientConnectorDNSError)
            raise NoReplyError(why + self._through(), begun=begun, gone=gone) from None

    async def close(self) -> None:
        """Closes the connections."""
        await self._session.close()

    def _through(self) -> str:
        """Names the proxy, whose fault it may be."""
        if self._proxy is None:
            return ""
        proxy, host = urlsplit(self._proxy), urlsplit(self._base_url).hostname
        place = f"{proxy.scheme}://{proxy.netloc.rpartition('@')[2]}"
        return f" (through the environment's proxy {place}; NO_PROXY={host} leaves it out)"


def redirected_to(reply: Reply, base_url: str, path: str) -> str | None:
    """The base address to which a server sends its requests; None where it says none."""
    location = reply.headers.get("Location")
    if reply.status not in REDIRECTED or not location:
        return None
    try:
        to = urlsplit(urljoin(base_url + path, location))
        place = f"{to.scheme}://{to.netloc.rpartition('@')[2]}{to.path}"
    except ValueError:
        return None
    return shorten(terminal(place.rstrip("/").removesuffix(path)), 200)


async def _body(response: aiohttp.ClientResponse) -> bytes:
    parts, size = [], 0
    async for part in response.content.iter_any():
        size += len(part)
        if size > MOST_BYTES:
            said = f"HTTP {response.status} with a body of over {MOST_BYTES:,} bytes"
            raise NoReplyError(said, transient=False)
        parts.append(part)
    return b"".join(parts)


def _certificates(base_url: str) -> ssl.SSLContext:
    """Those of the machine, and certifi's for machines that have none."""
    missing = {
        name: path
        for name, is_there in (("SSL_CERT_FILE", os.path.isfile), ("SSL_CERT_DIR", os.path.isdir))
        if (path := os.environ.get(name)) and not is_there(path)
    }
    if missing and urlsplit(base_url).scheme == "https":  # OpenSSL says nothing of it
        name, path = next(iter(missing.items()))
        raise InputError(f"{name}={path} in the environment: there is no such place; correct it")
    certificates = ssl.create_default_context()
    certificates.load_verify_locations(certifi.where())
    return certificates


def _proxy(base_url: str) -> str | None:
    """The environment's proxy for the address; a server on this machine needs none."""
    address = urlsplit(base_url)
    host = address.hostname or ""
    if _is_loopback(host) or urllib.request.proxy_bypass(host):
        return None
    proxies = urllib.request.getproxies()
    proxy = proxies.get(address.scheme) or proxies.get("all")
    if not proxy:
        return None
    if "://" not in proxy:
        proxy = f"http://{proxy}"
    try:
        kind, named = urlsplit(proxy).scheme or "without a scheme", urlsplit(proxy).hostname
    except ValueError:
        kind, named = "no URL", None
    if kind not in ("http", "https") or not named:
        raise InputError(
            f"engine.base_url={base_url}: the environment's proxy is of a kind that is not "
            f"supported ({kind}); name an http one, or leave the host out with NO_PROXY={host}"
        )
    return proxy


def _is_loopback(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback or address.is_unspecified


def _reason(error: BaseException) -> tuple[int | None, str]:
    """A fault's number and its few words: the operating system's where it is behind it."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror and cause.errno:
            refused = cause.errno == ECONNREFUSED
            return cause.errno, "connection refused" if refused else cause.strerror
        cause = cause.__cause__ or cause.__context__
    # The text of this kind has a status that no server sent, and the address with its query.
    said = error.message if isinstance(error, aiohttp.ClientResponseError) else str(error)
    return None, " ".join(said.split())[:200] or type(error).__name__
