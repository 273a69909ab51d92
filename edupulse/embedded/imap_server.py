"""A small but real IMAP server on loopback: one mailbox, into which it puts what it finds in a folder."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
from contextlib import AsyncExitStack
from pathlib import Path

from pymap.backend.dict import Config, DictBackend
from pymap.backend.dict.mailbox import MailboxData
from pymap.imap import IMAPService
from pymap.parsing.message import AppendMessage

from edupulse.clock import now

LOOK_SECONDS = 0.2  # how soon a mail that was put into the folder is in the mailbox

log = logging.getLogger(__name__)


class Server:
    """The mailbox of one user, kept in memory; `folder` holds its mails, so that it survives a restart."""

    def __init__(self, host: str, port: int, user: str, password: str, folder: Path) -> None:
        self._host, self._port, self._user, self._password = host, port, user, password
        self._folder = folder
        self._delivered: set[str] = set()

    async def serve(self, ended: asyncio.Event) -> None:
        """Serve until `ended` is set."""
        self._folder.mkdir(parents=True, exist_ok=True)
        backend, config = await DictBackend.init(self._arguments())
        config.apply_context()
        inbox = await self._inbox(backend, config)
        await self._deliver(inbox)  # before anybody can look
        async with AsyncExitStack() as stack:
            await backend.start(stack)
            await IMAPService(backend, config).start(stack)
            log.info("listening on %s port %s", self._host, self._port)
            while not ended.is_set():
                await self._deliver(inbox)
                await asyncio.sleep(LOOK_SECONDS)

    async def _inbox(self, backend: DictBackend, config: Config) -> MailboxData:
        async with backend.login.demo_user_identity.new_session() as session:
            return await session.mailbox_set.get_mailbox("INBOX")

    async def _deliver(self, inbox: MailboxData) -> None:
        """Put what is new in the folder into the mailbox, in the order of the files' names."""
        for path in sorted(self._folder.glob("*.eml")):
            if path.name not in self._delivered:
                self._delivered.add(path.name)
                await inbox.append(AppendMessage(path.read_bytes(), now(), frozenset()), recent=True)
                log.info("delivered %s", path.name)

    def _arguments(self) -> argparse.Namespace:
        """Return what the server's own command line would have said: loopback, no TLS, this user, nothing else."""
        return argparse.Namespace(
            host=self._host, port=self._port, debug=False, cert=None, key=None, tls=False, passlib_cfg=None,
            inherited_sockets=None, proxy_protocol=None, demo_data=False, demo_user=self._user,
            demo_password=self._password,
        )  # fmt: skip


def put(folder: Path, raw: bytes, *, name: str) -> None:
    """Let a mail arrive in the mailbox that is filled from `folder`; it is whole before the server sees it."""
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f"{name}.part"
    unfinished.write_bytes(raw)
    unfinished.rename(folder / f"{name}.eml")


async def serve_until_told(server: Server) -> None:
    """Serve until SIGTERM or SIGINT."""
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    await server.serve(ended)


def main() -> None:
    """Run the server; the arguments are what the supervisor gives."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--user", required=True)
    parser.add_argument(
        "--password-file", type=Path, required=True, help="so that no list of processes shows it"
    )
    parser.add_argument("--folder", type=Path, required=True)
    chosen = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    password = chosen.password_file.read_text().strip()
    server = Server(chosen.host, chosen.port, chosen.user, password, chosen.folder)
    asyncio.run(serve_until_told(server))


if __name__ == "__main__":
    main()
