from .fusion_input import (
    content_digest,
    input_digest,
    open_fusion_input,
    save_fusion_input,
)
from .posterior_draws import (
    read_draws,
    save_draws,
)
from .results import (
    Results,
    TrialResult,
    open_results,
)
from .trial_file import (
    open_trial,
    publish_trial,
    verify_trial,
)

__all__ = [
    "Results",
    "TrialResult",
    "content_digest",
    "input_digest",
    "open_fusion_input",
    "open_results",
    "open_trial",
    "publish_trial",
    "read_draws",
    "save_draws",
    "save_fusion_input",
    "verify_trial",
]
