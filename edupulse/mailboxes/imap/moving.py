"""Moving messages to another folder: by MOVE where the server can (RFC 6851), else copied and then deleted."""

from __future__ import annotations

from edupulse.mailboxes.imap.names import encoded
from edupulse.mailboxes.imap.talk import Answer, Talk


class Mover:
    """Moves messages of the selected folder to `folder`. Raises ImapFailure."""

    def __init__(self, talk: Talk, capabilities: frozenset[str], folder: str) -> None:
        self._talk = talk
        self._can = capabilities
        self._folder = encoded(folder)

    def move(self, uids: bytes) -> None:
        """Move a set of UIDs; those that are there no more count as moved."""
        if "MOVE" in self._can:
            self._bring(b"UID MOVE", uids)
            return
        # What an earlier try has copied bears \Deleted and is not copied again.
        if left := self._undeleted(uids):
            self._bring(b"UID COPY", left)
            self._ask(rb"UID STORE %b +FLAGS.SILENT (\Deleted)" % left)
        if "UIDPLUS" in self._can:
            self._ask(b"UID EXPUNGE " + uids)
        # Without UIDPLUS they stay as \Deleted: a plain EXPUNGE would take what other clients have marked.

    def _bring(self, verb: bytes, uids: bytes) -> None:
        command = b"%b %b %b" % (verb, uids, self._folder)
        answer = self._talk.ask("move", command)
        if answer.done.status == "NO" and answer.done.code in ("TRYCREATE", "NONEXISTENT"):
            self._ask(b"CREATE " + self._folder)
            answer = self._talk.ask("move", command)
        self._talk.require(answer)

    def _undeleted(self, uids: bytes) -> bytes:
        answer = self._ask(b"UID SEARCH UID %b UNDELETED" % uids, "SEARCH")
        return b",".join(uid for told in answer.told for uid in told.pieces[0].split() if uid.isdigit())

    def _ask(self, command: bytes, *wanted: str) -> Answer:
        return self._talk.require(self._talk.ask("move", command, wanted))
