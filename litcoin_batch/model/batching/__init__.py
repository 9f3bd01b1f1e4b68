"""In come documents as pieces, out go padded tensors, candidate pairs, tags and labels: what the layers compute with."""
