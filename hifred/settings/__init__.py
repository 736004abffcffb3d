"""One way to declare, read, check and document settings."""

from hifred.settings.commented import commented_out, commented_toml, stated_toml
from hifred.settings.findings import settings_error
from hifred.settings.kinds import (
    Memory,
    Number,
    Seconds,
    Switch,
    Text,
    Walltime,
    Whole,
    Word,
)
from hifred.settings.model import read_settings, renamed, settings
from hifred.settings.place import Place
from hifred.settings.sizes import ByteSize, Duration
from hifred.settings.toml import read_toml, toml_value

__all__ = [
    "ByteSize",
    "Duration",
    "Memory",
    "Number",
    "Place",
    "Seconds",
    "Switch",
    "Text",
    "Walltime",
    "Whole",
    "Word",
    "commented_out",
    "commented_toml",
    "read_settings",
    "read_toml",
    "renamed",
    "settings",
    "settings_error",
    "stated_toml",
    "toml_value",
]
