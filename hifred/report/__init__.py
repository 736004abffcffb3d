"""A self-contained page of a sweep."""
