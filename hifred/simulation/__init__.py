"""Toy scenes and Poisson draws."""

from hifred.simulation.cube_scene import CubeScene
from hifred.simulation.instruments import InstrumentSettings
from hifred.simulation.models import (
    MODELS,
    SimulationSettings,
    settings_from_mapping,
    settings_mapping,
    simulation_settings,
)
from hifred.simulation.observe import (
    build_scene,
    simulate,
    simulate_model,
    simulate_scene,
)
from hifred.simulation.remnant import RemnantSettings
from hifred.simulation.scene import RemnantScene, Scene, ShellScene

__all__ = [
    "MODELS",
    "CubeScene",
    "InstrumentSettings",
    "RemnantScene",
    "RemnantSettings",
    "Scene",
    "ShellScene",
    "SimulationSettings",
    "build_scene",
    "settings_from_mapping",
    "settings_mapping",
    "simulate",
    "simulate_model",
    "simulate_scene",
    "simulation_settings",
]
