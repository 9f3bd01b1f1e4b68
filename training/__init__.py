"""Training, evaluation and exploration: one command a file; ``python training/train.py`` and ``python -m training.train`` are the same."""
