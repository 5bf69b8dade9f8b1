"""How long one step of training takes, beside two other implementations. Run `python -m benchmarks.step --help`."""
