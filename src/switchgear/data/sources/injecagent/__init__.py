"""InjecAgent: `cases` is the shape of a row and its context, `outcomes` the source."""
