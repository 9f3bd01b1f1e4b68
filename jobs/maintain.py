"""``litcoin-batch maintain`` for spark-submit: ``spark-submit [options of Spark] jobs/maintain.py ...``."""

from litcoin_batch.commands.maintain import main

if __name__ == "__main__":
    main()
