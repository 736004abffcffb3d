"""Event lists: which events are good, where they fell, what each cut dropped."""

from hifred.observations.events.binning import bin_events
from hifred.observations.events.event_list import Events, read_events

__all__ = ["Events", "bin_events", "read_events"]
