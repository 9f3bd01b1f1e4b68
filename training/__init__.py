"""Training, evaluation and exploration: one command a file; ``python training/train.py`` and ``python -m training.train`` are the same.

Here the life of a checkpoint; in ``concepts`` vocabularies and the linker; in ``studies`` what is measured only. Below them ``data``, ``learning``, ``pages``.
"""
