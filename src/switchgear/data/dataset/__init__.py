"""From the rows of all sources to the dataset of a run: shards, splits, mix, files, card."""
