"""The table of metrics in docs/metrics.md, made of the rows that make the metrics."""

from evsed.api.metrics.exposition import FAMILIES
from evsed.api.metrics.family import Family, Kind


def metrics() -> str:
    """A row a metric."""
    lines = ["| metric | kind | labels | what |", "|---|---|---|---|"]
    for family in FAMILIES:
        name = f"{family.name}_info" if family.kind is Kind.INFO else family.name
        kind = "gauge" if family.kind is Kind.INFO else family.kind.value
        lines.append(f"| `{name}` | {kind} | {_labels(family)} | {family.help} |")
    return "\n".join(lines)


def _labels(family: Family) -> str:
    return "; ".join(
        f"`{label}`" if takes is None else f"`{label}`: {', '.join(f'`{one}`' for one in takes)}"
        for label, takes in family.labels.items()
    )
