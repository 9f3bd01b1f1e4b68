"""The nightly job: in come input files and what is stored, out goes one committed run, or nothing."""
