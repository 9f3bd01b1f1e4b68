"""HTML pages with charts that need nothing but a browser."""
