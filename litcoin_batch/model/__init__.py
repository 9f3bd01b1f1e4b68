"""The model: in come word pieces, out go mentions, relations and their scores. The only home of torch."""
