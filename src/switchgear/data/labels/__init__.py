"""Whether a row is what its label says: lint, patterns of calls, refusals, incoherence, kinds of harm."""
