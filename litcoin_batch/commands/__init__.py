"""The commands: in come words of a command line, out go calls of the rooms below and an exit code.

``litcoin-batch VERB`` and ``spark-submit jobs/VERB.py`` run the same ``main`` of the module named VERB here.
"""
