"""Tables: in come rows, out go declared schemas, committed files, views and answers."""
