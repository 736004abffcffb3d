"""What is known of an input before anything is fused from it, as verdicts."""

from hifred.observations import FusionInput, check_responses
from hifred.observations.input_summary import notes_of, summarise_each
from hifred.selection.verdicts import Level, Verdict


def input_verdicts(model: str, fusion_input: FusionInput) -> list[Verdict]:
    """Return whether the responses agree, the likely causes if not, and what there is.

    Parameters
    ----------
    model : str
        Name of the input.
    fusion_input : FusionInput
    """
    report = check_responses(fusion_input.observations)
    told = [*report.notes, *summarise_each(fusion_input), *notes_of(fusion_input)]
    found = [
        (Level.NOTE, str(report).splitlines()[-1]),
        *((Level.FAULT, cause) for cause in report.cause_sentences),
        *((Level.WARNING, warning) for warning in report.warnings),
        *((Level.NOTE, sentence) for sentence in told),
    ]
    return [Verdict("input", level, model, text) for level, text in found]
