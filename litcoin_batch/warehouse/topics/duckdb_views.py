"""Where the tables of topics lie, and as views of DuckDB."""

from __future__ import annotations

import json
import re
from pathlib import Path

FOLDER = "topics"
CURRENT = f"{FOLDER}/current.json"
TABLES = ("topics", "topic_terms", "document_topics")

# Which pairs are studied under which theme, by year; a document counts for the theme of its first topic.
THEME_PAIRS = """
SELECT t.theme, t.theme_name, d.year, r.type, r.entity_1_id, min(r.entity_1_text) AS entity_1_text,
  r.entity_2_id, min(r.entity_2_text) AS entity_2_text, count(DISTINCT r.pmid) AS n_documents
FROM relations r
JOIN document_topics t1 ON t1.pmid = r.pmid AND t1.rank = 1
JOIN topics t ON t.topic = t1.topic
JOIN documents d ON d.pmid = r.pmid
GROUP BY t.theme, t.theme_name, d.year, r.type, r.entity_1_id, r.entity_2_id"""


def duckdb_script(folder: str | Path) -> str:
    """The same for DuckDB, after its script of ``views``; empty where there are none. ``folder``: a warehouse on this machine."""
    place = Path(folder)
    try:
        id_ = json.loads((place / CURRENT).read_text(encoding="utf-8"))["id"]
    except FileNotFoundError:
        return ""
    views = {table: f"SELECT * FROM read_parquet([{_files(place / FOLDER / id_ / table)}])" for table in TABLES}
    return "".join(
        f"CREATE OR REPLACE VIEW {name} AS {select};\n"
        for name, select in {**views, "theme_pairs": THEME_PAIRS}.items()
    )


def _files(folder: Path) -> str:
    # Pattern characters stand for themselves.
    names = [re.sub(r"([\[*?])", r"[\1]", str(path)).replace("'", "''") for path in sorted(folder.glob("*.parquet"))]
    return ", ".join(f"'{name}'" for name in names)
