"""UltraChat, filtered: long friendly conversations between a user and an assistant.

Address: the hub dataset HuggingFaceH4/ultrachat_200k (207,865 rows in `train_sft`), which is read without a `path`, or
files of it. Licence: MIT. Paper: Ding et al. 2023; filtered for Zephyr, Tunstall et al. 2023.

A row:
    {"prompt": "What is ...?", "prompt_id": "f0e3...",
     "messages": [{"role": "user", "content": "What is ...?"}, {"role": "assistant", "content": "It is ..."}, ...]}

All that the assistant says is the continuation. Use `first_rows`, for all of them are more than a run needs.
"""

from collections.abc import Iterator

from switchgear.data.reading.hub import HubOptions, rows
from switchgear.data.reading.options import checked
from switchgear.data.reading.texts import Origin, chat
from switchgear.recipe import SourceRecipe
from switchgear.schema import Drop, Example

ORIGIN = Origin("ultrachat", "MIT")


class UltrachatOptions(HubOptions):
    hub: str = "HuggingFaceH4/ultrachat_200k"
    split: str = "train_sft"


def read(recipe: SourceRecipe, seed: int) -> Iterator[Example | Drop]:
    """A benign example for each conversation.

    Raises:
        RecipeError: options that are not known.
        DataError: files that are missing or damaged, or a hub that cannot be reached.
    """
    for row in rows(recipe, checked(recipe, UltrachatOptions)):
        yield chat(ORIGIN, row)
