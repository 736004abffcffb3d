"""What to do about each state that is bad, in the terminal and on the page."""

from pathlib import Path

from hifred.sweep.watch.remedies import PAGE, REMEDIES, remedies
from hifred.sweep.watch.snapshot import Snapshot
from hifred.sweep.watch.states import BAD_STATES, TrialState

HOWTO = Path(__file__).parents[2] / "docs" / "howto" / "failures.md"


def seen(**counts: int) -> Snapshot:
    whole = {state.value: 0 for state in TrialState} | counts
    return Snapshot("s", sum(counts.values()), whole, None, None, None)


def test_every_bad_state_has_a_remedy_and_its_entry_on_the_page() -> None:
    page = HOWTO.read_text(encoding="utf-8")
    assert set(REMEDIES) == set(BAD_STATES)
    assert PAGE.split('"')[1] in page
    for state in REMEDIES:
        assert f"\n`{state}`\n: " in page


def test_only_what_happened_is_told() -> None:
    lines = remedies(seen(done=3, oom=2), Path("first-look"))
    assert len(lines) == 2
    assert "hifred retry first-look --state oom --memory 16GiB" in lines[0]
    assert remedies(seen(done=3), Path("s")) == []
