"""A self-contained page of a sweep."""

from hifred.report.page import write_report

__all__ = ["write_report"]
