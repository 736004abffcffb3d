"""Reports tell figures, and sentences where one is wrong."""

from hifred.observations import CheckRow, ResponseReport


def row(value: float, scatter: float = 0.01, tolerance: float = 0.02) -> CheckRow:
    return CheckRow(
        "epic", "resolve", "normalisation", value, 1.0, scatter, tolerance, "1",
        "Check exposure times.",
    )  # fmt: skip


def test_a_difference_is_wrong_only_if_significant_and_large() -> None:
    assert row(1.03).is_ok  # 3 standard deviations
    assert row(1.01, scatter=0.0001).is_ok  # too small to matter
    assert not row(1.06).is_ok
    assert not row(0.94).is_ok


def test_significance_counts_standard_deviations() -> None:
    assert abs(row(1.03).significance - 3.0) < 1e-9
    assert row(1.0, scatter=0.0).significance == 0.0


def test_a_report_tells_what_is_wrong() -> None:
    report = ResponseReport((row(1.0), row(1.2)), ("a note",))
    assert not report.is_ok
    assert len(report.warnings) == 1
    assert "epic and resolve disagree in normalisation: 1.2 ± 0.01" in str(report)
    assert "a note" in str(report)
    assert "BAD" in str(report)
    assert str(report).endswith("the responses disagree")


def test_an_empty_report_is_fine() -> None:
    assert ResponseReport(()).is_ok
