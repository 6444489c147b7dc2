"""Load on an endpoint: wrk for figures, a client of our own where every answer is looked at."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

LUA = """
init = function(args)
  bodies, turn = {}, 0
  local headers = {}
  for line in io.lines(args[1] .. "/headers") do
    local name, value = line:match("^(.-): (.*)$")
    headers[name] = value
  end
  for number = 1, tonumber(args[2]) do
    local file = io.open(args[1] .. "/" .. number, "rb")
    bodies[number] = wrk.format("POST", nil, headers, file:read("*a"))
    file:close()
  end
end
request = function()
  turn = turn % #bodies + 1
  return bodies[turn]
end
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('\\n{"requests": %d, "us": %d, "p50": %d, "p99": %d, "socket": %d, "status": %d}\\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    e.connect + e.read + e.write + e.timeout, e.status))
end
"""


class Load(NamedTuple):
    """Requests a second that were answered with 2xx, milliseconds, and requests that failed."""

    rate: float
    p50: float
    p99: float
    failed: int


class Target(NamedTuple):
    """What is asked: an address, bodies that take turns, headers of each."""

    url: str
    bodies: tuple[bytes, ...]
    headers: dict[str, str]


class Wrk:
    """One run of wrk on one thread; `wait` returns what it measured."""

    def __init__(self, target: Target, connections: int, seconds: float) -> None:
        self._folder = tempfile.TemporaryDirectory()
        folder = Path(self._folder.name)
        (folder / "load.lua").write_text(LUA)
        headers = {"Content-Type": "application/json", **target.headers}
        (folder / "headers").write_text("".join(f"{n}: {v}\n" for n, v in headers.items()))
        for number, body in enumerate(target.bodies, 1):
            (folder / str(number)).write_bytes(body)
        words = [
            "wrk",
            "-t1",
            f"-c{connections}",
            f"-d{max(1, round(seconds))}s",
            "--timeout",
            "30s",
        ]
        words += [
            "-s",
            str(folder / "load.lua"),
            target.url,
            "--",
            str(folder),
            str(len(target.bodies)),
        ]
        self._process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)

    def wait(self) -> Load:
        """Return what was measured; a reply that is no 2xx counts as failed, not as answered."""
        told, _ = self._process.communicate()
        self._folder.cleanup()
        found = json.loads(told.rpartition("\n{")[2].join(("{", "")))
        failed = found["socket"] + found["status"]
        answered = found["requests"] - found["status"]
        return Load(1e6 * answered / found["us"], found["p50"] / 1e3, found["p99"] / 1e3, failed)


def wrk(target: Target, connections: int, seconds: float) -> Load:
    """Ask as fast as so many connections can, each with one request at a time."""
    return Wrk(target, connections, seconds).wait()


class Connection:
    """One HTTP/1.1 connection that stays open."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        self._at, self._headers = urlsplit(url), headers
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(
        self, body: bytes, path: str = "", headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Return the status and the body of a reply; OSError or EOFError if there was none."""
        try:
            return await self._ask(body, path or self._at.path, self._headers | (headers or {}))
        except (OSError, EOFError):
            self.close()
            raise

    async def _ask(self, body: bytes, path: str, headers: dict[str, str]) -> tuple[int, bytes]:
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._at.hostname, self._at.port)
        read, write = self._streams
        lines = {"Host": self._at.netloc, "Content-Type": "application/json", **headers}
        lines["Content-Length"] = str(len(body))
        head = f"POST {path} HTTP/1.1\r\n" + "".join(f"{n}: {v}\r\n" for n, v in lines.items())
        write.write(head.encode() + b"\r\n" + body)
        told = (await read.readuntil(b"\r\n\r\n")).lower()
        length = int(told.partition(b"content-length:")[2].partition(b"\r\n")[0])
        answer = await read.readexactly(length)
        if b"\r\nconnection: close" in told:
            self.close()
        return int(told[9:12]), answer

    def close(self) -> None:
        """Close it; the next question opens it again."""
        if self._streams is not None:
            self._streams[1].close()
        self._streams = None


class Told(NamedTuple):
    """Of a checked load: answers, those that were wrong, requests without an answer, and the longest time without any."""

    answered: int
    wrong: int
    failed: int
    gap: float
    seconds: float


Question = Callable[[int], tuple[bytes, str, dict[str, str], Callable[[int, bytes], bool]]]
"""Number of a request -> its body, path, headers, and what tells whether its reply is right."""


async def _checked(
    url: str, headers: dict[str, str], question: Question, numbers: Iterable[int], connections: int
) -> Told:
    waiting = iter(numbers)
    answered = wrong = failed = 0
    gap, last = 0.0, time.perf_counter()

    async def one() -> None:
        nonlocal answered, wrong, failed, gap, last
        connection = Connection(url, headers)
        for number in waiting:
            body, path, more, right = question(number)
            try:
                status, reply = await connection.ask(body, path, more)
            except (OSError, EOFError):
                failed += 1
                continue
            now = time.perf_counter()
            gap, last = max(gap, now - last), now
            answered += 1
            wrong += not right(status, reply)
        connection.close()

    begun = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(connections)))
    return Told(answered, wrong, failed, gap, time.perf_counter() - begun)


def checked(
    url: str, headers: dict[str, str], question: Question, numbers: Iterable[int], connections: int
) -> Told:
    """Ask so many questions over so many connections and look at every answer."""
    return asyncio.run(_checked(url, headers, question, numbers, connections))


def during(seconds: float) -> Iterator[int]:
    """Yield numbers for so long."""
    end = time.perf_counter() + seconds
    number = 0
    while time.perf_counter() < end:
        yield number
        number += 1


def ask(url: str, headers: dict[str, str], bodies: Sequence[bytes]) -> list[tuple[int, bytes]]:
    """Return the replies to a few questions, one after the other."""

    async def run() -> list[tuple[int, bytes]]:
        connection = Connection(url, headers)
        with contextlib.closing(connection):
            return [await connection.ask(body) for body in bodies]

    return asyncio.run(run())
