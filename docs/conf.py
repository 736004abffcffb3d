"""How Sphinx builds the documentation: `make docs`."""

import pkgutil
import sys
from pathlib import Path

import hifred

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "extensions"))

project = "hifred"
author = "The hifred developers"
copyright = f"2025-2026, {author}"
release = version = hifred.__version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx-mathjax-offline",
    "sphinx_click",
    "sphinx_copybutton",
    "constants",
    "settings_tables",
    "sidebar",
    "top_names",
    "toy_tutorials",
]
exclude_patterns = ["extensions", "templates", "**.ipynb_checkpoints"]
templates_path = ["templates"]

html_theme = "furo"
html_title = f"hifred {version}"
html_static_path = ["static"]
html_css_files = ["wide.css"]
html_copy_source = False

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath", "fieldlist"]
myst_heading_anchors = 3
suppress_warnings = ["mystnb.unknown_mime_type"]  # progress bars of a notebook

# The tutorials run at toy size; a cached run is taken while a notebook is the same.
nb_execution_mode = "cache"
nb_execution_cache_path = str(HERE.parent / "build" / "docs" / "notebooks")
nb_execution_raise_on_error = True
nb_execution_timeout = 170
nb_execution_excludepatterns: list[str] = []
nb_merge_streams = True

autosummary_generate = True
autosummary_imported_members = True
autosummary_ignore_module_all = False  # what a part re-exports is what is public
# A part that another part lists has a page of its own.
PACKAGES = pkgutil.walk_packages(hifred.__path__, "hifred.")
autosummary_context = {"packages": [p.name for p in PACKAGES if p.ispkg]}
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_member_order = "bysource"
autodoc_default_options = {
    "members": True,
    "show-inheritance": True,
    "exclude-members": "model_config",  # how pydantic makes them
}
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_param = False  # "(energy, y, x) array" holds no names to link
default_role = "literal"

copybutton_prompt_text = r"\$ "
copybutton_only_copy_prompt_lines = False
