"""In come tensors of a batch, out go vectors, tags and logits: encoders, heads, and what they are made of."""
