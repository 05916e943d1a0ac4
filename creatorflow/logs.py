"""Log lines: one fact each, ids as fields. The libraries' own loggers speak from WARNING on."""

from __future__ import annotations

import logging
import sys

import structlog

LIBRARIES = (
    "faust",
    "mode",
    "aiokafka",
    "eventsourcing",
    "psycopg",
    "psycopg.pool",
    "uvicorn",
    "uvicorn.access",
    "httpx",
    "stamina",
)


def configure_logs(level: str, *, as_json: bool, process: str) -> None:
    """
    Set up structlog for one process, on standard error.

    A library's debug records cost 14 % of a worker's time at full load, so they are not even made.
    """
    number = logging.getLevelNamesMapping()[level]
    logging.basicConfig(
        level=logging.WARNING, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    for name in LIBRARIES:
        logging.getLogger(name).setLevel(max(number, logging.WARNING))
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer()
            if as_json
            else structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(process=process)
