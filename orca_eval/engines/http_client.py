"""A server over HTTP: many requests at once, bounded in time and size, every fault in a few words.

aiohttp and not httpx, whose pool looks through all its connections for every request: what one
costs must not grow with how many are under way (bench/endpoint_concurrency.py).
"""

import json
import os
import ssl
import urllib.request
from collections.abc import Mapping
from errno import ECONNREFUSED
from ipaddress import ip_address
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import certifi

from orca_eval.engines.api_key import ApiKey
from orca_eval.errors import InputError

try:
    import aiohttp
except OSError as error:  # it makes an SSL context, which opens this file
    name = f"SSLKEYLOGFILE={os.environ.get('SSLKEYLOGFILE')}"
    raise InputError(f"{name} in the environment can't be written: {error.strerror}") from error

CONNECT_SECONDS = 10.0
MOST_BYTES = 8 << 20
"""Of a reply's body, unpacked; a thousand times an ordinary answer."""


class Reply(NamedTuple):
    """A server's answer with its body whole."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class NoReplyError(Exception):
    """No whole answer came: in a few words, why, and whether another try may bring one."""

    def __init__(self, why: str, *, transient: bool = True) -> None:
        super().__init__(why)
        self.transient = transient


class HttpClient:
    """Connections to one server, for one event loop.

    Raises:
        InputError: the proxy that the environment names is of a kind that is not supported.
    """

    def __init__(self, base_url: str, key: ApiKey, seconds: float, connections: int = 1) -> None:
        self._base_url = base_url
        self._key = key
        self._proxy = _proxy(base_url)
        certificates = ssl.create_default_context()
        certificates.load_verify_locations(certifi.where())  # for machines that have none
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=connections, ssl=certificates),
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
        if self._key.value is not None:
            headers["Authorization"] = f"Bearer {self._key.value}"
        try:
            async with self._session.request(
                method,
                self._base_url + path,
                data=data,
                headers=headers,
                proxy=self._proxy,
                allow_redirects=False,  # the key is for this server alone
            ) as response:
                content = await _body(response)
                return Reply(response.status, response.headers, content)
        except NoReplyError:
            raise
        except Exception as error:  # of connections, codings, compression: all of them are faults
            raise NoReplyError(_reason(error)) from None

    async def close(self) -> None:
        """Closes the connections."""
        await self._session.close()


async def _body(response: aiohttp.ClientResponse) -> bytes:
    parts, size = [], 0
    async for part in response.content.iter_any():
        size += len(part)
        if size > MOST_BYTES:
            said = f"HTTP {response.status} with a body of over {MOST_BYTES:,} bytes"
            raise NoReplyError(said, transient=False)
        parts.append(part)
    return b"".join(parts)


def _proxy(base_url: str) -> str | None:
    """The environment's proxy for the address; a server on this machine needs none."""
    address = urlsplit(base_url)
    host = address.hostname or ""
    if _is_loopback(host) or urllib.request.proxy_bypass(host):
        return None
    proxies = urllib.request.getproxies()
    proxy = proxies.get(address.scheme) or proxies.get("all")
    if proxy is not None and "://" not in proxy:
        proxy = f"http://{proxy}"
    if proxy is not None and urlsplit(proxy).scheme not in ("http", "https"):
        kind = urlsplit(proxy).scheme or "without a scheme"
        raise InputError(
            f"engine.base_url={base_url}: the environment's proxy is of a kind that is not "
            f"supported ({kind}); name an http one, or leave the host out with NO_PROXY={host}"
        )
    return proxy


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _reason(error: BaseException) -> str:
    """A fault in a few words: the operating system's where it is behind it."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror and cause.errno:
            return "connection refused" if cause.errno == ECONNREFUSED else cause.strerror
        cause = cause.__cause__ or cause.__context__
    return " ".join(str(error).split())[:200] or type(error).__name__
