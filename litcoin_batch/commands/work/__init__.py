"""What a verb does once its settings are right: one module for each, imported then, as Spark and torch take seconds."""
