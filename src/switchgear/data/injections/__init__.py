"""Attacks in what tools return: their wordings, where they stand in a text, and the calls that they are after."""
