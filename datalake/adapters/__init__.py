"""The only door to the world: ports, the real clients behind them, and the fakes that ship with them."""
