"""``litcoin-batch topics`` for spark-submit: ``spark-submit [options of Spark] jobs/topics.py ...``."""

from litcoin_batch.commands.topics import main

if __name__ == "__main__":
    main()
