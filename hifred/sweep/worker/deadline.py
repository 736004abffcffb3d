"""When this process must stop working: polled between steps, never a signal."""

import time

_state: dict[str, float | str | None] = {"deadline": None, "reason": None}


def set_deadline(seconds_left: float, reason: str = "the job's time ends") -> None:
    """Ask running trials to save and stop `seconds_left` from now, s."""
    _state["deadline"] = time.monotonic() + seconds_left
    _state["deadline_reason"] = reason


def request_stop(reason: str = "asked to stop") -> None:
    """Ask running trials to save and stop after their present step."""
    _state["reason"] = reason


def clear_stop() -> None:
    """Forget deadline and request: a new run begins."""
    _state.update(deadline=None, reason=None)


def stop_reason() -> str | None:
    """Return why this process must stop now; None to go on."""
    if _state["reason"] is not None:
        return str(_state["reason"])
    deadline = _state["deadline"]
    if isinstance(deadline, float) and time.monotonic() >= deadline:
        return str(_state["deadline_reason"])
    return None
