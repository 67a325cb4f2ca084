"""The meaning of database errors for the client whose request has failed.

The SQLSTATEs are in PostgreSQL's manual, appendix A.
"""

import structlog

from chinwag.errors import (
    BadInput,
    CannotReplace,
    ContentIsEmpty,
    ContentTooLong,
    DatabaseUnavailable,
    NoSuchThread,
    Refusal,
    ThreadBusy,
)

BUSY = {"55P03", "40P01"}
"""The SQLSTATEs lock_not_available and deadlock_detected."""

BAD_INPUT_CLASSES = ("22", "23")
"""The classes of data exceptions and of integrity constraint violations."""

NOT_INPUT = {"2200H"}
"""The SQLSTATE sequence_generator_limit_exceeded: it is of class 22, but nothing that a client has sent."""

OWN_KEYS = {"message_pkey", "seq_is_unique_in_thread"}
"""Constraints on numbers that the database itself gives: if one of them is taken, that is not the fault of
the writer."""

log = structlog.get_logger(__name__)


def refusal_of(error: Exception, **where: object) -> Refusal:
    """Return what a client is told of an error of the database.

    It is called the client's fault only if that is certain, because a client may never send again what was
    its fault. Everything else is logged with its SQLSTATE and with `where` it happened.
    """
    state = getattr(error, "sqlstate", None)
    constraint = getattr(error, "constraint_name", None)
    if _is_bad_input(state, constraint):
        return _bad_input(error, constraint)
    refusal = ThreadBusy() if state in BUSY else DatabaseUnavailable()
    log.warning(refusal.code, sqlstate=state, error=type(error).__name__, **where)
    return refusal


def _is_bad_input(state: str | None, constraint: str | None) -> bool:
    if state is None or state in NOT_INPUT or constraint in OWN_KEYS:
        return False
    # P0001, raise_exception: a trigger of the user, which names a constraint if it judges what is written.
    return state.startswith(BAD_INPUT_CLASSES) or (state == "P0001" and constraint is not None)


def _bad_input(error: Exception, constraint: str | None) -> Refusal:
    match constraint:
        case "content_is_not_empty":
            return ContentIsEmpty()
        case "content_is_at_most_1_megabyte":
            return ContentTooLong("the content has more than a megabyte")
        case "thread_exists":
            return NoSuchThread()
        case "replaced_message_is_the_newest_of_its_author" | "message_replaces_an_earlier_one":
            return CannotReplace()
        case None:
            return BadInput(f"PostgreSQL refuses it: {type(error).__name__}")
        case _:
            return BadInput(f"refused by the constraint {constraint}")
