"""What is measured: jobs, stages, nights and baselines; in come documents, out go times, memory and rows."""
