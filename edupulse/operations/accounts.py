"""Who may sign in, with what, and who did what."""

from __future__ import annotations

from edupulse.operations.operation import ADMIN, ANYBODY, VIEWER, operation

OPERATIONS = (
    operation(
        "session.begin", ANYBODY, web="auth.sign_in auth.open_session",
        only="programs have tokens, and whoever has the machine's shell needs no session",
    ),
    operation("session.end", VIEWER, web="auth.close_session", only="as for beginning one"),
    operation("users.list", ADMIN, web="users.index", api="users.list_users", cli="users list"),
    operation("users.show", ADMIN, web="users.show", api="users.show", cli="users show"),
    operation("users.create", ADMIN, web="users.create", api="users.create", cli="users create"),
    operation(
        "users.change", ADMIN, web="users.change users.switch users.set_password", api="users.change",
        cli="users role, users rename, users activate, users deactivate, users password",
    ),
    operation(
        "language.choose", ANYBODY, web="languages.choose",
        only="a browser keeps it, before anybody signs in; elsewhere it is that of the person",
    ),
    operation(
        "account.language", VIEWER, api="users.change_me", cli="users language",
        only="pages choose with the same button as before the sign-in",
    ),
    operation(
        "account.show", VIEWER, web="account.show", api="users.me", only="the shell has no account of its own"
    ),
    operation(
        "account.password", VIEWER, web="account.change_password", api="users.change_own_password",
        only="the shell has no account of its own",
    ),
    operation("tokens.list", VIEWER, web="account.show", api="tokens.list_tokens", cli="users token list"),
    operation("tokens.make", VIEWER, web="account.create_token", api="tokens.make", cli="users token make"),
    operation("tokens.revoke", VIEWER, web="account.revoke", api="tokens.revoke", cli="users token revoke"),
    operation(
        "tokens.of_others", ADMIN, web="tokens.index tokens.create tokens.revoke",
        only="the API and the shell do it with the same calls as for one's own",
    ),
    operation("audit.list", ADMIN, web="audit.index", api="audit.list_acts", cli="audit list"),
)  # fmt: skip
