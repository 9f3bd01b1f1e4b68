"""``litcoin-batch annotate`` for spark-submit: ``spark-submit [options of Spark] jobs/annotate.py ...``."""

from litcoin_batch.commands.annotate import main

if __name__ == "__main__":
    main()
