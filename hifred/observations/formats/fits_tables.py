"""FITS tables read with errors that name the file, the extension and the column."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, final

import numpy as np
from astropy.io import fits

from hifred.observations.formats.extension_names import extension_name
from hifred.observations.formats.fits_files import (
    FitsFormatError,
    named_extension,
    open_fits,
)
from hifred.observations.formats.units import UnitError, conversion_factor


def _place(path: Path, extension: str | None = None, column: str | None = None) -> str:
    place = path.name
    if extension is not None:
        place += f"[{extension}]"
    return place if column is None else f"{place} column {column}"


@final
@dataclass(frozen=True)
class FitsTable:
    """One binary table, whose columns are read with their units.

    Parameters
    ----------
    path : Path
        File that the table came from.
    extension : str
        Name of its extension.
    data : fits.FITS_rec
        Rows.
    header : fits.Header
        Keywords of the extension.
    """

    path: Path
    extension: str
    data: fits.FITS_rec
    header: fits.Header

    def place(self, column: str | None = None) -> str:
        """Return ``file[EXTENSION] column NAME``, as errors name it."""
        return _place(self.path, self.extension, column)

    def find(self, name: str) -> str | None:
        """Return the column's own spelling of `name`, or None if it has none."""
        for column in self.data.names or []:
            if column.upper() == name.upper():
                return str(column)
        return None

    def number(self, name: str) -> int:
        """Return the position of a column, counted from 1 as FITS keywords do."""
        return self.data.names.index(self._required(name)) + 1

    def _required(self, name: str) -> str:
        column = self.find(name)
        if column is None:
            raise FitsFormatError(
                f"{self.place()} must have a column {name}; it has "
                f"{', '.join(self.data.names or []) or 'none'}."
            )
        return column

    def raw(self, name: str) -> Any:  # array, or astropy's list of arrays
        """Return a column as it is stored; rows may have different lengths."""
        column = self._required(name)
        try:
            return self.data[column]
        except (TypeError, ValueError, EOFError) as error:
            raise FitsFormatError(
                f"{self.place(column)} must be readable; it failed: {error}. "
                "Fetch the file again: it may be truncated."
            ) from error

    def values(self, name: str) -> np.ndarray:
        """Return a column of plain numbers in native byte order.

        Undefined values, those stored as TNULL, are NaN.
        """
        values = np.asarray(self.raw(name))
        if values.dtype.kind not in "biuf":
            raise FitsFormatError(
                f"{self.place(name)} must hold numbers; it holds {values.dtype}."
            )
        values = values.astype(values.dtype.newbyteorder("="), copy=False)
        undefined = self._undefined(name)
        if undefined is not None and np.any(values == undefined):
            return np.where(values == undefined, np.nan, values)
        return values

    def _undefined(self, name: str) -> float | None:
        """Return what TNULL, a value as it is stored, is by TSCAL and TZERO."""
        column = self.data.columns[self._required(name)]
        if not isinstance(column.null, int):
            return None
        scale, zero = (
            default if value in (None, "") else value
            for value, default in ((column.bscale, 1), (column.bzero, 0))
        )
        return column.null * scale + zero

    def numbers(self, name: str) -> np.ndarray:
        """Return a column of plain, finite numbers in native byte order."""
        values = self.values(name)
        if not np.all(np.isfinite(values)):
            bad = int(np.argmax(~np.isfinite(values.reshape(len(values), -1)).all(1)))
            raise FitsFormatError(
                f"{self.place(name)} must be finite; row {bad} is {values[bad]}."
            )
        return values

    def numbers_or_nan(self, name: str) -> np.ndarray:
        """Return a column of one number per row (float64), NaN where undefined.

        Raises
        ------
        FitsFormatError
            If a row holds several, as in files of many spectra (type II).
        """
        values = self.values(name)
        if values.ndim != 1:
            raise FitsFormatError(
                f"{self.place(name)} must hold one number per row; it holds "
                f"{' x '.join(map(str, values.shape[1:]))}. Of many spectra or areas "
                "(type II), write each to a file of its own."
            )
        return values.astype(float)

    def integers(self, name: str) -> np.ndarray:
        """Return a column of one whole number per row (int64)."""
        values = self.numbers(name)
        if values.ndim != 1 or np.any(values != np.rint(values)):
            raise FitsFormatError(
                f"{self.place(name)} must hold one whole number per row; it holds "
                f"{values.dtype} of shape {values.shape[1:]}."
            )
        return values.astype(np.int64)

    def unit(self, name: str) -> str:
        """Return the unit of a column as the file spells it, empty if it has none."""
        return str(self.data.columns[self._required(name)].unit or "").strip()

    def quantity(self, name: str, unit: str) -> np.ndarray:
        """Return a column of finite values converted to `unit` (float64).

        A column without a unit is taken to be in `unit`.

        Raises
        ------
        FitsFormatError
            If the column is missing, not finite, or has a unit of another kind.
        """
        self.numbers(name)
        return self.quantity_or_nan(name, unit)

    def quantity_or_nan(self, name: str, unit: str) -> np.ndarray:
        """Return a column converted to `unit`, NaN where it is undefined."""
        values = self.numbers_or_nan(name)
        text = self.unit(name)
        return values * self._factor(name, text, unit) if text else values

    def _factor(self, name: str, text: str, unit: str) -> float:
        try:
            return conversion_factor(text, unit)
        except UnitError as error:
            raise FitsFormatError(
                f"{self.place(name)} {error} Correct TUNIT{self.number(name)}."
            ) from error

    def keyword(self, name: str, default: float) -> float:
        """Return a keyword that holds a number; `default` where there is none.

        Raises
        ------
        FitsFormatError
            If it holds something else, or a number that is not finite.
        """
        return number_keyword(self.header, name, self.place(), default)


def number_or_none(header: Mapping[str, object], keyword: str) -> float | None:
    """Return a keyword's value where it is a number above 0, else None."""
    value = header.get(keyword)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if np.isfinite(value) and value > 0 else None


def number_keyword(
    header: Mapping[str, object], name: str, place: str, default: float
) -> float:
    """Return a keyword that holds a number; `default` where it is absent or blank.

    Raises
    ------
    FitsFormatError
        If it holds something else, or a number that is not finite.
    """
    value = header.get(name)
    if value is None or isinstance(value, fits.card.Undefined):
        return default
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not np.isfinite(float(value)):  # type: ignore[arg-type]
        raise FitsFormatError(
            f"{place} must have a number in the keyword {name}; got {value!r}."
        )
    return float(value)  # type: ignore[arg-type]


def _matches(hdu: Any, names: Sequence[str], classes: Sequence[str]) -> bool:
    if not isinstance(hdu, fits.BinTableHDU | fits.TableHDU):
        return False
    declared = {str(hdu.header.get(f"HDUCLAS{i}", "")).strip() for i in (1, 2)}
    return hdu.name.upper() in names or bool(declared & set(classes))


def read_tables(
    path: str | PathLike[str], names: Sequence[str], *, classes: Sequence[str] = ()
) -> list[FitsTable]:
    """Read all tables of a file with one of the `names`, or else one of the classes.

    Parameters
    ----------
    path : path
        FITS file, or ``file[NAME]`` with the name or number of an extension.
    names : sequence of str
        Accepted extension names, in capitals.
    classes : sequence of str
        Accepted values of HDUCLAS1 or HDUCLAS2.

    Raises
    ------
    FitsFormatError
        If no extension fits.
    """
    name = extension_name(path)
    with open_fits(name.path) as hdus:
        meant: Sequence[Any] = hdus
        if name.extension is not None:
            meant = [named_extension(hdus, name.extension, name.path.name)]
        return tables_in(meant, name.path, names, classes=classes)


def tables_in(
    hdus: Sequence[Any],
    path: Path,
    names: Sequence[str],
    *,
    classes: Sequence[str] = (),
) -> list[FitsTable]:
    """Return the tables that `read_tables` reads, of a file that is open already."""
    fitting = [hdu for hdu in hdus if _matches(hdu, names, ())]
    fitting = fitting or [hdu for hdu in hdus if _matches(hdu, names, classes)]
    if not fitting:
        raise FitsFormatError(
            f"{path.name} must have a table extension {' or '.join(names)}; it "
            f"has {', '.join(hdu.name or 'unnamed' for hdu in hdus)}."
        )
    return [_loaded(path, hdu) for hdu in fitting]


def all_tables(path: str | PathLike[str]) -> list[FitsTable]:
    """Read all binary tables of a file, in their order."""
    path = Path(path)
    with open_fits(path) as hdus:
        return all_tables_in(hdus, path)


def all_tables_in(hdus: fits.HDUList, path: Path) -> list[FitsTable]:
    """Return the tables that `all_tables` reads, of a file that is open already."""
    return [_loaded(path, hdu) for hdu in hdus if isinstance(hdu, fits.BinTableHDU)]


def _loaded(path: Path, hdu: fits.BinTableHDU) -> FitsTable:
    try:
        data = hdu.data
    except (TypeError, ValueError, EOFError) as error:
        raise FitsFormatError(
            f"{_place(path, hdu.name)} must hold {hdu.header.get('NAXIS2')} rows; "
            f"reading them failed: {error}. Fetch the file again: it may be truncated."
        ) from error
    return FitsTable(path, hdu.name or "table", data, hdu.header)


def read_table(
    path: str | PathLike[str], names: Sequence[str], *, classes: Sequence[str] = ()
) -> FitsTable:
    """Read the only table that `read_tables` finds.

    Raises
    ------
    FitsFormatError
        If no extension fits, or several that differ.
    """
    return only_table(read_tables(path, names, classes=classes))


def only_table(tables: Sequence[FitsTable]) -> FitsTable:
    """Return the one table that is meant, which may be there several times.

    Raises
    ------
    FitsFormatError
        If they differ: which one is meant cannot be known.
    """
    first, *others = tables
    if any(table.data.tobytes() != first.data.tobytes() for table in others):
        raise FitsFormatError(
            f"{first.path.name} must have one table {first.extension}; it has "
            f"{len(tables)} that differ. Write the one that is meant to a file of its "
            "own."
        )
    return first


def read_interval_columns(
    table: FitsTable, low_name: str, high_name: str, unit: str
) -> tuple[np.ndarray, np.ndarray]:
    """Read two columns that are the lower and upper ends of intervals.

    Raises
    ------
    FitsFormatError
        If there are no rows, or an interval ends before it starts.
    """
    low, high = table.quantity(low_name, unit), table.quantity(high_name, unit)
    if low.size == 0:
        raise FitsFormatError(
            f"{table.place(low_name)} must have at least one row; the table is empty."
        )
    inverted = np.flatnonzero(high < low)
    if inverted.size:
        i = int(inverted[0])
        raise FitsFormatError(
            f"{table.place(high_name)} must not be below {low_name}; row {i} runs "
            f"from {low[i]:g} to {high[i]:g} {unit}. The edges are inverted."
        )
    return low, high
