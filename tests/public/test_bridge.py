"""Flask behind the bridge, over a real server: bodies, limits, headers."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn

from broadcaster.bridge import Bridge


def echo(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """Tells what arrived."""
    body = environ["wsgi.input"].read()
    seen = {
        key: value for key, value in environ.items() if key.startswith(("HTTP_", "REQUEST", "CONTENT", "PATH", "QUERY"))
    }
    start_response("201 Created", [("Content-Type", "application/json"), ("X-One", "1"), ("Set-Cookie", "a=b")])
    return [json.dumps({**seen, "size": len(body), "start": body[:5].decode()}).encode()]


class Running:
    """A server in a thread."""

    def __init__(self, app: Any) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        options = uvicorn.Config(app, log_level="error", lifespan="off", proxy_headers=False)
        self.server = uvicorn.Server(options)
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self.socket]})
        self.thread.start()

    def close(self) -> None:
        self.server.should_exit = True
        self.thread.join()
        self.socket.close()

    def send(self, *parts: bytes) -> tuple[int, bytes]:
        """Raw bytes out, status and body back."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as made:
            for part in parts:
                made.sendall(part)
            found = b""
            while data := made.recv(65536):
                found += data
        head, _, body = found.partition(b"\r\n\r\n")
        return int(head.split()[1]), body


@pytest.fixture
def bridge() -> Iterator[Running]:
    running = Running(Bridge(echo, largest=1000, seconds=0.5))
    yield running
    running.close()


HEAD = b"POST /hooks/x?a=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"


def test_a_chunked_body_arrives_whole(bridge: Running) -> None:
    status, body = bridge.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n")
    found = json.loads(body)
    assert (status, found["size"], found["CONTENT_LENGTH"]) == (201, 11, "11")
    assert "HTTP_TRANSFER_ENCODING" not in found
    assert (found["PATH_INFO"], found["QUERY_STRING"], found["REQUEST_METHOD"]) == ("/hooks/x", "a=1", "POST")


def test_a_header_with_an_underscore_is_nobodys(bridge: Running) -> None:
    head = HEAD + b"X_Forwarded_For: 6.6.6.6\r\nX-Forwarded-For: 1.1.1.1\r\nContent-Length: 2\r\n\r\nhi"
    assert json.loads(bridge.send(head)[1])["HTTP_X_FORWARDED_FOR"] == "1.1.1.1"


def test_a_body_of_exactly_the_limit_passes_and_one_more_does_not(bridge: Running) -> None:
    assert bridge.send(HEAD + b"Content-Length: 1000\r\n\r\n" + b"x" * 1000)[0] == 201
    assert bridge.send(HEAD + b"Content-Length: 1001\r\n\r\n" + b"x" * 1001)[0] == 413


def test_a_machine_gets_a_problem_document_and_a_person_text(bridge: Running) -> None:
    rest = b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1001\r\n\r\n" + b"x" * 1001
    status, body = bridge.send(b"POST /api/v1/alerts" + rest)
    assert (status, json.loads(body)["status"], json.loads(body)["code"]) == (413, 413, "request_entity_too_large")
    status, body = bridge.send(b"POST /console/login" + rest)
    assert (status, body) == (413, b"A request may hold 1000 bytes at most.")


def test_a_stalled_upload_is_answered_and_blocks_nobody(bridge: Running) -> None:
    stalled = [socket.create_connection(("127.0.0.1", bridge.port), timeout=20) for _ in range(40)]
    for made in stalled:
        made.sendall(HEAD + b"Content-Length: 100\r\n\r\nhalf")
    assert bridge.send(HEAD + b"Content-Length: 2\r\n\r\nhi")[0] == 201
    for made in stalled:
        assert made.recv(1000).split()[1] == b"408"
        made.close()


def test_a_client_that_leaves_in_the_middle_does_no_harm(bridge: Running) -> None:
    with socket.create_connection(("127.0.0.1", bridge.port)) as made:
        made.sendall(HEAD + b"Content-Length: 100\r\n\r\nhalf")
    assert bridge.send(HEAD + b"Content-Length: 2\r\n\r\nhi")[0] == 201


def test_the_answer_ends_an_iterable_that_must_be_closed() -> None:
    closed = []

    class Parts:
        def __iter__(self) -> Iterator[bytes]:
            return iter([b"a", b"b"])

        def close(self) -> None:
            closed.append(True)

    def app(environ: dict[str, Any], start_response: Any) -> Parts:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return Parts()

    running = Running(Bridge(app))  # type: ignore[arg-type]
    try:
        status, body = running.send(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    finally:
        running.close()
    assert (status, body, closed) == (200, b"ab", [True])
