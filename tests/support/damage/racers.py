"""A writer that races others: ``python racers.py WAREHOUSE NAME N`` commits as fast as it can until ``runs`` has N rows,
and prints which of its commits were accepted and what it was told of the others, as JSON.
"""

from __future__ import annotations

import json
import sys

from litcoin_batch.schema import ContractError
from litcoin_batch.warehouse.tables.commits import TableWriter
from litcoin_batch.warehouse.tables.log import ANNOTATE


def race(warehouse: str, name: str, n_rows: int) -> dict[str, list[str]]:
    log = TableWriter(warehouse)
    told: dict[str, list[str]] = {"won": [], "lost": []}
    while (before := log.state()).number < n_rows:
        run_id = f"{name}-{sum(map(len, told.values()))}"
        row = {"run_id": run_id, "run_number": before.number + 1, "work": ANNOTATE, "model_id": "m", "tables": {}}
        try:
            log.commit(before, [row])
            told["won"].append(run_id)
        except ContractError as error:
            told["lost"].append(str(error))
    return told


if __name__ == "__main__":
    print(json.dumps(race(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
