"""What is broken on purpose: files, processes, races."""
