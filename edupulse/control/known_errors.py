"""The errors that jobs meet, and what each means to a person; the first that fits counts."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Cause:
    """Why runs fail, in a sentence, and what a person can do."""

    words: str
    cure: str


@dataclass(frozen=True)
class Known:
    """A kind of error: recognised by its class, and by what `Class: message` says; `jobs` limits it to some."""

    classes: re.Pattern[str]
    message: re.Pattern[str]
    cause: Cause
    jobs: str = ""  # how their names begin

    def fits(self, error_class: str, message: str, name: str) -> bool:
        """Say whether an error is of this kind."""
        is_mine = name.startswith(self.jobs) and self.classes.fullmatch(error_class)
        return bool(is_mine and self.message.search(f"{error_class}: {message}"))


def known(classes: str, message: str, words: str, cure: str, *, jobs: str = "") -> Known:
    """Return a kind of error from two regular expressions."""
    return Known(re.compile(classes), re.compile(message, re.IGNORECASE), Cause(words, cure), jobs)


ANY = ".*"
RETRY = "then retry these runs."

# The first that fits counts: what is said by EduPulse itself, then what is precise, then what is general.
KNOWN = (
    known(
        "Quarantined", ANY,
        "Several workers died while they worked on it, so it was put aside before it could end more of them.",
        "Look at the arguments of the latest run and at the workers' log; usually it needs too much memory. "
        "Retry it once the reason is gone.",
    ),
    known(
        "Interrupted", ANY,
        "The worker died under it (killed, out of memory, or the machine went down), and it may not simply run twice.",
        "See what it has done already, then retry it or leave it as it is.",
    ),
    known(
        "TimeLimitExceeded|SoftTimeLimitExceeded|JobTimeoutException", ANY,
        "It took longer than its time limit and was ended.",
        "Find out what it waited for (a slow server, too much work at once), " + RETRY,
    ),
    known(
        "MemoryError|MemoryLimitExceeded", ANY,
        "It needed more memory than it may have.",
        "Give it less work at once, or the machine more memory, " + RETRY,
    ),
    known(
        ANY, "out of memory|want of memory|cannot allocate memory",
        "The machine, or one of its servers, has no memory left.",
        "Close what is not needed or add memory, " + RETRY,
    ),
    known(
        "UnknownJob", ANY,
        "The run is of a job that this release does not have: it was renamed or removed.",
        "Cancel these runs, or install the release that has the job.",
    ),
    known(
        ANY, "there is no job named",
        "It asks for a job that this release does not have.",
        "See the known names with `python cli.py jobs registered`, and correct the name where the run comes from.",
    ),
    known(
        "TypeError", r"unexpected keyword argument|missing \d+ required|takes \d+ positional|got multiple values",
        "The arguments of the run do not fit the job: it was accepted by another release, or sent by hand.",
        "Send it anew with the arguments that `python cli.py jobs registered` shows; a retry fails again.",
    ),
    known(
        "KeyError|IndexError|AttributeError|TypeError|ZeroDivisionError|AssertionError|NameError|UnboundLocalError"
        "|NotImplementedError|RecursionError|ImportError|ModuleNotFoundError", ANY,
        "The program itself has an error there; trying again does not mend it.",
        "Tell the developers, with the traceback of the latest run. Retry after they have mended it.",
    ),
    known(
        ANY, r"database is locked|database table is locked|deadlock detected|lock timeout|lockwaittimeout",
        "The database was busy: another program kept it locked for too long.",
        "Close other programs that write to it (a backup, a database browser), " + RETRY,
    ),
    known(
        ANY, r"no space left on device|disk is full|database or disk is full|disk quota exceeded|could not extend file",
        "The disk is full.",
        "Make room (old logs, backups, the trash), see `python cli.py doctor`, " + RETRY,
    ),
    known(
        ANY, r"readonly database|read-only file system|attempt to write a readonly|read-only transaction",
        "What it wanted to write to can only be read.",
        "Check who owns the data folder and how its disk is mounted, " + RETRY,
    ),
    known(
        ANY, r"too many open files|errno 24\b",
        "The process had too many files and connections open.",
        "Raise the limit of open files (`ulimit -n`, LimitNOFILE of the service) and restart the workers, " + RETRY,
    ),
    known(
        ANY, r"WRONGPASS|NOAUTH|(?<!\[)\bNOPERM",  # in brackets a mailbox says it (RFC 5530)
        "Redis refuses the login.",
        "Correct user and password in REDIS_URL and restart the services, " + RETRY,
    ),
    known(
        ANY, r"OOM command not allowed|MISCONF|READONLY You can't write",
        "Redis takes no more writes: its memory or disk is full, or it is only a copy.",
        "See `python cli.py doctor` for what Redis lacks, " + RETRY,
    ),
    known(
        ANY, r"\berror -?\d+ connecting to\b|"  # in the words of redis-py
        r"\bredis\b.*(?:connect|refused|timed? ?out|closed|away|reset)|(?:connect|refused|timed? ?out).*\bredis\b",
        "Redis could not be reached.",
        "Start Redis again, see `python cli.py doctor`, " + RETRY,
    ),
    known(
        ANY, r"password authentication failed|role .* does not exist|database .* does not exist",
        "The database refuses the login.",
        "Correct DATABASE_URL and restart the services, " + RETRY,
    ),
    known(
        "OperationalError|InterfaceError|DBAPIError|TimeoutError|Unavailable",
        r"server closed the connection|connection to server|terminating connection|could not connect to server|"
        r"database system is|too many clients|QueuePool limit|SSL connection has been closed|database does not answer",
        "The database could not be reached or closed the connection.",
        "Start it again, see `python cli.py doctor`, " + RETRY,
    ),
    known(
        ANY, r"permission denied for (?:table|schema|relation|sequence|database|function)|must be owner of",
        "The database does not let its user do this.",
        "Let the user that DATABASE_URL names own the database and its tables, " + RETRY,
    ),
    known(
        ANY, "unable to open database file",
        "The file of the database cannot be opened.",
        "Check that the folder that DATABASE_URL names exists and that EduPulse may write there, " + RETRY,
    ),
    known(
        r"(?!SMTP).*", r"^PermissionError|permission denied|operation not permitted|errno 13\b",
        "EduPulse may not read or write something there.",
        "Give its user the right to the file or folder that the message names, " + RETRY,
    ),
    known(
        ANY, r"^FileNotFoundError|no such file or directory",
        "A file that it needs is not there (any more).",
        "Bring back the file that the message names, or change the setting that points to it, " + RETRY,
    ),
    known(
        "IntegrityError|UniqueViolation|ForeignKeyViolation", ANY,
        "What it wanted to write contradicts what the database has already.",
        "Look at the message: a row exists twice or refers to one that is gone. Mend the data, " + RETRY,
    ),
    known(
        "OperationalError|ProgrammingError|UndefinedColumn|UndefinedTable", r"no such (?:table|column)|does not exist",
        "The tables of the database are of another release.",
        "Run `python cli.py db upgrade` and restart the services, " + RETRY,
    ),
    known(
        ANY, r"name or service not known|getaddrinfo|temporary failure in name resolution|nodename nor servname|"
        r"name resolution|no address associated",
        "The name of a server could not be resolved.",
        "Check its spelling in the settings, and the network and name server of this machine, " + RETRY,
    ),
    known(
        ANY, r"certificate (?:verify failed|has expired)|self[- ]signed certificate|hostname mismatch|"
        r"certificate is not valid",
        "The certificate of the other server is not trusted: expired, self-made, or for another name.",
        "Check the server's name in the settings and the clock of this machine; else its operator must renew it.",
    ),
    known(
        ANY, r"^SSL\w*Error|\bssl\b|\btls\b|wrong version number|handshake",
        "No encrypted connection could be made with the other server.",
        "Check port and kind of encryption in the settings (e.g. SMTP_SECURITY), " + RETRY,
    ),
    known(
        ANY, r"authentication failed|auth(?:entication)? (?:unsuccessful|rejected)|bad credentials|invalid credentials|"
        r"login failed|^SMTPAuthenticationError|\b53[45]\W+(?:b\W)?5\.7\.|username and password not accepted|"
        r"AUTHENTICATIONFAILED|LOGIN denied",
        "A mail server refuses the login.",
        "Correct user and password (often an app password is needed) in the settings or the mailbox, " + RETRY,
    ),
    known(
        "SMTP.*", ANY,
        "The mail server refused.",
        "Read its answer in the message; check sender, server and limits with `python cli.py mail test`, " + RETRY,
    ),
    known(
        ANY, r"(?:mailbox|over) ?quota|quota exceeded|rate limit|too many (?:requests|messages|connections)|"
        r"\b(?:http|status|code|error)\W{1,3}429\b|throttl",
        "A limit of the other side is used up.",
        "Wait until it lets us go on, or ask its operator for a higher limit, " + RETRY,
    ),
    known(
        ANY, r"^ConnectionRefusedError|connection refused",
        "The other server does not accept connections: it is down, or the port is wrong.",
        "Check host and port in the settings and whether the server runs, " + RETRY,
    ),
    known(
        ANY, r"^\w*Timeout|timed? ?out|deadline exceeded",
        "The other side did not answer in time.",
        "Check the network and whether the server is overloaded, " + RETRY,
    ),
    known(
        ANY,
        r"^Connection\w*Error|^BrokenPipeError|^RemoteDisconnected|^IncompleteRead|"
        r"connection (?:reset|aborted|closed)|broken pipe|network is unreachable|no route to host|unexpected eof|"
        r"closed the connection|server disconnected",
        "The connection to the other side broke.",
        "Check the network; when it happens often, look at the log of the other server. " + RETRY.capitalize(),
    ),
    known(
        "Denied", ANY,
        "Whoever asked for it may not do this.",
        "Ask an administrator for the right, or let somebody else do it.",
    ),
    known(
        "NotFound", ANY,
        "What it is about does not exist any more.",
        "Nothing, if it was deleted on purpose; a retry fails again.",
    ),
    known(
        "Invalid|ValueError|ValidationError|JSONDecodeError|UnicodeDecodeError", ANY,
        "What it was given cannot be used.",
        "Correct what the message names where the run comes from, and send it anew; a retry fails again.",
    ),
    known(
        "Conflict", ANY,
        "The thing was in a state that forbids this.",
        "Look at what the message names; retry once it is in order.",
    ),
    known(
        "Unavailable", ANY,
        "Something outside of EduPulse could not be reached.",
        "See `python cli.py doctor`, mend what it names, " + RETRY,
    ),
)  # fmt: skip
