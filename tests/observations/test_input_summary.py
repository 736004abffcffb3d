import numpy as np

from hifred.observations import FusionInput, build_observation
from hifred.observations.input_summary import summarise


def test_each_instrument_has_a_line_with_its_figures() -> None:
    mask = np.ones((2, 3), bool)
    mask[0, 0] = False
    observation = build_observation(
        instrument="epic", role="imager", counts=np.ones((4, 2, 3), int),
        energy_edges=np.linspace(6, 6.4, 5), effective_area=10.0, exposure_time=100.0,
        pixel_size_arcsec=5.0, background=np.full((4, 2, 3), 0.5), mask=mask,
    )  # fmt: skip
    text = summarise(FusionInput({"epic": observation}))
    assert "epic (imager): 24 counts (background 12) in 4 channels" in text
    assert "2 x 3 pixels of 5.00 arcsec, 100 s, 16.7 % masked" in text
    assert "true energies: 4 bins of 100 eV, 6 to 6.4 keV" in text
