"""``litcoin-batch query`` for spark-submit: ``spark-submit [options of Spark] jobs/query.py ...``."""

from litcoin_batch.commands.query import main

if __name__ == "__main__":
    main()
