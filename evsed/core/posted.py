"""What programs measure and tell: a meter of type API, and the home battery.

Owns which of it is believed: the role has to be of type API, and the values have to be plausible.
"""

from typing import TypeAlias, assert_never

from evsed.core.events import ACCEPTED, MeterRead, PostBattery, PostCircuit, PostEvMeter, PostMains, Verdict
from evsed.core.metering import Metering
from evsed.core.model import MeterRole, MeterType, PhaseCurrents
from evsed.core.settings import Settings
from evsed.core.units import Deciamps, Millis

HIGHEST_POSTED: Deciamps = 2_000
Posted: TypeAlias = PostMains | PostCircuit | PostBattery | PostEvMeter


def take(post: Posted, settings: Settings, metering: Metering, now: Millis) -> Verdict:
    """Takes a measurement into ``metering``, or says why not."""
    match post:
        case PostMains():
            return _post_mains(post, settings, metering, now)
        case PostCircuit(currents):
            return _post_circuit(currents, settings, metering, now)
        case PostBattery(current):
            return _post_battery(current, metering, now)
        case PostEvMeter():
            return _post_ev_meter(post, settings, metering, now)
        case _:
            assert_never(post)


def _plausible(currents: PhaseCurrents) -> bool:
    return all(abs(current) <= HIGHEST_POSTED for current in currents.each())


def _post_mains(post: PostMains, settings: Settings, metering: Metering, now: Millis) -> Verdict:
    if settings.loadbl > 1:
        return Verdict("not allowed on slave")
    if settings.mains_meter != MeterType.API:
        return Verdict("the mains meter is not of type API: posted currents are not used")
    if not _plausible(post.currents):
        return Verdict(f"each current has to be within +-{HIGHEST_POSTED} (0.1 A)")
    metering.take(MeterRead(MeterRole.MAINS, post.currents, post.power_w, post.import_wh), now)
    return ACCEPTED


def _post_circuit(currents: PhaseCurrents, settings: Settings, metering: Metering, now: Millis) -> Verdict:
    if settings.circuit_meter != MeterType.API:
        return Verdict("the circuit meter is not of type API: posted currents are not used")
    if not _plausible(currents):
        return Verdict(f"each current has to be within +-{HIGHEST_POSTED} (0.1 A)")
    metering.take(MeterRead(MeterRole.CIRCUIT, currents), now)
    return ACCEPTED


def _post_battery(current: Deciamps, metering: Metering, now: Millis) -> Verdict:
    if abs(current) > HIGHEST_POSTED:
        return Verdict(f"the battery's current has to be within +-{HIGHEST_POSTED} (0.1 A)")
    metering.set_battery(current, now)
    return ACCEPTED


def _post_ev_meter(post: PostEvMeter, settings: Settings, metering: Metering, now: Millis) -> Verdict:
    if settings.ev_meter != MeterType.API:
        return Verdict("the EV meter is not of type API: posted values are not used")
    if post.currents is not None and not _plausible(post.currents):
        return Verdict(f"each current has to be within +-{HIGHEST_POSTED} (0.1 A)")
    metering.take(MeterRead(MeterRole.EV, post.currents, post.power_w, post.import_wh, post.export_wh), now)
    return ACCEPTED
