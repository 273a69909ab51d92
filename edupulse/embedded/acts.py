"""What the demo shows, one act after the other; each is followed to its end, summed up and judged."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import timedelta

from edupulse.clock import now
from edupulse.config import Settings
from edupulse.embedded import campaign, campaign_screen, inbound, inbound_screen, inbound_verdict, sample
from edupulse.embedded.inbound import Account, Scene
from edupulse.embedded.outcome import judge, outcomes
from edupulse.embedded.screen import Screen
from edupulse.embedded.supervisor import Supervisor
from edupulse.mailboxes.orders import poll_now
from edupulse.reminders.events import create_event

DUE_IN = timedelta(seconds=6)  # long enough to read what is about to happen
OVER_SECONDS = 60.0  # after which what has not left will not leave
LOOK_SECONDS = 0.1


class Acts:
    """The acts on one stage. Each says whether it went as it should; False too where the demo was told to stop."""

    def __init__(self, settings: Settings, processes: Supervisor, screen: Screen) -> None:
        self._settings, self._processes, self._screen = settings, processes, screen
        self._mailbox = settings.data_dir / "mailbox"
        self._campaign_id = 0

    def reminders(self, actor: str, owner_id: int) -> bool:
        """Show how reminders fall due, leave and arrive."""
        if self._processes.is_told_to_stop:
            return False
        due = now() + DUE_IN
        event_ids = [create_event(draft, actor, owner_id).id for draft in sample.events_due_at(due)]
        self._screen.heading(
            "Two events start in a quarter of an hour; their reminders fall due in a few seconds."
        )
        return self._followed(lambda: self._reminders_are_over(event_ids)) and self._sum_up_reminders(
            event_ids
        )

    def campaign(self, actor: str) -> bool:
        """Show how a campaign goes out, and what becomes of three people whose mail server misbehaves."""
        if self._processes.is_told_to_stop:
            return False
        campaign_id = self._campaign_id = campaign.enter(actor)
        self._screen.heading(
            "A campaign to two hundred people; for three of them the mail server misbehaves."
        )
        return self._followed(lambda: self._campaign_is_over(campaign_id)) and self._sum_up_campaign(
            campaign_id
        )

    def mailbox(self, account: Account, actor: str) -> bool:
        """Show what becomes of the mails that come back: a bounce, an answer to the campaign, an invitation."""
        if self._processes.is_told_to_stop:
            return False
        self._screen.heading(
            "Three mails wait in the school's mailbox: a bounce, an answer to the campaign, an invitation."
        )
        scene = inbound.enter(account, campaign.deliveries(self._campaign_id), self._mailbox, actor=actor)
        is_followed = self._followed(lambda: self._mailbox_is_read(scene)) and self._polled_again(
            scene, actor
        )
        return is_followed and self._sum_up_mailbox(scene)

    def _reminders_are_over(self, event_ids: Sequence[int]) -> bool:
        found = outcomes(event_ids)
        self._screen.show_progress(found, now())
        return all(outcome.is_over for outcome in found)

    def _sum_up_reminders(self, event_ids: Sequence[int]) -> bool:
        found = outcomes(event_ids)
        verdict = judge(found, self._mailbox)
        self._screen.heading("What came of each reminder")
        self._screen.show_summary(found, verdict)
        return self._told(verdict.is_good)

    def _campaign_is_over(self, campaign_id: int) -> bool:
        found = campaign.sending(campaign_id)
        self._screen.show(campaign_screen.progress_table(found), campaign_screen.progress_line(found))
        return found.is_over

    def _sum_up_campaign(self, campaign_id: int) -> bool:
        verdict = campaign.judge(campaign_id, self._mailbox)
        self._screen.heading("What came of the campaign")
        self._screen.show_table(campaign_screen.summary_table(verdict))
        self._screen.conclude(campaign_screen.in_words(verdict), good=verdict.is_good)
        self._screen.say(f"Its page: {self._settings.base_url}/campaigns/{campaign_id}")
        return self._told(verdict.is_good)

    def _mailbox_is_read(self, scene: Scene) -> bool:
        found = inbound.reading(scene)
        self._screen.show(inbound_screen.progress_table(found), inbound_screen.progress_line(found))
        return found.is_over

    def _polled_again(self, scene: Scene, actor: str) -> bool:
        """Poll once more, which must find nothing new; say whether that came to an end."""
        before = inbound.reading(scene).polled_at
        poll_now(scene.mailbox_id, actor=actor)
        return self._followed(lambda: inbound.reading(scene).polled_at != before)

    def _sum_up_mailbox(self, scene: Scene) -> bool:
        verdict = inbound_verdict.judge(scene, self._mailbox)
        self._screen.heading("What came of the mails")
        self._screen.show_table(inbound_screen.summary_table(verdict, self._settings.base_url))
        self._screen.conclude(inbound_screen.in_words(verdict), good=verdict.is_good)
        self._screen.say(f"The mailbox: {self._settings.base_url}/mailboxes/{scene.mailbox_id}")
        return self._told(verdict.is_good)

    def _told(self, is_good: bool) -> bool:
        if not is_good:
            self._screen.say(f"The logs may say why: {self._settings.data_dir / 'log'}")
        return is_good

    def _followed(self, is_over: Callable[[], bool]) -> bool:
        """Watch the processes until it is over or takes too long; say whether there is something to sum up."""
        started = time.monotonic()
        try:
            while (
                not is_over()
                and not self._processes.is_told_to_stop
                and time.monotonic() - started < OVER_SECONDS
            ):
                self._processes.watch()
                time.sleep(LOOK_SECONDS)
        finally:
            self._screen.end_progress()
        return not self._processes.is_told_to_stop
