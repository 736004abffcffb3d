"""The eight ways in which the axes of an image may run."""

import numpy as np

ORIENTATIONS = (
    "as given", "flipped in y", "flipped in x", "turned by 180 degrees",
    "transposed", "turned by 90 degrees", "turned by 270 degrees",
    "transposed and turned by 180 degrees",
)  # fmt: skip


def turned(image: np.ndarray, turn: int) -> np.ndarray:
    """Return an image (y, x) in the orientation of that index of `ORIENTATIONS`."""
    turns = (
        lambda i: i, np.flipud, np.fliplr, lambda i: i[::-1, ::-1],
        np.transpose, np.rot90, lambda i: np.rot90(i, 3), lambda i: i[::-1, ::-1].T,
    )  # fmt: skip
    return np.asarray(turns[turn](image))
