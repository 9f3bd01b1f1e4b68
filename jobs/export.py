"""``litcoin-batch export`` for spark-submit: ``spark-submit [options of Spark] jobs/export.py ...``."""

from litcoin_batch.commands.export import main

if __name__ == "__main__":
    main()
