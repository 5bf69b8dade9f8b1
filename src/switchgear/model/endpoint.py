"""A model behind an OpenAI-compatible server: one chat request, tried again where that may help, and many at a time.

Neither the API key nor what is asked or answered stands in any message.
"""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from switchgear.errors import EndpointDownError, EndpointError, RecipeError
from switchgear.recipe import EndpointRecipe

LONGEST_PAUSE = 60  # seconds between two tries
PASSING = {408, 409, 425, 429}  # and all from 500: statuses that another try may not meet
OF_THE_REQUEST = {400, 413, 451}  # statuses that are about what is asked, and not about how

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Reply:
    """The assistant's message as the server wrote it; `revision` is its fingerprint of the model, if it tells one."""

    message: dict[str, Any]
    finished: bool
    revision: str


class Endpoint:
    """Chat requests to one model of one server."""

    def __init__(self, recipe: EndpointRecipe) -> None:
        """Raises `RecipeError` if the variable that should hold the key is not set."""
        self.recipe = recipe
        self._client = httpx.Client(headers=_authorization(recipe), timeout=recipe.timeout)
        self._retrying = Retrying(
            retry=retry_if_exception(_may_pass),
            stop=stop_after_attempt(recipe.attempts),
            wait=wait_random_exponential(multiplier=0.5, max=LONGEST_PAUSE),
            reraise=True,
        )

    def chat(self, messages: list[dict[str, Any]], **settings: Any) -> Reply:
        """The answer to a conversation. `settings` are fields of the request, such as `temperature`.

        Raises:
            EndpointDownError: no connection, or no answer in time, after all attempts; or a request of a kind that this
                server does not take.
            EndpointError: this request alone has failed, or what came back is no chat completion.
        """
        fields = {"model": self.recipe.model, "messages": messages, **settings, **self.recipe.body}
        body = {name: value for name, value in fields.items() if value is not None}
        try:
            response = self._retrying(self._post, body)
        except httpx.HTTPError as error:
            raise self._failure(error) from error
        try:
            answer = response.json()
            choice = answer["choices"][0]
            message = dict(choice["message"])
        except (ValueError, LookupError, TypeError) as error:
            raise EndpointError(f"{self.recipe.url} answered with something that is no chat completion.") from error
        return Reply(message, choice.get("finish_reason") != "length", str(answer.get("system_fingerprint") or ""))

    def _post(self, body: dict[str, Any]) -> httpx.Response:
        return self._client.post(f"{self.recipe.url.rstrip('/')}/chat/completions", json=body).raise_for_status()

    def _failure(self, error: httpx.HTTPError) -> EndpointError:
        if not isinstance(error, httpx.HTTPStatusError):
            return EndpointDownError(
                f"{self.recipe.url} cannot be reached ({type(error).__name__}). Is the server running?"
            )
        status = error.response.status_code
        kind = EndpointError if status in OF_THE_REQUEST else EndpointDownError
        return kind(f"{self.recipe.url} answered HTTP {status} ({error.response.reason_phrase}).{_advice(status)}")


def ask(function: Callable[[Item], Result], items: Iterable[Item], at_a_time: int) -> list[Result | EndpointError]:
    """What `function` returns for each item, in order, or the `EndpointError` that it raised.

    Raises:
        EndpointDownError: for every item: going on would only lose the rest.
    """

    def guarded(item: Item) -> Result | EndpointError:
        try:
            return function(item)
        except EndpointError as error:
            return error

    with ThreadPoolExecutor(at_a_time) as pool:
        results = list(pool.map(guarded, items))
    for result in results[:1]:
        if isinstance(result, EndpointDownError) and all(isinstance(each, EndpointDownError) for each in results):
            raise result
    return results


def _authorization(recipe: EndpointRecipe) -> dict[str, str]:
    if recipe.key_variable is None:
        return {}
    key = os.environ.get(recipe.key_variable, "")
    if not key:
        raise RecipeError(
            f"The API key for {recipe.url} is taken from the environment variable {recipe.key_variable}, which is not "
            "set. Set it, or name another in `key_variable`."
        )
    return {"Authorization": f"Bearer {key}"}


def _may_pass(error: BaseException) -> bool:
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code in PASSING or error.response.status_code >= 500
    return isinstance(error, httpx.TransportError)


def _advice(status: int) -> str:
    match status:
        case 401 | 403:
            return " Check the API key (`key_variable`)."
        case 404:
            return " Check `url`, which ends with the version (`/v1`), and `model`."
        case 422:
            return " It does not know a field of the request: not all servers can continue a `prefill`."
        case _:
            return ""
