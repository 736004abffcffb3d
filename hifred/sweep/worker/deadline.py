"""Whether this process must stop working: polled between steps, never a signal."""

# Of the whole process, whatever thread runs a trial in it; empty = go on.
_reasons: list[str] = []


def request_stop(reason: str = "asked to stop") -> None:
    """Ask running trials to save and stop after their present step."""
    _reasons.append(reason)


def clear_stop() -> None:
    """Forget all requests: a new run begins."""
    _reasons.clear()


def stop_reason() -> str | None:
    """Return why this process must stop now; None to go on."""
    return _reasons[-1] if _reasons else None
