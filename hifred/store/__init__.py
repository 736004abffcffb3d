"""Files on disk: fusion inputs, trials, collected results."""

from hifred.store.fusion_input import (
    content_digest,
    input_digest,
    open_fusion_input,
    save_fusion_input,
)

__all__ = ["content_digest", "input_digest", "open_fusion_input", "save_fusion_input"]
