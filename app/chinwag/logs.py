"""Structured logging: one event a line, and never the content of a message."""

import logging
import re
import sys
import threading
from datetime import UTC, datetime
from types import TracebackType
from typing import Literal

import structlog
from msgspec import json

from chinwag.log_repeats import CountRepeats

_SECRET_IN_PATH = re.compile(r"(?<=/api/v1/hooks/).*|chinwag_(?:key|hook)_.*", re.DOTALL)

_form: Literal["text", "json"] = "text"


def configure_logs(form: Literal["text", "json"]) -> None:
    """Send our own events, those of the libraries, warnings and uncaught errors to the standard error stream
    in one form.

    With `json`, every line is a JSON object.
    """
    global _form
    _form = form
    shared: list[structlog.types.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[structlog.types.Processor]
    if form == "json":
        last = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    else:
        # Danger: if rich is installed, structlog's default prints the local variables of each frame, and so
        # messages and passwords.
        plain = structlog.dev.plain_traceback
        last = [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(CountRepeats())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    logging.captureWarnings(capture=True)
    if form == "json":
        sys.excepthook = _log_uncaught
        threading.excepthook = lambda args: _log_uncaught(args.exc_type, args.exc_value, args.exc_traceback)
    # asyncpg's pool logs a traceback for each try to reconnect. Our own events say in a line that the
    # database is away.
    logging.getLogger("asyncpg").setLevel(logging.ERROR)
    logging.getLogger("httpx2").setLevel(logging.WARNING)  # it writes a line for each request
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [], True
        logger.setLevel(logging.WARNING)


def tell(text: str, *, failed: bool = False) -> None:
    """Write a message to the person who started the command.

    It is a plain line, or a JSON object if the logs are JSON. A failure goes to the standard error stream.
    """
    stream = sys.stderr if failed else sys.stdout
    if _form == "json":
        now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        event = {"event": text, "level": "critical" if failed else "info", "timestamp": now}
        text = json.encode(event).decode()
    elif failed:
        text = f"chinwag: {text}"
    print(text, file=stream, flush=True)


def loggable(path: str) -> str:
    """Return a path without the secrets that it may contain, such as that of a webhook."""
    return _SECRET_IN_PATH.sub("…", path)


def _log_uncaught(
    kind: type[BaseException], error: BaseException | None, traceback: TracebackType | None
) -> None:
    """Log an error that nothing has caught, in place of the lines that Python would print."""
    event = structlog.get_logger(__name__)
    event.critical("uncaught_error", error=kind.__name__, exc_info=error and (kind, error, traceback))
