"""From one telescope's files to the fusion input."""

from hifred.observations.preparation.fusion_input import prepare_input
from hifred.observations.preparation.settings import read_preparation

__all__ = ["prepare_input", "read_preparation"]
