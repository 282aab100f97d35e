"""A simulated installation: a plant process with car, house, sun, meters and board, and the board adapter onto it."""
