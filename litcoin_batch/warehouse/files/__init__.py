"""Where bytes are: in come paths and addresses (local, HDFS, S3), out go listed, read, checked and written files."""
