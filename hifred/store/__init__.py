"""Files on disk: fusion inputs, trials, collected results."""

from hifred.store.fusion_input import (
    content_digest,
    input_digest,
    open_fusion_input,
    save_fusion_input,
)
from hifred.store.results import Results, TrialResult, open_results
from hifred.store.trial_file import open_trial, publish_trial, verify_trial

__all__ = [
    "Results",
    "TrialResult",
    "content_digest",
    "input_digest",
    "open_fusion_input",
    "open_results",
    "open_trial",
    "publish_trial",
    "save_fusion_input",
    "verify_trial",
]
