"""What goes wrong in the demo on purpose: three addresses at which the capturing mail server misbehaves."""

from __future__ import annotations

from dataclasses import dataclass, field

NO_MAILBOX = "550 5.1.1 there is no such mailbox here"
BUSY = "450 4.2.1 the mailbox is busy, please try again in 5 seconds"


@dataclass
class Mishaps:
    """`nobody` has no mailbox, `busy` is refused for now at first, and whoever writes to `lost` gets no answer."""

    nobody: str = ""
    busy: str = ""
    lost: str = ""
    _refused: set[str] = field(default_factory=set)

    def refusal(self, address: str) -> str:
        """Return the answer with which a recipient is refused; empty if it is not."""
        if address == self.nobody:
            return NO_MAILBOX
        if address == self.busy and address not in self._refused:
            self._refused.add(address)
            return BUSY
        return ""

    def loses_answer(self, recipients: list[str]) -> bool:
        """Say whether the server falls silent for ever after it has taken a mail to these."""
        return self.lost in recipients

    def arguments(self) -> tuple[str, ...]:
        """Return what tells the server's own process."""
        named = {"--nobody": self.nobody, "--busy": self.busy, "--lost": self.lost}
        return tuple(word for pair in named.items() if pair[1] for word in pair)
