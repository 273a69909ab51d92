"""A line that is longer than it looks: passes bytes on to another port, each direction late by half a round trip.

`python -m benchmarks.delay_proxy --to 127.0.0.1:2525 --ms 20` prints {"port": n} and serves until SIGTERM.
It delays and does not limit: as many bytes may be under way as the two ends care to send.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from benchmarks.engines.environment import PROJECT

_PIECE = 64 * 1024  # bytes read at once
_UNDER_WAY = 1024  # pieces in one direction; more would only fill the memory when one end stops reading


class DelayProxy:
    """Serve on some port of the loopback interface; `seconds` is the round trip that is added."""

    def __init__(self, host: str, port: int, seconds: float) -> None:
        self._to = (host, port)
        self._late = seconds / 2
        self._stop = asyncio.Event()
        self._lines: set[asyncio.Task[None]] = set()

    async def serve(self, when_ready: Callable[[int], None]) -> None:
        """Serve until `stop`; `when_ready` hears the port."""
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=_PIECE)
        when_ready(server.sockets[0].getsockname()[1])
        await self._stop.wait()
        server.close()
        for line in self._lines:
            line.cancel()
        await asyncio.gather(*self._lines, return_exceptions=True)

    def stop(self) -> None:
        """Let `serve` end; to be called from its own thread."""
        self._stop.set()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._lines.add(task)
        try:
            far_reader, far_writer = await asyncio.open_connection(*self._to, limit=_PIECE)
            try:
                await asyncio.gather(self._carry(reader, far_writer), self._carry(far_reader, writer))
            finally:
                far_writer.transport.abort()
        except (OSError, asyncio.CancelledError):
            pass  # an end has gone, or we are being stopped
        finally:
            self._lines.discard(task)
            writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_UNDER_WAY)
        async with asyncio.TaskGroup() as both:
            both.create_task(self._take(reader, under_way))
            both.create_task(self._deliver(under_way, writer))

    async def _take(
        self, reader: asyncio.StreamReader, under_way: asyncio.Queue[tuple[float, bytes]]
    ) -> None:
        data = b"?"
        while data:
            try:
                data = await reader.read(_PIECE)
            except ConnectionError:
                data = b""
            await under_way.put((asyncio.get_running_loop().time() + self._late, data))

    async def _deliver(
        self, under_way: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter
    ) -> None:
        while True:
            due, data = await under_way.get()
            await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))
            if not data:
                with suppress(OSError):  # it has gone already
                    writer.write_eof()
                return
            writer.write(data)
            await writer.drain()


@contextmanager
def delayed(port: int, round_trip_ms: float) -> Iterator[int]:
    """Put a proxy of its own process before a port of this machine; yield the port at which it is far away."""
    words = ("--to", f"127.0.0.1:{port}", "--ms", str(round_trip_ms))
    command = [sys.executable, "-m", "benchmarks.delay_proxy", *words]
    process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield int(json.loads(process.stdout.readline())["port"])
    finally:
        process.terminate()
        process.communicate()


async def _serve_alone(host: str, port: int, seconds: float) -> None:
    proxy = DelayProxy(host, port, seconds)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, proxy.stop)
    await proxy.serve(lambda port: print(json.dumps({"port": port}), flush=True))


def main() -> None:
    """Serve as a process of its own until SIGTERM."""
    options = argparse.ArgumentParser(prog="delay_proxy")
    options.add_argument("--to", required=True, metavar="HOST:PORT")
    options.add_argument("--ms", type=float, required=True, help="round trip that is added")
    chosen = options.parse_args()
    host, _, port = chosen.to.rpartition(":")
    asyncio.run(_serve_alone(host, int(port), chosen.ms / 1000))


if __name__ == "__main__":
    main()
