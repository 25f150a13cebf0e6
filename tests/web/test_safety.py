"""Who is let in, and what is refused before it is looked at."""

import asyncio
import json
import socket
from collections.abc import Callable, Iterator

import httpx
import pytest

from topolens.explorer.listening import Listening
from topolens.explorer.safety import MOST_BYTES, Guard

Opened = Callable[[Listening], httpx.Client]


@pytest.fixture
def stranger(idle: Listening) -> Iterator[httpx.Client]:
    """A browser without the token."""
    with httpx.Client(base_url=f"http://127.0.0.1:{idle.port}") as client:
        yield client


def raw(server: Listening, request: str) -> int:
    """Status of a request sent as it is written, which no client would send."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as line:
        line.sendall(request.encode("latin-1"))
        return int(line.recv(4096).split()[1])


@pytest.mark.parametrize("path", ["/", "/api/run", "/app.js", "/api/groups", "/api/export/page", "/nothing"])
def test_nothing_is_told_without_the_token(stranger: httpx.Client, path: str) -> None:
    answer = stranger.get(path)
    assert answer.status_code == 401
    assert "digits" not in answer.text
    assert "token" in answer.json()["error"]


def test_a_wrong_token_opens_nothing(stranger: httpx.Client, idle: Listening) -> None:
    for wrong in ("", "x", idle.token[:-1], idle.token + "x", idle.token.swapcase()):
        answer = stranger.get("/", params={"token": wrong})
        assert answer.status_code == 401
        assert "set-cookie" not in answer.headers
        assert stranger.get("/api/run", headers={"Authorization": f"Bearer {wrong}".strip()}).status_code == 401
        assert stranger.get("/api/run", headers={"Cookie": f"topolens_{idle.port}={wrong}"}).status_code == 401
    assert stranger.get("/api/run", params={"token": idle.token}).status_code == 401  # only the address opens


def test_the_printed_address_gives_a_cookie_that_scripts_cannot_read(stranger: httpx.Client, idle: Listening) -> None:
    answer = stranger.get(idle.url)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/"
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert stranger.get("/api/run").json()["name"] == "digits"


def test_a_bearer_may_ask_without_a_cookie(stranger: httpx.Client, idle: Listening) -> None:
    assert stranger.get("/api/run", headers={"Authorization": f"Bearer {idle.token}"}).status_code == 200


def test_whoever_comes_from_another_page_gets_a_step_of_our_own(stranger: httpx.Client, idle: Listening) -> None:
    """A browser keeps a strict cookie back on a redirect that another page began."""
    answer = stranger.get(idle.url, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 200
    assert 'content="0; url=/"' in answer.text
    assert idle.token not in answer.text


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "[::1]:{port}", ""]
)
def test_a_name_that_was_bound_to_this_machine_is_refused(client_of: Opened, idle: Listening, host: str) -> None:
    client = client_of(idle)
    answer = client.get("/api/run", headers={"Host": host.format(port=idle.port)})
    assert answer.status_code in (400, 403)
    assert "digits" not in answer.text
    assert client.get("/api/run", headers={"Host": f"localhost:{idle.port}"}).status_code == 200


def test_two_hosts_are_one_too_many(idle: Listening) -> None:
    head = f"GET /api/run HTTP/1.1\r\nAuthorization: Bearer {idle.token}\r\nConnection: close\r\n"
    own = f"Host: 127.0.0.1:{idle.port}\r\n"
    assert raw(idle, f"{head}{own}\r\n") == 200
    assert raw(idle, f"{head}{own}Host: evil.example\r\n\r\n") in (400, 403)


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1", "https://127.0.0.1:{port}"])
def test_other_pages_may_neither_ask_nor_change(client_of: Opened, idle: Listening, origin: str) -> None:
    client, foreign = client_of(idle), {"Origin": origin.format(port=idle.port)}
    before = client.get("/api/groups").json()
    group = [{"name": "stolen", "space": "samples", "rows": [1]}]
    answers = [
        client.get("/api/run", headers=foreign),
        client.put("/api/groups", json=group, headers=foreign),
        client.post("/api/graphs", json={}, headers=foreign),
        client.delete("/api/jobs/j1", headers=foreign),
    ]
    assert [answer.status_code for answer in answers] == [403] * 4
    assert "access-control-allow-origin" not in {name.lower() for answer in answers for name in answer.headers}
    assert client.get("/api/groups").json() == before
    assert client.get("/api/run", headers={"Origin": f"http://127.0.0.1:{idle.port}"}).status_code == 200


def test_a_body_that_is_too_large_is_refused(client_of: Opened, idle: Listening) -> None:
    client = client_of(idle)
    before = client.get("/api/groups").json()
    head = (
        f"PUT /api/groups HTTP/1.1\r\nHost: 127.0.0.1:{idle.port}\r\nAuthorization: Bearer {idle.token}\r\n"
        "Content-Type: application/json\r\n"
    )
    assert raw(idle, f"{head}Content-Length: {MOST_BYTES + 1}\r\n\r\n") == 413  # before a byte of it is read
    assert raw(idle, f"{head}Content-Length: -5\r\n\r\n") in (400, 413)

    def parts() -> Iterator[bytes]:
        yield b"["
        for _ in range(MOST_BYTES // 2**20 + 1):
            yield b" " * 2**20
        yield b"]"

    assert client.put("/api/groups", content=parts(), headers={"Content-Type": "application/json"}).status_code == 413
    assert client.get("/api/groups").json() == before


@pytest.mark.parametrize(
    "path",
    [
        "/../run.json", "/..%2frun.json", "/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd", "/./../secret.txt",
        "/api/graphs/..%2frun", "/api/graphs/..%2f..%2fsecret", "/api/grid/%2e%2e%2frun", "/api/tiles/..%2f/0.png",
        "/api/tiles/samples/..%2f..%2fsecret.png", "/api/tiles/samples/-1.png", "/api/columns/samples/..%2f..%2frun",
        "/api/columns/..%2f..%2f/label", "/api/diagrams/..%2f..%2frun", "/api/graphs/%00", "/app.js%00.html",
        "/api/jobs/..%2f..%2frun/events", "/api/diagrams/l0?checkpoint=..%2f..%2frun",
    ],
)  # fmt: skip
def test_no_address_leads_out_of_what_the_run_lists(idle: Listening, path: str) -> None:
    (idle.run.folder.parent / "secret.txt").write_text("secret")
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{idle.port}\r\nAuthorization: Bearer {idle.token}\r\n"
    assert raw(idle, f"{request}Connection: close\r\n\r\n") in (400, 404)


def test_every_answer_carries_the_policy(client_of: Opened, idle: Listening) -> None:
    client = client_of(idle)
    for path in ("/", "/api/run", "/app.js", "/api/none", "/api/tiles/samples/0.png"):
        answer = client.get(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "http" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"


def test_pages_that_load_scripts_from_elsewhere_are_off(client_of: Opened, idle: Listening) -> None:
    client = client_of(idle)
    assert [client.get(path).status_code for path in ("/docs", "/redoc", "/openapi.json")] == [404] * 3


def test_sockets_are_refused() -> None:
    said = []

    async def app(scope: dict, receive: object, send: object) -> None:
        said.append("let in")

    async def send(message: dict) -> None:
        said.append(message["type"])

    asyncio.run(Guard(app, "t", 1)({"type": "websocket", "headers": []}, None, send))
    assert said == ["websocket.close"]


def test_what_is_no_json_is_refused_in_one_sentence(client_of: Opened, idle: Listening) -> None:
    client = client_of(idle)
    for content in (b"{", b"[1", b"nothing", b'"text"', b"\xff\xfe"):
        answer = client.post("/api/graphs", content=content, headers={"Content-Type": "application/json"})
        assert answer.status_code == 400
        assert len(json.loads(answer.text)["error"]) > 10


def test_a_fault_of_ours_is_one_sentence_with_the_policy(
    client_of: Opened, idle: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*given: object) -> None:
        raise KeyError("secret/path")

    monkeypatch.setattr("topolens.explorer.server.estimate", broken)
    answer = client_of(idle).post("/api/graphs/estimate", json={})
    assert answer.status_code == 500
    assert "this is a fault of topolens" in answer.json()["error"]
    assert "Traceback" not in answer.text
    assert "content-security-policy" in answer.headers
