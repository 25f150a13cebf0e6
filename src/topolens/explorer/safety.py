"""Who may talk to the server: the browser of the person who started it, and nobody else."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs

from starlette.exceptions import HTTPException

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

MOST_BYTES = 16 * 2**20
HOSTS = ("127.0.0.1", "localhost")
HEADERS = {
    # Svelte sets style attributes, which run nothing; scripts and style sheets are our own files alone.
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; "
        "img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cache-control": "no-store",
}
# A browser that was sent here by another page keeps the new cookie back along redirects, but not on a step of our own.
ENTER = b'<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0; url=/"><title>topolens</title>'


class Guard:
    """Refuses what does not come from the own page, before anything is looked at.

    Args:
        app: What is guarded.
        token: Secret that opens.
        port: The server's own.
    """

    def __init__(self, app: Any, token: str, port: int) -> None:
        self.app, self.token, self.cookie = app, token, f"topolens_{port}"
        self.hosts = {f"{host}:{port}" for host in HOSTS} | (set(HOSTS) if port == 80 else set())
        self.origins = {f"http://{host}" for host in self.hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        headers = _headers(scope)
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await _answer(send, *refusal)
        elif scope["path"] == "/" and self._opens(parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])):
            await self._enter(headers, send)
        else:
            await self.app(scope, _Limited(receive), _with_headers(send))

    def _refusal(self, scope: Scope, headers: dict[str, list[str]]) -> tuple[int, str] | None:
        """Status and sentence, where the request is refused."""
        if len(headers.get("host", [])) != 1 or headers["host"][0].lower() not in self.hosts:
            return (
                403,
                "the host must be 127.0.0.1 or localhost with the port of this server",
            )
        if any(origin not in self.origins for origin in headers.get("origin", [])):
            return 403, "requests of other pages are refused; open the address that topolens explore printed"
        length = headers.get("content-length", ["0"])[-1]
        if not length.isdecimal() or int(length) > MOST_BYTES:
            return 413, _TOO_LARGE
        if scope["path"] == "/" and "token=" in scope["query_string"].decode("latin-1"):
            given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])
            return None if self._opens(given) else (401, _NO_TOKEN)
        return None if self._known(headers) else (401, _NO_TOKEN)

    def _opens(self, given: list[str]) -> bool:
        return any(secrets.compare_digest(each.encode(), self.token.encode()) for each in given)

    def _known(self, headers: dict[str, list[str]]) -> bool:
        bearer = [value[7:] for value in headers.get("authorization", []) if value[:7].lower() == "bearer "]
        return self._opens(bearer) or self._opens(self._cookies(headers))

    def _cookies(self, headers: dict[str, list[str]]) -> list[str]:
        found = []
        for value in headers.get("cookie", []):
            for part in value.split(";"):  # one by one: a foreign cookie of a strange form hides no other
                try:
                    cookie = SimpleCookie(part)
                except CookieError:
                    continue
                found += [cookie[self.cookie].value] if self.cookie in cookie else []
        return found

    async def _enter(self, headers: dict[str, list[str]], send: Send) -> None:
        """The cookie, and the way to the page, on which the token no longer stands in the address."""
        cookie = f"{self.cookie}={self.token}; HttpOnly; SameSite=Strict; Path=/"
        foreign = headers.get("sec-fetch-site", ["none"])[0] not in ("none", "same-origin")
        more = {"set-cookie": cookie} if foreign else {"set-cookie": cookie, "location": "/"}
        await _reply(send, 200 if foreign else 303, "text/html; charset=utf-8", ENTER, more)


_TOO_LARGE = f"a request may hold {MOST_BYTES // 2**20} MB at most"
_NO_TOKEN = "the token is missing or wrong; open the address that topolens explore printed when it started"


class _Limited:
    """A body that ends in an error where it grows too large, whatever its head said."""

    def __init__(self, receive: Receive) -> None:
        self.receive, self.taken = receive, 0

    async def __call__(self) -> MutableMapping[str, Any]:
        message = await self.receive()
        self.taken += len(message.get("body", b""))
        if self.taken > MOST_BYTES:
            raise HTTPException(413, _TOO_LARGE)
        return message


def _headers(scope: Scope) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in scope["headers"]:
        found.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    return found


def _with_headers(send: Send) -> Send:
    async def wrapped(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            own = {name.encode(): value.encode() for name, value in HEADERS.items()}
            kept = [(name, value) for name, value in message.get("headers", []) if name.lower() not in own]
            message = {**message, "headers": [*kept, *own.items()]}
        await send(message)

    return wrapped


async def _answer(send: Send, status: int, sentence: str) -> None:
    import json

    await _reply(send, status, "application/json", json.dumps({"error": sentence}).encode(), {})


async def _reply(send: Send, status: int, kind: str, body: bytes, more: dict[str, str]) -> None:
    headers = {**HEADERS, "content-type": kind, "content-length": str(len(body)), **more}
    lines = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": lines})
    await send({"type": "http.response.body", "body": body})
