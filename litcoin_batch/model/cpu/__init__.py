"""How fast, never what: arithmetic in 8 bits, recurrences, lanes and memory of the processor."""
