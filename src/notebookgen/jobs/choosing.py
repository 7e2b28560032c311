"""Which model is meant, and whether its provider can be asked: names, near misses, keys, the sandbox.

Nothing is picked and charged: without a model, the configured one is used, else the sandbox's own where the sandbox
answers, else the answer is a list.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from notebookgen.credentials import keyring_state
from notebookgen.errors import InvalidCall, MissingKey, UnknownModel, UnknownProvider, near_miss
from notebookgen.providers import provider_class, provider_names, usable_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from notebookgen.providers import Provider
    from notebookgen.records import Kind, Model, Realm

__all__ = [
    "KINDS",
    "SANDBOX_MODELS",
    "Choice",
    "bearing",
    "choose",
    "is_sandboxed",
    "key_away",
    "missing_key",
    "no_model",
    "other_account",
    "several_models",
    "to_set_a_key",
]

KINDS: tuple[Kind, ...] = ("image", "video", "audio", "3d", "text")
# What the sandbox's Armox offers of its own, for those who name nothing.
SANDBOX_MODELS: dict[str, str] = {
    "image": "sandbox/picture",
    "video": "sandbox/clip",
    "audio": "sandbox/sound",
    "3d": "sandbox/solid",
    "text": "sandbox/text",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """Who is to be asked for what.

    Attributes:
        provider: The provider's name.
        model: Its own model id.
        sandbox: Whether the sandbox answers in its place.
    """

    provider: str
    model: str
    sandbox: bool


def choose(
    name: str | None,
    *,
    kind: str | None,
    provider: str | None,
    sandbox: bool,
    has_key: Callable[[str], bool],
) -> Choice:
    """Return who is to be asked for what.

    Args:
        name: ``provider:model``, a model id alone, or None.
        kind: What is to come back, where no model is named.
        provider: The client's own provider, where it has one.
        sandbox: Whether every provider's name goes to the sandbox.
        has_key: Whether there is a key for a provider's name.

    Raises:
        UnknownProvider, UnknownModel, MissingKey, InvalidCall: As the message says, with what to type.
    """
    if kind is not None and kind not in KINDS:
        message = f"there is no kind '{kind}'.{near_miss(kind, KINDS)} Kinds are: {', '.join(KINDS)}."
        raise InvalidCall(message)
    if name is None:
        free = provider is None and not any(has_key(one) for one in usable_names())
        if sandbox or free:
            if provider in {None, "armox"}:
                return Choice("armox", SANDBOX_MODELS[kind or "image"], sandbox=True)
            return Choice(provider or "armox", _first_of(provider_class(provider or "armox")(), kind), sandbox=True)
        raise no_model(provider, kind)
    owner, model = _split(name, provider, has_key)
    if is_sandboxed(model):
        sandbox = True
    if not sandbox and not has_key(owner):
        raise missing_key(provider_class(owner)())
    return Choice(owner, model, sandbox)


def is_sandboxed(name: str) -> bool:
    """Whether a model is one of the sandbox's own, with or without its provider: they exist nowhere else."""
    return name.strip().removeprefix("armox:").startswith("sandbox/")


def bearing(name: str, models: Iterable[Model]) -> list[Model]:
    """Return the models that a name without a provider may mean: by their id, or by what follows its maker's name."""
    return [model for model in models if name in {model.id, model.id.rpartition("/")[2]}]


def several_models(name: str, models: Iterable[Model]) -> UnknownModel:
    """Return the error for a name that several models bear, with their prices."""
    priced = "; ".join(f"{model} {model.cost}" for model in models)
    message = f"several models are named '{name}', and none is picked for you. Nothing was sent.\nSay which: {priced}"
    return UnknownModel(message)


def _split(name: str, provider: str | None, has_key: Callable[[str], bool]) -> tuple[str, str]:
    """Return the provider's name and the model's id that a name means."""
    before, colon, after = name.strip().partition(":")
    if colon and before in provider_names():
        if not after:
            message = f"'{name}' names no model. To see them: ng.models('{before}')"
            raise UnknownModel(message)
        if provider is not None and before != provider:
            message = f"this client asks {provider}, and '{name}' is a model of {before}. Use ng.Client('{before}')."
            raise InvalidCall(message)
        return before, after
    if provider is not None:
        return provider, name.strip()
    if is_sandboxed(name):
        return "armox", name.strip()
    models = [model for one in usable_names() for model in provider_class(one)().catalogue()]
    found = bearing(name.strip(), models)
    payable = found if len(found) == 1 else [model for model in found if has_key(model.provider)]
    if len(payable) == 1:
        return payable[0].provider, payable[0].id
    if found:
        raise several_models(name, payable or found)
    if colon and "/" not in before:
        message = (
            f"no provider is named '{before}'.{near_miss(before, provider_names())} "
            f"Installed are: {', '.join(provider_names())}."
        )
        raise UnknownProvider(message)
    full = [*map(str, models), *(f"armox:{one}" for one in SANDBOX_MODELS.values())]
    hint = near_miss(name, full) or near_miss(name, {one.partition(":")[2] for one in full})
    message = (
        f"no model is named '{name}'.{hint}\n"
        f"A model is written provider:id, as in armox:google/nano-banana. To see them: ng.models()"
    )
    raise UnknownModel(message)


def _first_of(provider: Provider, kind: str | None) -> str:
    """Return a provider's first model of a kind, for the sandbox, where nothing is charged."""
    for model in provider.catalogue():
        if model.kind == (kind or "image"):
            return model.id
    message = f"{provider.title} has no model of the kind '{kind}'. Name one: ng.models('{provider.name}')"
    raise UnknownModel(message)


def no_model(provider: str | None, kind: str | None) -> UnknownModel:
    """Return the error for a call that names no model, with some models and their prices."""
    names = [provider] if provider else list(usable_names())
    lines: list[str] = []
    for one in names:
        models = [model for model in provider_class(one)().catalogue() if kind in {None, model.kind}]
        lines += [f"{model} {model.cost}" for model in models if model.cost.amount is not None][:2]
    message = (
        "no model was named, and none is picked for you. Nothing was sent.\n"
        f"Some, with prices: {'; '.join(lines)}.\n"
        "Name one with model='...', or set it for good: ng.configure(model='...'). All: ng.models()"
    )
    return UnknownModel(message)


def key_away(realm: Realm) -> str:
    """Return that the key of an account is not the one at hand, and which variable it belongs into."""
    try:
        variable = provider_class(realm.provider).key_variable
    except UnknownProvider:  # its package was removed since
        return f"the account {realm} cannot be reached: no package for {realm.provider} is installed"
    return f"the key of the account {realm} is not at hand: {variable} is not set, or is another account's"


def other_account(realm: Realm) -> MissingKey:
    """Return the error for what an account has paid for whose key is not the one at hand.

    Raises:
        UnknownProvider: Its provider's package is not installed any more.
    """
    provider = provider_class(realm.provider)
    message = f"{key_away(realm)}. Nothing was sent.\nFind it at {provider.keys_page} and {to_set_a_key(provider)}"
    return MissingKey(message)


def missing_key(provider: Provider) -> MissingKey:
    """Return the error for a provider without a key."""
    message = (
        f"there is no key for {provider.title}: {provider.key_variable} is not set. Nothing was sent.\n"
        f"Get one at {provider.keys_page} and {to_set_a_key(type(provider))}\n"
        "To try without a key: ng.configure(sandbox=True)"
    )
    return MissingKey(message)


def to_set_a_key(provider: type[Provider]) -> str:
    """Return how a key is set on this machine, as far as it can keep one."""
    variable = f"set {provider.key_variable} before Python starts"
    login = f"in a notebook: %load_ext notebookgen, then %generate login {provider.name}"
    return {
        "ready": f"{variable}, or {login}",
        "missing": f"{variable}, or pip install 'notebookgen[keyring]' and {login}",
        "none": f"{variable} (this machine has no keyring that would keep it)",
    }[keyring_state()]
