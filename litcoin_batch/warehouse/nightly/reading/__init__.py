"""Files in, records out: which of the files are new, in which tasks they are read, and what of them cannot be."""
