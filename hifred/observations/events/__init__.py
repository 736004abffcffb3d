"""Event lists: which events are good, and on which pixels and channels they fall."""
