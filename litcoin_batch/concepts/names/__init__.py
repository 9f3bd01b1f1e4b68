"""How names are written: in comes a name or a document, out come keys, parts, other forms, names that mean the same. Knows no vocabulary."""
