"""The last words of a job."""

from pathlib import Path

_NOISE = ("distributed.", "slurmstepd: error: *** JOB")


def last_lines(log: Path, job_id: str, count: int = 3) -> str:
    """Return the end of a job's error log in one line, with the name of the file.

    Parameters
    ----------
    log : Path
        Log file without job id and ending, as the job was submitted with.
    job_id : str
    count : int
        Number of lines wanted.
    """
    path = log.with_name(f"{log.name}-{job_id}.err")
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return f"It left no log ({path})."
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if not any(part in line for part in _NOISE)]
    end = " | ".join((telling or lines)[-count:])
    return f"{path.name} ends: {end}" if end else f"{path.name} is empty."
