"""Words for the typed documents of /api/v1: numbers with their unit, names out of a table, objects of known keys.

mypy holds the documents to them, and the OpenAPI document is made from them.
"""

from typing import Annotated, Final, TypeAlias

from pydantic import ConfigDict, Field, with_config

from evsed.core.model import ModeChoice
from evsed.core.states import State

exact: Final = with_config(ConfigDict(extra="forbid"))
"""Decorates a TypedDict: there are no keys but these."""

Amps: TypeAlias = Annotated[float, Field(description="A")]
Volts: TypeAlias = Annotated[float, Field(description="V")]
Watts: TypeAlias = Annotated[int, Field(description="W")]
WattHours: TypeAlias = Annotated[int, Field(description="Wh")]
Celsius: TypeAlias = Annotated[int, Field(description="°C")]
Percent: TypeAlias = Annotated[float, Field(description="%")]
Seconds: TypeAlias = Annotated[int, Field(description="s")]
Fraction: TypeAlias = Annotated[float, Field(description="s")]
UnixSeconds: TypeAlias = Annotated[int, Field(description="Unix seconds")]
LocalTime: TypeAlias = Annotated[str, Field(description="the charger's local time, with its distance from UTC")]
SinceStart: TypeAlias = Annotated[int, Field(description="since the daemon started")]
ModeName: TypeAlias = Annotated[str, Field(json_schema_extra={"enum": [choice.name for choice in ModeChoice]})]
StateName: TypeAlias = Annotated[str, Field(json_schema_extra={"enum": [state.name for state in State]})]
