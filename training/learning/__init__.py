"""Examples to checkpoints: losses, optimisation, calibration, averages."""
