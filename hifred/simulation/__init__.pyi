from .cube_scene import (
    CubeScene,
)
from .instruments import (
    InstrumentSettings,
)
from .models import (
    MODELS,
    SimulationSettings,
    settings_from_mapping,
    settings_mapping,
    simulation_settings,
)
from .observe import (
    build_scene,
    simulate,
    simulate_model,
    simulate_scene,
)
from .remnant import (
    RemnantSettings,
)
from .scene import (
    RemnantScene,
    Scene,
    ShellScene,
)

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
