"""Keep: which documents are due, what was found in them, and what readers of the tables see. The only home of Spark."""
