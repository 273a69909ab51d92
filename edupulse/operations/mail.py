"""Mails one by one, who must not be written to, and the account that sends."""

from __future__ import annotations

from edupulse.operations.operation import ANYBODY, OPERATOR, VIEWER, operation

OPERATIONS = (
    operation("mail.list", VIEWER, web="deliveries.index", api="deliveries.list_deliveries", cli="mail list"),
    operation("mail.show", VIEWER, web="deliveries.show", api="deliveries.show", cli="mail show"),
    operation("mail.content", VIEWER, web="deliveries.preview", api="deliveries.download", cli="mail raw"),
    operation("mail.resend", OPERATOR, web="deliveries.resend", api="deliveries.resend", cli="mail resend"),
    operation("mail.settle", OPERATOR, web="deliveries.settle", api="deliveries.settle", cli="mail settle"),
    operation("mail.status", VIEWER, web="dashboard.show", api="mail.show", cli="mail status"),
    operation("mail.test", OPERATOR, web="deliveries.send_test", api="mail.test", cli="mail test"),
    operation("mail.resume", OPERATOR, web="dashboard.resume_sender", api="mail.resume", cli="mail resume"),
    operation("people.show", VIEWER, web="people.show", api="people.show", cli="mail why"),
    operation(
        "suppressions.list", VIEWER, web="suppressions.index", api="suppressions.list_suppressions",
        cli="mail suppressions list",
    ),
    operation(
        "suppressions.add", OPERATOR, web="suppressions.add", api="suppressions.add", cli="mail suppressions add"
    ),
    operation(
        "suppressions.lift", OPERATOR, web="suppressions.lift", api="suppressions.lift", cli="mail suppressions lift"
    ),
    operation(
        "unsubscribe", ANYBODY, web="unsubscribe.show unsubscribe.act unsubscribe.undo",
        only="for the reader of a mail, by the link in it",
    ),
)  # fmt: skip
