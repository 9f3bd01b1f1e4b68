"""What readers are made of: bytes of a file in; lines, values, records and checked fields out."""
