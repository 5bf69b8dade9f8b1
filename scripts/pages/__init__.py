"""The pages of `docs/reference/` that are written from the code itself, and the recipe's JSON Schema.

`python -m scripts.pages` writes them again; a test holds them current.
"""
