"""Commands that make and measure what names become concepts by: vocabularies and the linker's ranker."""
