"""Pages and words for people: in come plain figures, out go HTML pages and charts that need no network."""
