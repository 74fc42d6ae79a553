"""What only a socket can do wrong: sizes that lie, chunks that are none, a line that goes dead."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from canheal_chassis.resources import running
from canheal_ingest.main import opened
from canheal_ingest.settings import Settings
from canheal_process.http import serve
from ingest_door import Door
from ingest_said import document, file, whole
from test_bad_input import ROWS, durable

pytestmark = [pytest.mark.stack, pytest.mark.asyncio(loop_scope="module")]

BODY = whole(document(), file()).pieces[0]
HEAD = "POST /v1/samples HTTP/1.1\r\nHost: ingest\r\nContent-Type: multipart/form-data; boundary=frontier\r\n"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def port(door_settings: Settings) -> AsyncIterator[int]:
    """Ingest behind a real HTTP server."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number: int = free.getsockname()[1]
    settings = door_settings.model_copy(update={"upload_idle_seconds": 1.0, "instance_id": "ingest-tcp"})
    async with opened(settings) as (app, _), running(serve(app, "127.0.0.1", number)):
        for _ in range(200):
            if b" 200 " in await _asked(
                number, b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
            ):
                break
            await asyncio.sleep(0.1)
        yield number


async def _asked(port: int, data: bytes, *, hang_up: bool = False) -> bytes:
    """What comes back until the server closes; nothing where nobody listens yet."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except ConnectionRefusedError:
        return b""
    writer.write(data)
    await writer.drain()
    if hang_up:
        writer.close()
        return b""
    answer = await asyncio.wait_for(reader.read(), 20)
    writer.close()
    return answer


def _request(*headers: str, body: bytes = BODY) -> bytes:
    return (
        HEAD + "".join(f"{line}\r\n" for line in (*headers, "Connection: close")) + "\r\n"
    ).encode() + body


def _says(attack: str, answer: bytes) -> None:
    row = ROWS["http", attack]
    assert answer.startswith(f"HTTP/1.1 {row.status} ".encode()), answer[:300]
    assert row.slug.encode() in answer


async def test_a_well_formed_request_passes_here_too(port: int) -> None:
    answer = await _asked(port, _request(f"Content-Length: {len(BODY)}"))
    assert answer.startswith(b"HTTP/1.1 202 "), answer


async def test_a_body_that_stops_is_answered_408_and_the_connection_closed(port: int) -> None:
    _says("stalled", await _asked(port, _request(f"Content-Length: {len(BODY) + 9}")))
    _says("stalled", await _asked(port, _request("Transfer-Encoding: chunked", body=b"5\r\n--fro\r\n")))


async def test_a_length_that_lies_or_chunks_that_are_none_are_refused(port: int) -> None:
    _says("content-length-too-short", await _asked(port, _request(f"Content-Length: {len(BODY) - 40}")))
    twice = _request(f"Content-Length: {len(BODY)}", "Content-Length: 5")
    _says("content-length-twice", await _asked(port, twice))
    both = _request(f"Content-Length: {len(BODY)}", "Transfer-Encoding: chunked")
    _says("content-length-and-chunks", await _asked(port, both))
    words = _request("Transfer-Encoding: chunked", body=b"many\r\n" + BODY)
    _says("chunk-size-of-words", await _asked(port, words))


async def test_a_line_that_goes_dead_leaves_nothing(port: int, door: Door) -> None:
    before = await durable(door)
    await _asked(port, _request(f"Content-Length: {10 * len(BODY)}"), hang_up=True)
    await asyncio.sleep(0.5)
    assert (await durable(door), door.scratch) == (before, [])
