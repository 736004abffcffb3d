"""The commented lines.toml that `hifred lines --template` prints."""

from hifred.products.line_list import LINES
from hifred.products.settings import LineSettings
from hifred.settings import commented_toml

HEAD = """\
# The lines to be mapped. Known ones, by name:
"""
WIDTH = 86


def lines_template() -> str:
    """Return a file of lines to start from, with every setting under its description.

    Keys that have a default are commented out.
    """
    iron = {"line": "Fe XXV He-alpha"}
    return f"{HEAD}{_known()}\n{commented_toml(LineSettings, lines={'iron': iron})}"


def _known() -> str:
    lines = [""]
    for name in LINES:
        if len(lines[-1]) + len(name) > WIDTH:
            lines.append("")
        lines[-1] += f"{name}, "
    text = "\n".join(f"# {line.rstrip()}" for line in lines)
    return f"{text.rstrip(',')}.\n"
