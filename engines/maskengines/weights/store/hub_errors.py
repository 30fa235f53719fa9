"""What the hub's library raises, as sentences."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from maskengines.errors import BadInput, NotReady, StudioError

_LOGIN = "log in with 'hf auth login' or set HF_TOKEN"


@contextmanager
def told_plainly(model_id: str) -> Iterator[None]:
    """Inside, errors of the hub, of the network and of its library become the studio's own.

    Raises:
        BadInput: the hub knows no such model.
        NotReady: it is gated, the login is refused, or the hub cannot be reached.
    """
    try:
        yield
    except StudioError:
        raise
    except Exception as error:
        raise sentence_of(error, model_id) from error


def sentence_of(error: Exception, model_id: str) -> StudioError:
    """The error to show for one that the library raised; a bug of ours stays what it is.

    Raises:
        Exception: ``error`` itself where neither the hub nor the network is to blame.
    """
    from huggingface_hub import errors

    kept = "What was fetched is kept, and the next try goes on from there."
    if isinstance(error, errors.GatedRepoError):
        return NotReady(
            f"'{model_id}' is gated: its authors want you to agree to their terms first. Agree at "
            f"https://huggingface.co/{model_id}, {_LOGIN}, and pull again."
        )
    if isinstance(error, errors.RevisionNotFoundError | errors.RemoteEntryNotFoundError):
        return NotReady(f"'{model_id}' was changed on the hub meanwhile. Pull it again.")
    if isinstance(error, errors.RepositoryNotFoundError):
        return BadInput(
            f"The hub knows no model '{model_id}', or it is private. Check the spelling; for a private one, "
            f"{_LOGIN}."
        )
    if isinstance(error, errors.HFValidationError):
        return BadInput(f"'{model_id}' is no hub id. One has the form owner/name.")
    if isinstance(error, errors.HfHubHTTPError):
        return _status(error.response.status_code, model_id, kept)
    if is_transport(error):
        return NotReady(
            f"The hub cannot be reached, or the connection broke off ({type(error).__name__}). Connect to "
            f"the internet and pull again. {kept}"
        )
    raise error


def is_transport(error: BaseException) -> bool:
    """Whether the connection failed, rather than that the server said no."""
    from huggingface_hub import errors

    if isinstance(error, errors.HfHubHTTPError):
        return False
    # The library of the connection changes between versions of the hub's; its base error is always there.
    return isinstance(error, errors.HTTPError | ConnectionError | TimeoutError)


def is_from_network(error: OSError) -> bool:
    """Whether the network or the hub raised it, rather than a disk."""
    from huggingface_hub import errors

    return isinstance(error, errors.HfHubHTTPError) or is_transport(error)


def _status(code: int, model_id: str, kept: str) -> StudioError:
    if code == 401:
        return NotReady(f"The hub does not accept your login. To pull '{model_id}', {_LOGIN}.")
    if code == 403:
        return NotReady(
            f"You may not read '{model_id}' on the hub. Ask its authors at "
            f"https://huggingface.co/{model_id}, and {_LOGIN}."
        )
    if code == 429:
        return NotReady(f"The hub asks to come back later, as there were too many requests. {kept}")
    return NotReady(f"The hub has trouble of its own (status {code}). Pull again later. {kept}")
