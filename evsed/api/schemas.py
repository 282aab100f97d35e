"""Words for JSON schemas, so that a table of fields reads as one: a row a field, with its unit."""

from typing import Any, Final

Schema = dict[str, Any]

TEXT: Final[Schema] = {"type": "string"}
YES_NO: Final[Schema] = {"type": "boolean"}


def number(unit: str, kind: str = "integer") -> Schema:
    """A number in ``unit``."""
    return {"type": kind, "description": unit} if unit else {"type": kind}


def known(schema: Schema) -> Schema:
    """``schema``, or null while it is not known or there is none."""
    if "$ref" in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    return {**schema, "type": [schema["type"], "null"]}


def one_of(*values: str | int) -> Schema:
    """One of ``values``, of one type."""
    return {"type": "string" if isinstance(values[0], str) else "integer", "enum": list(values)}


def record(fields: dict[str, Schema], *, may_miss: tuple[str, ...] = ()) -> Schema:
    """An object with exactly ``fields``."""
    required = [name for name in fields if name not in may_miss]
    return {"type": "object", "additionalProperties": False, "required": required, "properties": fields}


def some_of(fields: dict[str, Schema]) -> Schema:
    """An object with those of ``fields`` that were asked for."""
    return record(fields, may_miss=tuple(fields))


def list_of(schema: Schema) -> Schema:
    """A list."""
    return {"type": "array", "items": schema}


def named(name: str) -> Schema:
    """The schema of that name in the document's components."""
    return {"$ref": f"#/components/schemas/{name}"}
