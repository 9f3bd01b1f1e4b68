"""The records of runs as JSON at ``s3://``, for monitoring that has no way into the warehouse."""

from __future__ import annotations

from pyspark.sql import Row

from litcoin_batch.schema import ConfigError
from litcoin_batch.warehouse.files.objects import put_json, split_uri
from litcoin_batch.warehouse.nightly.night_report import as_json


def check_place(place: str) -> None:
    """Raises ``ConfigError`` where no records can be put, as far as the address tells."""
    split_uri(place)


def put_record(place: str, record: Row) -> str:
    """Put a row of ``runs`` to ``place``/<run_id>.json and return that address; doing it twice changes nothing.

    Raises ``ConfigError`` or ``ConnectionError`` as ``objects.explained``; the run stays committed.
    """
    uri = f"{place.rstrip('/')}/{record.run_id}.json"
    try:
        put_json(uri, as_json(record.asDict(recursive=True)))
    except (ConfigError, ConnectionError) as error:
        again = "start it again under this run id to put it"
        raise type(error)(f"run {record.run_id} is committed, but its record is missing: {error}; {again}") from None
    return uri
