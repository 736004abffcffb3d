"""Memory and time: what is written is read back, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hifred.settings import ByteSize, Duration


@given(st.integers(1, 2**50))
def test_a_size_survives_its_text(n_bytes: int) -> None:
    assert ByteSize.read(str(ByteSize(n_bytes))) == n_bytes


@pytest.mark.parametrize(
    ("text", "n_bytes"),
    [("4GiB", 4 * 2**30), ("1.5 KiB", 1536), ("2gb", 2 * 10**9), ("7 B", 7)],
)
def test_what_a_size_means(text: str, n_bytes: int) -> None:
    assert ByteSize.read(text) == n_bytes


def test_sizes_come_from_other_units() -> None:
    assert ByteSize.of_gib(0.5) == ByteSize.of_mib(512) == 2**29
    assert (ByteSize(2**31).gib, ByteSize(2**21).mib) == (2.0, 2.0)


@pytest.mark.parametrize("text", ["", "4", "GiB", "-1GiB", "0GiB", "4 apples", "1e3MB"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be such as '4GiB'"):
        ByteSize.read(text)


@given(st.integers(0, 10**7))
def test_a_duration_survives_its_text(seconds: int) -> None:
    assert Duration.read(str(Duration(seconds))) == seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("02:00:00", 7200), ("1-00:00:01", 86401), ("2h", 7200), ("1h 30min", 5400),
     ("90s", 90), ("1d", 86400)],
)  # fmt: skip
def test_what_a_duration_means(text: str, seconds: int) -> None:
    assert Duration.read(text) == seconds


@pytest.mark.parametrize("text", ["", " ", "12", "1:2", "00:60:00", "2 hours"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be such as '12:00:00'"):
        Duration.read(text)
