"""A failure message is no formula, whatever program opens the table."""

import csv
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from hifred.store.export import export_results


@pytest.mark.parametrize(
    "text", ["=cmd|'/c calc'!A1", "+1+1", "-2+3", "@SUM(A1)", " =1"]
)
def test_texts_that_look_like_formulas_are_quoted(tmp_path: Path, text: str) -> None:
    table = pd.DataFrame(
        {"message": [text, "fine"], "nmse_db": [-3.5, 2.0]}, index=["ab12", "cd34"]
    )
    results = SimpleNamespace(root=tmp_path, table=table.copy)
    (path,) = export_results(results, "csv")
    rows = list(csv.DictReader(path.open(encoding="utf-8")))
    assert [row["message"] for row in rows] == [f"'{text}", "fine"]
    assert [float(row["nmse_db"]) for row in rows] == [-3.5, 2.0]
