"""What measures are called, in tables and figures, and what they say."""

from collections.abc import Iterable

NAMES = {
    "nmse_db": "NMSE",
    "nmse_truth_db": "NMSE over the truth",
    "asam": "aSAM",
    "asam_bright": "aSAM, bright pixels",
    "acssim": "acSSIM",
    "ergas": "ERGAS",
    "ergas_paper": "ERGAS of the paper",
    "deviance": "deviance",
    "deviance_sigma": "misfit",
    "objective": "objective",
    "deviance_expected": "expected deviance",
    "deviance_variance": "variance of the deviance",
    "data_nmse_db": "NMSE of the counts",
    "held_out": "held-out rank",
    "held_out_error": "held-out error",
    "held_out_deviance": "held-out deviance",
}
GLOSSARY = {
    "nmse_db": "Power of the fused cube over that of its error against the truth. "
    "10 dB more: an error three times smaller.",
    "nmse_truth_db": "The same, with the power of the true cube above.",
    "asam": "Mean angle between the fused and the true spectrum of a pixel: how much "
    "shapes differ, whatever the brightness.",
    "asam_bright": "The same over the brightest pixels, which hold 95 % of the flux.",
    "acssim": "One less the mean structural similarity of the images: 0 is perfect.",
    "ergas": "Error of each energy's image over its mean, averaged over energies.",
    "ergas_paper": "The same as Lascar, Bobin & Acero (2025) define it.",
    "deviance_sigma": "Distance of the data from the fusion, less what noise makes it, "
    "in standard deviations. Near 0: the noise is explained. Far below: noise was "
    "fitted. Far above: structure was smoothed away, or the model is wrong.",
    "data_nmse_db": "Power of the predicted counts over that of their error against "
    "noise-free counts.",
    "held_out": "Both scores of held-out counts together, each from its best on.",
    "held_out_error": "Distance of the cube from one made of counts that the fit has "
    "not seen: by this choose where there is no truth.",
    "held_out_deviance": "How badly counts are predicted that the fit has not seen.",
    "deviance": "Poisson deviance of the data (C-statistic).",
    "objective": "What the solver minimises; comparable for equal settings only.",
}


def measure_name(name: str) -> str:
    """Return what a measure is called; one of an instrument ends in its name."""
    known = _beginning(name, NAMES)
    if known is None:
        return name.replace("_", " ")
    ending = name[len(known) :].strip("_")
    return NAMES[known] + (f", {ending}" if ending else "")


def in_order(names: Iterable[str]) -> list[str]:
    """Return measures as `NAMES` has them, those of instruments after the whole."""
    known = list(NAMES)

    def place(name: str) -> tuple[int, str]:
        start = _beginning(name, NAMES)
        return (len(known) if start is None else known.index(start)), name

    return sorted(names, key=place)


def measure_meanings(names: Iterable[str]) -> dict[str, str]:
    """Return what measures say, in a sentence or two, by what they are called.

    Those of instruments are told once, in one sentence with the whole.
    """
    told = {_beginning(name, GLOSSARY) for name in names}
    return {NAMES[name]: said for name, said in GLOSSARY.items() if name in told}


def _beginning(name: str, known: dict[str, str]) -> str | None:
    starts = [start for start in known if f"{name}_".startswith(f"{start}_")]
    return max(starts, key=len, default=None)
