"""What `evsed doctor` prints: texts from what was found. Pure; unknown is said so, never shown as 0."""

from collections.abc import Iterable, Sequence

from evsed.core.model import MeterRole
from evsed.doctor.probes import Configured, Found

_NAMES = {MeterRole.MAINS: "MAINS MET", MeterRole.EV: "EV METER", MeterRole.CIRCUIT: "CIRCT MET"}


def devices(found: Sequence[Found]) -> list[str]:
    """A line for each device that answers."""
    rows = [("address", "device", "answers", "median", "slowest", "rate", "")]
    for item in found:
        device = item.device
        answers = f"{device.answered}/{device.asked}"
        rows.append(
            (
                str(device.address),
                item.name,
                answers,
                _ms(device.median_ms),
                _ms(device.slowest_ms),
                f"{device.rate:.1f}/s",
                item.detail,
            )
        )
    if len(rows) == 1:
        return ["nothing answers: are A and B swapped, is the baud rate right, is the line terminated, has it power?"]
    widths = [max(len(row[column]) for row in rows) for column in range(6)]
    lines = []
    for address, name, *figures, detail in rows:
        cells = [address.rjust(widths[0]), name.ljust(widths[1])]
        cells += [figure.rjust(width) for figure, width in zip(figures, widths[2:], strict=True)]
        lines.append("  ".join([*cells, detail]).rstrip())
    wrong = [item for item in found if item.device.wrong and item.device.answered < item.device.asked]
    return lines + [f"address {item.device.address}: the last error was: {item.device.wrong}" for item in wrong]


def configured(meter: Configured) -> list[str]:
    """What a configured meter says, a phase a line."""
    head = f"{_NAMES[meter.role]} {meter.meter}, address {meter.address}:"
    if not meter.answered:
        return [f"{head} DOES NOT ANSWER", *_indented(meter.wrong), "  look at address, type, wiring and power"]
    values = meter.values
    volts = values.volts
    amps = None if values.currents is None else values.currents.each()
    phases = [
        f"  L{phase + 1}  {_unit(None if volts is None else volts[phase], 'V'):>9}  "
        f"{_unit(None if amps is None else amps[phase] / 10, 'A'):>9}"
        for phase in range(3)
    ]
    power = "unknown" if values.power_w is None else f"{values.power_w} W"
    total = f"  power {power}, imported {_kwh(values.import_wh)}, exported {_kwh(values.export_wh)}"
    return [head, *phases, total, *_indented(meter.wrong)]


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"  {line}" for line in lines]


def _unit(value: float | None, unit: str) -> str:
    return "unknown" if value is None else f"{value:.1f} {unit}"


def _kwh(energy_wh: int | None) -> str:
    return "unknown" if energy_wh is None else f"{energy_wh / 1000:.3f} kWh"


def _ms(time_ms: int | None) -> str:
    return "-" if time_ms is None else f"{time_ms} ms"
