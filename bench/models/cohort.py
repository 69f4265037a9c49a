"""Seeds as a tensor dimension: K models that differ in their parameters alone, trained as one."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from bench.models.base import GenerativeModel, Losses

Outputs = tuple[Losses, dict[str, Tensor]]
Tensors = dict[str, Tensor]


class Cohort(Protocol):
    """K models side by side. Every tensor in or out has a leading dimension K."""

    size: int

    def call(self, method: str, x: Tensor, noise: Mapping[str, Tensor]) -> Outputs:
        """`method` of every member on its own slice: x (K, batch, *shape) to losses and curve values (K,)."""

    def parameters(self, prefix: str) -> list[Tensor]:
        """Parameters whose names start with `prefix`, as the optimiser sees them."""

    def member(self, index: int) -> GenerativeModel:
        """One member as a plain model of its own."""

    def state(self) -> Tensors:
        """Parameters and buffers, for a checkpoint."""

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Take over what `state` gave.

        Raises:
            ValueError: if it is not the state of such a cohort; nothing is taken over then.
        """


class Single:
    """A cohort of one: plain module calls, since `vmap` over one member costs half as much again on a CPU."""

    size = 1

    def __init__(self, model: GenerativeModel) -> None:
        self._model = model

    def call(self, method: str, x: Tensor, noise: Mapping[str, Tensor]) -> Outputs:
        """See `Cohort.call`."""
        losses, values = getattr(self._model, method)(x.squeeze(0), _each(noise, lambda t: t.squeeze(0)))
        return _each(losses, lambda t: t.unsqueeze(0)), _each(values, lambda t: t.detach().unsqueeze(0))

    def parameters(self, prefix: str) -> list[Tensor]:
        """See `Cohort.parameters`."""
        return [p for name, p in self._model.named_parameters() if name.startswith(prefix)]

    def member(self, index: int) -> GenerativeModel:
        """See `Cohort.member`."""
        return copy.deepcopy(self._model)

    def state(self) -> Tensors:
        """See `Cohort.state`."""
        return dict(self._model.state_dict())

    def load(self, state: Mapping[str, Tensor]) -> None:
        """See `Cohort.load`."""
        load_tensors(self.state(), state)


class Stacked:
    """A cohort of several: stacked parameters, and `vmap` over the members.

    Args:
        models: the members, alike but for their parameters.
    """

    def __init__(self, models: Sequence[GenerativeModel]) -> None:
        self.size = len(models)
        self._template = copy.deepcopy(models[0])
        self._parameters, self._buffers = stack_module_state(list(models))
        self._calls: dict[str, Callable[..., Outputs]] = {}

    def call(self, method: str, x: Tensor, noise: Mapping[str, Tensor]) -> Outputs:
        """See `Cohort.call`."""
        if method not in self._calls:
            self._calls[method] = self._vectorised(method)
        losses, values = self._calls[method](self._parameters, self._buffers, x, dict(noise))
        return losses, _each(values, Tensor.detach)

    def parameters(self, prefix: str) -> list[Tensor]:
        """See `Cohort.parameters`."""
        return [p for name, p in self._parameters.items() if name.startswith(prefix)]

    def member(self, index: int) -> GenerativeModel:
        """See `Cohort.member`."""
        model = copy.deepcopy(self._template)
        model.load_state_dict(_each(self.state(), lambda t: t[index].detach()))
        return model

    def state(self) -> Tensors:
        """See `Cohort.state`."""
        return {**self._parameters, **self._buffers}

    def load(self, state: Mapping[str, Tensor]) -> None:
        """See `Cohort.load`."""
        load_tensors(self.state(), state)

    def _vectorised(self, method: str) -> Callable[..., Outputs]:
        module = _Method(self._template, method)

        def one(parameters: Tensors, buffers: Tensors, x: Tensor, noise: Tensors) -> Outputs:
            tensors = {f"model.{name}": tensor for name, tensor in {**parameters, **buffers}.items()}
            outputs: Outputs = functional_call(module, tensors, (x, noise))
            return outputs

        return vmap(one)


class _Method(nn.Module):
    """A method of a model as a module's forward, which is what `functional_call` calls."""

    def __init__(self, model: GenerativeModel, method: str) -> None:
        super().__init__()
        self.model = model
        self.method = method

    def forward(self, x: Tensor, noise: Tensors) -> Outputs:
        """Call the method."""
        outputs: Outputs = getattr(self.model, self.method)(x, noise)
        return outputs


def _each(tensors: Mapping[str, Tensor], change: Callable[[Tensor], Tensor]) -> Tensors:
    return {name: change(tensor) for name, tensor in tensors.items()}


@torch.no_grad()
def load_tensors(own: Tensors, state: Mapping[str, Tensor]) -> None:
    """Copy tensors into those of the same names.

    Raises:
        ValueError: if names, shapes or types are others; nothing is copied then.
    """
    if own.keys() != state.keys():
        raise ValueError(f"found tensors {sorted(state)}; expected {sorted(own)}")
    for name, tensor in own.items():
        found, expected = (state[name].shape, state[name].dtype), (tensor.shape, tensor.dtype)
        if found != expected:  # `copy_` would stretch and convert without a word
            raise ValueError(f"tensor '{name}': found {_text(*found)}; expected {_text(*expected)}")
    for name, tensor in own.items():
        tensor.copy_(state[name])


def _text(shape: torch.Size, dtype: torch.dtype) -> str:
    return f"{dtype} of shape {tuple(shape)}"


def make_cohort(models: Sequence[GenerativeModel]) -> Cohort:
    """Put models side by side; one alone is called plainly."""
    return Single(models[0]) if len(models) == 1 else Stacked(models)
