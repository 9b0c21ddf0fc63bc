"""What is said about privacy for evidence holds for every node that shows or keeps pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from edgeai_bringup.graph import NodePlan, ParameterValue, Scope
from edgeai_bringup.parameter_files import parameters_of
from edgeai_core.errors import ConfigError
from edgeai_core.privacy.mask_owners import masks_at

_SAID_FOR = "evidence_recorder"
_MASKS = "privacy.masks"
# Who gets which of them: pictures of things show no faces anyway.
_ALL = (_MASKS, "privacy.blur_unknown_faces", "privacy.face_score")
_GIVEN = {"object_detector": (_MASKS,), "visualizer": _ALL, "dashboard": _ALL}


def share_privacy(plans: Sequence[NodePlan], *, namespace: str = "") -> None:
    """Give the other nodes what is said about privacy for the evidence recorder.

    Args:
        plans: all of the graph. namespace: of the graph; masks name cameras without it.

    Raises:
        ConfigError: a node has something else: a picture could show what another hides.
    """
    said = {
        name: value
        for plan in plans
        if plan.entry.name == _SAID_FOR
        for name, value in parameters_of(plan).items()
    }
    if not any(plan.entry.name == _SAID_FOR for plan in plans):
        return  # nobody keeps evidence: each node has its own
    for plan in plans:
        own = parameters_of(plan)
        for name in _GIVEN.get(plan.entry.name, ()):
            value = said.get(name)
            if name == _MASKS and plan.entry.scope is Scope.CAMERA and isinstance(value, list):
                camera = plan.namespace.removeprefix(namespace).strip("/")
                value = masks_at([str(mask) for mask in value], camera=camera)
            if name in own and (own[name] or None) != (value or None):
                raise ConfigError(
                    f"parameter {name} of {plan.full_name}: got {own[name]!r}, expected nothing: "
                    f"it has what is said for {_SAID_FOR}, so that no picture shows what another "
                    f"hides; in {plan.params_file} and with --set say it there only"
                )
            if value is not None and value != []:
                plan.overrides[name] = cast("ParameterValue", value)
