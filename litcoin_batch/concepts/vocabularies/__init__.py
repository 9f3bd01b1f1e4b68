"""Which concepts a name may mean, and what is known of each: compiled and mapped into memory, or a table of one's own."""
