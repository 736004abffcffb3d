import pytest

from hifred.observations.formats.units import UnitError, conversion_factor


@pytest.mark.parametrize(
    ("text", "unit", "factor"),
    [
        ("KeV", "keV", 1), ("KEV", "keV", 1), ("EV", "keV", 1e-3), ("MeV", "keV", 1e3),
        ("CM**2", "cm2", 1), ("cm^2", "cm2", 1), ("cm2 ", "cm2", 1),
        ("m**2", "cm2", 1e4), ("sq cm", "cm2", 1), ("square cm", "cm2", 1),
        ("cm**2 count/photon", "cm2", 1), ("cm2 counts/photon", "cm2", 1),
        ("cm**2 s count/photon", "cm2 s", 1), ("m2 s", "cm2 s", 1e4), ("ks", "s", 1e3),
        ("sec", "s", 1), ("counts/s", "count/s", 1), ("cts ks-1", "count/s", 1e-3),
        ("Degrees", "deg", 1), ("arcmins", "arcsec", 60),
    ],
)  # fmt: skip
def test_units_as_the_field_spells_them(text: str, unit: str, factor: float) -> None:
    assert conversion_factor(text, unit) == pytest.approx(factor, rel=1e-12)


@pytest.mark.parametrize("text", ["Hz", "keV", "furlong", "log(cm)", "", "cm2 / s / /"])
def test_another_kind_of_unit_is_told(text: str) -> None:
    with pytest.raises(UnitError, match=r"must be in cm2 or a unit .*; got '"):
        conversion_factor(text, "cm2")
